"""The views of what is collected, for real requests of the demo."""

from __future__ import annotations

import re
import typing as t
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.helpers.browser import Panel, new_context, open_view
from tests.helpers.servers import FactoryServer

pytestmark = pytest.mark.browser


def view(panel: Panel, name: str) -> t.Any:
    tab = panel.page.locator(f"#tab-{name}")
    if tab.is_visible():
        tab.click()
    else:
        panel.page.locator(".view-menu").click()
        # It gets its tab as soon as the view has something to show.
        item = panel.page.locator(f'[data-view-name="{name}"]')
        item.or_(tab).locator("visible=true").first.click()
    shown = panel.page.locator(f'[data-view="{name}"] .collected')
    shown.wait_for()
    return shown


def test_changes_are_shown_step_by_step(panel: Panel) -> None:
    panel.fetch("/admin/orders/42")
    panel.shows_whole("/admin/orders/42")
    chip = panel.page.locator("svg.diagram").get_by_text("± g.warehouse")
    expect(chip).to_have_count(2)
    shown = view(panel, "changes")
    expect(shown.locator("li", has_text="load_warehouse").first).to_contain_text("g.warehouse")
    expect(shown.locator("li", has_text="no_store").first).to_contain_text("Cache-Control")
    shown.get_by_role("button", name="no_store").click()
    expect(panel.page.locator("aside.details h2")).to_have_text("no_store")


def test_statements_are_counted_laid_out_and_placed(panel: Panel) -> None:
    panel.fetch("/tour/queries")
    whole = panel.shows_whole("/tour/queries")
    shown = view(panel, "sql")
    # Those that took longest come first: the lines of the orders, or the books.
    lines = shown.locator(".often", has_text="N+1: the same statement, 10 times")
    expect(lines).to_contain_text("templates/queries.html:7")
    rows = shown.locator("tbody tr[data-step]")
    # The user, ten orders, the lines of each, and their books: orders may have come in between.
    sent = sum(step["stage"] == "sql" for step in whole["steps"])
    assert sent > 15
    expect(rows).to_have_count(sent)
    expect(panel.page.locator("#tab-sql .count")).to_have_text(str(sent))
    rows.first.locator(".link").first.click()
    expect(shown.locator("pre.source")).to_contain_text("SELECT user.id,\n       user.name,")
    expect(shown.locator(".opened")).to_contain_text("demo/__init__.py:")


def test_a_transaction_is_a_bracket_beside_and_above_what_it_holds(panel: Panel) -> None:
    panel.fetch("/tour/buy", "POST")
    whole = panel.shows_whole("/tour/buy")
    sent = [step for step in whole["steps"] if step["stage"] == "sql"]
    by_kind = {step["detail"]["kind"]: step for step in sent}
    # Its names are there if the transaction takes a good part of the view: a busy machine decides.
    bracket = panel.page.get_by_label(re.compile("^transaction: BEGIN to COMMIT, "))
    expect(bracket).to_have_attribute("data-step", str(by_kind["begin"]["id"]))
    expect(bracket.locator("path.tx")).to_be_visible()

    shown = view(panel, "sql")
    expect(shown.locator(".sum")).to_contain_text("1 commit")
    count = sum(step["detail"]["kind"] == "statement" for step in sent)
    expect(panel.page.locator("#tab-sql .count")).to_have_text(str(count))
    expect(shown.locator(".last0 .ends")).to_have_text(["COMMIT"])
    expect(shown.locator(".first1 .ends")).to_contain_text("SAVEPOINT")


def test_a_rollback_is_where_it_happened(panel: Panel) -> None:
    panel.fetch("/tour/buy?book=5", "POST")
    panel.shows_whole("/tour/buy")
    bracket = panel.page.get_by_label(re.compile("^transaction: BEGIN to ROLLBACK, "))
    expect(bracket.locator("path.tx")).to_be_visible()
    shown = view(panel, "sql")
    expect(shown.locator(".sum")).to_contain_text("1 rollback")


def test_templates_are_shown_inside_each_other(panel: Panel) -> None:
    panel.fetch("/tour/queries")
    panel.shows_whole("/tour/queries")
    shown = view(panel, "templates")
    expect(shown.locator("tr[data-step] td.what")).to_have_text(
        ["queries.html", "base.html", "queries.html block title", "queries.html block main"]
    )
    shown.get_by_role("button", name="queries.html").first.click()
    expect(shown.locator(".opened")).to_contain_text("<list of 10>")
    expect(shown.locator(".opened")).to_contain_text("demo/tour.py:")


def test_logs_and_warnings_are_shown_with_their_lines(panel: Panel) -> None:
    panel.fetch("/tour/collected")
    panel.shows_whole("/tour/collected")
    shown = view(panel, "logs")
    expect(shown.locator('[data-level="error"]')).to_contain_text("The notes could not be read")
    expect(shown.locator('[data-level="error"]')).to_contain_text("no such table: notes")
    expect(shown.locator('[data-level="warning"]')).to_contain_text("is kept the old way")
    expect(shown.locator('[data-level="warning"]')).to_contain_text("demo/tour.py:")
    values = view(panel, "sql").locator("tr[data-step] .link", has_text="insert into note")
    values.click()
    expect(panel.page.locator(".opened")).to_contain_text('["remember the milk", "••••••"]')


def test_an_exception_is_shown_with_its_handlers(panel: Panel) -> None:
    panel.fetch("/admin/orders/42/ship", "POST")
    panel.shows_whole("/admin/orders/42/ship")
    shown = view(panel, "exception")
    expect(shown.locator("h2").first).to_have_text("OutOfStock: The Name of the Rose has 0 left")
    frame = shown.locator(".frame.own")
    expect(frame.locator(".called")).to_contain_text("raise OutOfStock")
    expect(frame.locator(".pairs")).to_contain_text("left")
    lines = frame.locator("pre.source .line").filter(has_text=re.compile(r"\S"))
    expect(lines.nth(3)).to_have_text(re.compile(r"^\s*raise OutOfStock"))
    expect(lines.nth(4)).to_have_text('return "shipped"')
    expect(shown.locator("tr.taken")).to_contain_text("out_of_stock")
    expect(shown.locator("tr.taken")).to_contain_text("handled it")
    expect(frame.locator(".source .py-k").first).to_be_visible()
    expect(shown).to_contain_text("for requests of the blueprint api only")


@pytest.fixture
def weighed(tmp_path: Path) -> Iterator[FactoryServer]:
    server = FactoryServer(tmp_path, "tests.browser.pages:create_weighed_app")
    server.start()
    yield server
    server.stop()


def test_what_a_step_kept_and_held_in_memory_is_shown(
    chromium: Browser, weighed: FactoryServer
) -> None:
    # Before the panel is open: what other threads take meanwhile is in the peak.
    with urllib.request.urlopen(f"{weighed.url}/keeps") as response:
        trace = response.headers["X-Lifecycle-Trace"]
    context = new_context(chromium)
    panel = Panel(context, weighed)
    page = panel.page
    page.locator(f'[data-trace="{trace}"]').click()
    panel.shows_whole("/keeps")
    open_view(panel, "Steps")
    for title in ("memory", "peak"):
        page.get_by_role("columnheader", name=title).wait_for()
    view = page.locator('[data-view="steps"] [data-stage="view"]')
    # It kept 5.5 MB, and held eight more for a while.
    kept, held = re.compile(r"\+5\.\d MB$"), re.compile(r"(?<!\d)13\.\d MB$")
    expect(view.locator("td.num")).to_contain_text([kept, held])
    view.click()
    facts = page.locator(".details dl div")
    memory = facts.filter(has_text="peak").locator("dd")
    expect(memory).to_have_text(re.compile(r"^\+5\.\d MB, peak 13\.\d MB$"))
    context.close()
    assert panel.faults == []


def test_calls_of_other_servers_are_shown(chromium: Browser, weighed: FactoryServer) -> None:
    context = new_context(chromium)
    panel = Panel(context, weighed)
    panel.page.locator(f'[data-trace="{panel.fetch("/calls")}"]').click()
    panel.shows_whole("/calls")
    bar = panel.page.locator('svg.diagram [data-stage="span"]')
    expect(bar).to_have_count(1)
    shown = view(panel, "spans")
    expect(shown.locator("tr[data-step]")).to_contain_text("GET")
    expect(shown.locator("tr[data-step]")).to_contain_text("/called?token=••••••")
    expect(shown.locator("tr[data-step]")).to_contain_text("200")
    expect(panel.page.locator("#tab-spans .count")).to_have_text("1")
    context.close()
    assert panel.faults == []

"""The views beside the diagram: tabs, chunks that come when they are asked for, what each shows."""

from __future__ import annotations

import os
import re
import typing as t
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from tests.helpers.browser import Panel, open_view, took, violations
from tests.helpers.servers import FLASK_RUN, Server


def test_a_tab_is_picked_by_mouse_and_keys_and_kept_in_the_address(panel: Panel) -> None:
    page = panel.page
    panel.fetch("/admin/orders/42")
    panel.shows("/admin/orders/42")
    open_view(panel, "Timeline")
    page.locator('[data-view="timeline"] [data-stage="view"]').wait_for()
    expect(page).to_have_url(re.compile(r"[?&]view=timeline\b"))
    page.reload()
    page.locator('[data-view="timeline"] [data-stage="view"]').wait_for()
    page.get_by_role("tab", name="Timeline").focus()
    page.keyboard.press("Home")
    page.locator('[data-view="diagram"] [data-stage="view"]').first.wait_for()
    expect(page.get_by_role("tab", name="Diagram")).to_be_focused()
    expect(page).not_to_have_url(re.compile("view="))
    page.keyboard.press("v")
    page.locator('[data-view="timeline"] [data-stage="view"]').wait_for()


def test_a_view_that_cannot_be_loaded_says_so_and_is_tried_again(panel: Panel) -> None:
    page = panel.page
    panel.fetch("/shop/")
    panel.shows("/shop/")
    page.route("**/assets/Timeline-*.js", lambda route: route.abort())
    open_view(panel, "Timeline")
    page.get_by_text("Timeline could not be loaded").wait_for()
    page.unroute("**/assets/Timeline-*.js")
    page.get_by_role("button", name="Try again").click()
    page.locator('[data-view="timeline"] [data-step]').first.wait_for()
    # The browser logs the requests that were cut.
    assert all("ERR_FAILED" in fault for fault in panel.faults)
    panel.faults.clear()


TITLES = (
    "Diagram", "Timeline", "Steps", "SQL", "Templates", "Exceptions", "Changes", "Request",
    "Response", "Logs", "Spans", "Profile", "App",
)  # fmt: skip


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_every_view_is_accessible_and_fits(panel: Panel, size: tuple[int, int]) -> None:
    page = panel.page
    panel.fetch("/admin/orders/42")
    panel.shows_whole("/admin/orders/42")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    expect(page.get_by_role("tablist")).to_have_count(0 if size[0] == 390 else 1)
    for title in TITLES:
        open_view(panel, title)
        page.locator("#view > *").first.wait_for()
        # What stands beside the view is fetched as well.
        expect(page.locator(".loading")).to_have_count(0)
        assert violations(panel) == [], title
        page.wait_for_function(
            "width => document.documentElement.scrollWidth <= width", arg=size[0]
        )


BROKEN = r"""() => {
    const found = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text !== null; text = texts.nextNode()) {
        if (text.parentElement.closest("script, style, pre, .unseen") !== null) continue;
        // What is only heard is one pixel wide.
        if (text.parentElement.getBoundingClientRect().width <= 1) continue;
        const numbers = /\d[\d.,]*[ \u00a0](?:ns|µs|ms|s|B|[kMG]B|bytes?|chunks?|rows?)\b/g;
        for (const match of text.data.matchAll(numbers)) {
            const range = document.createRange();
            range.setStart(text, match.index);
            range.setEnd(text, match.index + match[0].length);
            const tops = [...range.getClientRects()].map((rect) => Math.round(rect.top));
            if (new Set(tops).size > 1) found.push(text.data);
        }
    }
    return found;
}"""


def test_no_number_is_on_another_line_than_its_unit(panel: Panel) -> None:
    page = panel.page
    panel.fetch("/tour/queries")
    trace = panel.shows_whole("/tour/queries")
    steps = [each["id"] for each in trace["steps"][::6]]
    for width in (1440, 820, 390):
        page.set_viewport_size({"width": width, "height": 844})
        expect(page.get_by_role("tablist")).to_have_count(0 if width == 390 else 1)
        for title in TITLES:
            open_view(panel, title)
            assert page.evaluate(BROKEN) == [], (title, width)
        open_view(panel, "Diagram")
        for step in steps:
            page.evaluate("hash => { location.hash = hash; }", f"{trace['id']}/{step}")
            page.locator(f'.details[data-of="{step}"]').wait_for()
            assert page.evaluate(BROKEN) == [], (step, width)
        page.keyboard.press("Escape")
        page.keyboard.press("f")
        page.keyboard.press("Home")
        for _ in steps:
            page.keyboard.press("PageDown")
            assert page.evaluate(BROKEN) == [], (page.locator(".caption").inner_text(), width)
        page.keyboard.press("Escape")
        page.locator(".stage").wait_for(state="detached")


def table(panel: Panel, title: str) -> Locator:
    return panel.page.locator(".part", has=panel.page.get_by_role("heading", name=title))


def value(panel: Panel, title: str, name: str) -> Locator:
    header = panel.page.get_by_role("rowheader", name=name, exact=True)
    return table(panel, title).locator("tr", has=header).locator("td")


def test_the_request_is_what_the_browser_sent(panel: Panel) -> None:
    panel.app.evaluate(
        """() => fetch('/shop/sign-in?next=%2Fx&token=hunter2', {
            method: 'POST', headers: {'X-Number': '17'},
            body: new URLSearchParams({name: '<b>Ada</b>', password: 'hunter2'})})"""
    )
    panel.shows_row("/shop/sign-in")
    open_view(panel, "Request")
    page = panel.page
    cells = table(panel, "Query").locator("th, td")
    expect(cells).to_have_text(["next", "/x", "token", "••••••"])
    cells = table(panel, "Form").locator("th, td")
    expect(cells).to_have_text(["name", "<b>Ada</b>", "password", "••••••"])
    expect(value(panel, "Headers", "X-Number")).to_have_text("17")
    agent = panel.app.evaluate("() => navigator.userAgent")
    expect(value(panel, "Headers", "User-Agent")).to_have_text(agent)
    expect(value(panel, "Headers", "Cookie")).to_have_text("session=••••••")
    assert "hunter2" not in page.content()


def test_a_body_that_was_not_parsed_is_said_to_be_left_alone(panel: Panel) -> None:
    panel.app.evaluate("() => fetch('/shop/', {method: 'POST', body: 'hunter2'})")
    panel.shows_row("/shop/")
    open_view(panel, "Request")
    panel.page.get_by_text("7 B: not parsed by the app").wait_for()


def test_the_response_is_what_the_browser_got(panel: Panel) -> None:
    got = panel.app.evaluate(
        """async () => {
            const response = await fetch('/tour/after-this');
            const size = (await response.arrayBuffer()).byteLength;
            return [response.status, Object.fromEntries(response.headers), size];
        }"""
    )
    panel.shows_whole("/tour/after-this")
    open_view(panel, "Response")
    panel.page.get_by_text(f"{got[0]} OK").wait_for()
    cells = table(panel, "Headers").locator("th, td").all_text_contents()
    shown = dict(zip(map(str.lower, cells[::2]), cells[1::2], strict=True))
    assert shown != {}
    assert shown == {name: got[1].get(name) for name in shown}
    set_to = "••••••; HttpOnly; Path=/; SameSite=Lax"
    expect(value(panel, "Cookies set", "visited")).to_have_text(set_to)
    expect(value(panel, "Body", "size")).to_have_text(f"{got[2]} B in 1 chunk")
    panel.fetch("/tour/crash")
    panel.shows_row("/tour/crash")
    panel.page.get_by_text("The app sent no response: RuntimeError propagated").wait_for()


def test_steps_are_sorted(panel: Panel) -> None:
    panel.fetch("/admin/orders/42")
    steps = panel.shows_whole("/admin/orders/42")["steps"]
    open_view(panel, "Steps")
    page = panel.page
    first = page.locator('[data-view="steps"] tbody tr').first
    column = page.get_by_role("columnheader", name="begins at")

    def begins_with(step: dict[str, t.Any]) -> None:
        expect(first).to_have_attribute("data-step", str(step["id"]))

    begins_with(steps[0])
    page.get_by_role("button", name="begins at").click()
    expect(column).to_have_attribute("aria-sort", "descending")
    begins_with(max(steps, key=lambda step: step["begin"]))
    page.get_by_role("button", name="took").click()
    begins_with(max(steps, key=took))
    page.get_by_role("button", name="took").click()
    expect(column).to_have_attribute("aria-sort", "none")
    begins_with(min(steps, key=took))
    page.get_by_role("button", name="CPU").click()
    begins_with(max(steps, key=lambda step: step["detail"].get("cpu", -1)))
    first.click()
    page.locator(".details dt", has_text="CPU").wait_for()


def test_the_timeline_is_zoomed_and_short_steps_are_hidden(panel: Panel) -> None:
    panel.fetch("/admin/orders/42")
    trace = panel.shows_whole("/admin/orders/42")
    steps = trace["steps"]
    (of_view,) = (took(each) for each in steps if each["stage"] == "view")
    # With something of what is around it, where there is some: the axis is the app's time.
    part = round(max(80, 100 * of_view / trace["app_time"]), 2)
    open_view(panel, "Timeline")
    page = panel.page
    rows = page.locator('[data-view="timeline"] tbody tr')
    expect(rows).to_have_count(len(steps))
    # A name that is too long for its column is shortened there, not cut off.
    assert rows.locator("td:first-child").evaluate_all(
        "(cells) => cells.every((cell) => cell.scrollWidth <= cell.clientWidth)"
    )
    view = page.locator('[data-view="timeline"] [data-stage="view"]')
    bar = view.locator(".bar-of")
    all_of_it = page.get_by_role("button", name="Whole request")
    before = bar.get_attribute("style") or ""
    view.click()
    # It takes some of the timeline's room.
    page.get_by_label("Step", exact=True).wait_for()
    page.get_by_role("button", name="This step").click()
    expect(bar).to_have_attribute("style", re.compile(rf"width: {part:g}%"))
    all_of_it.click()
    expect(bar).to_have_attribute("style", before)
    expect(all_of_it).to_be_disabled()
    # Drawn over a part of the axis.
    axis = page.locator("th.axis").bounding_box()
    assert axis is not None
    y = axis["y"] + 10
    page.mouse.move(axis["x"] + axis["width"] * 0.4, y)
    page.mouse.down()
    page.mouse.move(axis["x"] + axis["width"] * 0.5, y, steps=4)
    page.mouse.up()
    expect(all_of_it).to_be_enabled()

    least = took(steps[0]) // 1000
    page.get_by_label("Hide steps shorter than").fill(str(least))
    short = [each for each in steps if took(each) < least * 1000]
    assert 0 < len(short) < len(steps)
    page.get_by_text(f"{len(short)} hidden").wait_for()
    expect(rows).to_have_count(len(steps) - len(short))


def test_a_step_tells_of_flask_and_opens_in_an_editor(panel: Panel) -> None:
    page = panel.page
    trace = panel.fetch("/admin/orders/42")
    page.locator(f'[data-trace="{trace}"]').click()
    panel.shows("/admin/orders/42")
    panel.node("view", "done").locator(".vt").click()
    step = page.get_by_label("Step", exact=True)
    # The line that sent the longest statement, or the line of Flask that called the view.
    expect(step.locator(".called")).to_contain_text("g.db.")
    caller = step.get_by_role("button", name="called by Flask")
    caller.click()
    expect(step.locator(".called")).to_contain_text("self.view_functions[")
    caller.click()
    manual = step.get_by_role("link", name="Flask’s manual")
    expect(manual).to_have_attribute("href", re.compile(r"^https://flask\.palletsprojects\.com/"))
    expect(manual).to_have_attribute("rel", "noreferrer")
    place = step.locator(".place").first
    expect(place).to_have_attribute("href", re.compile(r"^vscode://file/.*/demo/admin\.py:\d+$"))
    step.get_by_label("opens in").select_option("PyCharm")
    expect(place).to_have_attribute("href", re.compile(r"^pycharm://open\?file="))
    # The address is written after the drawing.
    expect(page).to_have_url(re.compile(rf"#{trace}/\d+$"))
    page.reload()
    expect(place).to_have_attribute("href", re.compile(r"^pycharm:"))
    page.get_by_label("opens in").select_option("no editor")
    step.locator("code.place").first.wait_for()
    expect(page.locator("a.place")).to_have_count(0)


def test_a_request_that_is_evicted_while_it_is_open_stays_on_the_page(panel: Panel) -> None:
    page = panel.page
    trace = panel.fetch("/admin/orders/42")
    page.locator(f'[data-trace="{trace}"]').click()
    panel.shows_whole("/admin/orders/42")
    delete = urllib.request.Request(f"{panel.server.url}/_lifecycle/api/traces", method="DELETE")
    urllib.request.urlopen(delete).close()
    page.get_by_text("The server no longer stores this request").wait_for()
    panel.node("view", "done").locator(".vt").click()
    page.get_by_text("The source is not available").wait_for()
    open_view(panel, "Steps")
    page.locator('[data-view="steps"] [data-stage="view"]').wait_for()
    # The browser logs what is not found.
    assert all("404" in fault for fault in panel.faults)
    panel.faults.clear()


def test_a_file_that_was_written_since_is_said_to_be(
    context: BrowserContext, tmp_path: Path
) -> None:
    # A file of its own: reloaders of other tests watch over those of the checkout.
    server = Server(tmp_path, FLASK_RUN)
    try:
        page = context.new_page()
        page.goto(f"http://{server.address}/_lifecycle/")
        view = page.locator('svg.diagram [data-stage="view"][data-state="done"] .vt')
        view.wait_for()
        os.utime(server.app)
        view.click()
        page.get_by_text("The file has changed since the app loaded it").wait_for()
    finally:
        server.stop()


def test_the_text_of_bodies_is_recorded_when_the_panel_asks(panel: Panel) -> None:
    page = panel.page
    try:
        panel.fetch("/shop/")
        panel.shows_whole("/shop/")
        open_view(panel, "Response")
        page.get_by_text("Show the text of bodies").click()
        expect(page.locator(".bodies")).to_contain_text("LIFECYCLE_BODY_PREVIEW")
        page.get_by_role("button", name="Record bodies for this run").click()
        expect(page.locator(".bodies")).to_contain_text("recorded from now on")
        trace = panel.fetch("/shop/")
        page.locator(f'[data-trace="{trace}"]').click()
        expect(page.get_by_label("Body, its beginning")).to_contain_text("<!doctype html>")
    finally:
        panel.fetch("/shop/")
        url = f"{panel.server.url}/_lifecycle/api/bodies"
        urllib.request.urlopen(urllib.request.Request(url, method="DELETE")).close()


def test_views_without_anything_to_show_are_in_a_menu(panel: Panel) -> None:
    page = panel.page
    panel.fetch("/shop/")
    panel.shows_whole("/shop/")
    expect(page.get_by_role("tab", name="Exceptions")).to_have_count(0)
    more = page.get_by_role("button", name="More")
    more.press("Enter")
    exceptions = page.get_by_role("menuitem", name="Exceptions")
    expect(exceptions).to_be_focused()
    expect(exceptions).to_contain_text("none")
    assert violations(panel) == []
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="Spans")).to_be_focused()
    page.keyboard.press("Enter")
    # The open one is a tab, however little room there is.
    spans = page.get_by_role("tab", name="Spans", selected=True)
    expect(spans).to_be_focused()
    page.set_viewport_size({"width": 800, "height": 844})
    expect(spans).to_be_in_viewport()
    expect(more).to_be_in_viewport()
    more.click()
    expect(page.get_by_role("menuitem", name="Response")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menuitem", name="Response")).to_be_hidden()
    # Where it is narrow, all are in one menu.
    page.set_viewport_size({"width": 390, "height": 844})
    expect(spans).to_have_count(0)
    view = page.get_by_role("button", name="View: Spans")
    view.press("Enter")
    expect(page.get_by_role("menuitemradio", name="Spans", checked=True)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="View: Profile").wait_for()
    page.locator('#view[data-view="profile"]').wait_for()

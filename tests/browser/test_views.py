"""The views beside the diagram: tabs, chunks that come when they are asked for, what each shows."""

from __future__ import annotations

import os
import re
import urllib.request

import pytest

from .conftest import ROOT, Panel, both_themes
from .test_accessible import violations


def open_view(panel: Panel, title: str) -> None:
    panel.page.get_by_role("tab", name=title).click()
    panel.page.get_by_role("tabpanel", name=title).wait_for()


def test_a_tab_is_picked_by_mouse_and_keys_and_kept_in_the_address(panel: Panel) -> None:
    page = panel.page
    panel.fetch("/admin/orders/42")
    panel.shows("/admin/orders/42")
    open_view(panel, "Timeline")
    page.locator('[data-view="timeline"] [data-stage="view"]').wait_for()
    assert "view=timeline" in page.url
    page.reload()
    page.locator('[data-view="timeline"] [data-stage="view"]').wait_for()
    page.get_by_role("tab", name="Timeline").focus()
    page.keyboard.press("Home")
    page.locator('[data-view="diagram"] [data-stage="view"]').first.wait_for()
    assert page.get_by_role("tab", name="Diagram").evaluate("tab => tab === document.activeElement")
    assert "view=" not in page.url
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
    panel.faults.clear()  # the request that was cut
    page.get_by_role("button", name="Try again").click()
    page.locator('[data-view="timeline"] [data-step]').first.wait_for()


TITLES = (
    "Diagram", "Timeline", "Steps", "Request", "Response", "Changes", "SQL", "Profile", "App",
)  # fmt: skip


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
@both_themes
def test_every_view_is_accessible_and_fits(panel: Panel, size: tuple[int, int]) -> None:
    page = panel.page
    panel.fetch("/admin/orders/42")
    panel.shows("/admin/orders/42")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    tabs = page.get_by_role("tab")
    shown = [tab.inner_text().split("\n")[0] for tab in tabs.all()]
    assert set(TITLES) <= {re.sub(r"\d+$", "", title) for title in shown}
    for tab in tabs.all():
        tab.click()
        panel_id = tab.get_attribute("aria-controls")
        page.locator(f"#{panel_id} > *").first.wait_for()
        page.locator(".loading").wait_for(state="detached")
        assert violations(panel) == [], tab.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def table(panel: Panel, title: str) -> dict[str, str]:
    part = panel.page.locator(".part", has=panel.page.get_by_role("heading", name=title))
    rows = part.locator("tr").all()
    return {row.locator("th").inner_text(): row.locator("td").inner_text() for row in rows}


def test_the_request_is_what_the_browser_sent(panel: Panel) -> None:
    panel.app.evaluate(
        """() => fetch('/shop/sign-in?next=%2Fx&token=hunter2', {
            method: 'POST', headers: {'X-Number': '17'},
            body: new URLSearchParams({name: '<b>Ada</b>', password: 'hunter2'})})"""
    )
    panel.shows_row("/shop/sign-in")
    open_view(panel, "Request")
    page = panel.page
    page.get_by_role("heading", name="Form").wait_for()
    assert table(panel, "Query") == {"next": "/x", "token": "••••••"}
    assert table(panel, "Form") == {"name": "<b>Ada</b>", "password": "••••••"}
    headers = table(panel, "Headers")
    assert headers["X-Number"] == "17"
    assert headers["User-Agent"] == panel.app.evaluate("() => navigator.userAgent")
    assert headers["Cookie"] == "session=••••••"
    assert "hunter2" not in page.content()


def test_a_body_that_was_not_parsed_is_said_to_be_left_alone(panel: Panel) -> None:
    panel.app.evaluate("() => fetch('/shop/', {method: 'POST', body: 'hunter2'})")
    panel.shows_row("/shop/")
    open_view(panel, "Request")
    panel.page.get_by_text("7 B: the app parsed none of it").wait_for()


def test_the_response_is_what_the_browser_got(panel: Panel) -> None:
    got = panel.app.evaluate(
        """async () => {
            const response = await fetch('/tour/after-this');
            const size = (await response.arrayBuffer()).byteLength;
            return [response.status, Object.fromEntries(response.headers), size];
        }"""
    )
    panel.shows_row("/tour/after-this")
    open_view(panel, "Response")
    panel.page.get_by_text(f"{got[0]} OK").wait_for()
    for name, value in table(panel, "Headers").items():
        assert got[1][name.lower()] == value
    assert table(panel, "Cookies set")["visited"] == "••••••; HttpOnly; Path=/; SameSite=Lax"
    assert table(panel, "Body")["size"] == f"{got[2]} B in 1 chunk"
    panel.fetch("/tour/crash")
    panel.shows_row("/tour/crash")
    panel.page.get_by_text("It answered nothing: RuntimeError went out").wait_for()


def test_steps_are_sorted(panel: Panel) -> None:
    panel.fetch("/admin/orders/42")
    panel.shows_row("/admin/orders/42")
    open_view(panel, "Steps")
    page = panel.page
    first = page.locator('[data-view="steps"] tbody tr').first
    assert first.get_attribute("data-stage") == "wsgi"
    page.get_by_role("button", name="begins at").click()
    column = page.get_by_role("columnheader", name="begins at")
    assert column.get_attribute("aria-sort") == "descending"
    assert first.get_attribute("data-stage") == "body_close"
    page.get_by_role("button", name="took").click()
    assert first.get_attribute("data-stage") == "wsgi"
    page.get_by_role("button", name="took").click()
    assert column.get_attribute("aria-sort") == "none"
    assert first.get_attribute("data-stage") != "wsgi"
    page.get_by_role("button", name="CPU").click()
    assert first.get_attribute("data-stage") == "wsgi"
    first.click()
    page.locator(".details dt", has_text="CPU").wait_for()


def test_the_timeline_is_zoomed_and_short_steps_are_hidden(panel: Panel) -> None:
    panel.fetch("/admin/orders/42")
    panel.shows_row("/admin/orders/42")
    open_view(panel, "Timeline")
    page = panel.page
    rows = page.locator('[data-view="timeline"] tbody tr')
    rows.first.wait_for()
    every = rows.count()
    bar = page.locator('[data-view="timeline"] [data-stage="view"] .bar-of')

    def width() -> float:
        return float(bar.evaluate("bar => parseFloat(bar.style.width)"))

    before = width()
    page.locator('[data-view="timeline"] [data-stage="view"]').click()
    page.get_by_role("button", name="This step").click()
    assert width() > before
    page.get_by_role("button", name="All of it").click()
    assert width() == before
    # Drawn over a part of the axis.
    axis = page.locator("th.axis").bounding_box()
    assert axis is not None
    y = axis["y"] + 10
    page.mouse.move(axis["x"] + axis["width"] * 0.4, y)
    page.mouse.down()
    page.mouse.move(axis["x"] + axis["width"] * 0.5, y, steps=4)
    page.mouse.up()
    assert page.get_by_role("button", name="All of it").is_enabled()

    page.get_by_label("Hide steps under").fill("100000")
    page.get_by_text(f"{every - rows.count()} hidden").wait_for()
    assert rows.count() < every / 2


def test_a_step_tells_of_flask_and_opens_in_an_editor(panel: Panel) -> None:
    page = panel.page
    trace = panel.fetch("/admin/orders/42")
    page.locator(f'[data-trace="{trace}"]').click()
    panel.shows("/admin/orders/42")
    panel.node("view", "done").click()
    step = page.get_by_label("Step", exact=True)
    called = step.locator(".called")
    called.wait_for()
    assert "self.view_functions[" in called.inner_text()
    manual = step.get_by_role("link", name="Flask's manual")
    assert (manual.get_attribute("href") or "").startswith("https://flask.palletsprojects.com/")
    assert manual.get_attribute("rel") == "noreferrer"
    place = step.locator(".place").first
    assert re.match(r"vscode://file/.*/demo/admin\.py:\d+$", place.get_attribute("href") or "")
    step.get_by_label("opens in").select_option("PyCharm")
    assert (place.get_attribute("href") or "").startswith("pycharm://open?file=")
    page.reload()
    page.locator(".place").first.wait_for()
    assert (page.locator(".place").first.get_attribute("href") or "").startswith("pycharm:")
    page.get_by_label("opens in").select_option("no editor")
    assert page.locator("a.place").count() == 0


def test_a_request_that_is_evicted_while_it_is_open_stays_on_the_page(panel: Panel) -> None:
    page = panel.page
    trace = panel.fetch("/admin/orders/42")
    page.locator(f'[data-trace="{trace}"]').click()
    panel.shows("/admin/orders/42")
    panel.node("view", "done").wait_for()
    delete = urllib.request.Request(f"{panel.server.url}/_lifecycle/api/traces", method="DELETE")
    urllib.request.urlopen(delete).close()
    page.get_by_text("The server no longer keeps this request").wait_for()
    panel.node("view", "done").click()
    page.get_by_text("The source cannot be had").first.wait_for()
    open_view(panel, "Steps")
    page.locator('[data-view="steps"] [data-stage="view"]').wait_for()
    # The browser logs what is not found.
    assert all("404" in fault for fault in panel.faults)
    panel.faults.clear()


def test_a_file_that_was_written_since_is_said_to_be(panel: Panel) -> None:
    file = ROOT / "demo" / "admin.py"
    before = file.stat()
    panel.fetch("/admin/orders/42")
    panel.shows("/admin/orders/42")
    os.utime(file)
    try:
        panel.node("view", "done").click()
        panel.page.get_by_text("The file was written after the app had read it").wait_for()
    finally:
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

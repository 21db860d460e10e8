"""The views beside the diagram: tabs, chunks that come when they are asked for, what each shows."""

from __future__ import annotations

from .conftest import Panel


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

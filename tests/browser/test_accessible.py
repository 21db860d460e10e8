"""axe-core finds nothing to complain of, in either theme and in each view."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.helpers.browser import Panel, open_view, violations

PATHS = ["/admin/orders/42", "/admin/ordrs/42", "/admin/orders/42?anon=1", "/tour/stream"]


@pytest.mark.parametrize("path", PATHS)
def test_the_diagram(panel: Panel, path: str) -> None:
    panel.fetch(path)
    panel.shows(path.partition("?")[0])
    panel.node("body_close", "done").wait_for(state="attached")
    assert violations(panel) == []


def test_the_other_views(panel: Panel) -> None:
    panel.fetch("/admin/orders/42")
    panel.shows("/admin/orders/42")
    panel.node("view", "done").locator(".vt").click()
    panel.page.locator(".source").first.wait_for()
    assert violations(panel) == []
    panel.page.keyboard.press("v")
    panel.page.locator('[data-view="timeline"] [data-stage="view"]').wait_for()
    assert violations(panel) == []
    panel.page.keyboard.press("Home")
    panel.page.keyboard.press("f")
    panel.page.locator(".stage").wait_for()
    expect(panel.page.locator(".caption")).not_to_be_empty()
    assert violations(panel) == []
    panel.page.keyboard.press("?")
    panel.page.get_by_role("dialog", name="Keyboard shortcuts and legend").wait_for()
    assert violations(panel) == []


# Those with something to show, and one that says that it has nothing.
VIEWS = ("Steps", "SQL", "Templates", "Changes", "Request", "Response", "Logs", "Spans")
#: Where the focus is, and whether it can be seen: of two, what is around them or in them shows it.
FOCUS = """() => {
    const { activeElement: at } = document;
    const { outlineStyle, outlineWidth } = getComputedStyle(at.closest("figure:has(svg)") ?? at);
    const { width, height } = at.getBoundingClientRect();
    const seen = outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
    const otherwise = at.id === "filter" || at.getAttribute("role") === "separator";
    return [at.outerHTML.slice(0, 120), (seen || otherwise) && width > 2 && height > 2];
}"""


def test_all_is_reached_by_keys_and_escape_gives_the_focus_back(panel: Panel) -> None:
    page = panel.page
    panel.fetch("/admin/orders/42")
    panel.shows_whole("/admin/orders/42")
    for title in VIEWS:
        open_view(panel, title)
        assert violations(panel) == [], title
    page.keyboard.press("Escape")
    open_view(panel, "Diagram")
    page.locator(".brand").click()
    reached = []
    # The rows of the requests before it are among them.
    for _ in range(1000):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement === document.body"):
            break
        reached.append(page.evaluate(FOCUS))
    assert [place for place, is_seen in reached if not is_seen] == []
    for part in ('id="filter"', "Share", 'role="tab"', 'class="diagram', 'type="range"', "row"):
        assert any(part in place for place, _ in reached), part
    for name in ("Share", "Talk", "Keyboard shortcuts", "More"):
        button = page.get_by_role("button", name=name).first
        button.focus()
        page.keyboard.press("Enter")
        # Its parts come when it is opened first.
        page.locator(":is(:popover-open, dialog[open]) :is(button, a, input)").first.wait_for()
        page.keyboard.press("Tab")
        expect(button).not_to_be_focused()
        page.keyboard.press("Escape")
        expect(button).to_be_focused()

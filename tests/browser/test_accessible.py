"""axe-core finds nothing to complain of, in either theme and in each view."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.helpers.browser import Panel, violations

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

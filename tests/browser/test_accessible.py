"""axe-core finds nothing to complain of, in either theme and in each view."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, Panel, both_themes

pytestmark = both_themes

AXE = ROOT / "static" / "node_modules" / "axe-core" / "axe.min.js"


def violations(panel: Panel | Page) -> list[str]:
    """Run axe in the page; say what it found and where."""
    page = panel if isinstance(panel, Page) else panel.page
    page.evaluate(Path(AXE).read_text())
    found: list[dict[str, t.Any]] = page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
    )
    return [
        f"{each['id']}: {node['target']} {node.get('failureSummary', '')}"
        for each in found
        for node in each["nodes"][:3]
    ]


def violations_in_both_themes(page: Page) -> list[str]:
    """Run axe in the page as it is, and in the other theme."""
    found = violations(page)
    page.get_by_role("button", name="Change to the").click()
    return found + violations(page)


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
    panel.node("view", "done").click()
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
    panel.page.get_by_role("dialog", name="Keys").wait_for()
    assert violations(panel) == []

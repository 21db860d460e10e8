from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from .conftest import Panel


@pytest.fixture
def page(panel: Panel) -> Page:
    """A page of the demo, with the toolbar on it."""
    page = panel.page.context.new_page()
    page.goto(f"{panel.server.url}/shop/book/1")
    return page


def test_the_toolbar_says_of_the_page_what_the_panel_would(panel: Panel, page: Page) -> None:
    bar = page.get_by_role("toolbar", name="This page's request")
    expect(bar.locator(".status")).to_have_text("200")
    expect(bar.locator("span.sql")).to_contain_text("SQL")
    expect(bar).to_contain_text("steps")
    with page.context.expect_page() as opened:
        bar.locator(".status").click()
    opened.value.locator("[aria-current] .p", has_text="/shop/book/1").wait_for()


def test_it_unfolds_moves_hides_and_remembers(page: Page) -> None:
    element = page.locator("flask-lifecycle-toolbar")
    page.get_by_role("button", name="More").click()
    expect(element.locator(".columns")).to_contain_text("load_user")
    page.get_by_role("button", name="Move").click()
    expect(element).to_have_class("bottom left")
    page.reload()
    expect(element).to_have_class("bottom left")
    expect(element.locator(".columns")).to_contain_text("load_user")
    page.get_by_role("button", name="Hide").click()
    page.reload()
    expect(element.locator(".status")).to_have_count(0)
    page.get_by_role("button", name="Show the toolbar").click()
    expect(element.locator(".status")).to_have_text("200")


def test_it_is_not_printed_and_its_keys_stay_inside(page: Page) -> None:
    element = page.locator("flask-lifecycle-toolbar")
    page.get_by_role("button", name="More").wait_for()
    page.evaluate("() => { window.keys = 0; addEventListener('keydown', () => { keys += 1; }); }")
    page.get_by_role("button", name="More").press("a")
    assert page.evaluate("window.keys") == 0
    page.emulate_media(media="print")
    expect(element).to_be_hidden()

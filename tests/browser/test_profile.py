"""A profile is asked for in the panel, and drawn once the next request like it was sampled."""

from __future__ import annotations

import json
import re
import urllib.request

from playwright.sync_api import expect

from tests.helpers.browser import Panel, open_view, violations

PATH = "/shop/search?q=left+hand"


def test_the_next_request_of_the_kind_is_sampled_and_drawn(panel: Panel) -> None:
    page = panel.page
    panel.fetch(PATH)
    panel.shows("/shop/search")
    open_view(panel, "Profile")
    page.get_by_role("button", name="Profile the next GET /shop/search").click()
    page.get_by_role("heading", name="Waiting for the next GET /shop/search").wait_for()
    assert violations(panel) == []

    other = panel.fetch("/shop/")
    page.locator(f'[data-trace="{other}"][aria-current="true"]').wait_for()
    page.get_by_text("This request was not profiled").wait_for()
    trace = panel.visit(PATH)
    page.locator(f'[data-trace="{trace}"][aria-current="true"]').wait_for()
    box = page.locator(".flame button", has_text="likeness").first
    box.wait_for()
    assert violations(panel) == []

    box.click()
    page.locator(".about code", has_text="likeness").wait_for()
    expect(box).to_have_attribute("style", re.compile(r"left: 0%; width: calc\(100% - 1px\)"))
    page.keyboard.press("ArrowUp")
    expect(page.locator(".about code")).not_to_contain_text("likeness")
    page.get_by_role("button", name="Show all").click()
    page.locator(".about code", has_text="full_dispatch_request").wait_for()
    page.locator(".profile tbody tr").nth(3).wait_for()


def test_one_can_stop_waiting(panel: Panel) -> None:
    page = panel.page
    panel.fetch(PATH)
    panel.shows("/shop/search")
    open_view(panel, "Profile")
    page.get_by_role("button", name="Profile the next").click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("This request was not profiled").wait_for()
    trace = panel.visit(PATH)
    page.locator(f'[data-trace="{trace}"][aria-current="true"][data-state="done"]').wait_for()
    profile = f"{panel.server.url}/_lifecycle/api/traces/{trace}/profile"
    with urllib.request.urlopen(profile) as response:
        assert json.load(response)["profile"] is None
    page.get_by_text("This request was not profiled").wait_for()

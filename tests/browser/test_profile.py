"""A profile is asked for in the panel, and drawn once the next request like it was sampled."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path

from playwright.sync_api import expect

from tests.helpers.browser import Panel, new_context, open_view, violations

PATH = "/shop/search?q=left+hand"


def test_a_recording_has_the_profile_without_a_server(panel: Panel, tmp_path: Path) -> None:
    panel.fetch(PATH)
    panel.shows("/shop/search")
    url = f"{panel.server.url}/_lifecycle/api/traces"
    asked = panel.page.evaluate(
        """async (id) => (await fetch(`api/traces/${id}/profile`, {method: "POST", headers: {
            "X-Lifecycle-Key": document.querySelector("meta[name=lifecycle-key]").content,
        }})).status""",
        panel.fetch(PATH),
    )
    assert asked == 202
    trace, other = panel.fetch(PATH), panel.fetch("/shop/")
    for each in (trace, other):
        # What it was sampled as comes with its end, which is after the answer.
        panel.page.locator(f'[data-trace="{each}"][data-state="done"]').wait_for()
    file = tmp_path / "profiled.html"
    with urllib.request.urlopen(f"{url}/{trace}.html") as response:
        file.write_bytes(response.read())
    browser = panel.page.context.browser
    assert browser is not None
    context = new_context(browser, offline=True, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{file.as_uri()}?view=profile")
    box = page.locator(".flame button", has_text="likeness").first
    box.click()
    page.locator(".about code", has_text="likeness").wait_for()
    # The file has no server, but the view is among its tabs.
    expect(page.locator("[data-view=profile]")).to_have_count(1)
    assert violations(page) == []
    # One without a profile has no such view.
    with urllib.request.urlopen(f"{url}/{other}.html") as response:
        file.write_bytes(response.read())
    page.goto(f"{file.as_uri()}?view=profile")
    page.locator("[data-view=diagram]").wait_for()
    context.close()


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

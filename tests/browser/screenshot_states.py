"""Pictures of what is around the lifecycles: held requests, comparisons, the stage, recordings."""

from __future__ import annotations

import typing as t
from pathlib import Path

from playwright.sync_api import Page

ORDER = "/admin/orders/42"


class Shoot(t.Protocol):
    """Take a picture of a page; by default, of the panel's."""

    def __call__(self, name: str, of: Page | None = None) -> None: ...


CALL = """async ([path, method, body]) => {
    const key = document.querySelector("meta[name=lifecycle-key]").content;
    const headers = {"X-Lifecycle-Key": key, "Content-Type": "application/json"};
    const sent = body === null ? {} : {body: JSON.stringify(body)};
    const answer = await fetch(path, {method, headers, ...sent});
    return path.endsWith("recordings") ? answer.text() : answer.json();
}"""


def call(page: Page, path: str, method: str = "GET", body: t.Any = None) -> t.Any:
    """Call the panel's API, as its page does."""
    return page.evaluate(CALL, [path, method, body])


def fetch(page: Page, app: Page, path: str, method: str = "GET") -> str:
    """Send a request from the app's page; return the id of its trace."""
    app.evaluate(
        """async ([path, method]) => {
            await (await fetch(path, {method, redirect: "manual"})).text();
        }""",
        [path, method],
    )
    found = call(page, "api/traces?limit=1")
    return t.cast("str", found["traces"][0]["id"])


def held(page: Page, app: Page, shoot: Shoot) -> None:
    """Take a request before a step and after it, what can be done there, and what it was then."""

    def break_at(*places: tuple[str, str, str]) -> None:
        call(page, "api/breakpoints", "PUT", {"breakpoints": [one(*place) for place in places]})
        page.wait_for_timeout(300)

    def one(stage: str, name: str, when: str) -> dict[str, t.Any]:
        return {"stage": stage, "name": name, "when": when, "filter": f"path:{ORDER}"}

    def go_on(**how: t.Any) -> None:
        (found,) = call(page, "api/held")["held"]
        call(page, f"api/held/{found['trace']}", "POST", how)
        page.locator(".held-pane").wait_for(state="detached")
        page.wait_for_timeout(600)

    def hold(name: str) -> None:
        app.evaluate("(path) => { fetch(path) }", ORDER)
        page.locator(".held-columns").wait_for()
        page.wait_for_timeout(1500)
        shoot(name)

    try:
        break_at(("before_request", "load_user", "before"))
        hold("held-before")
        for name in ("Answer here", "Raise"):
            button = page.locator(".held-bar").get_by_role("button", name=name)
            if button.is_visible():
                button.click()
                shoot(f"held-{name.split()[0].lower()}")
                page.keyboard.press("Escape")
        go_on(do="raise", status=404)
        shoot("held-raised")
        break_at(("view", "show", "after"))
        hold("held-after")
        go_on(do="go")
        shoot("held-over")
    finally:
        call(page, "api/breakpoints", "PUT", {"breakpoints": []})
        call(page, "api/held", "POST", {"do": "all"})


def comparisons(page: Page, app: Page, url: str, shoot: Shoot) -> None:
    """Take two runs of one rule, of other statuses, of a raise on one side, and of two rules."""
    pairs = {
        "same": ((ORDER, "GET"), (ORDER, "GET")),
        "status": ((ORDER, "GET"), (f"{ORDER}?anon=1", "GET")),
        "raise": (("/tour/crash?production", "GET"), ("/tour/after-this", "GET")),
        "rules": ((ORDER, "GET"), ("/api/books", "GET")),
        "handled": ((ORDER, "GET"), (f"{ORDER}/ship", "POST")),
    }
    for name, (one, other) in pairs.items():
        a, b = fetch(page, app, *one), fetch(page, app, *other)
        page.goto(f"{url}/_lifecycle/?compare={a}..{b}")
        page.locator(".verdict h1").wait_for()
        page.wait_for_timeout(600)
        shoot(f"compare-{name}")
    page.goto(f"{url}/_lifecycle/")
    page.locator(".row").first.wait_for(state="attached")


def around(page: Page, app: Page, shoot: Shoot) -> None:
    """Take the legend, the menus, the sheet of the list, and the inspector at the right."""
    fetch(page, app, ORDER)
    page.wait_for_timeout(600)
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard shortcuts and legend").wait_for()
    shoot("help")
    page.keyboard.press("Escape")
    page.locator(".view-menu").click()
    shoot("menu-views")
    page.keyboard.press("Escape")
    handle = page.locator(".handle")
    if handle.is_visible():
        page.get_by_role("button", name="Filter and controls").click()
        shoot("menu-controls")
        page.keyboard.press("Escape")
        for size in ("half", "full"):
            handle.press("ArrowUp")
            page.wait_for_timeout(600)
            shoot(f"sheet-{size}")
        handle.press("ArrowDown")
        handle.press("ArrowDown")
        page.wait_for_timeout(400)
        return
    page.locator('[data-stage="before_request"]', has_text="load_user").first.click()
    page.locator(".details").wait_for()
    right = page.get_by_role("button", name="dock right")
    if right.is_visible():
        right.click()
        page.wait_for_timeout(500)
        shoot("inspector-right")
        page.get_by_role("button", name="dock below").click()
    page.keyboard.press("Escape")


def speaker(page: Page, app: Page, shoot: Shoot) -> None:
    """Take the menu of a talk, and the window of the speaker."""
    fetch(page, app, ORDER)
    talk = page.get_by_role("button", name="Talk")
    if not talk.is_visible():
        return
    talk.click()
    page.get_by_role("button", name="Speaker’s window").wait_for()
    shoot("talk")
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Speaker’s window").click()
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    page.keyboard.press("Home")
    opened.value.get_by_role("region", name="Now").wait_for()
    opened.value.wait_for_timeout(500)
    shoot("speaker", opened.value)
    opened.value.close()
    page.keyboard.press("Escape")


def recordings(page: Page, app: Page, folder: Path, shoot: Shoot) -> None:
    """Take a file that is dropped on the panel, and one that is opened by itself."""
    ids = [fetch(page, app, path) for path in (ORDER, "/admin/ordrs/42", "/tour/after-this")]
    for kind in ("json", "html"):
        text = call(page, "api/recordings", "POST", {"ids": ids, "as": kind})
        (folder / f"lifecycle.{kind}").write_text(text)
    page.locator('input[type="file"]').set_input_files(folder / "lifecycle.json")
    page.get_by_text("imported").first.wait_for(state="attached")
    page.keyboard.press("Escape")
    shoot("imported")
    alone = page.context.new_page()
    alone.goto((folder / "lifecycle.html").as_uri())
    alone.locator(".row").first.wait_for(state="attached")
    alone.wait_for_timeout(600)
    shoot("recording", alone)
    alone.close()

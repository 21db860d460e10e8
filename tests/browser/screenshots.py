"""Pictures of every lifecycle and state, in both themes and four sizes: ``make screenshots``."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import typing as t
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import screenshot_states
from tests.browser.screenshot_states import Shoot
from tests.helpers import ROOT
from tests.helpers.browser import FLAGS
from tests.helpers.servers import APP_THAT_HOLDS, FactoryServer, Server
from tests.helpers.wire import Wire

SIZES = {
    "wide": (1440, 900),
    "full": (1920, 1080),
    "4k": (3840, 2160),
    "narrow": (390, 844),
}
THEMES = {"dark", "light"}
REQUESTS = {
    "typical": ("/admin/orders/42", "GET"),
    "404": ("/admin/ordrs/42", "GET"),
    "exception": ("/admin/orders/42/ship", "POST"),
    "short-circuit": ("/admin/orders/42?anon=1", "GET"),
    "streaming": ("/admin/orders/export.csv", "GET"),
    "crash": ("/tour/crash", "GET"),
    "redirect": ("/tour/redirect", "GET"),
    "options": ("/admin/orders/42", "OPTIONS"),
    "head": ("/admin/orders/42", "HEAD"),
    "async": ("/tour/async", "GET"),
    "nested": ("/tour/nested", "GET"),
    "after-this": ("/tour/after-this", "GET"),
    "static": ("/static/tour.css", "GET"),
    "answered-500": ("/tour/crash?production", "GET"),
    "after-hook-raises": ("/corners/after-hook?production", "GET"),
    "nothing-returned": ("/corners/nothing?production", "GET"),
    "slash": ("/shop", "GET"),
    "wrong-method": ("/shop/", "POST"),
    "three-deep": ("/corners/floor/shelf", "GET"),
    "blueprint-handler": ("/corners/paper", "GET"),
    "templates-in-a-hook": ("/corners/printed", "GET"),
    "thirty-hooks": ("/corners/crowd", "GET"),
    "statements": ("/corners/statements", "GET"),
    "returned-app": ("/corners/returned-app", "GET"),
    "calls": ("/tour/stock", "GET"),
}
VIEWS = (
    *("timeline", "steps", "sql", "templates", "exception", "changes", "request", "response"),
    *("logs", "spans", "profile", "app"),
)


def settled(page: Page) -> None:
    """Wait until nothing moves: two frames after the last request is done."""
    page.locator('.row[aria-current="true"][data-state="done"]').wait_for(state="attached")
    page.wait_for_timeout(400)


def forget() -> None:
    """Give the servers that are started from now on an empty history."""
    os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="lifecycle-screenshots-")


def shows_order(page: Page) -> None:
    """Wait until the order that was gone to is shown."""
    row = page.locator('.row[aria-current="true"] .what[title*="/admin/orders/42"]')
    row.wait_for(state="attached")
    settled(page)


def press(page: Page, name: str) -> None:
    """Press one of the controls, which are in a menu where it is narrow."""
    menu = page.get_by_role("button", name="Filter and controls")
    if menu.is_visible():
        menu.click()
    page.get_by_role("button", name=name, exact=True).click()
    if menu.is_visible() and name != "Share":
        page.keyboard.press("Escape")


def pick(page: Page, view: str) -> None:
    """Pick a view by its tab, or in the menu of those without one."""
    tab = page.locator(f"#tab-{view}")
    if not tab.is_visible():
        page.locator(".view-menu").click()
        tab = page.locator(f'[data-view-name="{view}"]')
    tab.click()


def pull(page: Page, key: str) -> None:
    """Move the list's sheet up or down, where it is one."""
    handle = page.locator(".handle")
    if handle.is_visible():
        handle.press(key)
        page.wait_for_timeout(300)


def views(page: Page, app: Page, shoot: t.Callable[[str], None]) -> None:
    """Take one of each view beside the diagram, and of what is around them."""
    # By key: where it is narrow, the step lies over the tabs.
    page.keyboard.press("v")
    page.locator('[data-view="timeline"] [data-step]').first.wait_for()
    shoot("timeline-step")
    page.keyboard.press("Escape")
    for name in VIEWS:
        pick(page, name)
        page.locator(".loading").wait_for(state="detached")
        page.wait_for_timeout(200)
        shoot(f"view-{name}")
    page.get_by_label("Path or words").fill("/admin/ordrs/42")
    page.get_by_text("404: no rule matches").wait_for()
    shoot("app-near")
    page.get_by_role("button", name="About the app").click()
    shoot("app-about")
    # A step was looked at, so none took its place.
    press(page, "Follow")
    app.evaluate(
        """() => fetch('/shop/sign-in?next=%2F', {
            method: 'POST', body: new URLSearchParams({name: 'ada', password: 'x'})})"""
    )
    settled(page)
    pick(page, "request")
    page.get_by_role("heading", name="Form").wait_for()
    shoot("request-form")
    app.reload()
    shows_order(page)
    pick(page, "diagram")
    press(page, "Share")
    page.get_by_role("dialog", name="Share").wait_for()
    shoot("share")


def of_the_demo(
    page: Page, app: Page, demo: FactoryServer, wire: Wire, shoot: t.Callable[[str], None]
) -> None:
    """Take those of the list of the demo's requests, by a wire that breaks in between."""
    page.goto(f"http://{wire.address}/_lifecycle/")
    page.locator('[class="live live"]').wait_for()
    for path in ("/shop/book/2", "/shop", "/"):
        app.goto(demo.url + path)
        app.wait_for_load_state("networkidle")
    app.evaluate("() => fetch('/tour/sign-in', {method: 'POST'})")
    app.evaluate("() => fetch('/api/books').then(() => fetch('/tour/nested'))")
    wire.cut()
    page.locator(".live.lost").wait_for()
    app.evaluate("() => fetch('/admin/orders/42').then(() => fetch('/admin/ordrs/42'))")
    page.wait_for_timeout(500)
    shoot("lost")
    wire.mend()
    page.locator("p.away").wait_for()
    app.evaluate("() => { fetch('/tour/slow?seconds=2') }")
    page.locator(".row.running").wait_for(state="attached")
    pull(page, "ArrowUp")
    shoot("groups")
    page.locator(".row.running").wait_for(state="detached")
    page.locator(".statics").first.click()
    shoot("statics")
    page.keyboard.press("/")
    page.keyboard.type("status:")
    page.keyboard.press("ArrowDown")
    shoot("completion")
    page.keyboard.type('2xx -is:static path:"/shop/" time:>fast ')
    shoot("chips")
    page.keyboard.type("method:PATCH ")
    page.keyboard.press("Escape")
    shoot("none")


def lists(browser: Browser, folder: Path, data: Path, theme: t.Any, size: str) -> None:
    """Take those of the list: groups, the filter, a gap, and many rows."""
    width, height = SIZES[size]
    context = browser.new_context(
        color_scheme=theme, viewport={"width": width, "height": height}, user_agent="a browser"
    )
    page, app = context.new_page(), context.new_page()

    def shoot(name: str) -> None:
        page.wait_for_timeout(300)
        page.screenshot(path=folder / f"list-{name}-{size}-{theme}.png")

    demo = FactoryServer(data)
    forget()
    demo.start()
    wire = Wire(demo.url.removeprefix("http://"))
    try:
        of_the_demo(page, app, demo, wire, shoot)
    finally:
        wire.close()
        demo.stop()
    for rows in (500, 5000):
        forget()
        many = Server(
            data,
            ["flask", "run", "--debug", "--no-reload", "--port", "{port}"],
            APP_THAT_HOLDS.format(config="LIFECYCLE_MAX_TRACES=6000", before=rows),
        )
        page.goto(f"http://{many.address}/_lifecycle/")
        settled(page)
        page.locator(".rows").evaluate("(box) => { box.scrollTop = 2000; }")
        shoot(str(rows))
        many.stop()
    context.close()


def requests(page: Page, app: Page, shoot: t.Callable[[str], None]) -> None:
    """Take the diagram of each kind of request."""
    for name, (path, method) in REQUESTS.items():
        trace = app.evaluate(
            """async ([path, method]) => {
                const answer = await fetch(path, {method, redirect: "manual"});
                await answer.text();
                // Of one inside another, the outer one's comes last.
                return answer.headers.get("X-Lifecycle-Trace")?.split(", ").at(-1) ?? null;
            }""",
            [path, method],
        )
        if name == "static":  # not followed, and folded
            pull(page, "ArrowUp")
            page.locator(".statics").first.click()
            page.locator(f'.row[data-trace="{trace}"]').click()
        if trace is not None:  # of a crash and a redirect, a script learns nothing
            page.locator(f'.row[data-trace="{trace}"][aria-current="true"]').wait_for(
                state="attached"
            )
        settled(page)
        shoot(name)
        if name == "exception":
            pick(page, "exception")
            page.locator(".frames .source .py-k").first.wait_for()
            shoot("exception-view")
            pick(page, "diagram")
        if name == "static":
            press(page, "Follow")


def replay(page: Page, shoot: t.Callable[[str], None]) -> None:
    """Take a request that is gone through step by step, beside the panel and alone."""
    for _ in range(3):  # the dialogue, the menu that it was opened from, and the step
        page.keyboard.press("Escape")
    page.keyboard.press("Home")
    for _ in range(14):
        page.keyboard.press("PageDown")
    page.wait_for_timeout(200)
    shoot("replay")
    page.keyboard.press("f")
    page.wait_for_timeout(200)
    shoot("stage")
    page.keyboard.press("z")
    page.wait_for_timeout(700)
    shoot("near")


def states(page: Page, app: Page, server: FactoryServer, folder: Path, shoot: Shoot) -> None:
    """Take what is around the lifecycles."""
    screenshot_states.around(page, app, shoot)
    screenshot_states.speaker(page, app, shoot)
    screenshot_states.held(page, app, shoot)
    screenshot_states.comparisons(page, app, server.url, shoot)
    press(page, "Share")
    screenshot_states.recordings(page, app, folder, shoot)


def take(browser: Browser, server: FactoryServer, folder: Path, theme: t.Any, size: str) -> None:
    """Take all pictures of one theme and size."""
    width, height = SIZES[size]
    context = browser.new_context(
        color_scheme=theme, viewport={"width": width, "height": height}, device_scale_factor=1
    )
    app, page = context.new_page(), context.new_page()
    app.goto(f"{server.url}/")
    app.evaluate("() => fetch('/tour/sign-in', {method: 'POST'})")
    app.wait_for_load_state("networkidle")
    page.goto(f"{server.url}/_lifecycle/")
    settled(page)

    def shoot(name: str, of: Page | None = None) -> None:
        (of or page).screenshot(path=folder / f"{name}-{size}-{theme}.png")

    press(page, "Clear")
    page.get_by_text("Waiting for a request").wait_for()
    shoot("empty")
    requests(page, app, shoot)
    app.evaluate("() => { fetch('/tour/slow?seconds=2') }")
    page.locator('.row[data-state="running"]').wait_for(state="attached")
    page.wait_for_timeout(900)
    shoot("live")
    settled(page)

    # A page that one goes to is followed; what scripts ask for again may be a poll.
    app.goto(f"{server.url}/admin/orders/42")
    shows_order(page)
    page.locator('[data-view="diagram"] [data-stage="view"] .vt').click()
    page.locator(".source").first.wait_for()
    shoot("source")
    views(page, app, shoot)
    replay(page, shoot)
    page.keyboard.press("Escape")
    page.goto(f"{server.url}/_lifecycle/")
    settled(page)
    states(page, app, server, server.log.parent, shoot)
    context.close()


def take_toolbar(
    browser: Browser,
    server: FactoryServer,
    pages: FactoryServer,
    folder: Path,
    theme: t.Any,
    size: str,
) -> None:
    """Take the toolbar on the demo's pages and on others."""
    width, height = SIZES[size]
    context = browser.new_context(
        color_scheme=theme, viewport={"width": width, "height": height}, device_scale_factor=1
    )
    page = context.new_page()
    page.goto(f"{server.url}/")
    page.evaluate("() => fetch('/tour/sign-in', {method: 'POST'})")

    def shoot(name: str, url: str, *, unfold: bool = False) -> None:
        if page.url != url:
            page.goto(url)
        page.wait_for_load_state("networkidle")
        page.locator("flask-lifecycle-toolbar .facts b").first.wait_for()
        if page.locator("flask-lifecycle-toolbar .more").is_visible() is not unfold:
            page.locator("flask-lifecycle-toolbar .facts").click()
        page.wait_for_timeout(400)
        page.screenshot(path=folder / f"toolbar-{name}-{size}-{theme}.png")

    shoot("folded", f"{server.url}/admin/orders/42")
    shoot("unfolded", f"{server.url}/admin/orders/42", unfold=True)
    shoot("redirected", f"{server.url}/admin/orders/42?anon=1", unfold=True)
    shoot("404", f"{server.url}/nowhere", unfold=True)
    for name in ("bootstrap", "tailwind", "hostile"):
        shoot(name, f"{pages.url}/{name}")
    shoot("error", f"{pages.url}/failed", unfold=True)
    page.goto(f"{pages.url}/fetches")
    page.evaluate(
        """async () => {
            const paths = [1, 2, 3, 4, 5, 6, 7, 8, 9, "from"].map((each) => `/data/${each}`);
            for (const path of [...paths, "/crash", "/failed"]) await (await fetch(path)).text();
        }"""
    )
    shoot("fetches", f"{pages.url}/fetches", unfold=True)
    page.get_by_role("button", name="Hide the toolbar").click()
    page.screenshot(path=folder / f"toolbar-hidden-{size}-{theme}.png")
    context.close()


def main(wanted: set[str]) -> None:
    """Take them all, or those of the themes and sizes that are named."""
    folder = ROOT / "screenshots"
    folder.mkdir(exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("The screenshots need Chromium; .ci/packages installs it.")
    with (
        tempfile.TemporaryDirectory() as data,
        tempfile.TemporaryDirectory() as more,
        sync_playwright() as playwright,
    ):
        server, pages = (
            FactoryServer(Path(data)),
            FactoryServer(Path(more), "tests.browser.pages:create_app"),
        )
        forget()
        try:
            server.start()
            pages.start()
            browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
            for theme in sorted(THEMES & wanted) or sorted(THEMES):
                for size in sorted(SIZES.keys() & wanted) or SIZES:
                    take(browser, server, folder, theme, size)
                    lists(browser, folder, Path(data), theme, size)
                    take_toolbar(browser, server, pages, folder, theme, size)
        finally:
            server.stop()
            pages.stop()
    sys.stdout.write(f"{len(list(folder.glob('*.png')))} pictures in {folder.name}/\n")


if __name__ == "__main__":
    main(set(sys.argv[1:]))

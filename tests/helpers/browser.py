"""A real Chromium, and the panel in it."""

from __future__ import annotations

import json
import shutil
import typing as t
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    BrowserType,
    ConsoleMessage,
    Page,
    Response,
    expect,
)

from tests.helpers import ROOT
from tests.helpers.servers import PATIENCE, FactoryServer

FLAGS = (
    # Names of an attacker's that lead to this machine, as by DNS rebinding, and one of an app's.
    "--host-resolver-rules=MAP *.test 127.0.0.1, MAP *.example 127.0.0.1",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--accept-lang=en-US",  # which the shell does not send by itself
)


def launch(kind: BrowserType, *, windowed: bool = False, without: tuple[str, ...] = ()) -> Browser:
    """Start Chromium, without some of the flags that Playwright gives it.

    :param windowed: with what only a browser with windows has, such as the pages that it keeps.
    """
    # The shell is the same browser without windows, at half the work.
    shell = () if windowed else ("chromium-headless-shell",)
    names = (*shell, "chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), None)
    assert path is not None, "The browser tests need Chromium; .ci/packages installs it."
    return kind.launch(executable_path=path, args=list(FLAGS), ignore_default_args=list(without))


def new_context(browser: Browser, **options: t.Any) -> BrowserContext:
    """Open a context, whose pages wait for as long as a busy machine may take."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE * 1000 / 2)
    return context


def is_fault(said: ConsoleMessage) -> bool:
    """Return whether a page's console says that something is wrong: CSP violations, too.

    A websocket that a busy machine does not open within three seconds is given up for another one,
    which the browser alone takes for an error.
    """
    given_up = "WebSocket is closed before the connection is established" in said.text
    return said.type in ("error", "warning") and not given_up


class Panel:
    """The panel's page, and a page of the app's in the same browser."""

    def __init__(self, context: BrowserContext, server: FactoryServer) -> None:
        self.server = server
        self.faults: list[str] = []
        self.app = context.new_page()
        self.app.goto(f"{server.url}/")
        self.page: Page = context.new_page()
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._said)
        self.page.goto(f"{server.url}/_lifecycle/")
        self.page.locator('[class="live live"]').wait_for()
        # The first batch comes after that.
        self.page.locator("[data-trace]").first.wait_for()

    def _said(self, message: ConsoleMessage) -> None:
        if is_fault(message):
            self.faults.append(message.text)

    def fetch(self, path: str, method: str = "GET", *, wait: bool = True) -> str | None:
        """Send a request from the app's page; return the id of its trace."""
        script = """async ([path, method]) =>
            (await fetch(path, {method, redirect: "manual"})).headers.get("X-Lifecycle-Trace")"""
        if wait:
            return t.cast("str | None", self.app.evaluate(script, [path, method]))
        self.app.evaluate("([path, method]) => { fetch(path, {method}) }", [path, method])
        return None

    def visit(self, path: str) -> str:
        """Go to a page of the app's; return the id of its trace."""
        response = self.app.goto(f"{self.server.url}{path}")
        assert response is not None
        return response.headers["x-lifecycle-trace"]

    def node(self, stage: str, state: str) -> t.Any:
        return self.page.locator(
            f'[data-view="diagram"] [data-stage="{stage}"][data-state="{state}"]'
        )

    def shows_row(self, path: str) -> None:
        """Wait until a finished request for this path is the picked one."""
        row = self.page.locator('.row[aria-current="true"][data-state="done"]')
        # What it shows of a long path is cut; and on a phone, a sheet that is closed shows no row.
        row.locator(f".what[title*={json.dumps(path)}]").wait_for(state="attached")

    def shows(self, path: str) -> None:
        """Wait until the diagram is that of a finished request for this path."""
        self.shows_row(path)
        self.page.locator(f'svg.diagram[aria-label$=" {path}"]').wait_for()

    def shows_whole(self, path: str) -> dict[str, t.Any]:
        """Wait until every step of a finished request for this path is there; return the request.

        A request can be over in the list while steps of it are still on their way.
        """
        self.shows_row(path)
        trace = self.page.locator('.row[aria-current="true"]').get_attribute("data-trace")
        with urllib.request.urlopen(f"{self.server.url}/_lifecycle/api/traces/{trace}") as response:
            whole: dict[str, t.Any] = json.load(response)
        # In the tab or, where it is narrow, in the menu.
        count = self.page.locator('#tab-steps .count, [data-view-name="steps"] .count').first
        expect(count).to_have_text(f"{len(whole['steps']):,}")
        expect(self.page.locator('#view [data-state="running"]')).to_have_count(0)
        # What is drawn of the skipped ones comes from the app's registries.
        self.page.locator(".list footer .about").wait_for(state="attached")
        return whole


def took(step: dict[str, t.Any]) -> int:
    """Return how long a step took, in ns."""
    return int(step["end"] - step["begin"])


@contextmanager
def answered(page: Page, method: str, path: str) -> Iterator[None]:
    """Do something in the panel that it shows at once, and wait until the server has done it, too.

    What the server gets before that is still cleared, or held, or not.

    :param path: of the call of the API that tells the server.
    """

    def tells(answer: Response) -> bool:
        called = answer.url.partition("?")[0]
        return answer.request.method == method and called.endswith(f"/api/{path}")

    with page.expect_response(tells):
        yield


Theme = t.Literal["dark", "light"]
THEMES: tuple[Theme, ...] = ("dark", "light")
both_themes = pytest.mark.parametrize("theme", THEMES)


def pick_view(page: Page, title: str) -> None:
    """Pick a view by its tab, or in the menu of those without one: where it is narrow, of all."""
    tab = page.get_by_role("tab", name=title)
    menu = page.locator(".view-menu")
    if tab.is_visible():
        tab.click()
    else:
        menu.click()
        item = page.locator("#view-menu [data-view-name]", has_text=title)
        # It gets its tab as soon as the view has something to show.
        item.or_(tab).locator("visible=true").first.click()
    page.get_by_role("tab", name=title, selected=True).or_(menu.get_by_text(title)).wait_for()


def open_view(panel: Panel, title: str) -> None:
    """Pick a view, and wait until its chunk has come."""
    pick_view(panel.page, title)
    expect(panel.page.locator("#view .loading")).to_have_count(0)


AXE = ROOT / "static" / "node_modules" / "axe-core" / "axe.min.js"


def violations(panel: Panel | Page, inside: str = "document") -> list[str]:
    """Run axe in a part of the page, in both themes; say what it found and where.

    :param inside: the part, as JavaScript.
    """
    page = panel if isinstance(panel, Page) else panel.page
    page.evaluate(AXE.read_text())
    ask = f"async () => (await axe.run({inside}, {{resultTypes: ['violations']}})).violations"
    found: list[str] = []
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        found += (
            f"{theme}: {each['id']}: {node['target']} {node.get('failureSummary', '')}"
            for each in page.evaluate(ask)
            for node in each["nodes"][:3]
        )
    page.emulate_media(color_scheme="null")
    return found

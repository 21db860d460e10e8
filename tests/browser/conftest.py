"""The demo on a real server, and a real Chromium in front of it."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import typing as t
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    BrowserType,
    Page,
    expect,
    sync_playwright,
)

from tests.integration.test_server import NOT_UP, PATIENCE, hold_port, wait_for

ROOT = Path(__file__).parent.parent.parent
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
)

# The machine may be busy, and have two cores.
expect.set_options(timeout=PATIENCE * 1000 / 2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


class Server:
    """An app, as ``flask run --debug`` serves it: the demo, or what another function makes."""

    def __init__(self, folder: Path, make: str = "demo:create_app") -> None:
        self._make = make.split(":")
        self.port = hold_port(self)
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "server.log"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        code = (
            "import importlib, sys; _, folder, port, module, name = sys.argv;"
            "app = getattr(importlib.import_module(module), name)(folder);"
            "app.run(port=int(port), debug=True, use_reloader=False)"
        )
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code, str(self._folder), str(self.port), *self._make],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        wait_for(self._answers)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(PATIENCE)
            self._process = None

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        try:
            url = f"{self.url}/_lifecycle/api/traces"
            urllib.request.urlopen(url, timeout=PATIENCE).close()
        except urllib.error.HTTPError as error:  # it is up, without a panel
            error.close()
        except NOT_UP:
            return False
        return True


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("demo"))
    server.start()
    yield server
    server.stop()


# Not for the session: while Playwright runs, its event loop keeps asgiref from running async views.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        yield browser
        browser.close()


def launch(kind: BrowserType, *, without: tuple[str, ...] = ()) -> Browser:
    """Start Chromium, without some of the flags that Playwright gives it."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), None)
    assert path is not None, "The browser tests need Chromium; .ci/packages installs it."
    return kind.launch(executable_path=path, args=list(FLAGS), ignore_default_args=list(without))


class Panel:
    """The panel's page, and a page of the app's in the same browser."""

    def __init__(self, context: BrowserContext, server: Server) -> None:
        self.server = server
        self.faults: list[str] = []
        self.app = context.new_page()
        self.app.goto(f"{server.url}/")
        self.page: Page = context.new_page()
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._said)
        self.page.goto(f"{server.url}/_lifecycle/")
        self.page.locator('.live:text-is("live")').wait_for()
        # The first batch comes after that.
        self.page.locator("[data-trace]").first.wait_for()

    def _said(self, message: t.Any) -> None:
        # CSP violations are console errors too.
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    def fetch(self, path: str, method: str = "GET", *, wait: bool = True) -> str | None:
        """Send a request from the app's page; return the id of its trace."""
        script = """async ([path, method]) =>
            (await fetch(path, {method, redirect: "manual"})).headers.get("X-Lifecycle-Trace")"""
        if wait:
            return t.cast("str | None", self.app.evaluate(script, [path, method]))
        self.app.evaluate("([path, method]) => { fetch(path, {method}) }", [path, method])
        return None

    def node(self, stage: str, state: str) -> t.Any:
        return self.page.locator(
            f'[data-view="diagram"] [data-stage="{stage}"][data-state="{state}"]'
        )

    def shows_row(self, path: str) -> None:
        """Wait until a finished request for this path is the picked one."""
        self.page.locator('.row[aria-current="true"][data-state="done"]', has_text=path).wait_for()

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
        expect(self.page.locator("#tab-steps .count")).to_have_text(str(len(whole["steps"])))
        expect(self.page.locator('#view [data-state="running"]')).to_have_count(0)
        # What is drawn of the skipped ones comes from the app's registries.
        self.page.locator(".list footer .about").wait_for(state="attached")
        return whole


def took(step: dict[str, t.Any]) -> int:
    """Return how long a step took, in ns."""
    return int(step["end"] - step["begin"])


Theme = t.Literal["dark", "light"]
both_themes = pytest.mark.parametrize("theme", ["dark", "light"])


@pytest.fixture
def theme() -> Theme:
    """What the browser asks for, where it does not matter."""
    return "dark"


_agents = itertools.count()


@pytest.fixture
def panel(chromium: Browser, server: Server, theme: Theme) -> Iterator[Panel]:
    """A browser of its own: of what it caused, it is told by its name.

    Its page's icon may come late, and whatever has no cause is followed.
    """
    context = chromium.new_context(
        color_scheme=theme,
        viewport={"width": 1440, "height": 900},
        user_agent=f"browser {next(_agents)}",
    )
    context.set_default_timeout(PATIENCE * 1000 / 2)
    panel = Panel(context, server)
    panel.fetch("/tour/sign-in", "POST")
    yield panel
    assert panel.faults == []
    context.close()

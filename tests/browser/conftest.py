"""The demo on a real server, and a real Chromium in front of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    expect,
    sync_playwright,
)

from tests.helpers.browser import Panel, Theme, launch, new_context
from tests.helpers.servers import PATIENCE, FactoryServer

# The machine may be busy, and have two cores.
expect.set_options(timeout=PATIENCE * 1000 / 2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FactoryServer]:
    server = FactoryServer(tmp_path_factory.mktemp("demo"))
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


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = new_context(chromium, viewport={"width": 1440, "height": 900})
    yield context
    context.close()


@pytest.fixture
def theme() -> Theme:
    """What the browser asks for, where it does not matter."""
    return "dark"


_agents = itertools.count()


@pytest.fixture
def panel(chromium: Browser, server: FactoryServer, theme: Theme) -> Iterator[Panel]:
    """A browser of its own: of what it caused, it is told by its name.

    Its page's icon may come late, and whatever has no cause is followed.
    """
    context = new_context(
        chromium,
        color_scheme=theme,
        viewport={"width": 1440, "height": 900},
        user_agent=f"browser {next(_agents)}",
    )
    panel = Panel(context, server)
    panel.fetch("/tour/sign-in", "POST")
    yield panel
    # First: a page with a timer would go on in the tests that follow.
    context.close()
    assert panel.faults == []

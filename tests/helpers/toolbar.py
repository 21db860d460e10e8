"""The toolbar on a page, as a browser shows it."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page

from tests.helpers.browser import is_fault

TOOLBAR = "flask-lifecycle-toolbar"


class Seen:
    """A page, and what its console said."""

    def __init__(self, context: BrowserContext) -> None:
        self.said: list[str] = []
        self.page = context.new_page()
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("console", self._hear)

    def _hear(self, message: ConsoleMessage) -> None:
        if is_fault(message):
            self.said.append(message.text)

    def goto(self, url: str) -> Seen:
        # Scripts that are async are waited for, too.
        self.page.goto(url)
        return self


def bar(page: Page) -> Locator:
    return page.get_by_role("toolbar", name="This page's request")


def facts(page: Page) -> Locator:
    """The bar's summary, which unfolds it."""
    return bar(page).locator(".facts")


def unfold(page: Page) -> Locator:
    facts(page).click()
    return page.locator(f"{TOOLBAR} .more")


def follows(page: Page, *expected: str) -> None:
    """Wait until the list shows these requests: their status and path."""
    page.wait_for_function(
        """([toolbar, expected]) => {
            const rows = document.querySelector(toolbar).shadowRoot.querySelectorAll(".request");
            window.rows = [...rows].map((row) =>
                `${row.querySelector("b").textContent} ${row.querySelector("code").textContent}`);
            return window.rows.join() === expected.join();
        }""",
        arg=[TOOLBAR, expected],
    )

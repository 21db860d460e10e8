"""A real Chromium that shows the panel of an app which runs in this process."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import threading
import typing as t
from collections.abc import Iterator

from flask import Flask
from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from .workloads import environ


@contextlib.contextmanager
def panel(app: Flask) -> Iterator[tuple[Page, str]]:
    """Serve the app and open its panel; yield the page and the address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            args=["--disable-background-networking", "--no-sandbox"],
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        token = app.config["LIFECYCLE_TOKEN"]
        page.goto(f"{address}/_lifecycle/?token={token}")
        page.wait_for_selector("[data-trace]")
        try:
            yield page, address
        finally:
            browser.close()
            server.shutdown()


def sender(app: Flask, path: str) -> t.Callable[[], None]:
    """Return what sends the app one request after another, as a server does."""
    numbers = itertools.count()

    def start_response(*_given: t.Any) -> t.Callable[[bytes], object]:
        return bytes

    def send() -> None:
        body = app(environ(path, next(numbers)), start_response)
        for _chunk in body:
            pass
        t.cast("t.Any", body).close()

    return send

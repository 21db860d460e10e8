"""The panel on servers that have no websocket for it, or several processes."""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
import typing as t
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import websocket
from playwright.sync_api import Browser, Page, Route, expect

from tests.helpers.servers import NOT_UP, PATIENCE, Server, wait_for

APP = """
import os, time
from flask import Flask
from flask_lifecycle import Lifecycle

app = Flask(__name__)
app.debug = True
Lifecycle(app)

@app.get("/")
def index():
    return str(os.getpid())

@app.get("/slow")
def slow():
    while not os.path.exists("go"):
        time.sleep(0.01)
    return "slow"
"""

ALONE = 'app.config["LIFECYCLE_HISTORY"] = None'


def gunicorn(*options: str) -> list[str]:
    return ["gunicorn", *options, "--bind", "127.0.0.1:{port}", "app:app"]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[t.Callable[..., Server]]:
    servers: list[Server] = []

    def made(*options: str, more: str = "", alone: bool = False) -> Server:
        begin = APP.replace("Lifecycle(app)", f"{ALONE}\nLifecycle(app)") if alone else APP
        servers.append(Server(tmp_path, gunicorn(*options), begin + more))
        return servers[-1]

    yield made
    for server in servers:
        server.stop()
        assert server.tracebacks() == []


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(PATIENCE * 1000 / 2)
    yield page
    page.close()


class Proxy:
    """A proxy that knows nothing of upgrades, and leaves their headers out."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            client, _ = self._listener.accept()
            threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        # The browser leaves in the middle, as the server does at the end.
        with suppress(OSError), client, client.makefile("rb") as read:
            length = 0
            head = b""
            while (line := read.readline()) not in (b"\r\n", b""):
                name = line.partition(b":")[0].lower()
                if name == b"content-length":
                    length = int(line.partition(b":")[2])
                if name not in (b"upgrade", b"connection"):
                    head += line
            host, _, port = self._server.partition(":")
            with socket.create_connection((host, int(port))) as server:
                server.sendall(head + b"Connection: close\r\n\r\n" + read.read(length))
                while data := server.recv(65536):
                    client.sendall(data)


def opened(page: Page, server: Server) -> Page:
    page.goto(f"http://{server.address}/_lifecycle/")
    return page


def test_a_sync_worker_is_asked_for_batches(serve: t.Any, page: Page) -> None:
    server = serve("--worker-class", "sync")
    opened(page, server)
    expect(page.locator(".live")).to_have_text("polling (no websocket)")
    before = len(server.api("traces")["traces"])
    expect(page.locator(".row")).to_have_count(before)
    expect(page.locator(".banner")).to_have_count(0)
    for _ in range(3):
        server.get("/")
    expect(page.locator(".row")).to_have_count(before + 3)
    # The same data: the steps of the newest one too.
    expect(
        page.locator('[data-view="diagram"] [data-stage="view"][data-state="done"]')
    ).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".row")).to_have_count(0)
    wait_for(lambda: server.api("traces")["traces"] == [])


def test_a_running_request_is_shown_by_polling_too(
    serve: t.Any, page: Page, tmp_path: Path
) -> None:
    server = serve("--worker-class", "gthread", "--threads", "8")
    proxy = Proxy(server.address)
    page.goto(f"http://{proxy.address}/_lifecycle/")
    expect(page.locator(".live")).to_have_text("polling (no websocket)")
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(server.get, "/slow")
        try:
            expect(
                page.locator('[data-view="diagram"] [data-stage="view"][data-state="running"]')
            ).to_be_visible()
        finally:
            (tmp_path / "go").touch()
        assert slow.result() == "slow"
    expect(page.locator('.row[data-state="done"]', has_text="/slow")).to_be_visible()


@pytest.mark.parametrize(("threads", "state"), [("8", "live"), ("1", "polling (no websocket)")])
def test_the_page_outlives_a_worker(serve: t.Any, page: Page, threads: str, state: str) -> None:
    server = serve("--threads", threads)
    opened(page, server)
    live = page.locator(".live")
    expect(live).to_have_text(state)
    killed = {int(ask(server)) for _ in range(3)}.pop()
    row = page.locator(".row", has_text="/")
    expect(row.nth(2)).to_be_visible()
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: is_answered_by_another(server, killed))
    expect(page.locator("p.restarted")).to_have_count(1)
    expect(live).to_have_text(state)
    ask(server)
    expect(page.locator(".row:not(.earlier)")).to_have_count(2)
    # It may still be answering the page, one by one, where it would be told to end.
    page.goto("about:blank")
    ask(server)


def is_answered_by_another(server: Server, pid: int) -> bool:
    try:
        return int(ask(server)) != pid
    except NOT_UP:
        return False


@pytest.mark.parametrize("kind", ["gthread", "sync"])
def test_of_several_processes_that_share_nothing_one_is_shown_and_the_panel_says_so(
    serve: t.Any, page: Page, kind: str
) -> None:
    server = serve("--workers", "2", "--worker-class", kind, "--threads", "8", alone=True)
    opened(page, server)
    banner = page.get_by_role("note")
    expect(banner).to_contain_text("the server has others, which would share theirs by the history")
    shown = banner.inner_text().partition("process ")[2].split()[0]
    pids: list[str] = []

    def both() -> bool:
        pids.append(ask(server))
        return len(set(pids)) == 2 and pids[-1] == shown

    wait_for(both)
    # What the shown process answered since the page was opened is there, and nothing else.
    rows = page.locator(".row")
    rows.first.click()
    wait_for(lambda: rows.count() >= pids.count(shown))
    expect(banner).to_contain_text(f"Only requests of process {shown} are shown")
    for _ in range(3):
        # Whoever answers: page, key, pass and websocket go together.
        page.goto("about:blank")
        opened(page, server)
        expect(page.get_by_role("note")).to_be_visible()
        expect(page.locator('[data-view="diagram"] [data-stage="view"]').first).to_be_visible()


def ask(server: Server) -> str:
    # A connection of its own each time, for either process to take.
    with urllib.request.urlopen(f"http://{server.address}/", timeout=PATIENCE) as answer:
        return str(answer.read().decode())


def test_one_failed_call_is_no_lost_connection(serve: t.Any, page: Page) -> None:
    server = serve("--worker-class", "gthread", "--threads", "8")
    for _ in range(2):
        server.get("/")
    failed: list[str] = []
    is_down = True

    def answer(route: Route) -> None:
        if is_down:
            failed.append(route.request.url)
            route.fulfill(status=500)
        else:
            route.continue_()

    page.route(re.compile(r"/api/traces/[^/?]+$"), answer)
    opened(page, server)
    expect(page.locator(".live")).to_have_text("live")
    # And the one that asked whether it is up.
    rows = page.locator(".row")
    expect(rows).to_have_count(3)
    rows.last.click()
    # Playwright answers for the server while it is asked for something.
    wait_for(lambda: page.evaluate("1") and failed)
    expect(page.locator(".live")).to_have_text("live")
    # The stream goes on, and so does what was asked for.
    server.get("/")
    expect(rows).to_have_count(4)
    expect(page.locator(".live")).to_have_text("live")
    is_down = False
    expect(
        page.locator('[data-view="diagram"] [data-stage="view"][data-state="done"]')
    ).to_be_visible()


WEBSOCKET = """
from flask_sock import Sock

@Sock(app).route("/talk")
def talk(ws):
    while True:
        ws.send(ws.receive())
"""


def test_a_websocket_is_drawn_as_one(serve: t.Any, page: Page) -> None:
    server = serve("--worker-class", "gthread", "--threads", "8", more=WEBSOCKET)
    opened(page, server)
    ws = websocket.create_connection(f"ws://{server.address}/talk", timeout=PATIENCE)
    row = page.locator(".row", has_text="/talk")
    row.click()
    diagram = page.locator('[data-view="diagram"]')
    head = page.locator(".head")
    expect(head).to_contain_text("101 websocket")
    expect(head).to_contain_text("open ")
    ws.close(4001)
    expect(head).to_contain_text("closed by the client (4001)")
    expect(row).to_contain_text("101")
    expect(row).to_contain_text("websocket")
    expect(page.locator('[data-state="raised"]')).to_have_count(0)
    diagram.locator('[data-stage="view"] .vt').click()
    expect(page.get_by_text("serves the WebSocket, open for").first).to_be_visible()

"""An open panel goes on when the app is restarted, and lists what earlier runs of it answered."""

from __future__ import annotations

import re
import sqlite3
import threading
import typing as t
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.helpers.browser import violations
from tests.helpers.history import stored_ids
from tests.helpers.servers import NOT_UP, PATIENCE, Server, wait_for

APP = """
import threading
from flask import Flask, g
from flask_lifecycle import Lifecycle

app = Flask(__name__)
app.debug = True
app.config.update({{"LIFECYCLE_HISTORY": f"{{app.root_path}}/requests.db", **dict({config})}})
Lifecycle(app)

@app.before_request
def load_user():
    g.user = "ada"

@app.get("/hangs")
def hangs():
    threading.Event().wait(120)
    return ""

@app.get("/page")
def page():
    return "<!doctype html><html><head><title>page</title></head><body><p>page</p></body></html>"

@app.get("/", defaults={{"path": ""}})
@app.get("/<path:path>")
def any(path):
    return "hello"

if __name__ == "__main__":
    import sys
    app.run(port=int(sys.argv[1]), use_reloader={reloads}, reloader_interval=0.1)
"""


class Serve(t.Protocol):
    def __call__(self, config: str = "", *, reloads: bool = False) -> Server: ...


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    servers: list[Server] = []

    def made(config: str = "", *, reloads: bool = False) -> Server:
        app = APP.format(config=config, reloads=reloads)
        servers.append(Server(tmp_path, ["app", "{port}"], app))
        return servers[-1]

    yield made
    for server in servers:
        server.stop()
        assert server.tracebacks() == []


def opened(context: BrowserContext, server: Server, query: str = "") -> Page:
    page = context.new_page()
    page.goto(f"http://{server.address}/_lifecycle/{query}")
    page.locator('[class="live live"]').wait_for()
    page.evaluate("window.is_open = true")
    return page


def send(server: Server, path: str) -> str:
    """Send a request; return the id of its trace, once it is finished."""
    url = f"http://{server.address}{path}"
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        trace = str(answer.headers["X-Lifecycle-Trace"])
    # Its client has the response before that.
    wait_for(lambda: server.api(f"traces/{trace}")["state"] == "done")
    return trace


def row(page: Page, path: str) -> Locator:
    return page.locator(".row").filter(has=page.locator(f'.l:text-is("{path}")'))


def view_of(page: Page, path: str, state: str = "done") -> Locator:
    """Return the view in the diagram of a request."""
    return page.locator(f'svg.diagram[aria-label$="{path}"] [data-stage=view][data-state={state}]')


def pid(server: Server) -> str:
    return str(server.api("app")["process"]["pid"])


def goes_on(page: Page, server: Server) -> None:
    """Wait until a page that was not loaded again is connected to the next run."""
    expect(page.locator(".list footer .about")).to_contain_text(f"process {pid(server)}")
    expect(page.locator(".live")).to_have_text("live")
    assert page.evaluate("window.is_open") is True


def lists(page: Page, ids: list[str]) -> bool:
    """Return whether the list has all of these requests, in this order."""
    found = page.locator("[data-trace]").evaluate_all("all => all.map(e => e.dataset.trace)")
    return [each for each in found if each in ids] == ids


def reload_app(server: Server) -> None:
    """Save the app's file, and wait until the reloader has started it again."""
    before = pid(server)

    def is_another() -> bool:
        try:
            return pid(server) != before
        except NOT_UP:
            return False

    server.rewrite(f"# saved\n{server.app.read_text()}")
    wait_for(is_another)


def restart(server: Server, how: str) -> None:
    if how == "kill -9":
        # By that, all that is not committed is lost.
        known = {each["id"] for each in server.api("traces")["traces"]}
        wait_for(lambda: known <= {*stored_ids(server.app.parent / "requests.db")})
        server.kill()
    else:
        server.stop()
    server.start()


def test_a_saved_file_loses_nothing_in_an_open_panel(serve: Serve, context: BrowserContext) -> None:
    server = serve(reloads=True)
    for number in range(40):
        send(server, f"/request/{number}")
    page = opened(context, server)
    read = row(page, "/request/20")
    # Only the rows in sight are drawn.
    page.locator(".row", has_text="/request/39").wait_for()
    page.locator(".rows").evaluate("rows => { rows.scrollTop = 700 }")
    read.click()
    page.locator('[data-view="diagram"] [data-stage="before_request"] .f').first.click()
    drawer = page.get_by_role("complementary", name="Step")
    expect(drawer).to_contain_text("load_user")
    field = page.get_by_role("combobox", name="Filter")
    field.fill("path:/request")
    field.press("Enter")
    for _ in range(3):
        page.keyboard.press("Escape")
        page.locator("body").press("ArrowRight")
    expect(page.locator(".list header")).to_contain_text("40 of")
    # The address follows a little later: no step is picked any more.
    page.wait_for_url(re.compile(r"\?q=path%3A%2Frequest#\w+$"))
    state = """() => ({
        row: document.querySelector(".row[aria-current]").getBoundingClientRect().top,
        step: document.querySelector(".caption, .playback")?.textContent,
        drawer: document.querySelector("#inspector")?.textContent,
        chips: [...document.querySelectorAll(".chip .text")].map(each => each.textContent),
        hash: location.href,
    })"""
    before = page.evaluate(state)
    reload_app(server)
    goes_on(page, server)
    assert page.evaluate(state) == before
    expect(read).to_have_attribute("aria-current", "true")
    send(server, "/request/after")
    expect(page.locator(".list header")).to_contain_text("41 of")
    expect(read).to_be_in_viewport()
    expect(read).to_have_attribute("aria-current", "true")


@pytest.mark.parametrize("how", ["Ctrl-C", "kill -9"])
def test_what_was_answered_before_a_restart_is_listed_after_it(
    serve: Serve, context: BrowserContext, how: str
) -> None:
    server = serve()
    ids = [send(server, f"/first/{number}") for number in range(3)]
    page = opened(context, server)
    row(page, "/first/1").click()
    view = view_of(page, "/first/1")
    view.wait_for()
    killed = pid(server)
    restart(server, how)
    now = pid(server)
    last = send(server, "/second")
    goes_on(page, server)
    fresh = opened(context, server)
    for each in (page, fresh):
        line = each.locator(".restarted")
        expect(line).to_have_count(1)
        expect(line).to_contain_text(re.compile(rf"App restarted \d\d:\d\d:\d\d · process {now}"))
        wait_for(partial(lists, each, [last, *reversed(ids)]))
        first = row(each, "/first/2")
        expect(first).to_have_class("row d0 earlier")
        expect(first).to_have_attribute("title", re.compile(f"process {killed}, started"))
        expect(row(each, "/second")).not_to_have_class(re.compile("earlier"))
    expect(row(page, "/first/1")).to_have_attribute("aria-current", "true")
    view.wait_for()
    # Whole, from the history; by its address, too.
    row(fresh, "/first/0").click()
    view_of(fresh, "/first/0").wait_for()
    named = opened(context, server, f"#{ids[2]}")
    view_of(named, "/first/2").wait_for()
    assert violations(fresh) == []


def test_a_request_that_hangs_at_the_kill_is_marked(serve: Serve, context: BrowserContext) -> None:
    server = serve()
    page = opened(context, server)

    def hang() -> None:
        with suppress(*NOT_UP):
            send(server, "/hangs")

    hanging = threading.Thread(target=hang)
    hanging.start()
    hangs = row(page, "/hangs")
    hangs.click()
    view_of(page, "/hangs", "running").wait_for()
    server.kill()
    hanging.join()
    server.start()
    expect(hangs.locator(".d")).to_have_text(re.compile(r"cut off after [\d.]+ m?s"))
    goes_on(page, server)
    said = hangs.inner_text()
    head = page.locator(".head")
    expect(head).to_contain_text(re.compile(r"cut off after [\d.]+ m?s: the process ended"))
    before = head.inner_text()
    took = re.compile(r"after ([\d.]+.m?s)")
    assert took.findall(said) == took.findall(before) != []
    expect(page.locator("svg.diagram")).to_contain_text("cut off")
    send(server, "/after")
    row(page, "/after").wait_for()
    # Its clock stands.
    page.evaluate("new Promise(done => setTimeout(done, 300))")
    assert hangs.inner_text() == said
    assert head.inner_text() == before
    assert violations(page) == []
    fresh = opened(context, server)
    row(fresh, "/after").wait_for()
    expect(row(fresh, "/hangs")).to_have_count(0)


def test_the_stage_goes_on(serve: Serve, context: BrowserContext) -> None:
    server = serve()
    send(server, "/shown")
    page = opened(context, server)
    row(page, "/shown").click()
    # Its steps have come.
    view_of(page, "/shown").wait_for()
    page.keyboard.press("f")
    caption = page.locator(".stage-foot .caption")
    caption.wait_for()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    before = caption.inner_text()
    told: list[str] = []
    page.on("websocket", lambda ws: ws.on("framereceived", lambda text: told.append(str(text))))
    restart(server, "kill -9")
    missed = send(server, "/not/shown")
    # By the new connection; Playwright hears of it while it is asked for something.
    wait_for(lambda: page.evaluate("1") and any(missed in each for each in told))
    expect(page.locator(".whole.stage")).to_have_count(1)
    assert caption.inner_text() == before
    page.keyboard.press("ArrowRight")
    expect(caption).not_to_have_text(before)
    page.keyboard.press("Escape")
    row(page, "/not/shown").wait_for()
    expect(row(page, "/shown")).to_have_attribute("aria-current", "true")


def test_without_a_history_the_open_page_keeps_what_it_has(
    serve: Serve, context: BrowserContext
) -> None:
    server = serve("LIFECYCLE_HISTORY=None")
    for number in range(2):
        send(server, f"/first/{number}")
    # It has the steps of the newest one, which it shows.
    page = opened(context, server)
    row(page, "/first/1").click()
    view = view_of(page, "/first/1")
    view.wait_for()
    restart(server, "Ctrl-C")
    line = page.locator(".restarted")
    expect(line).to_contain_text("below: in this tab only")
    expect(line).to_have_attribute("title", re.compile("LIFECYCLE_HISTORY is None"))
    goes_on(page, server)
    view.wait_for()
    row(page, "/first/0").click()
    expect(page.get_by_text("The server no longer stores this request.")).to_be_visible()
    assert violations(page) == []
    row(page, "/first/1").click()
    view.wait_for()
    fresh = opened(context, server)
    # The one that asked whether the server is up.
    row(fresh, "/").wait_for()
    expect(row(fresh, "/first/1")).to_have_count(0)


def test_clear_and_undo_have_the_runs_before_too(serve: Serve, context: BrowserContext) -> None:
    server = serve()
    send(server, "/first")
    restart(server, "Ctrl-C")
    send(server, "/second")
    page = opened(context, server)
    row(page, "/first").wait_for()
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".row")).to_have_count(0)
    wait_for(lambda: server.api("traces")["traces"] == [])
    page.get_by_role("button", name="Undo").click()
    row(page, "/first").wait_for()
    row(page, "/second").wait_for()
    paths = {"/first", "/second"}
    wait_for(lambda: paths <= {each["path"] for each in server.api("traces")["traces"]})
    # What is cleared stays so.
    page.get_by_role("button", name="Clear").click()
    wait_for(lambda: server.api("traces")["traces"] == [])
    restart(server, "Ctrl-C")
    send(server, "/third")
    fresh = opened(context, server)
    row(fresh, "/third").wait_for()
    expect(row(fresh, "/first")).to_have_count(0)
    expect(row(fresh, "/second")).to_have_count(0)
    assert not paths & {each["path"] for each in server.api("traces")["traces"]}


def test_what_the_history_evicts_goes_from_an_open_panel(
    serve: Serve, context: BrowserContext
) -> None:
    server = serve("LIFECYCLE_MAX_TRACES=5")
    for number in range(5):
        send(server, f"/first/{number}")
    restart(server, "Ctrl-C")
    page = opened(context, server)
    row(page, "/first/1").click()
    view_of(page, "/first/1").wait_for()
    expect(row(page, "/first/3")).to_have_count(1)
    for number in range(3):
        send(server, f"/second/{number}")
    # Of three that went, one is being read.
    expect(row(page, "/first/3")).to_have_count(0)
    expect(page.locator(".row")).to_have_count(6)
    page.get_by_text("The server no longer stores this request").wait_for()
    view_of(page, "/first/1").wait_for()
    row(page, "/second/2").click()
    expect(row(page, "/first/1")).to_have_count(0)
    wait_for(lambda: page.locator(".row").count() == len(server.api("traces")["traces"]))
    expect(row(page, "/first/4")).to_have_count(1)
    # Another program clears the file.
    file = sqlite3.connect(server.app.parent / "requests.db", timeout=PATIENCE)
    with closing(file), file:
        file.execute("UPDATE summaries SET cleared = 1")
    expect(page.locator(".row", has_text="/first")).to_have_count(0)
    wait_for(lambda: page.locator(".row").count() == len(server.api("traces")["traces"]))


def test_older_ones_come_as_the_list_is_scrolled(serve: Serve, context: BrowserContext) -> None:
    server = serve("LIFECYCLE_MAX_TRACES=2000")
    send(server, "/oldest")
    for _ in range(2):
        for number in range(260):
            server.get(f"/request/{number}")
        send(server, "/last")
        restart(server, "Ctrl-C")
    page = opened(context, server)
    expect(page.locator(".list header b")).to_have_text("500+ requests")
    rows = page.locator(".rows")
    expect(page.locator(".row").first).to_be_visible()

    def oldest_is_there() -> bool:
        rows.evaluate("rows => { rows.scrollTop = rows.scrollHeight }")
        return row(page, "/request/0").count() > 0

    wait_for(oldest_is_there)
    expect(page.locator(".list header b")).to_have_text(re.compile(r"^52\d requests"))
    # So do those that a filter asks for.
    fresh = opened(context, server, "?q=path:/oldest")
    row(fresh, "/oldest").wait_for()


def test_the_panel_says_that_a_history_cannot_be_written(
    serve: Serve, context: BrowserContext
) -> None:
    server = serve("LIFECYCLE_HISTORY=__file__ + '/requests.db'")
    send(server, "/first")
    page = opened(context, server)
    row(page, "/first").wait_for()
    note = page.get_by_role("note")
    expect(note).to_have_count(1)
    assert note.inner_text().endswith(".")
    assert violations(page) == []


def test_the_toolbar_leads_to_a_request_of_before_the_restart(
    serve: Serve, context: BrowserContext
) -> None:
    server = serve()
    app = context.new_page()
    app.goto(f"http://{server.address}/page")
    link = app.locator("flask-lifecycle-toolbar").locator("a.go").first
    link.wait_for()
    restart(server, "kill -9")
    with context.expect_page() as came:
        link.click()
    panel = came.value
    view_of(panel, "/page").wait_for()
    expect(row(panel, "/page")).to_have_attribute("aria-current", "true")


def test_a_page_that_is_refused_after_a_restart_stays_as_it_is(
    serve: Serve, context: BrowserContext
) -> None:
    server = serve()
    send(server, "/first")
    page = opened(context, server)
    row(page, "/first").wait_for()
    # As for a client that needs a token: it is another one now.
    page.route("**/api/ticket", lambda route: route.fulfill(status=403, body="Another token."))
    restart(server, "Ctrl-C")
    expect(page.get_by_role("alert")).to_contain_text("Another token.")
    expect(row(page, "/first")).to_have_count(1)
    assert page.evaluate("window.is_open") is True

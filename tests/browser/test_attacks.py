"""Pages that should not get at the panel, in a real browser, and what is written to harm it."""

from __future__ import annotations

import http.server
import re
import threading
import typing as t
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Dialog, Page, Route, expect

from tests.helpers.browser import is_fault, new_context, pick_view
from tests.helpers.servers import FLASK_RUN, PATIENCE, Server, wait_for

APP = '''
import logging, sqlite3
from flask import Flask, Response, flash, render_template, request, session
from jinja2 import DictLoader
from flask_lifecycle import Lifecycle
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import get_tracer, set_tracer_provider

app = Flask(__name__)
app.config["SECRET_KEY"] = "x"
Lifecycle(app)
set_tracer_provider(TracerProvider())
XSS = """{xss}"""
app.jinja_loader = DictLoader({{XSS: "page"}})

class Odd:
    def __repr__(self):
        return XSS

Odd.__name__ = Odd.__qualname__ = XSS

class Error(Exception):
    pass

Error.__name__ = XSS

@app.errorhandler(Error)
def handled(error):
    return "handled", 500

@app.get("/")
def index():
    return "<!doctype html><html><body>hello</body></html>"

@app.route("/xss/<path:path>", methods=["GET", "POST"])
def xss(path):
    session[XSS] = XSS
    flash(XSS, XSS)
    request.form, request.cookies, request.headers
    logging.getLogger(XSS).warning(XSS)
    logging.getLogger("app").warning("%s", XSS)
    connection = sqlite3.connect(":memory:")
    connection.execute("SELECT ?", (XSS,))
    connection.execute("SELECT '" + XSS.replace("'", "''") + "'")
    connection.close()
    get_tracer(XSS).start_span(XSS, attributes={{XSS: XSS, "url.full": XSS}}).end()
    render_template(XSS, odd=Odd(), text=XSS)
    raise Error(XSS, Odd())

@xss_hook
def never(): ...
'''.replace("@xss_hook\ndef never(): ...\n", "")
XSS = (
    "jaVasCript:/*-/*`/*\\\\`/*'/*\\\"/**/(/* */oNcliCk=alert() )//%0D%0A%0d%0a//</stYle/</titLe/"
    "</teXtarEa/</scRipt/--!>\\\\x3csVg/<sVg/oNloAd=alert()//>\\\\x3e"
    "<img src=x onerror=alert(1)><script>alert(2)</script>"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("app"), FLASK_RUN, APP.format(xss=XSS))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def attacker() -> Iterator[str]:
    """A page on another origin: another port of the same machine."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>attacker</title>")

        def log_message(self, *_: t.Any) -> None: ...

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_port}/"
    listening.shutdown()
    listening.server_close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = new_context(chromium)
    page = context.new_page()
    yield page
    context.close()


TRY = """async ([panel, host]) => {
  const found = {};
  const look = async (name, make) => {
    try { found[name] = await make(); } catch (error) { found[name] = String(error.name ?? error); }
  };
  const paths = ["", "api/traces", "api/app", "api/ticket", "toolbar.js"];
  for (const path of paths) {
    for (const method of ["GET", "POST", "DELETE"]) {
      await look(`fetch ${method} ${path}`, async () => {
        const answer = await fetch(panel + path, { method, credentials: "include" });
        return answer.status;
      });
      await look(`blind ${method} ${path}`, async () => {
        const answer = await fetch(panel + path, { method, mode: "no-cors" });
        return answer.type === "opaque" ? "opaque" : answer.status;
      });
    }
  }
  const element = (kind, source) => new Promise((resolve) => {
    const made = document.createElement(kind);
    made.onload = () => resolve("loaded");
    made.onerror = () => resolve("error");
    made.src = source;
    if (kind === "link") { made.rel = "stylesheet"; made.href = source; }
    document.body.append(made);
    setTimeout(() => resolve("nothing"), 60_000);
  });
  for (const path of ["api/traces", "api/app", "toolbar.js"]) {
    await look(`script ${path}`, () => element("script", panel + path));
  }
  await look("image", () => element("img", panel + "api/traces"));
  await look("style", () => element("link", panel + "api/traces"));
  await look("websocket", () => new Promise((resolve) => {
    const ws = new WebSocket(`ws://${host}/_lifecycle/socket.io/?EIO=4&transport=websocket`);
    ws.onmessage = () => resolve("message");
    ws.onopen = () => resolve("open");
    ws.onerror = () => resolve("error");
  }));
  await look("event source", () => new Promise((resolve) => {
    const source = new EventSource(panel + "api/traces");
    source.onmessage = () => resolve("message");
    source.onerror = () => { source.close(); resolve("error"); };
  }));
  return found;
}"""


def attacked(page: Page, server: Server) -> None:
    server.get("/")
    kept = len(server.api("traces")["traces"])
    panel = f"http://{server.address}/_lifecycle/"
    found: dict[str, t.Any] = page.evaluate(TRY, [panel, server.address])
    same = page.url.startswith(f"http://{server.address}/")
    for what, got in found.items():
        if same and what.endswith("toolbar.js"):
            continue  # which the app's pages are given
        assert got in ("TypeError", "opaque", "error", 403, 405), (what, got)
        if not same:
            assert got not in (403, 405), (what, got)  # not even that much is told
    # Nothing was forgotten.
    assert len(server.api("traces")["traces"]) >= kept


def test_another_port_gets_nothing(page: Page, server: Server, attacker: str) -> None:
    page.goto(attacker)
    attacked(page, server)


def test_another_site_gets_nothing(page: Page, server: Server, attacker: str) -> None:
    page.goto(attacker.replace("127.0.0.1", "localhost"))
    attacked(page, server)


def test_a_script_of_the_apps_own_pages_gets_nothing(page: Page, server: Server) -> None:
    page.goto(f"http://{server.address}/")
    attacked(page, server)


@pytest.mark.parametrize("path", ["", "api/traces"])
def test_no_page_can_frame_it(page: Page, server: Server, attacker: str, path: str) -> None:
    for opener in (attacker, f"http://{server.address}/"):
        page.goto(opener)
        page.evaluate(
            """(source) => new Promise((resolve) => {
                const frame = document.createElement("iframe");
                frame.onload = () => resolve();
                frame.src = source;
                document.body.append(frame);
            })""",
            f"http://{server.address}/_lifecycle/{path}",
        )
        frame = page.frames[-1]
        assert "lifecycle-key" not in frame.content()
        assert '"traces"' not in frame.content()


def test_a_window_that_another_origin_opens_is_out_of_its_reach(
    page: Page, server: Server, attacker: str
) -> None:
    page.goto(attacker)
    with page.context.expect_page() as opened:
        page.evaluate(
            "(url) => { window.other = open(url); }", f"http://{server.address}/_lifecycle/"
        )
    panel = opened.value
    panel.locator(".brand").wait_for()
    # Cross-Origin-Opener-Policy: neither knows of the other any more.
    page.wait_for_function("() => window.other.closed")
    assert panel.evaluate("() => window.opener") is None


def test_by_a_name_of_its_own_no_script_of_the_apps_reaches_it(page: Page, tmp_path: Path) -> None:
    own = Server(
        tmp_path,
        FLASK_RUN,
        APP.format(xss=XSS).replace(
            "Lifecycle(app)", "app.config['LIFECYCLE_HOST'] = 'panel.localhost'\nLifecycle(app)"
        ),
    )
    try:
        port = own.address.partition(":")[2]
        panel = f"http://panel.localhost:{port}/_lifecycle/"
        page.goto(f"http://localhost:{port}/")
        with page.context.expect_page() as opened:
            page.evaluate("(url) => { window.other = open(url); }", panel)
        opened.value.locator('.live:text-is("live")').wait_for()
        page.wait_for_function("() => window.other.closed")
        found = page.evaluate(
            """async ([panel, paths]) => {
                const got = [];
                for (const path of paths) {
                  for (const base of [panel, "/_lifecycle/"]) {
                    try { got.push((await fetch(base + path)).status); }
                    catch (error) { got.push(error.name); }
                  }
                }
                return got;
            }""",
            [panel, ["", "api/traces", "api/app"]],
        )
        assert found == ["TypeError", 403] * 3
        # The toolbar of the app's page leads there.
        expect(page.locator("flask-lifecycle-toolbar .go")).to_have_attribute(
            "href", re.compile(f"^{panel}")
        )
    finally:
        own.stop()


def test_a_name_that_is_bound_anew_is_refused(page: Page, server: Server) -> None:
    port = server.address.partition(":")[2]
    for name in ("evil.test", "localhost.evil.test"):
        # The browser takes it for the attacker's own origin: nothing of its own stops it.
        answer = page.goto(f"http://{name}:{port}/")
        assert answer is not None
        assert answer.status == 200
        found = page.evaluate(
            """async () => {
                const got = [];
                for (const path of ["", "api/traces", "api/app", "toolbar.js"]) {
                  const answer = await fetch("/_lifecycle/" + path);
                  got.push([answer.status, (await answer.text()).slice(0, 9)]);
                }
                return got;
            }"""
        )
        assert found == [[403, "This Host"]] * 4
        opened = page.goto(f"http://{name}:{port}/_lifecycle/")
        assert opened is not None
        assert opened.status == 403


def test_a_page_that_is_refused_says_why(page: Page, server: Server) -> None:
    address = f"http://{server.address}/_lifecycle/"

    def of_another_run(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=re.sub(r"[0-9a-f]{64}", "0" * 64, answer.text()))

    page.route(address, of_another_run)
    page.goto(address)
    expect(page.get_by_role("alert")).to_contain_text("its key is from an older run")


# Where what was written is shown, whenever it has come.
SHOWN = [
    "Timeline",
    "Steps",
    "SQL",
    "Templates",
    "Exceptions",
    "Changes",
    "Request",
    "Logs",
    "Spans",
    "App",
]
CLICK_ALL = """async (panel) => {
  for (const each of [...panel.querySelectorAll("button, summary, [data-step]")].slice(0, 60)) {
    each.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    await new Promise((done) => setTimeout(done));
  }
}"""


def test_what_an_attacker_writes_is_text(page: Page, server: Server) -> None:
    faults: list[str] = []

    def asked(dialog: Dialog) -> None:
        faults.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", asked)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if is_fault(said) else None)
    written = XSS.replace("\\\\", "\\").replace('\\"', '"')
    ask = urllib.request.Request(
        f"http://{server.address}/xss/{quote(written)}?{quote(written)}={quote(written)}",
        data=f"{quote(written)}={quote(written)}".encode(),
        headers={
            "Cookie": f"a={quote(written)}",
            "User-Agent": written,
            "X-Odd": written,
            "Referer": written,
        },
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(ask, timeout=PATIENCE)
    refused.value.close()
    page.goto(f"http://{server.address}/_lifecycle/")
    page.locator(".row", has_text="/xss/").first.click()
    page.locator('[data-view="diagram"] [data-stage="view"][data-state="raised"]').wait_for()
    panel = page.get_by_role("tabpanel")
    shown = []
    for name in ("Diagram", *SHOWN, "Response", "Profile"):
        pick_view(page, name)
        expect(panel).not_to_be_empty()
        expect(page.locator(".loading")).to_have_count(0)
        if name in SHOWN:
            expect(panel).to_contain_text("<script>alert(2)</script>", use_inner_text=True)
            shown.append(name)
        panel.evaluate(CLICK_ALL)
        expect(page.locator(".loading")).to_have_count(0)
        page.keyboard.press("Escape")
    page.goto(f"http://{server.address}/_lifecycle/?q={quote(written)}#{quote(written)}")
    expect(page.locator(".words")).to_contain_text("<script>alert(2)</script>")
    assert page.locator("img[src='x']").count() == 0
    assert shown == SHOWN
    assert faults == []


def test_a_closed_tab_leaves_nothing_in_the_log(page: Page, server: Server) -> None:
    def sockets() -> int:
        opened = 0
        for each in Path(f"/proc/{server.process.pid}/fd").iterdir():
            with suppress(OSError):
                opened += str(each.readlink()).startswith("socket:")
        return opened

    before = sockets()
    for _ in range(3):
        other = page.context.new_page()
        other.goto(f"http://{server.address}/_lifecycle/")
        other.locator('.live:text-is("live")').wait_for()
        other.close()
    wait_for(lambda: sockets() <= before)
    assert "flask_lifecycle/" not in server.log.read_text()
    failed = [line for line in server.log.read_text().splitlines() if line.endswith("500 -")]
    assert all("/xss/" in line for line in failed)


def test_the_fixture_writes_what_it_says(server: Server) -> None:
    assert "<script>alert(2)</script>" in Path(server.app).read_text()

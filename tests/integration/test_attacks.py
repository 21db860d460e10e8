"""Who should not get in, over real sockets: bytes that a browser would not send."""

from __future__ import annotations

import json
import os
import re
import socket
import time
import typing as t
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

import flask
import pytest
import socketio.packet
from flask import Flask
from werkzeug.test import Client

from flask_lifecycle import Lifecycle
from flask_lifecycle.panel.live.capacity import MOST
from flask_lifecycle.panel.live.metered_socket import MESSAGE_BYTES
from flask_lifecycle.panel.live.websocket import PING_SECONDS
from tests.helpers.apps import TOKEN
from tests.helpers.http import KEY, LIVE, PAGE, frame, let_in, request, shake, talk, ticket
from tests.helpers.processes import BACK, computed, descriptors_of, memory_of, threads_of
from tests.helpers.servers import APP_WITH_TOKEN, FLASK_RUN, Server, alive, batch, wait_for

BAD_HOSTS = (
    "evil.com",
    "localhost.evil.com",
    "localhost6",
    "127.0.0.1.nip.io",
    "",
    "[::1",
    "[::1]:x",
    "0.0.0.0",
    "2130706433",
    "0x7f.1",
    "localhost:80:80",
    "localhost@evil.com",
    "evil.com#localhost",
    "localh\xf6st",
    "localhost.",
    "127.0.0.1.",
    "[::1].",
    "[::1%25lo]",
    "127.1",
    "0177.0.0.1",
    "[::ffff:203.0.113.9]",
    ".localhost",
    "x..localhost",
    "evil.com#.localhost",
    "evil.com/.localhost",
    "evil.com@x.localhost",
    "evil.com,x.localhost",
    "evil.com x.localhost",
    "evil.com%00.localhost",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        # Else the allocator keeps some MB for each thread, of which there may be more at once.
        patch.setenv("MALLOC_ARENA_MAX", "1")
        server = Server(tmp_path_factory.mktemp("app"), FLASK_RUN, APP_WITH_TOKEN)
    # The first viewer has the websocket's packages imported.
    server.watch()[0].close()
    yield server
    server.stop()
    log = server.log.read_text()
    assert server.tracebacks() == []
    assert '" 500 ' not in log
    assert TOKEN not in log


@pytest.fixture(scope="module", autouse=True)
def silent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with as many websockets as there may be, none of which says a word.

    They are given up meanwhile: the other tests of this file take as long as that.
    """
    server = Server(tmp_path_factory.mktemp("silent"), FLASK_RUN, APP_WITH_TOKEN)
    sockets: list[socket.socket] = []

    def is_full() -> bool:
        path = f"{LIVE}&ticket={ticket(server)}"
        sock = server.connect()
        sockets.append(sock)
        sock.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {server.address}\r\nOrigin: http://{server.address}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {KEY}\r\n\r\n".encode()
        )
        answer = sock.recv(4096)
        assert answer.startswith((b"HTTP/1.1 101", b"HTTP/1.1 503"))
        return answer.startswith(b"HTTP/1.1 503")

    # On a slow machine the first ones may be given up before there are enough.
    wait_for(is_full)
    assert len(sockets) > MOST
    yield server
    for sock in sockets:
        sock.close()
    server.stop()


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_a_name_that_may_not_be_this_machine_is_refused(server: Server, host: str) -> None:
    for path in (PAGE, "/_lifecycle", "/_lifecycle/api/traces", "/_lifecycle/nothing"):
        answer = request(server, path, Host=host)
        assert answer.status == 403, (path, answer)
    answer = shake(server, Host=host, Origin=f"http://{host}")
    assert answer.status == 403
    # Refused means refused: nothing of the stream came.
    assert b"sid" not in answer.body


def test_names_of_this_machine_pass(server: Server) -> None:
    port = server.address.partition(":")[2]
    for host in (
        *("localhost", "127.0.0.1", "[::1]", "app.localhost", "LOCALHOST", "127.9.9.9"),
        *("[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "my_app.localhost"),
    ):
        named = f"{host}:{port}"
        assert request(server, Host=named).status == 200
        answer = let_in(server, Host=named)
        assert answer.status == 101
        assert b"sid" in answer.body


@pytest.mark.parametrize(
    "origin",
    ["http://evil.com", "null", "", "-", "http://localhost.evil.com", "{scheme}s", "{other}"],
)
def test_another_origin_opens_no_websocket(server: Server, origin: str) -> None:
    host, _, port = server.address.partition(":")
    origin = origin.format(scheme="http", other=f"http://{host}:{int(port) ^ 1}")
    if origin == "https":
        origin = f"https://{server.address}"
    answer = shake(server, Origin=origin)
    assert answer.status == 403
    assert b"sid" not in answer.body
    # And no header makes it the same.
    forged = shake(server, Origin=origin, X_Forwarded_Host=origin.partition("//")[2] or "evil.com")
    assert forged.status == 403


@pytest.mark.parametrize(
    "given", ["", TOKEN[:-1], f"{TOKEN}x", "%ff%fe", "%00", "é" * 30, quote("é" * 30), "a" * 8000]
)
def test_a_wrong_token_is_403_and_never_500(server: Server, given: str) -> None:
    far = {"X-Forwarded-For": "127.0.0.1"}
    given = given.encode("utf-8").decode("latin-1")
    assert request(server, f"{PAGE}?token={given}", headers=far).status == 403
    assert request(server, headers=far, Cookie=f"lifecycle_token={given}").status == 403
    assert request(server, headers=far, Cookie=f'lifecycle_token="{given}').status == 403


@pytest.mark.parametrize(
    "sign", ["\\", '\\"', "\\073", "=", ";", "; lifecycle_token=", '"', "\xff"]
)
def test_a_long_cookie_or_query_of_a_strangers_takes_no_time(server: Server, sign: str) -> None:
    far = {"X-Forwarded-For": "127.0.0.1"}
    long = sign * (60_000 // len(sign))
    before = computed(server)
    assert request(server, headers=far, Cookie=f'lifecycle_token="{long}"').status == 403
    assert request(server, f"{PAGE}?token={quote(long[:15_000])}", headers=far).status in (403, 414)
    assert request(server, headers={**far, "Host": long.replace("\xff", "x")}).status == 403
    assert request(server, headers={**far, "Origin": f"http://{long}"}).status == 403
    assert computed(server) - before < 3


def test_the_token_is_taken_once_into_a_cookie_of_the_prefix(server: Server) -> None:
    far = {"X-Forwarded-For": "203.0.113.9"}
    answer = request(server, f"{PAGE}?token={TOKEN}", headers=far)
    assert answer.status == 303
    assert answer.headers["Location"] == PAGE
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    cookie, *flags = answer.headers["Set-Cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/_lifecycle"} <= set(flags)
    assert request(server, headers=far, Cookie=cookie).status == 200
    for method in ("POST", "DELETE", "PUT"):
        assert request(server, f"{PAGE}?token={TOKEN}", method, far).status == 403
    # It does not stay in the address of who needs none, either.
    assert request(server, f"{PAGE}?token={TOKEN}").status == 303
    assert request(server, f"{PAGE}?token=x").status == 200
    traces = request(server, "/_lifecycle/api/traces", headers=far, Cookie=cookie)
    assert TOKEN.encode() not in traces.body


@pytest.mark.parametrize(
    "name",
    [
        "Forwarded",
        "Via",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Anything",
        "X-Real-IP",
        "X-Original-Host",
        "X-Original-URL",
        "X-Client-IP",
        "X-Amzn-Trace-Id",
        "X-Envoy-External-Address",
        "CF-Ray",
        "CDN-Loop",
        "Fly-Client-IP",
        "Tailscale-User-Login",
        "CF-Connecting-IP",
        "True-Client-IP",
    ],
)
def test_behind_a_proxy_nobody_is_this_machine(server: Server, name: str) -> None:
    for path in (PAGE, "/_lifecycle/api/traces", "/_lifecycle/api/app"):
        assert request(server, path, headers={name: "127.0.0.1"}).status == 403
    assert shake(server, headers={name: "127.0.0.1"}).status == 403


def test_a_proxy_that_says_nothing_of_itself_is_one(server: Server) -> None:
    """As nginx by default: HTTP/1.0, and the name of what it stands before."""
    for path in (PAGE, "/_lifecycle/api/traces", "/_lifecycle/api/app"):
        raw = f"GET {path} HTTP/1.0\r\nHost: {server.address}\r\nConnection: close\r\n\r\n"
        answer = talk(server, raw.encode())
        assert answer.status == 403
        assert b"lifecycle-key" not in answer.body


def test_without_debug_the_app_itself_says_404(tmp_path: Path) -> None:
    server = Server(tmp_path, [part for part in FLASK_RUN if part != "--debug"], APP_WITH_TOKEN)
    try:
        for path in (PAGE, LIVE, "/_lifecycle/api/traces"):
            answer = request(server, path)
            assert answer.status == 404
            assert b"The requested URL was not found on the server" in answer.body
            assert "X-Frame-Options" not in answer.headers
    finally:
        server.stop()


PATHS = (
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/index.html",
    "..\\..\\index.html",
    "%00",
    "panel%00.js",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    ".env",
    "../api.py",
    "....//....//api.py",
    "%c0%ae%c0%ae/api.py",
    "",
)


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_to_a_file_of_ones_choice(server: Server, path: str) -> None:
    server.get("/")
    known = server.api("traces")["traces"][0]["id"]
    for place in (
        f"/_lifecycle/assets/{path}",
        f"/_lifecycle/api/traces/{path}",
        f"/_lifecycle/api/traces/{known}/steps/{path}/source",
        f"/_lifecycle/api/traces/{path}/steps/0/source",
        f"/_lifecycle/toolbar/{path}",
    ):
        answer = request(server, place)
        # What is no path of the panel's is the app's own, which has none of these.
        assert answer.status in (200, 308, 404, 405), (place, answer)
        assert b"root:" not in answer.body
        assert b"create_traces" not in answer.body
        if answer.status == 200:
            assert place.rstrip("/") == "/_lifecycle/api/traces", place


TOLD = "/_lifecycle/toolbar/requests"


def test_a_tampered_id_is_404(server: Server) -> None:
    server.get("/")
    known = str(server.api("traces")["traces"][0]["id"])
    for changed in (known[:-1], known + "0", known[::-1], known.upper() + "Z", "0" * len(known)):
        assert request(server, f"/_lifecycle/api/traces/{changed}").status == 404
        assert request(server, f"/_lifecycle/api/traces/{changed}/steps/0/source").status == 404
        assert request(server, f"{TOLD}?of={changed}.{'0' * 32}").status == 404
    assert request(server, f"{TOLD}?of={known}.{'0' * 32}").status == 404


HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@pytest.mark.parametrize("path", ["", "api/traces", "api/app", "api/traces/x", "nothing", "%ff"])
def test_every_answer_bears_every_header(server: Server, path: str) -> None:
    for host in (server.address, "evil.com"):
        answer = request(server, PAGE + path, Host=host)
        assert HEADERS.items() <= answer.headers.items()
        policy = answer.headers["Content-Security-Policy"]
        for part in ("default-src 'none'", "frame-ancestors 'none'", "require-trusted-types-for"):
            assert part in policy
        assert "unsafe" not in policy
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("dest", ["serviceworker", "sharedworker", "worker"])
def test_nothing_of_the_panels_is_run_as_a_worker(server: Server, dest: str) -> None:
    sent = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "same-origin"}
    for path in ("", "toolbar.js", "assets/x.js", "api/traces"):
        answer = request(server, PAGE + path, headers={**sent, "Sec-Fetch-Dest": dest})
        assert answer.status == 403
        assert "Service-Worker-Allowed" not in answer.headers


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("dest", ["script", "image", "empty", "iframe", "document", "-"])
def test_another_site_gets_nothing(server: Server, site: str, dest: str) -> None:
    sent = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": dest}
    sent = {name: value for name, value in sent.items() if value != "-"}
    for path in ("", "api/traces", "api/app", "assets/x.js", "toolbar.js"):
        assert request(server, PAGE + path, headers=sent).status == 403
    assert request(server, f"{PAGE}api/traces", "DELETE", headers=sent).status == 403


def are_gone(server: Server) -> None:
    """Wait until the viewers of before are; those on their way out take the room of others."""
    # Who pings waits for up to 5 seconds, for all of them once.
    wait_for(lambda: threads_of(server) == 1, BACK)


def test_a_post_to_the_stream_is_refused_at_once(server: Server) -> None:
    are_gone(server)
    for path in (LIVE, f"{LIVE}&ticket={{}}", f"{LIVE}&sid=x", LIVE.split("?")[0]):
        for more in ({}, {"Upgrade": "websocket", "Connection": "Upgrade"}):
            took = []
            for _ in range(5):
                sent = path.format(ticket(server))
                begun = time.monotonic()
                answer = request(
                    server, sent, "POST", more, b"4x", Origin=f"http://{server.address}"
                )
                took.append(time.monotonic() - begun)
                assert 400 <= answer.status < 500
            # As no websocket that is given up, which is pinged first.
            assert min(took) < PING_SECONDS
    are_gone(server)


@pytest.mark.parametrize("transport", ["polling", "flashsocket", "webtransport", "", "%00"])
def test_websockets_are_the_only_transport(server: Server, transport: str) -> None:
    are_gone(server)
    path = f"/_lifecycle/socket.io/?EIO=4&transport={transport}&ticket={ticket(server)}"
    origin = f"http://{server.address}"
    for method in ("GET", "POST", "OPTIONS", "PUT"):
        assert request(server, path, method, Origin=origin).status in (400, 403)
    assert shake(server, path).status == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-WebSocket-Key": "-"},
        {"Sec-WebSocket-Version": "8"},
        {"Sec-WebSocket-Version": "-"},
        {"Connection": "close"},
        {"Upgrade": "h2c"},
    ],
    ids=str,
)
def test_what_is_no_handshake_is_400(server: Server, headers: dict[str, str]) -> None:
    assert let_in(server, headers=headers).status in (400, 426)


def test_no_subprotocol_or_extension_is_spoken(server: Server) -> None:
    answer = let_in(
        server,
        headers={
            "Sec-WebSocket-Protocol": "graphql-ws, x",
            "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
        },
    )
    assert answer.status == 101
    assert not {"sec-websocket-protocol", "sec-websocket-extensions"} & {
        name.lower() for name in answer.headers
    }


def test_a_ticket_is_good_for_one_websocket_and_ten_seconds(server: Server) -> None:
    def used() -> str | None:
        once = f"{LIVE}&ticket={ticket(server)}"
        status = shake(server, once).status
        # Those of the tests before may still be on their way out.
        assert status in (101, 503)
        return once if status == 101 else None

    assert shake(server, wait_for(used)).status == 403
    until, nonce, signature = ticket(server).split(".")
    for forged in (
        f"{int(until) + 60}.{nonce}.{signature}",
        f"{until}.{nonce}.{'0' * 64}",
        f"{until}.{nonce}",
        "..",
        "x",
    ):
        assert shake(server, f"{LIVE}&ticket={forged}").status == 403


ABUSES: dict[str, list[bytes]] = {
    "unfinished fragments": [
        frame(1, b"4", final=False),
        *[frame(0, b"x" * 4096, final=False)] * 5000,
    ],
    "a message too large": [frame(1, b"42" + b"x" * (2 * MESSAGE_BYTES))],
    "a frame that announces 8 EiB": [bytes([0x81, 0xFF]) + b"\x7f" + b"\xff" * 11 + b"x" * 100_000],
    "events": [frame(1, b'42["watch",{"trace":"x"}]')] * 10_000,
    "unknown events": [frame(1, b'42["nothing",1]')] * 10_000,
    "pings": [frame(9, b"x" * 100)] * 10_000,
    "pongs": [frame(1, b"3")] * 10_000,
    "binary": [frame(2, b"x" * 1000)] * 100,
    "an event of parts": [frame(1, b'451000000-["watch",{"_placeholder":true,"num":0}]')]
    + [frame(2, b"x" * 1000)] * 1000,
    "not masked": [frame(1, b"42", masked=False)],
    "a reserved opcode": [frame(3, b"x")],
    "no UTF-8": [frame(1, b"\xff\xfe")],
    "a deep message": [frame(1, b"42" + b"[" * 60_000)],
    "a huge number": [frame(1, b"42" + b"9" * 5000 + b'["ack",' + b"9" * 5000 + b"]")],
    "no event": [frame(1, b"42{}"), frame(1, b"42[]"), frame(1, b"42[1]"), frame(1, b'42"x"')],
    "other namespaces": [frame(1, b"40/%d," % number) for number in range(2000)],
    "wrong arguments": [
        *(frame(1, b'42["%b"]' % name) for name in (b"watch", b"ack", b"connect", b"disconnect")),
        *(frame(1, b'42["%b",1,2,3]' % name) for name in (b"watch", b"ack")),
        frame(1, b'42["watch",{"trace":["x"]}]'),
        frame(1, b'42["ack",1e999]'),
        frame(1, b'42["ack",-5]'),
    ],
    "noise": [os.urandom(1000) for _ in range(200)],
    "a close of wrong length": [frame(8, b"x")],
    "an empty message": [frame(1, b"")] * 100,
    "unknown packets": [frame(1, b"9"), frame(1, b"x"), frame(1, b"4"), frame(1, b"49")],
}


@pytest.mark.parametrize("abuse", ABUSES)
def test_what_a_viewer_sends_costs_little_and_leaves_nothing(server: Server, abuse: str) -> None:
    server.get("/")
    memory, descriptors = memory_of(server), descriptors_of(server)
    most = 0
    ws, _ = server.watch()
    assert ws.sock is not None
    begun = time.monotonic()
    try:
        for data in ABUSES[abuse]:
            ws.sock.sendall(data)
            if time.monotonic() - begun > 10:
                break
            most = max(most, memory_of(server))
    except OSError:
        pass  # it has had enough
    server.get("/")
    most = max(most, memory_of(server))
    ws.sock.close()
    assert most - memory < 5 * 1024 + 3 * MESSAGE_BYTES // 1024
    wait_for(lambda: descriptors_of(server) <= descriptors, BACK)
    # And the next viewer is served.
    ws, first = server.watch()
    assert first["reset"] is True
    ws.close()


def test_a_stream_survives_its_neighbours_abuse(server: Server) -> None:
    ws, _ = server.watch()
    bad, _ = server.watch()
    assert bad.sock is not None
    bad.sock.sendall(frame(3, b"x"))
    server.get("/?after")
    while not any("after" in trace["query"] for trace in batch(ws)["traces"]):
        pass
    bad.sock.close()
    ws.close()


def test_there_are_no_more_viewers_than_so_many(server: Server) -> None:
    with alive() as viewers:
        # Those of the tests before may still be on their way out; one socket listens.
        wait_for(lambda: descriptors_of(server) == 1)
        viewers.extend(server.watch()[0] for _ in range(MOST))
        assert shake(server).status == 503
        assert server.get("/") == "hello"
        viewers.pop().close()
        wait_for(lambda: shake(server).status == 101, BACK)


def test_the_stream_is_json_and_its_packages_are_mended() -> None:
    from flask_lifecycle.panel.live.hub import Hub
    from flask_lifecycle.panel.written import Json
    from flask_lifecycle.store import MemoryStore

    panel = Flask(__name__)
    hub = Hub(MemoryStore(1))
    hub.init_app(panel)
    server = panel.extensions["socketio"].server
    # No message queue, so nobody else's pickles (CVE-2025-61765).
    assert type(server.manager).__name__ == "Manager"
    assert issubclass(server.packet_class, socketio.packet.Packet)
    assert server.packet_class.json is Json
    assert Json.loads is json.loads
    assert server.eio.transports == ["websocket"]
    for package, least in (("python-socketio", (5, 18, 1)), ("python-engineio", (4, 15, 1))):
        assert tuple(int(part) for part in version(package).split(".")[:3]) >= least


# What answers a script of the app's own pages: they hold no data, or take a key for each request.
HOLDING = {"/api/breakpoints", "/api/held", "/api/held/<trace_id>"}
KEYLESS = {"/", "/assets/<path:name>", "/toolbar.js", "/toolbar/requests"}
STREAM = "/socket.io/"


def test_every_route_is_behind_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """A route that the gate does not know fails here, and one that changes anything on GET."""
    made: list[Flask] = []

    class Panel(Flask):
        def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
            super().__init__(*args, **kwargs)
            made.append(self)

    app = Flask(__name__)
    app.debug = True
    app.config["LIFECYCLE_TOKEN"] = TOKEN
    lifecycle = Lifecycle(app)
    monkeypatch.setattr(flask, "Flask", Panel)
    client = Client(app)
    local = {"HTTP_HOST": "localhost", "REMOTE_ADDR": "127.0.0.1"}
    browser = {"HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_SEC_FETCH_DEST": "empty"}
    client.get(PAGE, environ_overrides=local)
    (panel,) = made

    rules = {rule.rule: rule.methods or set() for rule in panel.url_map.iter_rules()}
    assert set(rules) > KEYLESS | HOLDING
    for rule, methods in {**rules, STREAM: {"GET", "POST"}}.items():
        path = PAGE[:-1] + re.sub(r"<int:\w+>", "0", re.sub(r"<(path:)?\w+>", "x", rule))
        for method in methods | {"GET", "POST", "DELETE", "PUT", "OPTIONS", "HEAD"}:

            def ask(method: str = method, path: str = path, **changes: str) -> int:
                overrides = {**local, **changes}
                with client.open(path, method=method, environ_overrides=overrides) as answer:
                    return answer.status_code

            assert ask(HTTP_HOST="evil.com") == 403, (method, rule)
            assert ask(REMOTE_ADDR="192.0.2.1") == 403, (method, rule)
            assert ask(HTTP_X_FORWARDED_FOR="127.0.0.1") == 403, (method, rule)
            assert ask(HTTP_ORIGIN="http://localhost:1") == 403, (method, rule)
            assert ask(HTTP_SEC_FETCH_SITE="cross-site") == 403, (method, rule)
            if rule in HOLDING and method not in ("GET", "HEAD", "OPTIONS"):
                # What holds requests takes the page's key or the token, from this machine too.
                assert ask() == 403, (method, rule)
                for wrong in ("x", "", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer é"):
                    assert ask(HTTP_AUTHORIZATION=wrong) == 403, (method, rule)
                given = {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}
                assert ask(**given) != 403, (method, rule)
                assert ask(**given, **browser) == 403, (method, rule)
                assert ask(**given, HTTP_HOST="evil.com") == 403, (method, rule)
            if rule not in KEYLESS - {"/"}:
                assert ask(**browser) == 403, (method, rule)
                assert ask(**browser, HTTP_X_LIFECYCLE_KEY="x") == 403, (method, rule)

        # What a GET may do: nothing.
        client.get("/").close()
        before = [trace.id for trace in lifecycle.traces(app)]
        client.get(path, environ_overrides=local).close()
        assert [trace.id for trace in lifecycle.traces(app)] == before


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /_lifecycle/ HTTP/1.1\r\n\r\n",
        b"GET /_lifecycle/ HTTP/1.0\r\n\r\n",
        b"GET http://evil.com/_lifecycle/ HTTP/1.1\r\nHost: evil.com\r\n\r\n",
        b"GET //_lifecycle/ HTTP/1.1\r\nHost: evil.com\r\n\r\n",
        b"GET /_lifecycle%2f HTTP/1.1\r\nHost: evil.com\r\n\r\n",
        b"GET /_lifecycle/%2e%2e/_lifecycle/ HTTP/1.1\r\nHost: evil.com\r\n\r\n",
        b"GET /_lifecycle/ HTTP/1.1\r\nHost: localhost\r\nHost: evil.com\r\n\r\n",
        b"GET /_lifecycle/ HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For:\r\n\r\n",
        b"GET /_lifecycle/?" + b"a=b&" * 5000 + b" HTTP/1.1\r\nHost: localhost\r\nVia: 1\r\n\r\n",
        b"GET /_lifecycle/ HTTP/1.1\r\nHost: localhost\r\nCookie: \xff=\xfe; "
        + b"a=b;" * 2000
        + b"\r\nVia: 1\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: evil.com\r\n\r\n",
        b"TRACE /_lifecycle/ HTTP/1.1\r\nHost: evil.com\r\n\r\n",
        b"GET /_lifecycle/ HTTP/1.1\r\nHost: evil.com\r\nX-HTTP-Method-Override: DELETE\r\n\r\n",
    ],
    ids=lambda raw: raw[:60].decode("latin-1"),
)
def test_odd_requests_get_no_page_and_no_500(server: Server, raw: bytes) -> None:
    answer = talk(server, raw)
    assert 300 <= answer.status < 500, answer
    assert b"lifecycle-key" not in answer.body


@pytest.mark.parametrize("length", ["-1", "abc", "99999999999999999999"])
def test_a_wrong_length_is_answered(server: Server, length: str) -> None:
    for path in ("api/traces", "api/batch", "api/ticket"):
        raw = (
            f"POST /_lifecycle/{path} HTTP/1.1\r\nHost: {server.address}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {length}\r\n"
            "Connection: close\r\n\r\n{}"
        )
        assert 200 <= talk(server, raw.encode()).status < 500


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b"{" * 60_000,
        b"[" * 60_000,
        b'{"running": [1, null, {}], "last": {}, "epoch": [], "watch": 5, "have": "x"}',
        b'{"have": -5, "running": 7}',
        b'{"have": 1e400}',
        b'{"have": true, "watch": "x"}',
        b'{"last": "\\ud800"}',
    ],
)
def test_whatever_is_asked_a_batch_comes_back(server: Server, body: bytes) -> None:
    server.get("/")
    answer = request(
        server, "/_lifecycle/api/batch", "POST", body=body, Content_Type="application/json"
    )
    assert answer.status == 200
    assert json.loads(answer.body)["reset"] is True


def test_a_body_too_large_is_413(server: Server) -> None:
    answer = request(
        server,
        "/_lifecycle/api/batch",
        "POST",
        body=b" " * (MESSAGE_BYTES + 1),
        Content_Type="application/json",
    )
    assert answer.status == 413


@pytest.mark.parametrize(
    "argument",
    ["-1", "0", "501", "1.5", "٣", "1e2", "x", "%00", "9" * 5000],
    ids=lambda text: text[:9],
)
def test_a_wrong_limit_is_named(server: Server, argument: str) -> None:
    answer = request(server, f"/_lifecycle/api/traces?limit={quote(argument, safe='%')}")
    assert answer.status == 400
    assert b"limit got" in answer.body


def test_nothing_is_left_of_them(server: Server) -> None:
    are_gone(server)


def test_a_socket_that_never_joins_the_stream_counts_and_ends_as_well(
    silent: Server,
) -> None:
    # None of them answers a ping.
    wait_for(lambda: threads_of(silent) == descriptors_of(silent) == 1, BACK)
    assert shake(silent).status == 101

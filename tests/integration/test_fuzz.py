"""Requests and frames made up at random: never a 500, never a traceback, and the app goes on.

``LIFECYCLE_TEST_EXAMPLES`` says how many of each (60).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers.http import KEY, LIVE, frame, parsed, ticket
from tests.helpers.servers import APP_WITH_TOKEN, FLASK_RUN, PATIENCE, Server, wait_for

some = settings(
    max_examples=int(os.environ.get("LIFECYCLE_TEST_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("app"), FLASK_RUN, APP_WITH_TOKEN)
    yield server
    server.stop()
    log = server.log.read_text()
    # What Werkzeug's server says of requests that it cannot read itself.
    assert "flask_lifecycle/" not in log
    assert server.tracebacks() == []


_paths = st.sampled_from(
    [
        "",
        "api/traces",
        "api/traces?limit=",
        "api/traces?before=",
        "api/traces?q=",
        "api/traces/",
        "api/traces/x/steps/",
        "api/app",
        "api/app/match?",
        "api/ticket",
        "api/batch",
        "api/profile",
        "api/bodies",
        "assets/",
        "toolbar.js",
        "toolbar/",
        "socket.io/?EIO=4&transport=websocket&ticket=",
        "?token=",
    ]
)
_line = st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=40)
_names = st.sampled_from(
    [
        "Host",
        "Origin",
        "Cookie",
        "Sec-Fetch-Site",
        "Sec-Fetch-Dest",
        "Sec-Fetch-Mode",
        "Upgrade",
        "Connection",
        "Sec-WebSocket-Key",
        "Sec-WebSocket-Version",
        "Sec-WebSocket-Extensions",
        "Content-Type",
        "Range",
        "If-None-Match",
        "If-Modified-Since",
        "Accept-Encoding",
        "X-Lifecycle-Key",
        "X-Forwarded-For",
        "X-HTTP-Method-Override",
    ]
)
_values = _line | st.sampled_from(
    [
        "localhost",
        "http://localhost",
        "same-origin",
        "document",
        "empty",
        "websocket",
        "Upgrade",
        "13",
        KEY,
        "application/json",
        "bytes=0-",
        "lifecycle_token=x",
        '"',
    ]
)


@some
@given(
    st.sampled_from(["GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "BREW"]),
    _paths,
    _line,
    st.lists(st.tuples(_names, _values), max_size=8),
    st.binary(max_size=200),
)
def test_requests(
    server: Server, method: str, path: str, more: str, headers: list[tuple[str, str]], body: bytes
) -> None:
    named = {name for name, _ in headers}
    lines = [f"{method} /_lifecycle/{path}{more} HTTP/1.1"]
    if "Host" not in named:
        lines.append(f"Host: {server.address}")
    lines += [f"{name}: {value}" for name, value in headers if name != "Connection"]
    lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
    answer = parsed(exchanged(server, "\r\n".join(lines).encode("latin-1") + body))
    assert answer.status < 500
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


@some
@given(st.binary(max_size=400))
def test_bytes(server: Server, data: bytes) -> None:
    head = f"GET /_lifecycle/ HTTP/1.1\r\nHost: {server.address}\r\n".encode()
    exchanged(server, head + data + b"\r\n\r\n")
    assert server.get("/") == "hello"


_events = st.builds(
    lambda name, rest: f'42["{name}"{rest}]',
    st.sampled_from(["ack", "watch", "connect", "disconnect", "*", "message", "x"]),
    st.sampled_from(["", ",1", ",null", ',{"trace":1}', ',{"trace":"x"}', ",[]", ",-1,2", ",1e9"]),
)
_packets = (_events | st.text(max_size=30) | st.from_regex(r"[0-9]{1,3}[-/,\[{]{0,4}")).map(
    lambda text: frame(1, text.encode("utf-8", "replace"))
)
_frames = st.builds(
    frame,
    st.integers(0, 15),
    st.binary(max_size=130),
    final=st.booleans(),
    masked=st.booleans(),
)


@some
@given(st.booleans(), st.lists(_packets | _frames | st.binary(max_size=20), max_size=20))
def test_frames(server: Server, joins: bool, frames: list[bytes]) -> None:
    host, _, port = server.address.partition(":")
    wait_for(lambda: joined(server, host, int(port), joins, frames))
    assert server.get("/") == "hello"


def joined(server: Server, host: str, port: int, joins: bool, frames: list[bytes]) -> bool:
    """Open a websocket and send; false where there is no room for one yet."""
    with socket.create_connection((host, port), timeout=PATIENCE) as sock:
        sock.sendall(
            f"GET {LIVE}&ticket={ticket(server)} HTTP/1.1\r\nHost: {server.address}\r\n"
            f"Origin: http://{server.address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n".encode()
        )
        if not sock.recv(4096).startswith(b"HTTP/1.1 101"):
            return False
        try:
            if joins:
                sock.sendall(frame(1, b"40{}"))
            for each in frames:
                sock.sendall(each)
        except OSError:
            pass  # it has had enough
    return True


def exchanged(server: Server, data: bytes, seconds: float = 2) -> bytes:
    """Send bytes; return what came in so many seconds, as of what waits there is no answer."""
    host, _, port = server.address.partition(":")
    found = b""
    with socket.create_connection((host, int(port)), timeout=seconds) as sock:
        try:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            while part := sock.recv(65536):
                found += part
        except (TimeoutError, ConnectionError):
            pass
    return found or b"HTTP/1.1 0 \r\n\r\n"


def test_what_is_made_up_meets_what_is_there(server: Server) -> None:
    """The requests of this test do reach the panel."""
    assert parsed(exchanged(server, page(server), PATIENCE)).status == 200


def page(server: Server) -> bytes:
    return f"GET /_lifecycle/ HTTP/1.1\r\nHost: {server.address}\r\n\r\n".encode()

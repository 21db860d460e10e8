"""The app's time is measured apart from the server's, which sends: a slow reader tells."""

from __future__ import annotations

import io
import socket
import threading
import time
import typing as t
from collections.abc import Iterator

import pytest
from flask import Flask, Response, send_file, stream_with_context
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import EnvironBuilder

from flask_lifecycle import Lifecycle
from flask_lifecycle.panel.toolbar_view import toolbar_view
from flask_lifecycle.recording.har import to_har
from flask_lifecycle.summary.filter import parse
from flask_lifecycle.summary.summarize import summarize
from flask_lifecycle.trace.model import client_status
from tests.helpers.apps import make_app
from tests.helpers.servers import wait_for

SLOW = 0.12
NAP = 0.02
CHUNK = b"x" * 200_000
LARGE = 30

#: How long the app itself has worked on purpose, in seconds.
worked: list[float] = []


def work() -> None:
    begun = time.perf_counter()
    time.sleep(NAP)
    worked.append(time.perf_counter() - begun)


def after_work(view: t.Callable[[], t.Any]) -> t.Any:
    work()
    return view()


def chunks() -> Iterator[bytes]:
    for _ in range(LARGE):
        yield CHUNK
    work()


def closing() -> Response:
    response = Response(CHUNK * LARGE)
    response.call_on_close(work)
    return response


def breaking() -> Iterator[bytes]:
    yield from chunks()
    raise ValueError("in the middle")


VIEWS: dict[str, t.Callable[[], t.Any]] = {
    "list": lambda: CHUNK * LARGE,
    "generator": lambda: Response(chunks()),
    "measured": lambda: Response(chunks(), headers={"Content-Length": str(len(CHUNK) * LARGE)}),
    "with-context": lambda: Response(stream_with_context(chunks())),
    "file": lambda: send_file(io.BytesIO(CHUNK * LARGE), mimetype="text/plain"),
    "closing": closing,
    "breaking": lambda: Response(breaking()),
}


def app_of_views() -> tuple[Flask, Lifecycle]:
    app, lifecycle = make_app()
    for name, view in VIEWS.items():
        app.add_url_rule(f"/{name}", name, lambda view=view: after_work(view))
    return app, lifecycle


class Timed(WSGIRequestHandler):
    """A server that notes how long it sends."""

    #: The clock when the send that goes on began, or None; and the seconds of those before.
    since: t.ClassVar[float | None]
    sent: t.ClassVar[float]

    def setup(self) -> None:
        super().setup()
        wfile: t.Any = self.wfile
        write = wfile.write

        def timed(data: t.Any) -> int:
            Timed.since = time.perf_counter()
            try:
                return int(write(data))
            finally:
                Timed.sent += time.perf_counter() - Timed.since
                Timed.since = None

        wfile.write = timed


def has_sent_for_long() -> bool:
    since = Timed.since
    return since is not None and time.perf_counter() - since > SLOW


def read_slowly(port: int, path: str) -> None:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", port))
        client.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        client.recv(1)
        # Until then the server cannot send on.
        wait_for(has_sent_for_long)
        while client.recv(1 << 20):
            pass


@pytest.mark.parametrize("name", VIEWS)
def test_what_the_server_sends_in_is_not_the_apps(name: str) -> None:
    app, lifecycle = app_of_views()
    worked.clear()
    Timed.since, Timed.sent = None, 0
    server = make_server("127.0.0.1", 0, app, request_handler=Timed)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    read_slowly(server.port, f"/{name}")
    thread.join()
    server.server_close()
    (live,) = app.extensions["lifecycle"]._store.newest()
    (trace,) = lifecycle.traces(app)
    summary = summarize(live)
    spent = sum(worked)
    assert trace.duration is not None
    assert trace.app_time is not None
    limit = trace.duration / 1e9 - Timed.sent
    assert Timed.sent > SLOW
    assert spent * 1e9 <= trace.app_time <= limit * 1e9
    assert summary["app_time"] == trace.app_time
    assert summary["sending"] is False
    assert all(0 <= begin <= end <= trace.app_time for _, begin, end in summary["strip"])
    entry = to_har([trace])["log"]["entries"][0]
    assert entry["timings"]["wait"] == pytest.approx(trace.app_time / 1e6)
    assert entry["time"] == pytest.approx(trace.duration / 1e6)
    page = toolbar_view(live)
    assert (page["elapsed"], page["sent"]) == (trace.app_time, trace.duration - trace.app_time)
    assert not parse(f"time:>{limit * 1e3}")(summary)
    assert parse(f"time:>={spent * 1e3}")(summary)
    assert client_status(summary) == 200
    lifecycle.undo(app)


def test_the_clock_of_a_running_request_stands_while_the_server_has_the_body() -> None:
    app, lifecycle = app_of_views()
    app.add_url_rule("/three", "three", lambda: Response(iter([b"a", b"b"])))
    body: t.Any = app(EnvironBuilder("/three").get_environ(), lambda *_: lambda _: None)
    (live,) = app.extensions["lifecycle"]._store.newest()
    for chunk in (b"a", b"b"):
        assert live.sending
        before = live.app_time
        assert live.app_time == before
        assert next(body) == chunk
        assert live.app_time > before
    assert summarize(live)["sending"]
    body.close()
    assert not live.sending
    assert 0 < live.app_time <= live.duration
    lifecycle.undo(app)


def test_a_nested_requests_time_is_also_that_of_the_one_around_it() -> None:
    app, lifecycle = app_of_views()
    worked.clear()
    app.add_url_rule("/outer", "outer", lambda: app.test_client().get("/closing").data)
    app.test_client().get("/outer").close()
    outer, inner = sorted(lifecycle.traces(app), key=lambda trace: trace.path, reverse=True)
    assert inner.parent == outer.id
    assert inner.app_time is not None
    assert outer.app_time is not None
    assert sum(worked) * 1e9 <= inner.app_time <= outer.app_time
    lifecycle.undo(app)


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError, 500), (SystemExit, None), (KeyboardInterrupt, None)]
)
def test_a_crash_that_goes_to_the_server_is_found_by_what_the_client_got(
    error: type[BaseException], status: int | None
) -> None:
    app, lifecycle = app_of_views()
    app.testing = True

    @app.get("/crash")
    def crash() -> str:
        raise error("crashed")

    with pytest.raises(error):
        app.test_client().get("/crash")
    (live,) = app.extensions["lifecycle"]._store.newest()
    summary = summarize(live)
    assert summary["status"] is None
    assert summary["app_time"] == summary["duration"]
    found = [parse(q)(summary) for q in ("status:5xx", "status:500", "status:>=500", "500")]
    assert found == [status == 500] * 4
    assert parse("has:error")(summary)
    assert toolbar_view(live)["status"] == status
    (trace,) = lifecycle.traces(app)
    assert to_har([trace])["log"]["entries"][0]["response"]["status"] == (status or 0)
    lifecycle.undo(app)

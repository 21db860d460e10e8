"""The ways an app is watched: the bare one, ours, and the peers, each in a process of its own.

A variant gets the app before its first request and returns the WSGI callable to send
requests to. What a peer patches globally stays in its process.
"""

from __future__ import annotations

import importlib.util
import json
import os
import threading
import typing as t
import urllib.request
from collections.abc import Callable

from flask import Flask

Variant = Callable[[Flask], t.Any]


def bare(app: Flask) -> t.Any:
    """Without anything."""
    return app


def off(app: Flask) -> t.Any:
    """With the extension, which is off."""
    from flask_lifecycle import Lifecycle

    app.config["LIFECYCLE_ENABLED"] = False
    Lifecycle(app)
    return app


def steps(app: Flask) -> t.Any:
    """With the extension, recording Flask's own steps alone."""
    app.config["LIFECYCLE_COLLECTORS"] = ()
    return recording(app)


def recording(app: Flask) -> t.Any:
    """With the extension, recording, and nobody looks."""
    app.config["LIFECYCLE_TOOLBAR"] = False
    return defaults(app)


def defaults(app: Flask) -> t.Any:
    """With the extension as it comes: recording, and the toolbar on pages."""
    from flask_lifecycle import Lifecycle

    app.config["LIFECYCLE_ENABLED"] = True
    Lifecycle(app)
    return app


def unheld(app: Flask) -> t.Any:
    """With the extension as it comes, but that no request can be held."""
    app.config["LIFECYCLE_HOLD"] = False
    return defaults(app)


def breakpoints(app: Flask) -> t.Any:
    """With the extension as it comes, and 50 breakpoints that hold none of these requests."""
    app.config["LIFECYCLE_TOKEN"] = token = "a-token-of-thirty-two-characters"
    app.config["LIFECYCLE_HISTORY"] = None
    defaults(app)
    points = [{"name": f"function{number}"} for number in range(49)]
    points.append({"stage": "view", "filter": "method:POST"})
    answer = app.test_client().put(
        "/_lifecycle/api/breakpoints",
        json={"breakpoints": points},
        headers={"Authorization": f"Bearer {token}"},
        # As of a server that has threads.
        environ_overrides={"wsgi.multithread": True, "werkzeug.socket": None},
    )
    assert answer.get_json()["cannot"] is None, answer.text
    return app


def viewer(app: Flask) -> t.Any:
    """With the extension, recording, while one viewer is sent everything."""
    app.config.update(LIFECYCLE_TOKEN="a-token-of-thirty-two-characters")
    recording(app)
    watch(app)
    return app


def debugtoolbar(app: Flask) -> t.Any:
    """flask-debugtoolbar with its default panels."""
    from flask_debugtoolbar import DebugToolbarExtension

    app.config["DEBUG_TB_ENABLED"] = True
    app.config["DEBUG_TB_INTERCEPT_REDIRECTS"] = False
    DebugToolbarExtension(app)
    return app


def opentelemetry(app: Flask) -> t.Any:
    """OpenTelemetry with a batch exporter that drops what it gets."""
    from opentelemetry import trace
    from opentelemetry.instrumentation.flask import FlaskInstrumentor
    from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

    class Nowhere(SpanExporter):
        def export(self, spans: t.Any) -> SpanExportResult:
            return SpanExportResult.SUCCESS

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Nowhere()))
    trace.set_tracer_provider(provider)
    instrumentor: t.Any = FlaskInstrumentor()
    instrumentor.instrument_app(app)
    # Also a version of SQLAlchemy that is newer than those it names.
    SQLAlchemyInstrumentor().instrument(skip_dep_check=True)
    return app


def sentry(app: Flask) -> t.Any:
    """Sentry with every request traced, to a transport that drops what it gets."""
    import sentry_sdk
    from sentry_sdk.transport import Transport

    class Nowhere(Transport):
        def capture_envelope(self, envelope: t.Any) -> None: ...

    sentry_sdk.init(dsn="http://key@127.0.0.1/1", traces_sample_rate=1.0, transport=Nowhere)
    return app


def pyinstrument(app: Flask) -> t.Any:
    """pyinstrument, as its documentation puts it around a request."""
    from flask import g
    from pyinstrument import Profiler

    @app.before_request
    def start() -> None:
        g.profiler = Profiler()
        g.profiler.start()

    @app.after_request
    def stop(response: t.Any) -> t.Any:
        g.profiler.stop()
        return response

    return app


def _pure(variant: Variant) -> Variant:
    """Return a variant without the compiled core."""

    def pure(app: Flask) -> t.Any:
        os.environ["FLASK_LIFECYCLE_PURE"] = "1"
        return variant(app)

    return pure


OURS: dict[str, Variant] = {
    each.__name__: each for each in (bare, off, steps, recording, defaults, viewer)
}
#: The same without the compiled core, where there is one.
PURE: dict[str, Variant] = {
    f"{each.__name__}, pure": _pure(each) for each in (steps, recording, defaults)
}
#: What the possibility of holding requests costs.
HOLDING: dict[str, Variant] = {
    each.__name__: each for each in (bare, unheld, defaults, breakpoints)
}
PEERS: dict[str, Variant] = {
    each.__name__: each for each in (debugtoolbar, opentelemetry, sentry, pyinstrument)
}


def is_installed(module: str) -> bool:
    """Return whether a module is there, without importing it."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def watch(app: Flask) -> None:
    """Connect one viewer over a real websocket, which acknowledges all it gets."""
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ws = connect(app, f"http://127.0.0.1:{server.server_port}")

    def acknowledge() -> None:
        while True:
            text = str(ws.recv())
            if text == "2":
                ws.send("3")
            elif text.startswith("42"):
                ws.send("42" + json.dumps(["ack", json.loads(text[2:])[1]["seq"]]))

    threading.Thread(target=acknowledge, daemon=True).start()


def connect(app: Flask, address: str) -> t.Any:
    """Open the live stream of an app that is served at an address."""
    import websocket

    cookie = f"lifecycle_token={app.config['LIFECYCLE_TOKEN']}"
    url = f"{address}/_lifecycle"
    ask = urllib.request.Request(f"{url}/api/ticket", headers={"Cookie": cookie}, method="POST")
    with urllib.request.urlopen(ask) as answer:
        ticket = json.load(answer)["ticket"]
    ws = websocket.create_connection(
        f"{url.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket&ticket={ticket}",
        origin=address,
        cookie=cookie,
    )
    ws.recv()
    ws.send("40{}")
    return ws

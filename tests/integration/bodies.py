"""Two apps that answer with bodies of many shapes: one bare, one watched; and servers for them.

``python -m tests.integration.bodies SERVER PORT`` serves both. A request for the watched one has
a header ``X-App: watched``; ``/told`` returns what the last body noticed, and the last trace.
"""

from __future__ import annotations

import functools
import io
import json
import os
import sys
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

from flask import Flask, Response, request, send_file, stream_with_context

from flask_lifecycle import Lifecycle

Environ = dict[str, t.Any]

#: What happened to the last body. A new list for each request, as a server may close the body of
#: one when it already runs the next.
EVENTS: list[str] = []
PARTS = [b"one;", b"two;", b"three\n"]
#: Whoever starts the server puts it there.
FILE = Path.cwd() / "content.txt"


def parts(fails: bool = False) -> Iterator[bytes]:
    return noted_parts(EVENTS, fails)


def noted_parts(events: list[str], fails: bool = False) -> Iterator[bytes]:
    try:
        for part in PARTS:
            events.append("part")
            yield part
            if fails:
                events.append("fails")
                raise ValueError("in the middle")
        events.append("end")
    finally:
        events.append("finally")


class Closed:
    def __init__(self) -> None:
        self.events = EVENTS

    def close(self) -> None:
        self.events.append("close")


class Again(Closed):
    """Can be iterated again and again."""

    def __iter__(self) -> Iterator[bytes]:
        self.events.append("iter")
        return noted_parts(self.events)


class Sized(Again):
    def __len__(self) -> int:
        return len(PARTS)


class Once(Closed):
    """An iterator that has a length, as a server's own buffers do."""

    def __init__(self) -> None:
        super().__init__()
        self._parts = parts()

    def __iter__(self) -> Once:
        self.events.append("iter")
        return self

    def __next__(self) -> bytes:
        return next(self._parts)


class SizedOnce(Once):
    def __len__(self) -> int:
        return len(PARTS)


class Items:
    """Is iterated as everything was before Python 2.2."""

    def __init__(self) -> None:
        self.events = EVENTS

    def __getitem__(self, index: int) -> bytes:
        self.events.append(f"item {index}")
        return PARTS[index]


class WithoutLength(Sized):
    def __len__(self) -> int:
        raise TypeError("it has none")


class Closing(Again):
    def close(self) -> None:
        super().close()
        raise ValueError("on closing")


class Fails(Again):
    def __iter__(self) -> Iterator[bytes]:
        self.events.append("fails")
        raise ValueError("at once")


class Several(list[bytes]):
    """A list of a class of its own."""

    def __init__(self, parts: list[bytes]) -> None:
        super().__init__(parts)
        self.events = EVENTS

    def close(self) -> None:
        self.events.append("close")


def wrapped(environ: Environ, file: t.IO[bytes]) -> t.Any:
    wrapper = environ.get("wsgi.file_wrapper")
    return iter(lambda: file.read(8192), b"") if wrapper is None else wrapper(file, 8192)


#: Bodies that something inside ``app.wsgi_app`` returns.
RAW: dict[str, Callable[[Environ], t.Any]] = {
    "list": lambda _: list(PARTS),
    "list-of-one": lambda _: [b"one"],
    "list-with-blanks": lambda _: [b"", b"one", b"", b"two"],
    "list-without-items": lambda _: [],
    "tuple": lambda _: tuple(PARTS),
    "tuple-without-items": lambda _: (),
    "own-list": lambda _: Several(PARTS),
    "generator": lambda _: parts(),
    "iterator": lambda _: iter(PARTS),
    "map": lambda _: map(bytes.upper, PARTS),
    "again": lambda _: Again(),
    "sized": lambda _: Sized(),
    "once": lambda _: Once(),
    "sized-once": lambda _: SizedOnce(),
    "items": lambda _: Items(),
    "without-length": lambda _: WithoutLength(),
    "closing-fails": lambda _: Closing(),
    "iter-fails": lambda _: Fails(),
    "middle-fails": lambda _: parts(fails=True),
    "bytes": lambda _: b"bytes",
    "bytearray": lambda _: bytearray(b"bytes"),
    "str": lambda _: "str",
    "strings": lambda _: ["one", "two"],
    "set": lambda _: {b"one"},
    "dict": lambda _: {b"one": b"two"},
    "file": lambda _: FILE.open("rb"),
    "wrapper": lambda environ: wrapped(environ, FILE.open("rb")),
    "wrapper-in-memory": lambda environ: wrapped(environ, io.BytesIO(b"in memory")),
}
#: Status, headers and body of what the app's views return.
VIEWS: dict[str, Callable[[], t.Any]] = {
    "text": lambda: "text",
    "empty": lambda: "",
    "generated": lambda: parts(),
    "generated-length": lambda: Response(parts(), headers={"Content-Length": "14"}),
    "streamed": lambda: stream_with_context(part + request.path.encode() for part in parts()),
    "passed": lambda: Response(list(PARTS), direct_passthrough=True),
    "fails": lambda: 1 / 0,
    "fails-later": lambda: parts(fails=True),
    "none": lambda: ("", 204),
    "unchanged": lambda: ("", 304),
    "sent": lambda: send_file(FILE, "text/plain", conditional=True),
    "sent-from-memory": lambda: send_file(io.BytesIO(b"in memory"), "text/plain"),
    "redirected": lambda: ("", 302, {"Location": "/text"}),
}


class Raw:
    def __init__(self, app: t.Any) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: t.Any) -> t.Any:
        name = environ["PATH_INFO"].removeprefix("/raw/")
        headers = [("Content-Type", "text/plain"), ("X-Shape", name), ("X-After", "1")]
        if name == "written":
            write = start_response("200 OK", headers)
            write(b"written;")
            return [b"returned"]
        if name == "late":
            return self._late(start_response, headers)
        if name == "started-twice":
            start_response("200 OK", headers)
            try:
                raise ValueError("instead")
            except ValueError:
                start_response("500 Instead", headers, sys.exc_info())
            return [b"instead"]
        if name in RAW:
            start_response("200 OK", headers)
            return RAW[name](environ)
        return self._app(environ, start_response)

    def _late(self, start_response: t.Any, headers: list[tuple[str, str]]) -> Iterator[bytes]:
        start_response("200 OK", headers)
        yield from parts()


def make_app() -> Flask:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "only a test"
    app.config["LIFECYCLE_MAX_TRACES"] = 5

    @app.after_request
    def plain(response: Response) -> Response:
        # The toolbar goes into pages.
        response.mimetype = "text/plain"
        response.call_on_close(functools.partial(EVENTS.append, "closed"))
        return response

    for name, view in VIEWS.items():
        app.add_url_rule(f"/{name}", name, view)
    app.wsgi_app = Raw(app.wsgi_app)  # type: ignore[method-assign]
    return app


bare = make_app()
watched = make_app()
watched.config["LIFECYCLE_ENABLED"] = True
lifecycle = Lifecycle(watched)


def told() -> dict[str, t.Any]:
    trace = lifecycle.traces(watched)[0] if lifecycle.traces(watched) else None
    return {"events": EVENTS, "trace": None if trace is None else trace.to_dict()}


def application(environ: Environ, start_response: t.Any) -> t.Any:
    if environ["PATH_INFO"] in ("/", "/told"):
        body = json.dumps(told()).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response("200 OK", headers)
        return [body]
    global EVENTS
    EVENTS = []
    app = watched if environ.get("HTTP_X_APP") == "watched" else bare
    return app(environ, start_response)


def _wsgiref(port: int) -> None:
    from wsgiref.simple_server import make_server

    make_server("127.0.0.1", port, application).serve_forever()


def _werkzeug(port: int) -> None:
    from werkzeug.serving import run_simple

    run_simple("127.0.0.1", port, application, threaded=True)


def _gevent(port: int) -> None:
    from gevent.pywsgi import WSGIServer

    WSGIServer(("127.0.0.1", port), application).serve_forever()


def _eventlet(port: int) -> None:
    import eventlet
    import eventlet.wsgi

    eventlet.wsgi.server(eventlet.listen(("127.0.0.1", port)), application)


def _waitress(port: int) -> None:
    import waitress

    waitress.serve(application, listen=f"127.0.0.1:{port}")


def _cheroot(port: int) -> None:
    from cheroot.wsgi import Server

    Server(("127.0.0.1", port), application).safe_start()


def _a2wsgi(port: int) -> None:
    import uvicorn
    from a2wsgi import WSGIMiddleware

    served: t.Any = WSGIMiddleware
    uvicorn.run(served(application), host="127.0.0.1", port=port)


def _tornado(port: int) -> None:
    import asyncio

    from tornado.httpserver import HTTPServer
    from tornado.wsgi import WSGIContainer

    async def run() -> None:
        HTTPServer(WSGIContainer(application)).listen(port, "127.0.0.1")
        await asyncio.Event().wait()

    asyncio.run(run())


def _twisted(port: int) -> None:
    from twisted.internet import reactor
    from twisted.web.server import Site
    from twisted.web.wsgi import WSGIResource

    # Its types are there in part.
    loop: t.Any = reactor
    site: t.Any = Site
    resource: t.Any = WSGIResource
    served = site(resource(loop, loop.getThreadPool(), application))
    loop.listenTCP(port, served, interface="127.0.0.1")
    loop.run()


def _uwsgi(port: int) -> None:
    command = [
        *("uwsgi", "--http-socket", f"127.0.0.1:{port}", "--virtualenv", sys.prefix),
        *("--module", f"{__spec__.name}:application", "--single-interpreter", "--enable-threads"),
        *("--threads", "2", "--die-on-term", "--need-app"),
    ]
    os.execv(Path(sys.executable).with_name("uwsgi"), command)


if __name__ == "__main__":
    globals()[f"_{sys.argv[1]}"](int(sys.argv[2]))

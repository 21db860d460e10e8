"""What is done by hand at any function is what Flask does for an app whose own code does so.

The truth is the bare app's: the bytes that it sends, and the steps of the same app when watched.
"""

from __future__ import annotations

import re
import socket
import typing as t
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    after_this_request,
    g,
    render_template_string,
    session,
    stream_with_context,
    url_for,
)
from flask.sessions import SecureCookieSession, SessionInterface

from flask_lifecycle import Lifecycle, Trace
from tests.helpers.holding import CONFIG, serving
from tests.helpers.servers import PATIENCE, wait_for

#: A function of the app below, what its code does, the status and the text.
Twin = tuple[str, str, "int | None", "str | None"]
DATE = re.compile(rb"(?im)^date: .*\r\n")


class Sessions(SessionInterface):
    """Keeps the session in a cookie, as it is, and notes what happens to it."""

    def open_session(self, app: Flask, request: t.Any) -> SecureCookieSession:
        return SecureCookieSession({"from": request.cookies.get("own", "")})

    def save_session(self, app: Flask, session: t.Any, response: Response) -> None:
        response.set_cookie("own", session.get("by", "nobody"))


def make(*, watched: bool, twin: Twin | None = None) -> Flask:
    """Make an app with a function at each place, the blueprint's too, all of which do something.

    :param twin: what one of them does in its own code, once.
    """
    app = Flask(__name__)
    app.debug = True
    app.config.update(CONFIG | {"LIFECYCLE_ENABLED": watched, "PROPAGATE_EXCEPTIONS": False})
    app.session_interface = Sessions()
    shop = Blueprint("shop", __name__)

    def decided(name: str, skipped: t.Any = None, response: t.Any = None) -> t.Any:
        """Return what the twin does in a function, as a list of one; nothing elsewhere."""
        if twin is None or twin[0] != name or "done" in g:
            return None
        # Flask calls some again after they raised.
        g.done = True
        _, do, status, text = twin
        if do == "raise":
            if status is None:
                raise RuntimeError(text)
            abort(status, description=text)
        if do == "skip":
            return [skipped]
        return [(text, status) if response is None else Response(text, status)]

    def hook(name: str, value: str) -> t.Any:
        def function(*_: t.Any, **__: t.Any) -> t.Any:
            if (found := decided(name)) is not None:
                return found[0]
            g.setdefault("said", []).append(value)
            return None

        function.__name__ = name
        return function

    def stamp(name: str) -> t.Any:
        def function(response: Response) -> t.Any:
            if (found := decided(name, response, response)) is not None:
                return found[0]
            response.headers[f"X-{name}"] = " ".join(g.get("said", []))
            return response

        function.__name__ = name
        return function

    app.url_value_preprocessor(hook("pull", "pulled"))
    shop.url_value_preprocessor(hook("pull_shop", "pulled in the shop"))
    app.url_defaults(hook("defaults", "defaults"))
    app.before_request(hook("load", "loaded"))
    shop.before_request(hook("check", "checked"))
    app.after_request(stamp("stamp"))
    shop.after_request(stamp("seal"))
    app.teardown_request(hook("clean", "cleaned"))
    shop.teardown_request(hook("sweep", "swept"))
    app.teardown_appcontext(hook("close", "closed"))

    @app.before_request
    async def wait() -> t.Any:
        found = decided("wait")
        return None if found is None else found[0]

    @app.context_processor
    def hints() -> t.Any:
        found = decided("hints", {})
        return {"hint": "sale"} if found is None else found[0]

    @shop.context_processor
    def prices() -> t.Any:
        found = decided("prices", {})
        return {"price": 5} if found is None else found[0]

    @shop.get("/book")
    def book() -> t.Any:
        if (found := decided("book")) is not None:
            return found[0]
        after_this_request(stamp("mark"))
        session["by"] = "ada"
        return render_template_string(
            "book {{ hint }} {{ price }} {{ url }}", url=url_for("shop.book", _external=False)
        )

    @app.get("/later")
    async def later() -> t.Any:
        found = decided("later")
        return "later" if found is None else found[0]

    @app.get("/stream")
    def stream() -> t.Any:
        found = decided("stream")
        if found is not None:
            return found[0]
        return Response(stream_with_context(part for part in ("one ", "two ", "three")))

    @app.get("/raise")
    def fails() -> t.Any:
        raise KeyError("nothing")

    @app.get("/broken")
    def breaks() -> t.Any:
        raise ValueError("broken")

    @app.errorhandler(KeyError)
    def handle(error: KeyError) -> t.Any:
        found = decided("handle")
        return ("handled", 409) if found is None else found[0]

    @app.errorhandler(404)
    async def missing(error: Exception) -> t.Any:
        found = decided("missing")
        return ("missing", 404) if found is None else found[0]

    @app.errorhandler(500)
    def sorry(error: Exception) -> t.Any:
        found = decided("sorry")
        return ("sorry", 500) if found is None else found[0]

    app.register_blueprint(shop)
    Lifecycle(app)
    return app


#: The functions, each with a path that calls it.
FUNCTIONS = {
    **dict.fromkeys(
        (
            *("pull", "pull_shop", "defaults", "load", "wait", "check", "hints", "prices", "book"),
            *("mark", "seal", "stamp", "sweep", "clean", "close"),
        ),
        "/book",
    ),
    "later": "/later",
    "stream": "/stream",
    "handle": "/raise",
    "missing": "/nothing",
    "sorry": "/broken",
}
ANSWERED = {
    *("load", "wait", "check", "book", "later", "stream", "handle", "missing", "sorry"),
    *("mark", "seal", "stamp"),
}
ACTIONS: list[tuple[str, int | None, str | None]] = [
    ("answer", 503, "busy <b>ä</b>"),
    ("skip", None, None),
    ("raise", 403, "no"),
    ("raise", None, "broken by hand"),
]


def received(address: str, path: str) -> bytes:
    """Ask by a socket; return every byte that comes, but for the date."""
    host, _, port = address.partition(":")
    found = b""
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x.test\r\nCookie: own=x\r\n\r\n".encode())
        with suppress(ConnectionResetError):
            while more := sock.recv(65536):
                found += more
    return DATE.sub(b"", found)


def last(app: Flask) -> Trace:
    def newest() -> Trace:
        return t.cast("Trace", app.extensions["lifecycle"].traces()[0])

    wait_for(lambda: newest().state == "done")
    return newest()


def journey(trace: Trace) -> list[tuple[str, str | None, str | None, int | None]]:
    """Return what Flask did; what is inside a function that was not called is not there."""
    return [
        (step.stage, step.name, step.outcome, step.parent)
        for step in trace.steps
        if step.stage not in ("log", "warning")
    ]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_done_by_hand_is_what_flask_does_for_code_that_does_so(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = FUNCTIONS[name]
    caplog.set_level("CRITICAL")
    app = make(watched=True)
    with serving(app) as tool, ThreadPoolExecutor(1) as pool:
        for do, status, text in ACTIONS:
            if do == "answer" and name not in ANSWERED:
                continue
            tool.set({"name": name, "once": True})
            sent = pool.submit(received, tool.address, path)
            assert tool.tell(tool.wait(), do, status=status, text=text) == (200, {"did": do})
            twin: Twin = (name, do, status, text)
            with serving(make(watched=False, twin=twin)) as bare:
                assert sent.result() == received(bare.address, path), twin
            trace = last(app)
            (hold,) = trace.intervened
            assert hold.did == do
            assert trace.steps[hold.step].name == name
            assert "by hand" in trace.to_dict()["steps"][hold.step]["explain"]
            assert f"by hand: {do}." in trace.explain()
            watched = make(watched=True, twin=twin)
            with serving(watched) as other:
                received(other.address, path)
            assert journey(trace) == journey(last(watched)), twin

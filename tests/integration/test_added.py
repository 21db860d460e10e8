"""What the extension adds to a response is told apart from the app's own."""

from __future__ import annotations

import typing as t

import pytest
from flask import Flask, Response
from werkzeug.test import Client

from flask_lifecycle import Lifecycle
from flask_lifecycle.recording.har import to_har
from tests.helpers.apps import steps_of

PAGE = "<!doctype html><html><body><h1>Ünï</h1></body></html>"
OPENED = {"Sec-Fetch-Dest": "document"}


def tagged(response: Response) -> Response:
    response.headers["Last-Modified"] = "Sun, 29 Nov 2026 19:00:00 GMT"
    response.set_etag("abc")
    return response


def without_store(response: Response) -> Response:
    response.cache_control.no_store = True
    return response


def with_cache(response: Response) -> Response:
    response.headers.add("Cache-Control", "private")
    response.headers["X-After"] = "1"
    return response


def later(app: t.Any) -> t.Any:
    """Return a middleware that changes headers afterwards."""

    def middleware(environ: t.Any, start_response: t.Any) -> t.Any:
        def started(status: str, headers: t.Any, *more: t.Any) -> t.Any:
            kept = [pair for pair in headers if pair[0] != "Cache-Control"]
            return start_response(status, [*kept, ("Cache-Control", "max-age=5")], *more)

        return app(environ, started)

    return middleware


HOOKS: dict[str, t.Callable[[Response], Response]] = {
    "plain": lambda response: response,
    "tagged": tagged,
    "no-store": without_store,
    "cached": with_cache,
}


def make(hook: str, *, wrapped: bool = False) -> Flask:
    app = Flask(__name__)
    app.add_url_rule("/", "page", lambda: PAGE)
    app.after_request(HOOKS[hook])
    if wrapped:
        app.wsgi_app = later(app.wsgi_app)  # type: ignore[method-assign]
    return app


def pairs(headers: t.Iterable[t.Any]) -> list[list[str]]:
    return [[name, value] for name, value in headers]


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("header", ["X-Lifecycle-Trace", "X-Mine", None])
@pytest.mark.parametrize("hook", HOOKS)
def test_the_response_is_the_apps_own(hook: str, header: str | None, *, wrapped: bool) -> None:
    bare = Client(make(hook, wrapped=wrapped)).get("/", headers=OPENED)
    app = make(hook, wrapped=wrapped)
    app.config.update(LIFECYCLE_ENABLED=True, LIFECYCLE_HEADER=header, LIFECYCLE_BODY_PREVIEW=True)
    lifecycle = Lifecycle(app)
    sent = Client(app).get("/", headers=OPENED)
    (trace,) = lifecycle.traces(app)
    (step,) = steps_of(trace, "start_response")
    (body,) = steps_of(trace, "body")
    assert step.detail["response"]["headers"] == pairs(bare.headers)
    assert body.detail["preview"] == PAGE
    added = step.detail["added"]
    tag = len(sent.data) - len(bare.data)
    assert added["bytes"] == tag > 0
    names = [name for name, _ in added["headers"]]
    assert ("Cache-Control" in names) == (not wrapped and hook != "no-store")
    assert (header in names) == (header is not None)
    assert added["removed"] == (["Last-Modified", "ETag"] if hook == "tagged" else [])
    response = to_har([trace])["log"]["entries"][0]["response"]
    wire = [[each["name"], each["value"]] for each in response["headers"]]
    assert sorted(wire) == sorted(pairs(sent.headers))
    assert response["bodySize"] == len(sent.data)
    lifecycle.undo(app)


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_without_a_toolbar_the_header_alone_is_added(method: str) -> None:
    app = make("tagged")
    app.config.update(LIFECYCLE_ENABLED=True, LIFECYCLE_TOOLBAR=False)
    lifecycle = Lifecycle(app)
    sent = Client(app).open("/", method=method, headers=OPENED)
    (trace,) = lifecycle.traces(app)
    (step,) = steps_of(trace, "start_response")
    assert step.detail["added"] == {
        "headers": [["X-Lifecycle-Trace", trace.id]], "removed": [], "bytes": 0,
    }  # fmt: skip
    bare = Client(make("tagged")).open("/", method=method, headers=OPENED)
    assert step.detail["response"]["headers"] == pairs(bare.headers)
    wire = to_har([trace])["log"]["entries"][0]["response"]["headers"]
    assert [[each["name"], each["value"]] for each in wire] == pairs(sent.headers)
    lifecycle.undo(app)


def test_the_key_of_a_request_is_not_kept_for_whoever_reads() -> None:
    app = make("plain")
    app.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle(app)
    asked = {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin"}
    # The compiled core takes over where it knows the headers.
    sent = [Client(app).get("/", headers=asked).headers["Server-Timing"] for _ in range(3)]
    for trace, timing in zip(lifecycle.traces(app)[::-1], sent, strict=True):
        (step,) = steps_of(trace, "start_response")
        told = dict(step.detail["added"]["headers"])["Server-Timing"]
        assert told == f'lifecycle;desc="{trace.id}.••••••"'
        assert timing.startswith(f'lifecycle;desc="{trace.id}.')
    lifecycle.undo(app)

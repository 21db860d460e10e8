"""Whatever an app holds and a viewer asks for, the panel's calls answer, and in JSON."""

from __future__ import annotations

import array
import json
import logging
import math
import mmap
import os
import re
import sqlite3
import typing as t
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Blueprint, Flask, Response, abort, flash, g, render_template_string, session
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import create_environ, run_wsgi_app

from flask_lifecycle import Lifecycle
from flask_lifecycle.recording import Recording
from flask_lifecycle.source.statement import statement
from flask_lifecycle.trace.model import Trace
from tests.helpers.recordings import assert_recorded

PREFIX = "/_lifecycle/"
# What a terminal would act on, or could not show.
CONTROLS = re.compile("[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\ud800-\\udfff]")
DEEP = "SELECT " + "abs(" * 101 + "1" + ")" * 101
SURROGATE = "\udce9\x00\u202e<b>"
STATEMENTS = [
    DEEP,
    "(" * 2000,
    "SELECT " + "(SELECT " * 400 + "1" + ")" * 400,
    "CASE WHEN " * 300,
    "BEGIN " * 400,
    "SELECT '\udce9'",
    "",
    " \0\n;",
    ";" * 4000,
    "-- " * 1000,
    "/*" * 2000,
    "'" * 1001,
    "x" * 100_000,
    "SELECT " + "a," * 2000,
]
VALUES: list[t.Any] = [
    SURROGATE,
    10**5000,
    -(2**53),
    math.nan,
    -math.inf,
    b"\xff" * 40,
    bytearray(9),
    memoryview(b"abc"),
    array.array("d", [math.nan]),
    mmap.mmap(-1, 4096),
    {math.nan: {SURROGATE: {None: [()]}}},
    object(),
    complex(math.nan, 1),
]


def hostile() -> Flask:
    """Make an app whose names, texts and values are as bad as Python lets them be."""
    app = Flask(__name__)
    app.config.update(LIFECYCLE_ENABLED=True, LIFECYCLE_BODY_PREVIEW=True, SECRET_KEY="x")
    app.debug = True
    app.config["BAD"] = VALUES
    app.config[SURROGATE] = SURROGATE
    app.extensions[SURROGATE] = None
    blueprint = Blueprint("blue\udce9", SURROGATE, root_path="/")

    def view(path: str) -> Response:
        g.value = VALUES
        setattr(g, SURROGATE, 10**400)
        session["value"] = "\udce9"
        flash(SURROGATE)
        logging.getLogger("bad\udce9").error("%s", SURROGATE, exc_info=ValueError(*VALUES))
        connection = sqlite3.connect(":memory:")
        for each in STATEMENTS:
            try:
                connection.execute(each, (b"x", 1.5, SURROGATE) if "?" in each else ()).close()
            except (sqlite3.Error, UnicodeError, ValueError):
                pass
        connection.close()
        try:
            render_template_string("{{ g.none }}\udce9{{ 1 / 0 }}")
        except ZeroDivisionError:
            pass
        if path == "fails":
            raise type("Bad\udce9", (Exception,), {})(*VALUES)
        if path == "aborts":
            abort(599 if path == "" else 418, SURROGATE)
        return Response(SURROGATE.encode("utf-8", "surrogatepass"), headers={"X-Bad": "\xff"})

    view.__name__ = view.__qualname__ = "bad\udce9"
    view.__module__ = SURROGATE
    source: t.Any = view
    source.__code__ = source.__code__.replace(co_filename="/nowhere/\udce9.py", co_firstlineno=1)
    app.add_url_rule("/ok/<path>", "ok\udce9", view)
    blueprint.add_url_rule("/blue/<path>", "end\udce9", view)
    app.register_blueprint(blueprint)
    app.before_request(type("Hook", (), {"__call__": lambda _self: None})())
    return app


PATHS = [
    "/ok/x",
    "/none\x1b]0;owned\x07\x9b2J",
    "/blue/fails",
    "/ok/aborts",
    "/none\udce9",
    "/ok/x?a=%ff&\udce9=\0",
    "//",
]


class Asked(t.NamedTuple):
    """What asks the panel of an app that has answered, and the traces of that."""

    client: t.Any
    traces: list[Trace]

    def __repr__(self) -> str:
        return "asked"


@pytest.fixture(scope="module")
def asked() -> Asked:
    app = hostile()
    lifecycle = Lifecycle(app)
    client = app.test_client()
    app.testing = False
    app.config["PROPAGATE_EXCEPTIONS"] = False
    for name in (app.name, "bad\udce9"):
        # What a worker of the tests captures, it could not send.
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
    for path in PATHS:
        environ = {"PATH_INFO": path.partition("?")[0], "QUERY_STRING": path.partition("?")[2]}
        environ |= {"HTTP_COOKIE": "a\udce9=\udce9; \xff", "HTTP_X_BAD": SURROGATE}
        with suppress(UnicodeError):  # Flask's own, of what is no path at all
            body, _, _ = run_wsgi_app(app, {**create_environ(), **environ})
            b"".join(body)
            t.cast("t.Any", body).close()
    return Asked(client, lifecycle.traces(app))


def test_a_lone_surrogate_is_shown_wherever_it_comes_from(asked: Asked) -> None:
    by_path = {trace.path: trace for trace in asked.traces}
    assert r"/none\udce9" in by_path
    steps = by_path["/blue/fails"].steps
    for stage in ("wsgi", "log", "flash", "sql", "view"):
        details = [json.dumps(step.detail) for step in steps if step.stage == stage]
        assert any(r"\\udce9" in detail for detail in details), stage


def open_(client: t.Any, path: str, method: str = "GET", **more: t.Any) -> t.Any:
    answer = client.open(PREFIX + path, method=method, **more)
    assert answer.status_code < 500, (method, path, answer.text)
    if answer.mimetype == "application/json" and answer.data:
        # As a browser reads it.
        read = json.loads(answer.data.decode(), parse_constant=lambda each: pytest.fail(each))
        json.dumps(read, ensure_ascii=False).encode()  # no lone surrogate
    return answer


def test_the_traces_of_a_hostile_app_are_recorded_as_they_are(asked: Asked, tmp_path: Path) -> None:
    client, traces = asked
    assert_recorded(traces)
    Recording.of(traces, app=client.application).save(tmp_path / "bug.json")
    read = Recording.load(tmp_path / "bug.json").traces
    assert [trace.id for trace in read] == [trace.id for trace in traces]
    for trace in (*read, *traces):
        assert not CONTROLS.search(trace.explain())
    for a in traces:
        assert a.compare(a).is_empty
        for b in traces:
            open_(client, f"api/compare?a={a.id}&b={b.id}")
            assert not CONTROLS.search(str(a.compare(b)))


def test_every_call_answers_about_the_traces_of_a_hostile_app(asked: Asked) -> None:
    client, traces = asked
    assert len(traces) == len(PATHS)
    for trace in traces:
        of = f"api/traces/{trace.id}"
        for path in (of, f"{of}.json", f"{of}.har", f"{of}/profile"):
            assert open_(client, path).status_code == 200
        for step in trace.steps:
            for what in ("source", "caller", "statement"):
                answer = open_(client, f"{of}/steps/{step.id}/{what}")
                if what == "statement":
                    assert answer.status_code == (200 if step.stage == "sql" else 404)
    ids = [trace.id for trace in traces]
    assert len(open_(client, "api/traces").json["traces"]) == len(PATHS)
    assert open_(client, "api/app").status_code == 200
    assert open_(client, "api/batch", "POST", json={}).status_code == 200
    for each in ids:
        open_(client, "api/batch", "POST", json={"watch": each, "have": 0})
    har = open_(client, "api/traces.har", "POST", json={"ids": ids}).json
    assert len(har["log"]["entries"]) == len(PATHS)


_ids = st.sampled_from(["", "x", "\0", "١", "..", "%00", "a" * 5000, "\udce9", "KEPT"])
_indexes = st.sampled_from(
    ["0", "-1", "1", "٣", "²", "9" * 30, "9" * 5000, "1.5", "0x1", " 1", "1e3", "", "\0", "00"]
)
_texts = st.text(max_size=40) | st.sampled_from(["9" * 5000, "-1", "٣", "nan", '"', "path:/(", "!"])
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
_methods = st.sampled_from(["GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS", "PATCH"])
_named = st.dictionaries(
    st.sampled_from(
        ["limit", "before", "q", "epoch", "path", "method", "host", "of", "shown", "a", "b", "like"]
    ),
    _texts,
)
_given = st.dictionaries(
    st.sampled_from(["ids", "as", "epoch", "last", "running", "watch", "have"]), _json
)
_routes = st.sampled_from(
    [
        "api/traces",
        "api/traces/{id}",
        "api/traces/{id}.har",
        "api/traces/{id}.json",
        "api/recordings",
        "api/compare",
        "api/compare/last",
        "api/traces.har",
        "api/traces/{id}/profile",
        "api/traces/{id}/steps/{index}/source",
        "api/traces/{id}/steps/{index}/caller",
        "api/traces/{id}/steps/{index}/statement",
        "api/app",
        "api/app/match",
        "api/ticket",
        "api/batch",
        "api/breakpoints",
        "api/held",
        "api/held/{id}",
        "api/profile",
        "toolbar/requests",
        "assets/{id}",
        "{id}",
    ]
)


@settings(max_examples=int(os.environ.get("LIFECYCLE_TEST_EXAMPLES", "150")))
@given(_methods, _routes, _ids, _indexes, _named, _given | _json)
def test_every_call_answers_to_whatever_is_asked(
    asked: Asked, method: str, route: str, name: str, index: str, query: t.Any, body: t.Any
) -> None:
    client, traces = asked
    if (method, route) == ("DELETE", "api/traces"):
        query["epoch"] = "another"
    name = traces[0].id if name == "KEPT" else quote(name, errors="surrogatepass")
    path = route.format(id=name, index=quote(index))
    open_(client, path, method, query_string=query, json=body)


@pytest.mark.parametrize("text", STATEMENTS, ids=range(len(STATEMENTS)))
def test_a_statement_is_shown_whatever_it_is(text: str) -> None:
    lines = statement(text)["lines"]
    shown = "".join(part for line in lines for _, part in line)
    assert "".join(shown.split()) == "".join(text.split())

"""Comparisons of requests: what is new, gone, slower and different, and what is chance."""

from __future__ import annotations

import json
import sqlite3
import time
import typing as t
from contextlib import closing
from dataclasses import replace

import pytest
from flask import Blueprint, Flask, Response, abort, g, redirect, request, session
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_lifecycle import Lifecycle, Step, Trace
from flask_lifecycle.trace.compare import Comparison, compare
from flask_lifecycle.trace.model import STAGES, Hold
from tests.helpers.oracle import REQUESTS, Oracle, make_oracle_app, oracle_traces

MS = 1_000_000


class Shop:
    """An app whose parts can be changed between two requests, as code is between two runs."""

    def __init__(self) -> None:
        self.lifecycle = Lifecycle()
        self.app = app = Flask("shop")
        app.config.update(SECRET_KEY="x", LIFECYCLE_ENABLED=True, PROPAGATE_EXCEPTIONS=False)
        app.logger.disabled = True
        self.lifecycle.init_app(app)
        self.before: list[t.Callable[[], t.Any]] = []
        self.view: t.Callable[[], t.Any] = lambda: "x"
        app.add_url_rule("/books", "books", lambda: self.view())
        app.before_request_funcs[None] = self.before
        self.client = app.test_client()

    def get(self, path: str = "/books", **more: t.Any) -> Trace:
        self.client.get(path, **more).close()
        return self.lifecycle.traces(self.app)[0]


@pytest.fixture
def shop() -> Shop:
    return Shop()


def lines(comparison: Comparison, mark: str) -> list[str]:
    return [line[2:] for line in str(comparison).splitlines() if line.startswith(f"{mark} ")]


@pytest.fixture(scope="module")
def traces() -> list[Trace]:
    """Requests of every kind."""
    return oracle_traces(propagate=False)


def test_a_request_compared_with_itself_is_empty(traces: list[Trace]) -> None:
    for trace in traces:
        comparison = trace.compare(trace)
        assert comparison.is_empty
        assert comparison.verdict == "No difference beyond the noise."
        assert [(each.a, each.b) for each in comparison.steps] == [
            (step.id, step.id) for step in trace.steps
        ]


def test_any_two_requests_are_compared_the_same_from_either_side(traces: list[Trace]) -> None:
    for a in traces:
        for b in traces:
            forth, back = a.compare(b), b.compare(a)
            assert forth.added == back.gone
            assert forth.gone == back.added
            assert {(each.a, each.b, each.what) for each in forth.steps if each.a and each.b} == {
                (each.b, each.a, each.what) for each in back.steps if each.a and each.b
            }
            assert [each.id for each in forth.gone] == sorted(each.id for each in forth.gone)
            assert sorted(each.a for each in forth.steps if each.a is not None) == [
                each.a for each in forth.steps if each.a is not None
            ]
            json.dumps(forth.to_dict(), allow_nan=False)
            assert str(forth).count("\n") >= 2


def test_the_same_request_again_differs_in_times_alone() -> None:
    app = make_oracle_app(Oracle(), PROPAGATE_EXCEPTIONS=False)
    app.logger.disabled = True
    lifecycle = Lifecycle(app)
    client = app.test_client()
    for method, path in REQUESTS:
        found = []
        for _ in range(3):  # the first one may set a cookie
            try:
                client.open(path, method=method, buffered=True).close()
            except (Exception, SystemExit):  # it goes out to the server
                pass
            found.append(next(each for each in lifecycle.traces(app) if each.parent is None))
        comparison = found[1].compare(found[2])
        if path == "/flash":
            # Nobody takes the messages, so that the session grows.
            assert [*comparison.changes.session.changed] == ["_flashes"]
            continue
        assert {each.what for each in comparison.steps} == {"same"}, path
        assert comparison.verdict == "No difference beyond the noise.", path


def test_requests_of_one_kind_differ_in_nothing(shop: Shop) -> None:
    comparison = shop.get().compare(shop.get())
    assert {each.what for each in comparison.steps} == {"same"}
    assert not comparison.headers
    assert not comparison.changes
    assert "One run each: times differ by chance too." in str(comparison)


def test_steps_that_one_of_them_has(shop: Shop) -> None:
    def load_user() -> None:
        g.user = "ann"

    def load_basket() -> None:
        g.basket = []

    shop.before[:] = [load_user]
    a = shop.get()
    shop.before[:] = [load_basket, load_user]
    b = shop.get()
    comparison = a.compare(b)
    assert [step.name for step in comparison.added] == ["load_basket"]
    assert comparison.gone == ()
    assert comparison.changes.g.added == {"basket": []}
    assert comparison.changes.g.by == {"basket": "load_basket"}
    assert comparison.verdict == "load_basket now runs, g.basket is new"
    assert b.compare(a).verdict == "load_basket no longer runs, g.basket is gone"
    assert b.compare(a).changes.g.by == {"basket": "load_basket"}
    [line] = lines(comparison, "+")[:1]
    assert line.startswith("before_request load_basket: only in B")
    # It stands after what it followed: neither the view nor anything before has moved.
    names = [(each.a, each.b) for each in comparison.steps]
    at = names.index((None, comparison.added[0].id))
    assert names[at - 1][1] == comparison.added[0].id - 1


def test_statements_are_counted_by_their_text(shop: Shop) -> None:
    def ask(times: int, text: str) -> str:
        connection = sqlite3.connect(":memory:")
        for _ in range(times):
            connection.execute(text).fetchall()
        connection.close()
        return "x"

    shop.view = lambda: ask(24, "select 1")
    a = shop.get()
    shop.view = lambda: ask(1, "select 1") + ask(1, "select 2")
    b = shop.get()
    comparison = a.compare(b)
    assert [(each.statement, each.a, each.b) for each in comparison.sql] == [
        ("select 1", 24, 1),
        ("select 2", 0, 1),
    ]
    assert comparison.verdict == "22 statements fewer"
    assert b.compare(a).verdict == "22 statements more"
    [line] = [line for line in lines(comparison, "-") if "select 1" in line]
    assert line.startswith("23 × sql select 1: only in A, ")
    matched = [each for each in comparison.steps if each.a is not None and each.b is not None]
    assert sum(a.steps[each.a or 0].name == "select 1" for each in matched) == 1


def test_a_wrapper_around_all_does_not_move_what_is_inside(shop: Shop) -> None:
    a = shop.get()
    inner = shop.app.wsgi_app

    def middleware(environ: t.Any, start_response: t.Any) -> t.Any:
        return inner(environ, start_response)

    vars(middleware)["__wrapped__"] = inner
    vars(shop.app)["wsgi_app"] = middleware
    comparison = a.compare(shop.get())
    assert {step.stage for step in comparison.added} == {"middleware"}
    assert comparison.gone == ()


def test_outcomes_and_statuses(shop: Shop) -> None:
    def guard() -> t.Any:
        return redirect("/login") if shop.app.config.get("CLOSED") else None

    shop.before[:] = [guard]
    a = shop.get()
    shop.app.config["CLOSED"] = True
    b = shop.get()
    comparison = a.compare(b)
    assert (comparison.status.a, comparison.status.b) == (200, 302)
    [changed] = [each for each in comparison.steps if each.what == "outcome"]
    assert a.steps[changed.a or 0].name == "guard"
    [line] = lines(comparison, "!")
    # Its time follows where it differs by much, as it does where the machine stood still.
    assert line.partition("; ")[0] == "before_request guard: ok → answered"
    assert changed.outcomes == ("ok", "answered")
    assert comparison.verdict.startswith(
        "200 became 302, <lambda> no longer runs, guard now answers"
    )
    assert [step.stage for step in comparison.gone] == ["dispatch", "view"]
    assert comparison.headers.response.added == {"location": "/login"}

    shop.before[:] = [lambda: "x"]
    answered = shop.get()
    shop.before[:] = [lambda: None]
    answers = shop.get()
    verdict = answered.compare(answers).verdict
    assert verdict == "<lambda> now runs, <lambda> no longer answers"

    shop.before[:] = []
    shop.view = lambda: 1 / 0
    broken = a.compare(shop.get())
    assert broken.verdict.startswith("200 became 500 (ZeroDivisionError)")
    shop.view = lambda: abort(409)
    assert a.compare(shop.get()).status.b == 409


def test_headers_session_and_what_differs_in_every_request(shop: Shop) -> None:
    counter = iter(range(99))

    def note() -> None:
        g.request_id = next(counter)
        g.started = time.time_ns()
        g.age = next(counter)  # a header of this name is not counted
        session["language"] = request.args["lang"]
        session["csrf_token"] = next(counter)

    def answer() -> Response:
        number = next(counter)
        headers = {
            "X-Request-Id": str(number),
            "Date": f"Mon, {number}",
            "ETag": request.args["lang"],
            "Content-Security-Policy": f"script-src 'nonce-{number}'",
        }
        return Response("x", headers=headers)

    shop.before[:] = [note]
    shop.view = answer
    shop.get("/books?lang=en")  # from now on, the client has a cookie
    a = shop.get("/books?lang=en", headers={"X-Old": "1", "User-Agent": "one"})
    b = shop.get("/books?lang=de", headers={"X-New": "2", "User-Agent": "two"})
    comparison = a.compare(b)
    assert comparison.headers.request.added == {"x-new": "2"}
    assert comparison.headers.request.removed == ("x-old",)
    assert comparison.headers.request.changed == {"user-agent": ["one", "two"]}
    assert comparison.headers.response.changed == {"etag": ["en", "de"]}
    assert {*comparison.headers.not_counted} == {"x-request-id", "date"}
    assert comparison.headers.response.by == {}  # the view made it
    assert comparison.verdict == 'session["language"], ETag and 1 more differ'
    assert comparison.changes.session.by == {"language": "note"}
    assert comparison.changes.session.changed == {"language": ["en", "de"]}
    assert [*comparison.changes.g.changed] == ["age"]
    assert {*comparison.changes.not_counted} == {"request_id", "started"}
    assert (comparison.url.a, comparison.url.b) == ("/books?lang=en", "/books?lang=de")
    assert "Not counted, as they differ in every request: " in str(comparison)
    assert "~ session language: en → de" in str(comparison)


def timed(trace: Trace, stage: str, took: int) -> Trace:
    """Return a trace in which a step, and what it is inside of, takes so long."""
    end = max(step.begin for step in trace.steps) + 100 * MS
    steps = tuple(
        replace(step, end=step.begin + took)
        if step.stage == stage
        else replace(step, end=step.begin if step.end is None else step.begin + MS)
        for step in trace.steps
    )
    return replace(trace, steps=steps, duration=end, app_time=10 * MS + took)


def test_times_of_several_runs_are_told_from_noise(shop: Shop) -> None:
    trace = shop.get()
    a = [timed(trace, "view", took * MS) for took in (10, 11, 12, 11, 90)]
    b = [timed(trace, "view", took * MS) for took in (20, 21, 22, 21, 21)]
    comparison = compare(a, b)
    [slower] = comparison.slower
    assert trace.steps[slower.a or 0].stage == "view"
    assert (slower.a_ns, slower.b_ns) == (11 * MS, 21 * MS)
    assert comparison.faster == ()
    assert comparison.beyond
    assert comparison.verdict == "10.0 ms slower"
    assert "chance" not in str(comparison)
    assert comparison.basis == (
        "Medians of 5 runs of A (±1.00 ms) and 5 of B (±0 µs): far beyond the noise."
    )
    assert comparison.basis in str(comparison)
    assert comparison.spread.a.times == (20 * MS, 21 * MS, 22 * MS, 21 * MS, 100 * MS)
    assert (comparison.spread.a.deviation, comparison.spread.b.deviation) == (MS, 0)
    assert "A  GET /books, 200, 21.0 ms, median of 5 runs" in str(comparison)
    [faster] = compare(b, a).faster
    assert faster.a_ns == 21 * MS

    noisy = [timed(trace, "view", took * MS) for took in (5, 15, 21, 30, 60)]
    assert not compare(a, noisy).slower
    assert compare(a, noisy).is_empty

    one = a[0].compare(b)
    assert one.slower
    assert one.verdict == "No difference beyond the noise."
    assert one.spread.a.deviation is None
    close = [timed(trace, "view", took * MS) for took in (13, 14, 15, 14, 93)]
    assert compare(a, close).basis.endswith(" of B (±1.00 ms): within the noise.")
    near = [timed(trace, "view", took * MS) for took in (15, 16, 17, 16, 95)]
    assert compare(a, near).basis.endswith(" of B (±1.00 ms): beyond the noise.")
    assert "One run of A: times differ by chance too." in str(one)
    assert "One run of B: times" in str(compare(a, b[0]))


def test_the_time_for_which_a_breakpoint_held_it_is_nobodys(shop: Shop) -> None:
    def view() -> str:
        with closing(sqlite3.connect(":memory:")) as connection:
            return str(connection.execute("select 1").fetchall())

    shop.view = view
    shop.before[:] = [lambda: None]
    trace = shop.get()
    for stage in ("wsgi", "before_request", "view", "sql"):
        held = _held_at(trace, stage, 9000 * MS)
        comparison = trace.compare(held)
        assert comparison.is_empty
        assert [(each.a_ns, each.inward.a_ns, each.outward.a_ns) for each in comparison.steps] == [
            (each.b_ns, each.inward.b_ns, each.outward.b_ns) for each in comparison.steps
        ]
        assert [each.a_ns for each in comparison.parts] == [each.b_ns for each in comparison.parts]
        assert [each.a_ns for each in comparison.sql] == [each.b_ns for each in comparison.sql]
        assert comparison.spread.a.times == comparison.spread.b.times
        assert "B: Breakpoints held it for 9.00 s. None of the times include it." in str(comparison)
        assert "9.00 s)" not in str(comparison)


def _held_at(trace: Trace, stage: str, ns: int) -> Trace:
    """Return a trace that was held before the first step of a stage ran."""
    at = trace.find(stage=stage)[0]

    def later(moment: int) -> int:
        return moment + ns if moment > at.begin else moment

    steps = tuple(
        replace(each, begin=later(each.begin), end=None if each.end is None else later(each.end))
        for each in trace.steps
    )
    return replace(
        trace,
        steps=steps,
        duration=(trace.duration or 0) + ns,
        app_time=(trace.app_time or 0) + ns,
        holds=(Hold(at.id, at.begin, at.begin + ns, "go"),),
    )


def test_a_step_is_named_where_its_own_time_grew(shop: Shop) -> None:
    def view() -> str:
        with closing(sqlite3.connect(":memory:")) as connection:
            return str(connection.execute("select 1").fetchall())

    shop.view = view
    trace = shop.get()
    [asked], [statement] = trace.find(stage="view"), trace.find(name="select 1")

    def run(took: int) -> Trace:
        steps = tuple(
            replace(step, end=step.begin + (took if step in (asked, statement) else 0))
            for step in trace.steps
        )
        return replace(trace, steps=steps)

    comparison = run(MS).compare(run(9 * MS))
    assert {each.a for each in comparison.slower} == {asked.id, statement.id}
    assert lines(comparison, ">") == ["sql select 1: 1.00 ms → 9.00 ms (+8.00 ms)"]
    assert lines(run(9 * MS).compare(run(MS)), "<") == [
        "sql select 1: 9.00 ms → 1.00 ms (−8.00 ms)"
    ]


def test_a_body_is_as_slow_as_its_client(shop: Shop) -> None:
    trace = shop.get()
    assert not timed(trace, "body", MS).compare(timed(trace, "body", 900 * MS)).slower


def test_the_verdict_has_three_clauses_at_most_in_their_order(shop: Shop) -> None:
    def ask() -> None:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute("select 1").fetchall()
        session["asked"] = True

    def broken() -> t.Any:
        raise KeyError("x")

    a = [timed(shop.get(), "view", 10 * MS) for _ in range(3)]
    shop.before[:] = [ask]
    b = [timed(shop.get(), "view", 90 * MS) for _ in range(3)]
    # The time of a comparison stands before all else but the status.
    assert compare(a, b).verdict == "80.0 ms slower, 1 statement more, ask now runs"
    shop.view = lambda: ("x", 409)
    c = [timed(shop.get(), "view", 90 * MS) for _ in range(3)]
    assert compare(c, a).verdict == "409 became 200, 80.0 ms faster, 1 statement fewer"
    shop.before[:] = []
    assert a[0].compare(c[0]).verdict == "200 became 409, 1 statement more, ask now runs"
    shop.app.error_handler_spec[None][None] = {KeyError: lambda _: ("x", 200)}
    shop.view = broken
    assert a[0].compare(shop.get()).verdict.startswith("<lambda> now raises KeyError, ")


def test_the_session_that_is_saved_or_not(shop: Shop) -> None:
    def sign_in() -> None:
        session["user"] = 7

    a = shop.get()
    shop.before[:] = [sign_in]
    comparison = a.compare(shop.get())
    [saved] = [each for each in comparison.steps if each.outcomes is not None]
    assert a.steps[saved.a or 0].stage == "session_save"
    assert saved.outcomes == ("no cookie", "cookie sent")
    assert "~ session_save session: no cookie → cookie sent" in str(comparison)
    assert comparison.headers.response.by["set-cookie"] == "session"


def test_the_ways_into_a_step_and_out_of_it(shop: Shop) -> None:
    trace = shop.get()
    [wsgi], [view] = trace.find(stage="wsgi"), trace.find(stage="view")
    first = min(step.begin for step in trace.steps if step.parent == wsgi.id)
    last = max(step.end or 0 for step in trace.steps if step.parent == wsgi.id)
    compared = {each.a: each for each in trace.compare(trace).steps}
    assert compared[wsgi.id].inward.a_ns == first - wsgi.begin
    assert compared[wsgi.id].outward.b_ns == (wsgi.end or 0) - last
    assert compared[view.id].inward.a_ns == compared[view.id].a_ns
    assert compared[view.id].outward.a_ns is None

    later = replace(wsgi, begin=wsgi.begin - 9 * MS)
    slow = replace(trace, steps=(later, *trace.steps[1:]))
    on_its_way_in = next(each for each in trace.compare(slow).steps if each.a == wsgi.id)
    assert (on_its_way_in.inward.beyond, on_its_way_in.outward.beyond) == (True, False)


def test_the_parts_of_the_time(shop: Shop) -> None:
    def ask() -> str:
        with closing(sqlite3.connect(":memory:")) as connection:
            return str(connection.execute("select 1").fetchall())

    shop.view = ask
    shop.before[:] = [lambda: None]
    trace = shop.get()
    parts = {each.name: each for each in trace.compare(trace).parts}
    assert [*parts] == ["sql", "templates", "hooks"]
    assert (parts["sql"].a, parts["templates"].a, parts["hooks"].a) == (1, 0, 1)
    spent = sum((step.end or 0) - step.begin for step in trace.find(stage="sql"))
    assert parts["sql"].a_ns == parts["sql"].b_ns == spent
    assert parts["templates"].a_ns == 0


def test_an_empty_side_is_refused(shop: Shop) -> None:
    with pytest.raises(ValueError, match="at least one trace on each side"):
        compare([], [shop.get()])


def test_two_rules_share_what_both_have() -> None:
    app = Flask("shop")
    app.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle(app)
    admin = Blueprint("admin", "admin", url_prefix="/admin")
    for of in (app, admin):
        of.before_request(lambda: None)
        of.add_url_rule("/page", "page", lambda: "x")
    app.register_blueprint(admin)
    client = app.test_client()
    client.get("/page").close()
    client.get("/admin/page").close()
    b, a = lifecycle.traces(app)
    comparison = a.compare(b)
    assert [(step.stage, step.scope) for step in comparison.added] == [
        ("before_request", "admin"),
        ("view", "admin"),
    ]
    assert [step.stage for step in comparison.gone] == ["view"]
    assert "url_match: /page → /admin/page" in str(comparison)


_names = st.sampled_from(["f", "g", "select 1", ""])


@st.composite
def _steps(draw: st.DrawFn) -> tuple[Step, ...]:
    made: list[Step] = []
    for index in range(draw(st.integers(0, 9))):
        name = draw(_names)
        begin = draw(st.integers(0, 10**7))
        made.append(
            Step(
                id=index,
                parent=draw(st.none() | st.integers(0, index - 1)) if index else None,
                stage=draw(st.sampled_from(STAGES)),
                name=name,
                callable=draw(st.none() | st.just(f"app:{name}")),
                source=None,
                scope=draw(st.sampled_from([None, "app", "admin"])),
                begin=begin,
                end=draw(st.none() | st.integers(begin, 10**8)),
                outcome=draw(st.sampled_from([None, "ok", "raised", "short_circuit"])),
                error=None,
                detail=draw(_details),
            )
        )
    return tuple(made)


_details = st.dictionaries(
    st.sampled_from(["changes", "request", "response", "kind", "block", "rows"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(["g", "session", "added", "changed", "removed", "headers"]), inner
            )
        ),
        max_leaves=8,
    ),
    max_size=3,
)


@settings(max_examples=60)
@given(first=_steps(), second=_steps())
def test_whatever_the_steps_are(
    traces: list[Trace], first: tuple[Step, ...], second: tuple[Step, ...]
) -> None:
    a, b = (replace(traces[0], steps=steps) for steps in (first, second))
    assert a.compare(a).is_empty
    forth, back = a.compare(b), b.compare(a)
    assert (forth.added, forth.gone) == (back.gone, back.added)
    assert {(each.a, each.b) for each in forth.slower} == {(each.b, each.a) for each in back.faster}
    assert forth.is_empty == back.is_empty
    assert [each.a for each in forth.steps if each.a is not None] == [step.id for step in first]
    assert [each.b for each in forth.steps if each.b is not None] == [step.id for step in second]
    json.dumps(forth.to_dict(), allow_nan=False)
    str(forth)

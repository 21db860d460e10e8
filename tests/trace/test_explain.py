"""Sentences of steps: true at any time, on one line, whatever a detail is."""

from __future__ import annotations

import itertools
import json
import random
import sqlite3
import sys
import threading
import types
import typing as t
from dataclasses import replace

import pytest
from flask import Flask

from flask_lifecycle import Lifecycle, Trace
from flask_lifecycle import faults as failing
from flask_lifecycle.trace.explain import Explainer, explain
from flask_lifecycle.trace.model import STAGES, Error, Step
from flask_lifecycle.trace.story import Story
from tests.helpers.growth import takes_less
from tests.helpers.oracle import Oracle, make_oracle_app, oracle_traces
from tests.helpers.records import step, trace_of

LONGEST = 240
PATIENCE = 20.0


def alone(stage: str, **more: t.Any) -> str:
    (sentence,) = explain(trace_of(step(0, stage, **more)))
    return sentence


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    found: dict[str, int] = {}
    monkeypatch.setattr(failing, "_faults", found)
    return found


@pytest.fixture(scope="module")
def requests() -> list[Trace]:
    """Requests of every kind, as the installed Flask handles them."""
    return oracle_traces(propagate=False) + oracle_traces(propagate=True)


def test_each_stage_has_a_sentence_of_its_own_that_ends_runs_or_raises(
    faults: dict[str, int],
) -> None:
    ended = [alone(stage) for stage in STAGES]
    running = [alone(stage, end=None, outcome=None) for stage in STAGES]
    error = Error("OddError", "odd")
    raised = [alone(stage, outcome="raised", error=error) for stage in STAGES]
    for sentences in (ended, running, raised):
        assert len({*sentences}) == len(STAGES)
    assert all(" still " in sentence for sentence in running)
    assert all("OddError" in sentence for sentence in raised)
    assert faults == {}


def told_live(trace: Trace, moments: t.Sequence[float]) -> dict[int, str]:
    """Send a request's steps to a viewer at some moments, and return what it shows at last."""
    viewer, shown, open_ = Explainer(), dict[int, str](), set[int]()

    def at(moment: float) -> t.Callable[[int], Step]:
        def read(index: int) -> Step:
            each = trace.steps[index]
            if each.end is None or each.end <= moment:
                return each
            return replace(each, end=None, outcome=None, error=None)

        return read

    for moment in sorted(moments):
        read = at(moment)
        begun = next((s.id for s in trace.steps if s.begin > moment), len(trace.steps))
        steps = [read(each) for each in sorted(open_) if read(each).end is not None]
        steps += [read(each) for each in range(len(shown), begun)]
        if steps:
            for each in viewer.explained(trace.header(), steps, read):
                shown[each["id"]] = each["explain"]
                (open_.discard if each["end"] is not None else open_.add)(each["id"])
    return shown


def test_what_a_viewer_is_told_live_comes_to_the_same(requests: list[Trace]) -> None:
    dice = random.Random(7)
    for trace in requests:
        times = [at for each in trace.steps for at in (each.begin, each.end or each.begin)]
        for moments in ([], times, dice.sample(times, min(8, len(times)))):
            shown = told_live(trace, [*moments, float("inf")])
            assert shown == dict(enumerate(explain(trace)))


def test_a_step_and_what_is_inside_it_may_come_in_two_messages(requests: list[Trace]) -> None:
    for trace in requests:
        whole = trace.to_dict()["steps"]
        for cut in range(1, len(whole)):
            for several in (True, False):
                # A page that polls has another one each time, which knows the steps that it has.
                viewer = Explainer()
                parts = [list(trace.steps[:cut]), list(trace.steps[cut:])]
                shown: dict[int, dict[str, t.Any]] = {}
                for part in parts:
                    viewer = viewer if several else Explainer()
                    told = viewer.explained(trace.header(), part, trace.steps.__getitem__)
                    shown |= {each["id"]: each for each in told}
                found = [shown[each].get("explain_begin") for each in range(len(whole))]
                assert found == [each.get("explain_begin") for each in whole]


def test_a_viewer_that_has_the_first_steps_is_sent_those_again_of_which_more_is_known(
    requests: list[Trace],
) -> None:
    for trace in requests:
        # While the app is called, its own step is open: all is sent from the first on.
        returned = trace.steps[0].end or 0
        for moment in {at for each in trace.steps for at in (each.begin, each.end or 0)}:
            if moment < returned:
                continue
            shown = told_live(trace, [moment])
            ended = (s.id for s in trace.steps if s.end is not None and s.end > moment)
            steps = [*trace.steps[min(ended, default=len(shown)) :]]
            if not steps:
                continue
            for each in Explainer().explained(trace.header(), steps, trace.steps.__getitem__):
                shown[each["id"]] = each["explain"]
            assert shown == dict(enumerate(explain(trace)))


def test_only_what_is_new_is_sent(requests: list[Trace]) -> None:
    plain = next(trace for trace in requests if trace.path == "/plain")
    viewer = Explainer()
    sent = [
        each["id"]
        for step in plain.steps
        for each in viewer.explained(plain.header(), [step], plain.steps.__getitem__)
    ]
    again = [index for index in {*sent} if sent.count(index) > 1]
    # Each of these is sent here after its end, and has something inside it only later.
    outer = {step.parent for step in plain.steps}
    names = {plain.steps[index].stage for index in again if index not in outer}
    assert names <= {"before_request", "after_request", "make_response", "start_response"}


def test_a_request_that_hangs_is_said_to(faults: dict[str, int]) -> None:
    app = Flask(__name__)
    app.config.update(LIFECYCLE_ENABLED=True)
    lifecycle = Lifecycle(app)
    inside, go_on = threading.Event(), threading.Event()

    @app.get("/")
    def hang() -> str:
        inside.set()
        go_on.wait(PATIENCE)
        return "done"

    thread = threading.Thread(target=lambda: app.test_client().get("/").close())
    thread.start()
    try:
        assert inside.wait(PATIENCE)
        (trace,) = lifecycle.traces(app)
        running = {each.stage: text for each, text in zip(trace.steps, explain(trace), strict=True)}
        text = trace.explain()
    finally:
        go_on.set()
        thread.join(PATIENCE)
    assert running["view"] == "The view hang is still running."
    assert running["wsgi"] == "The app's call for GET / is still running."
    assert text.splitlines()[0] == "GET /, no status, running"
    assert "  running      The view hang is still running." in text
    assert faults == {}


HOSTILE: tuple[t.Any, ...] = (None, 7, 2.5, "x", [], ["x"], {}, {"x": {"y": []}}, True, "\ud800\n")
DETAILS = (
    *("args", "block", "bytes", "changes", "chunks", "complete", "for", "from", "implied_by"),
    *("kind", "level", "macros", "many", "message", "receivers", "repeated", "returned"),
    *("streamed", "thread", "websocket"),
)


def test_no_detail_breaks_a_trace(faults: dict[str, int]) -> None:
    for stage, name, value in itertools.product(STAGES, DETAILS, HOSTILE):
        for more in ({}, {"end": None, "outcome": None}, {"outcome": "raised"}):
            trace = trace_of(step(0, stage, detail={name: value}, **more))
            (told,) = trace.to_dict()["steps"]
            assert told["explain"]
            assert len(told["explain"]) <= LONGEST
            sent = Explainer().explained(trace.header(), [*trace.steps], trace.steps.__getitem__)
            assert [each["explain"] for each in sent] == [told["explain"]]
            assert trace.explain()
            assert told["explain"].isprintable() or "\ud800" in told["explain"]


def test_a_sentence_that_fails_is_a_plain_one(
    faults: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = trace_of(step(0, "view", detail={"repeated": "often"}), step(1, "body_close"))
    assert explain(trace)[0] == "view x."
    assert explain(trace)[1].startswith("The server closes the body")
    assert faults == {"the sentence of a step (view)": 2}

    def broken(*_: t.Any) -> t.NoReturn:
        raise ValueError

    monkeypatch.setattr(Story, "take", broken)
    assert len(trace.to_dict()["steps"]) == 2


def test_long_and_many_lined_names_are_cut() -> None:
    name = f"begin{'x' * 5000}\n\t{'y' * 5000}end"
    for stage in STAGES:
        for more in ({}, {"outcome": "raised", "error": Error(name, name)}):
            steps = step(0, stage, name=name, scope=name, **more), step(1, "make_response")
            trace = trace_of(*steps, endpoint=name, path=name, blueprints=(name, name, name))
            sentence = explain(trace)[0]
            assert len(sentence) <= LONGEST
            assert sentence == " ".join(sentence.split())
    assert alone("view", name=name).startswith("The view beginx")
    assert "yend returns" in alone("view", name=name)


def test_what_repeats_says_how_often() -> None:
    app = Flask(__name__)
    app.config.update(LIFECYCLE_ENABLED=True, LIFECYCLE_MAX_STEPS=50)
    lifecycle = Lifecycle(app)

    @app.get("/")
    def loops() -> str:
        connection = sqlite3.connect(":memory:")
        for index in range(1200):
            connection.execute("select ?", (index,))
            with app.app_context():
                pass
        connection.close()
        return "done"

    app.test_client().get("/").close()
    (trace,) = lifecycle.traces(app)
    told = trace.to_dict()["steps"]
    lasts = [each for each in told if "repeated" in each["detail"]]
    assert {each["stage"] for each in lasts} == {"app_context_push", "app_context_pop"}
    for each in lasts:
        assert each["explain"].endswith("(×1,200, first and last shown).")
    (viewed,) = (each["explain"] for each in told if each["stage"] == "view")
    assert viewed.startswith("The view loops runs at least ")
    assert trace.explain().endswith(
        f"{trace.dropped_steps:,} more steps were counted and not kept."
    )


def test_transactions_are_told_as_what_they_do() -> None:
    app = Flask(__name__)
    app.config.update(LIFECYCLE_ENABLED=True)
    lifecycle = Lifecycle(app)

    @app.get("/")
    def writes() -> str:
        connection = sqlite3.connect(":memory:")
        connection.execute("create table a (b)")
        connection.execute("insert into a values (1)")
        connection.execute("savepoint c")
        connection.execute("rollback to c")
        connection.execute("release c")
        connection.commit()
        connection.execute("insert into a values (2)")
        connection.rollback()
        connection.close()
        return "done"

    app.test_client().get("/").close()
    (trace,) = lifecycle.traces(app)
    texts = explain(trace)
    told = [text for each, text in zip(trace.steps, texts, strict=True) if each.stage == "sql"]
    controls = [text for text in told if not text.startswith("The database runs")]
    assert controls == [
        "A connection to the database is opened.",
        "A transaction begins, by the driver, before the statement that follows.",
        "A savepoint is set inside the transaction.",
        "What changed since the savepoint is undone; the transaction goes on.",
        "The savepoint is released: what changed since then is the transaction's.",
        "COMMIT makes the changes of the transaction permanent.",
        "A transaction begins, by the driver, before the statement that follows.",
        "ROLLBACK undoes the changes of the transaction.",
    ]


def test_what_collectors_saw() -> None:
    assert alone("template", name="a.html", end=2_100_000) == "Jinja renders a.html in 2.10 ms."
    assert alone("template", name="a.html", detail={"block": "main"}) == (
        "Jinja renders the block main of a.html."
    )
    assert alone("template", name="forms.html", detail={"macros": 5}, end=1_200_000) == (
        "5 calls of the macros of forms.html take 1.20 ms."
    )
    assert alone("span", name="GET", end=12_300_000) == (
        "The OpenTelemetry span GET ends after 12.3 ms."
    )
    assert alone("sql", name="select 1", detail={"many": True}) == (
        "The database runs a statement many times: select 1."
    )
    assert alone("middleware", name="Gate") == (
        "Middleware Gate answers by itself; the app inside it is not called."
    )


def test_websockets() -> None:
    def told(**more: t.Any) -> list[str]:
        socket = {"opened": 0, "closed": None, "by": None, "code": None, **more}
        steps = step(0, "wsgi", detail={"websocket": socket}), step(1, "view"), step(2, "body")
        return [*explain(trace_of(*steps))]

    called, viewed, body = told(closed=3_200_000_000, by="client", code=1000)
    assert called == (
        "The WSGI server calls the app for GET /, and the connection becomes a WebSocket, "
        "open for 3.20 s and closed by the client (code 1000)."
    )
    assert viewed == (
        "The view x serves the WebSocket, open for 3.20 s and closed by the client (code 1000)."
    )
    assert body == "No body is sent: the connection was a WebSocket."
    assert told()[0].endswith("the connection becomes a WebSocket, which is open.")


def test_a_journey_as_text(requests: list[Trace]) -> None:
    trace = next(each for each in requests if each.path == "/parent/child/7" and not each.query)
    first, *lines = trace.explain().splitlines()
    assert first.startswith("GET /parent/child/7, 200, ")
    assert len(lines) == len(trace.steps)
    for each, line, sentence in zip(trace.steps, lines, explain(trace), strict=True):
        depth, parent = 0, each.parent
        while parent is not None:
            depth, parent = depth + 1, trace.steps[parent].parent
        assert line[9:] == f"  {'  ' * depth}{sentence}"
        assert line[:9].strip().endswith(("µs", "ms", " s"))


def test_steps_are_found_by_stage_and_name(requests: list[Trace]) -> None:
    trace = next(each for each in requests if each.path == "/parent/child/7" and not each.query)
    before = trace.find(stage="before_request")
    assert [each.name for each in before][:2] == ["before_one", "before_async"]
    assert trace.find(stage="before_request", name="*_before") == before[-2:]
    assert trace.find(name=before[0].callable) == before[:1]
    assert trace.find(name="none such") == ()
    module = str(before[0].callable).partition(":")[0]
    assert trace.find(stage="before_request", name=f"{module}:*") == before
    odd = trace_of(step(0, "template", name="a[1].html"), step(1, "template", name="a1.html"))
    assert [each.id for each in odd.find(name="a[1].html")] == [0, 1]
    assert [each.id for each in odd.find(name="a1*")] == [1]


def test_nothing_is_explained_on_the_requests_thread() -> None:
    app = make_oracle_app(Oracle())
    Lifecycle(app)
    client = app.test_client()
    client.get("/plain").close()
    called: set[str] = set()

    def saw(frame: types.FrameType, event: str, _arg: t.Any) -> None:
        if event == "call":
            called.add(frame.f_code.co_filename)

    sys.setprofile(saw)
    try:
        client.get("/parent/child/7", buffered=True).close()
    finally:
        sys.setprofile(None)
    assert any("flask_lifecycle" in name for name in called)
    assert not [name for name in called if "sentences" in name or name.endswith("explain.py")]


def long_trace(times: int) -> Trace:
    """Make a trace in which a view dispatches over and over, and all of that fails."""
    steps = [step(0, "wsgi"), step(1, "view", parent=0)]
    error = Error("OddError", "odd")
    stages = ("before_request", "dispatch", "view", "error_handler", "make_response")
    for _ in range(times):
        first = len(steps)
        for stage in (*stages, "after_request", "app_context_push", "app_context_pop", "sql"):
            parent = first + 1 if stage == "view" else 1
            raised = {"outcome": "raised", "error": error} if stage in stages[:3] else {}
            steps.append(step(len(steps), stage, parent=parent, **raised))
    return trace_of(*steps)


def test_it_takes_no_longer_for_each_step_of_a_long_trace() -> None:
    long, short = long_trace(1600), long_trace(200)
    assert takes_less(lambda: explain(long), 24, lambda: explain(short))


def test_json_has_the_sentences(requests: list[Trace]) -> None:
    for trace in requests:
        told = json.loads(json.dumps(trace.to_dict()))
        assert tuple(each["explain"] for each in told["steps"]) == explain(trace)


def test_a_step_that_contains_others_has_a_sentence_for_its_beginning(
    requests: list[Trace],
) -> None:
    firsts: dict[str, str] = {}
    for trace in requests:
        steps = trace.to_dict()["steps"]
        parents = {each["parent"] for each in steps}
        for each in steps:
            assert ("explain_begin" in each) is (each["id"] in parents)
            if "explain_begin" in each:
                text = each["explain_begin"]
                assert text == " ".join(text.split())
                assert text.endswith((".", "…"))
                # Nothing of what comes only later.
                assert " after " not in text
                firsts[each["stage"]] = text
    assert firsts["wsgi"].startswith("The WSGI server calls the app for ")
    assert firsts["view"].startswith("Flask calls the view ")
    assert firsts["dispatch"].startswith("Flask dispatches the request")


def test_a_stream_of_steps_has_them_too(requests: list[Trace]) -> None:
    trace = requests[0]
    told = Explainer().explained(trace.header(), [*trace.steps], trace.steps.__getitem__)
    assert [each.get("explain_begin") for each in told] == [
        each.get("explain_begin") for each in trace.to_dict()["steps"]
    ]

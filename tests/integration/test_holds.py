"""Requests are held at each step, and go on as if they had not been."""

from __future__ import annotations

import contextvars
import gc
import itertools
import statistics
import threading
import time
import typing as t
import weakref
from pathlib import Path

import pytest
from flask import (
    Blueprint,
    Flask,
    Response,
    after_this_request,
    g,
    got_request_exception,
    render_template_string,
    request,
    request_finished,
    request_started,
    session,
    stream_with_context,
    template_rendered,
)
from flask.sessions import SecureCookieSessionInterface, SessionInterface, SessionMixin
from itsdangerous import URLSafeSerializer
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_lifecycle import Lifecycle, Trace, faults
from flask_lifecycle.holds.holder import Holder
from flask_lifecycle.recorder import holding
from flask_lifecycle.recording import Recording
from tests.helpers.holding import CONFIG, Answer, Json, Tool, serving
from tests.helpers.servers import PATIENCE, wait_for

NO_STEP = {"log", "flash", "warning", "span"}


class Sessions(SecureCookieSessionInterface):
    """Signs without the time, so that answers can be compared."""

    def get_signing_serializer(self, app: Flask) -> t.Any:
        return URLSafeSerializer("x")


def make(*, watched: bool, **config: t.Any) -> Flask:
    app = Flask(__name__)
    app.debug = True
    app.config.update(
        CONFIG | {"LIFECYCLE_ENABLED": watched, "PROPAGATE_EXCEPTIONS": False} | config
    )
    app.session_interface = Sessions()
    vars(app)["wsgi_app"] = ProxyFix(app.wsgi_app)
    shop = Blueprint("shop", __name__)

    @app.before_request
    def load_user() -> None:
        g.user = "ada"
        session["seen"] = 1

    @shop.before_request
    def check() -> None: ...

    @shop.get("/book/<int:number>")
    def book(number: int) -> str:
        after_this_request(mark)
        return render_template_string("book {{ number }} {{ hint }}", number=number)

    def mark(response: Response) -> Response:
        response.headers["X-Mark"] = "1"
        return response

    @app.context_processor
    def hints() -> Json:
        return {"hint": "sale"}

    @app.get("/raise")
    def fails() -> t.NoReturn:
        raise KeyError("nothing")

    @app.get("/stream")
    def stream() -> Response:
        return Response(part for part in ("one ", "two ", "three"))

    @app.get("/async")
    async def later() -> str:
        return "later"

    @app.errorhandler(KeyError)
    def handle(error: KeyError) -> tuple[str, int]:
        return "handled", 409

    @app.errorhandler(404)
    def missing(error: Exception) -> tuple[str, int]:
        return "missing", 404

    @app.after_request
    def stamp(response: Response) -> Response:
        response.headers["X-Stamp"] = request.endpoint or "none"
        return response

    @app.teardown_request
    def tear_down(error: BaseException | None) -> None:
        if "breaks" in g:
            raise RuntimeError("torn down")

    @app.url_value_preprocessor
    def pull(endpoint: str | None, values: Json | None) -> None: ...

    @app.get("/torn")
    def torn() -> str:
        g.breaks = True
        return "never sent"

    @app.get("/cut")
    def cut() -> Response:
        def parts() -> t.Iterator[str]:
            yield "one "
            raise RuntimeError("in the middle")

        return Response(stream_with_context(parts()))

    @app.get("/nested")
    async def nested() -> bytes:
        return bytes(app.test_client().get("/book/5").data)

    def heard(sender: Flask, **_: t.Any) -> None: ...

    app.extensions["heard"] = heard
    for signal in (request_started, request_finished, template_rendered, got_request_exception):
        signal.connect(heard, app)
    app.register_blueprint(shop)
    Lifecycle(app)
    return app


def traces(app: Flask) -> list[Trace]:
    found: list[Trace] = app.extensions["lifecycle"].traces()
    return found


def stays(app: Flask) -> None:
    """Let the tool count as a viewer for longer than it does by itself: as long as it holds."""
    app.extensions["lifecycle"]._mount._holds.holder.viewers.called_by_tool(PATIENCE)


def bare_answer(path: str) -> Answer:
    with serving(make(watched=False)) as tool:
        return tool.send(path)


@pytest.fixture(autouse=True)
def _nothing_is_armed_afterwards() -> t.Iterator[None]:
    faults._faults.clear()
    yield
    faults._faults.clear()
    for holder in [*holding.holders.values()]:
        # Of a test that failed.
        t.cast("Holder", holder).close()
    holding.arm()
    assert not holding.armed


PATHS = ("/book/1", "/nothing", "/raise", "/stream", "/async", "/torn", "/cut")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("path", PATHS)
def test_a_request_is_held_at_each_step_and_answers_as_if_it_had_not_been(
    path: str, when: str
) -> None:
    app = make(watched=True)
    with serving(app) as tool:
        tool.set({"when": when})
        held = tool.go_through(tool.begin(path))
        tool.set()
    (answer,) = tool.answers
    assert answer == bare_answer(path)

    (trace,) = traces(app)
    assert trace.state == "done"
    expected = [step.id for step in trace.steps if step.stage not in NO_STEP]
    chunks = {"/stream": 3, "/cut": 1}.get(path, 0)
    expected += [step.id for step in trace.steps if step.stage == "body"] * chunks
    if when == "after":
        # Each chunk is a moment before; a body ends once.
        expected = [*dict.fromkeys(expected)]
    assert sorted(each["step"] for each in held) == sorted(expected)
    assert [each["when"] for each in held] == [when] * len(held)
    for each in held:
        step = trace.steps[each["step"]]
        named = step.name if step.stage not in ("dispatch", "url_match", "start_response") else ""
        assert each["stage"] == step.stage
        assert each["name"].startswith(named)
    assert len(trace.holds) == len(held)
    assert {hold.did for hold in trace.holds} == {"go"}
    # Inside the step if it was held before that, else after its end.
    steps = [(hold, trace.steps[hold.step]) for hold in trace.holds]
    inside = [step.stage for hold, step in steps if hold.begin < (step.end or 0)]
    assert inside == ([] if when == "after" else [step.stage for _, step in steps])
    lasted = trace.duration or 0
    assert all(0 <= hold.begin <= (hold.end or -1) <= lasted for hold in trace.holds)


@pytest.mark.parametrize("path", PATHS)
def test_it_goes_on_step_by_step_from_the_first_one(path: str) -> None:
    app = make(watched=True)
    with serving(app) as tool:
        tool.set({"stage": "wsgi", "once": True})
        held = tool.go_through(tool.begin(path), "step")
        assert tool.call("breakpoints")[1]["breakpoints"] == []
    assert tool.answers == [bare_answer(path)]
    ids = [each["step"] for each in held]
    assert ids[0] == 0
    assert set(ids) == {step.id for step in traces(app)[0].steps if step.stage not in NO_STEP}


def test_what_there_is_can_be_seen() -> None:
    with serving(make(watched=True)) as tool:
        tool.set({"name": "book"})
        sent = tool.begin("/book/7?token=secret&q=x")
        held = tool.wait()
        seen = held["seen"]
        assert seen["g"] == {"user": "ada"}
        assert seen["session"] == {"seen": 1}
        assert seen["arguments"] == {"number": 7}
        assert seen["response"] is None
        assert seen["error"] is None
        assert seen["request"]["endpoint"] == "shop.book"
        assert seen["request"]["url_rule"] == "/book/<int:number>"
        assert "secret" not in str(held)
        first, second, *_ = seen["stack"]
        assert (first["function"], first["own"]) == ("book", True)
        assert (second["function"], second["own"]) == ("dispatch_request", False)
        assert not any("flask_lifecycle" in each["file"] for each in seen["stack"][1:])
        assert [each["name"] for each in seen["next"]] == ["stamp", "tear_down"]
        assert held["can"] == ["go", "step", "end", "all", "answer", "skip", "raise"]
        assert 0 < held["left"] <= 120
        tool.tell(held, "all")
        sent.join()
        # Later: the response, and what it was given.
        tool.set({"stage": "session_save"}, {"stage": "before_request", "when": "after"})
        sent = tool.begin("/book/7")
        held = tool.wait()
        assert (held["name"], held["when"]) == ("load_user", "after")
        assert held["seen"]["g"] == {"user": "ada"}
        assert held["seen"]["arguments"] is None
        assert held["seen"]["next"][0]["name"] == "check"
        tool.tell(held, "go")
        tool.tell(tool.wait(), "go")
        held = tool.wait()
        assert held["stage"] == "session_save"
        assert held["seen"]["response"]["status"] == "200 OK"
        assert ["X-Stamp", "shop.book"] in held["seen"]["response"]["headers"]
        tool.tell(held, "go")
        sent.join()
        tool.set()
    # The session was not touched by looking at it.
    assert tool.answers[0].headers == bare_answer("/book/7").headers


@pytest.mark.parametrize(
    ("breakpoint_", "do", "why"),
    [
        ({"stage": "session_save"}, "skip", "not a function of the app"),
        ({"stage": "dispatch"}, "answer", "not a function of the app"),
        ({"name": "book", "when": "after"}, "answer", "It has already run"),
        ({"name": "tear_down"}, "answer", "ignores what this function returns"),
        ({"name": "hints"}, "answer", "ignores what this function returns"),
        ({"name": "book", "when": "after"}, "end", "has ended"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason_and_it_stays_held(
    breakpoint_: Json, do: str, why: str
) -> None:
    with serving(make(watched=True)) as tool:
        tool.set({**breakpoint_, "once": True})
        sent = tool.begin("/book/1")
        held = tool.wait()
        assert do not in held["can"]
        status, answer = tool.tell(held, do)
        assert status == 409
        assert why in answer["error"]
        assert tool.held()[0]["trace"] == held["trace"]
        for wrong in (
            {"do": "answer", "status": 100},
            {"do": "answer", "status": "200"},
            {"do": "answer", "text": "\ud800"},
            {"do": "raise", "status": 200},
            {"do": "eval"},
            {"do": None},
            {},
        ):
            assert tool.call(f"held/{held['trace']}", "POST", wrong)[0] in (400, 409)
        assert tool.call("held/unknown", "POST", {"do": "go"})[0] == 404
        tool.tell(held, "go")
        assert tool.call(f"held/{held['trace']}", "POST", {"do": "go"})[0] in (404, 409)
        sent.join()


class Hostile:
    """Each thing that is done to it is noted and fails; a repr would also take an hour."""

    done: t.ClassVar[list[str]] = []

    def __repr__(self) -> str:
        self.done.append("repr")
        time.sleep(3600)
        return ""

    def __getattribute__(self, name: str) -> t.NoReturn:
        Hostile.done.append(name)
        raise RuntimeError(name)


def _noted(name: str) -> t.Any:
    def method(self: t.Any, *_: t.Any) -> t.NoReturn:
        Hostile.done.append(name)
        raise RuntimeError(name)

    return method


METHODS = (
    *("__str__", "__len__", "__iter__", "__bool__", "__getitem__", "__contains__", "__format__"),
    *("items", "keys", "values", "get", "lower", "casefold", "encode", "__eq__", "__int__"),
)
HOSTILE: list[type] = [
    type(
        f"Hostile{base.__name__.title()}",
        (base,),
        {**{name: _noted(name) for name in METHODS}, "__repr__": _noted("__repr__")},
    )
    for base in (dict, list, str, int, bytes, tuple)
]


class HugeSession(dict[str, t.Any], SessionMixin):
    items = keys = values = __iter__ = __len__ = _noted("the session")


def test_nothing_of_the_apps_is_run_to_see_what_there_is_and_huge_objects_take_no_time() -> None:
    app = make(watched=True)
    huge = dict.fromkeys(map(str, range(100_000)), Hostile())

    class Sessions(SessionInterface):
        def open_session(self, app: Flask, request: t.Any) -> HugeSession:
            session = HugeSession(password="hunter2")
            dict.update(session, huge)
            return session

        def save_session(self, app: Flask, session: t.Any, response: Response) -> None: ...

    @app.get("/hostile")
    def hostile(**given: t.Any) -> str:
        endless: list[t.Any] = []
        endless.append(endless)
        g.update = Hostile()
        g.huge, g.endless, g.token = huge, endless, "hunter2"
        g.bearer = {"Authorization": "Bearer hunter2hunter2hunter2"}
        vars(g).update({f"own{at}": kind() for at, kind in enumerate(HOSTILE)})
        Hostile.done.clear()
        return render_template_string("")

    app.session_interface = Sessions()
    with serving(app) as tool:
        tool.set({"stage": "template"})
        sent = tool.begin("/hostile")
        held = tool.wait()
        assert Hostile.done == []
        tool.set()
        tool.tell(held, "go")
        sent.join()
    seen = held["seen"]
    assert seen["g"]["update"].endswith("Hostile>")
    assert len(seen["g"]) == 5 + 1 + len(HOSTILE)
    assert len(seen["session"]) == 100
    assert "hunter2" not in str(held)
    assert len(str(held)) < 100_000


def test_a_lock_that_a_held_request_has_is_free_when_its_time_is_up() -> None:
    app = make(watched=True, LIFECYCLE_HOLD_SECONDS=1)
    lock = threading.Lock()

    @app.get("/locked")
    def locked() -> str:
        with lock:
            return render_template_string("locked")

    with serving(app) as tool:
        tool.set({"stage": "template", "once": True})
        stays(app)
        first = tool.begin("/locked")
        # Or was, where the machine stood still for that long.
        wait_for(lambda: any(trace.holds for trace in traces(app)))
        # Who does not need it goes on.
        assert tool.send("/async").status == 200
        second = tool.begin("/locked")
        first.join()
        second.join()
    assert [hold.did for trace in traces(app) for hold in trace.holds] == ["time"]
    assert [each.body for each in tool.answers] == [b"locked"] * 2


def test_to_the_end_of_a_step_then_on() -> None:
    with serving(make(watched=True)) as tool:
        tool.set({"stage": "dispatch", "once": True})
        sent = tool.begin("/book/1")
        held = tool.wait()
        tool.tell(held, "end")
        wait_for(lambda: tool.held() and tool.held()[0]["when"] == "after")
        after = tool.held()[0]
        assert (after["step"], after["stage"]) == (held["step"], "dispatch")
        tool.tell(after, "go")
        sent.join()


def test_only_requests_that_match_a_filter_are_held() -> None:
    with serving(make(watched=True)) as tool:
        tool.set({"stage": "view", "filter": "bp:shop path:/book/2"})
        for path in ("/book/1", "/async", "/nothing"):
            tool.send(path)
        sent = tool.begin("/book/2")
        tool.tell(tool.wait(), "go")
        sent.join()
        # What has to be counted, and what is not known yet.
        tool.set({"stage": "view", "filter": "changes:>=1 -status:500"})
        sent = tool.begin("/book/1")
        tool.tell(tool.wait(), "go")
        sent.join()
        tool.set()


def test_a_switch_turns_all_off_and_each_has_its_own() -> None:
    with serving(make(watched=True)) as tool:
        tool.set({"name": "book", "on": False}, {"name": "load_user", "filter": "path:/x"})
        tool.send("/book/1")
        tool.set({"name": "book"}, on=False)
        assert not holding.armed
        tool.send("/book/1")
        assert tool.call("breakpoints")[1]["breakpoints"][0]["name"] == "book"


def test_others_go_on_beside_a_held_request() -> None:
    def took(tool: Tool, number: int) -> float:
        begun = time.perf_counter()
        assert tool.send(f"/book/{number}").status == 200
        return time.perf_counter() - begun

    with serving(make(watched=False)) as bare, serving(make(watched=True)) as tool:
        tool.set({"name": "book", "filter": "path:/book/1"})
        sent = tool.begin("/book/1")
        held = tool.wait()
        # In turns: whatever else the machine does meets both.
        ratios = [took(tool, number) / took(bare, number) for number in range(200, 400)]
        assert statistics.median(ratios) < 5
        assert tool.held()[0]["trace"] == held["trace"]
        tool.tell(held, "go")
        sent.join()
        tool.set()


def test_all_are_let_go_and_held_no_more() -> None:
    with serving(make(watched=True)) as tool:
        tool.set({})
        sent = [tool.begin(f"/book/{number}") for number in range(5)]
        tool.wait(5)
        assert tool.call("held", "POST", {"do": "all"}) == (200, {"did": "all", "released": 5})
        for each in sent:
            each.join()
        assert tool.call("held", "POST", {"do": "answer"})[0] == 400
        tool.set()
    assert [each.status for each in tool.answers] == [200] * 5


def test_a_request_goes_on_by_itself_after_its_time() -> None:
    app = make(watched=True, LIFECYCLE_HOLD_SECONDS=0.3)
    with serving(app) as tool:
        tool.set({"name": "book"})
        stays(app)
        begun = time.monotonic()
        assert tool.send("/book/1").status == 200
        assert time.monotonic() - begun >= 0.3
        tool.set()
    assert [hold.did for hold in traces(app)[0].holds] == ["time"]


def test_it_goes_on_when_the_extension_is_removed() -> None:
    app = make(watched=True)
    with serving(app) as tool:
        tool.set({})
        sent = tool.begin("/book/1")
        tool.wait()
        Lifecycle().undo(app)
        sent.join()
    assert tool.answers == [bare_answer("/book/1")]
    assert not holding.armed


def test_nobody_is_held_while_nobody_watches() -> None:
    app = make(watched=True)
    with serving(app) as tool:
        tool.set({"name": "book"})
        watching = app.extensions["lifecycle"]._mount._holds.holder.viewers
        watching._forget()
        assert tool.send("/book/1").status == 200
        tool.set({"name": "book"})
        sent = tool.begin("/book/1")
        tool.wait()
        watching._forget()
        sent.join()
        tool.set()
    assert [hold.did for hold in traces(app)[0].holds] == ["left"]


def test_one_thread_cannot_hold_and_says_why() -> None:
    with serving(make(watched=True), threaded=False) as tool:
        assert "one request at a time" in tool.call("breakpoints")[1]["cannot"]
        status, answer = tool.call("breakpoints", "PUT", {"breakpoints": [{"name": "book"}]})
        assert status == 409
        assert "one request at a time" in answer["error"]
        assert tool.call("held")[1]["room"] == 0
        assert tool.send("/book/1").status == 200


@pytest.mark.parametrize("config", [{"LIFECYCLE_HOLD": False}, {"DEBUG": False}])
def test_nothing_is_held_where_that_is_off(config: Json) -> None:
    app = make(watched=True, **config)
    app.debug = config.get("DEBUG", True)
    with serving(app) as tool:
        assert tool.call("breakpoints")[1]["cannot"]
        status, _ = tool.call("breakpoints", "PUT", {"breakpoints": [{}]})
        assert status in (403, 409)
        assert tool.send("/book/1").status == 200
        assert not holding.armed


def test_a_function_that_is_called_ten_thousand_times() -> None:
    app = Flask(__name__)
    app.debug = True
    app.config.update(CONFIG)
    Lifecycle(app)

    @app.url_defaults
    def add(endpoint: str, values: Json) -> None: ...

    @app.get("/")
    def index() -> str:
        for _ in range(10_000):
            app.inject_url_defaults("index", {})
        return "done"

    with serving(app) as tool:
        tool.set({"name": "add", "filter": "sql:>3"})
        assert tool.send("/").body == b"done"
        tool.set({"name": "add", "once": True})
        sent = tool.begin("/")
        tool.tell(tool.wait(), "go")
        sent.join()
        tool.set({"name": "add"})
        sent = tool.begin("/")
        for _ in range(3):
            tool.tell(tool.wait(), "go")
        wait_for(tool.held)
        tool.tell(tool.held()[0], "all")
        sent.join()
        tool.set()
    assert [each.body for each in tool.answers] == [b"done"] * 2


def test_two_panels_that_set_breakpoints_at_once() -> None:
    with serving(make(watched=True)) as tool:
        many = [[{"name": f"f{each}_{number}"} for number in range(50)] for each in range(8)]
        threads = [threading.Thread(target=tool.set, args=each) for each in many]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        left = tool.call("breakpoints")[1]
        assert len(left["breakpoints"]) == 50
        assert len({each["name"].split("_")[0] for each in left["breakpoints"]}) == 1
        assert left["revision"] >= 8
        tool.set()


class Injected(Exception):
    """What a function of ours fails with."""


FAULTS = (
    *("holds.holder.Holder.enter", "holds.holder.Holder._stop", "holds.holder.Holder.released"),
    *("holds.breakpoints.Breakpoint.takes", "holds.breakpoints.Breakpoint.is_at"),
    *("holds.held.Held.begin", "holds.held.seen", "holds.held.monotonic"),
    *("holds.seen._g", "holds.seen._stack", "holds.bounds.Server.room"),
    *("recorder.holding.arm", "trace.writer.LiveTrace.hold"),
)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_ours_lets_the_request_go(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = make(watched=True, LIFECYCLE_HOLD_SECONDS=0.3)
    with serving(app) as tool, caplog.at_level("CRITICAL"):
        tool.set({"stage": "view", "filter": "path:/book"})

        def fails(*_: t.Any, **__: t.Any) -> t.NoReturn:
            raise Injected

        with monkeypatch.context() as patch:
            patch.setattr(f"flask_lifecycle.{name}", fails)
            for path in ("/book/1", "/async", "/book/2"):
                answer = tool.send(path)
                assert answer == bare_answer(path)
        tool.set()


def test_an_exit_while_a_request_is_held_is_no_fault() -> None:
    """As Ctrl+C in a server whose requests run in the main thread."""
    app = make(watched=True)
    with serving(app) as tool:
        tool.set({"name": "book", "once": True})
        with pytest.MonkeyPatch.context() as patch:

            def interrupted(*_: t.Any) -> t.NoReturn:
                raise KeyboardInterrupt

            patch.setattr("flask_lifecycle.holds.held.Held.wait", interrupted)
            with pytest.raises(KeyboardInterrupt):
                app.test_client().get("/book/1")
        assert tool.held() == []
        assert tool.send("/book/1").status == 200
    ended = traces(app)[1]
    assert [hold.did for hold in ended.holds] == ["stopped"]


def test_a_request_inside_another_one_is_held_by_itself() -> None:
    app = make(watched=True)

    with serving(app) as tool:
        tool.set({"stage": "view"})
        held = tool.go_through(tool.begin("/nested"))
        tool.set()
    assert [each["name"] for each in held] == ["nested", "book"]
    assert tool.answers[0].body == b"book 5 sale"
    inner, whole = (each for each in traces(app) if each.holds)
    assert {inner.parent, whole.parent} == {None, whole.id}


def test_what_a_thread_of_the_request_does_is_held_there() -> None:
    app = make(watched=True)

    @app.get("/threads")
    def threads() -> str:
        done: list[str] = []

        def work() -> None:
            done.append(render_template_string("in a thread"))

        thread = threading.Thread(target=contextvars.copy_context().run, args=(work,))
        thread.start()
        thread.join()
        return done[0]

    with serving(app) as tool:
        tool.set({"stage": "template"})
        sent = tool.begin("/threads")
        held = tool.wait()
        wait_for(lambda: traces(app)[0].steps[held["step"]].stage == "template")
        tool.tell(held, "go")
        tool.set()
        sent.join()
    assert tool.answers[0].body == b"in a thread"
    (trace,) = traces(app)
    assert [trace.steps[hold.step].stage for hold in trace.holds] == ["template"]


def test_an_app_that_held_requests_is_freed_with_all_that_was_held() -> None:
    app = make(watched=True)
    with serving(app) as tool:
        tool.set({"name": "book"})
        sent = tool.begin("/book/1")
        tool.tell(tool.wait(), "step")
        tool.tell(tool.wait(), "go")
        sent.join()
    freed = weakref.ref(app), weakref.ref(app.extensions["lifecycle"]._mount._holds.holder)
    del app

    def is_freed() -> bool:
        gc.collect()
        return [each() for each in freed] == [None, None]

    # The server's threads may still be on their way out of the last requests.
    wait_for(is_freed)


def test_a_comparison_says_which_request_was_held() -> None:
    app = make(watched=True)
    with serving(app) as tool:
        tool.send("/book/1")
        tool.set({"name": "book", "once": True})
        sent = tool.begin("/book/1")
        tool.tell(tool.wait(), "answer", text="by hand")
        sent.join()
        flags = tool.call("traces")[1]["traces"][0]["flags"]
    second, first = traces(app)
    assert first.holds == first.intervened == ()
    assert "B: Breakpoints held it for" in str(first.compare(second))
    assert "by hand: answer" in first.compare(second).to_dict()["basis"]
    assert flags[0][:2] == ["ink", "by hand: 1"]
    document = Recording.of([second]).to_dict()
    assert document["traces"][0]["holds"][0]["did"] == "answer"


def test_the_contexts_of_another_app_are_not_shown() -> None:
    app, inner = make(watched=True), make(watched=True)

    @app.get("/outer")
    def outer() -> bytes:
        g.user = "of the outer app"
        return bytes(inner.test_client().get("/book/5").data)

    # The inner one is held by a tool that its own panel knows.
    with serving(app) as tool, serving(inner) as within:
        within.set({"stage": "wsgi"}, {"stage": "view"})
        sent = tool.begin("/outer")
        held = within.wait()
        assert held["seen"]["g"] is held["seen"]["session"] is None
        assert "of the outer app" not in str(held["seen"])
        within.tell(held, "go")
        held = within.wait()
        assert held["seen"]["g"] == {"user": "ada"}
        within.tell(held, "go")
        sent.join()
        within.set()


def test_what_was_held_leaves_nothing_behind() -> None:
    app = make(watched=True, LIFECYCLE_MAX_TRACES=10)
    # Its handlers keep the exceptions.
    app.logger.disabled = True
    ways = itertools.cycle(("go", "step", "end", "all", "answer", "skip", "raise"))

    def left() -> tuple[int, int, int]:
        gc.collect()
        open_files = len([*Path("/proc/self/fd").iterdir()])
        return len(gc.get_objects()), threading.active_count(), open_files

    with serving(app) as tool:
        tool.set({"name": "book"}, {"name": "later"})
        holder = app.extensions["lifecycle"]._mount._holds.holder
        over = threading.Event()

        def let_go() -> None:
            while not over.wait(0.001):
                for each in holder.held():
                    # Where it is held after a step, it can only go on.
                    do = next(ways) if each.call else "go"
                    holder.tell(each, do)

        letting = threading.Thread(target=let_go)
        letting.start()
        client = app.test_client()
        counts = []
        for number in range(252):
            client.get(f"/book/{number}" if number % 2 else "/async")
            if number % 84 == 83:
                counts.append(left())
        over.set()
        letting.join()
        tool.set()
    assert counts[1][1:] == counts[2][1:]
    assert counts[2][0] - counts[1][0] < 84

"""What functions change is what another party saw them change."""

from __future__ import annotations

import gc
import sys
import typing as t
import weakref
from functools import partial
from itertools import count

import pytest
from flask import (
    Flask,
    Response,
    after_this_request,
    g,
    make_response,
    render_template_string,
    session,
)
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer

from flask_lifecycle import Lifecycle
from flask_lifecycle.collectors.changes import mappings
from flask_lifecycle.collectors.changes.record import owners
from flask_lifecycle.recorder.steps import begin
from flask_lifecycle.trace.model import Trace
from flask_lifecycle.trace.owner import Owner
from flask_lifecycle.trace.tracepoint import Tracepoint
from flask_lifecycle.trace.writer import LiveTrace
from tests.helpers.apps import make_app
from tests.helpers.meanwhile import meanwhile

NOTHING: dict[str, t.Any] = {"added": {}, "changed": {}, "removed": []}


def changes(trace: Trace) -> dict[str, t.Any]:
    """Return what each step changed, by its name."""
    return {step.name: step.detail["changes"] for step in trace.steps if "changes" in step.detail}


def one(app: Flask, lifecycle: Lifecycle, path: str = "/") -> dict[str, t.Any]:
    app.test_client().get(path).close()
    return changes(lifecycle.traces(app)[0])


def test_each_function_is_told_what_it_did_to_g() -> None:
    app, lifecycle = make_app()

    @app.before_request
    def load_user() -> None:
        g.user = "ann"
        g.seen = [1]
        g.gone = True

    @app.before_request
    def looks_only() -> None:
        assert g.user == "ann"

    @app.context_processor
    def more() -> dict[str, t.Any]:
        g.processed = 1
        return {}

    @app.get("/")
    def index() -> str:
        g.user = "bob"
        text = render_template_string("text")
        g.seen.append(2)
        del g.gone
        return text

    @app.teardown_request
    def close(_error: BaseException | None) -> None:
        g.pop("seen")

    @app.teardown_appcontext
    def close_app(_error: BaseException | None) -> None:
        g.closed = True

    found = one(app, lifecycle)
    assert {name: each["g"] for name, each in found.items() if "g" in each} == {
        "load_user": {**NOTHING, "added": {"user": "ann", "seen": [1], "gone": True}},
        "more": {**NOTHING, "added": {"processed": 1}},
        "index": {**NOTHING, "changed": {"user": "bob", "seen": [1, 2]}, "removed": ["gone"]},
        "close": {**NOTHING, "removed": ["seen"]},
        "close_app": {**NOTHING, "added": {"closed": True}},
    }


def test_changes_are_those_that_g_saw_written() -> None:
    written: list[tuple[str, str]] = []

    class Globals:
        """A ``g`` that notes its own writes."""

        def __setattr__(self, name: str, value: t.Any) -> None:
            written.append((running[-1], name))
            object.__setattr__(self, name, value)

    running: list[str] = []
    app, lifecycle = make_app()
    app.app_ctx_globals_class = Globals  # type: ignore[assignment]

    def hook(number: int) -> t.Callable[[], None]:
        def run() -> None:
            running.append(f"hook{number}")
            for each in range(number):
                setattr(g, f"name{number}_{each}", object())

        run.__name__ = f"hook{number}"
        return run

    for number in range(6):
        app.before_request(hook(number))

    @app.get("/")
    def index() -> str:
        running.append("index")
        g.name1_0 = None
        return "index"

    found = one(app, lifecycle)
    seen = [
        (step, name)
        for step, each in found.items()
        for kind in ("added", "changed")
        for name in each["g"][kind]
    ]
    assert seen == written
    assert len(seen) == 16


def test_session_changes_are_those_of_the_cookie() -> None:
    app, lifecycle = make_app()

    @app.get("/")
    def first() -> str:
        session["cart"] = {"items": [1]}
        session["name"] = "ann"
        session["theme"] = "dark"
        return "first"

    @app.get("/2")
    def second() -> str:
        session["cart"]["items"].append(2)
        session["name"] = "".join(["a", "nn"])
        session.pop("theme")
        session["csrf_token"] = "do not show"
        session.modified = True
        return "second"

    cookies: list[dict[str, t.Any]] = []
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert isinstance(serializer, URLSafeTimedSerializer)
    with app.test_client() as client:
        for path in ("/", "/2"):
            client.get(path).close()
            cookie = client.get_cookie("session")
            assert cookie is not None
            cookies.append(serializer.loads(cookie.value))
    second_trace, first_trace = lifecycle.traces(app)
    assert changes(first_trace)["first"]["session"] == {**NOTHING, "added": cookies[0]}
    assert cookies[1]["cart"] == {"items": [1, 2]}
    assert changes(second_trace)["second"]["session"] == {
        "added": {"csrf_token": "••••••"},
        "changed": {"cart": cookies[1]["cart"]},
        "removed": ["theme"],
    }
    saved = changes(second_trace)["session"]["response"]
    assert saved["headers"]["added"] == {"Vary": "Cookie"}
    assert saved["cookies"] == {"set": {"session": "••••••"}, "deleted": []}


def test_response_changes_are_those_that_the_client_saw() -> None:
    app, lifecycle = make_app()

    @app.get("/")
    def index() -> str:
        @after_this_request
        def etag(response: Response) -> Response:
            response.headers["X-One"] = "1"
            return response

        return "index"

    @app.after_request
    def replaces(response: Response) -> Response:
        made = make_response("another", 201)
        made.headers["X-Of"] = "replaces"
        return made

    @app.after_request
    def no_store(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        response.headers["Content-Type"] = "text/plain"
        response.set_cookie("theme", "dark")
        response.set_cookie("remember_token", "do not show")
        response.delete_cookie("old")
        return response

    @app.after_request
    def leaves(response: Response) -> Response:
        response.headers["X-One"] = "1"
        return response

    with app.test_client().get("/") as answer:
        seen = dict(answer.headers)
    found = changes(lifecycle.traces(app)[0])
    assert found["etag"]["response"]["headers"]["added"] == {"X-One": "1"}
    assert "leaves" not in found
    assert found["no_store"]["response"] == {
        "headers": {
            "added": {"Cache-Control": "no-store"},
            "changed": {"Content-Type": "text/plain"},
            "removed": [],
        },
        "cookies": {"set": {"theme": "••••••", "remember_token": "••••••"}, "deleted": ["old"]},
    }
    assert found["replaces"]["response"]["status"] == ["200 OK", "201 CREATED"]
    # It ran last: what the others had put on the first response is gone.
    headers = found["replaces"]["response"]["headers"]
    assert headers["added"] == {"X-Of": "replaces"}
    assert headers["removed"] == ["X-One", "Cache-Control"]
    assert not set(headers["removed"]) & set(seen)
    assert seen["X-Of"] == "replaces"


def test_a_response_with_code_of_its_own_is_not_asked() -> None:
    app, lifecycle = make_app()
    asked: set[str] = set()

    class Tells(Response):
        def __getattribute__(self, name: str) -> t.Any:
            if (
                sys._getframe(1).f_globals["__name__"]
                == "flask_lifecycle.collectors.changes.responses"
            ):
                asked.add(name)
            return super().__getattribute__(name)

    app.response_class = Tells

    @app.get("/")
    def index() -> str:
        return "index"

    @app.after_request
    def adds(response: Response) -> Response:
        response.headers["X-One"] = "1"
        return response

    found = one(app, lifecycle)
    assert found["adds"]["response"]["headers"]["added"] == {"X-One": "1"}
    # What every object has: its class is asked for nothing else.
    assert asked == {"__dict__"}


def test_the_session_is_not_touched() -> None:
    app, _lifecycle = make_app()
    app.add_url_rule("/", view_func=lambda: "index")
    app.before_request(lambda: None)
    with app.test_client().get("/") as answer:
        assert "Vary" not in answer.headers
        assert "Set-Cookie" not in answer.headers


asked: list[str] = []


class Hostile:
    """Fails, whatever is asked of it."""

    def _fails(self, *_args: t.Any) -> t.NoReturn:
        asked.append("hostile")
        raise LookupError("asked")

    __eq__ = __hash__ = __repr__ = __str__ = __len__ = __iter__ = __bool__ = _fails
    __getattr__ = _fails


class Name(str):
    """A name that fails where it is compared."""

    __slots__ = ()

    def __eq__(self, other: object) -> t.NoReturn:
        asked.append("compared")
        raise LookupError("compared")

    __hash__ = str.__hash__


class HostileSession(SecureCookieSession):
    """A session none of whose own methods may be called."""

    def _fails(self, *_args: t.Any) -> t.NoReturn:
        asked.append("touched")
        raise LookupError("touched")

    __iter__ = __len__ = keys = values = items = copy = _fails


class HostileInterface(SecureCookieSessionInterface):
    def open_session(self, *_args: t.Any) -> SecureCookieSession:
        return HostileSession()

    def save_session(self, *_args: t.Any) -> None: ...


def test_nothing_of_the_apps_is_called() -> None:
    app, lifecycle = make_app()
    app.session_interface = HostileInterface()
    cycle: list[t.Any] = []
    cycle.append(cycle)
    deep: list[t.Any] = []
    for _ in range(10_000):
        deep = [deep]

    asked.clear()

    @app.before_request
    def sets() -> None:
        g.hostile = Hostile()
        g.cycle = cycle
        g.deep = deep
        g.large = dict.fromkeys(range(1_000_000))
        g.text = "x" * 100_000_000
        g.nan = float("nan")
        g.number = 10**5000
        g.odd = "\ud800\0\u202e"
        own: t.Any = session
        dict.__setitem__(own._get_current_object(), "hostile", Hostile())
        dict.__setitem__(own._get_current_object(), Name("name"), 1)

    @app.get("/")
    def index() -> str:
        g.hostile = Hostile()
        return "index"

    with app.test_client().get("/") as answer:
        assert answer.data == b"index"
    assert not asked
    found = changes(lifecycle.traces(app)[0])
    assert set(found["sets"]["g"]["added"]) == {
        *("hostile", "cycle", "deep", "large", "text", "nan", "number", "odd"),
    }
    assert found["sets"]["session"]["added"] == {"hostile": f"<{__name__}.Hostile>"}
    assert found["index"]["g"]["changed"] == {"hostile": f"<{__name__}.Hostile>"}
    assert len(repr(found)) < 100_000


def test_nothing_is_kept_alive() -> None:
    app, lifecycle = make_app()
    died: list[str] = []

    class Thing: ...

    @app.before_request
    def sets() -> None:
        g.thing = Thing()
        weakref.finalize(g.thing, died.append, "thing")

    @app.get("/")
    def index() -> str:
        g.thing = None
        return "index"

    @app.after_request
    def after(response: Response) -> Response:
        # What the view took away went when the view was over.
        assert died == ["thing"]
        g.other = Thing()
        weakref.finalize(g.other, died.append, "other")
        return response

    gc.disable()
    try:
        body: t.Any = app(
            {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_NAME": "x", "SERVER_PORT": "80"}
            | {"wsgi.url_scheme": "http", "wsgi.input": None, "wsgi.errors": None},
            lambda *_args: t.cast("t.Any", None),
        )
        assert died == ["thing", "other"]
        body.close()
    finally:
        gc.enable()
    assert lifecycle.traces(app)[0].status == 200


def test_what_a_signals_receiver_changes_is_no_functions() -> None:
    from flask import request_started

    app, lifecycle = make_app()

    def receive(sender: Flask) -> None:
        g.received = 1

    request_started.connect(receive, app)

    @app.before_request
    def hook() -> None:
        g.hook = 1

    app.add_url_rule("/", "index", lambda: "index")
    assert one(app, lifecycle) == {
        "wsgi": {"g": {**NOTHING, "added": {"received": 1}}},
        "hook": {"g": {**NOTHING, "added": {"hook": 1}}},
    }


@pytest.mark.parametrize("collectors", [(), ("sql", "logs")])
def test_it_can_be_switched_off(collectors: tuple[str, ...]) -> None:
    app, lifecycle = make_app(LIFECYCLE_COLLECTORS=collectors)

    @app.get("/")
    def index() -> str:
        g.user = session["user"] = "ann"
        return "index"

    assert one(app, lifecycle) == {}


def test_an_app_context_of_the_apps_own_has_changes_of_its_own() -> None:
    app, lifecycle = make_app()

    @app.context_processor
    def more() -> dict[str, t.Any]:
        g.inner = 1
        return {}

    @app.get("/")
    def index() -> str:
        g.before = 1
        with app.app_context():
            g.not_here = 1
            render_template_string("text")
        g.after = 1
        return "index"

    found = one(app, lifecycle)
    assert found["index"]["g"] == {**NOTHING, "added": {"before": 1, "after": 1}}


def test_what_a_function_changed_twice_is_told_by_what_it_comes_to() -> None:
    app, lifecycle = make_app()

    @app.before_request
    def hook() -> None:
        g.kept, g.again = 1, 1

    @app.context_processor
    def looks() -> dict[str, t.Any]:
        return {}

    @app.get("/")
    def index() -> str:
        g.new, g.passing = 1, None
        del g.again
        render_template_string("text")
        g.new, g.kept, g.again = 2, 2, 2
        del g.passing
        render_template_string("text")
        g.kept = 3
        return "index"

    found = one(app, lifecycle)
    assert found["index"]["g"] == {
        "added": {"new": 2},
        "changed": {"kept": 3, "again": 2},
        "removed": [],
    }


def test_all_that_one_function_changes_is_capped_together() -> None:
    app, lifecycle = make_app(LIFECYCLE_MAX_DETAIL_BYTES=10_000)

    @app.get("/")
    def view() -> str:
        for number in range(40):
            setattr(g, f"name{number}", ["x" * 1000] * 5)
            # What calls a function of the app's is looked at each time.
            render_template_string("")
        return ""

    app.context_processor(dict)
    added = one(app, lifecycle)["view"]["g"]["added"]
    assert len(added) == 40
    assert added["name39"] == "…"
    assert len(str(added)) < 20_000


def test_flasks_own_methods_are_named_whatever_records_them() -> None:
    app, lifecycle = make_app()

    @app.get("/")
    def index() -> str:
        g.bound, g.known = app.make_response, app.ensure_sync
        g.plain, g.partial = type(app).dispatch_request, partial(type(app).make_response, app)
        return ""

    assert one(app, lifecycle)["index"]["g"]["added"] == {
        "bound": "<method flask.app.Flask.make_response>",
        "known": "<method flask.app.Flask.ensure_sync>",
        "plain": "<function flask.app.Flask.dispatch_request>",
        "partial": "<partial of <function flask.app.Flask.make_response>>",
    }


def test_a_session_is_changed_while_it_is_recorded() -> None:
    app, _ = make_app()
    owner = Owner(app)
    trace, held, numbers = LiveTrace(owner, "GET", "/"), {"user": "ada", "cart": 1}, count()
    step = begin(trace, Tracepoint("session_open", "session"))

    def change() -> None:
        held[f"other{next(numbers)}"] = 1

    opened: t.Any = mappings.opened
    owners.add(owner)
    try:
        with meanwhile(change, mappings):
            getattr(opened, "__wrapped__", opened)(trace, step, held)
    finally:
        owners.discard(owner)
    assert trace.notes.shown(trace, step)["session"]["user"] == "ada"

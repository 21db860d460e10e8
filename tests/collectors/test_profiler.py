"""A profile of one request, when somebody asks for it."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path
from time import thread_time

import pytest
from flask import Flask
from werkzeug.test import TestResponse

import flask_lifecycle
from flask_lifecycle import Lifecycle
from flask_lifecycle.collectors import profiler
from flask_lifecycle.history.document import decode, encode
from flask_lifecycle.recording import Recording
from flask_lifecycle.redact import MASK, Redactor
from flask_lifecycle.trace.differences import detail_differs


def long(seconds: float) -> float:
    """Compute for this long, by the thread's own time; return how long it was.

    While the machine does something else, nobody sees where this is.
    """
    begun = thread_time()
    while (taken := thread_time() - begun) < seconds:
        pass
    return taken


def short(seconds: float) -> float:
    begun = thread_time()
    while (taken := thread_time() - begun) < seconds:
        pass
    return taken


class Watched:
    """An app with one request of each kind, and its panel."""

    def __init__(self) -> None:
        self.app = Flask(__name__)
        self.app.debug = True
        self.lifecycle = Lifecycle(self.app)
        self.app.add_url_rule("/", "view", self.view, methods=["GET", "POST"])
        self.app.add_url_rule("/other", "other", lambda: "other")
        self.app.add_url_rule("/raises", "raises", self.raises)
        self.client = self.app.test_client()
        self.ids = {}
        self.took = {"long": 0.0, "short": 0.0}
        for method, path in (("GET", "/other"), ("GET", "/")):
            self.ids[path] = self.get(method, path)

    def view(self) -> str:
        self.took = {"long": long(0.06), "short": short(0.02)}
        return "viewed"

    def raises(self) -> str:
        long(0.02)
        raise LookupError("raised")

    def get(self, method: str, path: str) -> str:
        """Send a request; return its trace's id."""
        self.client.open(path, method=method).close()
        return self.lifecycle.traces(self.app)[0].id

    def call(self, method: str, path: str) -> TestResponse:
        return self.client.open(f"/_lifecycle/api/{path}", method=method)

    def profile(self, trace: str) -> t.Any:
        return t.cast("t.Any", self.call("GET", f"traces/{trace}/profile").json)


@pytest.fixture
def watched() -> Watched:
    return Watched()


NAMES = ("caller", "name", "file", "line", "time", "self", "own")


def listed(profile: t.Any) -> list[dict[str, t.Any]]:
    """Return the nodes of a profile, root first, each with its callees."""
    made: list[dict[str, t.Any]] = []
    for each in profile["nodes"]:
        node = {**dict(zip(NAMES, each, strict=True)), "children": []}
        node["file"] = profile["files"][node["file"]]
        if made:
            made[node["caller"]]["children"].append(node)
        made.append(node)
    assert made[0]["caller"] is None
    return made


def nodes(profile: t.Any) -> dict[str, t.Any]:
    return {each["name"]: each for each in reversed(listed(profile))}


def test_the_next_request_of_the_kind_is_profiled_and_no_other(watched: Watched) -> None:
    assert watched.profile(watched.ids["/"]) == {
        "available": True,
        "waiting": False,
        "profile": None,
    }
    assert watched.call("POST", f"traces/{watched.ids['/']}/profile").status_code == 202
    assert watched.profile(watched.ids["/"])["waiting"]
    assert not watched.profile(watched.ids["/other"])["waiting"]

    assert watched.profile(watched.get("GET", "/other"))["profile"] is None
    assert watched.profile(watched.get("POST", "/"))["profile"] is None
    sampled = watched.get("GET", "/")
    answer = watched.profile(sampled)
    assert not answer["waiting"]
    tree = listed(answer["profile"])[0]
    assert tree["name"] == "full_dispatch_request"
    found = nodes(answer["profile"])
    assert found["view"]["file"] == __file__
    assert found["view"]["line"] == Watched.view.__code__.co_firstlineno
    assert {"long", "short"} <= {child["name"] for child in found["view"]["children"]}
    # As long as the clock in them says, but for one sample at each end.
    for name, seconds in watched.took.items():
        assert found[name]["time"] > (seconds - 0.01) * 1e9
    assert found["view"]["time"] >= found["long"]["time"] + found["short"]["time"]
    dispatched = next(
        step for step in watched.lifecycle.traces(watched.app)[0].steps if step.stage == "wsgi"
    )
    assert dispatched.end is not None
    assert tree["time"] <= dispatched.end - dispatched.begin + 0.01e9
    ours = str(Path(flask_lifecycle.__file__).parent)
    for node in found.values():
        assert not node["file"].startswith((ours, "<flask_lifecycle")), node

    assert watched.profile(watched.get("GET", "/"))["profile"] is None
    assert "full_dispatch_request" not in vars(watched.app)


def test_what_is_sampled_before_flasks_method_does_not_hide_it(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = profiler._begin

    def begin_slowly() -> t.Any:
        profiler = begin()
        long(0.02)
        return profiler

    monkeypatch.setattr(profiler, "_begin", begin_slowly)
    watched.call("POST", f"traces/{watched.ids['/']}/profile")
    tree = watched.profile(watched.get("GET", "/"))["profile"]
    assert listed(tree)[0]["name"] == "full_dispatch_request"
    assert "view" in nodes(tree)


def test_it_is_a_part_of_the_request_wherever_that_is_read(watched: Watched) -> None:
    watched.call("POST", f"traces/{watched.ids['/']}/profile")
    sampled = watched.get("GET", "/")
    profile = watched.profile(sampled)["profile"]
    trace = watched.lifecycle.traces(watched.app)[0]
    assert trace.id == sampled
    assert trace.steps[0].detail["profile"] == profile
    stored = encode(t.cast("t.Any", watched.app.extensions["lifecycle"]._store.get(sampled)))
    assert decode(stored).steps[0].detail["profile"] == profile
    recording = Recording.from_bytes(Recording.of([trace], app=watched.app).to_html())
    assert recording.traces[0].steps[0].detail["profile"] == profile
    # One that was profiled does not differ from one that was not by that.
    assert not detail_differs(trace.steps[0], watched.lifecycle.traces(watched.app)[1].steps[0])


def test_it_is_bounded_and_masked(watched: Watched) -> None:
    class Frame:
        is_synthetic = False
        line_no = 1

        def __init__(self, name: str, time: float, *children: Frame) -> None:
            self.function, self.file_path = name, f"/srv/{name}.py"
            self.time, self.children = time, children

    few = [Frame(f"f{number}" * 20, 1.0 - number / 1000) for number in range(400)]
    deep = Frame("bottom", 1.0)
    for number in range(300):
        deep = Frame(f"d{number}", 1.0, deep)
    secret = Frame("AKIAIOSFODNN7EXAMPLE", 2.0)
    most = 4000
    cut = profiler._listed(Frame("root", 500.0, *few, deep, secret), Redactor(max_bytes=most))
    assert len(json.dumps(cut)) < most
    found = listed(cut)
    # The longest, and each with its callers.
    assert [each["name"] for each in found][:2] == ["root", MASK]
    times = [each["time"] for each in found]
    assert times == sorted(times, reverse=True)
    whole = listed(profiler._listed(Frame("root", 2.0, deep), Redactor()))
    assert len(whole) == profiler._DEEPEST + 1


def test_one_that_raises_is_profiled_and_raises(watched: Watched) -> None:
    watched.app.testing = True
    with pytest.raises(LookupError):
        watched.client.get("/raises")
    raised = watched.lifecycle.traces(watched.app)[0].id
    watched.call("POST", f"traces/{raised}/profile")
    with pytest.raises(LookupError):
        watched.client.get("/raises")
    raised = watched.lifecycle.traces(watched.app)[0].id
    assert "raises" in nodes(watched.profile(raised)["profile"])
    assert sys.getprofile() is None


def test_asking_can_be_taken_back(watched: Watched) -> None:
    watched.call("POST", f"traces/{watched.ids['/']}/profile")
    assert watched.call("DELETE", "profile").status_code == 200
    assert "full_dispatch_request" not in vars(watched.app)
    watched.call("POST", f"traces/{watched.ids['/']}/profile")
    watched.lifecycle.undo(watched.app)
    assert "full_dispatch_request" not in vars(watched.app)


def test_a_method_of_the_apps_own_stays(watched: Watched) -> None:
    app: t.Any = watched.app
    own = app.full_dispatch_request
    app.full_dispatch_request = own
    watched.call("POST", f"traces/{watched.ids['/']}/profile")
    assert watched.profile(watched.get("GET", "/"))["profile"] is None
    watched.call("DELETE", "profile")
    assert app.__dict__["full_dispatch_request"] == own


def test_what_cannot_be_profiled_says_so(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    assert watched.call("POST", "traces/none-such/profile").status_code == 404
    assert watched.call("GET", "traces/none-such/profile").status_code == 404
    # As where it is not installed: it cannot be found, nor imported.
    monkeypatch.setitem(sys.modules, "pyinstrument", None)
    answer = watched.call("POST", f"traces/{watched.ids['/']}/profile")
    assert answer.status_code == 409
    assert "pyinstrument is not installed" in t.cast("t.Any", answer.json)["error"]
    assert not watched.profile(watched.ids["/"])["available"]

"""A profile of one request, when somebody asks for it."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path
from time import perf_counter

import pytest
from flask import Flask
from werkzeug.test import TestResponse

import flask_lifecycle
from flask_lifecycle import Lifecycle
from flask_lifecycle.collectors import profiler


def long(seconds: float) -> float:
    """Compute for this long, by the clock; return how long it was."""
    begun = perf_counter()
    while (taken := perf_counter() - begun) < seconds:
        pass
    return taken


def short(seconds: float) -> float:
    begun = perf_counter()
    while (taken := perf_counter() - begun) < seconds:
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


def nodes(tree: t.Any) -> dict[str, t.Any]:
    found = {tree["name"]: tree}
    for child in tree["children"]:
        found.update(nodes(child))
    return found


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
    tree = answer["profile"]
    assert tree["name"] == "full_dispatch_request"
    found = nodes(tree)
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
    assert tree["name"] == "full_dispatch_request"
    assert "view" in nodes(tree)


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

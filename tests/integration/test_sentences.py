"""What is said of each step is true of what the installed Flask did."""

from __future__ import annotations

import io
import logging
import re
import typing as t
from dataclasses import fields

import pytest
from flask import Flask
from flask.testing import FlaskClient

from demo import create_app
from demo.tour import STOPS
from flask_lifecycle import Lifecycle
from flask_lifecycle._compat import SEPARATE_CONTEXTS
from flask_lifecycle.summary.recorded import Digest
from tests.helpers.oracle import REQUESTS, Oracle, make_oracle_app

NO_TEXT = re.compile(r"\bnull\b(?! session)|\bnan\b|<\w+ object|\{\}|\.\.$| ,|  ")

Trace = dict[str, t.Any]
Step = dict[str, t.Any]


class Told(t.NamedTuple):
    """A request as in a recording, and its row in the list."""

    trace: Trace
    listed: dict[str, t.Any]

    def said(self, stage: str) -> list[tuple[Step, str]]:
        steps = self.trace["steps"]
        return [(step, step["explain"]) for step in steps if step["stage"] == stage]

    def later(self, step: Step, *stages: str) -> list[Step]:
        return [
            each
            for each in self.trace["steps"]
            if each["id"] > step["id"] and each["stage"] in stages
        ]


def ask(client: FlaskClient, method: str, path: str) -> None:
    data = {"cover": (io.BytesIO(b"picture"), "cover.png")} if path.endswith("upload") else None
    try:
        client.open(path, method=method, data=data, buffered=True).close()
    except (Exception, SystemExit):  # it goes out to the server
        pass


def kept(app: Flask) -> list[Told]:
    """Return each kept request, as the panel's API has it."""

    def get(path: str) -> t.Any:
        local = {"REMOTE_ADDR": "127.0.0.1"}
        return app.test_client().get(f"/_lifecycle/api/{path}", environ_base=local).get_json()

    rows = get("traces?limit=500")["traces"]
    return [Told(get(f"traces/{row['id']}.json")["traces"][0], row) for row in rows]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    """Walk the demo's lifecycles and the oracle's."""
    folder = tmp_path_factory.mktemp("told")
    demo = create_app(str(folder / "instance"))
    demo.debug = True
    demo.logger.setLevel(logging.CRITICAL)
    client = demo.test_client()
    ask(client, "POST", "/tour/sign-in")
    for stop in STOPS:
        path = stop.path.replace("seconds=3", "seconds=0")
        ask(client, stop.method, f"{path}?count=9" if path.endswith("statements") else path)
    told = kept(demo)
    demo.extensions["database"].engine.dispose()
    for propagate in (False, True):
        app = make_oracle_app(Oracle(), PROPAGATE_EXCEPTIONS=propagate)
        app.debug = True
        Lifecycle(app)
        for method, path in REQUESTS:
            ask(app.test_client(), method, path)
        told += kept(app)
    return told


@pytest.fixture(scope="module")
def by_path(told: list[Told]) -> dict[str, Told]:
    """The demo's requests alone, by method and path."""
    return {
        f"{each.trace['method']} {each.trace['path']}": each
        for each in reversed(told)
        if each.trace["path"].startswith(("/admin", "/corners", "/tour", "/shop", "/api"))
    }


def test_every_step_has_a_sentence(told: list[Told]) -> None:
    assert len(told) >= len(STOPS) + len(REQUESTS)
    for each in told:
        for step in each.trace["steps"]:
            sentence = step["explain"]
            assert not NO_TEXT.search(sentence), sentence
            assert sentence.endswith((".", "!", "?", "…")), sentence
            assert len(sentence) <= 240
            assert sentence == " ".join(sentence.split())
            # It is none of those that stand in where a sentence fails.
            assert not sentence.startswith(f"{step['stage']} {step['name']}."), sentence


def test_contexts_are_those_of_this_flask(told: list[Told]) -> None:
    there = "current_app and g are" if SEPARATE_CONTEXTS else "current_app, g, request and session"
    for each in told:
        first = [sentence for _, sentence in each.said("app_context_push")][:1]
        # A request inside another of the same app may find the context there.
        assert first or each.trace["parent"]
        assert all(there in sentence for sentence in first)
        for _, sentence in each.said("request_context_push")[:1]:
            assert ("is active already" in sentence) == (not first)
        assert bool(each.said("request_context_push")) == SEPARATE_CONTEXTS
        for kind in ("app_context", "request_context"):
            pushed = each.said(f"{kind}_push")
            popped = each.said(f"{kind}_pop")
            assert len(pushed) == len(popped)
            for step, sentence in popped:
                before = [step_["id"] < step["id"] for step_, _ in pushed].count(True)
                done = [step_["id"] <= step["id"] for step_, _ in popped].count(True)
                if step["outcome"] == "raised":
                    continue
                # Functions that clean up ran exactly where it is said to be gone.
                assert ("are gone" in sentence) == (before == done)
                inside = [s for s in each.trace["steps"] if s["parent"] == step["id"]]
                assert ("are gone" in sentence) == bool(inside)


def test_why_hooks_followed(told: list[Told]) -> None:
    for each in told:
        for step, sentence in each.said("before_request"):
            if step["outcome"] == "short_circuit":
                assert "skips the other" in sentence
                assert "after_request functions still run" in sentence
                assert not each.later(step, "before_request", "dispatch", "view")
            elif step["outcome"] == "ok":
                following = each.later(step, "before_request", "dispatch")[0]["stage"]
                assert ("goes on to dispatch" in sentence) == (following == "dispatch")
        for step, sentence in each.said("url_match")[:1]:
            for blueprint in each.trace["blueprints"]:
                assert step["outcome"] == "raised" or blueprint in sentence or " more " in sentence


def test_why_an_exception_went_where_it_went(told: list[Told]) -> None:
    for each in told:
        trace = each.trace
        for step, sentence in (*each.said("view"), *each.said("dispatch")):
            if match := re.search(r"so Flask calls (\S+), registered for (\w+)", sentence):
                handler = each.later(step, "error_handler", "make_response")[0]
                assert (handler["name"], handler["detail"]["for"]) == match.groups()
            if "are skipped" in sentence:
                assert not each.later(step, "make_response", "after_request", "session_save")
                assert trace["steps"][0]["outcome"] == "raised"
            elif step["outcome"] == "raised":
                assert trace["steps"][0]["outcome"] == "ok"
            if "is itself the response" in sentence:
                assert not each.later(step, "error_handler")
            if "answers 500" in sentence:
                assert trace["status"] == 500
            if step["stage"] == "dispatch":
                assert ("that the URL match left" in sentence) == (trace["url_rule"] is None)


def test_a_second_time_is_a_second_time(told: list[Told]) -> None:
    seen = 0
    for each in told:
        made = [step for step, _ in each.said("make_response") if step["parent"] in around(each)]
        hooks = each.said("after_request")
        for step, sentence in hooks:
            first = [
                other
                for other, _ in hooks
                if (other["callable"], other["scope"]) == (step["callable"], step["scope"])
                and other["id"] < step["id"]
            ]
            second_way = len(made) > 1 and step["id"] > made[1]["id"]
            again = "a second time" in sentence or " again, so Flask only logs" in sentence
            assert again == (second_way and bool(first)), sentence
            if step["outcome"] == "ok":
                assert ("for the response of the error" in sentence) == second_way
            else:
                assert ("only logs it" in sentence) == second_way
            seen += again
            if "run again" in sentence:
                assert each.later(step, "after_request")
    assert seen > 0


def around(each: Told) -> set[int | None]:
    """The steps in which Flask's own `wsgi_app` runs."""
    stages = ("wsgi", "middleware")
    return {step["id"] for step in each.trace["steps"] if step["stage"] in stages}


def test_what_is_sent_and_when(told: list[Told]) -> None:
    for each in told:
        for step, sentence in each.said("start_response"):
            pops = each.later(step, "app_context_pop", "request_context_pop")
            body = each.later(step, "body")
            if "torn down before the body" in sentence and body:
                assert all(pop["id"] < body[0]["id"] for pop in pops)
        for step, sentence in each.said("body"):
            assert ("no body" in sentence) == (each.trace["method"] == "HEAD")
            if each.trace["method"] != "HEAD" and step["detail"]["chunks"]:
                assert f"sends {step['detail']['chunks']} chunk" in sentence
            inside = [s for s in each.trace["steps"] if s["parent"] == step["id"]]
            torn = any(s["stage"].endswith("_context_pop") for s in inside)
            assert ("while the contexts are pushed" in sentence) == torn


def test_teardowns_that_raise_are_told_as_this_flask_goes_on(by_path: dict[str, Told]) -> None:
    each = by_path["GET /corners/teardown"]
    (step, sentence), *_ = each.said("teardown_request")
    lost = not each.later(step, "teardown_request")
    assert lost == SEPARATE_CONTEXTS
    assert ("of its phase are skipped" in sentence) == lost
    assert ("the others still run" in sentence) == (not lost)


def test_another_thread_is_told_of_where_it_was(by_path: dict[str, Told]) -> None:
    (_, view), *_ = by_path["GET /tour/async"].said("view")
    assert "(async, on another thread)" in view
    hooks = {
        step["name"]: sentence
        for step, sentence in by_path["GET /corners/floor/shelf"].said("before_request")
    }
    assert "(async, on another thread)" in hooks["take_ladder"]
    assert "thread" not in hooks["open_door"]


def test_a_request_from_a_file_has_the_row_that_it_had(told: list[Told]) -> None:
    def digest(values: dict[str, t.Any]) -> dict[str, t.Any]:
        changed = {where: sorted(names) for where, names in values["changed"].items()}
        return {field.name: values[field.name] for field in fields(Digest)} | {"changed": changed}

    for trace, listed in told:
        assert digest(trace) == digest(listed)

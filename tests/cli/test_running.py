"""What the commands show of requests that have not ended, in whatever process these run."""

from __future__ import annotations

import json
import re
import threading
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.helpers.apps import TOKEN
from tests.helpers.cli import columns_of, line_of, run, running, sent
from tests.helpers.history import Served, files, make, served
from tests.helpers.holding import Tool
from tests.helpers.redis import RedisServer
from tests.helpers.servers import PATIENCE, wait_for
from tests.helpers.waits import calls

VIEW = {"stage": "view", "filter": "path:/held"}


@contextmanager
def holding(*paths: str, **config: t.Any) -> Iterator[tuple[Served, Tool]]:
    """Serve an app, and hold requests before their views."""
    with served(make(token=TOKEN, **config)) as there:
        tool = Tool(there.address.removeprefix("http://"))
        tool.set(VIEW)
        threads = [tool.begin(path) for path in paths]
        wait_for(lambda: len(tool.held()) == len(paths))
        try:
            yield there, tool
        finally:
            tool.set()
            tool.call("held", "POST", {"do": "all"})
            for each in threads:
                each.join(PATIENCE)


def listed(there: Served, *terms: str) -> list[dict[str, t.Any]]:
    done = run(there.app, "list", "--json", *terms)
    return json.loads(done.out)["held"] if done.code == 0 else []


@pytest.mark.parametrize("place", ["file", "redis"])
def test_held_requests_are_listed_before_all_others(place: str, redis: RedisServer) -> None:
    history = True if place == "file" else redis.url
    with holding("/held?page=2", history=history) as (there, tool):
        # Also where none has ended, and no viewer asks.
        wait_for(lambda: listed(there))
        held = tool.held()[0]
        [found] = listed(there)
        assert (found["id"], found["state"], found["path"]) == (held["trace"], "running", "/held")
        assert "seen" not in found["held"]
        same = ("trace", "step", "stage", "name", "when", "since", "can")
        assert {each: found["held"][each] for each in same} == {each: held[each] for each in same}
        assert found["held"]["held"] <= tool.held()[0]["held"] + 1e9

        text = run(there.app, "list", width=200)
        assert text.code == 0
        first = text.out.splitlines()[0]
        assert first.startswith("held at view any_path, ")
        assert " s · GET /held?page=2 · " in first
        assert held["trace"].startswith(first.split(" · ")[2])
        assert " · goes on by itself in 1" in first
        sent(there, "/other")
        text = run(there.app, "list", "-n1", width=64)
        assert all(columns_of(each) <= 64 for each in text.out.splitlines())
        assert text.out.startswith("held at view any_path, ")
        assert " GET /other " in text.out.splitlines()[-1]
        assert "held at view any_path" in run(there.app, "list", "--md").out

        # The filter is for these, too.
        assert not listed(there, "path:/other")
        assert run(there.app, "list", "path:/nothing").code == 1
        assert listed(there, "is:running path:/held")

        tool.tell(held, "go")
        wait_for(lambda: listed(there) == [])
        wait_for(lambda: "/held" in run(there.app, "list").out)
        text = run(there.app, "list")
        assert "held at" not in text.out
        assert text.out.splitlines()[-1].endswith("s held")
        assert "s held |" in run(there.app, "list", "--md").out
        for form in ((), ("--md",)):
            shown = run(there.app, "show", held["trace"], "--brief", *form, width=120).out
            assert " in the app, of which " in shown
            # The request, the held step, and the two around it.
            assert len(re.findall(r"of which [\d.]+ m?s held", re.sub("\xa0", " ", shown))) == 4


def test_nobody_is_asked_or_waited_for_where_none_is_held() -> None:
    with served(make()) as there:
        sent(there, "/a")
        with calls() as called:
            assert run(there.app, "list").code == 0
        assert "flask_lifecycle.cli.running" in called.modules
        assert "sleep flask_lifecycle.pauses" not in called.waits
        assert not [each for each in files()[0].parent.iterdir() if "-live" in each.name]


def test_a_running_request_is_shown_with_its_steps_so_far() -> None:
    inside, goes_on = threading.Event(), threading.Event()
    with holding("/held/a", "/held/b") as (there, tool):
        wait_for(lambda: len(listed(there)) == 2)
        [one, two] = listed(there)
        assert "held at view any_path" in run(there.app, "show", one["id"]).out
        shown = json.loads(run(there.app, "show", two["id"], "--json").out)
        assert (shown["id"], shown["state"]) == (two["id"], "running")
        assert shown["holds"][0]["end"] is None
        assert shown["steps"][shown["holds"][0]["step"]]["stage"] == "view"
        assert "running" in run(there.app, "show", two["id"], "--md").out
        several = run(there.app, "show", one["id"][:4])
        assert several.code == 2
        assert "2 requests have an ID that begins with" in several.err

        def wait() -> None:
            inside.set()
            goes_on.wait(PATIENCE)

        there.app.before_request_funcs[None] = [wait]
        tool.set()
        thread = tool.begin("/slow")
        inside.wait(PATIENCE)
        tool.call("held", "POST", {"do": "all"})
        (slow,) = (each for each in tool.call("traces")[1]["traces"] if each["path"] == "/slow")
        done = run(there.app, "show", slow["id"][:23])
        goes_on.set()
        thread.join(PATIENCE)
        assert done.code == 0, done.err
        assert done.out.startswith("GET /slow")
        assert "before_request wait  running" in done.out
        assert run(there.app, "show", "f" * 20).code == 1


def test_a_request_is_followed_when_it_is_held_and_when_it_goes_on(tmp_path: Path) -> None:
    with (
        holding() as (_, tool),
        running(tmp_path, "tail") as tail,
        running(tmp_path, "tail", "--json", "path:/held/a") as as_json,
    ):
        threads = [tool.begin("/held/a")]
        held = tool.wait()
        assert " held at view any_path, " in (line := line_of(tail))
        assert line.rstrip().endswith("GET /held/a")
        found = json.loads(line_of(as_json))
        assert (found["id"], found["held"]["name"]) == (held["trace"], "any_path")
        threads.append(tool.begin("/held/b"))
        tool.wait(2)
        assert "GET /held/b" in line_of(tail)
        tool.tell(held, "end")
        lines = [line_of(tail), line_of(tail)]
        assert " goes on · held at view any_path, " in lines[0]
        assert " held after view any_path, " in lines[1]
        assert [json.loads(line_of(as_json))["held"] is None for _ in range(2)] == [True, False]
        tool.call("held", "POST", {"do": "all"})
        for each in threads:
            each.join(PATIENCE)
        rest = [line_of(tail) for _ in range(4)]
        assert sum(" goes on · held " in each for each in rest) == 2
        assert sum(" 200 " in each for each in rest) == 2

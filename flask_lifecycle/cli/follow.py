"""Follow a history: wait until it changes, and write what is new in it."""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Iterator

import flask
from rich.text import Text

from ..trace.explain import explain
from ..trace.model import JsonObject
from .cells import clock
from .journey import Journey
from .lookup import Requests, predicate
from .options import Form
from .output import Output, escaped
from .report import Report
from .rows import TOGETHER, Rows, markdown_table
from .running import Held, Running, are_in_several
from .tree import tree

# Seconds: what a writer takes to a batch of requests.
_INTERVAL = 0.2
_KEPT = 500


class Follower:
    """Writes the requests of a history as they are added.

    :param app: their app.
    :param terms: a filter.
    :param verbose: whether with the steps.
    """

    def __init__(
        self, requests: Requests, app: flask.Flask, terms: str, form: Form, *, verbose: bool
    ) -> None:
        self._matches = predicate(terms)
        self._requests = requests
        self._running = Running(requests.history)
        self._held: dict[tuple[str, int], Held] = {}
        self._app = app
        self._form = form
        self._verbose = verbose
        self._output = Output()
        self._seen: set[str] = set()
        self._run: float | None = None
        self._closed = _Closed()

    def run(self, earlier: int) -> None:
        """Write some earlier requests, then new ones, until the output is closed.

        :raises KeyboardInterrupt: by Ctrl-C.
        """
        known = [*self._new()]
        if self._form == "md" and not self._verbose:
            self._output.markdown([*markdown_table(())])
        for summary in known[len(known) - min(earlier, len(known)) :]:
            self._write(summary)
        changed = self._requests.history.version()
        self._look_for_held()
        while not self._closed.wait(_INTERVAL):
            self._look_for_held()
            now = self._requests.history.version()
            if now != changed:
                # Read before: what is written meanwhile is seen the next time.
                changed = now
                for summary in self._new():
                    self._write(summary)

    def _new(self) -> Iterator[JsonObject]:
        """Yield the requests that are new and match, oldest first."""
        found = self._requests.newest(_KEPT)
        new = [each for each in reversed(found) if each["id"] not in self._seen]
        self._seen = {each["id"] for each in found}
        return (each for each in new if self._matches(each))

    def _look_for_held(self) -> None:
        """Write which requests are held now, and which of those before go on."""
        known = self._held
        self._held = {each.key: each for each in self._running.held(self._matches)}
        with_process = are_in_several([*known.values(), *self._held.values()])
        for key, each in known.items():
            if key not in self._held:
                has_ended = self._running.ended(key[0])
                self._say(each, "ended with its process" if has_ended else "goes on", with_process)
        for key, each in self._held.items():
            if key not in known:
                self._say(each, "", with_process)

    def _say(self, each: Held, then: str, with_process: bool) -> None:
        """Write that a request is held, or what became of it."""
        if self._form == "json":
            self._output.json({**each.to_dict(), **({"held": None} if then else {})})
            return
        text = Text(then, style="ink").append(" · ") if then else Text()
        text.append_text(each.text(with_process=with_process))
        if self._form == "md":
            self._output.markdown((escaped(text.plain), ""))
        else:
            line = Text(f"{clock(time.time())} ", style="quiet").append_text(text)
            self._output.lines(self._output.wrapped(line, self._output.width))

    def _write(self, summary: JsonObject) -> None:
        if self._form == "json":
            whole = self._requests.history.get(summary["id"]) if self._verbose else None
            self._output.json(summary if whole is None else whole.to_dict())
        elif self._form == "md":
            self._markdown(summary)
        else:
            self._text(summary)

    def _markdown(self, summary: JsonObject) -> None:
        trace = self._requests.history.get(summary["id"]) if self._verbose else None
        if trace is None:
            self._output.markdown([*markdown_table((summary,))][2:])
        else:
            report = Report(trace, summary, self._app)
            self._output.markdown((*report.markdown(brief=True), ""))

    def _text(self, summary: JsonObject) -> None:
        output = self._output
        began = summary["process"].get("started_at")
        if began and self._run and began > self._run + TOGETHER:
            output.rule(f"restarted {clock(began)}")
        self._run = max(filter(None, (began, self._run)), default=None)
        # The terminal may be resized meanwhile.
        rows = Rows(output.width, 0, has_strip=output.has_colour)
        output.lines([rows.row(summary)])
        trace = self._requests.history.get(summary["id"]) if self._verbose else None
        if trace is not None:
            journey = Journey(trace, output, brief=True)
            output.lines([*journey.lines(tree(trace, explain(trace))), Text()])


class _Closed:
    """Waits, and for no longer than somebody reads the output."""

    def __init__(self) -> None:
        self._poll = select.poll() if hasattr(select, "poll") else None
        if self._poll is not None:
            try:
                self._poll.register(sys.stdout.fileno(), 0)
            except (OSError, ValueError):  # it is no file of the system's
                self._poll = None

    def wait(self, seconds: float) -> bool:
        """Wait, or return True as soon as the output is closed."""
        if self._poll is None:
            time.sleep(seconds)
            return False
        events = [event for _, event in self._poll.poll(seconds * 1000)]
        if any(event & (select.POLLERR | select.POLLHUP) for event in events):
            return True
        if events:  # what the system cannot poll
            time.sleep(seconds)
        return False


__all__ = ["Follower"]

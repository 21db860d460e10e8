"""The requests of the other processes that share the history: those that run in them now."""

from __future__ import annotations

import time
import typing as t
from dataclasses import replace

from ..faults import fault
from ..pauses import looked_for
from ..processes.member import Member
from ..processes.protocol import Published
from ..processes.published import steps_in
from ..trace import process
from ..trace.model import JsonObject, Trace
from ..trace.writer import LiveTrace

_NO_HISTORY = "Other processes are not seen: LIFECYCLE_HISTORY is None."
# How long to wait for the steps of a request that nobody has watched so far.
_PATIENCE = 1.0
# What a process published is not older, unless it is busy: then its requests go on as well.
_LONGEST = 10.0


class Others:
    """What is known of the other processes.

    :param member: this process among them; None if nothing is shared.
    :param run: the name of this server's run, which its processes share.
    """

    def __init__(self, member: Member | None, run: str = "") -> None:
        self.member: Member | None = member
        self.run: str = run
        # The ids of the kept requests by their numbers, when they were looked at last.
        self._ids: dict[int, str] = {}
        # Whether the server has said that it has several processes.
        self._several = False

    @property
    def why_not(self) -> str | None:
        """Return why the requests of other processes are not known here, or None if they are."""
        return _NO_HISTORY if self.member is None else self.member.problem

    def came(self, environ: t.Mapping[str, t.Any]) -> None:
        """Take note of a call of the panel, by the server's environ."""
        self._several = bool(environ.get("wsgi.multiprocess"))

    @property
    def several(self) -> bool:
        """Return whether there are others whose requests are known here."""
        return self.why_not is None and (self._several or bool(self._published()))

    def stored_ids(self) -> t.Container[str] | None:
        """Return the ids of what is in the history, for all processes; None without others."""
        return self.member.stored_ids() if self.member is not None and self.several else None

    def shared(self, kept: list[LiveTrace]) -> list[LiveTrace]:
        """Return those that run, or that the history has or is still to get."""
        ids = self.stored_ids()
        if ids is None:
            return kept
        # To make an id takes most of the time.
        known = self._ids
        self._ids = known = {each.seq: known.get(each.seq) or each.id for each in kept}
        return [each for each in kept if not each.stored or known[each.seq] in ids]

    def counts(self) -> dict[str, int] | None:
        """Return how many requests of all processes were evicted, too large, or ignored."""
        return None if self.member is None or not self.several else self.member.counts()

    @property
    def process(self) -> JsonObject:
        """Return this process, as the others know it; as far as it is known, if there are none."""
        return process.run._asdict() if self.member is None else self.member.process

    def processes(self) -> list[JsonObject]:
        """Return the other processes that live."""
        found = [
            {name: value for name, value in each.process.items() if name != "holds"}
            for each in self._published()
            if not each.is_gone
        ]
        return sorted(found, key=lambda each: (str(each.get("host")), str(each.get("pid"))))

    def running(self) -> dict[str, JsonObject]:
        """Return the summaries of what runs in them, or ran a moment ago, by their ids.

        What ran in a process that died is cut off.
        """
        now = time.time()
        return {
            summary["id"]: shown
            for each in self._published()
            for summary in each.running
            if type(summary.get("id")) is str and (shown := _shown(summary, each, now)) is not None
        }

    def tell(self, kind: str, **data: t.Any) -> None:
        """Send a message to the other processes."""
        if self.member is not None and self.member.problem is None:
            self.member.board.tell(kind, data)

    def trace(self, trace_id: str) -> Trace | None:
        """Return one of these whole, or None."""
        member, summary = self.member, self.running().get(trace_id)
        if member is None or summary is None:
            return None
        if summary.get("cut_off"):
            found = self.steps(trace_id)
            return None if found is None else replace(found, state="done")

        def ask() -> Trace | None:
            member.ask(trace_id)
            return self.steps(trace_id)

        return looked_for(ask, _PATIENCE)

    def steps(self, trace_id: str) -> Trace | None:
        """Return one of these as its process published it, if it was watched."""
        return None if self.member is None else steps_in(self.member.board, trace_id)

    def written(self, trace_id: str) -> str | bytes | None:
        """Return what :meth:`steps` reads: the same text as long as nothing has changed."""
        return None if self.member is None else self.member.board.written(trace_id)

    def _published(self) -> list[Published]:
        return [] if self.member is None else self.member.others()


def _shown(summary: JsonObject, of: Published, now: float) -> JsonObject | None:
    try:
        if summary["state"] != "running":
            return summary
        if of.is_gone:
            cut = {"state": "done", "duration": None, "now": None, "sending": False}
            return {**summary, **cut, "cut_off": True}
        # The clocks of two machines differ.
        since = max(0, min(now - of.at, _LONGEST)) * 1e9
        app_time = summary["app_time"] + (0 if summary["sending"] else since)
        return {**summary, "elapsed": summary["elapsed"] + since, "app_time": app_time}
    except (KeyError, TypeError) as error:
        # Another version of this package may have published it.
        fault("a summary of another process", error)
        return None


__all__ = ["Others"]

"""One held request: its thread waits here until somebody lets it go on, or a bound is reached."""

from __future__ import annotations

import asyncio
import threading
import typing as t
from time import monotonic

from .. import locks
from ..faults import fail_open, fault
from ..recorder.holding import Call, Instead, When
from ..trace.holds import Span
from ..trace.model import JsonObject
from ..trace.tracepoint import Tracepoint
from ..trace.writer import Writer
from .bounds import Server, Viewers
from .instead import CannotError, can
from .seen import seen

# The intervals of checks whether a bound is reached, in seconds; the second one of an event loop.
_LOOK = 0.1
_LOOK_ASYNC = 0.02


class Keeper(t.Protocol):
    """Holds the requests of one app."""

    viewers: Viewers
    server: Server

    def released(self, held: Held) -> None:
        """Forget a request that goes on."""
        ...


class Held:
    """One held request.

    :param call: the call that is about to begin; None after a step, or if it is no call.
    :param seconds: how long it is held at most.
    """

    def __init__(
        self,
        writer: Writer,
        step: int,
        when: When,
        tracepoint: Tracepoint,
        call: Call | None,
        seconds: float,
        keeper: Keeper,
    ) -> None:
        self.writer: Writer = writer
        self.step: int = step
        self.when: When = when
        self.tracepoint: Tracepoint = tracepoint
        self.call: Call | None = call
        self.instead: Instead | None = None
        self.did: str | None = None
        self._keeper = keeper
        self._until = monotonic() + seconds
        # As the server's threads are, of gevent too.
        self._event = threading.Event()
        self._lock = locks.lock()
        self._span: Span | None = None
        #: What there is, JSON-ready, once it has begun.
        self.seen: JsonObject = {}

    @property
    def waits(self) -> bool:
        """Return whether it waits to be told how to go on."""
        return self._span is not None and self.did is None

    def begin(self) -> None:
        """Begin the span in which it is held."""
        self.seen = seen(self.writer, self.step, self.tracepoint, self.call)
        self._span = self.writer.trace.hold(self.writer, self.step)

    def check(self, do: str) -> None:
        """Check that it can go on like this.

        :raises CannotError: it cannot; the text says why.
        """
        if do == "end" and self.when == "after":
            raise CannotError("This step has ended: the request can go on to the next one.")

    def decide(self, do: str, instead: Instead | None = None) -> bool:
        """Let it go on; return False if it does already."""
        with self._lock:
            if self.did is not None:
                return False
            self.did, self.instead = do, instead
        self._event.set()
        return True

    def wait(self) -> None:
        while not self._event.wait(_LOOK):
            self._go_on_if_over()

    async def wait_async(self) -> None:
        while not self._event.is_set():
            await asyncio.sleep(_LOOK_ASYNC)
            self._go_on_if_over()

    def _go_on_if_over(self) -> None:
        over = self._over()
        # Without an answer, it has failed.
        if over != "":
            self.decide(over or "stopped")

    @fail_open
    def _over(self) -> str:
        """Return which bound is reached, or an empty text."""
        if monotonic() >= self._until:
            return "time"
        if self._keeper.server.is_stopping():
            return "stopped"
        return "" if self._keeper.viewers.present else "left"

    def leave(self) -> None:
        # Nobody has told it, if an exception ended the waiting.
        self.decide("stopped")
        try:
            if self._span is not None:
                self._span.over(self.did or "stopped")
            self._keeper.released(self)
        except Exception as error:
            fault("the end of a hold", error)

    def where(self) -> JsonObject:
        """Return where and since when it is held; ``since`` is in ns from the request's start."""
        trace = self.writer.trace
        span = self._span
        return {
            "trace": trace.id,
            "step": 0 if span is None else trace.held_at(span),
            "stage": self.tracepoint.stage,
            "name": self.tracepoint.name,
            "when": self.when,
            "since": 0 if span is None else trace.since(span.begin),
        }

    def to_dict(self) -> JsonObject:
        """Return it, JSON-ready; ``held`` is in ns, ``left`` in seconds."""
        where = self.where()
        possible, why = can(self.tracepoint.stage, self.call)
        on = ("go", "step", "end", "all") if self.when == "before" else ("go", "step", "all")
        return {
            **where,
            "held": self.writer.trace.elapsed() - where["since"],
            "left": max(0.0, round(self._until - monotonic(), 3)),
            "can": [*on, *possible],
            "why": why,
            "seen": self.seen,
        }


__all__ = ["Held"]

"""How many requests may be held, and for how long: what the server and its viewers allow."""

from __future__ import annotations

import asyncio
import os
import typing as t
from dataclasses import dataclass
from sys import _getframe
from time import monotonic
from types import FrameType

#: The limit where the server starts a thread for each request.
MOST = 32
#: A page that is loaded again within this time has not left.
_AGAIN_SECONDS = 2.0
#: The time for which a client without a connection of its own counts as a viewer, after each call.
POLL_SECONDS = 10.0
# The time for which viewers of another process count after they have left, and while this process
# does not come to look for them.
_GONE_SECONDS, _UNKNOWN_SECONDS = 1.0, 30.0

# What a server calls of ours, in the call of an app and later.
_ENTRIES = tuple(
    f"{__package__.partition('.')[0]}.instrumentation.{name}"
    for name in ("wsgi", "body_proxy", "body_recording")
)

_ONE_THREAD = (
    "This server handles one request at a time: while one was held, nothing could let it go on. "
    "Start it with threads: flask run without --without-threads, or gunicorn --threads 4."
)
_TOO_FEW = (
    "The server has {} threads, and open panels use {} of them: a held request would leave none "
    "for the others. Start it with more threads, such as gunicorn --threads 8."
)


@dataclass(frozen=True, slots=True)
class Server:
    """What the panel knows of the server that it runs on.

    :param threads: the number of its threads for requests; None if it starts as many as it needs.
    :param used: returns how many of them the connections of panels use.
    :param is_stopping: returns whether it waits for its requests to end.
    """

    threads: int | None
    used: t.Callable[[], int]
    is_stopping: t.Callable[[], bool]

    def room(self) -> int:
        """Return how many requests may be held at a time: half of its threads at most."""
        if self.threads is None:
            return MOST
        return max(0, min(MOST, self.threads // 2, self.threads - 1 - self.used()))

    def why_never(self) -> str | None:
        """Return why this server cannot hold any request, or None."""
        return _ONE_THREAD if self.threads == 1 else None

    def why_none(self) -> str | None:
        """Return why no request can be held now, or None."""
        if self.why_never() or self.room() > 0:
            return self.why_never()
        return _TOO_FEW.format(self.threads, self.used())


#: Until a client of the panel has shown which one it is.
UNKNOWN = Server(1, lambda: 0, lambda: False)


def is_on_servers_loop() -> bool:
    """Return whether the server's own event loop runs this, so that waiting would stop it.

    Tornado closes bodies there. An event loop of the app's is nearer than the server's call.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    frame: FrameType | None = _getframe(1)
    while frame is not None:
        module = str(frame.f_globals.get("__name__"))
        if module.startswith("asyncio."):
            return False
        if module in _ENTRIES:
            return True
        frame = frame.f_back
    return False


class Viewers:
    """Whether anybody watches who could let a request go on. A fork begins without any."""

    _until: float
    _tool_until: float
    _elsewhere_until: float

    def __init__(self) -> None:
        self._forget()

    def entered(self) -> None:
        """Count a page that keeps a connection."""
        self._check_pid()
        self._connected += 1

    def left(self) -> None:
        """Count a page out. What it called before does not count any more."""
        self._connected -= 1
        if self._connected <= 0:
            self._until = monotonic() + _AGAIN_SECONDS

    def called(self) -> None:
        """Count a page without a connection for a while."""
        self._check_pid()
        self._until = max(self._until, monotonic() + POLL_SECONDS)

    def called_by_tool(self, seconds: float) -> None:
        """Count a tool, which stays when pages leave."""
        self._check_pid()
        self._tool_until = max(self._tool_until, monotonic() + seconds)

    def looked(self, *, elsewhere: bool) -> None:
        """Count those of other processes until this one looks again, and for a moment more."""
        self._check_pid()
        now = monotonic()
        if elsewhere:
            self._elsewhere_until = now + _UNKNOWN_SECONDS
        else:
            self._elsewhere_until = min(self._elsewhere_until, now + _GONE_SECONDS)

    @property
    def here(self) -> bool:
        """Return whether one came through this process."""
        self._check_pid()
        return self._connected > 0 or monotonic() < max(self._until, self._tool_until)

    @property
    def present(self) -> bool:
        """Return whether there is one."""
        return self.here or monotonic() < self._elsewhere_until

    def _check_pid(self) -> None:
        if self._pid != os.getpid():
            self._forget()

    def _forget(self) -> None:
        self._pid = os.getpid()
        self._connected = 0
        self._until = self._tool_until = self._elsewhere_until = 0.0


__all__ = ["MOST", "POLL_SECONDS", "UNKNOWN", "Server", "Viewers", "is_on_servers_loop"]

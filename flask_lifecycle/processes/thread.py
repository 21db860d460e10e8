"""The one thread of a process that keeps in touch with the others, for all of its apps.

It starts with the first request of a server. While nobody watches, it only looks whether somebody
does, some times a second: the shared file is not even made before there is a viewer.
"""

from __future__ import annotations

import atexit
import threading
import typing as t
import weakref

from .. import forks, locks
from ..faults import fault
from .protocol import Board

#: The intervals at which there is something to do, in seconds: while somebody watches, and else.
OFTEN, SELDOM = 0.1, 0.2


class Member(t.Protocol):
    """An app that takes part."""

    @property
    def board(self) -> Board:
        """Return the place that it shares."""
        ...

    def turn(self) -> float:
        """Do what is due; return in how many seconds to do so again."""
        ...

    def forked(self) -> None:
        """Take part again, as another process."""
        ...

    def close(self) -> None:
        """Leave the others, as the process ends."""
        ...


class Thread:
    """The thread, and the apps that take part. It holds none of these."""

    def __init__(self) -> None:
        self._members: list[tuple[t.Callable[[], Member | None], Board]] = []
        self._lock = locks.lock()
        self._bell: threading.Event | None = None

    def add(self, member: Member) -> bool:
        """Let an app take part; return False if the thread cannot be started now."""
        with self._lock:
            if all(reference() is not member for reference, _ in self._members):
                self._members.append((weakref.ref(member), member.board))
            if self._bell is None:
                self._start()
            if self._bell is None:
                self._members.pop()
            return self._bell is not None

    def remove(self, member: Member) -> None:
        """Let an app leave the others, at the next turn."""
        with self._lock:
            for index, (reference, board) in enumerate(self._members):
                if reference() is member:
                    self._members[index] = _gone, board
        self.hurry()

    def hurry(self) -> None:
        """Take the next turn now."""
        if self._bell is not None:
            self._bell.set()

    def _start(self) -> None:
        # Made now: by now, gevent has replaced what it replaces.
        bell = threading.Event()
        thread = threading.Thread(
            target=self._run, args=(bell,), name="flask-lifecycle-processes", daemon=True
        )
        # Before it runs: nobody hurries it in vain.
        self._bell = bell
        try:
            thread.start()
        except RuntimeError as error:  # no more threads, or the process ends
            self._bell = None
            fault("the start of the thread for other processes", error)
            return
        atexit.register(self.close)

    def _run(self, bell: threading.Event) -> None:
        while True:
            bell.wait(self._turns())
            bell.clear()

    def _turns(self) -> float:
        soon = SELDOM
        for each in list(self._members):
            reference, board = each
            member = reference()
            try:
                if member is not None:
                    soon = min(soon, member.turn())
                    continue
                with self._lock:
                    self._members = [one for one in self._members if one is not each]
                board.leave()
            except Exception as error:
                fault("what is shared with other processes", error)
        return soon

    def close(self) -> None:
        """Leave the other processes, at the end of this one."""
        with self._lock:
            # None of them takes a turn afterwards, and shows itself again.
            members, self._members = self._members, []
        for reference, board in members:
            member = reference()
            try:
                if member is None:
                    board.leave()
                else:
                    member.close()
            except Exception as error:
                fault("what is shared with other processes", error)

    def forked(self) -> None:
        """Let the apps take part as another process: the thread does not exist in this one."""
        atexit.unregister(self.close)
        self._bell = None
        members, self._members = self._members, []
        for reference, _ in members:
            member = reference()
            if member is not None:
                member.forked()


def _gone() -> None:
    """Stand for an app that has left."""


thread: Thread = Thread()
forks.in_child(thread.forked)


__all__ = ["OFTEN", "SELDOM", "Member", "Thread", "thread"]

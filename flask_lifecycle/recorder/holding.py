"""Hold a request at a step: the flag that the hot path tests, and the calls for when it is set.

Who holds requests, where and how long is decided by the holder of the app, ``holds.holder``.
"""

from __future__ import annotations

import sys
import typing as t
from weakref import WeakValueDictionary

from ..faults import fail_open
from ..trace.owner import Owner
from ..trace.writer import Writer

When = t.Literal["before", "after"]

#: Whether any request of this process may be held: all that is tested if none is.
armed: bool = False


class Call(t.NamedTuple):
    """A call of a recorded function that is about to begin."""

    func: t.Any
    args: tuple[t.Any, ...]
    kwargs: dict[str, t.Any]


#: Called in place of a function; may raise what that might.
Instead = t.Callable[[], t.Any]


class Held(t.Protocol):
    """A request that is held."""

    #: What to do in place of the function that it is held before, if anything.
    instead: Instead | None

    def wait(self) -> None:
        """Wait until it goes on."""
        ...

    async def wait_async(self) -> None:
        """Wait until it goes on, and let other tasks run."""
        ...

    def leave(self) -> None:
        """Go on, however the waiting ended."""
        ...


class Holder(t.Protocol):
    """Holds the requests of one app."""

    @property
    def armed(self) -> bool:
        """Return whether it may hold any."""
        ...

    def enter(self, writer: Writer, step: int, when: When, call: Call | None) -> Held | None:
        """Return the request, held; None if it is not to be held here.

        :param step: the step's offset in the writer's log.
        :param call: the call of a function that is about to begin.
        """
        ...


#: By the identity of the app, which a holder refers to.
holders: WeakValueDictionary[Owner, Holder] = WeakValueDictionary()


def all_holders() -> list[Holder]:
    """Return the holders of all apps."""
    # In one call into C, unlike its values: other threads make and remove apps meanwhile.
    references = holders.valuerefs()
    return [holder for reference in references if (holder := reference()) is not None]


def arm() -> None:
    """Set the flag, or clear it if no app holds requests any more."""
    global armed
    armed = any(holder.armed for holder in all_holders())


@fail_open
def _enter(writer: Writer, step: int, when: When, call: Call | None) -> Held | None:
    owner = writer.owner
    holder = None if owner is None else holders.get(owner)
    if holder is None:
        # The app of the last one may be gone.
        arm()
        return None
    return holder.enter(writer, step, when, call)


def before(writer: Writer, step: int, call: Call | None = None) -> Instead | None:
    """Hold the request before what a step records, if it is to be held there.

    :returns: what to do in place of the call.
    """
    return _wait(_enter(writer, step, "before", call))


def after(writer: Writer, step: int) -> None:
    """Hold the request after a step, whose end is recorded, if it is to be held there."""
    if not _is_exiting(writer, step):
        _wait(_enter(writer, step, "after", None))


def called(writer: Writer, step: int, func: t.Any, /, *args: t.Any, **kwargs: t.Any) -> t.Any:
    """Call a recorded function, unless the request is held before it and told otherwise."""
    __tracebackhide__ = True
    instead = before(writer, step, Call(func, args, kwargs))
    return func(*args, **kwargs) if instead is None else instead()


async def awaited(
    writer: Writer, step: int, func: t.Any, /, *args: t.Any, **kwargs: t.Any
) -> t.Any:
    """Do the same with an async function, without blocking its event loop."""
    __tracebackhide__ = True
    instead = await _wait_async(_enter(writer, step, "before", Call(func, args, kwargs)))
    return await func(*args, **kwargs) if instead is None else instead()


async def after_awaited(writer: Writer, step: int) -> None:
    """Hold the request after an async function."""
    if not _is_exiting(writer, step):
        await _wait_async(_enter(writer, step, "after", None))


def _is_exiting(writer: Writer, step: int) -> bool:
    """Return whether a step is left by an exit or a cancellation, which must not wait."""
    return step in writer.notes.outcomes and not isinstance(
        sys.exc_info()[1], (Exception, type(None))
    )


def _wait(held: Held | None) -> Instead | None:
    if held is None:
        return None
    try:
        held.wait()
    finally:
        held.leave()
    return held.instead


async def _wait_async(held: Held | None) -> Instead | None:
    if held is None:
        return None
    try:
        await held.wait_async()
    finally:
        held.leave()
    return held.instead


__all__ = [
    "Call",
    "Held",
    "Holder",
    "Instead",
    "When",
    "after",
    "after_awaited",
    "all_holders",
    "arm",
    "armed",
    "awaited",
    "before",
    "called",
    "holders",
]

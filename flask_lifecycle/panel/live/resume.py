"""Where a viewer goes on: after what its page has, from whichever process that came."""

from __future__ import annotations

from ...history import History
from ...store import Store
from ...trace.model import JsonObject
from ...trace.process import ids_end
from ...trace.writer import LiveTrace
from ..others import Others
from .of_others import OfOthers
from .viewer import Position, Viewer, before_newest


def viewer_of(
    given: JsonObject, store: Store, history: History | None, others: Others, *, several: bool
) -> Viewer:
    """Return the viewer of a page that connects, or polls.

    :param given: what the page says of its state; it is untrusted.
    :param several: whether the server has several processes.
    """
    kept = store.newest()
    shares = others.why_not is None
    # One for all processes of the server: a viewer may come to another one each time.
    epoch = others.run if several and shares else None
    position = Position.of(given.get("position")) if shares else None
    last, resumes = _last(given, store, kept, epoch, position)
    asked = given.get("running") if resumes else None
    named = [each for each in asked if isinstance(each, str)] if isinstance(asked, list) else []
    own = {trace.id: trace.seq for trace in kept} if named else {}
    running = {each: own.get(each, 0) for each in reversed(named) if each in own or not shares}
    elsewhere, since = 0, ""
    if resumes and position is not None and position.epoch != store.epoch:
        # From another process: what does not come by the history is sent.
        running = {each.id: each.seq for each in reversed(kept) if not each.stored}
        elsewhere, since = last, ids_end()
    of_others = None
    if shares:
        foreign = [each for each in named if each not in own]
        at = position.history if resumes and position is not None else None
        of_others = OfOthers(others, history, at, foreign, since)
    viewer = Viewer(
        resumes,
        last,
        running,
        several=several,
        epoch=epoch,
        others=of_others,
        elsewhere=elsewhere,
    )
    first = viewer.cursor if resumes else 0
    newest = kept[0].seq if kept else first
    viewer.missed = newest - first - store.unseen(first, newest)
    return viewer


def _last(
    given: JsonObject,
    store: Store,
    kept: list[LiveTrace],
    epoch: str | None,
    position: Position | None,
) -> tuple[int, bool]:
    """Return the number after which a viewer's traces begin, and whether it resumes there."""
    if given.get("epoch") == epoch and position is not None:
        newest = kept[0].seq if kept else 0
        is_here = position.epoch == store.epoch
        return min(position.last, newest) if is_here else newest, True
    last = given.get("last")
    trace = store.get(last) if isinstance(last, str) else None
    if given.get("epoch") == store.epoch and trace is not None:
        return trace.seq, True
    # Removed traces precede all others.
    return before_newest(kept), False


__all__ = ["viewer_of"]

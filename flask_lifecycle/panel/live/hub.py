"""The live stream: one pump thread tails the store while somebody watches.

Requests never emit. The pump looks some 30 times a second at what is new since each viewer's
last message, and sends the next one only once enough of the earlier ones are acknowledged and
written. For who takes none, nothing is looked up or prepared; and as a thread that computes keeps
all others waiting, the pump does so for a moment only and then lets them go first.
Who cannot have a websocket asks for the same messages, one by one.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import typing as t
from bisect import bisect_left
from contextlib import suppress
from functools import partial
from itertools import takewhile

import flask
import flask_socketio
from socketio.packet import Packet

from ... import locks
from ..._compat import DRIVER
from ...store import Store
from ...trace.explain import Explainer
from ...trace.model import Step
from ...trace.snapshot import freeze, header
from ...trace.writer import LiveTrace
from ..initiators import Causes
from ..summary import summarized
from ..written import Json
from .websocket import GONE_SECONDS, MESSAGE_BYTES, PING_SECONDS, Websocket

_TICK = 1 / 30
# Where nobody has taken anything for so many looks, the next ones are further apart: each takes
# the app's place for a moment.
_LOOKS = 30
_SELDOM = 0.2
_UNACKNOWLEDGED = 2
# What one message holds: what a page takes in and draws within a few frames.
_TRACES_A_BATCH = 200
# What a new viewer is sent at first; it asks for the older ones by page.
_NEWEST = 200
_STEPS_A_BATCH = 500
# Written as JSON in one go, 2 ms long, in which no other thread runs.
_BATCH_BYTES = 256 * 1024
# Of which those of steps: a viewer that does not read holds some copies of two messages.
_STEPS_BYTES = 128 * 1024
# Else a request's thread would wait for as long as the interpreter lets one thread compute, 5 ms
# (`sys.getswitchinterval`), each time that it comes back from waiting for a socket or a file.
_STRETCH = _PAUSE = 0.0005

_log = logging.getLogger("flask_lifecycle.hub")
_log.addHandler(logging.NullHandler())
_log.propagate = False
# Whatever the root logger's is: Engine.IO tells of each packet.
_log.setLevel(logging.WARNING)

_app_log = logging.getLogger("flask_lifecycle")

# Else each value of a message is looked at for bytes, which takes longer than writing the JSON.
_Packet = type("_Packet", (Packet,), {"uses_binary_events": False, "json": Json})


class _Pick(t.NamedTuple):
    """The trace whose steps a viewer asks for; the newest, without."""

    trace: str | None
    #: How many of its steps the viewer has.
    have: int


_NEWEST_TRACE = _Pick(None, 0)


class _Viewer:
    """What one viewer has been sent.

    Only the pump moves what is known to be sent. The thread of the viewer's socket leaves a
    ``pick`` and how far it ``acknowledged``, each in one assignment, and writes nothing else.
    """

    def __init__(
        self, resumes: bool, last: int, running: dict[str, int], *, several: bool = False
    ) -> None:
        self.several = several
        self.reset = not resumes
        #: How many requests came while it was away; told once.
        self.missed: int | None = None
        self.seq = 0
        self.acknowledged = 0
        self.cursor = last
        #: The numbers of what it has been sent, in their order, until it is told that they went.
        self.known: dict[str, int] = dict(running)
        self.shown: dict[str, tuple[t.Any, ...]] = dict.fromkeys(running, ())
        self.pick = self._picked = _NEWEST_TRACE
        self.steps_of: str | None = None
        self.steps_sent = 0
        self.steps_open: set[int] = set()
        self.explainer = Explainer()
        self.strands = (0, 0)
        #: Those whose steps, sent while they ran, stand elsewhere now that they are done.
        self.moved: set[str] = set()
        self.gone = (-1, -1)

    def watches(self, kept: list[LiveTrace]) -> LiveTrace | None:
        """Find the trace whose steps it is shown, and begin with them where it is another one."""
        pick = self.pick
        is_new, self._picked = pick is not self._picked, pick
        if pick.trace is None:
            trace = kept[0] if kept else None
        else:
            trace = next((each for each in kept if each.id == pick.trace), None)
        if trace is None:
            self.steps_of = None
        elif is_new or trace.id != self.steps_of:
            self.steps_of = trace.id
            self.steps_again()
            self.steps_sent = pick.have if trace.id == pick.trace else 0
        return trace

    def steps_again(self) -> None:
        """Send the steps of its trace from the first one on."""
        self.steps_sent = 0
        self.steps_open = set()
        self.explainer = Explainer()
        self.strands = (0, 0)


class Hub:
    """Send to each viewer what is new."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._causes = Causes()
        self._viewers: dict[str, _Viewer] = {}
        self._lock = locks.lock()
        self._pid = os.getpid()
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._faults: set[type[Exception]] = set()
        self._io = flask_socketio.SocketIO(
            async_mode="threading",
            async_handlers=False,
            serializer=_Packet,
            manage_session=False,
            transports=["websocket"],
            cors_allowed_origins="*",  # the gate has checked the Origin, more strictly
            logger=_log,
            engineio_logger=_log,
            ping_interval=PING_SECONDS,
            ping_timeout=GONE_SECONDS - PING_SECONDS,
            # Each socket sees to its own end: no thread that asks them all.
            monitor_clients=False,
            max_http_buffer_size=MESSAGE_BYTES,
            serve_client=False,
        )
        self._io.on_event("connect", self._connect)
        self._io.on_event("disconnect", self._disconnect)
        self._io.on_event("ack", self._acknowledge)
        self._io.on_event("watch", self._watch)

    def init_app(self, panel: flask.Flask) -> None:
        """Serve the stream on the panel's app, at ``socket.io/``."""
        self._io.init_app(panel, path="socket.io")
        engine = self._io.server.eio
        # There is no other way: Engine.IO looks up drivers by name in its own package only, one for
        # all servers of the process, and its websocket takes no options.
        setattr(engine, DRIVER, {**getattr(engine, DRIVER), "websocket": Websocket})

    def kept(self) -> list[LiveTrace]:
        """Return all that is kept, newest first, with what caused it."""
        kept = self._store.newest()
        self._causes.look(kept)
        return kept

    def shown(self, page: LiveTrace, is_shown: bool) -> None:
        """Take it from a page that it was left, or is shown again."""
        self._causes.shown(page, is_shown)

    def poll(self, asked: dict[str, t.Any], *, several: bool) -> dict[str, t.Any]:
        """Return what is new to who asks, as a message of the stream.

        :param asked: what it has, as on connecting; ``watch``, the trace whose steps it wants
            (the newest one's, without), and ``have``, how many of them it has.
        :param several: whether there are other processes like this.
        """
        viewer = self._viewer(asked, several)
        kept = self.kept()
        newest = kept[0].id if kept else None
        viewer.pick = _pick(asked.get("watch") or newest, asked.get("have"))
        return {**self._batch(viewer, kept, whole=True), "seq": 0}

    def _viewer(self, given: dict[str, t.Any], several: bool) -> _Viewer:
        last = self._store.get(given["last"]) if isinstance(given.get("last"), str) else None
        resumes = given.get("epoch") == self._store.epoch and last is not None
        running = given.get("running") if resumes else None
        kept = self._store.newest()
        numbers = {trace.id: trace.seq for trace in kept} if running else {}
        viewer = _Viewer(
            resumes,
            # What went meanwhile stands before all.
            last.seq if resumes and last is not None else _before_newest(kept),
            {each: numbers.get(each, 0) for each in reversed(running) if isinstance(each, str)}
            if isinstance(running, list)
            else {},
            several=several,
        )
        first = viewer.cursor if resumes else 0
        newest = kept[0].seq if kept else first
        viewer.missed = newest - first - self._store.unseen(first, newest)
        return viewer

    def _connect(self, auth: t.Any = None) -> None:
        several = bool(flask.request.environ.get("wsgi.multiprocess"))
        viewer = self._viewer(auth if isinstance(auth, dict) else {}, several)
        with self._lock:
            if self._pid != os.getpid():
                # Those of the process that this one was forked from.
                self._pid = os.getpid()
                self._viewers.clear()
            self._viewers[_sid()] = viewer
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._pump, name="flask-lifecycle-pump", daemon=True
                )
                self._thread.start()

    def _disconnect(self, *_reason: t.Any) -> None:
        with self._lock:
            self._viewers.pop(_sid(), None)

    def _acknowledge(self, seq: t.Any = None) -> None:
        viewer = self._viewers.get(_sid())
        if viewer is not None and isinstance(seq, int):
            viewer.acknowledged = max(viewer.acknowledged, min(seq, viewer.seq))

    def _watch(self, wanted: t.Any = None) -> None:
        viewer = self._viewers.get(_sid())
        if viewer is not None and isinstance(wanted, dict):
            viewer.pick = _pick(wanted.get("trace"), wanted.get("have"))

    def _pump(self) -> None:
        in_vain = 0
        while True:
            with self._lock:
                viewers = list(self._viewers.items())
                if not viewers:
                    self._thread = None
                    return
            kept: list[LiveTrace] | None = None
            for sid, viewer in viewers:
                try:
                    if self._takes(sid, viewer):
                        kept = self.kept() if kept is None else kept
                        self._send(sid, viewer, kept)
                except Exception as error:
                    self._fault(error)
                    self._drop(sid)
            in_vain = in_vain + 1 if kept is None else 0
            self._wake.wait(_TICK if in_vain < _LOOKS else _SELDOM)

    def _fault(self, error: Exception) -> None:
        """Log a fault of the stream's own, once for each kind."""
        if type(error) not in self._faults:
            self._faults.add(type(error))
            # The app's filters, handlers and record factory may fail as well.
            with suppress(Exception):
                _app_log.warning("The live stream failed; it goes on.", exc_info=error)

    def _drop(self, sid: str) -> None:
        """End a viewer whose message failed: its page connects again, and says what it has."""
        with self._lock:
            self._viewers.pop(sid, None)
        socket = self._socket(sid)
        if socket is not None:
            # It may be about to end by itself.
            with suppress(Exception):
                socket.close(wait=False, abort=True)

    def _socket(self, sid: str) -> t.Any:
        server = self._io.server
        return server.eio.sockets.get(server.manager.eio_sid_from_sid(sid, "/"))

    def _takes(self, sid: str, viewer: _Viewer) -> bool:
        """Tell whether a viewer takes one more message: whatever it acknowledges, it reads."""
        if viewer.seq - viewer.acknowledged >= _UNACKNOWLEDGED:
            return False
        socket = self._socket(sid)
        # One may be on its way, and one wait for that.
        return socket is None or socket.queue.empty()

    def _send(self, sid: str, viewer: _Viewer, kept: list[LiveTrace]) -> None:
        batch = self._batch(viewer, kept)
        if not batch:
            return
        viewer.seq += 1
        batch["seq"] = viewer.seq
        self._io.emit("batch", batch, to=sid)

    def _batch(
        self, viewer: _Viewer, kept: list[LiveTrace], *, whole: bool = False
    ) -> dict[str, t.Any]:
        """Make the next message; empty, where there is nothing new and it need not be whole."""
        removed = _removed(viewer, kept)
        traces, skipped = self._changed(viewer, kept)
        try:
            steps = self._steps(viewer, kept)
        except Exception as error:
            # Its page would connect again, and ask for the same.
            self._fault(error)
            steps = []
        gone = (self._store.evicted, self._store.ignored)

        news = traces or steps or removed or viewer.reset or gone != viewer.gone
        if not news and not whole:
            return {}

        for each in removed:
            viewer.known.pop(each, None)
            viewer.shown.pop(each, None)
            viewer.moved.discard(each)
        reset, viewer.reset, viewer.gone = viewer.reset, False, gone
        missed, viewer.missed = viewer.missed, None
        return {
            "epoch": self._store.epoch,
            "reset": reset,
            "traces": traces,
            "steps": steps,
            "removed": removed,
            "skipped": skipped,
            "evicted": gone[0],
            "too_large": self._store.too_large,
            "ignored": gone[1],
            "missed": missed,
            "kept": len(kept),
            "oldest": kept[-1].id if kept else None,
            "process": {"pid": os.getpid(), "several": viewer.several},
        }

    def _changed(
        self, viewer: _Viewer, kept: list[LiveTrace]
    ) -> tuple[list[dict[str, t.Any]], int]:
        found: list[dict[str, t.Any]] = []
        skipped = size = 0
        breath = _Breath()

        running = [_find(kept, viewer.known[each]) for each in viewer.shown]
        news = [*takewhile(lambda trace: trace.seq > viewer.cursor, kept)]
        for trace in (*running, *reversed(news)):
            if trace is None:
                continue
            new = trace.seq > viewer.cursor
            if len(found) >= _TRACES_A_BATCH or size >= _BATCH_BYTES:
                break
            state = _state(trace)
            if new:
                gap = trace.seq - viewer.cursor - 1
                if gap and viewer.cursor and not viewer.reset:
                    skipped += gap - self._store.unseen(viewer.cursor, trace.seq)
                viewer.cursor = trace.seq
                viewer.known[trace.id] = trace.seq
            elif viewer.shown[trace.id] == state:
                continue
            summary = summarized(trace)
            if summary is not None:
                found.append(summary)
                size += 1000 + len(trace.path) + len(trace.query)
            breath.take()
            if state[0] if summary is None else summary["state"] == "running":
                viewer.shown[trace.id] = state
            elif viewer.shown.pop(trace.id, None) is not None and trace.merged:
                viewer.moved.add(trace.id)

        return found, skipped

    def _steps(self, viewer: _Viewer, kept: list[LiveTrace]) -> list[dict[str, t.Any]]:
        trace = viewer.watches(kept)
        if trace is None or trace.seq > viewer.cursor:
            return []

        # First: of what is done by then, all steps are.
        is_moving = trace.running and trace.merged
        columns = trace.columns()
        count = len(columns.sites)
        if is_moving:
            # Several threads write: a step may have come in between those that were sent. All
            # are sent anew, unless they are many: then once the request is done.
            now = (count, sum(not end for end in columns.ends))
            is_new, viewer.strands = viewer.strands != now, now
            if not is_new or count > _STEPS_A_BATCH:
                return []
            viewer.steps_sent = 0
            viewer.steps_open = set()
            viewer.explainer = Explainer()
        elif viewer.strands != (0, 0) or trace.id in viewer.moved:
            viewer.moved.discard(trace.id)
            viewer.steps_again()
        ended = {index for index in viewer.steps_open if columns.ends[index]}
        steps: list[Step] = []
        size = 0
        breath = _Breath()
        for index in (*sorted(ended), *range(viewer.steps_sent, count)):
            if len(steps) >= _STEPS_A_BATCH or size >= _STEPS_BYTES:
                break
            step = freeze(trace, columns, index)
            steps.append(step)
            breath.take()
            size += 550 + len(str(step.detail))
            viewer.steps_open.discard(index)
            if step.end is None:
                viewer.steps_open.add(index)
            viewer.steps_sent = max(viewer.steps_sent, index + 1)
        if not steps:
            return []
        explained = []
        read = partial(freeze, trace, columns)
        for each in viewer.explainer.explained(header(trace), steps, read):
            explained.append(each)
            breath.take()
        return [{"trace": trace.id, "steps": explained}]


class _Breath:
    """Lets other threads go first, each time that it was computed for long enough."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()

    def take(self) -> None:
        if time.perf_counter() - self._begun >= _STRETCH:
            time.sleep(_PAUSE)
            self._begun = time.perf_counter()


def _pick(trace: t.Any, have: t.Any) -> _Pick:
    return _Pick(
        trace if isinstance(trace, str) else None, max(0, have) if isinstance(have, int) else 0
    )


def _before_newest(kept: list[LiveTrace]) -> int:
    """Return the number after which those come that a new viewer is sent."""
    return kept[_NEWEST].seq if len(kept) > _NEWEST else 0


def _find(kept: list[LiveTrace], number: int) -> LiveTrace | None:
    index = bisect_left(kept, -number, key=lambda trace: -trace.seq)
    return kept[index] if index < len(kept) and kept[index].seq == number else None


def _removed(viewer: _Viewer, kept: list[LiveTrace]) -> list[str]:
    """List what it was sent and is gone: the oldest, and running ones that are not to be seen."""
    oldest = kept[-1].seq if kept else None
    gone = takewhile(lambda each: oldest is None or each[1] < oldest, viewer.known.items())
    hidden = (each for each in viewer.shown if _find(kept, viewer.known[each]) is None)
    return [*dict.fromkeys((*(trace_id for trace_id, _ in gone), *hidden))]


def _sid() -> str:
    return t.cast("str", flask.request.sid)  # type: ignore[attr-defined]


def _state(trace: LiveTrace) -> tuple[t.Any, ...]:
    """Return what makes a running trace be sent again when it changes."""
    opened = None
    # What cannot be read, its summary tells.
    with suppress(Exception):
        opened = sum(1 for end in trace.columns().ends[-8:] if not end)
    return trace.running, trace.step_count, trace.status, opened


__all__ = ["Hub"]

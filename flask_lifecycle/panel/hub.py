"""The live stream: one pump thread tails the store while somebody watches.

Requests never emit. The pump looks some 30 times a second at what is new since each viewer's
last message, and sends the next one only once enough of the earlier ones are acknowledged.
"""

from __future__ import annotations

import logging
import threading
import typing as t

import flask
import flask_socketio

from ..store import Store
from ..summary import summarize
from ..trace import LiveTrace, freeze

_TICK = 1 / 30
_UNACKNOWLEDGED = 2
_VIEWERS = 8
_TRACES_A_BATCH = 200
_MESSAGE_BYTES = 64 * 1024

_log = logging.getLogger("flask_lifecycle.hub")
_log.addHandler(logging.NullHandler())
_log.propagate = False


class _Viewer:
    """What one viewer has been sent."""

    def __init__(self, resumes: bool, last: int, running: set[str]) -> None:
        self.reset = not resumes
        self.seq = 0
        self.acknowledged = 0
        self.cursor = last
        self.known: set[str] = set(running)
        self.shown: dict[str, tuple[t.Any, ...]] = dict.fromkeys(running, ())
        self.watched: str | None = None
        self.steps_of: str | None = None
        self.steps_sent = 0
        self.steps_open: set[int] = set()
        self.evicted = -1


class Hub:
    """Send to each viewer what is new."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._viewers: dict[str, _Viewer] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._io = flask_socketio.SocketIO(
            async_mode="threading",
            async_handlers=False,
            manage_session=False,
            transports=["websocket"],
            cors_allowed_origins="*",  # the gate has checked the Origin, more strictly
            logger=_log,
            engineio_logger=_log,
            ping_interval=5,
            ping_timeout=5,
            max_http_buffer_size=_MESSAGE_BYTES,
            serve_client=False,
        )
        self._io.on_event("connect", self._connect)
        self._io.on_event("disconnect", self._disconnect)
        self._io.on_event("ack", self._acknowledge)
        self._io.on_event("watch", self._watch)

    def init_app(self, panel: flask.Flask) -> None:
        """Serve the stream on the panel's app, at ``socket.io/``."""
        self._io.init_app(panel, path="socket.io")

    def _connect(self, auth: t.Any = None) -> bool:
        given = auth if isinstance(auth, dict) else {}
        last = self._store.get(given["last"]) if isinstance(given.get("last"), str) else None
        resumes = given.get("epoch") == self._store.epoch and last is not None
        running = given.get("running") if resumes else None
        viewer = _Viewer(
            resumes,
            last.seq if resumes and last is not None else 0,
            {each for each in running if isinstance(each, str)}
            if isinstance(running, list)
            else set(),
        )
        with self._lock:
            if len(self._viewers) >= _VIEWERS:
                return False
            self._viewers[_sid()] = viewer
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._pump, name="flask-lifecycle-pump", daemon=True
                )
                self._thread.start()
        return True

    def _disconnect(self, *_reason: t.Any) -> None:
        with self._lock:
            self._viewers.pop(_sid(), None)

    def _acknowledge(self, seq: t.Any = None) -> None:
        viewer = self._viewers.get(_sid())
        if viewer is not None and isinstance(seq, int):
            viewer.acknowledged = max(viewer.acknowledged, min(seq, viewer.seq))

    def _watch(self, wanted: t.Any = None) -> None:
        viewer = self._viewers.get(_sid())
        trace = wanted.get("trace") if isinstance(wanted, dict) else None
        if viewer is not None and (trace is None or isinstance(trace, str)):
            viewer.watched = trace
            viewer.steps_of = None

    def _pump(self) -> None:
        while True:
            with self._lock:
                viewers = list(self._viewers.items())
                if not viewers:
                    self._thread = None
                    return
            try:
                kept = self._store.newest()
                for sid, viewer in viewers:
                    if viewer.seq - viewer.acknowledged < _UNACKNOWLEDGED:
                        self._send(sid, viewer, kept)
            except Exception:
                _log.exception("The pump failed; it goes on.")
            self._wake.wait(_TICK)

    def _send(self, sid: str, viewer: _Viewer, kept: list[LiveTrace]) -> None:
        batch = self._batch(viewer, kept)
        if batch is None:
            return
        viewer.seq += 1
        batch["seq"] = viewer.seq
        self._io.emit("batch", batch, to=sid)

    def _batch(self, viewer: _Viewer, kept: list[LiveTrace]) -> dict[str, t.Any] | None:
        ids = {trace.id for trace in kept}
        removed = [each for each in viewer.known if each not in ids]
        traces, skipped = self._changed(viewer, kept)
        steps = self._steps(viewer, kept)
        evicted = self._store.evicted

        if not (traces or steps or removed or viewer.reset or evicted != viewer.evicted):
            return None

        for each in removed:
            viewer.known.discard(each)
            viewer.shown.pop(each, None)
        reset, viewer.reset, viewer.evicted = viewer.reset, False, evicted
        return {
            "epoch": self._store.epoch,
            "reset": reset,
            "traces": traces,
            "steps": steps,
            "removed": removed,
            "skipped": skipped,
            "evicted": evicted,
        }

    def _changed(
        self, viewer: _Viewer, kept: list[LiveTrace]
    ) -> tuple[list[dict[str, t.Any]], int]:
        found: list[dict[str, t.Any]] = []
        skipped = 0

        for trace in reversed(kept):
            new = trace.seq > viewer.cursor
            if not new and trace.id not in viewer.shown:
                continue
            if len(found) >= _TRACES_A_BATCH:
                break
            state = (trace.running, trace.step_count, trace.status, _open(trace))
            if new:
                gap = trace.seq - viewer.cursor - 1
                if gap and viewer.cursor and not viewer.reset:
                    skipped += gap - self._store.unseen(viewer.cursor, trace.seq)
                viewer.cursor = trace.seq
                viewer.known.add(trace.id)
            elif viewer.shown[trace.id] == state:
                continue
            found.append(summarize(trace))
            if state[0]:
                viewer.shown[trace.id] = state
            else:
                viewer.shown.pop(trace.id, None)

        return found, skipped

    def _steps(self, viewer: _Viewer, kept: list[LiveTrace]) -> list[dict[str, t.Any]]:
        if viewer.watched is None:
            trace = kept[0] if kept else None
        else:
            trace = next((each for each in kept if each.id == viewer.watched), None)
        if trace is None or trace.seq > viewer.cursor:
            return []

        if viewer.steps_of != trace.id:
            viewer.steps_of = trace.id
            viewer.steps_sent = 0
            viewer.steps_open = set()

        columns = trace.columns()
        count = len(columns.sites)
        if trace.strands:
            # Several threads write: a step may have come in between those that were sent.
            viewer.steps_sent = 0
            viewer.steps_open = set()
        ended = {index for index in viewer.steps_open if columns.ends[index]}
        send = [*sorted(ended), *range(viewer.steps_sent, count)]
        if not send:
            return []

        viewer.steps_open -= ended
        steps = [freeze(trace, columns, index) for index in send]
        viewer.steps_open |= {step.id for step in steps if step.end is None}
        viewer.steps_sent = count
        return [{"trace": trace.id, "steps": [step.to_dict() for step in steps]}]


def _sid() -> str:
    return t.cast("str", flask.request.sid)  # type: ignore[attr-defined]


def _open(trace: LiveTrace) -> int:
    columns = trace.columns()
    return sum(1 for end in columns.ends[-8:] if not end)


__all__ = ["Hub"]

"""The live stream: one pump thread follows the store while viewers are connected.

Requests never emit. The pump checks about 30 times a second what is new since each viewer's last
message, and sends the next one only once enough of the earlier ones are acknowledged and written.
For a viewer that accepts none, nothing is prepared; and as a computing thread blocks all others,
the pump computes only briefly before it yields to them.
Viewers without a websocket poll for the same messages.
"""

from __future__ import annotations

import logging
import os
import threading
import typing as t
from collections import deque
from contextlib import suppress
from time import monotonic, sleep

import flask
import flask_socketio
from socketio.packet import Packet

from ... import locks
from ..._compat import DRIVER
from ...history import History
from ...holds.bounds import POLL_SECONDS, Viewers
from ...store import Store
from ...trace.model import JsonObject
from ...trace.writer import LiveTrace
from ..initiators import Causes
from ..openable import SELDOM, Openable
from ..others import Others
from ..shared_holds import SharedHolds
from ..written import Json
from .metered_socket import GONE_SECONDS, MESSAGE_BYTES
from .pace import Pace
from .resume import viewer_of
from .steps import pick_of
from .viewer import Viewer
from .websocket import PING_SECONDS, Websocket

# After this many rounds in which no viewer took anything, the pump slows down: each round takes
# time from the app.
_LOOKS = 30
_SELDOM = 0.2
_UNACKNOWLEDGED = 2
_REVISED = 100

_log = logging.getLogger("flask_lifecycle.hub")
_log.addHandler(logging.NullHandler())
_log.propagate = False
# Independent of the root logger's level: Engine.IO logs each packet.
_log.setLevel(logging.WARNING)

_app_log = logging.getLogger("flask_lifecycle")

# Without this, Socket.IO searches each message for bytes, which takes longer than encoding it.
_Packet = type("_Packet", (Packet,), {"uses_binary_events": False, "json": Json})


class _Listed(t.NamedTuple):
    """What the pump listed last, and on what that depends."""

    kept: list[LiveTrace]
    extent: tuple[int, ...] | None
    stored: t.Container[str] | None


_NOTHING = _Listed([], None, None)


class Hub:
    """Send each viewer the new data.

    :param openable: has what of the store's requests can still be opened.
    :param holds: holds requests as long as there are viewers; None if it holds none.
    """

    def __init__(
        self,
        store: Store,
        history: History | None = None,
        holds: SharedHolds | None = None,
        others: Others | None = None,
        openable: Openable | None = None,
    ) -> None:
        self._store = store
        self._openable = openable or Openable(store, history)
        self._history = history
        self._others = others or Others(None)
        self._holds = holds
        self._present = Viewers() if holds is None else holds.holder.viewers
        self._causes = Causes()
        # The ids of finished requests that the pump sends again.
        self._revised: deque[str] = deque(maxlen=_REVISED)
        self._viewers: dict[str, Viewer] = {}
        self._lock = locks.lock()
        self._pid = os.getpid()
        self._thread: threading.Thread | None = None
        self._faults: set[type[Exception]] = set()
        # The request whose steps a polling client wanted last, and when.
        self._polled: tuple[t.Any, float] = None, 0.0
        self._io = flask_socketio.SocketIO(
            async_mode="threading",
            async_handlers=False,
            serializer=_Packet,
            manage_session=False,
            # The pump sends as soon as it knows a viewer: not before that is told it is connected.
            always_connect=True,
            transports=["websocket"],
            cors_allowed_origins="*",  # the gate has checked the Origin, more strictly
            logger=_log,
            engineio_logger=_log,
            ping_interval=PING_SECONDS,
            ping_timeout=GONE_SECONDS - PING_SECONDS,
            # Each socket detects its own timeout: no thread that pings them all.
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
        # all servers of the process, and its websocket class has no options.
        setattr(engine, DRIVER, {**getattr(engine, DRIVER), "websocket": Websocket})

    def kept(self) -> list[LiveTrace]:
        """Return all stored traces, newest first, with their initiators.

        If there are other processes, without those that have left the history: no other process has
        these, and all of them show the same.
        """
        kept = self._store.newest()
        self._causes.look(kept)
        return self._others.shared(kept)

    def _again(self, last: _Listed) -> _Listed:
        """Return what was listed last if nothing has changed since, or else list it again.

        So that an open panel takes little time from an app without requests.
        """
        extent, stored = self._store.extent(), self._others.stored_ids()
        if extent is not None and extent == last.extent and stored is last.stored:
            return last
        kept = self.kept()
        if stored is not None and not all(each.stored for each in kept):
            # They may turn out too large for the history.
            extent = None
        return _Listed(kept, extent, stored)

    def shown(self, page: LiveTrace, is_shown: bool) -> None:
        """Record a page's report that it was hidden or is visible again."""
        self._causes.shown(page, is_shown)

    def acted(self, page: LiveTrace, age: float) -> None:
        """Record a page's report that a person clicked or typed in it, some seconds ago."""
        self._revised.extend(self._causes.acted(page, age))

    def poll(self, asked: JsonObject, *, several: bool) -> JsonObject:
        """Return the data that is new to a polling client, as a message of the stream.

        :param asked: the client's state, as on connecting; ``watch``, the trace whose steps it
            wants (the newest one by default), and ``have``, how many of them it has.
        :param several: whether the server has several processes.
        """
        self._present.called()
        self._polled = asked.get("watch"), monotonic()
        self._hurry()
        viewer = self._viewer(asked, several)
        kept = self.kept()
        newest = kept[0].id if kept else None
        viewer.steps.pick = pick_of(asked.get("watch") or newest, asked.get("have"))
        return {**self._batch(viewer, kept, whole=True), "seq": 0}

    def _viewer(self, given: JsonObject, several: bool) -> Viewer:
        return viewer_of(given, self._store, self._history, self._others, several=several)

    def _connect(self, auth: t.Any = None) -> None:
        several = bool(flask.request.environ.get("wsgi.multiprocess"))
        viewer = self._viewer(auth if isinstance(auth, dict) else {}, several)
        with self._lock:
            if self._pid != os.getpid():
                # Viewers of the parent process, from before the fork.
                self._pid = os.getpid()
                self._viewers.clear()
            self._viewers[_sid()] = viewer
            self._present.entered()
            self._hurry()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._pump, name="flask-lifecycle-pump", daemon=True
                )
                self._thread.start()

    def _hurry(self) -> None:
        if self._others.member is not None:
            self._others.member.hurry()

    def wanted(self) -> list[str] | None:
        """Return the requests whose steps viewers want; None without viewers."""
        if not self._present.here:
            return None
        picks = [each.steps.pick.trace for each in [*self._viewers.values()]]
        asked, at = self._polled
        if isinstance(asked, str) and monotonic() - at < POLL_SECONDS:
            picks.append(asked)
        return [each for each in picks if each is not None]

    def _disconnect(self, *_reason: t.Any) -> None:
        with self._lock:
            self._forget(_sid())

    def _forget(self, sid: str) -> None:
        if self._viewers.pop(sid, None) is not None:
            self._present.left()

    def _acknowledge(self, seq: t.Any = None) -> None:
        viewer = self._viewers.get(_sid())
        if viewer is not None and isinstance(seq, int):
            viewer.acknowledged = max(viewer.acknowledged, min(seq, viewer.seq))

    def _watch(self, wanted: t.Any = None) -> None:
        viewer = self._viewers.get(_sid())
        if viewer is not None and isinstance(wanted, dict):
            viewer.steps.pick = pick_of(wanted.get("trace"), wanted.get("have"))

    def _pump(self) -> None:
        in_vain, pace, listed = 0, Pace(), _NOTHING
        while True:
            with self._lock:
                viewers = list(self._viewers.items())
                if not viewers:
                    self._thread = None
                    return
            is_listed, sent = False, 0
            again = [self._revised.popleft() for _ in range(len(self._revised))]
            for sid, viewer in viewers:
                viewer.again(again)
                try:
                    if self._takes(sid, viewer):
                        if not is_listed:
                            listed, is_listed = self._again(listed), True
                        sent = max(sent, self._send(sid, viewer, listed.kept))
                except Exception as error:
                    self._fault(error)
                    self._drop(sid)
            in_vain = 0 if is_listed else in_vain + 1
            if in_vain:
                # Nothing that was evicted or cleared is kept for viewers that do not read.
                listed = _NOTHING
            pause = pace.pause(sent)
            sleep(pause if in_vain < _LOOKS else _SELDOM)

    def _fault(self, error: Exception) -> None:
        """Log a fault of the stream, once for each kind."""
        if type(error) not in self._faults:
            self._faults.add(type(error))
            # The app's filters, handlers and record factory may fail as well.
            with suppress(Exception):
                _app_log.warning("The live stream failed; it goes on.", exc_info=error)

    def _drop(self, sid: str) -> None:
        """Disconnect a viewer whose message failed: its page reconnects and reports its state."""
        with self._lock:
            self._forget(sid)
        socket = self._socket(sid)
        if socket is not None:
            # It may be disconnecting already.
            with suppress(Exception):
                socket.close(wait=False, abort=True)

    def _socket(self, sid: str) -> t.Any:
        server = self._io.server
        return server.eio.sockets.get(server.manager.eio_sid_from_sid(sid, "/"))

    def _takes(self, sid: str, viewer: Viewer) -> bool:
        """Return whether a viewer is ready for one more message: acknowledged and also written."""
        if viewer.seq - viewer.acknowledged >= _UNACKNOWLEDGED:
            return False
        socket = self._socket(sid)
        # One message may be in transit, and one may wait for it.
        return socket is None or socket.queue.empty()

    def _send(self, sid: str, viewer: Viewer, kept: list[LiveTrace]) -> int:
        """Send a viewer what is new; return the number of requests."""
        batch = self._batch(viewer, kept)
        if not batch:
            return 0
        viewer.seq += 1
        batch["seq"] = viewer.seq
        self._io.emit("batch", batch, to=sid)
        return len(batch["traces"])

    def _batch(self, viewer: Viewer, kept: list[LiveTrace], *, whole: bool = False) -> JsonObject:
        self._openable.look(0.0 if whole else SELDOM)
        states = {
            "history": self._openable.state(),
            "holds": {} if self._holds is None else self._holds.state(),
            "others": self._others.processes(),
        }
        return viewer.message(self._store, kept, self._fault, self._openable, states, whole=whole)


def _sid() -> str:
    return t.cast("str", flask.request.sid)  # type: ignore[attr-defined]


__all__ = ["Hub"]

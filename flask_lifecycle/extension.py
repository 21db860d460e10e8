"""The extension: the one module that knows all the others.

What records an app is imported when its recording begins: a server in production imports this, too.
"""

from __future__ import annotations

import logging
import sys
import typing as t
import weakref
from importlib import import_module

import flask

from .announcement import Announcement
from .faults import fault
from .settings import Settings, is_redis

if t.TYPE_CHECKING:
    from .history.outbox import Outbox
    from .history.protocol import WritableHistory
    from .instrumentation.hooks import OnResponse, OnStart
    from .mount import Mount
    from .processes.member import Member
    from .recording.document import Excerpt
    from .store import Store
    from .trace.model import Trace
    from .trace.owner import Owner
    from .trace.writer import LiveTrace

T = t.TypeVar("T")

_log = logging.getLogger("flask_lifecycle")


class Lifecycle:
    """Record and show the life of every request of an app.

    ::

        app = Flask(__name__)
        Lifecycle(app)

    The same object can be used for any number of apps with :meth:`init_app`; it stores nothing of
    an app. docs/settings.md lists the keys of ``app.config``.
    """

    def __init__(self, app: flask.Flask | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(self, app: flask.Flask) -> None:
        """Set the extension up for one app.

        :param app: the app, before its first request.
        :raises ValueError: a ``LIFECYCLE_*`` setting is invalid, or needs a missing package.
        :raises RuntimeError: the app has a Lifecycle already.
        :raises AssertionError: the app has handled a request already, as for Flask's own
            setup methods (``flask.sansio.app.App._check_setup_finished``).
        """
        if "lifecycle" in app.extensions:
            raise RuntimeError(f"The app {app.name!r} has a Lifecycle already; it takes one.")

        app._check_setup_finished("Lifecycle.init_app")
        settings = Settings.from_config(app.config)
        is_on = settings.enabled is True or (settings.enabled is None and app.debug)
        if is_on and is_redis(settings.history):
            from .history import history_of

            # Here it may raise: later, the app is served.
            history_of(app)
        state = State(settings, app)
        app.extensions["lifecycle"] = state

        if is_on:
            state.enable(app)
        elif settings.enabled is None:
            if settings.token is None:
                from .run_token import run_token

                # Now: the next process of the reloader would not inherit it from the first call.
                run_token()
            _decide_at_first_call(app, state)

    def traces(self, app: flask.Flask) -> list[Trace]:
        """Return the app's stored traces, newest first, as immutable copies.

        :raises RuntimeError: the app has no Lifecycle, or recording is off.
        """
        state = app.extensions.get("lifecycle")
        if state is None:
            raise RuntimeError(
                f"The app {app.name!r} has no Lifecycle; call init_app() with it first."
            )
        kept = t.cast("State", state)
        why = kept.why_off(app)
        if why:
            raise RuntimeError(f"The requests of the app {app.name!r} are not recorded: {why}")
        return kept.traces()

    def undo(self, app: flask.Flask) -> None:
        """Remove the extension from the app; every object is restored."""
        state = app.extensions.pop("lifecycle", None)
        if isinstance(state, State):
            state.disable(app)


class State:
    """The extension's state for one app, as ``app.extensions["lifecycle"]``."""

    def __init__(self, settings: Settings, app: flask.Flask) -> None:
        self.settings = settings
        self.enabled: bool = False
        self._store: Store | None = None
        self._member: Member | None = None
        self._mount: Mount | None = None
        self._undo: list[t.Callable[[flask.Flask], t.Any]] = []
        self._forget: t.Callable[[], t.Any] = list
        self._announcement = Announcement(settings, app)

    def traces(self) -> list[Trace]:
        """Return the stored traces, newest first."""
        if self._store is None:
            return []

        from .trace.snapshot import snapshot

        return [snapshot(trace) for trace in self._store.newest()]

    def why_off(self, app: flask.Flask) -> str:
        """Return why recording is off and what to set, or an empty text if it is or will be on."""
        if self._store is not None:
            return ""
        takes = "It takes None (on with debug), True or False."
        if self.settings.enabled is False:
            return f"LIFECYCLE_ENABLED is False. Set it to True, or leave it out. {takes}"
        if not self.settings.enabled and not app.debug:
            return (
                "debug is off and LIFECYCLE_ENABLED is not set. Set it to True in app.config "
                f"before init_app(), or turn debug on before the first request. {takes}"
            )
        return ""

    def describe(
        self, traces: t.Sequence[Trace]
    ) -> tuple[dict[str, t.Any] | None, tuple[Excerpt, ...]]:
        """Return what a recording has beside its traces: the app's map and the steps' code."""
        return (None, ()) if self._mount is None else self._mount.describe(traces)

    def clear(self) -> None:
        """Delete all traces."""
        if self._store is not None:
            self._store.clear()

    def enable(self, app: flask.Flask) -> None:
        """Instrument the app."""
        from .collectors import exceptions, outgoing, spans, sql, sqlite
        from .instrumentation.app import Instrument
        from .instrumentation.hooks import Hooks
        from .mount import Mount
        from .page_secret import page_secret
        from .redact import Redactor, prepare
        from .run_token import run_token
        from .store import MemoryStore
        from .trace.owner import Owner

        history, outbox = _history(app, self.settings)

        settings, announcement = self.settings, self._announcement
        token = settings.token or run_token()
        pages = settings.token or page_secret(app.root_path, app.name) or token
        prepare()
        redactor = Redactor(settings.redact, settings.max_detail_bytes, settings.redact_with)
        on_response, on_start = _toolbar(settings, pages) if settings.toolbar else (None, None)
        self._store = store = MemoryStore(settings.max_traces, settings.max_bytes)
        self._member = member = _member(app, store, history, outbox)
        mount = Mount(settings, token, pages, redactor, store, history, app, member)
        hooks = Hooks(
            on_trace=_on_trace(
                store, member, spans.listen, sql.listen, sqlite.listen, outgoing.listen
            ),
            on_ignored=store.ignore,
            on_response=on_response,
            on_start=on_start,
            on_exception=exceptions.record if "exceptions" in settings.collectors else None,
            on_crash=announcement.crashed,
            on_log=announcement.logs,
            on_served=announcement.served,
            outbox=outbox,
        )
        owner = Owner(app, settings.header)
        instrument = _wrapped(lambda: Instrument(app, owner, settings, redactor, hooks, mount), app)
        if instrument is None:
            return
        self._mount = mount
        mount.owner = owner
        mount.called = instrument.called
        mount.bodies = instrument.messages
        mount.requested = announcement.requested
        announcement.enabled(app.debug)
        self._undo += (instrument.undo, mount.undo)
        # At the latest when the app is collected.
        installed = _install(settings.collectors, owner, store)
        self._forget = forget = weakref.finalize(app, _undo_all, installed)
        forget.atexit = False
        self.enabled = True

    def disable(self, app: flask.Flask) -> None:
        """Undo :meth:`enable`."""
        self._forget()
        self._announcement.remove()
        while self._undo:
            self._undo.pop()(app)
        self._mount = None
        if self._member is not None:
            self._member.leave()
        self._member = None
        self.enabled = False


def _wrapped(wrap: t.Callable[[], T], app: flask.Flask) -> T | None:
    """Instrument an app, or log a warning if its class cannot be recorded."""
    try:
        return wrap()
    except Exception as error:
        kind = f"{type(app).__module__}.{type(app).__qualname__}"
        # Not a Python warning: many test suites turn those into errors.
        _log.warning(
            "Lifecycle does not record the app %r: its class %s refuses to be wrapped (%s: %s)",
            app.name,
            kind,
            type(error).__name__,
            error,
        )
        return None


def _install(names: tuple[str, ...], owner: Owner, store: Store) -> list[t.Callable[[], None]]:
    """Install an app's collectors, and return the functions that undo it."""
    from .collector_table import COLLECTORS
    from .collectors import signals, templates
    from .instrumentation import unclosed, websocket_libraries

    modules = [
        import_module(f".collectors.{module}", __package__)
        for name, collector in COLLECTORS.items()
        if name in names
        for module in collector.modules
    ]
    return [
        signals.install(templates.announce),
        websocket_libraries.install(owner),
        unclosed.install(owner, lambda: store.running()[0]),
        *[module.install(owner) for module in modules],
    ]


def _undo_all(installed: list[t.Callable[[], None]]) -> None:
    while installed:
        installed.pop()()


def _on_trace(
    store: Store,
    member: Member | None,
    listen: t.Callable[[], None],
    *on_import: t.Callable[[], None],
) -> t.Callable[[LiveTrace], None]:
    from .collectors.spans import SDK
    from .core import shortcut

    # How many modules had been imported at the last trace.
    imported = [0]

    @shortcut("on_trace", (store, imported, SDK, member))
    def on_trace(trace: LiveTrace) -> None:
        listen()
        if len(sys.modules) != imported[0]:
            imported[0] = len(sys.modules)
            for each in on_import:
                each()
        store.add(trace)
        # Of those that a test client sends, no other process knows.
        if member is not None and not member.joined and trace.outbox is not None:
            member.join()

    return on_trace


def _history(app: flask.Flask, settings: Settings) -> tuple[WritableHistory | None, Outbox | None]:
    if settings.history is None:
        return None, None

    from .history.registry import writable_history_of
    from .history.writer import outbox_of
    from .trace.process import continue_after

    try:
        history = writable_history_of(app)
        if history is None:
            return None, None
        continue_after(history.newest_id() or "")
        return history, outbox_of(history, settings.max_traces)
    except Exception as error:
        fault("the history", error)
        return None, None


def _member(
    app: flask.Flask, store: Store, history: WritableHistory | None, outbox: Outbox | None
) -> Member | None:
    """Return the app's part among the processes that share its history; None if it has none."""
    if history is None or outbox is None:
        return None

    from .processes.member import Member
    from .processes.registry import board_of
    from .run_token import run_name

    try:
        board = board_of(history)
        if board is None:
            return None
        return Member(app.name, run_name(), board, store, history, outbox)
    except Exception as error:
        fault("what is shared with other processes", error)
        return None


def _toolbar(settings: Settings, secret: str) -> tuple[OnResponse, OnStart]:
    from .faults import fail_open
    from .toolbar.inject import Toolbar

    toolbar = Toolbar(settings.url_prefix, secret, settings.host)
    return toolbar.on_response, fail_open(toolbar.on_start)


def _decide_at_first_call(app: flask.Flask, state: State) -> None:
    """Check ``app.debug`` again at the first request: it may be set late."""
    from . import locks
    from .recorder.subclass import give_class, give_class_back, override, subclass_of

    base: t.Any = type(app)
    lock = locks.lock()

    def __call__(self: flask.Flask, environ: t.Any, start_response: t.Any) -> t.Any:
        with lock:
            if type(self) is pending:
                give_class_back(self, base)
                if self.debug:
                    state.enable(self)
        if pending in type(self).__mro__:
            # An app of a subclass of this class is another one.
            return base.__call__(self, environ, start_response)
        return self(environ, start_response)

    def wait() -> type[flask.Flask]:
        made: type[flask.Flask] = subclass_of(base)
        override(made, "__call__", __call__)
        give_class(app, made)
        return made

    def give_back(undone: flask.Flask) -> None:
        if type(undone) is pending:
            give_class_back(undone, base)

    pending = _wrapped(wait, app)
    state._undo.append(give_back)


__all__ = ["Lifecycle", "State"]

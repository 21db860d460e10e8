"""Record when and with what the app calls the server's ``start_response``."""

from __future__ import annotations

import typing as t
from string import capwords

from ..core import shortcut
from ..faults import fault
from ..recorder import holding
from ..recorder.errors import describe_error, hide_frames
from ..recorder.steps import room_for
from ..trace.log import END, clock
from ..trace.notes import Detail
from ..trace.tracepoint import UNNUMBERED, Tracepoint, number
from ..trace.writer import LiveTrace, Writer, no_context
from . import upgrades
from .hooks import Environ, Headers, OnStart
from .hooks import StartResponse as Start

_START_RESPONSE = number(Tracepoint("start_response", "start_response"))
_NO_BODY = frozenset(("204", "304"))
_CACHED = 200


#: Takes the trace, the status, the headers and the added headers; returns what to record.
Answers = t.Callable[[LiveTrace, str, list[t.Any], list[t.Any]], Detail]


class StartResponse:
    """The response starts of one app.

    :param header: the name of the response header with the trace's id; None for no header.
    :param on_start: returns more headers to add.
    """

    def __init__(self, header: str | None, on_start: OnStart | None, answered: Answers) -> None:
        self._header = header
        self._on_start = on_start
        self._answered = answered
        self._statuses: dict[str, tuple[int | Tracepoint, int | None, bool]] = {}

    def recorded(self, unreached: t.Callable[[LiveTrace], None]) -> t.Callable[..., t.Any]:
        """Return a function that records a call of the server's ``start_response``.

        :param unreached: called with the trace if something other than Flask calls it.
        """
        note = self._note
        known = (self._statuses, self._header, self._answered, no_context, _failed)

        @shortcut("start_response", known)
        def recorded(
            trace: LiveTrace,
            environ: Environ,
            start_response: Start,
            status: str,
            headers: Headers,
            *args: t.Any,
            **kwargs: t.Any,
        ) -> t.Any:
            __tracebackhide__ = True
            if "HTTP_UPGRADE" in environ and upgrades.is_upgraded(trace):
                # The client of a websocket gets no response.
                return start_response(status, headers, *args, **kwargs)
            if trace.context is no_context:
                unreached(trace)
            writer: Writer = trace
            if len(trace.log) >= trace.limit:
                writer = room_for(trace, _START_RESPONSE)
            log = writer.log
            step = len(log)
            log += (_START_RESPONSE, writer.current, clock(), 0.0)
            try:
                headers = note(trace, environ, writer, step, status, headers)
            except Exception as error:
                # An invalid status or invalid headers are left for the server to report.
                fault("the start of a response", error)
            try:
                if holding.armed:
                    holding.before(writer, step)
                return start_response(status, headers, *args, **kwargs)
            except BaseException as error:
                _failed(writer, step, error)
                raise
            finally:
                log[step + END] = clock()
                if holding.armed:
                    holding.after(writer, step)

        return recorded

    def _note(
        self,
        trace: LiveTrace,
        environ: Environ,
        writer: Writer,
        step: int,
        status: str,
        headers: Headers,
    ) -> Headers:
        """Record the start of a response, and return the headers to send."""
        tracepoint, code, streamed = self._statuses.get(status) or self._status(status)
        if type(tracepoint) is Tracepoint:
            writer.notes.tracepoints[step] = tracepoint
            tracepoint = UNNUMBERED
        writer.log[step] = tracepoint
        added: Headers = []
        if self._header is not None and not trace.hidden:
            added = [(self._header, trace.id)]
            # Only what a script fetches gets more.
            is_fetched = environ.get("HTTP_SEC_FETCH_DEST") == "empty"
            if is_fetched and self._on_start is not None:
                added += self._on_start(trace, environ) or ()
        writer.notes.details[step] = self._answered(trace, status, headers, added)
        if code is not None:
            trace.status = code
        if streamed:
            for name, _ in headers:
                # Not the name's own methods: it may be of a subclass.
                if str.lower(name) == "content-length":
                    streamed = False
                    break
        trace.streamed = streamed
        return [*headers, *added] if added else headers

    def _status(self, status: str) -> tuple[int | Tracepoint, int | None, bool]:
        code = int(status[:3]) if status[:3].isdigit() else None
        named = Tracepoint("start_response", _name(status))
        # An app may make up any number of status texts.
        is_usual = len(self._statuses) < _CACHED
        made = number(named) if is_usual else named, code, status[:3] not in _NO_BODY
        if is_usual:
            self._statuses[status] = made
        return made


def _failed(writer: Writer, step: int, error: BaseException) -> None:
    """Record what the server's ``start_response`` raises."""
    writer.notes.outcomes[step] = describe_error(error)
    hide_frames(error)


def _name(status: str) -> str:
    code, _, reason = status.partition(" ")
    return f"{code} {reason if reason == 'OK' else capwords(reason)}".strip()


__all__ = ["StartResponse"]

"""One HTTP request that the app sends."""

from __future__ import annotations

import typing as t
from ipaddress import ip_address

from ...faults import fail_open
from ...recorder.current import current
from ...recorder.errors import describe_error
from ...recorder.steps import begin_leaf
from ...trace.caller import is_trace_id, span_in
from ...trace.log import END, WIDTH, clock
from ...trace.sent import Sent, Traceparent
from ...trace.tracepoint import Tracepoint, number
from ...trace.writer import LiveTrace, Writer
from .. import spans

_REQUEST = number(Tracepoint("span", "request"))
_KNOWN = 1000
_USUAL_PORTS = {"http": 80, "https": 443}
#: Servers whose responses have named a trace: they are recorded by this package, too.
_recorded: dict[tuple[str, ...], None] = {}


class Request(t.NamedTuple):
    """The request as its client knows it."""

    library: str
    method: str
    #: The whole URL.
    url: str
    host: str
    port: int


class Call:
    """A request on its way.

    :param step: the offset of its step in the writer's log.
    :param is_own: whether the step is not that of a span.
    """

    __slots__ = ("_host", "_is_final", "_is_own", "_request", "_sent", "_step", "_writer")

    def __init__(self, writer: Writer, step: int, request: Request, *, is_own: bool) -> None:
        self._writer = writer
        self._step = step
        self._request = request
        self._is_own = is_own
        # Whether no header may be added.
        self._is_final = False
        self._host = request.host
        self._sent = Sent()
        writer.notes.add(step, "trace", self._sent)

    def header(self, name: str | bytes, value: str | bytes) -> None:
        """Look at a header that the app sends."""
        lower = _text(name).lower()
        if lower == "host":
            self._host = _host_of(_text(value))
        elif lower == "traceparent":
            ids = span_in(_text(value))
            if ids is not None:
                self._writer.notes.add(self._step, "traceparent", Traceparent(ids))
            self._is_final = True
        elif lower in _SIGNATURES or lower == self.name.lower():
            self._is_final = True
        elif lower == "authorization":
            self._is_final = self._is_final or _text(value).startswith("AWS4-")

    def header_to_add(self) -> tuple[str, str] | None:
        """Return the header that tells a recorded server who calls; None to send none.

        Only to this machine, and to servers whose responses have named a trace. A request that is
        signed, or that a tracer has given its own header, stays as it is.
        """
        trace = self._writer.trace
        name = self.name
        # Without a history no other process shows it.
        if not name or trace.outbox is None or self._is_final:
            return None
        hosts = (self._request.host, self._host)
        if not all(map(_is_loopback, hosts)) and self._address() not in _recorded:
            return None
        # The indexes of steps of several threads change at the end.
        is_fixed = self._writer is trace and not trace.strands
        return name, f"{trace.id}/{self._step // WIDTH}" if is_fixed else trace.id

    def answered(self, status: int, named: str | bytes | None) -> None:
        """End it with a response.

        :param named: the header that names a trace, if the response has it.
        """
        found = _text(named or "")
        if is_trace_id(found) and found != self._writer.trace.id:
            self._sent.id = found
            if len(_recorded) >= _KNOWN:
                # In one call into C: requests of other threads are answered meanwhile.
                _recorded.pop(next(iter(list(_recorded))), None)
            _recorded[self._address()] = None
        if not self._is_own or not self._is_open():
            return
        detail: t.Any = self._writer.notes.details[self._step]
        attributes = {**detail.attributes, "http.response.status_code": status}
        self._writer.notes.details[self._step] = detail._replace(attributes=attributes)
        self._end()

    def failed(self, error: BaseException) -> None:
        """End it with an exception."""
        if self._is_own and self._is_open():
            self._writer.notes.outcomes[self._step] = describe_error(error)
            self._end()

    @property
    def name(self) -> str:
        """Return the name of the header that names a trace; empty if there is none."""
        owner = self._writer.trace.owner
        return "" if owner is None else owner.header or ""

    def _address(self) -> tuple[str, ...]:
        return self._request.host, str(self._request.port), self._host

    def _is_open(self) -> bool:
        log = self._writer.log
        # The request may have been finished, or this may have been ended.
        return self._step < len(log) and not log[self._step + END]

    def _end(self) -> None:
        self._writer.log[self._step + END] = clock()


@fail_open
def begin(request: Request) -> Call | None:
    """Record that a request is sent; return None if that is not recorded."""
    trace = current.get()
    span = spans.client_step()
    # A span may have several requests, such as redirects: the first one is the span's.
    if span is not None and span[0].notes.added(span[1], "trace") is None:
        return Call(*span, request, is_own=False)
    writer = trace.strand()
    step = begin_leaf(writer, _REQUEST, _noted(request, trace))
    return None if step is None else Call(writer, step, request, is_own=True)


def _noted(request: Request, trace: LiveTrace) -> spans.Span:
    masks = trace.redactor
    attributes = {
        "http.request.method": request.method,
        "server.address": request.host,
        "server.port": request.port,
        "url.full": request.url,
    }
    trace.detail_bytes += 200 + len(request.url)
    return spans.Span(
        masks.text(request.method), "client", request.library, masks.value(attributes)
    )


def url_of(scheme: str, host: str, port: int, target: str) -> str:
    """Return the whole URL of a request's target."""
    shown = f"[{host}]" if ":" in host else host
    is_usual = port == _USUAL_PORTS.get(scheme)
    return f"{scheme}://{shown}{'' if is_usual else f':{port}'}{target}"


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _host_of(header: str) -> str:
    """Return the host of a ``Host`` header, without the port."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]


def _is_loopback(host: str) -> bool:
    name = host.strip("[]").lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


#: Headers of signatures, which may cover all headers (RFC 9421, and its drafts).
_SIGNATURES = frozenset(("signature", "signature-input"))

__all__ = ["Call", "Request", "begin", "url_of"]

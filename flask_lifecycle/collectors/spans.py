"""Record OpenTelemetry spans: calls to other servers and caches, and the app's own spans.

If the app uses OpenTelemetry's SDK, our span processor is called at each span's start and end, in
the span's thread (https://opentelemetry.io/docs/specs/otel/trace/sdk/#span-processor). The
request's own span, and spans of statements that are steps already, are left out.
"""

from __future__ import annotations

import sys
import typing as t
import weakref
from collections import OrderedDict
from urllib.parse import urlsplit

from ..faults import fail_open, fault
from ..locks import lock
from ..recorder.current import current
from ..recorder.steps import begin_leaf
from ..redact import Redactor
from ..trace.log import END, PARENT, clock
from ..trace.model import Error, JsonObject
from ..trace.owner import Owner
from ..trace.tracepoint import Tracepoint, number
from ..trace.writer import LiveTrace, Writer
from .patch import Patch, imported

_SPAN = number(Tracepoint("span", "span"))
_NOT_OURS = frozenset(("SERVER", "CONSUMER"))
_RECORDED_ELSEWHERE = frozenset(
    ("opentelemetry.instrumentation.sqlalchemy", "opentelemetry.instrumentation.sqlite3")
)
# Spans that never end are forgotten.
_OPEN_KEPT = 1000

# Attributes by the semantic conventions, the current name first.
_METHODS = ("http.request.method", "http.method", "rpc.method", "db.operation.name", "db.operation")
_HOSTS = ("server.address", "net.peer.name", "http.host", "network.peer.address", "net.peer.ip")
_PORTS = ("server.port", "net.peer.port", "network.peer.port")
_URLS = ("url.full", "http.url")
_DEFAULT_PORTS = ("80", "443")

_patch = Patch()
_owners = _patch.owners
_lock = lock()
# Providers with our processor: a provider cannot remove one.
_providers: weakref.WeakSet[t.Any] = weakref.WeakSet()


class Span(t.NamedTuple):
    """The recorded data of a span, masked."""

    name: str
    kind: str
    library: str | None = None
    #: Set at the span's end, as is the library.
    attributes: dict[str, t.Any] | None = None

    def detail(self, _trace: LiveTrace) -> JsonObject:
        """Return it JSON-ready."""
        known = self if self.attributes is not None else self[:2]
        target = _target(self.attributes or {})
        return {
            **dict(zip(self._fields, known, strict=False)),
            **({"target": target} if target else {}),
        }


def _target(attributes: dict[str, t.Any]) -> str:
    """Return what a span asks of whom, such as ``GET api.example.com``, as far as it says."""
    method = _first(attributes, _METHODS)
    host = _first(attributes, _HOSTS)
    port = _first(attributes, _PORTS)
    if not host:
        try:
            host = urlsplit(_first(attributes, _URLS)).netloc.rpartition("@")[2]
        except ValueError:
            host = ""
    elif port and port not in _DEFAULT_PORTS and not host.endswith(f":{port}"):
        host = f"{f'[{host}]' if ':' in host else host}:{port}"
    return f"{method} {host}".strip() if host else ""


def _first(attributes: dict[str, t.Any], names: tuple[str, ...]) -> str:
    return next((str(attributes[name]) for name in names if attributes.get(name)), "")


class _Open(t.NamedTuple):
    """The step of a running span, without a reference to the span: it may never end."""

    writer: weakref.ref[Writer]
    step: int


_open: OrderedDict[int, _Open] = OrderedDict()


@fail_open
def _begin(span: t.Any) -> None:
    trace = current.get()
    if trace.owner not in _owners or span.kind.name in _NOT_OURS:
        return
    scope = span.instrumentation_scope
    if scope is not None and scope.name in _RECORDED_ELSEWHERE:
        return
    writer = trace.strand()
    noted = Span(trace.redactor.text(span.name), span.kind.name.lower())
    step = begin_leaf(writer, _SPAN, noted)
    if step is None:
        return
    outer = _open.get(span.parent.span_id) if span.parent is not None else None
    if outer is not None and outer.writer() is writer:
        writer.log[step + PARENT] = outer.step
    _open[span.context.span_id] = _Open(weakref.ref(writer), step)
    if len(_open) > _OPEN_KEPT:
        _open.popitem(last=False)


@fail_open
def _end(span: t.Any) -> None:
    known = _open.pop(span.context.span_id, None)
    if known is None:
        return
    writer, step = known.writer(), known.step
    log = [] if writer is None else writer.log
    if writer is None or step >= len(log):
        # The request was finished before.
        return
    log[step + END] = clock()
    masks = writer.trace.redactor
    name, kind = masks.text(span.name), span.kind.name.lower()
    attributes = masks.value(dict(span.attributes or {}))
    scope = span.instrumentation_scope
    noted = Span(name, kind, scope.name if scope else None, attributes)
    writer.notes.details[step] = noted
    writer.trace.detail_bytes += sum(len(str(each)) for each in attributes.values())
    if span.status.status_code.name == "ERROR":
        writer.notes.outcomes[step] = _error(span, masks)


def _error(span: t.Any, masks: Redactor) -> Error:
    for event in span.events:
        if event.name == "exception":
            said = event.attributes or {}
            message = masks.text(str(said.get("exception.message", "")))
            return Error(str(said.get("exception.type", "")).rpartition(".")[2], message)
    return Error("Error", masks.text(span.status.description or ""))


#: Without this module, no span can be recorded.
SDK = "opentelemetry.sdk.trace"


def listen() -> None:
    """Install the processor, once the app has a tracer provider of the SDK; never import it."""
    if SDK not in sys.modules or not _owners or imported(SDK) is None:
        return
    try:
        provider = sys.modules["opentelemetry.trace"].get_tracer_provider()
        if provider not in _providers:
            _listen(provider)
    except Exception as error:
        fault("the beginning of the watch over spans", error)


def _listen(provider: t.Any) -> None:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

    class Recorder(SpanProcessor):
        def on_start(self, span: t.Any, parent_context: t.Any = None) -> None:
            _begin(span)

        def on_end(self, span: t.Any) -> None:
            _end(span)

    with _lock:
        if isinstance(provider, TracerProvider) and provider not in _providers:
            _providers.add(provider)
            provider.add_span_processor(Recorder())


def install(owner: Owner) -> t.Callable[[], None]:
    """Record every span that begins inside a recorded request of an app."""
    return _patch.install(owner)


def client_step() -> tuple[Writer, int] | None:
    """Return the step of the span of a call to a server, if this code runs in one."""
    api = sys.modules.get("opentelemetry.trace")
    if api is None or not _open:
        return None
    known = _open.get(api.get_current_span().get_span_context().span_id)
    writer = None if known is None else known.writer()
    if known is None or writer is None:
        return None
    noted: t.Any = writer.notes.details.get(known.step)
    return (writer, known.step) if noted is not None and noted.kind == "client" else None


__all__ = ["SDK", "Span", "client_step", "install", "listen"]

"""Record Flask's signals as they are sent, with their receivers.

Flask's signal objects get a subclass of their own class whose ``send`` records a step. A receiver
of ours could only see that a signal was sent, in no particular order among the others, and would
make every signal slower (``blinker.Signal.send``).
"""

from __future__ import annotations

import typing as t
from functools import partial
from threading import get_ident

import blinker
import flask.signals

from ..core import shortcut
from ..faults import fail_open, fault
from ..recorder import holding
from ..recorder.callables import callable_name
from ..recorder.current import current
from ..recorder.errors import describe_error
from ..recorder.steps import begin, end, room_for
from ..recorder.subclass import subclass_of
from ..trace.log import clock
from ..trace.notes import Facts
from ..trace.tracepoint import Tracepoint, number
from ..trace.writer import Writer
from . import flashes
from .patch import Patch
from .templates import ANNOUNCED

_NAMES = (
    "appcontext_popped",
    "appcontext_pushed",
    "appcontext_tearing_down",
    "before_render_template",
    "got_request_exception",
    "message_flashed",
    "request_finished",
    "request_started",
    "request_tearing_down",
    "template_rendered",
)
# There can be any number of these in one request.
_MANY = frozenset(("before_render_template", "message_flashed", "template_rendered"))


def _recorded_class(name: str) -> type[blinker.NamedSignal]:
    """Make the subclass of one signal."""
    tracepoint = number(Tracepoint("signal", name))
    before = {"before_render_template": _template, "message_flashed": flashes.record}.get(name)
    bounded = name in _MANY
    base_send = blinker.NamedSignal.send
    get_trace = current.get

    def send(self: t.Any, *args: t.Any, **kwargs: t.Any) -> list[tuple[t.Any, t.Any]]:
        __tracebackhide__ = True
        trace = get_trace()
        owner = trace.owner
        recorded = owner is not None and args and owner.app() is args[0]
        if bounded and recorded and len(trace.log) >= trace.limit:
            # Its arguments are counted as well.
            trace.dropped_steps += 1
            recorded = False
            if before is not None:
                before(trace.strand(), kwargs)
        if before is None and not self.receivers and not (recorded and holding.armed):
            # No receivers: skips the slower lookup in blinker.
            if recorded:
                writer = trace if trace.ident == get_ident() else trace.strand()
                if len(writer.log) >= writer.limit:
                    writer = room_for(writer, tracepoint)
                now = clock()
                writer.log += (tracepoint, writer.current, now, now)
            return []
        if not recorded:
            return base_send(self, *args, **kwargs)

        writer = room_for(trace.strand(), tracepoint)
        receivers = _receivers(self, args[0]) if self.receivers else None
        step = begin(writer, tracepoint, Facts(receivers=receivers) if receivers else None)
        if before is not None:
            before(writer, kwargs)
        try:
            if holding.armed:
                holding.before(writer, step)
            # Without receivers, there is nothing else to do.
            return base_send(self, *args, **kwargs) if self.receivers else []
        except BaseException as error:
            writer.notes.outcomes[step] = describe_error(error)
            raise
        finally:
            end(writer, step)
            if holding.armed:
                holding.after(writer, step)

    made = subclass_of(blinker.NamedSignal)
    if before is None:
        send = shortcut("send", tracepoint)(send)
    elif before is _template:
        send = shortcut("send_template", (tracepoint, *ANNOUNCED))(send)
    made.send = send
    return t.cast("type[blinker.NamedSignal]", made)


# Called with each template before it is rendered.
_on_template: list[t.Callable[[t.Any, t.Any], None]] = []


def _template(_writer: Writer, sent: dict[str, t.Any]) -> None:
    try:
        for each in _on_template:
            each(sent.get("template"), sent.get("context"))
    except Exception as error:
        fault("the announcement of a template", error)


@fail_open
def _receivers(signal: blinker.Signal, sender: t.Any) -> list[str]:
    return [callable_name(receiver) for receiver in signal.receivers_for(sender)]


_CLASSES = {name: _recorded_class(name) for name in _NAMES}


def _replace() -> None:
    for name, recorded in _CLASSES.items():
        signal: t.Any = getattr(flask.signals, name)
        if type(signal) is blinker.NamedSignal:
            _replace_class(signal, recorded)


def _replace_class(signal: t.Any, recorded: type) -> None:
    get, put = partial(type, signal), partial(setattr, signal, "__class__")
    _patch.replace(signal, "__class__", lambda _kind: recorded, get=get, put=put, again=True)


_patch = Patch(_replace)


def install(on_template: t.Callable[[t.Any, t.Any], None]) -> t.Callable[[], None]:
    """Record every signal of ``flask.signals`` that an instrumented app sends.

    :param on_template: called with each template before it is rendered, and its context.
    """
    _on_template[:] = [on_template]
    return _patch.install(object())


__all__ = ["install"]

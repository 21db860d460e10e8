"""Record Flask's signals as they are sent, with who listens, and flashes.

Flask's signal objects get a subclass of their own class whose ``send`` records a step. A
receiver of ours could only tell that a signal was sent, in no particular order among the
others, and would make every signal slower (``blinker.Signal.send``).
"""

from __future__ import annotations

import threading
import typing as t

import blinker
import flask.signals

from ..recorder import begin, callable_name, current, end, fail, fail_open, mark
from ..redact import Redactor
from ..trace import Site

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
_lock = threading.Lock()
_installed = 0


class _RecordedSignal(blinker.NamedSignal):
    def send(self, *args: t.Any, **kwargs: t.Any) -> list[tuple[t.Any, t.Any]]:
        __tracebackhide__ = True
        trace = current.get()
        if trace is None or not args or id(args[0]) != trace.owner:
            return super().send(*args, **kwargs)

        phase = trace.phase
        trace.phase = None
        step = begin(trace, _SITES[self.name])
        if self.receivers:
            receivers = _receivers(self, args[0])
            if receivers:
                step.detail = {"receivers": receivers}
        if self.name == "message-flashed":
            _flash(trace, kwargs)
        elif self.name == "before-render-template":
            _template(kwargs.get("template"))
        try:
            result = super().send(*args, **kwargs)
        except BaseException as error:
            fail(trace, step, error)
            raise
        finally:
            trace.phase = phase
        end(trace, step)
        return result


_RecordedSignal.__name__ = _RecordedSignal.__qualname__ = "NamedSignal"
_RecordedSignal.__module__ = "blinker.base"
_SITES = {getattr(flask.signals, name).name: Site("signal", name) for name in _NAMES}
_redactor = Redactor()
_on_template: t.Callable[[t.Any], None] | None = None


@fail_open
def _template(template: t.Any) -> None:
    if _on_template is not None:
        _on_template(template)


@fail_open
def _receivers(signal: blinker.Signal, sender: t.Any) -> list[str]:
    return [callable_name(receiver) for receiver in signal.receivers_for(sender)]


@fail_open
def _flash(trace: t.Any, sent: dict[str, t.Any]) -> None:
    category = _redactor.value(sent.get("category"))
    mark(
        trace,
        Site("flash", str(category)),
        category=category,
        message=_redactor.value(sent.get("message")),
    )


def install(redactor: Redactor, on_template: t.Callable[[t.Any], None]) -> t.Callable[[], None]:
    """Record every signal of ``flask.signals`` that an instrumented app sends.

    :param on_template: is given each template before it is rendered.
    """
    global _installed, _redactor, _on_template

    with _lock:
        _redactor = redactor
        _on_template = on_template
        _installed += 1
        for name in _NAMES:
            signal = getattr(flask.signals, name)
            if type(signal) is blinker.NamedSignal:
                signal.__class__ = _RecordedSignal

    return _uninstall


def _uninstall() -> None:
    global _installed

    with _lock:
        _installed -= 1
        if _installed == 0:
            for name in _NAMES:
                signal = getattr(flask.signals, name)
                if type(signal) is _RecordedSignal:
                    signal.__class__ = blinker.NamedSignal  # type: ignore[assignment]


__all__ = ["install"]

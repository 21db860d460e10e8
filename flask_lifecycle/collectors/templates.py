"""Record each rendering of a template: ``flask.templating`` calls ``render`` or ``generate``.

The template object gets a subclass of its own class whose two methods record a step.
"""

from __future__ import annotations

import threading
import typing as t
import weakref
from collections.abc import Iterator

import jinja2

from ..recorder import begin, current, end, fail
from ..redact import Redactor
from ..trace import LiveStep, LiveTrace, Site, Source

_lock = threading.Lock()
_installed = 0
_seen: weakref.WeakSet[jinja2.Template] = weakref.WeakSet()
_classes: dict[type[jinja2.Template], type[jinja2.Template]] = {}


def _begin(trace: LiveTrace, template: jinja2.Template) -> LiveStep:
    name = template.name or "<string>"
    file = template.filename
    source = Source(file, 1) if file and file != "<template>" else None
    return begin(trace, Site("template", name, None, source))


def _recorded_class(base: type[jinja2.Template]) -> type[jinja2.Template]:
    class Recorded(base):  # type: ignore[misc, valid-type]
        def render(self, *args: t.Any, **kwargs: t.Any) -> str:
            __tracebackhide__ = True
            trace = current.get()
            if trace is None:
                return base.render(self, *args, **kwargs)
            step = _begin(trace, self)
            try:
                result = base.render(self, *args, **kwargs)
            except BaseException as error:
                fail(trace, step, error)
                raise
            end(trace, step)
            return result

        def generate(self, *args: t.Any, **kwargs: t.Any) -> Iterator[str]:
            __tracebackhide__ = True
            trace = current.get()
            if trace is None:
                yield from base.generate(self, *args, **kwargs)
                return
            step = _begin(trace, self)
            try:
                yield from base.generate(self, *args, **kwargs)
            except BaseException as error:
                fail(trace, step, error)
                raise
            end(trace, step)

    Recorded.__name__ = base.__name__
    Recorded.__qualname__ = base.__qualname__
    Recorded.__module__ = base.__module__
    return Recorded


def record(template: t.Any) -> None:
    """Make a template record its rendering from now on."""
    if not _installed or not isinstance(template, jinja2.Template) or current.get() is None:
        return

    kind = type(template)
    if kind in _classes.values():
        return

    with _lock:
        recorded = _classes.get(kind)
        if recorded is None:
            recorded = _classes[kind] = _recorded_class(kind)

    template.__class__ = recorded
    _seen.add(template)


def install(_redactor: Redactor) -> t.Callable[[], None]:
    """Record every template that Flask renders."""
    global _installed

    with _lock:
        _installed += 1

    return _uninstall


def _uninstall() -> None:
    global _installed

    with _lock:
        _installed -= 1
        if _installed:
            return
        plain = {recorded: kind for kind, recorded in _classes.items()}
        for template in list(_seen):
            template.__class__ = plain.get(type(template), type(template))
        _seen.clear()


__all__ = ["install", "record"]

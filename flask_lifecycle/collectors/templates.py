"""Record each rendering of a template: ``flask.templating`` calls ``render`` or ``generate``.

The template object gets a subclass of its own class whose two methods record a step.
"""

from __future__ import annotations

import typing as t
import weakref
from collections.abc import Iterator
from functools import lru_cache, partial

import jinja2

from ..forks import lock
from ..recorder import begin, begin_leaf, current, describe_error, end, fail
from ..trace import END, Site, Source, Writer, clock, number

_lock = lock()
_owners: set[int] = set()
_seen: weakref.WeakSet[jinja2.Template] = weakref.WeakSet()
_classes: dict[type[jinja2.Template], type[jinja2.Template]] = {}


def _writer() -> Writer | None:
    trace = current.get()
    return trace.strand() if trace.owner in _owners else None


@lru_cache(512)
def _site(name: str | None, file: str | None) -> int:
    source = Source(file, 1) if file and file != "<template>" else None
    return number(Site("template", name or "<string>", None, source))


def _recorded_class(base: type[jinja2.Template]) -> type[jinja2.Template]:
    class Recorded(base):  # type: ignore[misc, valid-type]
        def render(self, *args: t.Any, **kwargs: t.Any) -> str:
            __tracebackhide__ = True
            writer = _writer()
            if writer is None:
                return base.render(self, *args, **kwargs)
            if len(writer.log) >= writer.limit:
                writer.trace.dropped_steps += 1
                return base.render(self, *args, **kwargs)
            step = begin(writer, _site(self.name, self.filename))
            try:
                result = base.render(self, *args, **kwargs)
            except BaseException as error:
                fail(writer, step, error)
                raise
            end(writer, step)
            return result

        def generate(self, *args: t.Any, **kwargs: t.Any) -> Iterator[str]:
            __tracebackhide__ = True
            chunks = base.generate(self, *args, **kwargs)
            writer = _writer()
            if writer is None:
                yield from chunks
                return
            step = begin_leaf(writer, _site(self.name, self.filename))
            if step is None:
                yield from chunks
                return
            log = writer.log
            try:
                while True:
                    # Others run between the chunks: the step is the current one only in them.
                    outer = writer.current
                    writer.current = step
                    try:
                        chunk = next(chunks)
                    finally:
                        writer.current = outer
                    yield chunk
            except StopIteration:
                pass
            except BaseException as error:
                writer.notes[~step] = describe_error(error)
                raise
            finally:
                log[step + END] = clock()

    Recorded.__name__ = base.__name__
    Recorded.__qualname__ = base.__qualname__
    Recorded.__module__ = base.__module__
    return Recorded


def record(template: t.Any) -> None:
    """Make a template record its rendering from now on."""
    if current.get().owner not in _owners or not isinstance(template, jinja2.Template):
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


def install(owner: int) -> t.Callable[[], None]:
    """Record every template that an app renders."""
    with _lock:
        _owners.add(owner)

    return partial(_uninstall, owner)


def _uninstall(owner: int) -> None:
    with _lock:
        _owners.discard(owner)
        if _owners:
            return
        plain = {recorded: kind for kind, recorded in _classes.items()}
        for template in list(_seen):
            template.__class__ = plain.get(type(template), type(template))
        _seen.clear()


__all__ = ["install", "record"]

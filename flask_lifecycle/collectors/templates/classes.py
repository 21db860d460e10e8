"""The subclass for templates that Flask renders; its ``render`` and ``generate`` record steps."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from ...core import shortcut
from ...faults import fault
from ...recorder import holding
from ...recorder.errors import describe_error
from ...recorder.steps import begin, begin_leaf, end
from ...recorder.subclass import Subclasses, subclass_of
from ...recorder.user_code import user_location
from ...trace.log import END, clock
from ...trace.writer import Writer
from ..macros import end_calls
from .parts import PARTS, recording_writer, tracepoint, tracepoint_of
from .rendering import DETAILS, Rendering

# The callers of streams that have not begun yet, by the ids of their contexts.
streamed: dict[int, tuple[str, int] | None] = {}


def _note(
    writer: Writer,
    step: int,
    template: t.Any,
    args: tuple[t.Any, ...],
    place: tuple[str, int] | None = None,
) -> Rendering | None:
    try:
        noted = Rendering(template, place or user_location())
        writer.notes.add(step, "rendering", noted)
        if args and type(args[0]) is dict and args[0]:
            noted.take(args[0], writer)
            writer.trace.detail_bytes += 200 * noted.count
    except Exception as error:
        fault("the context of a template", error)
        return None
    return noted


def _template_class(base: t.Any) -> type:
    made = subclass_of(base)
    made.render = _render(base)
    made.generate = _generate(base)
    return t.cast("type", made)


def _render(base: t.Any) -> t.Any:
    """Return the ``render`` of a template class, which records its call."""

    @shortcut("render", (*PARTS, base.render, tracepoint, user_location, *DETAILS))
    def render(self: t.Any, *args: t.Any, **kwargs: t.Any) -> str:
        __tracebackhide__ = True
        writer = recording_writer()
        text: str
        if writer is None or len(writer.log) >= writer.limit:
            # It is counted when its code runs.
            text = base.render(self, *args, **kwargs)
            return text
        step = begin(writer, tracepoint_of(self))
        outer = writer.rendering
        writer.rendering = _note(writer, step, self, args)
        try:
            if holding.armed:
                holding.before(writer, step)
            text = base.render(self, *args, **kwargs)
            return text
        except BaseException as error:
            writer.notes.outcomes[step] = describe_error(error)
            raise
        finally:
            writer.rendering = outer
            if writer.macros is not None:
                end_calls(writer, writer.log, step)
            end(writer, step)
            if holding.armed:
                holding.after(writer, step)

    return render


def _generate(base: t.Any) -> t.Any:
    """Return the ``generate`` of a template class, which records its iteration."""

    def generate(self: t.Any, *args: t.Any, **kwargs: t.Any) -> Iterator[str]:
        __tracebackhide__ = True
        chunks = base.generate(self, *args, **kwargs)
        writer = recording_writer()
        if writer is None:
            yield from chunks
            return
        is_full = len(writer.log) >= writer.limit
        step = None if is_full else begin_leaf(writer, tracepoint_of(self))
        if step is None:
            yield from chunks
            return
        noted = _note(writer, step, self, args, streamed.pop(id(args[0]), None) if args else None)
        if noted is not None:
            noted.whole = False
        log = writer.log
        inner = step
        try:
            while True:
                # Other code runs between the chunks: the step is the current one only inside them.
                outer = writer.current, writer.rendering
                writer.current, writer.rendering = inner, noted
                try:
                    chunk = next(chunks)
                finally:
                    # A step of an included template, or of a block.
                    inner = writer.current
                    writer.current, writer.rendering = outer
                yield chunk
        except StopIteration:
            pass
        except BaseException as error:
            writer.notes.outcomes[step] = describe_error(error)
            raise
        finally:
            end_calls(writer, log, step)
            log[step + END] = clock()

    return generate


templates: Subclasses = Subclasses(_template_class)


__all__ = ["streamed", "templates"]

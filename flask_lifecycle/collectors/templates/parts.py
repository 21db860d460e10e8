"""Record the parts of a page: parent and included templates, and blocks.

A block runs where the parent places it, but its time belongs to the template that defines it: if
another template's step is the current one, the block gets a step.
"""

from __future__ import annotations

import typing as t
from collections.abc import AsyncIterator, Iterator
from functools import lru_cache
from threading import get_ident

from ...core import shortcut
from ...recorder import holding
from ...recorder.current import current
from ...recorder.errors import describe_error
from ...recorder.steps import begin, end, end_leaf
from ...trace.log import PARENT
from ...trace.model import Source
from ...trace.notes import Detail, Facts
from ...trace.tracepoint import Tracepoint
from ...trace.writer import Writer
from ..macros import end_calls
from ..patch import Patch

patch: Patch = Patch()
owners: set[object] = patch.owners


@shortcut("recording_writer", owners)
def recording_writer() -> Writer | None:
    trace = current.get()
    if trace.owner not in owners:
        return None
    return trace if trace.ident == get_ident() else trace.strand()


@lru_cache(512)
def tracepoint(name: str | None, file: str | None) -> Tracepoint:
    """Return the tracepoint of a template by its name and file."""
    source = Source(file, 1) if file and file != "<template>" else None
    return Tracepoint("template", name or "<string>", None, source)


def tracepoint_of(template: t.Any) -> Tracepoint:
    return tracepoint(template.name, template.filename)


class _Parts(list[str]):
    """Rendered parts; closable, as an including template closes them like a generator."""

    __slots__ = ()

    def close(self) -> None: ...


#: What the compiled core uses.
PARTS = owners, _Parts, end_calls


def recorded_root(render: t.Any, template: t.Any) -> t.Any:
    tracepoint = tracepoint_of(template)

    @shortcut("root", (*PARTS, render, tracepoint))
    def root(*args: t.Any, **kwargs: t.Any) -> t.Iterable[str]:
        __tracebackhide__ = True
        writer = recording_writer()
        if writer is None or _is_begun(writer):
            chunks: Iterator[str] = render(*args, **kwargs)
            return chunks
        return _part(writer, tracepoint, None, render, args, kwargs)

    root.__wrapped__ = render  # type: ignore[attr-defined]
    return root


def recorded_async_root(render: t.Any, template: t.Any) -> t.Any:
    tracepoint = tracepoint_of(template)

    def root(*args: t.Any, **kwargs: t.Any) -> AsyncIterator[str]:
        writer = recording_writer()
        chunks: AsyncIterator[str] = render(*args, **kwargs)
        if writer is None or _is_begun(writer):
            return chunks
        return _async_inside(writer, tracepoint, None, chunks)

    return root


def _is_begun(writer: Writer) -> bool:
    """Return whether the current step, which has just begun, is that of this template's code."""
    rendering = writer.rendering
    if rendering is None or rendering.begun:
        return False
    rendering.begun = True
    return True


def _part(
    writer: Writer,
    tracepoint: Tracepoint,
    note: Detail | None,
    render: t.Any,
    args: t.Any,
    kwargs: t.Any,
) -> t.Iterable[str]:
    """Render a part of a page as a step."""
    __tracebackhide__ = True
    rendering = writer.rendering
    if rendering is None or not rendering.whole:
        return _inside(writer, tracepoint, note, render(*args, **kwargs))
    if len(writer.log) >= writer.limit:
        writer.trace.dropped_steps += 1
        chunks: Iterator[str] = render(*args, **kwargs)
        return chunks
    step = begin(writer, tracepoint, note)
    try:
        if holding.armed:
            holding.before(writer, step)
        # Nothing consumes the parts one by one: passing on a list is faster.
        parts = _Parts(render(*args, **kwargs))
        if rendering.joins:
            # The templates around pass one text on faster than many.
            try:
                parts[:] = ("".join(parts),)
            except TypeError:  # an extension's own values
                pass
        return parts
    except BaseException as error:
        writer.notes.outcomes[step] = describe_error(error)
        raise
    finally:
        if writer.macros is not None:
            end_calls(writer, writer.log, step)
        end(writer, step)
        if holding.armed:
            holding.after(writer, step)


class Block:
    """A block of a template. ``super()`` finds it by comparing it with the function itself."""

    __slots__ = ("_note", "_tracepoint", "func")

    def __init__(self, func: t.Any, name: str, tracepoint: Tracepoint) -> None:
        self.func: t.Any = func
        self._note = Facts(block=name)
        self._tracepoint = tracepoint

    @shortcut("block", PARTS)
    def __call__(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        __tracebackhide__ = True
        writer = recording_writer()
        if writer is None or self._is_at_home(writer):
            return self.func(*args, **kwargs)
        return _part(writer, self._tracepoint, self._note, self.func, args, kwargs)

    def _is_at_home(self, writer: Writer) -> bool:
        """Return whether the current step belongs to the template that defines the block."""
        step = writer.current
        return step >= 0 and writer.notes.tracepoints.get(step) == self._tracepoint

    def __eq__(self, other: object) -> bool:
        return other is self or other is self.func

    def __hash__(self) -> int:
        return hash(self.func)


class AsyncBlock(Block):
    __slots__ = ()

    def __call__(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        writer = recording_writer()
        chunks = self.func(*args, **kwargs)
        if writer is None or self._is_at_home(writer):
            return chunks
        return _async_inside(writer, self._tracepoint, self._note, chunks)


async def _async_inside(
    writer: Writer, tracepoint: Tracepoint, note: Detail | None, chunks: AsyncIterator[str]
) -> AsyncIterator[str]:
    __tracebackhide__ = True
    step = None
    if len(writer.log) < writer.limit:
        step = begin(writer, tracepoint, note)
    else:
        writer.trace.dropped_steps += 1
    try:
        async for chunk in chunks:
            yield chunk
    except BaseException as error:
        if step is not None and not isinstance(error, GeneratorExit):
            writer.notes.outcomes[step] = describe_error(error)
        raise
    finally:
        if step is not None:
            _leave(writer, step)
        # Compiled templates close what they iterate, too.
        await chunks.aclose()  # type: ignore[attr-defined]


def _leave(writer: Writer, step: int) -> None:
    log = writer.log
    end_calls(writer, log, step)
    end_leaf(writer, step)
    if writer.current == step and step < len(log):
        writer.current = log[step + PARENT]


def _inside(
    writer: Writer, tracepoint: Tracepoint, note: Detail | None, chunks: Iterator[str]
) -> Iterator[str]:
    __tracebackhide__ = True
    if len(writer.log) >= writer.limit:
        writer.trace.dropped_steps += 1
        yield from chunks
        return
    step = begin(writer, tracepoint, note)
    try:
        if holding.armed:
            holding.before(writer, step)
        yield from chunks
    except BaseException as error:
        if not isinstance(error, GeneratorExit):
            writer.notes.outcomes[step] = describe_error(error)
        raise
    finally:
        _leave(writer, step)


__all__ = [
    "PARTS",
    "AsyncBlock",
    "Block",
    "owners",
    "patch",
    "recorded_async_root",
    "recorded_root",
    "recording_writer",
    "tracepoint",
    "tracepoint_of",
]

"""Record each rendering of a template: those that Flask renders, and what they extend and include.

``flask.templating`` calls ``render`` or ``generate`` of a template: the template object gets a
subclass of its own class whose two methods record a step. Compiled templates get those that they
extend, include or import from their environment, which therefore gets a subclass as well, and
call their ``root_render_func``. A block runs where a parent has its place, but its time belongs to
the template that defines it: where another one's step is the current one, it gets a step.
"""

from __future__ import annotations

import typing as t
import weakref
from collections.abc import AsyncIterator, Iterator
from functools import lru_cache, partial
from threading import get_ident

import flask.templating
import jinja2

from .._compat import STREAM, template_module
from ..faults import fault
from ..locks import lock
from ..recorder.current import current
from ..recorder.errors import describe_error
from ..recorder.steps import begin, begin_leaf, end
from ..recorder.subclass import Subclasses, subclass_of
from ..recorder.user_code import caller, user_location, user_location_of
from ..trace.log import END, PARENT, clock
from ..trace.model import Source
from ..trace.notes import Detail, Facts
from ..trace.owner import Owner
from ..trace.tracepoint import Site
from ..trace.writer import Writer
from .macros import end_calls, give_back, record_macros, record_made
from .patch import Patch
from .rendering import Rendering, forget_outlines, remember_outlines

_STREAMED = 256
_stream_code = getattr(getattr(flask.templating, STREAM, None), "__code__", None)

_lock = lock()
_patch = Patch()
_owners = _patch.owners
# What is changed, with whose it is: no more, as a template's own functions lead back to it.
_changed: weakref.WeakKeyDictionary[t.Any, Owner] = weakref.WeakKeyDictionary()
# Where streams that have not begun yet were asked for, by the ids of their contexts.
_streamed: dict[int, tuple[str, int] | None] = {}


def _writer() -> Writer | None:
    trace = current.get()
    if trace.owner not in _owners:
        return None
    return trace if trace.ident == get_ident() else trace.strand()


@lru_cache(512)
def _site(name: str | None, file: str | None) -> Site:
    source = Source(file, 1) if file and file != "<template>" else None
    return Site("template", name or "<string>", None, source)


def _site_of(template: t.Any) -> Site:
    return _site(template.name, template.filename)


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
    """Return the ``render`` of a class of templates, which records its call."""

    def render(self: t.Any, *args: t.Any, **kwargs: t.Any) -> str:
        __tracebackhide__ = True
        writer = _writer()
        text: str
        if writer is None or len(writer.log) >= writer.limit:
            # It is counted where its code runs.
            text = base.render(self, *args, **kwargs)
            return text
        step = begin(writer, _site_of(self))
        outer = writer.rendering
        writer.rendering = _note(writer, step, self, args)
        try:
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

    return render


def _generate(base: t.Any) -> t.Any:
    """Return the ``generate`` of a class of templates, which records its iteration."""

    def generate(self: t.Any, *args: t.Any, **kwargs: t.Any) -> Iterator[str]:
        __tracebackhide__ = True
        chunks = base.generate(self, *args, **kwargs)
        writer = _writer()
        if writer is None:
            yield from chunks
            return
        is_full = len(writer.log) >= writer.limit
        step = None if is_full else begin_leaf(writer, _site_of(self))
        if step is None:
            yield from chunks
            return
        noted = _note(writer, step, self, args, _streamed.pop(id(args[0]), None) if args else None)
        if noted is not None:
            noted.whole = False
        log = writer.log
        inner = step
        try:
            while True:
                # Others run between the chunks: the step is the current one only in them.
                outer = writer.current, writer.rendering
                writer.current, writer.rendering = inner, noted
                try:
                    chunk = next(chunks)
                finally:
                    # Of what it includes, or of a block.
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


def _environment_class(base: t.Any) -> type:
    made = subclass_of(base)
    for name in ("get_template", "select_template"):
        setattr(made, name, _getter(getattr(base, name)))
    return t.cast("type", made)


def _getter(method: t.Any) -> t.Any:
    def get(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        __tracebackhide__ = True
        template = method(self, *args, **kwargs)
        if type(template) not in _templates:
            record(template)
        return template

    get.__name__ = method.__name__
    return get


class _Parts(list[str]):
    """What was rendered: what includes it closes it, as it would a generator."""

    __slots__ = ()

    def close(self) -> None: ...


def _root(render: t.Any, template: t.Any) -> t.Any:
    site = _site_of(template)

    def root(*args: t.Any, **kwargs: t.Any) -> t.Iterable[str]:
        __tracebackhide__ = True
        writer = _writer()
        if writer is None or _is_begun(writer):
            chunks: Iterator[str] = render(*args, **kwargs)
            return chunks
        return _part(writer, site, None, render, args, kwargs)

    root.__wrapped__ = render  # type: ignore[attr-defined]
    return root


def _async_root(render: t.Any, template: t.Any) -> t.Any:
    site = _site_of(template)

    def root(*args: t.Any, **kwargs: t.Any) -> AsyncIterator[str]:
        writer = _writer()
        chunks: AsyncIterator[str] = render(*args, **kwargs)
        if writer is None or _is_begun(writer):
            return chunks
        return _async_inside(writer, site, None, chunks)

    return root


def _is_begun(writer: Writer) -> bool:
    """Tell whether the step of the template whose code begins is the one that has just begun."""
    rendering = writer.rendering
    if rendering is None or rendering.begun:
        return False
    rendering.begun = True
    return True


def _part(
    writer: Writer, site: Site, note: Detail | None, render: t.Any, args: t.Any, kwargs: t.Any
) -> t.Iterable[str]:
    """Render a part of a page, as a step."""
    __tracebackhide__ = True
    rendering = writer.rendering
    if rendering is None or not rendering.whole:
        return _inside(writer, site, note, render(*args, **kwargs))
    if len(writer.log) >= writer.limit:
        writer.trace.dropped_steps += 1
        chunks: Iterator[str] = render(*args, **kwargs)
        return chunks
    step = begin(writer, site, note)
    try:
        # Nobody waits for the parts: a list is passed on in less time.
        return _Parts(render(*args, **kwargs))
    except BaseException as error:
        writer.notes.outcomes[step] = describe_error(error)
        raise
    finally:
        if writer.macros is not None:
            end_calls(writer, writer.log, step)
        end(writer, step)


class _Block:
    """A block of a template. ``super()`` finds it by comparing it with the function itself."""

    __slots__ = ("_note", "_site", "func")

    def __init__(self, func: t.Any, name: str, site: Site) -> None:
        self.func = func
        self._note = Facts(block=name)
        self._site = site

    def __call__(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        __tracebackhide__ = True
        writer = _writer()
        if writer is None or self._is_at_home(writer):
            return self.func(*args, **kwargs)
        return self._record(writer, args, kwargs)

    def _is_at_home(self, writer: Writer) -> bool:
        """Tell whether the current step is of the template that defines the block."""
        step = writer.current
        return step >= 0 and writer.notes.sites.get(step) == self._site

    def _record(self, writer: Writer, args: t.Any, kwargs: t.Any) -> t.Any:
        return _part(writer, self._site, self._note, self.func, args, kwargs)

    def __eq__(self, other: object) -> bool:
        return other is self or other is self.func

    def __hash__(self) -> int:
        return hash(self.func)


class _AsyncBlock(_Block):
    __slots__ = ()

    def _record(self, writer: Writer, args: t.Any, kwargs: t.Any) -> t.Any:
        return _async_inside(writer, self._site, self._note, self.func(*args, **kwargs))


async def _async_inside(
    writer: Writer, site: Site, note: Detail | None, chunks: AsyncIterator[str]
) -> AsyncIterator[str]:
    __tracebackhide__ = True
    step = None
    if len(writer.log) < writer.limit:
        step = begin(writer, site, note)
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
        # As compiled templates close what they iterate.
        await chunks.aclose()  # type: ignore[attr-defined]


def _leave(writer: Writer, step: int) -> None:
    log = writer.log
    end_calls(writer, log, step)
    log[step + END] = clock()
    if writer.current == step:
        writer.current = log[step + PARENT]


def _inside(
    writer: Writer, site: Site, note: Detail | None, chunks: Iterator[str]
) -> Iterator[str]:
    __tracebackhide__ = True
    if len(writer.log) >= writer.limit:
        writer.trace.dropped_steps += 1
        yield from chunks
        return
    step = begin(writer, site, note)
    try:
        yield from chunks
    except BaseException as error:
        if not isinstance(error, GeneratorExit):
            writer.notes.outcomes[step] = describe_error(error)
        raise
    finally:
        _leave(writer, step)


_templates = Subclasses(_template_class)
_environments = Subclasses(_environment_class)


def announce(template: t.Any, context: t.Any) -> None:
    """Record a template that Flask is about to render.

    A stream begins later, when the server iterates the body: where it was asked for is seen now.
    """
    record(template)
    sender = caller()
    if sender is not None and sender.f_code is _stream_code and current.get().owner in _owners:
        if len(_streamed) >= _STREAMED:
            _streamed.clear()
        _streamed[id(context)] = user_location_of(sender)


def record(template: t.Any) -> None:
    """Make a template, and what it extends or includes, record their rendering from now on."""
    owner = current.get().owner
    if owner is None or owner not in _owners or type(template) in _templates:
        return
    try:
        _record(template, owner)
    except Exception as error:
        fault("the look into a template", error)


def _record(template: t.Any, owner: Owner) -> None:
    if not isinstance(template, jinja2.Template):
        return
    environment = template.environment
    root, block = (_async_root, _AsyncBlock) if environment.is_async else (_root, _Block)
    with _lock:
        _changed[template] = owner
        namespace = _namespace(template)
        template.root_render_func = root(template.root_render_func, template)
        site = _site_of(template)
        template.blocks = {name: block(func, name, site) for name, func in template.blocks.items()}
        template.__class__ = _templates.of(type(template))
        record_macros(namespace, site, _writer)
        record_made((template_module(template),), _site_of, _writer)
        if type(environment) not in _environments:
            record_made(environment.globals.values(), _site_of, _writer)
            environment.__class__ = _environments.of(type(environment))
            _changed[environment] = owner


def _namespace(template: t.Any) -> dict[str, t.Any]:
    """Return the namespace of a template's compiled code."""
    return getattr(template.root_render_func, "__globals__", {})


def install(owner: Owner) -> t.Callable[[], None]:
    """Record every template that an app renders."""
    remember_outlines(owner)
    return partial(_uninstall, owner, _patch.install(owner))


def _uninstall(owner: Owner, uninstall: t.Callable[[], None]) -> None:
    with _lock:
        uninstall()
        forget_outlines(owner)
        for changed, whose in list(_changed.items()):
            if whose is owner:
                _give_back(changed)
                del _changed[changed]


def _give_back(changed: t.Any) -> None:
    """Give a template or an environment its own class back, and a template its function."""
    if type(changed) in _templates:
        root = changed.root_render_func
        changed.root_render_func = getattr(root, "__wrapped__", root)
        blocks = changed.blocks.items()
        changed.blocks = {name: getattr(block, "func", block) for name, block in blocks}
        give_back(_namespace(changed), (template_module(changed),))
    elif type(changed) in _environments:
        give_back({}, changed.globals.values())
    if type(changed) in _templates or type(changed) in _environments:
        changed.__class__ = type(changed).__base__


__all__ = ["announce", "install", "record"]

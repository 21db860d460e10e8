"""Record each rendering of a template: those that Flask renders, and what they extend and include.

``flask.templating`` calls ``render`` or ``generate`` of a template: the template object gets a
subclass of its own class whose two methods record a step. Compiled templates get those that they
extend, include or import from their environment, which therefore gets a subclass as well, and
call their ``root_render_func``.
"""

from __future__ import annotations

import typing as t
import weakref
from collections.abc import Iterator
from functools import lru_cache, partial
from sys import _getframe

import jinja2

from ..forks import lock
from ..place import users_place
from ..recorder import begin, begin_leaf, current, describe_error, end, fail, fail_open, fault
from ..redact import Redactor, type_name
from ..subclass import subclass_of
from ..trace import END, EXTRA, PARENT, WIDTH, Site, Source, Writer, clock, number

_NAMES = 60
_TEXT = 1000
_SMALL = 10
_SCALARS = frozenset((str, int, bool, type(None), bytes, float))

_lock = lock()
_owners: set[t.Any] = set()
# What is changed, with whose it is, and what it had.
_roots: weakref.WeakKeyDictionary[jinja2.Template, t.Any] = weakref.WeakKeyDictionary()
_environments: weakref.WeakKeyDictionary[jinja2.Environment, t.Any] = weakref.WeakKeyDictionary()
_classes: dict[type, type] = {}
_recorded: set[type] = set()


class Rendering:
    """What is noted of a rendering: from where, by what loader, with which context."""

    __slots__ = ("begun", "context", "loader", "more", "place")

    def __init__(self, template: t.Any, context: t.Any, place: tuple[str, int] | None) -> None:
        self.place = place
        #: Whether the template's own code runs, by now.
        self.begun = False
        loader = template.environment.loader
        self.loader = None if loader is None else type(loader).__name__
        #: Names and values, as far as they stay what they are; others' types.
        self.context: dict[str, t.Any] = {}
        self.more = 0
        if type(context) is dict:
            names = list(context)[:_NAMES]
            self.more = len(context) - len(names)
            for name in names:
                if type(name) is str:
                    self.context[name] = _lasting(context.get(name))

    def detail(self, redactor: Redactor) -> dict[str, t.Any]:
        """Return it as JSON's types."""
        return {
            "place": self.place and {"file": self.place[0], "line": self.place[1]},
            "loader": self.loader,
            "context": {
                redactor.text(name): value.shown
                if type(value) is _Type
                else redactor.named(name, value, ("context",))
                for name, value in self.context.items()
            },
            "more": self.more,
        }


class _Type(t.NamedTuple):
    """Stands for a value that is shown by its type alone."""

    shown: str


def _lasting(value: t.Any) -> t.Any:
    kind = type(value)
    if kind in _SCALARS:
        return value[:_TEXT] if kind in (str, bytes) else value
    if kind in (list, tuple, dict):
        size = len(value)
        parts = value.values() if kind is dict else value
        if size <= _SMALL and all(type(each) in _SCALARS for each in (*parts, *value)):
            return kind(value)
        return _Type(f"<{kind.__name__} of {size}>")
    return _type(t.cast("t.Hashable", kind))


@lru_cache(1024)
def _type(kind: t.Any) -> _Type:
    return _Type(f"<{type_name(kind)}>")


def _writer() -> Writer | None:
    trace = current.get()
    return trace.strand() if trace.owner in _owners else None


@lru_cache(512)
def _site(name: str | None, file: str | None) -> int:
    source = Source(file, 1) if file and file != "<template>" else None
    return number(Site("template", name or "<string>", None, source))


def _note(writer: Writer, step: int, template: t.Any, args: tuple[t.Any, ...]) -> None:
    try:
        place = users_place(_getframe(2))
        noted = Rendering(template, args[0] if args else None, place)
        writer.notes[step + EXTRA] = {"rendering": noted}
        writer.trace.detail_bytes += 200 * len(noted.context)
    except Exception as error:
        fault("the context of a template", error)


def _template_class(base: t.Any) -> type:
    def render(self: t.Any, *args: t.Any, **kwargs: t.Any) -> str:
        __tracebackhide__ = True
        writer = _writer()
        if writer is None:
            return t.cast("str", base.render(self, *args, **kwargs))
        if len(writer.log) >= writer.limit:
            # It is counted where its code runs.
            return t.cast("str", base.render(self, *args, **kwargs))
        step = begin(writer, _site(self.name, self.filename))
        _note(writer, step, self, args)
        try:
            result: str = base.render(self, *args, **kwargs)
        except BaseException as error:
            fail(writer, step, error)
            raise
        end(writer, step)
        return result

    def generate(self: t.Any, *args: t.Any, **kwargs: t.Any) -> Iterator[str]:
        __tracebackhide__ = True
        chunks = base.generate(self, *args, **kwargs)
        writer = _writer()
        if writer is None:
            yield from chunks
            return
        is_full = len(writer.log) >= writer.limit
        step = None if is_full else begin_leaf(writer, _site(self.name, self.filename))
        if step is None:
            yield from chunks
            return
        _note(writer, step, self, args)
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

    made = subclass_of(base)
    made.render = render
    made.generate = generate
    return t.cast("type", made)


def _environment_class(base: t.Any) -> type:
    made = subclass_of(base)
    for name in ("get_template", "select_template"):
        setattr(made, name, _getter(getattr(base, name)))
    return t.cast("type", made)


def _getter(method: t.Any) -> t.Any:
    def get(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        __tracebackhide__ = True
        template = method(self, *args, **kwargs)
        if current.get().owner in _owners:
            _record_root(template)
        return template

    get.__name__ = method.__name__
    return get


def _record_root(template: t.Any) -> None:
    try:
        if template in _roots:
            return
        _roots[template] = current.get().owner, template.root_render_func
        if not template.environment.is_async:
            template.root_render_func = _root(template.root_render_func, template)
    except Exception as error:
        fault("the look into a template", error)


def _root(render: t.Any, template: t.Any) -> t.Any:
    site = _site(template.name, template.filename)

    def root(*args: t.Any, **kwargs: t.Any) -> Iterator[str]:
        __tracebackhide__ = True
        writer = _writer()
        if writer is None or _begins(writer):
            return t.cast("Iterator[str]", render(*args, **kwargs))
        return _inside(writer, site, render(*args, **kwargs))

    return root


@fail_open
def _begins(writer: Writer) -> bool:
    """Tell whether it is the rendering whose step was the last to begin."""
    noted = writer.notes.get(len(writer.log) - WIDTH + EXTRA, {}).get("rendering")
    if noted is None or noted.begun:
        return False
    noted.begun = True
    return True


def _inside(writer: Writer, site: int, chunks: Iterator[str]) -> Iterator[str]:
    __tracebackhide__ = True
    if len(writer.log) >= writer.limit:
        writer.trace.dropped_steps += 1
        yield from chunks
        return
    step = begin(writer, site)
    log = writer.log
    try:
        yield from chunks
    except BaseException as error:
        if not isinstance(error, GeneratorExit):
            writer.notes[~step] = describe_error(error)
        raise
    finally:
        log[step + END] = clock()
        if writer.current == step:
            writer.current = log[step + PARENT]


def _class_of(kind: type, make: t.Callable[[t.Any], type]) -> type:
    with _lock:
        made = _classes.get(kind)
        if made is None:
            made = _classes[kind] = make(kind)
            _recorded.add(made)
    return made


def record(template: t.Any) -> None:
    """Make a template, and what it extends or includes, record their rendering from now on."""
    if current.get().owner not in _owners or not isinstance(template, jinja2.Template):
        return
    if type(template) not in _recorded:
        _record_root(template)
        template.__class__ = _class_of(type(template), _template_class)
    environment = template.environment
    if type(environment) not in _recorded:
        environment.__class__ = _class_of(type(environment), _environment_class)
        _environments[environment] = current.get().owner


def install(owner: int) -> t.Callable[[], None]:
    """Record every template that an app renders."""
    with _lock:
        _owners.add(owner)

    return partial(_uninstall, owner)


def _uninstall(owner: int) -> None:
    with _lock:
        _owners.discard(owner)
        plain = {recorded: kind for kind, recorded in _classes.items()}
        for template, (whose, render) in list(_roots.items()):
            if whose == owner:
                template.root_render_func = render
                template.__class__ = plain.get(type(template), type(template))
                del _roots[template]
        for environment, whose in list(_environments.items()):
            if whose == owner:
                environment.__class__ = plain.get(type(environment), type(environment))
                del _environments[environment]


__all__ = ["install", "record"]

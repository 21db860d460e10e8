"""Which templates and environments are recorded, and how that is undone."""

from __future__ import annotations

import typing as t
import weakref
from functools import partial

import flask.templating
import jinja2

from ..._compat import STREAM, template_module
from ...core import shortcut
from ...faults import fault
from ...locks import lock
from ...recorder.current import current
from ...recorder.subclass import Subclasses, subclass_of
from ...recorder.user_code import caller, user_location_of
from ...trace.owner import Owner
from ..macros import give_back, record_macros, record_made
from .classes import streamed, templates
from .parts import (
    AsyncBlock,
    Block,
    owners,
    patch,
    recorded_async_root,
    recorded_root,
    recording_writer,
    tracepoint_of,
)
from .rendering import forget_outlines, remember_outlines

_STREAMED = 256
_stream_code = getattr(getattr(flask.templating, STREAM, None), "__code__", None)

#: What the compiled core recognises templates by for which :func:`announce` does nothing: those of
#: other apps than these, and those of these classes, unless it is called by this code.
ANNOUNCED: tuple[set[object], set[int], t.Any] = (owners, templates.ids, _stream_code)

_lock = lock()
# Each changed object with its owner: nothing more, as a template's functions refer back to it.
_changed: weakref.WeakKeyDictionary[t.Any, Owner] = weakref.WeakKeyDictionary()


def _environment_class(base: t.Any) -> type:
    made = subclass_of(base)
    for name in ("get_template", "select_template"):
        setattr(made, name, _getter(getattr(base, name)))
    return t.cast("type", made)


def _getter(method: t.Any) -> t.Any:
    @shortcut("get", (method, templates.ids, record))
    def get(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        __tracebackhide__ = True
        template = method(self, *args, **kwargs)
        if id(type(template)) not in templates.ids:
            record(template)
        return template

    get.__name__ = method.__name__
    return get


_environments = Subclasses(_environment_class)


def announce(template: t.Any, context: t.Any) -> None:
    """Record a template that Flask is about to render.

    A stream begins later, when the server iterates the body: its caller is only known now.
    """
    record(template)
    sender = caller()
    if sender is not None and sender.f_code is _stream_code and current.get().owner in owners:
        if len(streamed) >= _STREAMED:
            streamed.clear()
        streamed[id(context)] = user_location_of(sender)


def record(template: t.Any) -> None:
    """Make a template, its parents and its includes record their rendering from now on."""
    owner = current.get().owner
    if owner is None or owner not in owners or id(type(template)) in templates.ids:
        return
    try:
        _record(template, owner)
    except Exception as error:
        fault("the preparation of a template", error)


def _record(template: t.Any, owner: Owner) -> None:
    if not isinstance(template, jinja2.Template):
        return
    environment = template.environment
    root, block = (
        (recorded_async_root, AsyncBlock) if environment.is_async else (recorded_root, Block)
    )
    with _lock:
        _changed[template] = owner
        namespace = _namespace(template)
        template.root_render_func = root(template.root_render_func, template)
        tracepoint = tracepoint_of(template)
        template.blocks = {
            name: block(func, name, tracepoint) for name, func in template.blocks.items()
        }
        template.__class__ = templates.of(type(template))
        record_macros(namespace, tracepoint, recording_writer)
        record_made((template_module(template),), tracepoint_of, recording_writer)
        if type(environment) not in _environments:
            record_made(environment.globals.values(), tracepoint_of, recording_writer)
            environment.__class__ = _environments.of(type(environment))
            _changed[environment] = owner


def _namespace(template: t.Any) -> dict[str, t.Any]:
    """Return the namespace of a template's compiled code."""
    return getattr(template.root_render_func, "__globals__", {})


def install(owner: Owner) -> t.Callable[[], None]:
    """Record every template that an app renders."""
    remember_outlines(owner)
    return partial(_uninstall, owner, patch.install(owner))


def _uninstall(owner: Owner, uninstall: t.Callable[[], None]) -> None:
    with _lock:
        uninstall()
        forget_outlines(owner)
        for changed, whose in list(_changed.items()):
            if whose is owner:
                _give_back(changed)
                del _changed[changed]


def _give_back(changed: t.Any) -> None:
    """Restore a template's or an environment's own class, and a template's function."""
    if type(changed) in templates:
        root = changed.root_render_func
        changed.root_render_func = getattr(root, "__wrapped__", root)
        blocks = changed.blocks.items()
        changed.blocks = {name: getattr(block, "func", block) for name, block in blocks}
        give_back(_namespace(changed), (template_module(changed),))
    elif type(changed) in _environments:
        give_back({}, changed.globals.values())
    if type(changed) in templates or type(changed) in _environments:
        changed.__class__ = type(changed).__base__


__all__ = ["ANNOUNCED", "announce", "install", "record"]

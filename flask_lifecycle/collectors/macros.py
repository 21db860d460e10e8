"""Record calls of template macros: their time belongs to the template that defines them.

A page of forms calls thousands. So all calls from one template's step to the macros that another
template defines are a single step, whose duration is the sum of theirs, and which ends with the
caller's. Compiled templates create their macros with the ``Macro`` of their namespace.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator

from jinja2.environment import TemplateModule
from jinja2.runtime import Macro

from .._compat import MACRO_CLASS, MACRO_ENVIRONMENT, MACRO_FUNCTION, TEMPLATE
from ..faults import fail_open, fault
from ..recorder.errors import describe_error
from ..recorder.steps import begin, begin_leaf, end
from ..trace.log import BEGIN, END, PARENT, WIDTH, clock
from ..trace.notes import Facts
from ..trace.tracepoint import Tracepoint
from ..trace.writer import Writer

Writing = t.Callable[[], "Writer | None"]


class _Sum:
    """All calls from one step to the macros of one template."""

    __slots__ = ("note", "place", "took")

    def __init__(self, writer: Writer, tracepoint: Tracepoint) -> None:
        self.note = Facts(macros=0)
        self.place = begin_leaf(writer, tracepoint, self.note)
        self.took = 0.0


class _Macros:
    """The macro calls of one thread of a request, and the innermost running one.

    It is shared by thousands of calls: none of them has an object of its own.
    """

    __slots__ = ("inside", "place", "step", "sums", "tracepoint")

    def __init__(self) -> None:
        #: By the calling step, and the id of the template's tracepoint, which its step keeps alive.
        self.sums: dict[int, dict[int, _Sum]] = {}
        #: The defining template, and the step that was the current one.
        self.tracepoint: Tracepoint | None = None
        self.step = -1
        #: The time of macros and templates inside it that have steps of their own.
        self.inside = 0.0
        #: The offset up to which the log has been read for those.
        self.place = 0

    def read(self, writer: Writer) -> None:
        """Add the time of the templates that were rendered since the last read."""
        log = writer.log
        for place in range(self.place, len(log), WIDTH):
            begun, ended = log[place + BEGIN], log[place + END]
            is_inside = log[place + PARENT] == self.step and ended
            if is_inside and _template_of(writer, place) is not None:
                self.inside += ended - begun
        self.place = len(log)


def _template_of(writer: Writer, step: int) -> Tracepoint | None:
    """Return the template of a step, or None if it is not a template's."""
    tracepoint = writer.notes.tracepoints.get(step)
    return None if tracepoint is None or tracepoint.stage != "template" else tracepoint


def _enter(writer: Writer, tracepoint: Tracepoint) -> t.Any:
    """Begin a call; return the argument of ``_leave``, or None if it is part of the running one."""
    try:
        macros, step, log = writer.macros, writer.current, writer.log
        if macros is None:
            macros = writer.macros = _Macros()
        at = _template_of(writer, step) if step >= 0 else None
        if tracepoint is (macros.tracepoint if macros.step == step else at):
            return None
        if at is None:
            return _enter_step(writer, tracepoint)
        if macros.step == step and macros.place != len(log):
            macros.read(writer)
        calls = None
        # A call back into its own template's step, as by a call block, is part of that step.
        if tracepoint is not at:
            sums = macros.sums.get(step) or macros.sums.setdefault(step, {})
            calls = sums.get(id(tracepoint))
            if calls is None:
                calls = sums[id(tracepoint)] = _Sum(writer, tracepoint)
        outer = macros.tracepoint, macros.step, macros.inside, macros.place
        macros.tracepoint, macros.step, macros.inside, macros.place = (
            tracepoint,
            step,
            0.0,
            len(log),
        )
        return calls, outer, clock()
    except Exception as error:
        fault("the call of a macro", error)
        return None


def _enter_step(writer: Writer, tracepoint: Tracepoint) -> t.Any:
    """Begin a call by something other than a template, such as a view."""
    if len(writer.log) >= writer.limit:
        writer.trace.dropped_steps += 1
        return None
    return begin(writer, tracepoint, Facts(macros=1))


def _leave(writer: Writer, call: t.Any, error: BaseException | None) -> None:
    """End a call."""
    try:
        if type(call) is int:
            if error is not None:
                writer.notes.outcomes[call] = describe_error(error)
            end(writer, call)
            return
        calls, outer, begun = call
        took = clock() - begun
        macros, log = writer.macros, writer.log
        if macros.place != len(log):
            macros.read(writer)
        own, step = took - macros.inside, macros.step
        macros.tracepoint, macros.step, macros.inside, place = outer
        if macros.step == step:
            macros.inside += took
        else:
            macros.place = place
        if calls is not None:
            calls.took += own
            calls.note["macros"] += 1
            if error is not None and calls.place is not None:
                writer.notes.outcomes[calls.place] = describe_error(error)
    except Exception as failed:
        fault("the end of a macro", failed)


@fail_open
def end_calls(writer: Writer, log: list[t.Any], step: int) -> None:
    """End the steps of the macros that a template's step called, as that step ends."""
    if writer.macros is None:
        return
    for each in writer.macros.sums.pop(step, {}).values():
        if each.place is not None:
            log[each.place + END] = log[each.place + BEGIN] + each.took


def _recorded(environment: t.Any, func: t.Any, tracepoint: Tracepoint, writing: Writing) -> t.Any:
    """Return a macro's function, wrapped to record its calls."""

    def macro(*args: t.Any) -> t.Any:
        __tracebackhide__ = True
        writer = writing()
        call = None if writer is None else _enter(writer, tracepoint)
        if writer is None or call is None:
            return func(*args)
        error = None
        try:
            return func(*args)
        except BaseException as raised:
            error = raised
            raise
        finally:
            _leave(writer, call, error)
            del error

    async def async_macro(*args: t.Any) -> t.Any:
        __tracebackhide__ = True
        writer = writing()
        call = None if writer is None else _enter(writer, tracepoint)
        if writer is None or call is None:
            return await func(*args)
        error = None
        try:
            return await func(*args)
        except BaseException as raised:
            error = raised
            raise
        finally:
            _leave(writer, call, error)
            del error

    made: t.Any = async_macro if environment.is_async else macro
    made.__wrapped__ = func
    return made


class _Maker:
    """Creates the macros of one template, in place of ``Macro``."""

    __slots__ = ("_tracepoint", "_writing", "own")

    def __init__(self, own: t.Any, tracepoint: Tracepoint, writing: Writing) -> None:
        self.own = own
        self._tracepoint = tracepoint
        self._writing = writing

    def __call__(self, environment: t.Any, func: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        function = _recorded(environment, func, self._tracepoint, self._writing)
        return self.own(environment, function, *args, **kwargs)


def record_macros(namespace: dict[str, t.Any], tracepoint: Tracepoint, writing: Writing) -> None:
    """Record the macros that a compiled template creates from now on."""
    own = namespace.get(MACRO_CLASS)
    if isinstance(own, type):
        namespace[MACRO_CLASS] = _Maker(own, tracepoint, writing)


def record_made(
    values: Iterable[t.Any], tracepoint_of: t.Callable[[t.Any], Tracepoint], writing: Writing
) -> None:
    """Record the macros among values that templates have created, and in template modules."""
    for macro in _macros(values):
        func = getattr(macro, MACRO_FUNCTION)
        template = getattr(func, "__globals__", {}).get(TEMPLATE)
        if template is not None:
            recorded = _recorded(
                getattr(macro, MACRO_ENVIRONMENT), func, tracepoint_of(template), writing
            )
            setattr(macro, MACRO_FUNCTION, recorded)


def give_back(namespace: dict[str, t.Any], values: Iterable[t.Any]) -> None:
    """Undo the changes to a compiled template, and to the macros among values."""
    made = namespace.get(MACRO_CLASS)
    if isinstance(made, _Maker):
        namespace[MACRO_CLASS] = made.own
    for macro in _macros(values):
        func = getattr(macro, MACRO_FUNCTION)
        setattr(macro, MACRO_FUNCTION, getattr(func, "__wrapped__", func))


def _macros(values: Iterable[t.Any]) -> Iterator[t.Any]:
    for value in list(values):
        # Not by isinstance: proxies, such as Flask's session, would run code to answer.
        kind = type(value)
        if issubclass(kind, TemplateModule):
            yield from (each for each in vars(value).values() if issubclass(type(each), Macro))
        elif issubclass(kind, Macro):
            yield value


__all__ = ["end_calls", "give_back", "record_macros", "record_made"]

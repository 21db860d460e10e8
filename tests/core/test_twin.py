"""The parts that have no other place, compiled and in Python: they do the same."""

from __future__ import annotations

import inspect
import types
import typing as t
from contextvars import ContextVar

import pytest

from flask_lifecycle.core import Fields, Log, compiled, pack, packed, shortcut, twin
from flask_lifecycle.trace.messages import Answered

STEPS = (7, -1, 1.5, 0.0, 8, 0, 2.5, 3.5, 9, -6, 1e9 + 2e-7, 0.25)
BOTH = [(Log, pack), (twin.Log, twin.pack)]


def a_log() -> t.Any:
    log = Log()
    log += STEPS
    return log


def test_a_log_is_read_as_the_numbers_that_were_written() -> None:
    log = a_log()
    plain = list(STEPS)
    assert len(log) == 12
    assert list(log) == plain
    for key in (*range(-12, 12), *(slice(at, None, 4) for at in range(4)), slice(4, 8)):
        assert log[key] == plain[key]
    for key in (slice(None), slice(None, None, -3), slice(20, 30), slice(-5, -1)):
        assert log[key] == plain[key]
    assert [type(each) for each in log[:4]] == [int, int, float, float]
    for outside in (12, -13, 1 << 80):
        with pytest.raises(IndexError):
            log[outside]


def test_numbers_can_be_replaced() -> None:
    log, plain = a_log(), list(STEPS)
    for at, number in ((0, 70), (5, 4), (-2, 8.5), (3, 2.0)):
        log[at] = plain[at] = number
    assert list(log) == plain
    with pytest.raises(IndexError):
        log[12] = 1


def test_a_log_grows_without_end_and_holds_nothing_else() -> None:
    log = Log()
    assert not log
    for at in range(10_000):
        log += (at, at - 1, float(at), 0.0)
    assert log[::4] == list(range(10_000))


@pytest.mark.parametrize(("make", "packs"), BOTH)
def test_what_is_packed_can_be_read_again(make: t.Any, packs: t.Any) -> None:
    log = make()
    log += STEPS
    assert packed(3).unpack(packs(log)) == STEPS
    assert packs(make()) == b""


def test_only_steps_can_be_appended_to_what_is_compiled() -> None:
    if compiled is None:
        return
    log = a_log()
    wrong: t.Any
    for wrong in ((1, 2, 3.0), ("1", 2, 3.0, 4.0), (1, 1 << 40, 3.0, 4.0), 5, (1, 2, 3.0, "4")):
        with pytest.raises((TypeError, ValueError, OverflowError)):
            log += wrong
    for at, wrong in ((0, 1.5), (1, 1 << 31), (2, "1"), (3, None), ("a", 1)):
        with pytest.raises((TypeError, OverflowError)):
            log[at] = wrong
    with pytest.raises(TypeError):
        del log[0]
    with pytest.raises(TypeError):
        pack([])
    assert list(log) == list(STEPS)


def test_fields_are_what_a_writer_sets() -> None:
    fields: t.Any = Fields()
    for name in ("owner", "log", "notes", "current", "limit", "ident", "seen"):
        setattr(fields, name, 3)
        assert getattr(fields, name) == 3
    with pytest.raises(AttributeError):
        fields.more = 1


VARIABLE: ContextVar[t.Any] = ContextVar("variable")
STATEMENT: t.Any = (object, print, 1, {}, "sqlite")
RESPONSE: t.Any = ({}, dict, "_status", "_list", set(), (), object)
LOOK = (VARIABLE, VARIABLE, "session", {1}, tuple, print, print, object)
SHORTCUTS: list[tuple[str, t.Any]] = [
    ("look", LOOK),
    ("ensure_sync", {}),
    ("sent", RESPONSE),
    ("look_at_response", RESPONSE),
    ("look_at_returned", None),
    ("send", 1),
    ("user_location", ({}, {})),
    ("after_context", {}),
    ("before_context", set()),
    ("begin_for_some", set()),
    ("forget", None),
    ("is_another_apps", None),
    ("look_at_parsed", ("request", "form", "data")),
    ("opened", set()),
    ("view_args", dict),
    ("next", (next, 1, print, print)),
    ("text", None),
    ("headers", None),
    ("is_plain", None),
    ("answered", (Answered, (), 100, 200)),
    ("start_response", ({}, None, print, print, print)),
    ("trace_id", {}),
    ("finish", (Answered, (), (), 1, 1, {})),
    ("close", (1, print)),
    ("unclosed", None),
    (
        "begin_trace",
        (
            *({}, {}, set(), set(), [], 1, 1, 1, 1, 1, Answered, 1, 1, ""),
            *(1, 1, 1, {}, 1, 1, {}),
        ),
    ),
    ("recorded_body", ({}, Fields, list, print)),
    ("sent_body", None),
    ("call", ([], print, 1, print, print, print, print, print, print, 1)),
    ("made_from", (dict, {})),
    ("note_response", None),
    ("matched", (Fields, print, dict, print)),
    ("query", 12),
    ("add_to_store", None),
    ("on_trace", (1, [0], "module", None)),
    ("block", (set(), list, print)),
    ("render", ({None}, list, *[print] * 4, object, print, None, print)),
    ("root", ({None}, list, print, print, None)),
    ("begin_statement", STATEMENT),
    ("end_of_statement", STATEMENT),
    ("execute", (set(), print, "do_execute", 1, *[print] * 4, False)),
    ("send_template", (1, set(), set(), None)),
    ("is_served", ("name", "port", "version", "several")),
    ("make_context", (1, inspect.signature, 1, {}, "name", object, print)),
    ("tag", ("<", "", ">", ("uri", "raw"))),
    ("remembered", {}),
    ("take", ({}, print)),
    ("on_response", (dict, print, dict, "_list", "_status", len, (), set(), (), (), "", tuple)),
]


@pytest.mark.parametrize(("name", "data"), SHORTCUTS)
def test_a_shortcut_leaves_to_python_what_it_cannot_do(name: str, data: t.Any) -> None:
    seen: list[t.Any] = []

    @shortcut(name, data)
    def func(*args: t.Any, **kwargs: t.Any) -> int:
        """Take anything."""
        seen.append((args, kwargs))
        return 5

    given: list[t.Any] = [(), (1,), (1, 2), (1, 2, 3, 4), (Fields(),), (Fields(), 1)]
    given.append((Fields(), 1, ("200 OK", []), object()))
    for args in given:
        assert func(*args) == 5
        assert func(*args, more=1) == 5
        assert seen == [(args, {}), (args, {"more": 1})]
        seen.clear()
    assert (func.__name__, func.__doc__) == ("func", "Take anything.")
    assert str(inspect.signature(func)) == "(*args: 't.Any', **kwargs: 't.Any') -> 'int'"
    bound = types.MethodType(func, 3)
    assert bound() == 5
    assert seen == [((3,), {})]


def test_a_shortcut_is_made_with_what_it_needs() -> None:
    if compiled is None:
        return
    for name, data in [*SHORTCUTS, ("unknown", 1)]:
        for wrong in {None, "x", (), object()} - ({data} if data is None else set()):
            with pytest.raises(ValueError, match="no shortcut"):
                compiled.shortcut(name, wrong, print)


def test_what_fails_in_a_shortcut_fails_in_python_alone() -> None:
    class Broken:
        """Stands for a context and for what was seen of it."""

        raised: type[BaseException] = KeyError

        def __hash__(self) -> int:
            raise self.raised

    @shortcut("look", LOOK)
    def look(writer: t.Any, step: int | None = None) -> str:
        return "in Python"

    fields: t.Any = Fields()
    fields.owner = Broken()
    fields.seen = {}
    assert look(fields) == "in Python"
    fields.owner = 1
    token = VARIABLE.set(Broken())
    assert look(fields) == "in Python"
    fields.seen = 5
    assert look(fields, 1) == "in Python"
    if compiled is not None:
        # Ctrl+C is not ours.
        fields.seen = {}
        Broken.raised = KeyboardInterrupt
        with pytest.raises(KeyboardInterrupt):
            look(fields)
    VARIABLE.reset(token)

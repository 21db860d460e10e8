"""What runs around a recorded function, in which order, and what it is given."""

from __future__ import annotations

import asyncio
import inspect
import linecache
import logging
import sys
import traceback
import types
import typing as t

import pytest

from flask_lifecycle import faults
from flask_lifecycle.recorder import in_python
from flask_lifecycle.recorder.generated import signature
from flask_lifecycle.recorder.probe import Probe, recording, recording_for
from flask_lifecycle.trace.log import BEGIN, END, TRACEPOINT
from flask_lifecycle.trace.notes import Facts
from flask_lifecycle.trace.owner import Owner
from flask_lifecycle.trace.snapshot import snapshot
from flask_lifecycle.trace.writer import LiveTrace, Writer
from tests.helpers.recorder import APP, OWNER, TEST


class Shop:
    def sell(self, book: str, price: int = 3) -> str | None:
        return f"{book} for {price}" if price else None


def test_signature_and_defaults_stay_what_they_were(trace: LiveTrace) -> None:
    sell = recording(Shop.sell, TEST, owner=OWNER)
    assert [*inspect.signature(sell).parameters] == ["self", "book", "price"]
    assert sell(Shop(), "a") == "a for 3"
    assert sell(Shop(), price=1, book="b") == "b for 1"
    assert trace.log[TRACEPOINT::4] == [TEST] * 2


def test_callables_are_given_what_they_ask_for(trace: LiveTrace) -> None:
    seen: dict[str, t.Any] = {}
    shop = Shop()

    def before(writer: Writer, instance: Shop) -> None:
        seen["before"] = writer, instance, list(writer.log)

    def enter(first: str, last: int, unknown: int = 7) -> int:
        seen["enter"] = first, last, unknown
        return 42

    def note(price: int) -> Facts:
        return Facts(price=price)

    def leave(writer: Writer, step: int, entered: int) -> None:
        seen["leave"] = step, entered, bool(writer.log[step + END])

    def after(result: str, entered: int, book: str) -> None:
        seen["after"] = result, entered, book

    probe = Probe(before, enter, note, leave, after)
    assert recording(Shop.sell, TEST, probe, owner=OWNER)(shop, "a", 2) == "a for 2"
    assert seen == {
        "before": (trace, shop, []),
        "enter": ("a", 2, 7),
        "leave": (0, 42, True),
        "after": ("a for 2", 42, "a"),
    }
    assert snapshot(trace).steps[0].detail == {"price": 2}


def test_probes_lie_one_in_the_other(trace: LiveTrace) -> None:
    seen: list[str] = []

    def probe(name: str) -> Probe:
        return Probe(
            enter=lambda: seen.append(f"enter {name}"),
            leave=lambda: seen.append(f"leave {name}"),
            after=lambda: seen.append(f"after {name}"),
        )

    record = recording_for(OWNER, [probe("inner")])
    record(Shop.sell, TEST, probe("outer"), probe("middle"))(Shop(), "a")
    names = ("outer", "middle", "inner")
    assert seen == [
        *(f"enter {name}" for name in names),
        *(f"leave {name}" for name in names[::-1]),
        *(f"after {name}" for name in names[::-1]),
    ]


def test_what_returned_none_or_raised_is_left_and_nothing_comes_after(trace: LiveTrace) -> None:
    seen: list[str] = []
    probe = Probe(leave=lambda: seen.append("leave"), after=lambda: seen.append("after"))

    def fails() -> t.NoReturn:
        raise KeyError("missing")

    recording(Shop.sell, TEST, probe, owner=OWNER)(Shop(), "a", 0)
    assert seen == ["leave"]
    with pytest.raises(KeyError):
        recording(fails, TEST, probe, owner=OWNER, parameters="")()
    assert seen == ["leave", "leave"]
    assert [step.outcome for step in snapshot(trace).steps] == ["ok", "raised"]


def test_what_entered_nothing_is_not_left(trace: LiveTrace) -> None:
    def leave(entered: t.Any) -> t.NoReturn:
        raise AssertionError(entered)

    probe = Probe(enter=lambda: None, leave=leave, after=leave)
    recording(Shop.sell, TEST, probe, owner=OWNER)(Shop(), "a")


@pytest.mark.parametrize("when", ["before", "enter", "note", "leave", "after"])
def test_a_probe_that_fails_breaks_nothing(
    trace: LiveTrace, when: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fails() -> t.NoReturn:
        raise KeyError("ours")

    faults._faults.clear()
    with caplog.at_level(logging.WARNING, "flask_lifecycle"):
        sell = recording(Shop.sell, TEST, Probe(**{when: fails}), owner=OWNER)
        assert sell(Shop(), "a") == "a for 3"
    faults._faults.clear()
    assert [each.getMessage().rpartition(".")[2] for each in caplog.records] == [
        "fails failed; the app is not affected"
    ]
    assert [step.outcome for step in snapshot(trace).steps] == ["ok"]
    assert trace.current == -1


def test_only_the_requests_of_one_app_are_recorded(trace: LiveTrace) -> None:
    assert recording(Shop.sell, TEST, owner=Owner(APP))(Shop(), "a") == "a for 3"
    assert not trace.log


@pytest.mark.parametrize("answer", [True, False, KeyError])
def test_a_callable_may_tell_whether_to_record(trace: LiveTrace, answer: t.Any) -> None:
    def unless(writer: Writer, first: str) -> bool:
        assert (writer, first) == (trace, "a")
        if answer is KeyError:
            raise answer
        return bool(answer)

    faults._faults.clear()
    assert recording(Shop.sell, TEST, unless=unless)(Shop(), "a") == "a for 3"
    faults._faults.clear()
    assert bool(trace.log) is (answer is False)


def test_a_full_writer_keeps_what_a_callable_says(trace: LiveTrace) -> None:
    trace.limit = 0

    def kept(writer: Writer, tracepoint: int, instance: Shop) -> bool:
        return tracepoint == TEST and instance is keeps

    keeps = Shop()
    sell = recording(Shop.sell, TEST, owner=OWNER, kept=kept)
    sell(keeps, "a")
    sell(Shop(), "b")
    assert len(trace.log) == 4


def test_a_function_may_be_given_with_each_call(trace: LiveTrace) -> None:
    step = recording(None, TEST, owner=OWNER, name="step", parameters="response")
    shout = types.MethodType(step, str.upper)
    assert shout("a") == "A"

    async def whisper(response: str) -> str:
        await asyncio.sleep(0)
        return response.lower()

    step = recording(None, TEST, owner=OWNER, name="s", parameters="response", awaits=True)
    assert asyncio.run(types.MethodType(step, whisper)("A")) == "a"
    times = zip(trace.log[BEGIN::4], trace.log[END::4], strict=True)
    assert all(end > begin for begin, end in times)


def test_a_debugger_finds_the_source_of_what_is_in_python(trace: LiveTrace) -> None:
    lines: list[str] = []

    def fails(self: Shop, book: str) -> t.NoReturn:
        raise KeyError(book)

    sell = in_python.recording(
        fails,
        TEST,
        (),
        signature(fails),
        owner=OWNER,
        unless=None,
        kept=None,
        name="fails",
        awaits=False,
    )

    def step_into(frame: types.FrameType, event: str, _arg: t.Any) -> t.Any:
        if frame.f_code is sell.__code__:
            linecache.checkcache()
            code = frame.f_code.co_filename
            lines.append(linecache.getline(code, frame.f_lineno).strip())
            return step_into
        return None

    before = sys.gettrace()
    sys.settrace(step_into)
    try:
        sell(Shop(), "a")
    except KeyError as error:
        frames = traceback.extract_tb(error.__traceback__)
    finally:
        sys.settrace(before)
    assert lines[:2] == ["def fails(self, book):", "_writer = _get_trace()"]
    assert "_log[_step + 3] = _clock()" in lines
    assert frames[1].line == "return _func(self, book)"
    assert inspect.getsource(sell).strip().startswith("def fails(self, book):")

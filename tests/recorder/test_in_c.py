"""Recording functions, compiled and in Python: they do the same, whatever they are called with."""

from __future__ import annotations

import copy
import functools
import gc
import inspect
import operator
import pickle
import subprocess
import sys
import traceback
import types
import typing as t
import weakref
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flask_lifecycle.core import compiled
from flask_lifecycle.recorder import holding, in_c, in_python
from flask_lifecycle.recorder.current import current
from flask_lifecycle.recorder.generated import signature, written
from flask_lifecycle.recorder.probe import Probe, recording
from flask_lifecycle.trace.log import PARENT, TRACEPOINT
from flask_lifecycle.trace.writer import LiveTrace
from tests.helpers.apps import is_ours
from tests.helpers.recorder import OWNER, TEST, App


def made_by(maker: t.Any, func: t.Any, *probes: Probe, parameters: str | None = None) -> t.Any:
    takes = signature(func) if parameters is None else written(parameters)
    options: dict[str, t.Any] = {"owner": OWNER, "unless": None, "kept": None, "name": "made"}
    if maker is in_python:
        options["awaits"] = False
    return maker.recording(func, TEST, probes, takes, **options)


BOTH = [in_python, *([] if compiled is None else [in_c])]


class Raises:
    def __call__(self, *args: t.Any) -> t.NoReturn:
        raise LookupError(args)


def only_keywords(*, a: int, b: int = 2) -> tuple[int, int]:
    return a, b


def only_positions(a: int, b: int = 2, /) -> tuple[int, int]:
    return a, b


MANY = ", ".join(f"a{at}" for at in range(300))
_names: dict[str, t.Any] = {}
exec(f"def many({MANY}): return ({MANY})", _names)

CALLS: list[tuple[Callable[..., t.Any], tuple[t.Any, ...], dict[str, t.Any]]] = [
    (functools.partial(max, 3), (4,), {}),
    (functools.partial(only_keywords, a=1), (), {"b": 3}),
    (len, ("abc",), {}),
    (len, (), {}),
    (int, ("12",), {"base": 8}),
    (dict, (), {"a": 1}),
    ([3, 1].count, (3,), {}),
    (operator.itemgetter(1), ("ab",), {}),
    (Raises(), (1, 2), {}),
    (only_keywords, (), {"a": 1}),
    (only_keywords, (1,), {}),
    (only_positions, (1,), {}),
    (only_positions, (), {"a": 1}),
    (App, (), {}),
    (_names["many"], tuple(range(300)), {}),
    (_names["many"], tuple(range(200)), {f"a{at}": at for at in range(200, 300)}),
    (lambda *args, **kwargs: (args, kwargs), (1, 2), {"c": 3}),
    (functools.lru_cache(lambda a: a), (5,), {}),
    (staticmethod(lambda: 5), (), {}),
    (type, (1,), {}),
]


def outcome_of(call: Callable[[], t.Any]) -> t.Any:
    try:
        result = call()
    except Exception as error:
        return type(error)
    return type(result) if isinstance(result, App) else result


@pytest.mark.parametrize("at", range(len(CALLS)))
def test_whatever_can_be_called_is_called_as_it_would_be(trace: LiveTrace, at: int) -> None:
    func, args, kwargs = CALLS[at]
    expected = outcome_of(lambda: func(*args, **kwargs))
    for maker in BOTH:
        before = len(trace.log)
        made = made_by(maker, func, parameters="*args, **kwargs")
        assert outcome_of(functools.partial(made, *args, **kwargs)) == expected
        assert len(trace.log) == before + 4
        assert trace.current == -1
    has_raised = isinstance(expected, type) and issubclass(expected, Exception)
    assert len(trace.notes.outcomes) == (len(BOTH) if has_raised else 0)


SHAPES = st.tuples(
    st.integers(1, 4), st.integers(0, 3), st.booleans(), st.integers(0, 2), st.booleans()
)
ARGUMENTS = st.tuples(
    # Methods always get the first one by position.
    st.lists(st.integers(), min_size=1, max_size=6).map(tuple),
    st.dictionaries(st.sampled_from("bcdxyz"), st.integers(), max_size=5),
)


def shaped(shape: t.Any) -> t.Any:
    """Return a function with so many parameters, so many of them with defaults, and so on."""
    plain, defaults, has_args, keywords, has_kwargs = shape
    names = list("abcd"[:plain])
    first = plain - min(defaults, plain)
    parts = [f"{name}={at}" if at >= first else name for at, name in enumerate(names)]
    if has_args or keywords:
        parts.append("*args" if has_args else "*")
    parts += list("xy"[:keywords])
    if has_kwargs:
        parts.append("**kwargs")
    made: dict[str, t.Any] = {}
    exec(f"def func({', '.join(parts)}): return sorted(locals().items(), key=str)", made)
    return made["func"]


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=200)
@given(shape=SHAPES, arguments=ARGUMENTS, full=st.booleans())
def test_any_arguments_are_passed_on_and_seen(shape: t.Any, arguments: t.Any, full: bool) -> None:
    func = shaped(shape)
    args, kwargs = arguments
    names = [*inspect.signature(func).parameters]
    seen: list[t.Any] = []

    def probe(*asked: str) -> t.Any:
        known = [each for each in asked if each not in ("args", "kwargs", "x", "y")]
        made: dict[str, t.Any] = {"seen": seen}
        exec(f"def look({', '.join(known)}): seen.append([{', '.join(known)}])", made)
        return made["look"]

    takes = signature(func)
    own = names if takes.args is None else []
    around = Probe(
        before=probe("instance", "first", *own[:3]) if takes.named else None,
        note=probe("last", "tracepoint") if takes.named else None,
        leave=probe("step", *own[1:4]),
        after=probe("result"),
    )
    outcomes = []
    for maker in BOTH:
        seen.clear()
        trace = LiveTrace(OWNER, "GET", "/", max_steps=0 if full else 2000)
        token = current.set(trace)
        made = made_by(maker, func, around)
        outcome = outcome_of(functools.partial(made, *args, **kwargs))
        current.reset(token)
        recorded = trace.log[TRACEPOINT::4], trace.dropped_steps, [*(trace.strands or ())]
        outcomes.append((outcome, recorded, [*seen]))
    assert outcomes[0][0] == outcome_of(lambda: func(*args, **kwargs))
    assert outcomes[0] == outcomes[-1]


class Shop:
    def sell(self, book: str, price: int = 3) -> str:
        """Sell a book."""
        return f"{book} for {price}"

    recorded = recording(sell, TEST, owner=OWNER)


def test_it_is_a_function_to_those_who_look() -> None:
    made: t.Any = functools.update_wrapper(recording(Shop.sell, TEST, owner=OWNER), Shop.sell)
    assert (made.__name__, made.__doc__) == ("sell", "Sell a book.")
    assert made.__qualname__ == "Shop.sell"
    assert made.__module__ == __name__
    assert repr(made).startswith("<function Shop.sell at 0x")
    assert inspect.unwrap(made) is Shop.sell
    assert inspect.signature(made) == inspect.signature(Shop.sell)
    assert inspect.isroutine(made)
    assert not inspect.iscoroutinefunction(made)
    assert copy.copy(made) is made
    assert copy.deepcopy([made]) == [made]
    with pytest.raises(pickle.PicklingError):  # another object has its name
        pickle.dumps(made)
    shop = Shop()
    assert inspect.ismethod(shop.recorded)
    assert shop.recorded.__func__ is Shop.recorded
    assert [*inspect.signature(shop.recorded).parameters] == ["book", "price"]
    of_user = recording(None, TEST, owner=OWNER, name="step", parameters="response")
    assert [*inspect.signature(of_user).parameters] == ["_func", "response"]
    assert weakref.ref(made)() is made
    of_user.more = 1
    assert vars(of_user)["more"] == 1


def take(given: t.Any) -> None:
    """Stand for a probe that is given what the function is given."""


def test_what_is_recorded_goes_with_its_last_reference(trace: LiveTrace) -> None:
    class Thing: ...

    thing = Thing()
    ref = weakref.ref(thing)
    gc.disable()
    try:
        made: list[t.Any] = []

        def func(given: t.Any) -> None:
            # Nobody else has the function that runs.
            made.clear()

        for maker in BOTH:
            made.append(made_by(maker, func, Probe(leave=take)))
            made[0](thing)
        del thing
        assert ref() is None
        # A cycle through one is found.
        for maker in BOTH:
            cycle = made_by(maker, lambda: None)
            cycle.itself, known = cycle, weakref.ref(cycle)
            del cycle
            assert known() is not None
            gc.collect()
            assert known() is None
    finally:
        gc.enable()


@pytest.fixture
def nothing_is_collected() -> Iterator[None]:
    """What other tests have left may refer to None very often."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("nothing_is_collected")
def test_calls_leave_no_references(trace: LiveTrace) -> None:
    thing, other = object(), object()
    probe = Probe(
        before=lambda writer: writer,
        enter=lambda first: first,
        note=lambda: None,
        leave=lambda step, entered: (step, entered),
        after=lambda result, last: (result, last),
    )

    def func(self: t.Any, a: t.Any, b: t.Any = other) -> t.Any:
        if a is None:
            raise KeyError
        return b

    for maker in BOTH:
        made = made_by(maker, func, probe, Probe(), probe)
        counted = (thing, other, None, trace, trace.notes, func, made, OWNER, probe.leave)
        before: list[int] = []
        for times in (10, 20_000):
            for _ in range(times):
                made(thing, thing, b=other)
                made(thing, thing)
                with pytest.raises(TypeError):
                    made(thing)
            with pytest.raises(KeyError):
                made(thing, None)
            trace.log, trace.notes.outcomes = type(trace.log)(), {}
            counts = [sys.getrefcount(each) for each in counted]
            assert not before or all(abs(a - b) < 50 for a, b in zip(counts, before, strict=True))
            before = counts


def test_endless_recursion_ends_as_in_python(trace: LiveTrace) -> None:
    for maker in BOTH:
        depths: list[int] = []
        recursive: list[t.Any] = []

        def func(depths: list[int], recursive: list[t.Any]) -> t.Any:
            depths.append(len(depths))
            return recursive[0](depths, recursive)

        recursive.append(made_by(maker, func, parameters="depths, recursive"))
        with pytest.raises(RecursionError):
            recursive[0](depths, recursive)
        assert 100 < len(depths) <= sys.getrecursionlimit()
        assert trace.current == -1
        begins = trace.log[PARENT::4]
        assert begins[:3] == [-1, 0, 4]
        trace.log = type(trace.log)()
        trace.notes.outcomes.clear()


def test_a_tracer_and_a_traceback_see_the_functions_of_the_app(trace: LiveTrace) -> None:
    def fails(book: str) -> t.NoReturn:
        raise KeyError(book)

    called: list[str] = []

    def saw(frame: types.FrameType, _event: str, _arg: t.Any) -> None:
        called.append(frame.f_code.co_name)

    for maker in BOTH:
        made = made_by(maker, fails)
        before = sys.gettrace()
        sys.settrace(saw)
        try:
            with pytest.raises(KeyError) as caught:
                made("a")
        finally:
            sys.settrace(before)
        _, *ours, last = traceback.extract_tb(caught.value.__traceback__)
        assert last.name == "fails"
        assert all(is_ours(each.filename) for each in ours)
        assert bool(ours) is (maker is in_python)
    assert called.count("fails") == len(BOTH)


def test_what_it_raises_is_what_probes_and_holds_see(
    trace: LiveTrace, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[t.Any] = []

    def fails() -> t.NoReturn:
        raise KeyError("a")

    monkeypatch.setattr(holding, "after", lambda *_: seen.append(sys.exc_info()[1]))
    monkeypatch.setattr(holding, "called", lambda _writer, _step, func: func())
    monkeypatch.setattr(holding, "armed", True)
    probe = Probe(leave=lambda: seen.append(sys.exc_info()[1]))
    for maker in BOTH:
        for outer in (None, ValueError("outer")):
            try:
                if outer is not None:
                    raise outer
                with pytest.raises(KeyError) as caught:
                    made_by(maker, fails, probe, parameters="")()
            except ValueError:
                with pytest.raises(KeyError) as caught:
                    made_by(maker, fails, probe, parameters="")()
                assert sys.exc_info()[1] is outer
            assert seen == [caught.value, caught.value]
            assert caught.value.__context__ is outer
            seen.clear()


@pytest.mark.parametrize("maker", BOTH)
def test_a_generator_keeps_nothing_that_only_its_caller_handles(
    trace: LiveTrace, maker: t.Any
) -> None:
    made = made_by(maker, Raises(), parameters="")

    def chunks() -> t.Iterator[t.Any]:
        with pytest.raises(LookupError):
            made()
        yield sys.exc_info()[1]
        yield sys.exc_info()[1]

    running, outer = chunks(), ValueError("outer")
    try:
        raise outer
    except ValueError:
        assert next(running) is outer
    assert next(running) is None


@pytest.mark.parametrize("when", ["before", "enter", "note", "leave", "after"])
def test_an_exit_from_a_probe_is_not_kept_from_the_app(trace: LiveTrace, when: str) -> None:
    def exits() -> t.NoReturn:
        raise KeyboardInterrupt

    for maker in BOTH:
        with pytest.raises(KeyboardInterrupt):
            made_by(maker, Shop.sell, Probe(**{when: exits}))(Shop(), "a")


@pytest.mark.parametrize("broken", ["log", "notes", "strand", "fold", "current"])
def test_a_broken_writer_does_not_break_the_call(
    trace: LiveTrace, broken: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if compiled is None:
        return
    made = made_by(in_c, Shop.sell)
    if broken in ("log", "notes"):
        delattr(trace, broken)
    elif broken == "current":
        trace.current = 1 << 40  # what does not fit is cut off
    elif broken == "strand":
        trace.ident = 1
        monkeypatch.setattr(LiveTrace, broken, lambda *_: object())
    else:
        trace.limit = 0
        monkeypatch.setattr(LiveTrace, "is_spine", lambda *_: False)
        monkeypatch.setattr(LiveTrace, broken, lambda *_: 5)
    assert made(Shop(), "a") == "a for 3"


AT_THE_END = """
import atexit, threading
from flask_lifecycle.recorder.current import current
from flask_lifecycle.recorder.probe import Probe, recording
from flask_lifecycle.trace.owner import Owner
from flask_lifecycle.trace.writer import LiveTrace

class App: ...
app = App()
owner = Owner(app)
current.set(LiveTrace(owner, "GET", "/"))
made = recording(lambda *args: 5, 1, Probe(leave=lambda step: 1), owner=owner, name="made",
                 parameters="*args")

class Late:
    def __init__(self): self.made, self.current, self.trace = made, current, current.get()
    def __del__(self): assert self.made(1) == 5

def forever():
    current.set(LiveTrace(owner, "GET", "/"))
    while True:
        made(1)
        runs.set()

late = Late()
late.itself = late
atexit.register(made, 1)
runs = threading.Event()
threading.Thread(target=forever, daemon=True).start()
runs.wait()
assert made(1) == 5
"""


def test_the_end_of_the_interpreter_is_quiet() -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_THE_END], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")

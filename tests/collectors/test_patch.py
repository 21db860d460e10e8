"""What is replaced in other packages is put back when the last app goes, if it is still ours."""

from __future__ import annotations

import gc
import importlib
import itertools
import logging
import subprocess
import sys
import threading
import types
import typing as t
import warnings

import pytest
from flask import Flask

from flask_lifecycle import Lifecycle
from flask_lifecycle.collector_table import COLLECTORS, Collector
from flask_lifecycle.collectors.patch import Patch
from tests.helpers import ROOT

_original_show = vars(warnings)["_showwarnmsg"]
Calls = list[t.Any]


def library() -> types.ModuleType:
    module = types.ModuleType("library")
    vars(module)["work"] = lambda: "work"
    return module


def patch_of(module: types.ModuleType, calls: Calls, *, again: bool = False) -> Patch:
    """Return a patch of ``work``, whose replacements append their number when they record."""
    numbers = itertools.count(1)

    def recorded(original: t.Any) -> t.Any:
        number = next(numbers)

        def work() -> t.Any:
            if patch.owners and patch.records(module, "work", work):
                calls.append(number)
            return original()

        return work

    patch = Patch(lambda: patch.replace(module, "work", recorded, again=again))
    return patch


def wrap(module: types.ModuleType) -> None:
    inner = module.work
    vars(module)["work"] = lambda: f"({inner()})"


def test_it_is_there_from_the_first_app_to_the_last() -> None:
    module, calls = library(), Calls()
    original = module.work
    patch = patch_of(module, calls)
    first, second = patch.install(1), patch.install(2)
    assert module.work() == "work"
    assert calls == [1]
    first()
    assert patch.is_in_place
    assert module.work is not original
    second()
    second()
    assert module.work is original
    assert not patch.is_in_place
    patch.install(3)()
    assert module.work is original


def test_what_somebody_else_has_put_there_stays() -> None:
    module, calls = library(), Calls()
    patch = patch_of(module, calls)
    undo = patch.install(1)
    wrap(module)
    theirs = module.work
    undo()
    assert module.work is theirs
    assert module.work() == "(work)"
    assert calls == []


@pytest.mark.parametrize("again", [False, True])
def test_what_is_wrapped_by_somebody_else_records_once(again: bool) -> None:
    module, calls = library(), Calls()
    patch = patch_of(module, calls, again=again)
    undos = [patch.install(1)]
    for owner in range(2, 6):
        wrap(module)
        undos.append(patch.install(owner))
        assert module.work().strip("()") == "work"
        assert len(calls) == owner - 1
    for undo in undos:
        undo()
    calls.clear()
    assert module.work() == "((((work))))"
    assert calls == []


def test_what_is_taken_away_is_put_back_for_the_next_app() -> None:
    module, calls = library(), Calls()
    original = module.work
    patch = patch_of(module, calls, again=True)
    undos = [patch.install(1)]
    # As who replaces something without calling what was there.
    vars(module)["work"] = original
    undos.append(patch.install(2))
    module.work()
    assert calls == [2]
    # Or puts back what it has found.
    for undo in undos:
        undo()
    assert module.work is original


def test_of_several_that_were_put_the_one_that_stands_records() -> None:
    module, calls = library(), Calls()
    patch = patch_of(module, calls, again=True)
    patch.install(1)
    first = module.work
    wrap(module)
    patch.install(2)
    vars(module)["work"] = first
    module.work()
    assert calls == [1]


def test_an_attribute_that_was_not_there_is_deleted() -> None:
    class Kind:
        pass

    patch = Patch(lambda: patch.replace(Kind, "__call__", lambda _missing: lambda _self: 1))
    undo = patch.install(1)
    assert Kind()() == 1  # type: ignore[operator]
    undo()
    assert "__call__" not in vars(Kind)


def test_what_is_not_imported_yet_is_replaced_later() -> None:
    modules: list[types.ModuleType] = []

    def apply() -> None:
        for each in modules:
            patch.replace(each, "work", lambda _: lambda: "ours")

    patch = Patch(apply)
    undo = patch.install(1)
    assert not patch.is_in_place
    modules.append(library())
    patch.apply()
    assert modules[0].work() == "ours"
    undo()
    assert modules[0].work() == "work"
    patch.apply()
    assert modules[0].work() == "work", "no app asks for it"


def test_it_fails_open(caplog: pytest.LogCaptureFixture) -> None:
    module = library()

    def put(value: t.Any) -> None:
        if value != 1:
            raise ValueError("that cannot be put back")

    def apply() -> None:
        patch.replace(module, "work", lambda _: None)
        patch.replace(module, "odd", lambda _: 1, get=lambda: 1, put=put)
        raise ValueError("there is no such module")

    patch = Patch(apply)
    with caplog.at_level(logging.WARNING, "flask_lifecycle"):
        undo = patch.install(1)
        vars(module)["odd"] = 2
        undo()
    assert module.work() == "work"
    assert not patch.is_in_place
    assert [each.message for each in caplog.records] == [
        f"the patch of {__name__} failed; the app is not affected",
    ]


def test_it_goes_on_where_one_thing_cannot_be_put_back(caplog: pytest.LogCaptureFixture) -> None:
    module = library()
    stands: list[t.Any] = [0]

    def put(value: t.Any) -> None:
        if value == 0:
            raise ValueError("it does not take it back")
        stands[0] = value

    def apply() -> None:
        patch.replace(module, "work", lambda _: None)
        patch.replace(module, "odd", lambda _: 1, get=lambda: stands[0], put=put)

    patch = Patch(apply)
    with caplog.at_level(logging.WARNING, "flask_lifecycle"):
        patch.install(1)()
    assert [each.message for each in caplog.records] == [
        "the end of a patch failed; the app is not affected"
    ]
    assert module.work() == "work"


def test_threads_may_install_and_undo_it() -> None:
    module, calls = library(), Calls()
    original = module.work
    patch = patch_of(module, calls)
    start = threading.Barrier(4)
    wrong: Calls = []

    def churn(owner: int) -> None:
        start.wait()
        for _ in range(300):
            undo = patch.install(owner)
            if module.work is original or module.work() != "work":
                wrong.append(owner)
            undo()

    threads = [threading.Thread(target=churn, args=(owner,)) for owner in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert not wrong
    assert module.work is original
    assert not patch.owners


@pytest.mark.parametrize("by", ["undo", "gc"])
def test_all_of_an_app_is_put_back(by: str) -> None:
    # In a process of its own: here, other tests' apps may still be there.
    code = f"from tests.helpers.patches import put_back; put_back({by!r})"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_record_factory_of_somebody_elses_is_between_two_apps() -> None:
    """As that of OpenTelemetry's instrumentation, which calls the one that it has found."""
    apps = [Flask("first"), Flask("second")]
    before = logging.getLogRecordFactory()
    try:
        for app in apps:
            app.config["LIFECYCLE_ENABLED"] = True
            Lifecycle(app)

            @app.get("/")
            def page() -> str:
                logging.getLogger("shop").warning("sold out")
                warnings.warn("old", stacklevel=1)
                return ""

            inner, shown = logging.getLogRecordFactory(), vars(warnings)["_showwarnmsg"]
            logging.setLogRecordFactory(lambda *args, inner=inner, **more: inner(*args, **more))
            setattr(warnings, "_showwarnmsg", lambda message, shown=shown: shown(message))  # noqa: B010
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always")
            for app in apps:
                assert app.test_client().get("/").status_code == 200
        for app in apps:
            stages = [step.stage for step in Lifecycle().traces(app)[0].steps]
            assert stages.count("log") == 1
            assert stages.count("warning") == 1
    finally:
        for app in apps:
            Lifecycle().undo(app)
        logging.setLogRecordFactory(before)
        vars(warnings)["_showwarnmsg"] = _original_show


#: Installed whatever is collected.
ALWAYS = ("collectors.signals", "instrumentation.unclosed", "instrumentation.websocket_libraries")


@pytest.mark.parametrize(("name", "collector"), COLLECTORS.items())
def test_each_collector_is_asked_for_by_its_name(name: str, collector: Collector) -> None:
    for each in (*ALWAYS, *(f"collectors.{module}" for module in collector.modules)):
        importlib.import_module(f"flask_lifecycle.{each}")
    app = Flask("shop")
    app.config.update(LIFECYCLE_ENABLED=True, LIFECYCLE_COLLECTORS=(name,))
    modules = [each for key, each in sys.modules.items() if key.startswith("flask_lifecycle.")]
    patches = {
        id(each): (module.__name__, each)
        for module in modules
        for each in vars(module).values()
        if isinstance(each, Patch)
    }
    # Or apps of other tests leave meanwhile.
    gc.collect()
    before = {key: set(each.owners) for key, (_, each) in patches.items()}
    Lifecycle(app)
    asked = {module for key, (module, each) in patches.items() if each.owners != before[key]}
    Lifecycle().undo(app)
    always = {each.split(".")[1] for each in ALWAYS}
    assert {module.split(".")[2] for module in asked} == {*always, *collector.modules}
    assert {key: each.owners for key, (_, each) in patches.items()} == before


IMPORTS = """
import importlib.abc, logging, sys
from flask import Flask
from flask_lifecycle import Lifecycle, faults

app = Flask("shop")
app.config.update(LIFECYCLE_ENABLED=True, LIFECYCLE_HISTORY=None)
Lifecycle(app)
app.add_url_rule("/", view_func=lambda: "hello")
client = app.test_client()
libraries = "sqlite3 http.client httpcore aiohttp sqlalchemy opentelemetry.sdk.trace".split()
for name in [*sys.modules]:
    if name.startswith(tuple(libraries)):
        del sys.modules[name]
asked = set()

class Asking(importlib.abc.MetaPathFinder):
    '''Sends a request whenever something is imported, as another thread may.'''
    def find_spec(self, name, path, target=None):
        begun = {each for each in libraries if each in sys.modules} - asked
        if begun:
            asked.update(begun)
            assert client.get("/").status_code == 200

sys.meta_path.insert(0, Asking())
for name in libraries:
    __import__(name)
assert asked == {*libraries}, asked
client.get("/")
import sqlite3, http.client, httpcore, aiohttp, sqlalchemy
assert not faults._faults, faults._faults
for each in (
    sqlite3.connect, http.client.HTTPConnection.putrequest, aiohttp.ClientRequest.send,
    httpcore.ConnectionPool.handle_request, sqlalchemy.engine.default.DefaultDialect.initialize,
):
    assert each.__code__.co_filename.startswith({PACKAGE!r}), each
"""


def test_a_library_that_is_being_imported_is_patched_when_it_is_there() -> None:
    code = IMPORTS.replace("{PACKAGE!r}", repr(str(ROOT / "flask_lifecycle")))
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)

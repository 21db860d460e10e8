"""Logs and warnings are those that a handler, and who shows warnings, saw."""

from __future__ import annotations

import logging
import sqlite3
import typing as t
import warnings
from itertools import count
from pathlib import Path

import pytest
from flask import Flask, flash, get_flashed_messages

import flask_lifecycle
from flask_lifecycle import Lifecycle
from flask_lifecycle.collectors import logs
from flask_lifecycle.trace.model import Step
from tests.helpers.apps import make_app, steps_of
from tests.helpers.meanwhile import meanwhile


def steps(app: Flask, lifecycle: Lifecycle, view: t.Callable[[], t.Any], stage: str) -> list[Step]:
    app.add_url_rule("/", "index", view)
    app.test_client().get("/").close()
    return steps_of(lifecycle.traces(app)[0], stage)


class Handler(logging.Handler):
    """Keeps what it is handed, and logs while it does."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(record)
        if record.name != "again":
            logging.getLogger("again").warning("while logging")


def test_logs_are_those_that_a_handler_saw(caplog: pytest.LogCaptureFixture) -> None:
    app, lifecycle = make_app()
    handler = Handler()
    logging.getLogger().addHandler(handler)

    class Hostile:
        def __str__(self) -> str:
            raise LookupError("asked")

        __repr__ = __str__

    def view() -> str:
        logging.getLogger("shop").warning("%s of %d", "one", 2)
        logging.getLogger("shop").debug("too quiet")
        logging.getLogger("shop").error("password=%s", "hunter2")
        app.logger.disabled = False
        try:
            int("x")
        except ValueError:
            logging.getLogger("shop").exception("failed")
        return "view"

    try:
        found = steps(app, lifecycle, view, "log")
    finally:
        logging.getLogger().removeHandler(handler)
    told = [(step.name, step.detail["level"]) for step in found]
    assert sorted(told) == sorted((each.name, each.levelname) for each in handler.seen)
    mine = [step for step in found if step.name == "shop"]
    assert [step.detail["message"] for step in mine] == ["one of 2", "password=••••••", "failed"]
    lines = [each.lineno for each in handler.seen if each.name == "shop"]
    assert [step.source.line for step in mine if step.source] == lines
    assert mine[2].detail["error"]["type"] == "ValueError"
    assert mine[0].detail["error"] is None


def test_what_is_logged_is_told_as_a_handler_formats_it() -> None:
    app, lifecycle = make_app()
    handler = Handler()
    shop = logging.getLogger("shop")
    shop.addHandler(handler)
    calls: list[t.Callable[[], None]] = [
        lambda: shop.error("failed: %s", LookupError("no such book")),
        lambda: shop.error(LookupError("no such book")),
        lambda: shop.error("%r", {"title": "one", "tags": ["a", ("b", 2)]}),
        lambda: shop.error("%(title)s at %(price).2f", {"title": "one", "price": 9.5}),
        lambda: shop.error("%s and %s", [1, "two"], b"three"),
        lambda: shop.error({"event": "sold"}),
        lambda: shop.error("100 %"),
    ]

    def view() -> str:
        for call in calls:
            call()
        return "view"

    found = steps(app, lifecycle, view, "log")
    shop.removeHandler(handler)
    told = [step.detail["message"] for step in found if step.name == "shop"]
    assert told == [each.getMessage() for each in handler.seen]
    assert len(told) == len(calls)


def test_an_argument_is_masked_by_its_name() -> None:
    app, lifecycle = make_app()

    def view() -> str:
        logging.getLogger("x").error(
            "%(user)s came with %(password)s", {"user": 1, "password": "p4ss"}
        )
        return ""

    [step] = steps(app, lifecycle, view, "log")
    assert step.detail["message"] == "1 came with ••••••"


def test_what_has_methods_of_the_apps_is_logged_by_its_type() -> None:
    app, lifecycle = make_app()

    class Hostile:
        def __str__(self) -> str:
            raise AssertionError("asked")

        __repr__ = __str__

    def view() -> str:
        shop = logging.getLogger("shop")
        shop.disabled = False
        shop.addHandler(quiet)
        shop.propagate = False
        shop.error("%s, %r and %s", Hostile(), Hostile(), [Hostile()])
        shop.error(Hostile())
        shop.error("%d", Hostile())
        shop.error("too %s %s", "few")
        shop.error("password is %r", {"password": "hunter2", "one": Hostile()})
        return "view"

    quiet = logging.NullHandler()
    try:
        found = steps(app, lifecycle, view, "log")
    finally:
        logging.getLogger("shop").propagate = True
        logging.getLogger("shop").removeHandler(quiet)
    kind = f"<{__name__}.{Hostile.__qualname__}>"
    assert [step.detail["message"] for step in found] == [
        f"{kind}, {kind} and ['{kind}']",
        kind,
        "%d",
        "too %s %s",
        f"password is {{'password': '••••••', 'one': {kind}}}",
    ]


def test_what_is_logged_has_no_frames_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    app, lifecycle = make_app()

    def view() -> str:
        connection = sqlite3.connect(":memory:")
        try:
            try:
                connection.execute("select * from nowhere")
            except sqlite3.Error as error:
                raise LookupError("no such book") from error
        except LookupError:
            logging.getLogger("shop").exception("failed")
        connection.close()
        return "view"

    assert steps(app, lifecycle, view, "sql")
    assert "select * from nowhere" in caplog.text
    assert str(Path(flask_lifecycle.__file__).parent) not in caplog.text


def test_warnings_are_those_that_were_shown() -> None:
    app, lifecycle = make_app()
    shown: list[str] = []

    def show(message: Warning | str, *_more: t.Any) -> None:
        shown.append(str(message))

    def view() -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.filterwarnings("ignore", message="ignored")
            warnings.showwarning = show  # type: ignore[assignment]
            warnings.warn("old", DeprecationWarning, stacklevel=1)
            warnings.warn("ignored", stacklevel=1)
            warnings.warn("token=hunter2", stacklevel=1)
            with warnings.catch_warnings(record=True) as caught:
                warnings.warn("caught", stacklevel=1)
            assert [str(each.message) for each in caught] == ["caught"]
            warnings.simplefilter("error")
            with pytest.raises(UserWarning):
                warnings.warn("raised", stacklevel=1)
        return "view"

    found = steps(app, lifecycle, view, "warning")
    assert shown == ["old", "token=hunter2"]
    assert [step.detail["message"] for step in found] == ["old", "token=••••••", "caught"]
    assert found[0].name == found[0].detail["category"] == "DeprecationWarning"
    assert found[0].source is not None
    assert found[0].source.file == __file__


def test_flashes_are_those_that_the_next_page_gets() -> None:
    app, lifecycle = make_app()

    def view() -> str:
        flash("saved")
        flash("wrong", "error")
        assert get_flashed_messages() == ["saved", "wrong"]
        return "view"

    found = steps(app, lifecycle, view, "flash")
    assert [(step.detail["category"], step.detail["message"]) for step in found] == [
        ("message", "saved"),
        ("error", "wrong"),
    ]


def test_each_can_be_switched_off_and_is_undone() -> None:
    # Private to Python, but the one place that every warning passes.
    python: t.Any = warnings
    own = python._showwarnmsg
    app, lifecycle = make_app(LIFECYCLE_COLLECTORS=("sql",))

    def view() -> str:
        flash("saved")
        logging.getLogger("shop").error("failed")
        with warnings.catch_warnings(record=True):
            warnings.warn("old", stacklevel=1)
        return "view"

    assert steps(app, lifecycle, view, "log") == []
    stages = {step.stage for step in lifecycle.traces(app)[0].steps}
    assert not stages & {"log", "flash", "warning"}
    other, other_lifecycle = make_app()
    lifecycle.undo(app)
    other_lifecycle.undo(other)
    assert python._showwarnmsg is own or own.__module__.startswith("flask_lifecycle")


def test_the_arguments_of_a_record_are_changed_while_it_is_read() -> None:
    app, lifecycle = make_app()
    numbers = count()
    values: dict[t.Any, t.Any] = {"name": "ada", "number": 1}

    def change() -> None:
        number = next(numbers)
        values.pop(number - 1, None)
        values[number] = number

    def view() -> str:
        with meanwhile(change, logs):
            app.logger.warning("%(name)s", values)
        return ""

    (step,) = steps(app, lifecycle, view, "log")
    assert step.detail["message"] == "ada"

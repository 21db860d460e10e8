"""Which core runs, and why."""

from __future__ import annotations

import gc
import typing as t
import weakref
from types import SimpleNamespace

import pytest

from flask_lifecycle import core

BUILT = SimpleNamespace(REVISION=core._REVISION)


def found(*_: t.Any) -> t.Any:
    return BUILT


def missing(*_: t.Any) -> t.NoReturn:
    raise ImportError


@pytest.mark.parametrize(
    ("asked", "imports", "has_gil", "expected", "why"),
    [
        (None, found, True, BUILT, "it is built for this Python"),
        ("", found, True, BUILT, "it is built for this Python"),
        ("1", found, True, None, "FLASK_LIFECYCLE_PURE is 1"),
        ("0", found, False, BUILT, "FLASK_LIFECYCLE_PURE is 0"),
        (None, found, False, None, "it has not been tested on Python without a GIL"),
        (None, missing, True, None, "it is not built for this Python"),
        (
            None,
            lambda *_: SimpleNamespace(REVISION=0),
            True,
            None,
            "it was built from other sources",
        ),
        ("0", missing, True, ImportError, ""),
        ("0", lambda *_: SimpleNamespace(REVISION=0), True, ImportError, ""),
    ],
)
def test_the_environment_and_what_is_built_decide(
    monkeypatch: pytest.MonkeyPatch,
    asked: str | None,
    imports: t.Any,
    has_gil: bool,
    expected: t.Any,
    why: str,
) -> None:
    monkeypatch.delenv("FLASK_LIFECYCLE_PURE", raising=False)
    if asked is not None:
        monkeypatch.setenv("FLASK_LIFECYCLE_PURE", asked)
    monkeypatch.setattr(core, "import_module", imports)
    monkeypatch.setattr("sysconfig.get_config_var", lambda _: not has_gil)
    if expected is ImportError:
        with pytest.raises(ImportError):
            core._compiled()
        return
    made, told = core._compiled()
    assert made is expected
    assert told.startswith(why)


@core.untracked
class Detail:
    """What is known of something."""

    __slots__ = ("_own", "given")

    def __init__(self, given: t.Any) -> None:
        self.given: t.Any = given
        self._own: t.Any = 1

    @classmethod
    def made(cls, given: t.Any) -> Detail:
        """Return one."""
        return cls(given)


def test_an_untracked_object_is_like_another() -> None:
    kind: t.Any = Detail
    detail = kind.made("x")
    assert type(detail) is Detail
    assert (detail.given, detail._own) == ("x", 1)
    assert (Detail.__name__, Detail.__doc__) == ("Detail", "What is known of something.")
    assert (Detail.__module__, Detail.__qualname__) == (__name__, "Detail")
    del detail.given
    for name in ("given", "more"):
        with pytest.raises(AttributeError):
            getattr(detail, name)
    with pytest.raises(AttributeError):
        kind.made("x").more = 1
    with pytest.raises(TypeError):
        kind()
    assert gc.is_tracked(detail) is (core.compiled is None)


def test_an_untracked_object_goes_with_all_that_it_has() -> None:
    class Value:
        """Something that can be referred to weakly."""

    value = Value()
    reference = weakref.ref(value)
    detail: t.Any = Detail(value)
    del value
    assert detail.given is reference()
    del detail
    assert reference() is None


def test_only_names_make_a_class_of_untracked_objects() -> None:
    if core.compiled is None:
        return
    wrong: t.Any
    for wrong in (["a"], ("a", 1), None, ("\ud800",)):
        with pytest.raises((TypeError, UnicodeEncodeError)):
            core.compiled.untracked(wrong)

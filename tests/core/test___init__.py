"""Which core runs, and why."""

from __future__ import annotations

import typing as t
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

"""The secret of the pages: one for all processes and runs of a user, and for nobody else."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import pytest

from flask_lifecycle.page_secret import page_secret
from tests.helpers import ROOT


@pytest.fixture(autouse=True)
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it is stored."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / f"flask-lifecycle-{os.getuid()}-pages" / "secret"


def test_it_stays_and_is_this_users_alone(secret: Path) -> None:
    made = page_secret()
    assert made is not None
    assert len(made) == 64
    assert page_secret() == made
    assert [*secret.parent.iterdir()] == [secret]
    assert stat.S_IMODE(secret.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600


def test_each_app_has_its_own() -> None:
    assert page_secret("/srv/shop", "shop") == page_secret("/srv/shop", "shop")
    apps = [("/srv/shop", "shop"), ("/srv/shop", "admin"), ("/srv", "shop"), ("/srv/\udce9", "x")]
    assert len({page_secret(*app) for app in apps}) == len(apps)


def test_processes_that_begin_at_once_have_the_same(tmp_path: Path) -> None:
    script = "import sys; from flask_lifecycle.page_secret import page_secret as of;"
    script += "print(sys.stdin.readline() and of())"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(tmp_path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    for process in processes:
        t.cast("t.TextIO", process.stdin).write("go\n")
        t.cast("t.TextIO", process.stdin).flush()
    found = {process.communicate()[0] for process in processes}
    assert len(found) == 1
    assert found == {f"{page_secret()}\n"}


def readable(secret: Path) -> None:
    secret.chmod(0o644)


def open_folder(secret: Path) -> None:
    secret.parent.chmod(0o755)


def short(secret: Path) -> None:
    secret.write_bytes(b"short")


def elsewhere(secret: Path) -> None:
    other = secret.with_name("other")
    secret.rename(other)
    secret.symlink_to(other)


def no_folder(secret: Path) -> None:
    secret.unlink()
    secret.parent.rmdir()
    secret.parent.write_text("")


@pytest.mark.parametrize("spoil", [readable, open_folder, short, elsewhere, no_folder])
def test_what_another_may_have_written_is_not_used(
    secret: Path, spoil: t.Callable[[Path], None]
) -> None:
    page_secret()
    spoil(secret)
    assert page_secret() is None


def test_without_a_place_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    assert page_secret() is None

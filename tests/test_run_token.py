"""One token for all processes of a server, each of which imports the app by itself."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
import textwrap
import typing as t
from pathlib import Path

import pytest

from flask_lifecycle import run_token
from tests.helpers import ROOT

# The workers of a server: forked, or spawned. The server itself does not import the app.
FORKED = """
import os, sys
read, write = os.pipe()
for _ in range(2):
    if not os.fork():
        from flask_lifecycle import run_token
        os.write(write, f"{run_token.run_token()} {run_token.is_alone()}\\n".encode())
        os._exit(0)
for _ in range(2):
    os.wait()
sys.stdout.write(os.read(read, 4096).decode())
"""
SPAWNED = """
import multiprocessing
def work():
    from flask_lifecycle import run_token
    print(run_token.run_token(), run_token.is_alone(), flush=True)
if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    for _ in range(2):
        worker = context.Process(target=work)
        worker.start()
        worker.join()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the tokens are stored."""
    monkeypatch.delenv("_FLASK_LIFECYCLE_TOKEN", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path / f"flask-lifecycle-{os.getuid()}-runs"


def told(script: str, seed: str = "random") -> set[str]:
    """Return what the workers of one server say."""
    file = Path(os.environ["TMPDIR"], "server.py")
    file.write_text(textwrap.dedent(script))
    done = subprocess.run(
        [sys.executable, str(file)],
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.splitlines())


@pytest.mark.parametrize("seed", ["random", "0"])
@pytest.mark.parametrize("script", [FORKED, SPAWNED], ids=["forked", "spawned"])
def test_the_workers_of_a_server_have_one_and_another_start_makes_another(
    folder: Path, script: str, seed: str
) -> None:
    first, second = told(script, seed), told(script, seed)
    assert len(first) == len(second) == 1
    assert first != second
    token, alone = first.pop().split()
    assert len(token) == 43
    assert alone == "False"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = [*folder.iterdir()]
    assert [stat.S_IMODE(each.stat().st_mode) for each in files] == [0o600, 0o600]
    # The name of a file is no way to its token.
    assert not any(token in each.name or each.name in token for each in files)


def test_without_a_place_each_knows_that_it_is_alone(tmp_path: Path) -> None:
    (tmp_path / f"flask-lifecycle-{os.getuid()}-runs").write_text("")
    found = told(FORKED)
    assert len(found) == 2
    assert all(each.endswith(" True") for each in found)
    assert "runs" in (run_token.why_alone() or "")


def readable(file: Path) -> None:
    file.chmod(0o644)


def open_folder(file: Path) -> None:
    file.parent.chmod(0o755)


def elsewhere(file: Path) -> None:
    other = file.with_name("other")
    file.rename(other)
    file.symlink_to(other)


def nonsense(file: Path) -> None:
    file.write_text("[" * 900)


def huge(file: Path) -> None:
    file.write_text(file.read_text() + " " * 2000)


@pytest.mark.parametrize("spoil", [readable, open_folder, elsewhere, nonsense, huge])
def test_what_another_may_have_written_is_not_used(
    folder: Path, spoil: t.Callable[[Path], None]
) -> None:
    token = run_token.run_token()
    [file] = folder.iterdir()
    spoil(file)
    del os.environ["_FLASK_LIFECYCLE_TOKEN"]
    assert run_token.run_token() != token
    assert run_token.is_alone()


def test_stale_files_go(folder: Path) -> None:
    old = {told(FORKED).pop() for _ in range(2)}
    assert len(old) == 2
    ended, unused = folder.iterdir()
    day = 86_400
    os.utime(ended, (ended.stat().st_mtime - 2 * day,) * 2)
    (folder / "kept").write_text(
        json.dumps({"token": "x", "of": [run_token._makers()[0], [1, ""]]})
    )
    (folder / "kept").chmod(0o600)
    os.utime(unused, (unused.stat().st_mtime - 40 * day,) * 2)
    run_token.run_token()
    left = {each.name for each in folder.iterdir()}
    assert ended.name not in left
    assert unused.name not in left
    assert len(left) == 2

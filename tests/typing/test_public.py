"""A user's type checker knows the type of each public name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.typing import api

# It looks for packages where the first Python on the path does.
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def pyright(*options: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pyright", *options],
        cwd=folder,
        env={**os.environ, "PATH": PATH},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_each_public_name_has_a_type(tmp_path: Path) -> None:
    # Not from here, where the package is no installed one.
    told = pyright("--verifytypes", "flask_lifecycle", "--ignoreexternal", folder=tmp_path)
    assert "Type completeness score: 100%" in told


def test_a_user_of_the_public_names_is_checked(tmp_path: Path) -> None:
    pyright(str(Path(api.__file__)), folder=tmp_path)


def test_what_is_checked_runs() -> None:
    [told] = api.main()
    assert told.startswith("GET / 200 in ")

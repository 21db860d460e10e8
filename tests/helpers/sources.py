"""The sources of installed packages, whose own tests are run with us, and the pytest they take."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import typing as t
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from tests.helpers import ROOT


def source_of(package: str, folder: Path) -> Path:
    """Unpack the source distribution of a package, in the version that is installed."""
    wanted = f"{package}=={version(package)}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*command, "--no-deps", "--no-binary", package, "--dest", str(folder), wanted], check=True
    )
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        # Python 3.10 and 3.11 have the filter in their later releases only.
        safe: t.Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(folder, **safe)
    return next(path for path in folder.iterdir() if path.is_dir())


def pytest_of_suites() -> Path:
    """Return a folder with the pytest that runs them, made once in the environment that asks.

    First on the path, it is the pytest of a process; all else is what is installed.
    """
    folder = Path(sys.prefix) / "suites-pytest"
    if not folder.exists():
        made = Path(tempfile.mkdtemp(dir=sys.prefix))
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        group = f"{ROOT / 'pyproject.toml'}:suites-pytest"
        subprocess.run([*command, "--target", str(made), "--group", group], check=True)
        # Another process may have made it meanwhile.
        with suppress(OSError):
            made.rename(folder)
    return folder

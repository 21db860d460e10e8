"""The sources of installed packages, whose own tests are run with us, and what these take."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import tarfile
import tempfile
import typing as t
from importlib.metadata import version
from pathlib import Path

from tests.helpers import ROOT


def source_of(package: str, folder: Path) -> Path:
    """Unpack the source distribution of a package, in the version that is installed."""
    wanted = f"{package}=={version(package)}"

    def download(into: Path) -> None:
        _pip("download", "--no-deps", "--no-binary", package, "--dest", str(into), wanted)

    archives = _kept(f"source-{wanted}", download)
    with tarfile.open(next(archives.glob("*.tar.gz"))) as archive:
        # Python 3.10 and 3.11 have the filter in their later releases only.
        safe: t.Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(folder, **safe)
    return next(path for path in folder.iterdir() if path.is_dir())


def packages_of_suites() -> Path:
    """Return a folder with the pytest that runs them, and other packages in the versions they take.

    First on the path, these are what a process imports; all else is what is installed.
    """
    group = f"{ROOT / 'pyproject.toml'}:suites-own"
    return _kept("suites-own", lambda into: _pip("install", "--target", into, "--group", group))


def _kept(name: str, fill: t.Callable[[Path], None]) -> Path:
    """Return a folder of the environment, filled by the first process that asks for it."""
    folder = Path(sys.prefix) / name
    with folder.with_name(f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not folder.exists():
            partial = Path(tempfile.mkdtemp(dir=sys.prefix))
            fill(partial)
            partial.rename(folder)
    return folder


def _pip(command: str, *arguments: str | Path) -> None:
    quiet = ("--quiet", "--disable-pip-version-check")
    subprocess.run([sys.executable, "-m", "pip", command, *quiet, *arguments], check=True)

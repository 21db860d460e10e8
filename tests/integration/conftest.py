from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

import pytest


def source_of(package: str, folder: Path) -> Path:
    """Unpack the source distribution of a package, in the version that is installed."""
    wanted = f"{package}=={version(package)}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*command, "--no-deps", "--no-binary", package, "--dest", str(folder), wanted], check=True
    )
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


@pytest.fixture(scope="session")
def flask_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources of the Flask that is installed: FLASK_SOURCE, or those of the package index."""
    if "FLASK_SOURCE" in os.environ:
        return Path(os.environ["FLASK_SOURCE"])
    return source_of("flask", tmp_path_factory.mktemp("flask"))

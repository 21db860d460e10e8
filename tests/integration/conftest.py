from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def flask_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources of the Flask that is installed: FLASK_SOURCE, or those of the package index."""
    if "FLASK_SOURCE" in os.environ:
        return Path(os.environ["FLASK_SOURCE"])
    flask = f"flask=={version('flask')}"
    folder = tmp_path_factory.mktemp("flask")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*command, "--no-deps", "--no-binary", "flask", "--dest", str(folder), flask], check=True
    )
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())

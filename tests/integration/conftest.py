from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.helpers.sources import source_of


@pytest.fixture(scope="session")
def flask_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources of the Flask that is installed: FLASK_SOURCE, or those of the package index."""
    if "FLASK_SOURCE" in os.environ:
        return Path(os.environ["FLASK_SOURCE"])
    return source_of("flask", tmp_path_factory.mktemp("flask"))

"""Flask's own tests, and its tutorial's, run bare and with a Lifecycle on every app."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

HERE = Path(__file__).parent


def outcomes(source: Path, tests: str, report: Path, *, lifecycle: bool) -> dict[str, str]:
    """Run the tests in a process of their own; return the outcome of each."""
    plugin = ["-p", "lifecycle_on_every_app"] if lifecycle else []
    paths = [str(HERE), str(HERE.parent.parent), str(source / "examples" / "tutorial")]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin),
            *("-c", os.devnull, "--rootdir", str(source), f"--junitxml={report}", tests),
        ],
        cwd=source,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert report.exists(), done.stdout + done.stderr
    found: dict[str, str] = {}
    for case in ET.parse(report).iter("testcase"):
        bad = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        found[f"{case.get('classname')}::{case.get('name')}"] = bad[0] if bad else "passed"
    return found


@pytest.mark.parametrize("tests", ["tests", "examples/tutorial/tests"])
def test_no_test_newly_fails(flask_source: Path, tmp_path: Path, tests: str) -> None:
    bare = outcomes(flask_source, tests, tmp_path / "bare.xml", lifecycle=False)
    watched = outcomes(flask_source, tests, tmp_path / "watched.xml", lifecycle=True)
    assert list(bare.values()).count("passed") > 20
    assert {
        name: (bare[name], watched.get(name)) for name in bare if watched.get(name) != bare[name]
    } == {}

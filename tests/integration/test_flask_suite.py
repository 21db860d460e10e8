"""The tests of Flask, its tutorial and widely used extensions, bare and with a Lifecycle."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.helpers import ROOT
from tests.helpers.sources import packages_of_suites, source_of

HERE = Path(__file__).parent


def outcomes(source: Path, tests: str, report: Path, *, lifecycle: bool) -> dict[str, str]:
    """Run the tests in a process of their own; return the outcome of each."""
    plugin = ["-p", "lifecycle_on_every_app"] if lifecycle else []
    paths = [packages_of_suites(), HERE, ROOT, source / "examples" / "tutorial"]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin),
            # Their outcomes are compared alone; a traceback may take longer than its test.
            "--tb=no",
            # Of what a package can do with, not all is installed.
            "--continue-on-collection-errors",
            # What some of them need; those that this package's tests need would take a second each.
            *("-p", "asyncio", "-p", "xprocess"),
            *("-c", os.devnull, "--rootdir", str(source), f"--junitxml={report}", tests),
        ],
        cwd=source,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
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


@functools.cache
def outcomes_without_us(source: Path, tests: str) -> dict[str, str]:
    """Return the outcome of each test on bare apps, which is the same whatever we are set to."""
    with tempfile.TemporaryDirectory() as folder:
        return outcomes(source, tests, Path(folder) / "bare.xml", lifecycle=False)


def newly(source: Path, tests: str, folder: Path) -> dict[str, tuple[str, str | None]]:
    """Return each test that ends otherwise with a Lifecycle on every app, with both outcomes."""
    bare = outcomes_without_us(source, tests)
    watched = outcomes(source, tests, folder / "watched.xml", lifecycle=True)
    assert list(bare.values()).count("passed") > 20
    return {
        name: (bare[name], watched.get(name)) for name in bare if watched.get(name) != bare[name]
    }


@pytest.mark.parametrize("tests", ["tests", "examples/tutorial/tests"])
def test_no_test_of_flasks_newly_fails(flask_source: Path, tmp_path: Path, tests: str) -> None:
    assert newly(flask_source, tests, tmp_path) == {}


@pytest.mark.parametrize("off", [{"LIFECYCLE_HEADER": None}, {"LIFECYCLE_TOOLBAR": False}])
def test_nor_does_one_with_parts_off(
    flask_source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, off: dict[str, t.Any]
) -> None:
    monkeypatch.setenv("LIFECYCLE_TEST_SETTINGS", json.dumps(off))
    assert newly(flask_source, "tests", tmp_path) == {}


LARGE = ("flask-admin", "flask-caching", "flask-compress", "flask-security")


@pytest.mark.parametrize(
    "package",
    [
        *(pytest.param(name, marks=pytest.mark.large_suites) for name in LARGE),
        *(
            pytest.param(name, marks=pytest.mark.suites)
            for name in (
                *("flask-cors", "flask-httpauth", "flask-smorest", "flask-sqlalchemy"),
                "flask-wtf",
            )
        ),
    ],
)
def test_no_test_of_an_extension_newly_fails(package: str, tmp_path: Path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    source = source_of(package, folder)
    tests = "flask_admin/tests" if package == "flask-admin" else "tests"
    assert newly(source, tests, tmp_path) == {}

"""The tests of Flask, its tutorial and widely used extensions, bare and with a Lifecycle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from tests.helpers import ROOT
from tests.helpers.sources import pytest_of_suites, source_of

HERE = Path(__file__).parent


def outcomes(source: Path, tests: list[str], report: Path, *, lifecycle: bool) -> dict[str, str]:
    """Run the tests in a process of their own; return the outcome of each, by its ID."""
    plugins = ["-p", "outcomes_by_id", *(("-p", "lifecycle_on_every_app") if lifecycle else ())]
    asked = report.with_suffix(".txt")
    asked.write_text("\n".join(tests))
    paths = [pytest_of_suites(), HERE, ROOT, source / "examples" / "tutorial"]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugins),
            # Of what a package can do with, not all is installed.
            "--continue-on-collection-errors",
            *("-c", os.devnull, "--rootdir", str(source), f"@{asked}"),
        ],
        cwd=source,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "OUTCOMES": str(report),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert report.exists(), done.stdout + done.stderr
    found: dict[str, str] = json.loads(report.read_text())
    return found


def newly(source: Path, tests: str, folder: Path) -> dict[str, tuple[str | None, str]]:
    """Return each test that newly does not pass with a Lifecycle on every app, with both outcomes.

    Only what does not pass with one is run without.
    """
    watched = outcomes(source, [tests], folder / "watched.json", lifecycle=True)
    assert list(watched.values()).count("passed") > 20
    others = {name: each for name, each in watched.items() if each != "passed"}
    bare = outcomes(source, [*others], folder / "bare.json", lifecycle=False) if others else {}
    return {name: (bare.get(name), each) for name, each in others.items() if bare.get(name) != each}


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

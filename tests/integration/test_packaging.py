"""The wheel has the panel in it and installs without Node.js; the sdist has what the tests need."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from hatch_build import links
from tests.helpers import ROOT

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")

SERVE = """
from flask import Flask
from flask_lifecycle import Lifecycle
app = Flask(__name__)
app.debug = True
Lifecycle(app)
page = app.test_client().get("/_lifecycle/", base_url="http://127.0.0.1")
assert page.status_code == 200, page.status
assert b'id="panel"' in page.data, page.data
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)],
        check=True,
    )
    return next(folder.glob("flask_lifecycle-*.whl"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "sdist"]
    subprocess.run([*command, "--directory", str(folder)], check=True, cwd=ROOT)
    return next(folder.glob("flask_lifecycle-*.tar.gz"))


def test_the_sdist_has_all_that_is_tested(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    built = "flask_lifecycle/panel/dist/"
    assert not [name for name in names if name.startswith(built) or "node_modules" in name]
    if (ROOT / ".git").exists():
        tracked = subprocess.run(
            ["git", "ls-files", "-z"], check=True, cwd=ROOT, capture_output=True, text=True
        )
        wanted = {name for name in tracked.stdout.split("\0") if name and (ROOT / name).exists()}
    else:
        wanted = {"Makefile", ".ci/packages", "benchmarks/overhead.py", "static/package-lock.json"}
    assert wanted <= names


def test_the_index_takes_what_they_say_of_themselves(wheel: Path, sdist: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist)], check=True
    )


def test_links_lead_to_the_home_of_the_project_if_it_has_one() -> None:
    assert "urls" not in links("")
    home = "https://files.example/flask-lifecycle"
    told = links(home)
    text = told["readme"]["text"]
    assert f"![A request on its way through Flask]({home}/docs/panel-dark.png)" in text
    targets = re.findall(r"\]\(([^)]*)\)", text)
    assert targets
    assert all(each.startswith(f"{home}/") for each in (*targets, f"{told['urls']['Home']}/"))


def test_it_carries_the_panel_and_nothing_of_the_workshop(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("index.html", "toolbar.js"):
        assert f"flask_lifecycle/panel/dist/{name}" in names
    assert "flask_lifecycle/py.typed" in names
    assert any(name.endswith(".js") for name in names)
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"flask_lifecycle", next(top for top in tops if top.endswith(".dist-info"))}


def test_it_installs_and_serves_without_node(wheel: Path, tmp_path: Path) -> None:
    subprocess.run(
        [*PIP, "install", "--no-deps", "--target", str(tmp_path / "site"), str(wheel)],
        check=True,
        env={"PATH": "/nowhere"},
    )
    subprocess.run(
        [sys.executable, "-c", SERVE],
        check=True,
        cwd=tmp_path,
        env={"PATH": "/nowhere", "PYTHONPATH": str(tmp_path / "site")},
    )


def _zipped(*paths: Path) -> int:
    return sum(len(gzip.compress(path.read_bytes())) for path in paths)


def test_the_toolbar_is_small() -> None:
    """It is on every page. The panel's size is what its first paint takes."""
    dist = ROOT / "flask_lifecycle" / "panel" / "dist"
    toolbar = {"toolbar.js", *_imports(dist / "toolbar.js")}
    assert _zipped(*(dist / name for name in toolbar)) <= 12_000


def _imports(script: Path) -> set[str]:
    """Name the chunks that a script imports, other than by ``import()``."""
    return {
        f"assets/{Path(name).name}"
        for name in re.findall(r'(?:from|import)\s?"(\./[^"]+)"', script.read_text())
    }

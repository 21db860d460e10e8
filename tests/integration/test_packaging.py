"""The wheel has the panel in it and installs without Node.js; the sdist has what the tests need.

A wheel for this platform has the compiled core; one for any platform does without.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import typing as t
import zipfile
from pathlib import Path

import pytest

import hatch_build
from hatch_build import links
from tests.helpers import ROOT

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")

SERVE = """
from flask import Flask
from flask_lifecycle import Lifecycle
from flask_lifecycle.core import compiled, why
app = Flask(__name__)
app.debug = True
Lifecycle(app)
assert (compiled is None) is PURE, why
page = app.test_client().get("/_lifecycle/", base_url="http://127.0.0.1")
assert page.status_code == 200, page.status
assert b'id="panel"' in page.data, page.data
"""


@pytest.fixture(scope="module", params=["0", "1"], ids=["compiled", "pure"])
def pure(request: pytest.FixtureRequest) -> str:
    return t.cast("str", request.param)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, pure: str) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)],
        check=True,
        env={**os.environ, "FLASK_LIFECYCLE_PURE": pure},
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


def test_it_carries_the_panel_and_nothing_of_the_workshop(wheel: Path, pure: str) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("index.html", "toolbar.js"):
        assert f"flask_lifecycle/panel/dist/{name}" in names
    assert "flask_lifecycle/py.typed" in names
    core = f"flask_lifecycle/core/_core{sysconfig.get_config_var('EXT_SUFFIX')}"
    assert [name for name in names if "/_core" in name] == ([] if pure == "1" else [core])
    assert wheel.name.endswith("-py3-none-any.whl") is (pure == "1")
    assert any(name.endswith(".js") for name in names)
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"flask_lifecycle", next(top for top in tops if top.endswith(".dist-info"))}


def test_it_installs_and_serves_without_node(wheel: Path, pure: str, tmp_path: Path) -> None:
    subprocess.run(
        [*PIP, "install", "--no-deps", "--target", str(tmp_path / "site"), str(wheel)],
        check=True,
        env={"PATH": "/nowhere"},
    )
    subprocess.run(
        [sys.executable, "-c", SERVE.replace("PURE", str(pure == "1"))],
        check=True,
        cwd=tmp_path,
        env={"PATH": "/nowhere", "PYTHONPATH": str(tmp_path / "site")},
    )


@pytest.mark.parametrize("compiler", [None, "/nowhere/cc"])
def test_the_core_is_compiled_if_that_is_possible(
    compiler: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    source = Path(*hatch_build.CORE.split(".")).with_suffix(".c")
    sources = shutil.ignore_patterns("*.so", "__pycache__")
    shutil.copytree((ROOT / source).parent, (tmp_path / source).parent, ignore=sources)
    monkeypatch.setattr(hatch_build, "ROOT", tmp_path)
    monkeypatch.delenv(hatch_build.SWITCH, raising=False)
    if compiler is not None:
        monkeypatch.setenv("CC", compiler)
    made = hatch_build.compile_core()
    if compiler is None:
        assert made is not None
        assert made.parent == (tmp_path / source).parent
        assert made.stat().st_size > 10_000
        return
    assert made is None
    (said,) = capfd.readouterr().err.splitlines()
    assert said.startswith("The core is left out, its twin in Python runs instead: ")
    monkeypatch.setenv(hatch_build.SWITCH, "0")
    with pytest.raises(SystemExit, match="could not be compiled"):
        hatch_build.compile_core()
    monkeypatch.setenv(hatch_build.SWITCH, "1")
    assert hatch_build.compile_core() is None


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

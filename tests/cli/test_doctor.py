from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import pytest
from flask import Flask

from flask_lifecycle import Lifecycle
from flask_lifecycle.cli import doctor
from tests.helpers.history import make, served


def told(debug: bool = True, **config: t.Any) -> dict[str, list[tuple[str, str]]]:
    app = Flask("shop")
    app.debug = debug
    app.config.update(config)
    if config.pop("extension", True):
        Lifecycle(app)
    found: dict[str, list[tuple[str, str]]] = {}
    for mark, about, text in doctor.findings(app):
        found.setdefault(about, []).append((mark, text))
    return found


def test_by_default_this_machine_is_let_in() -> None:
    found = told()
    assert found["panel"] == [("ok", "On at /_lifecycle/: debug is on.")]
    assert "without a token" in found["this host"][0][1]
    assert "printed at the start" in found["token"][0][1]
    assert "by a local name only" in found["others"][0][1]


def test_off_says_why_and_nothing_of_who() -> None:
    assert told(debug=False)["panel"][0][1].startswith("Off: debug is off")
    found = told(LIFECYCLE_ENABLED=False)
    assert found["panel"][0][1] == "Off: LIFECYCLE_ENABLED is False."
    assert set(found) == {"panel", "packages"}


def test_the_mode_is_told_that_it_looks_at() -> None:
    ((mark, text),) = told(debug=False)["mode"]
    assert mark == "note"
    assert "This command has debug off" in text
    assert "flask --debug lifecycle doctor" in text
    assert told()["mode"][0][0] == "ok"
    assert "mode" not in told(LIFECYCLE_ENABLED=True)


def test_on_without_debug_is_worth_a_note() -> None:
    found = told(debug=False, LIFECYCLE_ENABLED=True)
    assert found["panel"][0][0] == "note"
    assert "Needs the token" in found["this host"][0][1]


def test_hosts_tokens_and_masks_are_told() -> None:
    found = told(
        LIFECYCLE_ALLOWED_HOSTS=["dev.example.com"],
        LIFECYCLE_TOKEN="a-token-of-enough-characters",
        LIFECYCLE_REDACT=["pin"],
        LIFECYCLE_REDACT_WITH=lambda *given: given[1],
    )
    assert "dev.example.com" in found["others"][0][1]
    assert found["token"] == [("ok", "LIFECYCLE_TOKEN is set.")]
    assert found["masked"][0][1].endswith("and pin, and what LIFECYCLE_REDACT_WITH hides.")
    assert "a-token" not in str(found)


def test_workers_without_one_token_are_worth_a_note(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert [mark for mark, _ in told()["token"]] == ["ok"]
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    mark, text = told()["token"][-1]
    assert mark == "note"
    assert "none" in text
    assert [mark for mark, _ in told(LIFECYCLE_TOKEN="a-token-of-enough-characters")["token"]] == [
        "ok"
    ]


def test_old_packages_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "version", lambda *_: "4.0.0")
    found = told()["packages"]
    assert ("wrong", "flask-socketio is 4.0.0; 5.6.1 or later is needed.") in found


def test_the_oldest_versions_are_those_of_the_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "version", lambda *_: "0.0.1")
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")
    dependencies = project.partition("\ndependencies = [")[2].partition("\n]")[0]
    needed = re.findall(r'"([\w-]+)>=([\d.]+)"', dependencies)
    assert len(needed) == dependencies.count(">=")
    assert sorted(text for mark, text in told()["packages"] if mark == "wrong") == sorted(
        f"{name} is 0.0.1; {least} or later is needed." for name, least in needed
    )


@pytest.mark.parametrize(
    ("core", "expected"),
    [
        (None, ("note", "In Python, where recording a step takes longer: it is not there.")),
        (doctor, ("ok", "Compiled: it is not there.")),
    ],
)
def test_the_core_is_compiled_or_not_and_why(
    monkeypatch: pytest.MonkeyPatch, core: t.Any, expected: tuple[str, str]
) -> None:
    monkeypatch.setattr(doctor, "compiled", core)
    monkeypatch.setattr(doctor, "why", "it is not there")
    assert told()["core"] == [expected]
    assert "core" not in told(LIFECYCLE_ENABLED=False)


@pytest.mark.parametrize(("extension", "code"), [(True, 0), (False, 1)])
def test_the_command_tells_by_its_exit_code(tmp_path: Path, extension: bool, code: int) -> None:
    made = "Lifecycle(app)" if extension else ""
    (tmp_path / "app.py").write_text(
        f"from flask import Flask\nfrom flask_lifecycle import Lifecycle\n"
        f"app = Flask('shop')\n{made}\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", "--debug", "lifecycle", "doctor"],
        cwd=tmp_path,
        env={**os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    if extension:
        assert "This command has debug on" in " ".join(done.stdout.split())
    said = "On at /_lifecycle/" if extension else "wrong extension  The app 'shop' has no Lifecycle"
    assert said in done.stdout
    # To ask is not to open: no panel was made.
    assert "token=" not in done.stdout + done.stderr


def test_the_history_is_told_with_its_size() -> None:
    [(mark, text)] = told()["history"]
    assert mark == "ok"
    assert text.endswith(".sqlite, as soon as a server has sent a request.")
    assert told(LIFECYCLE_HISTORY=None)["history"][0][1].startswith("Nowhere")
    with served(make()) as there:
        there.get("/a", "/b")
    [(mark, text)] = told()["history"]
    assert mark == "ok"
    assert str(there.history.status().path) in text
    size = there.history.status().size
    assert 10_000 < size < 1_000_000
    assert f": 2 requests in {size / 1e3:.0f} kB." in text


def test_a_history_that_cannot_be_used_is_worth_a_note(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    [(mark, text)] = told(LIFECYCLE_HISTORY=tmp_path / "file" / "history.sqlite")["history"]
    assert mark == "note"
    assert "cannot be written" in text

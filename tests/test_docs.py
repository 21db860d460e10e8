"""Every setting and every stage is documented, and the examples of recordings run."""

from __future__ import annotations

import re
import typing as t
from importlib import import_module
from pathlib import Path

import pytest
from flask import Flask

from flask_lifecycle import Lifecycle
from flask_lifecycle.settings import Settings
from flask_lifecycle.trace.model import STAGES
from tests.helpers import ROOT

SETTINGS = {f"LIFECYCLE_{name.upper()}" for name in Settings.__dataclass_fields__}


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    documented = set(re.findall(r"^\| `(LIFECYCLE_\w+)`", text, re.MULTILINE))
    assert documented == SETTINGS


def test_every_stage_is_documented() -> None:
    text = (ROOT / "docs" / "traces.md").read_text("utf-8").partition("## Steps")[2]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(STAGES)


def test_the_examples_of_services_are_valid() -> None:
    text = (ROOT / "docs" / "services.md").read_text("utf-8")
    [example] = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    compose: t.Any = import_module("yaml").safe_load(example)
    services = compose["services"]
    for each in services.values():
        assert {"image", "build"} & each.keys()
        assert set(each.get("depends_on", ())) <= services.keys()
        given = each.get("environment", {})
        history = given.get("FLASK_LIFECYCLE_HISTORY")
        assert Settings.from_config({"LIFECYCLE_HISTORY": history}).history == history
        assert set(given) <= {f"FLASK_{name}" for name in ("DEBUG", *SETTINGS)}
    urls = re.findall(r"`?\b((?:rediss?|unix)://[^\s`\"…]+)", text)
    assert len(urls) >= 4
    for url in urls:
        assert Settings.from_config({"LIFECYCLE_HISTORY": url}).history == url


def test_the_examples_of_recordings_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = Flask("shop")
    app.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle(app)

    @app.before_request
    def load_user() -> None: ...

    app.add_url_rule("/", "index", lambda: "x")
    for _ in range(2):
        app.test_client().get("/").close()
    after, before = lifecycle.traces(app)
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "recording.md").read_text("utf-8")
    names = {"app": app, "lifecycle": lifecycle, "before": before, "after": after}
    for example in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(example, names)
    shown = capsys.readouterr().out
    assert "before_request load_user" in shown
    assert "One run each: times differ by chance too." in shown
    assert [path.name for path in tmp_path.iterdir()] == ["bug.html"]

"""Every setting and every stage is documented."""

from __future__ import annotations

import re

from flask_lifecycle.settings import Settings
from flask_lifecycle.trace.model import STAGES
from tests.helpers import ROOT


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    documented = set(re.findall(r"^\| `(LIFECYCLE_\w+)`", text, re.MULTILINE))
    assert documented == {f"LIFECYCLE_{name.upper()}" for name in Settings.__dataclass_fields__}


def test_every_stage_is_documented() -> None:
    text = (ROOT / "docs" / "traces.md").read_text("utf-8").partition("## Steps")[2]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(STAGES)

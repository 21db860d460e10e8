"""Recordings, held against the published schema, and what is saved with the tests."""

from __future__ import annotations

import json
import typing as t
from functools import cache

from jsonschema import Draft202012Validator

from flask_lifecycle import Trace
from flask_lifecycle.recording import Recording
from flask_lifecycle.recording.schema import TARGET
from tests.helpers import ROOT

#: The requests that older panels saved as JSON, by version.
SAVED = ROOT / "tests" / "recording" / "saved"


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(TARGET.read_text("utf-8")))


def faults(document: t.Any) -> list[str]:
    """Say what the schema does not take."""
    return [
        f"{each.json_path}: {each.message[:200]}" for each in _validator().iter_errors(document)
    ]


def assert_recorded(traces: t.Iterable[Trace]) -> None:
    """Check that traces are what the schema takes, and the same when they are read again."""
    recording = Recording.of(traces)
    document = json.loads(json.dumps(recording.to_dict(), allow_nan=False))
    assert faults(document) == []
    read = Recording.from_bytes(json.dumps(document).encode())
    assert read == recording
    assert read.to_dict() == document


__all__ = ["SAVED", "assert_recorded", "faults"]

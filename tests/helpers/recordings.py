"""Recordings, held against the published schema, and what is saved with the tests."""

from __future__ import annotations

import json
import re
import typing as t
from functools import cache

from jsonschema import Draft202012Validator

from flask_lifecycle import Trace
from flask_lifecycle.recording import Recording
from flask_lifecycle.recording.schema import TARGET
from tests.helpers import ROOT

#: The requests that older panels saved as JSON, by version.
SAVED = ROOT / "tests" / "recording" / "saved"

# As repr() writes it.
_SURROGATE = re.compile(r"\\ud[89a-f]")


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
    for trace in traces:
        recording = Recording.of([trace])
        content = recording.to_bytes()
        assert faults(json.loads(content)) == []
        read = Recording.from_bytes(content)
        assert Recording.from_bytes(read.to_bytes()) == read
        if not _SURROGATE.search(repr(trace)):
            # Else it is escaped in the file, as no text in UTF-8 can have one.
            assert read == recording
            assert read.to_dict() == json.loads(content)


__all__ = ["SAVED", "assert_recorded", "faults"]

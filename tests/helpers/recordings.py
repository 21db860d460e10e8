"""Recordings, held against the published schema, and what is saved with the tests."""

from __future__ import annotations

import json
import re
import typing as t
from functools import cache

from flask import Flask
from jsonschema import Draft202012Validator

from flask_lifecycle import Trace
from flask_lifecycle.core import twin
from flask_lifecycle.history.batch import packed
from flask_lifecycle.history.document import decode, encode
from flask_lifecycle.history.unpacked import Unpacked
from flask_lifecycle.recording import Recording
from flask_lifecycle.recording.schema import TARGET
from flask_lifecycle.summary.summarize import summarize
from flask_lifecycle.toolbar.inject import why_absent
from flask_lifecycle.trace.snapshot import snapshot
from flask_lifecycle.trace.stored import fields_of, form_of, text_of
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


def assert_stored(app: Flask) -> None:
    """Check that all requests of an app are the same when the history has stored them."""
    live = app.extensions["lifecycle"]._store.newest()
    stored = {
        request.id: unpacked
        for batch in packed(live, lambda: None)
        for unpacked in (Unpacked(batch.data),)
        for request in batch.requests
    }
    assert [*stored] == [each.id for each in live]
    for trace in live:
        unpacked = stored[trace.id]
        assert same(unpacked.trace(trace.id).to_dict(), snapshot(trace).to_dict())
        # A page that has just arrived may yet show it.
        summary = {**summarize(trace), "toolbar": why_absent(trace.toolbar, 0)}
        assert same(unpacked.summary(trace.id), summary)
        # The compiled function, where there is one, and its twin.
        text = twin.dumps([7, *fields_of(trace, trace.id, form_of)])
        assert text_of(trace, trace.id, 7).decode("ascii") == text
    alone = decode(encode(live[0]))
    assert same(alone.to_dict(), snapshot(live[0]).to_dict())


def same(stored: t.Any, shown: t.Any) -> bool:
    """Return whether two values are the same JSON."""
    return json.dumps(stored, sort_keys=True) == json.dumps(shown, sort_keys=True)


__all__ = ["SAVED", "assert_recorded", "assert_stored", "faults", "same"]

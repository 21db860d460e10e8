"""The published schema is what the records say, and every lifecycle is of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from demo import create_app
from demo.tour import STOPS
from flask_lifecycle.recording import Recording
from flask_lifecycle.recording.schema import TARGET, schema
from tests.helpers.oracle import oracle_app
from tests.helpers.recordings import assert_recorded, assert_stored, faults


def test_what_is_published_is_what_the_records_say() -> None:
    text = TARGET.read_text("utf-8")
    assert json.loads(text) == schema(), "run `python static/generate_types.py`"
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("propagate", [False, True])
def test_every_lifecycle_is_of_the_schema(propagate: bool) -> None:
    app = oracle_app(propagate=propagate)
    assert_recorded(app.extensions["lifecycle"].traces())
    # And the same in a history.
    assert_stored(app)


@pytest.mark.filterwarnings("ignore:Note .* is kept the old way")
def test_the_whole_tour_of_the_demo_is_of_the_schema(tmp_path: Path) -> None:
    app = create_app(str(tmp_path))
    app.debug = True
    client = app.test_client()
    client.post("/tour/sign-in")
    for stop in STOPS:
        try:
            path = stop.path.replace("seconds=3", "seconds=0")
            client.open(path, method=stop.method, buffered=True).close()
        except Exception:  # it goes out to the server
            pass
    traces = app.extensions["lifecycle"].traces()
    assert len(traces) > len(STOPS)
    assert_recorded(traces)
    assert_stored(app)
    whole = Recording.of(traces, app=app)
    assert whole.app is not None
    assert any(each.file.endswith("shop.py") for each in whole.sources)
    assert faults(json.loads(json.dumps(whole.to_dict()))) == []
    app.extensions["database"].engine.dispose()


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"version": 2}, "$.version"),
        ({"traces": [{}]}, "$.traces[0]"),
        ({"made": {"at": -1}}, "$.made"),
        ({"sources": [{"file": "x.py", "line": 1, "lines": [[["k"]]], "changed": False}]}, "lines"),
    ],
)
def test_the_schema_refuses(change: dict[str, object], wrong: str) -> None:
    document = Recording.of([]).to_dict()
    assert faults(document) == []
    assert any(wrong in each for each in faults({**document, **change}))

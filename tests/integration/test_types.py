"""The browser's types are those of Python: generated where it declares them, else as it answers."""

from __future__ import annotations

import re
import sqlite3
import typing as t
from contextlib import closing
from pathlib import Path

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient

from flask_lifecycle import Lifecycle
from flask_lifecycle.recording.schema import schema
from static import generate_types

TYPES = Path(generate_types.__file__).parent / "src" / "api" / "types.ts"
INTERFACE = re.compile(
    r"^export interface (\w+)(?: extends (\w+))? \{\n(.*?)^\}", re.MULTILINE | re.DOTALL
)
#: Only those that were cut off have it.
MISSING = {"TraceSummary": ("cut_off",)}
RESUME: dict[str, t.Any] = {"epoch": None, "last": None, "running": [], "watch": None, "have": 0}


def test_what_python_declares_is_generated() -> None:
    text = generate_types.TARGET.read_text("utf-8")
    assert text == generate_types.generate(), "run `python static/generate_types.py`"


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    app = Flask(__name__)
    app.debug = True
    pages = Blueprint("pages", __name__)

    def page() -> str:
        with closing(sqlite3.connect(":memory:")) as connection:
            return str(connection.execute("select 1").fetchall())

    pages.add_url_rule("/page", "page", page)
    app.register_blueprint(pages)
    app.before_request(lambda: None)
    Lifecycle(app)
    client = app.test_client()
    client.get("/page").close()
    return client


ANSWERS: tuple[tuple[str, str, t.Callable[[t.Any], t.Any]], ...] = (
    ("TracePage", "api/traces", lambda page: page),
    ("TraceSummary", "api/traces", lambda page: page["traces"][0]),
    ("AppMap", "api/app", lambda app: app),
    ("Rule", "api/app", lambda app: app["rules"][0]),
    ("Hook", "api/app", lambda app: app["hooks"][0]),
    ("Match", "api/app/match?path=/page&method=GET", lambda match: match),
    ("Batch", "api/batch", lambda batch: batch),
    ("Recording", "api/traces/{id}.json", lambda recording: recording),
    ("Made", "api/traces/{id}.json", lambda recording: recording["made"]),
    ("Excerpt", "api/traces/{id}.json", lambda recording: recording["sources"][0]),
    ("Comparison", "api/compare?a={id}&b={id}", lambda compared: compared),
    ("ComparedStep", "api/compare?a={id}&b={id}", lambda compared: compared["steps"][0]),
    ("HeaderChanges", "api/compare?a={id}&b={id}", lambda compared: compared["headers"]),
    ("StateChanges", "api/compare?a={id}&b={id}", lambda compared: compared["changes"]),
    ("Changes", "api/compare?a={id}&b={id}", lambda compared: compared["changes"]["g"]),
    ("ComparedStatement", "api/compare?a={id}&b={id}", lambda compared: compared["sql"][0]),
)


@pytest.mark.parametrize(("name", "path", "pick"), ANSWERS, ids=[name for name, *_ in ANSWERS])
def test_what_it_answers_has_the_fields_of_its_type(
    client: FlaskClient, name: str, path: str, pick: t.Callable[[t.Any], t.Any]
) -> None:
    newest = client.get("/_lifecycle/api/traces").get_json()["traces"][0]["id"]
    url = f"/_lifecycle/{path.format(id=newest)}"
    answer = client.post(url, json=RESUME) if name == "Batch" else client.get(url)
    assert {*pick(answer.get_json()), *MISSING.get(name, ())} == set(fields(name))


def test_the_schema_of_recordings_has_the_fields_of_the_types() -> None:
    document = schema()
    described = {"Recording": document, **document["$defs"]}
    assert {"Trace", "Step", "Source", "Excerpt", "Made"} <= set(described)
    for name, record in described.items():
        assert set(record["properties"]) == set(fields(generate_types._NAMES.get(name, name))), name


def fields(name: str) -> list[str]:
    """Return the fields of a type, with those of the one that it extends."""
    texts = (path.read_text("utf-8") for path in (TYPES, generate_types.TARGET))
    declared = {found[1]: found for text in texts for found in INTERFACE.finditer(text)}
    _, base, body = declared[name].groups()
    return [
        *re.findall(r"^  readonly (\w+)\??:", body, re.MULTILINE),
        *(fields(base) if base else ()),
    ]

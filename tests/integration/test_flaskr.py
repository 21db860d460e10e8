"""The tutorial's app with one added line: every request of a visit is recorded whole."""

from __future__ import annotations

import importlib
import inspect
import sys
import typing as t
from pathlib import Path

import flask
import pytest

from flask_lifecycle import Lifecycle, Trace

ONE_LINE = "    Lifecycle(app)\n"
# 302, and 303 on Flask's main branch.
MOVED: int = inspect.signature(flask.redirect).parameters["code"].default


@pytest.fixture
def flaskr(flask_source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Any:
    """The package flaskr of the newest Flask's sources, with the line added."""
    package = tmp_path / "flaskr"
    source = flask_source / "examples" / "tutorial" / "flaskr"
    for path in source.rglob("*"):
        if path.is_file():
            target = package / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())

    factory = package / "__init__.py"
    text = factory.read_text()
    made = "    app = Flask(__name__, instance_relative_config=True)\n"
    assert made in text
    text = text.replace(made, made + ONE_LINE)
    factory.write_text(f"from flask_lifecycle import Lifecycle\n{text}")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("flaskr")
    for name in [name for name in sys.modules if name.split(".")[0] == "flaskr"]:
        del sys.modules[name]


# The tutorial of Flask 3.0 still relies on it.
@pytest.mark.filterwarnings("ignore:The default timestamp converter:DeprecationWarning")
def test_a_visit_is_recorded(flaskr: t.Any, tmp_path: Path) -> None:
    app = flaskr.create_app({"TESTING": True, "DATABASE": str(tmp_path / "flaskr.sqlite")})
    app.debug = True
    with app.app_context():
        importlib.import_module("flaskr.db").init_db()

    client = app.test_client()
    account = {"username": "ada", "password": "lovelace"}
    post = {"title": "First", "body": "post"}
    visit: list[tuple[str, str, dict[str, str] | None, int]] = [
        ("GET", "/", None, 200),
        ("GET", "/create", None, MOVED),
        ("POST", "/auth/register", account, MOVED),
        ("POST", "/auth/register", account, 200),
        ("POST", "/auth/login", account, MOVED),
        ("GET", "/", None, 200),
        ("POST", "/create", post, MOVED),
        ("POST", "/1/update", {**post, "title": "Second"}, MOVED),
        ("GET", "/2/update", None, 404),
        ("POST", "/1/delete", None, MOVED),
        ("GET", "/auth/logout", None, MOVED),
    ]
    for method, path, data, status in visit:
        response = client.open(path, method=method, data=data, buffered=True)
        assert response.status_code == status, path
        response.close()

    traces = list(reversed(Lifecycle().traces(app)))
    assert [(trace.method, trace.path, trace.status) for trace in traces] == [
        (method, path, status) for method, path, _, status in visit
    ]
    for trace in traces:
        assert trace.state == "done"
        assert trace.error is None
        assert names(trace, "before_request") == ["load_logged_in_user"]
        assert names(trace, "teardown_appcontext") == ["close_db"]
        assert all(step.end is not None for step in trace.steps)

    # Its blocks, and what one of them calls by super().
    blocks = [step for step in traces[0].steps if "block" in step.detail]
    assert names(traces[0], "template")[:2] == ["blog/index.html", "base.html"]
    assert {step.name for step in blocks} == {"blog/index.html"}
    assert names(traces[3], "flash") == ["message"]
    assert names(traces[6], "view") == ["create"]
    assert traces[6].url_rule == "/create"


def names(trace: Trace, stage: str) -> list[str]:
    return [step.name for step in trace.steps if step.stage == stage]

"""Secrets in what libraries write, and in code and bodies: none is in what is handed out."""

from __future__ import annotations

import json
import logging
import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask, flash, g, request, session
from sqlalchemy import exc

from flask_lifecycle import Lifecycle
from flask_lifecycle.redact import MASK

SECRET = "canaryzqx5of8"
IN_SOURCE = "canaryzqxinsource"


@pytest.fixture
def app() -> Iterator[Flask]:
    app = Flask(__name__)
    app.config.update(LIFECYCLE_ENABLED=True, LIFECYCLE_BODY_PREVIEW=True, SECRET_KEY="canaryzqx")
    app.debug = True
    lifecycle = Lifecycle(app)
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    users = sa.Table(
        "users",
        sa.MetaData(),
        sa.Column("name", sa.Text, unique=True),
        sa.Column("password", sa.Text),
    )
    users.metadata.create_all(engine)

    def refused(values: t.Any) -> exc.IntegrityError:
        with engine.begin() as connection:
            connection.execute(users.insert(), {"name": "ann", "password": "x"})
            with pytest.raises(exc.IntegrityError) as raised:
                connection.execute(users.insert(), values)
            connection.rollback()
        return raised.value

    @app.get("/sql/<how>")
    def sql(how: str) -> str:
        one = {"name": "ann", "password": SECRET}
        error = refused([one, {"name": "bob", "password": SECRET}] if how == "many" else one)
        assert SECRET in str(error)
        logging.getLogger("app").warning("failed: %s", error)
        logging.getLogger("app").exception("failed", exc_info=error)
        flash(str(error))
        flash(f"cannot save: {error}")
        g.error = str(error)
        g.problem = {"detail": [str(error)]}
        session["error"] = str(error)[:250]
        if how == "own":
            raise RuntimeError(f"cannot save: {error}") from None
        raise error

    @app.errorhandler(RuntimeError)
    @app.errorhandler(exc.IntegrityError)
    def failed(error: Exception) -> tuple[str, int]:
        return f"failed: {error}", 500

    @app.get("/code")
    def code() -> str:
        password = "canaryzqxinsource"
        tokens = {"api_token": "canaryzqxinsource", "title": "shown in source"}
        url = "postgres://ann:canaryzqxinsource@host/db"
        return f"{len(password)} {len(tokens)} {len(url)}"

    @app.post("/body")
    def body() -> tuple[bytes, int, dict[str, str]]:
        return request.get_data(), 200, {"Content-Type": str(request.content_type)}

    yield app
    lifecycle.undo(app)
    engine.dispose()


def handed_out(app: Flask) -> str:
    """Return all that the panel shows of what was recorded."""
    client = app.test_client()

    def ask(path: str) -> str:
        with client.get(f"/_lifecycle/api/{path}") as answer:
            # As it is read: with what is escaped.
            return json.dumps(answer.get_json(force=True), ensure_ascii=False)

    told = [ask("app"), ask("traces")]
    for trace in app.extensions["lifecycle"].traces():
        told += [ask(f"traces/{trace.id}"), ask(f"traces/{trace.id}.har")]
        steps = json.loads(told[-2])["steps"]
        told += [ask(f"traces/{trace.id}/steps/{step['id']}/source") for step in steps]
        told += [ask(f"traces/{trace.id}/steps/{step['id']}/statement") for step in steps]
    return "\n".join(told)


def around(secret: str, told: str) -> list[str]:
    return [before[-80:] for before in told.split(secret)[:-1]]


@pytest.mark.parametrize("how", ["one", "many", "own"])
def test_what_sqlalchemy_says_of_parameters_is_masked(app: Flask, how: str) -> None:
    with app.test_client().get(f"/sql/{how}") as answer:
        assert SECRET in answer.get_data(as_text=True)
    told = handed_out(app)
    assert around(SECRET, told) == []
    assert "[parameters: " in told
    assert "ann" in told
    assert "UNIQUE constraint failed" in told


def test_literals_in_a_steps_source_are_masked(app: Flask) -> None:
    with app.test_client().get("/code") as answer:
        assert answer.status_code == 200
    told = handed_out(app)
    assert "shown in source" in told
    assert "api_token" in told
    assert around(IN_SOURCE, told) == []


BODIES = {
    "cut JSON": ("application/json", '{{"a": "%s", "password": "{}", "b": 1' % ("x" * 1500)),
    "long JSON": ("application/json", '{{"password": "{}", "b": "%s"}}' % ("x" * 5000)),
    "pairs": ("application/json", '{{"headers": [["X-Api-Key", "{}"], ["a", "b"]]}}'),
    "labels": ("application/json", '[{{"Name": "Password", "Value": "{}"}}]'),
    "patch": ("application/json", '[{{"op": "add", "path": "/user/password", "value": "{}"}}]'),
    "multipart": (
        "multipart/form-data; boundary=b",
        '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\na\r\n{}\r\n--b--\r\n',
    ),
    "YAML": ("application/yaml", "user: ann\npassword: |\n  a\n  {}\nb: c\n"),
    "XML": ("application/xml", "<u><password><![CDATA[a<{}]]></password></u>"),
    "HTML": ("text/html", "<form><textarea name=secret>a {}</textarea></form>"),
    "text": ("text/plain", "mysql -uroot -p{} shop"),
    "SQL": ("text/plain", "x [SQL: update u set password=?]\n[parameters: ('{}',)]"),
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies_previews_are_masked(app: Flask, name: str) -> None:
    kind, text = BODIES[name]
    sent = text.format(SECRET)
    with app.test_client().post("/body", data=sent, content_type=kind) as answer:
        assert SECRET in answer.get_data(as_text=True)
    told = handed_out(app)
    assert around(SECRET, told) == []
    assert MASK in told

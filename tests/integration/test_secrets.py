"""Forty secrets, planted in every channel: none is in what is handed out."""

from __future__ import annotations

import json
import logging
import sqlite3
import typing as t
import uuid
import warnings
import zlib
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask, Response, flash, g, redirect, render_template_string, request, session
from werkzeug.wrappers import Response as BaseResponse

from flask_lifecycle import Lifecycle
from flask_lifecycle.history.batch import FORMAT, packed


class Canaries(dict[str, str]):
    """A secret for each channel, made when it is first asked for."""

    def __missing__(self, channel: str) -> str:
        made = self[channel] = f"canary{len(self):02}of{channel.replace(' ', '')}"
        return made


@pytest.fixture
def secret() -> Canaries:
    return Canaries()


@pytest.fixture
def app(secret: Canaries) -> Iterator[Flask]:
    app = Flask(__name__)
    app.config.update(
        LIFECYCLE_ENABLED=True,
        LIFECYCLE_BODY_PREVIEW=True,
        SECRET_KEY=secret["SECRET_KEY"],
        API_TOKEN=secret["config"],
        DATABASE=f"postgresql://user:{secret['config DSN']}@host/db",
        NESTED={"inner": {"password": secret["config nested"]}},
    )
    app.debug = True
    lifecycle = Lifecycle(app)
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    users = sa.Table(
        "user", sa.MetaData(), sa.Column("name", sa.Text), sa.Column("password", sa.Text)
    )
    users.metadata.create_all(engine)

    class Failure(Exception): ...

    @app.before_request
    def hook() -> None:
        g.api_key = secret["g"]
        g.user = {"name": "ann", "password_hash": secret["g nested"]}
        g.url = f"https://ann:{secret['g URL']}@host/"
        g.pairs = [["token", secret["g pair"]]]
        session["csrf_token"] = secret["session"]
        session["account"] = {"credit_card": secret["session nested"]}

    @app.post("/<token>")
    def view(token: str) -> str:
        assert request.form or request.json
        assert token
        db = sqlite3.connect(":memory:")
        db.execute("create table user (name, password, pin)")
        db.execute("insert into user (name, password) values (?, ?)", ("a", secret["SQL insert"]))
        db.execute("select * from user where password = ?", (secret["SQL where"],))
        db.execute(f"select * from user where password = '{secret['SQL literal']}'")
        db.execute(f"/* token={secret['SQL comment']} */ select 1")
        db.execute("select :password", {"password": secret["SQL named"]})
        db.executemany("insert into user (password) values (?)", [(secret["SQL many"],)])
        try:
            db.executescript(f"insert into users (password) values ('{secret['SQL script']}')")
        except sqlite3.OperationalError:
            logging.getLogger("app").exception("password=%s", secret["log argument"])
        db.close()
        with engine.begin() as connection:
            connection.execute(users.insert(), {"name": "a", "password": secret["SQLAlchemy"]})
            connection.execute(sa.select(users).where(users.c.password == secret["ORM where"]))
        logging.getLogger("app").warning(f"token: {secret['log text']}")  # noqa: G004
        logging.getLogger("app").warning('{"password": "%s"}', secret["log JSON"])
        logging.getLogger("app").warning("Authorization: Bearer %s", secret["log bearer"])
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always")
            warnings.warn(f"api_key={secret['warning']}", stacklevel=1)
        flash(f"Your password: {secret['flash']}")
        flash({"token": secret["flash value"]})  # type: ignore[arg-type]
        return render_template_string(
            "token={{ token }} password={{ user.password }}",
            token=secret["template context"],
            user={"password": secret["template nested"]},
            link=f"https://x:{secret['template URL']}@host/",
        )

    @app.post("/fails/<token>")
    def fails(token: str) -> str:
        password, users = secret["local"], [{"api_token": secret["local nested"]}]
        try:
            raise LookupError(f"secret={secret['cause text']}")
        except LookupError as error:
            failure = Failure(f"password={secret['exception text']}", len(users))
            failure.__notes__ = [f"token: {secret['exception note']}"]
            raise failure from error
        finally:
            del password

    @app.get("/confirm/<uuid:token>")
    def confirm(token: uuid.UUID) -> BaseResponse:
        asked = f"asked for {request.path}"
        logging.getLogger("app").warning(asked)
        return redirect(f"/fails/{secret['redirect']}")

    @app.errorhandler(Failure)
    def handler(_error: Failure) -> tuple[str, int]:
        return "failed", 500

    @app.after_request
    def after(response: Response) -> Response:
        response.headers["X-Api-Key"] = secret["response header"]
        response.headers["Location"] = f"/next?token={secret['response URL']}"
        response.set_cookie("remember_token", secret["response cookie"])
        return response

    yield app
    lifecycle.undo(app)
    engine.dispose()


def test_no_secret_is_kept_or_handed_out(
    app: Flask, secret: Canaries, held: t.Callable[[t.Any], str]
) -> None:
    client = app.test_client()
    client.set_cookie("auth", secret["request cookie"])
    for path in ("/", "/fails/"):
        client.post(
            f"{path}{secret['path']}?api_key={secret['query']}"
            f"&next=%2F%3Ftoken%3D{secret['query nested']}",
            headers={
                "Authorization": f"Bearer {secret['request header']}",
                "X-Auth-Token": secret["request header name"],
                "Referer": f"http://localhost/fails/{secret['referer path']}"
                f"?token={secret['referer']}",
            },
            data={"password": secret["form"], "confirm_password": secret["form twice"]},
        ).close()
    client.post(
        "/json", json={"password": secret["JSON"], "list": [{"token": secret["JSON nested"]}]}
    ).close()
    secret["uuid"] = str(uuid.uuid4())
    client.get(f"/confirm/{secret['uuid']}").close()
    assert len(secret) >= 40

    lifecycle = app.extensions["lifecycle"]
    # Before anybody looks.
    handed: dict[str, str] = {"kept": held(lifecycle._store)}
    ids = [trace.id for trace in lifecycle.traces()]
    handed["store"] = repr(lifecycle.traces())
    written = [each.data for each in packed(lifecycle._store.newest(), lambda: None)]
    handed["history"] = "".join(
        zlib.decompressobj().decompress(each.removeprefix(FORMAT)).decode() for each in written
    )
    assert all(each in handed["history"] for each in ids)

    def ask(path: str, **more: t.Any) -> None:
        with client.open(f"/_lifecycle/api/{path}", **more) as answer:
            handed[path] = answer.get_data(as_text=True)

    ask("traces")
    ask("app")
    for trace in ids:
        ask(f"traces/{trace}")
        assert json.loads(handed[f"traces/{trace}"])["steps"]
        ask(f"traces/{trace}.har")
        assert json.loads(handed[f"traces/{trace}.har"])["log"]["entries"]
        watch = {"epoch": None, "last": None, "running": [], "watch": trace, "have": 0}
        ask("batch", method="POST", json=watch)
        handed[f"batch {trace}"] = handed.pop("batch")
    handed["still kept"] = held(lifecycle._store)
    assert "password" in handed["store"]
    assert "remember_token" in handed["kept"]
    found = {
        f"{channel}: {told[max(0, told.index(text) - 60) :][:120]}"
        for channel, text in secret.items()
        for told in handed.values()
        if text in told
    }
    assert found == set()


def test_the_apps_own_objects_are_left_alone(app: Flask, secret: Canaries) -> None:
    client = app.test_client()
    with client.post("/plain", data={"password": "x"}) as answer:
        assert secret["template context"] in answer.get_data(as_text=True)
        assert answer.headers["X-Api-Key"] == secret["response header"]
        assert f"remember_token={secret['response cookie']}" in str(answer.headers)
    assert app.config["API_TOKEN"] == secret["config"]

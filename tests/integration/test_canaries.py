"""Forty secrets, each through a channel of its own: none is in what is kept, served or sent."""

from __future__ import annotations

import base64
import json
import re
import typing as t
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator

import pytest

from tests.helpers.servers import FLASK_RUN, PATIENCE, Server, batch

APP = """
import json, logging, os, sqlite3
from flask import Flask, Response, abort, flash, g, make_response, redirect, render_template_string
from flask import request, session
import sqlalchemy
from flask_lifecycle import Lifecycle

CANARY = "canary{:02d}zqxKw8Rt5Vn2"
c = CANARY.format
app = Flask(__name__)
app.config.update(
    SECRET_KEY=c(1), DATABASE_URL=f"postgres://bob:{c(2)}@db/shop", MAIL={"PASSWORD": c(3)},
    STRIPE_API_KEY=c(4), SQLALCHEMY_ENGINE_OPTIONS={"connect_args": {"passwd": c(5)}},
    SENTRY_DSN=f"https://{c(6)}@sentry.example/1", MY_PIN_CODE=c(7),
    LIFECYCLE_REDACT=["pin"], LIFECYCLE_BODY_PREVIEW=True,
    LIFECYCLE_REDACT_WITH=lambda path, value: "hidden" if "canary08" in str(value) else value,
    HARMLESS=c(8), WEBHOOKS=[("X-Auth-Token", c(9)), ("url", "x")],
    SERVICE=json.dumps({"credentials": {"user": "bob", "key": c(10)}}),
)
Lifecycle(app)
logger = logging.getLogger("app.own")
engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.StaticPool)

class Failed(Exception):
    pass

@app.errorhandler(Failed)
def failed(error):
    return "failed", 500

@app.get("/")
def index():
    return "<!doctype html><html><body>hello</body></html>"

@app.post("/form")
def form():
    request.form, request.cookies
    session["api_token"] = c(11)
    session["cart"] = {"card_number": c(12)}
    g.password = c(13)
    flash({"password": c(14)}, "secret")
    flash("your password: " + c(15))
    logger.warning("signed in with password=%s", c(16))
    logger.warning("connect to mysql://root:%s@host/db", c(17))
    logger.warning("Authorization: Basic %s", c(18))
    logger.warning(json.dumps({"user": "bob", "secret": {"value": c(19)}}))
    logger.warning(str({"passwd": c(20)}))
    with sqlite3.connect(":memory:") as own:
        own.execute("CREATE TABLE users (name, password)")
        own.execute("INSERT INTO users VALUES ('bob', '" + c(21) + "')")
        own.execute("INSERT INTO users (name, password) VALUES (?, ?)", ("bob", c(22)))
        own.executemany("INSERT INTO users (name, password) VALUES (?, ?)", [("a", c(23))])
        own.execute("UPDATE users SET password = :password", {"password": c(24)})
        own.execute("SELECT name FROM users WHERE password = '" + c(25) + "'")
    own.close()
    with engine.connect() as connection:
        text = sqlalchemy.text
        connection.execute(text("SELECT :token AS token"), {"token": c(26)}).all()
        connection.execute(text("SELECT '" + c(27) + "' AS secret")).all()
    render_template_string("{{ password }}", password=c(28))
    raise Failed("cannot sign in: password=" + c(29), {"token": c(30)})

@app.post("/json")
def parsed():
    request.get_json()
    answer = make_response({"access_token": c(31)})
    answer.set_cookie("remember", c(32))
    answer.headers["X-Api-Key"] = c(33)
    return answer

@app.get("/reset/<token>")
def reset(token):
    return redirect("https://other.example/?token=" + c(34))
"""


def canary(number: int) -> str:
    return f"canary{number:02d}zqxKw8Rt5Vn2"


@pytest.fixture
def server(tmp_path: t.Any) -> Iterator[Server]:
    server = Server(tmp_path, FLASK_RUN, APP)
    yield server
    server.stop()


def send(server: Server, path: str, body: bytes | None, headers: dict[str, str]) -> None:
    ask = urllib.request.Request(f"http://{server.address}{path}", body, headers)
    opener = urllib.request.build_opener(Stay())
    try:
        opener.open(ask, timeout=PATIENCE).close()
    except urllib.error.HTTPError as error:
        error.close()


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: t.Any) -> None: ...


def test_forty_secrets_are_nowhere(server: Server) -> None:
    ws, first = server.watch()
    basic = base64.b64encode(f"bob:{canary(35)}".encode()).decode()
    form = {"user": "bob", "password": canary(36), "next": f"/x?token={canary(37)}"}
    send(
        server,
        f"/form?api_key={canary(38)}&page=2",
        urllib.parse.urlencode(form).encode(),
        {
            "Authorization": f"Basic {basic}",
            "Cookie": f"session={canary(39)}; other=x",
            "Referer": f"http://bob:{canary(40)}@localhost/",
        },
    )
    for kind in ("application/json", "application/vnd.api+json"):
        body = json.dumps({"user": {"passphrase": canary(41)}, "list": [["token", canary(42)]]})
        send(server, "/json", body.encode(), {"Content-Type": kind, "X-CSRFToken": canary(43)})
    send(server, f"/reset/{canary(44)}", None, {"Proxy-Authorization": f"Bearer {canary(45)}"})
    server.get("/")

    told = [json.dumps(first, ensure_ascii=False)]
    while '"/"' not in told[-1]:
        ws.send('42["watch",{"trace":null}]')
        told.append(json.dumps(batch(ws), ensure_ascii=False))
    ws.close()

    traces = server.api("traces")["traces"]
    assert len(traces) >= 5
    shown = [json.dumps(server.api("app"), ensure_ascii=False), json.dumps(traces)]
    for trace in traces:
        whole = server.api(f"traces/{trace['id']}")
        shown.append(json.dumps(whole, ensure_ascii=False))
        shown.append(server.get(f"/_lifecycle/api/traces/{trace['id']}.har"))
    everything = "\n".join([*told, *shown])
    found = sorted(set(re.findall(r"canary\d\d", everything)))
    assert found == []
    assert basic not in everything
    # And it is said that there was something.
    assert everything.count("••••••") > 45
    assert '"hidden"' in everything

    # Nor is any in what the server logged, but for what the app wrote and what was asked for.
    for line in server.log.read_text().splitlines():
        assert "canary" not in line or "HTTP/1.1" in line or line.startswith(OWN), line


OWN = ("signed in", "connect to", "Authorization: Basic", '{"user"', "{'passwd'")

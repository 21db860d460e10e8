"""What is kept of a request and its response is what the client sent and got, by its own socket."""

from __future__ import annotations

import json
import socket
import threading
import typing as t
from collections.abc import Iterator

import flask
import pytest
from werkzeug.serving import BaseWSGIServer, make_server

from flask_lifecycle import Lifecycle
from flask_lifecycle.redact import MASK
from tests.helpers.servers import PATIENCE

lifecycle = Lifecycle()


def app_that_reads(**config: t.Any) -> flask.Flask:
    app = flask.Flask(__name__)
    app.config.update(SECRET_KEY="k", LIFECYCLE_ENABLED=True, **config)
    lifecycle.init_app(app)

    @app.post("/form")
    def form() -> str:
        return flask.request.form["name"]

    @app.post("/json")
    def as_json() -> flask.typing.ResponseReturnValue:
        return flask.jsonify(flask.request.get_json())

    @app.route("/unread", methods=["GET", "POST"])
    def unread() -> flask.Response:
        response = flask.Response("left alone")
        response.set_cookie("theme", "dark-and-secret", path="/", httponly=True)
        response.headers["Location"] = "/next?token=hunter2&page=3"
        return response

    @app.post("/stream")
    def stream() -> str:
        return str(len(flask.request.stream.read()))

    return app


@pytest.fixture
def app() -> flask.Flask:
    return app_that_reads()


@pytest.fixture
def server(app: flask.Flask) -> Iterator[BaseWSGIServer]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def talk(server: BaseWSGIServer, sent: bytes) -> tuple[str, list[tuple[str, str]], bytes]:
    """Send bytes; return the status line, the headers and the body that came back."""
    with socket.create_connection(("127.0.0.1", server.server_port), PATIENCE) as sock:
        sock.sendall(sent)
        got = b"".join(iter(lambda: sock.recv(65536), b""))
    head, _, body = got.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.partition(": ") for line in lines]
    return status, [(name, value) for name, _, value in pairs], body


def recorded(app: flask.Flask) -> tuple[dict[str, t.Any], dict[str, t.Any], dict[str, t.Any]]:
    """Return what the newest trace says of its request, response and body."""
    steps = lifecycle.traces(app)[0].steps
    by_stage = {step.stage: step.detail for step in steps}
    return by_stage["wsgi"]["request"], by_stage["start_response"]["response"], by_stage["body"]


def test_headers_are_those_that_were_sent_and_received(
    app: flask.Flask, server: BaseWSGIServer
) -> None:
    status, headers, body = talk(
        server,
        b"GET /unread?page=2&api_key=hunter2 HTTP/1.1\r\n"
        b"Host: localhost:5000\r\n"
        b"Accept: text/html;q=0.9\r\n"
        b"X-Number: 17\r\n"
        b"Authorization: Basic aHVudGVyMg==\r\n"
        b"Cookie: theme=hunter2; session=hunter2\r\n"
        b"Connection: close\r\n\r\n",
    )
    request, response, sent = recorded(app)
    assert request == {
        "method": "GET",
        "url": f"http://localhost:5000/unread?page=2&api_key={MASK}",
        "protocol": "HTTP/1.1",
        "client": "127.0.0.1",
        "headers": [
            ["Host", "localhost:5000"],
            ["Accept", "text/html;q=0.9"],
            ["X-Number", "17"],
            ["Authorization", MASK],
            ["Cookie", f"theme={MASK}; session={MASK}"],
            ["Connection", "close"],
        ],
        "cookies": [["theme", MASK], ["session", MASK]],
    }
    assert status == f"HTTP/1.1 {response['status']}"
    # The server adds its own and the trace's header.
    got = dict(headers)
    for name, value in response["headers"]:
        assert got[name] == value or MASK in value
    shown = dict(response["headers"])
    assert shown["Set-Cookie"] == f"theme={MASK}; HttpOnly; Path=/"
    assert shown["Location"] == f"/next?token={MASK}&page=3"
    assert sent["bytes"] == len(body)
    assert "hunter2" not in json.dumps([request, response, sent])


def posted(path: str, content_type: str, body: bytes) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode() + body


def test_a_form_that_the_app_parsed(app: flask.Flask, server: BaseWSGIServer) -> None:
    body = b"name=Ada&tag=a&tag=b&password=hunter2"
    talk(server, posted("/form", "application/x-www-form-urlencoded", body))
    request, _, _ = recorded(app)
    assert request["form"] == [["name", "Ada"], ["tag", "a"], ["tag", "b"], ["password", MASK]]
    assert request["files"] == []


def test_a_file_is_named_and_not_read(app: flask.Flask, server: BaseWSGIServer) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nAda\r\n'
        b'--x\r\nContent-Disposition: form-data; name="cover"; filename="a.png"\r\n'
        b"Content-Type: image/png\r\n\r\nhunter2\r\n--x--\r\n"
    )
    talk(server, posted("/form", "multipart/form-data; boundary=x", body))
    request, _, _ = recorded(app)
    assert request["form"] == [["name", "Ada"]]
    assert request["files"] == [["cover", "a.png", "image/png"]]
    assert "hunter2" not in json.dumps(request)


def test_json_that_the_app_parsed(app: flask.Flask, server: BaseWSGIServer) -> None:
    body = b'{"title": "Kindred", "count": 2, "token": "hunter2"}'
    talk(server, posted("/json", "application/json", body))
    request, _, sent = recorded(app)
    assert request["json"] == {"title": "Kindred", "count": 2, "token": MASK}
    assert "preview" not in request
    assert "preview" not in sent


@pytest.mark.parametrize("path", ["/unread", "/stream"])
def test_what_the_app_did_not_parse_is_not_there(
    app: flask.Flask, server: BaseWSGIServer, path: str
) -> None:
    body = b"name=Ada"
    _, _, got = talk(server, posted(path, "application/x-www-form-urlencoded", body))
    request, _, _ = recorded(app)
    assert not request.keys() & {"form", "files", "json", "preview"}
    assert got == {"/unread": b"left alone", "/stream": b"8"}[path]


def test_bodies_are_shown_where_that_is_switched_on() -> None:
    app = app_that_reads(LIFECYCLE_BODY_PREVIEW=True)
    client = app.test_client()
    client.post("/json", json={"a": "b" * 5000, "token": "hunter2"})
    request, _, sent = recorded(app)
    assert request["preview"].startswith('{"a": "bbb')
    assert len(request["preview"]) < 3000
    assert sent["preview"].startswith('{"a":"bbb')
    client.post("/form", data={"name": "\x00\x01"})
    assert recorded(app)[2]["preview"] == "<no text>"


def test_what_is_kept_is_capped() -> None:
    app = app_that_reads(LIFECYCLE_MAX_DETAIL_BYTES=1000)
    client = app.test_client()
    client.post("/json", json={"a": "b" * 5000})
    assert recorded(app)[0]["json"] == "<5009 bytes>"
    client.post("/form", data={"name": "Ada", "more": "b" * 5000, "last": "c"})
    form = recorded(app)[0]["form"]
    assert form[0] == ["name", "Ada"]
    assert len(form[1][1]) < 1050
    assert len(form) == 2
    client.get("/unread", headers={f"X-{number}": "v" * 500 for number in range(300)})
    headers = recorded(app)[0]["headers"]
    assert sum(len(value) for _, value in headers) <= 1000
    app = app_that_reads()
    app.test_client().get("/unread", headers={f"X-{number}": "v" for number in range(300)})
    assert len(recorded(app)[0]["headers"]) == 200


def test_the_request_is_the_outer_one_where_the_app_makes_others(app: flask.Flask) -> None:
    @app.post("/around")
    def around() -> str:
        with app.test_request_context("/form", method="POST", data={"name": "inner"}):
            inner = flask.request.form["name"]
        return inner + flask.request.form["name"]

    app.test_client().post("/around", data={"name": "outer"})
    assert recorded(app)[0]["form"] == [["name", "outer"]]


def test_headers_are_those_before_a_middleware_changed_them(app: flask.Flask) -> None:
    class Changing:
        def __init__(self, wsgi_app: t.Any) -> None:
            self.app = wsgi_app

        def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
            environ["HTTP_X_ODD"] = "changed on the way"
            return self.app(environ, start_response)

    app.wsgi_app = Changing(app.wsgi_app)  # type: ignore[method-assign]
    app.test_client().get("/unread", headers={"X-Odd": "as sent"})
    assert ["X-Odd", "as sent"] in recorded(app)[0]["headers"]


def test_an_environ_may_hold_more_than_texts(app: flask.Flask) -> None:
    class Port(int):
        def __str__(self) -> str:
            raise AssertionError("code of the app's")

    app.test_client().get(
        "/unread",
        headers={"X-Known": "yes"},
        environ_overrides={
            "SERVER_PORT": 8000,
            "HTTP_X_NONE": None,
            "HTTP_X_OWN": Port(1),
            "HTTP_AUTHORIZATION": None,
        },
    )
    (trace,) = lifecycle.traces(app)
    shown = dict(trace.steps[0].detail["request"]["headers"])
    assert shown["X-Known"] == "yes"
    assert shown["X-None"] == shown["X-Own"] == ""


def test_what_has_a_secret_name_is_not_even_kept(
    app: flask.Flask, held: t.Callable[[t.Any], str]
) -> None:
    app.test_client(use_cookies=False).post(
        "/form",
        data={"name": "Ada", "password": "canary-form"},
        headers={
            "Authorization": "Digest canary-authorization",
            "Cookie": "theme=canary-theme; id=canary-id",
            "X-Api-Key": "canary-key",
            "X-Plain": "plainly kept",
        },
    )
    said = recorded(app)[0]
    assert ["X-Api-Key", MASK] in said["headers"]
    assert said["cookies"] == [["theme", MASK], ["id", MASK]]
    assert said["form"] == [["name", "Ada"], ["password", MASK]]
    (trace,) = app.extensions["lifecycle"]._store.newest()
    kept = held(trace.notes)
    assert "plainly kept" in kept
    assert "canary" not in kept

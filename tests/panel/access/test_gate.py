from __future__ import annotations

import logging
import os
import secrets
import tempfile
import typing as t
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import Client, TestResponse

from flask_lifecycle import Lifecycle
from flask_lifecycle.panel.access.log import AccessLog
from tests.helpers.apps import TOKEN

LOCAL = "127.0.0.1"


def make_client(**config: t.Any) -> Client:
    app = Flask(__name__)
    app.config.update({"LIFECYCLE_TOKEN": TOKEN, **config})
    app.debug = config.get("LIFECYCLE_ENABLED") is None
    Lifecycle(app)
    # The header is sent as it is given.
    return Client(app, use_cookies=False)


def get(
    client: Client, path: str = "", *, host: str = "localhost:5000", **more: t.Any
) -> TestResponse:
    environ = {"HTTP_HOST": host, "REMOTE_ADDR": LOCAL, **more}
    return client.open(f"/_lifecycle/{path}", environ_overrides=environ)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:5000",
        "app.localhost",
        "127.0.0.1:80",
        "127.8.9.1",
        "[::1]:5000",
        "[::1]",
    ],
)
def test_local_hosts_pass(host: str) -> None:
    assert get(make_client(), host=host).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.com",
        "localhost.evil.com",
        "localhost6",
        "127.0.0.1.nip.io",
        "",
        "[::1",
        "[::1]x",
        "localhost:x",
        "localhost:80:80",
        "xlocalhost",
        "0.0.0.0",
        "2130706433",
    ],
)
def test_other_hosts_do_not(host: str) -> None:
    assert get(make_client(), host=host).status_code == 403
    # Nor with the token: it opens the panel by the names that were configured.
    assert get(make_client(), f"?token={TOKEN}", host=host).status_code == 403


def test_a_configured_host_needs_the_token() -> None:
    client = make_client(LIFECYCLE_ALLOWED_HOSTS=("dev.example.com",))
    assert get(client, host="dev.example.com").status_code == 403

    first = get(client, f"?token={TOKEN}", host="dev.example.com")
    assert first.status_code == 303
    assert first.headers["Location"] == "/_lifecycle/"
    cookie = first.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Strict", "Path=/_lifecycle"):
        assert part in cookie

    assert get(client, host="dev.example.com", HTTP_COOKIE=cookie.split(";")[0]).status_code == 200


@pytest.mark.parametrize("name", ["[fe80::1]", "fe80::1"])
def test_an_address_may_be_configured_as_it_stands_in_a_url(name: str) -> None:
    client = make_client(LIFECYCLE_ALLOWED_HOSTS=(name,))
    assert get(client, f"?token={TOKEN}", host="[fe80::1]:5000").status_code == 303


@pytest.mark.parametrize("token", ["", TOKEN[:-1], f"{TOKEN}x", "é" * 30, "%ff%fe"])
def test_a_wrong_token_is_403(token: str) -> None:
    client = make_client()
    stranger = {"REMOTE_ADDR": "10.0.0.9"}
    assert get(client, f"?token={token}", **stranger).status_code == 403
    assert get(client, HTTP_COOKIE=f"lifecycle_token={token}", **stranger).status_code == 403


@pytest.mark.parametrize(
    "header", ["X_FORWARDED_FOR", "FORWARDED", "X_REAL_IP", "VIA", "X_FORWARDED_HOST"]
)
def test_behind_a_proxy_nobody_is_local(header: str) -> None:
    assert get(make_client(), **{f"HTTP_{header}": "127.0.0.1"}).status_code == 403


def test_nobody_is_local_where_the_server_takes_the_headers_of_proxies_away() -> None:
    """As Waitress does by default (``clear_untrusted_proxy_headers``)."""
    given: dict[str, t.Any] = {"waitress.client_disconnected": lambda: False}
    assert get(make_client(), **given).status_code == 403
    assert get(make_client(), f"?token={TOKEN}", **given).status_code == 303


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("127.0.0.1", 200),
        ("127.9.9.9", 200),
        ("::1", 200),
        ("::ffff:127.0.0.1", 200),
        ("::ffff:192.0.2.1", 403),
        ("192.0.2.1", 403),
        ("0.0.0.0", 403),
        ("::", 403),
        # Of whoever comes by a Unix socket, as a proxy does: Waitress, Gunicorn and Werkzeug.
        ("localhost", 403),
        ("", 403),
        ("<local>", 403),
    ],
)
def test_this_machine_is_an_address(address: str, status: int) -> None:
    assert get(make_client(), REMOTE_ADDR=address).status_code == status


@pytest.mark.parametrize("given", ["//evil.com", "/\\evil.com", "///evil.com/x", "\\\\evil.com"])
def test_no_redirect_leads_elsewhere(given: str) -> None:
    """Gunicorn takes SCRIPT_NAME from a header of whoever it trusts."""
    far = {"REMOTE_ADDR": "192.0.2.1"}
    for path, more in ((f"_lifecycle/?token={TOKEN}", far), ("_lifecycle", {})):
        environ = {"HTTP_HOST": "localhost", "REMOTE_ADDR": LOCAL, "SCRIPT_NAME": given, **more}
        answer = make_client().open(f"/{path}", environ_overrides=environ)
        assert answer.status_code in (303, 308)
        place = answer.headers["Location"]
        assert place.startswith("/")
        assert place[1] not in "/\\"


def test_forced_on_without_debug_needs_the_token_from_loopback_too() -> None:
    assert get(make_client(LIFECYCLE_ENABLED=True)).status_code == 403


def test_a_name_of_its_own_is_the_panels_alone() -> None:
    client = make_client(LIFECYCLE_HOST="panel.localhost")
    assert get(client, host="panel.localhost:5000").status_code == 200
    assert get(client, "api/traces", host="panel.localhost:5000").status_code == 200
    for path in ("", "api/traces", "api/app", LIVE):
        refused = get(client, path, host="localhost:5000")
        assert refused.status_code == 403
        assert "panel.localhost" in refused.text
    with get(client, "toolbar.js", host="localhost:5000") as script:
        assert script.status_code == 200
    # Whatever is asked for by that name, the app is not what answers.
    for path in ("/", "/anything", "//x", "/_lifecyclex"):
        for host, status in (("panel.localhost:5000", 308), ("localhost:5000", 404)):
            overrides = {"HTTP_HOST": host, "REMOTE_ADDR": LOCAL}
            with client.open(path, environ_overrides=overrides) as answer:
                assert answer.status_code in (status, 308 if path == "//x" else status)
                own = answer.headers.get("Location") == "/_lifecycle/"
                assert own == host.startswith("panel")


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.com",
        "null",
        "",
        "http://localhost:5001",
        "https://localhost:5000",
        "http://localhost.evil.com:5000",
        "http://localhost:5000/path",
        "http://[::1",
    ],
)
def test_another_origin_is_refused(origin: str) -> None:
    assert get(make_client(), "api/traces", HTTP_ORIGIN=origin).status_code == 403


def test_a_script_needs_the_pages_key() -> None:
    client = make_client()
    browser = {"HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_SEC_FETCH_DEST": "empty"}
    assert get(client, "api/traces", **browser).status_code == 403
    assert get(client, "", **browser).status_code == 403
    assert get(client, "", **{**browser, "HTTP_SEC_FETCH_DEST": "iframe"}).status_code == 403
    assert get(client, "api/traces", HTTP_X_LIFECYCLE_KEY="wrong", **browser).status_code == 403
    assert get(client, "api/traces").status_code == 200


@pytest.mark.parametrize(
    ("several", "alone", "said"),
    [(True, True, "Set LIFECYCLE_TOKEN"), (True, False, "Reload"), (False, True, "Reload")],
)
def test_workers_that_have_no_token_in_common_say_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, several: bool, alone: bool, said: str
) -> None:
    monkeypatch.delenv("_FLASK_LIFECYCLE_TOKEN", raising=False)
    if alone:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    environ: dict[str, t.Any] = {
        "HTTP_SEC_FETCH_DEST": "empty",
        "HTTP_X_LIFECYCLE_KEY": "another",
        "wsgi.multiprocess": several,
    }
    refused = get(make_client(LIFECYCLE_TOKEN=None), "api/traces", **environ)
    assert refused.status_code == 403
    assert said in refused.text


def test_the_pages_key_outlives_the_run_and_the_token_does_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def restarted() -> tuple[Client, str]:
        monkeypatch.setenv("_FLASK_LIFECYCLE_TOKEN", secrets.token_urlsafe(32))
        client = make_client(LIFECYCLE_TOKEN=None)
        key = get(client).text.partition('name="lifecycle-key" content="')[2].partition('"')[0]
        return client, key

    def of_page(client: Client, key: str, **more: str) -> int:
        browser = {"HTTP_SEC_FETCH_DEST": "empty", "HTTP_X_LIFECYCLE_KEY": key, **more}
        return get(client, "api/traces", **browser).status_code

    _, key = restarted()
    token = os.environ["_FLASK_LIFECYCLE_TOKEN"]
    client, after = restarted()
    assert after == key
    assert of_page(client, key) == 200
    # Who needs a token needs the new one, and the key is none.
    remote = {"REMOTE_ADDR": "192.0.2.1"}
    for given in (token, key, ""):
        cookie = f"lifecycle_token={given}"
        assert of_page(client, key, HTTP_COOKIE=cookie, **remote) == 403
    own = f"lifecycle_token={os.environ['_FLASK_LIFECYCLE_TOKEN']}"
    assert of_page(client, key, HTTP_COOKIE=own, **remote) == 200
    # Without a place to store the secret, the key is the run's.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    assert restarted()[1] != restarted()[1]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_is_refused(site: str) -> None:
    browser = {
        "HTTP_SEC_FETCH_SITE": site,
        "HTTP_SEC_FETCH_DEST": "script",
        "HTTP_SEC_FETCH_MODE": "no-cors",
    }
    assert get(make_client(), "assets/panel.js", **browser).status_code == 403


def test_every_answer_bears_the_headers() -> None:
    client = make_client()
    for path in ("", "api/traces", "api/traces/none", "nothing"):
        headers = get(client, path).headers
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in headers


LIVE = "socket.io/?EIO=4&transport=websocket"


@pytest.mark.parametrize(
    ("path", "more"),
    [
        (LIVE, {"HTTP_UPGRADE": "websocket"}),
        (LIVE, {"HTTP_UPGRADE": "websocket", "HTTP_ORIGIN": "http://localhost:5000"}),
        (f"{LIVE}&ticket=x", {"HTTP_UPGRADE": "websocket", "HTTP_ORIGIN": "http://localhost:5000"}),
        (f"{LIVE}&ticket=x", {"HTTP_UPGRADE": "websocket", "HTTP_ORIGIN": "http://localhost:5001"}),
        ("socket.io/?EIO=4&transport=polling", {"HTTP_ORIGIN": "http://localhost:5000"}),
    ],
)
def test_the_stream_needs_an_origin_an_upgrade_and_a_ticket(
    path: str, more: dict[str, str]
) -> None:
    assert get(make_client(), path, **more).status_code in (400, 403)


def test_routes_are_all_behind_the_gate() -> None:
    """Each rule of the panel's app is refused to a stranger."""
    client = make_client()
    for path in (
        "",
        "assets/x.js",
        "api/traces",
        "api/traces/x",
        "api/app",
        "api/ticket",
        LIVE,
        "else",
    ):
        assert get(client, path, host="evil.com").status_code == 403


@pytest.mark.parametrize("path", ["/_lifecyclex", "//_lifecycle/", "/x/_lifecycle/"])
def test_only_the_prefix_itself_is_the_panel(path: str) -> None:
    client = make_client()
    response = client.open(path, environ_overrides={"HTTP_HOST": "localhost", "REMOTE_ADDR": LOCAL})
    assert response.status_code in (308, 404)
    assert "X-Frame-Options" not in response.headers


def test_a_missing_build_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: t.Any) -> None:
    monkeypatch.setattr("flask_lifecycle.panel.DIST", tmp_path)
    response = get(make_client())
    assert response.status_code == 200
    assert "The panel has not been built" in response.text


@pytest.mark.parametrize(
    ("request_line", "status", "logged"),
    [
        ("GET /x/toolbar/requests?of=a.b HTTP/1.1", "200", False),
        ("GET /x/toolbar/requests?of=a.b HTTP/1.1", "403", True),
        ("POST /x/toolbar/requests?of=a.b&shown=0 HTTP/1.1", "204", False),
        ("GET /x/api/traces HTTP/1.1", "200", False),
        ("GET /x HTTP/1.1", "308", False),
        ("GET /xy/toolbar/requests?of=a.b HTTP/1.1", "200", True),
        ("GET /y/x/api/traces HTTP/1.1", "200", True),
    ],
)
def test_gunicorns_log_has_no_lines_of_the_panels_own_requests(
    request_line: str, status: str, logged: bool
) -> None:
    text = '%(h)s - - %(t)s "%(r)s" %(s)s %(b)s'
    said = {"h": "127.0.0.1", "t": "[now]", "r": request_line, "s": status, "b": "7"}
    record = logging.LogRecord("gunicorn.access", logging.INFO, "", 0, text, (said,), None)
    log = AccessLog("a token")
    log.add_root("/x")
    assert log.filter(record) is logged


def test_a_line_that_cannot_be_written_is_the_loggers_to_judge() -> None:
    record = logging.LogRecord("werkzeug", logging.INFO, "", 0, "%s %s", ("one",), None)
    assert AccessLog("a token").filter(record)


def test_who_holds_requests_may_not_call_it_another_method_inside() -> None:
    app = Flask(__name__)
    app.config["LIFECYCLE_TOKEN"] = TOKEN
    app.debug = True
    Lifecycle(app)

    def overriding(inner: t.Any) -> t.Any:
        """Take the prefix off, as a proxy's middleware does, and the method from a header."""

        def call(environ: dict[str, t.Any], start_response: t.Any) -> t.Any:
            environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix("/sub")
            environ["REQUEST_METHOD"] = environ.get("HTTP_X_HTTP_METHOD", environ["REQUEST_METHOD"])
            return inner(environ, start_response)

        return call

    vars(app)["wsgi_app"] = overriding(app.wsgi_app)
    given = {"REMOTE_ADDR": LOCAL, "HTTP_HOST": "localhost", "HTTP_X_HTTP_METHOD": "PUT"}
    sent: dict[str, t.Any] = {"json": {"breakpoints": []}, "environ_overrides": given}
    path = "/sub/_lifecycle/api/breakpoints"
    client = Client(app, use_cookies=False)
    assert client.get(path, **sent).status_code == 403
    given["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    assert client.get(path, **sent).status_code != 403

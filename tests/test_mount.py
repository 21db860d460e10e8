"""Where the panel is, whatever servers, proxies and middleware make of paths."""

from __future__ import annotations

import re
import typing as t
import urllib.request
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import Client, TestResponse

from flask_lifecycle import Lifecycle
from tests.helpers.apps import LOCAL, OPENED, TOKEN
from tests.helpers.history import make, served
from tests.helpers.prefixes import WAYS, Around, cutting, dispatched, proxied
from tests.helpers.servers import PATIENCE


def mounted_app(around: Around, when: str, **config: t.Any) -> tuple[Flask, t.Any, list[str]]:
    """Make an app; return it, what the server calls, and the paths of its own that were 404."""
    app = Flask(__name__)
    app.config.update({"LIFECYCLE_TOKEN": TOKEN, **config})
    app.debug = True
    app.add_url_rule("/page", "page", lambda: "<!doctype html><body>x</body>")
    missed: list[str] = []

    @app.errorhandler(404)
    def missing(error: Exception) -> tuple[str, int]:
        missed.append(str(error))
        return "missing", 404

    inside = t.cast("t.Any", app)
    if when == "before":
        inside.wsgi_app = around(app.wsgi_app)
    Lifecycle(app)
    if when == "after":
        inside.wsgi_app = around(app.wsgi_app)
    return app, around(app) if when == "around" else app, missed


@pytest.mark.parametrize("when", ["before", "after", "around"])
@pytest.mark.parametrize("way", WAYS)
def test_the_panel_is_where_the_page_says(way: str, when: str) -> None:
    around, root, said, cuts = WAYS[way]
    app, served, missed = mounted_app(around, when)
    client = Client(served, use_cookies=False)

    def ask(path: str, **headers: str) -> TestResponse:
        sent = path.removeprefix(root) if cuts else path
        return client.open(sent, headers={**said, **headers}, environ_overrides=LOCAL)

    page = ask(f"{root}/page", **OPENED)
    [source] = re.findall(r'src="([^"]+)"', page.text)
    assert source.endswith("/_lifecycle/toolbar.js")
    assert page.headers["X-Lifecycle-Trace"]
    # A forwarding header takes the right away to come without the token.
    opened = ask(f"{root}/_lifecycle/?token={TOKEN}")
    assert opened.status_code == 303
    panel = urljoin(f"{root}/_lifecycle/", opened.headers["Location"])
    if not (way == "cutting" and when != "around"):  # the app answers at both
        assert source == f"{root}/_lifecycle/toolbar.js"
        assert panel == f"{root}/_lifecycle/"
        assert f"Path={root}/_lifecycle;" in opened.headers["Set-Cookie"] + ";"
    cookie = {"Cookie": f"lifecycle_token={TOKEN}"}
    with ask(source, **cookie) as script:
        assert (script.status_code, script.mimetype) == (200, "text/javascript")
        assert "X-Lifecycle-Trace" not in script.headers
    assert ask(panel, **cookie).status_code == 200
    for path in ("nothing", "api/nothing", "socket.io/?EIO=4&transport=polling"):
        answer = ask(f"{panel}{path}", **cookie)
        assert answer.headers["X-Frame-Options"] == "DENY"
    with ask(panel.rstrip("/"), **cookie) as moved:
        assert moved.headers["Location"] == panel
    listed = t.cast("t.Any", ask(f"{panel}api/traces", **cookie).json)
    assert [each["path"].endswith("/page") for each in listed["traces"]] == [True]
    assert listed["ignored"] == 0
    assert missed == []
    assert len(app.extensions["lifecycle"].traces()) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_two_prefixes_at_once(when: str) -> None:
    app, served, missed = mounted_app(cutting, when)
    for root in ("/sub", "/other"):
        page = Client(served).get(f"{root}/page", headers=OPENED, environ_overrides=LOCAL)
        [source] = re.findall(r'src="([^"]+)"', page.text)
        for path in (source, f"{root}/_lifecycle/toolbar.js"):
            with Client(served).get(path, environ_overrides=LOCAL) as script:
                assert script.status_code == 200
    assert missed == []
    assert len(app.extensions["lifecycle"].traces()) == 2


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_apps_own_paths_stay_its_own(when: str) -> None:
    app, served, missed = mounted_app(dispatched, when)
    for path in ("/sub/x/_lifecycle/", "/sub/_lifecyclex", "/sub/_lifecycle%2f"):
        answer = Client(served).get(path, environ_overrides=LOCAL)
        assert "X-Frame-Options" not in answer.headers or path.endswith("%2f")
    assert len(missed) == len(app.extensions["lifecycle"].traces()) == 2
    # Who makes a context by himself has it.
    with app.test_request_context("/_lifecycle/"):
        assert (
            app.request_context(
                {
                    **LOCAL,
                    "REQUEST_METHOD": "GET",
                    "PATH_INFO": "/_lifecycle/",
                    "wsgi.url_scheme": "http",
                    "SERVER_NAME": "x",
                    "SERVER_PORT": "80",
                }
            ).request.path
            == "/_lifecycle/"
        )


def hiding(app: t.Any) -> t.Any:
    """Believes a header of anybody's, and takes it away."""

    def call(environ: dict[str, t.Any], start_response: t.Any) -> t.Any:
        environ["REMOTE_ADDR"] = environ.pop("HTTP_X_REAL_IP", environ["REMOTE_ADDR"])
        environ["HTTP_HOST"] = environ.pop("HTTP_X_HOST", environ["HTTP_HOST"])
        for name in ("HTTP_SEC_FETCH_SITE", "HTTP_SEC_FETCH_DEST", "HTTP_ORIGIN"):
            environ.pop(name, None)
        return dispatched(app)(environ, start_response)

    return call


def moving(app: t.Any) -> t.Any:
    """Leads to the panel from a path that says nothing of it."""

    def call(environ: dict[str, t.Any], start_response: t.Any) -> t.Any:
        environ["PATH_INFO"] = environ["PATH_INFO"].replace("/sub/panel", "/sub/_lifecycle")
        return hiding(app)(environ, start_response)

    return call


REFUSED: list[dict[str, str]] = [
    {"REMOTE_ADDR": "192.0.2.1"},
    {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_REAL_IP": "127.0.0.1"},
    {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
    {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
    {"HTTP_X_REAL_IP": "192.0.2.1"},
    {"HTTP_HOST": "evil.com"},
    {"HTTP_HOST": "evil.com", "HTTP_X_HOST": "localhost"},
    {"HTTP_HOST": "evil.com", "HTTP_X_FORWARDED_HOST": "localhost"},
    {"HTTP_X_HOST": "evil.com"},
    {"HTTP_ORIGIN": "http://evil.com"},
    {"HTTP_SEC_FETCH_SITE": "cross-site"},
    {"HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_SEC_FETCH_DEST": "empty"},
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("around", [hiding, moving])
def test_the_gate_judges_what_the_server_was_sent(around: Around, when: str) -> None:
    path = "/sub/panel" if around is moving else "/sub/_lifecycle"
    for more in REFUSED:
        _, served, missed = mounted_app(around, when)
        answer = Client(served).get(f"{path}/api/traces", environ_overrides={**LOCAL, **more})
        assert answer.status_code == 403, more
        assert missed == []
    _, served, _ = mounted_app(around, when)
    plain = Client(served).get(f"{path}/api/traces", environ_overrides=LOCAL)
    # Of what was sent nothing is known where the path did not say whose it is.
    assert plain.status_code == (403 if around is moving else 200)


@pytest.mark.parametrize("when", ["before", "after", "around"])
def test_a_name_of_its_own_holds_through_a_prefix(when: str) -> None:
    app, served, missed = mounted_app(dispatched, when, LIFECYCLE_HOST="panel.localhost")
    client = Client(served)
    own = {**LOCAL, "HTTP_HOST": "panel.localhost:5000"}
    page = client.get("/sub/page", headers=OPENED, environ_overrides=LOCAL)
    assert 'src="/sub/_lifecycle/toolbar.js"' in page.text
    assert 'data-host="panel.localhost"' in page.text
    assert client.get("/sub/_lifecycle/", environ_overrides=own).status_code == 200
    assert client.get("/sub/_lifecycle/api/traces", environ_overrides=own).status_code == 200
    assert client.get("/sub/_lifecycle/api/traces", environ_overrides=LOCAL).status_code == 403
    forged = {**LOCAL, "HTTP_X_FORWARDED_HOST": "panel.localhost"}
    assert client.get("/sub/_lifecycle/api/traces", environ_overrides=forged).status_code == 403
    assert missed == []
    assert len(app.extensions["lifecycle"].traces()) == 1


ODD = st.text(alphabet=st.sampled_from("/\\.%;:?#@ \t\r\n\x00\x7fa\xe4\xff\"'<>"), max_size=12)
SCRIPTS = st.one_of(
    st.sampled_from(
        [
            "",
            "/",
            "//",
            "//evil.com",
            "/\\evil.com",
            "\\\\evil.com",
            "/a/",
            "/a//b",
            "/\t/evil.com",
            "\n//evil.com",
            "http://evil.com",
            "///",
            "/%2f/evil",
            "/.//x",
        ]
    ),
    ODD,
)


def leads_here(url: str) -> None:
    """Hold a URL to how browsers read it: tabs and line ends go, backslashes are slashes."""
    read = url.strip(" \x00").translate({9: None, 10: None, 13: None}).replace("\\", "/")
    assert read == url
    assert read.startswith("/")
    assert not read.startswith("//")
    assert urlsplit(urljoin("http://here/page", read)).netloc == "here"
    assert read.isascii()
    assert read.isprintable()


@settings(max_examples=150)
@given(
    script=SCRIPTS,
    uri=SCRIPTS,
    host=st.sampled_from(["localhost", "//evil.com", "evil.com", "", "localhost:x", "a\\b"]),
    forwarded=SCRIPTS,
    prefix=st.sampled_from(["/_lifecycle", "/a/b", "/x:y@z"]),
    own=st.sampled_from([None, "panel.localhost"]),
    proxied_first=st.booleans(),
)
def test_nothing_of_ours_leads_to_another_host(
    script: str,
    uri: str,
    host: str,
    forwarded: str,
    prefix: str,
    own: str | None,
    proxied_first: bool,
) -> None:
    app = Flask(__name__)
    app.config.update(
        LIFECYCLE_TOKEN=TOKEN,
        LIFECYCLE_URL_PREFIX=prefix,
        LIFECYCLE_HOST=own,
        LIFECYCLE_ALLOWED_HOSTS=["evil.com"],
    )
    app.debug = True
    app.add_url_rule("/", "page", lambda: "<!doctype html><body>x</body>")
    if proxied_first:
        t.cast("t.Any", app).wsgi_app = proxied(app.wsgi_app)
    Lifecycle(app)

    def ask(path: str, query: str = "") -> tuple[str, dict[str, str], bytes]:
        seen: list[t.Any] = []
        environ = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": script,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_URI": f"{uri}{path}",
            "HTTP_HOST": host,
            "HTTP_X_FORWARDED_PREFIX": forwarded,
            "HTTP_X_FORWARDED_HOST": forwarded,
            "HTTP_SEC_FETCH_DEST": "document",
            "SERVER_NAME": "x",
            "SERVER_PORT": "80",
            "REMOTE_ADDR": "127.0.0.1",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": None,
            "wsgi.errors": None,
        }
        body = app(environ, lambda *args: t.cast("t.Any", seen.append)(args))
        data = b"".join(body)
        getattr(body, "close", lambda: None)()
        return seen[0][0], dict(seen[0][1]), data

    _, _, page = ask("/")
    for source in re.findall(r'(?:src|data-host)="([^"]*)"', page.decode()):
        if source != own:
            leads_here(source)
    for path, query in ((prefix, ""), (f"{prefix}/", f"token={TOKEN}")):
        _, headers, _ = ask(path, query)
        if "Location" in headers:
            leads_here(headers["Location"])
        if "Set-Cookie" in headers:
            [cookie_path] = re.findall("Path=([^;]*)", headers["Set-Cookie"])
            leads_here(cookie_path)


@pytest.mark.parametrize("is_inner", [False, True])
def test_the_server_of_a_request_is_found_before_any_client_of_the_panel(*, is_inner: bool) -> None:
    app, found = make(), list[t.Any]()
    find_server = app.extensions["lifecycle"]._mount._find_server

    @app.get("/")
    def index() -> str:
        found.append(find_server())
        return ""

    def wsgi_app(environ: t.Any, start_response: t.Any, inner: t.Any = app.wsgi_app) -> t.Any:
        return inner(environ, start_response)

    # A middleware inside the call of the app, or a server that calls its method.
    t.cast("t.Any", app).wsgi_app = wsgi_app
    served_app: t.Any = wsgi_app if is_inner else app
    with served(served_app) as there:
        urllib.request.urlopen(there.address + "/", timeout=PATIENCE).close()
    # Werkzeug's starts a thread for each.
    assert [(each.threads, each.is_stopping()) for each in found] == [(None, False)]

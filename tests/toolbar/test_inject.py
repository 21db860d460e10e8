"""Which responses carry the toolbar, and what becomes of those that do."""

from __future__ import annotations

import re
import typing as t

import pytest
from flask import Flask, Response, abort, make_response, redirect, session
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from flask_lifecycle import Lifecycle
from flask_lifecycle.toolbar.inject import CARRIED, Toolbar
from tests.helpers.apps import FETCH, OPENED, TAG, make_app

PAGE = "<!doctype html><title>x</title><body><p>page</p></body>"


def ask(made: t.Any, method: str = "GET", headers: t.Any = OPENED, **config: t.Any) -> TestResponse:
    app = Flask(__name__)
    app.config.update(LIFECYCLE_ENABLED=True, SECRET_KEY="x", **config)
    app.add_url_rule("/", "view", lambda: made() if callable(made) else made, methods=[method])
    Lifecycle(app)
    return app.test_client().open("/", method=method, headers=headers, buffered=True)


def html(body: t.Any, status: int = 200, **headers: str) -> t.Callable[[], Response]:
    def made() -> Response:
        response = Response(body, status, content_type="text/html; charset=utf-8")
        for name, value in headers.items():
            response.headers[name.replace("_", "-")] = value
        return response

    return made


def carries(response: TestResponse) -> bool:
    return TAG.search(response.data) is not None


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (html(PAGE), True),
        (html(PAGE, 404), True),
        (lambda: bytearray(PAGE.encode()), True),
        (html(PAGE, 500), True),
        (html(PAGE, 302), False),
        (html("", 204), False),
        (html(PAGE, 206), False),
        (html(PAGE, Content_Encoding="br"), False),
        (html(PAGE, Content_Disposition="attachment; filename=x.html"), False),
        (lambda: Response(PAGE, content_type="application/json"), False),
        (lambda: Response(PAGE, content_type=None, headers={"Content-Type": ""}), False),
        (html(iter([PAGE])), False),
        (html("<p>a fragment</p>"), True),
        (html("<!DOCTYPE HTML><p>no body"), True),
        (html("\ufeff<!doctype html><p>bom"), True),
        (html("<!-- first --> <html><p>comment"), True),
        (html("<BODY>capitals</BODY >"), True),
        (html(""), False),
    ],
)
def test_only_whole_pages_carry_it(made: t.Any, expected: bool) -> None:
    assert carries(ask(made)) is expected


@pytest.mark.parametrize("body", ["<p>Hello, World!</p>", "Hello", "<html", "<!-- x -->" * 300])
def test_what_the_browser_opens_is_a_page(body: str) -> None:
    response = ask(html(body), headers=OPENED)
    assert carries(response)
    assert TAG.sub(b"", response.data).decode() == body


@pytest.mark.parametrize("path", ["/nowhere", "/gone", "/wrong"])
def test_flasks_own_error_pages_carry_it(path: str) -> None:
    def make(*, watched: bool) -> Flask:
        app = Flask(__name__)
        app.config.update(LIFECYCLE_ENABLED=watched)
        app.add_url_rule("/gone", "gone", lambda: abort(410))
        app.add_url_rule("/wrong", "wrong", lambda: "", methods=["POST"])
        Lifecycle(app)
        return app

    for method in ("GET", "HEAD"):
        ours, bare = (
            make(watched=each).test_client().open(path, method=method, headers=OPENED)
            for each in (True, False)
        )
        assert carries(ours) is (method == "GET")
        assert TAG.sub(b"", ours.data) == bare.data
        assert ours.status == bare.status


def test_a_stream_in_place_of_an_error_page_stays_one() -> None:
    app, _ = make_app()

    @app.after_request
    def other(_response: t.Any) -> Response:
        return Response(iter([PAGE]), 404)

    answer = app.test_client().get("/nowhere", headers=OPENED)
    assert answer.data.decode() == PAGE
    assert app.extensions["lifecycle"]._store.newest()[0].toolbar == "it is streamed"


def test_looking_for_a_page_takes_no_time() -> None:
    assert not carries(ask(html("<!-- x -->" * 400 + "<p>"), headers={}))
    assert not carries(ask(html("<!-- x " * 500), headers={}))
    assert carries(ask(html("nonce <!-- x " * 100_000)))
    assert carries(ask(html("<script nonce 'x" * 100_000)))
    assert carries(ask(html("<base <base " * 100_000)))


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Requested-With": "XMLHttpRequest"},
        {"HX-Request": "true"},
        {"Turbo-Frame": "part"},
        {"Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Dest": "iframe"},
        {"Range": "bytes=0-10"},
    ],
)
def test_what_a_script_fetches_does_not(headers: dict[str, str]) -> None:
    assert not carries(ask(html(PAGE), headers=headers))


AGENTS = {
    "test client": {},
    "curl": {"Accept": "*/*", "User-Agent": "curl/8.5.0"},
    "requests": {"Accept": "*/*", "Accept-Encoding": "gzip, deflate"},
    "scrapy": {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
    # Over plain http, to a host that is not this machine, browsers send no Sec-Fetch-*.
    "fetch": {"Accept": "*/*", "Referer": "http://192.168.1.4:5000/"},
    "turbo": {"Accept": "text/html, application/xhtml+xml"},
}
NAVIGATES = {
    "Upgrade-Insecure-Requests": "1",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
}


@pytest.mark.parametrize("agent", AGENTS)
def test_no_other_client_than_a_browser_gets_it(agent: str) -> None:
    response = ask(html(PAGE, ETag='"x"'), headers=AGENTS[agent])
    assert response.data.decode() == PAGE
    assert response.headers["ETag"] == '"x"'
    assert "Cache-Control" not in response.headers


def test_a_browser_that_does_not_tell_what_for_navigates() -> None:
    assert carries(ask(html(PAGE), headers=NAVIGATES))
    assert carries(ask(html("<p>Hello"), headers=NAVIGATES))
    frame = {**NAVIGATES, "Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate"}
    assert not carries(ask(html(PAGE), headers=frame))
    assert not carries(ask(html(PAGE), headers={**NAVIGATES, "HX-Request": "true"}))


@pytest.mark.parametrize(
    ("page", "nonce"),
    [
        ("<html><script nonce=abc>1</script><script src=x nonce='abc'></script>", "abc"),
        ('<html><SCRIPT data-x="a>b" NONCE = "a&amp;b">1</SCRIPT>', "a&amp;b"),
        ("<html><script nonce=abc>'<script>'</script><!-- <script></script> -->", "abc"),
        ("<html><script nonce=abc>1</script><script>2</script>", None),
        ("<html><script nonce=abc>1</script><script nonce=other>2</script>", None),
        ("<html><script data-nonce=abc>1</script>", None),
        ("<html><script nonce>1</script><script nonce=''>1</script>", None),
        ('<html><script nonce=abc>1</script><script type="application/json">{}</script>', "abc"),
        ("<html><script id=a type=text/x-template><b></script><script nonce=abc></script>", "abc"),
        ("<html><script type=application/ld+json>{}</script>", None),
        ("<html><script nonce=abc>1</script><script type=text/javascript>1</script>", None),
        ("<html><script nonce=abc>1</script><script type=module>1</script>", None),
        ("<html><style nonce=abc></style>", None),
    ],
)
@pytest.mark.parametrize("policy", [None, "script-src 'self' 'nonce-abc'"])
def test_it_has_the_nonce_that_all_scripts_of_the_page_have(
    page: str, nonce: str | None, policy: str | None
) -> None:
    """A proxy may add the policy."""
    headers = {} if policy is None else {"Content_Security_Policy": policy}
    data = ask(html(page, 200, **headers)).data.decode()
    tag = TAG.search(data.encode())
    assert tag is not None
    found = re.search('nonce="([^"]*)"', tag[0].decode())
    expected = nonce if policy is None or nonce is not None else "abc"
    assert (found and found[1]) == expected


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ('<base href="//cdn.example/">', False),
        ("<BASE target=_top HREF=https://cdn.example>", False),
        ("<base href='https:/\\cdn.example/'>", False),
        ('<base href="/assets/">', True),
        ('<base href="http://localhost/assets/">', True),
        ("<base target=_top>", True),
    ],
)
def test_where_a_page_leads_all_addresses_to_another_host_ours_is_not(
    base: str, expected: bool
) -> None:
    response, summary = seen(html(PAGE.replace("<title>", f"{base}<title>")))
    assert carries(response) is expected
    assert (summary["toolbar"] or "").startswith("" if expected else "its <base> leads to ")


def test_a_boosted_link_brings_a_page() -> None:
    assert carries(ask(html(PAGE), headers={"HX-Request": "true", "HX-Boosted": "true"}))


def test_head_put_and_off_do_not() -> None:
    assert ask(html(PAGE), "HEAD").headers["Content-Length"] == str(len(PAGE))
    assert not carries(ask(html(PAGE), "PUT"))
    assert not carries(ask(html(PAGE), LIFECYCLE_TOOLBAR=False))


@pytest.mark.parametrize(
    ("page", "end"),
    [
        ("<html><script>const a = '</body>';</script><body>x</body></html>", "</body></html>"),
        ("<html><body>x</BODY >\n</HTML>\n\n", "</BODY >\n</HTML>\n\n"),
        ("<html><body>x</body><body>y</body>", "</body>"),
        # Any other end tag may be one that a script or a comment only speaks of.
        ("<html><body>x</body><script>const a = '</body></html>'; </script>", ""),
        ("<html><body>x</body></html><!-- </body></html> -->", ""),
        ("<html><body>no end", ""),
        ("<html><title></body></html></title>", ""),
    ],
)
def test_it_stands_where_nothing_else_can_take_it(page: str, end: str) -> None:
    data = ask(html(page)).data
    assert TAG.sub(b"", data).decode() == page
    assert data.endswith(b"</script>" + end.encode())


def test_length_is_mended_and_caches_are_told() -> None:
    response = ask(html(PAGE, ETag='"x"', Last_Modified="Sat, 21 Nov 2026 00:00:00 GMT"))
    assert response.headers["Content-Length"] == str(len(response.data))
    assert "ETag" not in response.headers
    assert "Last-Modified" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"


def test_a_response_that_the_app_keeps_stays_what_it_was() -> None:
    kept = html(PAGE, ETag='"x"')()
    app = Flask(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    app.add_url_rule("/", "view", lambda: kept)
    Lifecycle(app)
    first, second = (app.test_client().get("/", headers=OPENED).data for _ in range(2))
    assert len(TAG.findall(first)) == len(TAG.findall(second)) == 1
    assert first != second
    assert kept.get_data(as_text=True) == PAGE
    assert kept.headers["ETag"] == '"x"'


def test_a_page_inside_another_request_has_none() -> None:
    app = Flask(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    app.add_url_rule("/inner", "inner", html(PAGE))
    client = app.test_client()
    app.add_url_rule("/", "view", lambda: client.get("/inner", headers=OPENED).data.decode())
    Lifecycle(app)
    assert len(TAG.findall(app.test_client().get("/", headers=OPENED).data)) == 1


@pytest.mark.parametrize("chunks", [["<html>", "<body>x", b"y</body>"], ("<html><body>", b"z")])
def test_a_body_of_several_parts_is_joined(chunks: t.Any) -> None:
    whole = b"".join(each if isinstance(each, bytes) else each.encode() for each in chunks)
    response = ask(html(chunks))
    assert TAG.sub(b"", response.data) == whole


@pytest.mark.parametrize(
    ("charset", "expected"),
    [
        ("iso-8859-1", True),
        ("windows-1252", True),
        ("shift_jis", True),
        ("cp037", False),
        ("utf-7-and-more", False),
        ("none-such", False),
    ],
)
def test_other_charsets_stay_what_they_were(charset: str, expected: bool) -> None:
    codec = "latin-1" if charset in ("none-such", "utf-7-and-more") else charset
    data = PAGE.replace("page", "caf\xe9" if codec != "shift_jis" else "\u30ab").encode(codec)
    response = ask(lambda: Response(data, content_type=f"text/html; charset={charset}"))
    assert TAG.sub(b"", response.data) == data
    assert carries(response) is expected


@pytest.mark.parametrize(
    ("content_type", "mark", "codec"),
    [
        ("text/html; charset=utf-16", "", "utf-16-le"),
        ("text/html; charset=UTF-16BE", "", "utf-16-be"),
        ("text/html", "\ufeff", "utf-16-le"),
        ("text/html; charset=utf-8", "\ufeff", "utf-16-be"),
    ],
)
def test_utf_16_gets_a_tag_of_its_own_kind(content_type: str, mark: str, codec: str) -> None:
    page = f"{mark}<!doctype html><body>K\xe4se \U0001f9c0</body>\n"
    response = ask(lambda: Response(page.encode(codec), content_type=content_type))
    data = response.data.decode(codec)
    assert TAG.search(data.encode())
    assert TAG.sub(b"", data.encode()).decode() == page
    assert data.endswith("</script></body>\n")


def test_half_a_character_is_no_harm() -> None:
    page = PAGE.encode("utf-16-le") + b"x"
    data = ask(lambda: Response(page, content_type="text/html; charset=utf-16")).data
    assert TAG.search(data.decode("utf-16-le", "replace").encode("utf-8", "replace"))


NONCED = "script-src 'nonce-abc123=' 'strict-dynamic'"


def test_the_pages_own_nonce_is_on_it() -> None:
    response = ask(html(PAGE, Content_Security_Policy=NONCED))
    assert b'nonce="abc123="' in response.data
    assert response.headers["Content-Security-Policy"] == NONCED


@pytest.mark.parametrize(
    ("policy", "refusal"),
    [
        ("default-src 'self'", None),
        ("script-src *; connect-src http:", None),
        ("script-src localhost:5000; img-src 'none'", None),
        ("script-src https://*.localhost/js/", "script-src https://*.localhost/js/"),
        ("script-src 'none'", "script-src 'none'"),
        ("default-src 'none'; script-src 'self'", "default-src 'none'"),
        ("script-src-elem 'none'; script-src 'self'", "script-src-elem 'none'"),
        ("script-src 'self' 'strict-dynamic'", "script-src 'self' 'strict-dynamic'"),
        (NONCED, None),
        (f"{NONCED}, script-src 'self'", None),
        (f"{NONCED}, script-src 'none'", "script-src 'none'"),
        (f"{NONCED}; connect-src https://api.example", "connect-src https://api.example"),
        ("sandbox allow-scripts", "sandbox allow-scripts"),
        ("sandbox allow-scripts allow-same-origin", None),
        ("frame-ancestors 'none'", None),
        (";;; script-src", "script-src"),
    ],
)
@pytest.mark.parametrize("where", ["header", "report", "meta"])
def test_a_policy_that_forbids_it_leaves_the_page_alone(
    policy: str, refusal: str | None, where: str
) -> None:
    page, headers = PAGE, {}
    if where == "meta":
        meta = f'<meta content="{policy}" http-equiv=Content-Security-Policy>'
        page = PAGE.replace("<title>", f"{meta}<title>")
    else:
        name = "Content_Security_Policy" + ("_Report_Only" if where == "report" else "")
        headers[name] = policy
    response, summary = seen(html(page, 200, **headers))
    assert carries(response) is (refusal is None)
    if refusal is None:
        assert summary["toolbar"] is None
    else:
        assert response.data.decode() == page
        assert summary["toolbar"] == f"its Content-Security-Policy has: {refusal}"


def seen(made: t.Any, headers: t.Any = OPENED) -> tuple[TestResponse, dict[str, t.Any]]:
    """Ask for a page; return it, and what the panel says of the request."""
    app = Flask(__name__)
    app.debug = True
    app.add_url_rule("/", "view", made)
    Lifecycle(app)
    client = app.test_client()
    response = client.get("/", headers=headers, buffered=True)
    with client.get("/_lifecycle/api/traces") as answer:
        return response, answer.get_json()["traces"][0]


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (html(PAGE, Content_Encoding="br"), "it is sent with Content-Encoding: br"),
        (html(PAGE, Content_Disposition=" Attachment"), "it is sent as a download"),
        (html(PAGE, 203), "its status is 203"),
        (html(iter([PAGE])), "it is streamed"),
    ],
)
def test_the_panel_says_why_a_page_has_none(made: t.Any, why: str) -> None:
    response, summary = seen(made)
    assert not carries(response)
    assert summary["toolbar"].startswith(why)


def test_the_panel_says_so_when_the_script_never_came(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen(html(PAGE))[1]["toolbar"] is None
    monkeypatch.setattr("flask_lifecycle.toolbar.inject._PATIENCE", 0)
    assert "never asked" in seen(html(PAGE))[1]["toolbar"]


def test_the_session_is_not_touched() -> None:
    assert "Vary" not in ask(html(PAGE)).headers

    def reads() -> Response:
        session.get("x")
        return make_response(PAGE)

    assert ask(reads).headers["Vary"] == "Cookie"


def test_a_page_of_50_mb_passes() -> None:
    page = f"<html><body>{'x' * 50_000_000}</body></html>"
    assert carries(ask(html(page)))


def app_of_pages() -> tuple[Flask, Lifecycle]:
    app = Flask(__name__)
    app.debug = True
    app.add_url_rule("/", "view", html(PAGE))
    app.add_url_rule("/data", "data", lambda: {"x": 1})
    app.add_url_rule("/timed", "timed", lambda: ("{}", {"Server-Timing": "db;dur=5"}))
    app.add_url_rule("/from/<kind>", "leads", lambda kind: redirect(f"/over/{kind}?x=%C3%A4 b"))
    app.add_url_rule(
        "/over/<kind>", "on", lambda kind: redirect({"page": "/", "data": "/data"}[kind])
    )
    return app, Lifecycle(app)


def name_in(response: TestResponse) -> str:
    """Take the name out of what a page or an answer to its scripts was sent with."""
    with response:
        found = re.search(r'data-lifecycle="([^"]+)"', response.get_data(as_text=True))
        timings = response.headers.get_all("Server-Timing")
    if found is not None:
        return found[1]
    [mark] = [each for each in timings if each.startswith("lifecycle;desc=")]
    return mark.partition("=")[2].strip('"')


def test_the_page_may_ask_for_what_it_caused_and_for_no_other() -> None:
    app, lifecycle = app_of_pages()
    client = app.test_client()
    first, second = (name_in(client.get("/", headers=OPENED)) for _ in range(2))
    asked = f"/_lifecycle/toolbar/requests?of={first}&of=none.such&of=&of=\xe4.\u4e7e"

    with client.get(asked, headers=FETCH) as answer:
        [said] = answer.get_json()["requests"]
    trace = lifecycle.traces(app)[1]
    assert (said["id"], said["status"], said["document"]) == (trace.id, 200, True)
    assert said["view"]["name"] == "made"
    mixed = f"{first.partition('.')[0]}.{second.partition('.')[2]}"
    for wrong in (mixed, first.partition(".")[0], f"{first}0", ""):
        with client.get(f"/_lifecycle/toolbar/requests?of={wrong}", headers=FETCH) as answer:
            assert answer.status_code == 404
    with client.get("/_lifecycle/api/traces", headers=FETCH) as answer:
        assert answer.status_code == 403
    with client.get(asked, headers={**FETCH, "Sec-Fetch-Site": "cross-site"}) as answer:
        assert answer.status_code == 403


def test_a_page_is_told_what_of_its_own_is_on_its_way() -> None:
    """Asked from inside the requests that run, as they end with their view."""
    app, lifecycle = app_of_pages()
    seen: list[list[str]] = []
    names: list[str] = []

    def ask(name: str) -> list[t.Any]:
        with app.test_client().get(
            f"/_lifecycle/toolbar/requests?of={name}", headers=FETCH
        ) as answer:
            [said] = answer.get_json()["requests"]
        return t.cast("list[t.Any]", said["caused"])

    @app.get("/hangs")
    def hangs() -> str:
        running = ask(page)
        seen.append([each["path"] for each in running])
        names.extend(each["name"] for each in running)
        return "x"

    def send(path: str, on: str = "/", **more: str) -> None:
        headers = {**FETCH, "Referer": f"http://localhost{on}", "User-Agent": "a browser", **more}
        app.test_client().get(path, headers=headers).close()

    browser = {**OPENED, "User-Agent": "a browser"}
    page = name_in(app.test_client().get("/", headers=browser))
    send("/hangs")
    assert seen.pop() == ["/hangs"]
    assert names == [f"{lifecycle.traces(app)[0].id}.{names[0].partition('.')[2]}"]
    # It has ended; the browser does not tell the page if its script did not read the answer.
    assert [(each["path"], each["status"]) for each in ask(page)] == [("/hangs", 200)]
    assert ask(page) == []  # told once
    with app.test_client().get(
        f"/_lifecycle/toolbar/requests?of={names[0]}", headers=FETCH
    ) as answer:
        assert answer.get_json()["requests"][0]["path"] == "/hangs"
    for more in (
        {"on": "/data"},
        {"Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Site": "cross-site"},
        {"User-Agent": "another browser"},
    ):
        send("/hangs", **more)
        assert seen.pop() == [], more

    # Two pages of one address: neither is told, until one says that it was left.
    alike = name_in(app.test_client().get("/", headers=browser))
    send("/hangs")
    assert seen.pop() == []
    for name, status in ((f"{alike}0", 404), (alike, 204)):
        with app.test_client().post(
            f"/_lifecycle/toolbar/requests?of={name}&shown=0", headers=FETCH
        ) as answer:
            assert answer.status_code == status
        send("/hangs")
        assert seen.pop() == (["/hangs"] if status == 204 else [])
    assert [each["path"] for each in ask(page)] == ["/hangs"]  # it has ended, too
    app.test_client().post(f"/_lifecycle/toolbar/requests?of={alike}&shown=1").close()
    send("/hangs")
    assert seen.pop() == []


def test_only_what_a_script_of_the_page_fetched_is_followed() -> None:
    app, lifecycle = app_of_pages()
    client = app.test_client()
    name = name_in(client.get("/data", headers=FETCH))
    assert name.partition(".")[0] == lifecycle.traces(app)[0].id
    for headers in (
        {},
        {**FETCH, "Sec-Fetch-Site": "cross-site"},
        {**FETCH, "Sec-Fetch-Site": "same-site"},
        {**FETCH, "Sec-Fetch-Dest": "image"},
        OPENED,
    ):
        assert "Server-Timing" not in client.get("/data", headers=headers).headers


def test_the_apps_own_timings_stay() -> None:
    app, _ = app_of_pages()
    sent = app.test_client().get("/timed", headers=FETCH).headers.get_all("Server-Timing")
    assert sent[0] == "db;dur=5"
    assert len(sent) == 2


@pytest.mark.parametrize("config", [{"LIFECYCLE_HEADER": None}, {"LIFECYCLE_TOOLBAR": False}])
def test_without_header_or_toolbar_nothing_is_followed(config: dict[str, t.Any]) -> None:
    response = ask(lambda: {"x": 1}, headers=FETCH, **config)
    assert "Server-Timing" not in response.headers


@pytest.mark.parametrize(("kind", "headers"), [("page", OPENED), ("data", FETCH)])
def test_redirects_are_told_with_what_they_led_to(kind: str, headers: dict[str, str]) -> None:
    app, lifecycle = app_of_pages()
    client = app.test_client()
    path = f"/from/{kind}"
    while "Location" in (response := client.get(path, headers=headers)).headers:
        path = response.headers["Location"]
    ids = [trace.id for trace in lifecycle.traces(app)]
    with client.get(
        f"/_lifecycle/toolbar/requests?of={name_in(response)}", headers=FETCH
    ) as answer:
        [said] = answer.get_json()["requests"]
    assert [*(each["id"] for each in said["redirects"]), said["id"]] == ids[::-1]
    # Flask 3.2 answers 303.
    assert [each["status"] for each in said["redirects"]] in ([302, 302], [303, 303])


class Route(t.NamedTuple):
    ignored: bool = False


class Trace:
    """Stands for a running request."""

    id, path, parent, unhandled = "0" * 24, "/", None, False
    toolbar = added = None

    def __init__(self, route: Route | None) -> None:
        self.route = route
        self.hidden = route is not None and route.ignored


ENDS = ("", "</body>", "</BODY >\n</html\t>\r\n", "</html>", "</body></body>", "</body> x", "\x0b")
INSIDE = (
    *("", "x", "<b>é</b>", "<BASE href=//elsewhere/>", "<base href=/>", "x" * 5000 + "</body>"),
    *("<script nonce=1>", "Content-Security-Policy", "content-security-polic", "<script NONCE=a>"),
    "<meta http-equiv=CONTENT-SECURITY-POLICY content=\"script-src 'nonce-a'\">",
)
HEADERS = (
    *(("X-More", "1"), ("Cache-Control", "max-age=3"), ("ETag", '"1"'), ("Content-Length", "7")),
    *(("content-type", "text/plain"), ("Content-Disposition", "attachment"), ("\u212a", "kelvin")),
    *(("Content-Security-Policy", "default-src 'none'"), ("Content-Encoding", "br")),
)
ASKED: tuple[dict[str, str], ...] = (
    *({}, {"REQUEST_METHOD": "HEAD"}, {"HTTP_RANGE": "bytes=0-1"}, {"HTTP_HX_REQUEST": "true"}),
    *({"HTTP_SEC_FETCH_DEST": "empty"}, {"SCRIPT_NAME": "/mounted"}, {"HTTP_X_PJAX": "1"}),
)
TYPES = (
    *("text/html; charset=utf-8", "text/html", "text/html; charset=utf-16", "application/json"),
    "TEXT/HTML; charset=ascii",
)


@settings(deadline=None, max_examples=400)
@given(
    body=st.tuples(st.sampled_from(("", "<p>", "\xff\xfe")), *[st.sampled_from(INSIDE)] * 2)
    .map("".join)
    .flatmap(lambda body: st.sampled_from([f"{body}{end}" for end in ENDS])),
    headers=st.lists(st.sampled_from(HEADERS), max_size=2),
    kind=st.sampled_from((Response, Response, type("Other", (Response,), {}))),
    asked=st.sampled_from(ASKED),
    content_type=st.sampled_from(TYPES),
    status=st.sampled_from((200, 200, 404, 302)),
    route=st.sampled_from((None, Route(), Route(ignored=True))),
)
def test_it_is_inserted_in_the_same_way_compiled_and_in_python(
    body: str,
    headers: list[tuple[str, str]],
    kind: type[Response],
    asked: dict[str, str],
    content_type: str,
    status: int,
    route: Route | None,
) -> None:
    method: t.Any = Toolbar.on_response
    environ = {"HTTP_SEC_FETCH_DEST": "document", "REQUEST_METHOD": "GET", **asked}
    found = []
    for on_response in (method, getattr(method, "__wrapped__", method)):
        response = kind(body.encode("latin-1"), status, content_type=content_type)
        for name, value in headers:
            response.headers.add(name, value)
        whole = vars(response).copy(), [*response.headers]
        trace = Trace(route)
        sent = on_response(Toolbar("/_lifecycle", "secret"), response, trace, environ)
        # The app may keep its own.
        assert (vars(response), [*response.headers]) == whole
        assert type(sent) is kind
        assert (sent is response) == (trace.toolbar != CARRIED)
        found.append((sent.data, [*sent.headers], sent.status, trace.toolbar, trace.added))
        if sent is not response:
            # What is remembered is a copy.
            sent.headers["X-Later"] = "1"
            assert ("X-Later", "1") not in t.cast("t.Any", trace.added).after
            both: t.Any = t.cast("t.Any", trace.added).both or ([], [])
            assert ("X-Later", "1") not in both[0] + both[1]
    assert found[0] == found[1]

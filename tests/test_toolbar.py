"""Which responses carry the toolbar, and what becomes of those that do."""

from __future__ import annotations

import re
import typing as t

import pytest
from flask import Flask, Response, make_response, session
from werkzeug.test import TestResponse

from flask_lifecycle import Lifecycle

PAGE = "<!doctype html><title>x</title><body><p>page</p></body>"
TAG = re.compile(rb'<script type="module" src="[^"]+" data-[^>]*></script>')


def ask(made: t.Any, method: str = "GET", headers: t.Any = None, **config: t.Any) -> TestResponse:
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
        (html(PAGE, 500), True),
        (html(PAGE, 302), False),
        (html("", 204), False),
        (html(PAGE, 206), False),
        (html(PAGE, Content_Encoding="br"), False),
        (html(PAGE, Content_Disposition="attachment; filename=x.html"), False),
        (lambda: Response(PAGE, content_type="application/json"), False),
        (lambda: Response(PAGE, content_type=None, headers={"Content-Type": ""}), False),
        (html(iter([PAGE])), False),
        (html("<p>a fragment</p>"), False),
        (html("<!DOCTYPE HTML><p>no body"), True),
        (html("\ufeff<!doctype html><p>bom"), True),
        (html("<!-- first --> <html><p>comment"), True),
        (html("<BODY>capitals</BODY >"), True),
        (html(""), False),
    ],
)
def test_only_whole_pages_carry_it(made: t.Any, expected: bool) -> None:
    assert carries(ask(made)) is expected


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Requested-With": "XMLHttpRequest"},
        {"HX-Request": "true"},
        {"Turbo-Frame": "part"},
        {"Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Dest": "iframe"},
    ],
)
def test_what_a_script_fetches_does_not(headers: dict[str, str]) -> None:
    assert not carries(ask(html(PAGE), headers=headers))


def test_head_put_and_off_do_not() -> None:
    assert ask(html(PAGE), "HEAD").headers["Content-Length"] == str(len(PAGE))
    assert not carries(ask(html(PAGE), "PUT"))
    assert not carries(ask(html(PAGE), LIFECYCLE_TOOLBAR=False))


def test_it_stands_before_the_last_end_of_the_body() -> None:
    page = "<html><script>const a = '</body>'; // </body>\n</script><body>x</body></html>"
    data = ask(html(page)).data
    assert TAG.sub(b"", data).decode() == page
    assert data.endswith(b"</script></body></html>")


def test_length_is_mended_and_caches_are_told() -> None:
    response = ask(html(PAGE, ETag='"x"', Last_Modified="Sat, 21 Nov 2026 00:00:00 GMT"))
    assert response.headers["Content-Length"] == str(len(response.data))
    assert "ETag" not in response.headers
    assert "Last-Modified" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("charset", "expected"),
    [("iso-8859-1", True), ("windows-1252", True), ("utf-16", False), ("none-such", False)],
)
def test_other_charsets_stay_what_they_were(charset: str, expected: bool) -> None:
    body = PAGE.replace("page", "caf\xe9")
    data = body.encode("latin-1" if charset == "none-such" else charset)
    response = ask(lambda: Response(data, content_type=f"text/html; charset={charset}"))
    assert TAG.sub(b"", response.data) == data
    assert carries(response) is expected


def test_the_pages_own_nonce_is_on_it() -> None:
    policy = "script-src 'nonce-abc123=' 'strict-dynamic'"
    response = ask(html(PAGE, Content_Security_Policy=policy))
    assert b'nonce="abc123="' in response.data
    assert response.headers["Content-Security-Policy"] == policy


def test_the_session_is_not_touched() -> None:
    assert "Vary" not in ask(html(PAGE)).headers

    def reads() -> Response:
        session.get("x")
        return make_response(PAGE)

    assert ask(reads).headers["Vary"] == "Cookie"


def test_a_page_of_50_mb_passes() -> None:
    page = f"<html><body>{'x' * 50_000_000}</body></html>"
    assert carries(ask(html(page)))


def test_the_page_may_ask_for_its_own_request_and_no_other() -> None:
    app = Flask(__name__)
    app.debug = True
    app.add_url_rule("/", "view", html(PAGE))
    lifecycle = Lifecycle(app)
    client = app.test_client()
    page = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors"}
    urls = []
    for _ in range(2):
        with client.get("/") as answer:
            found = re.search(r'data-url="([^"]+)"', answer.get_data(as_text=True))
            assert found is not None
            urls.append(found[1])
    first, second = (url.rpartition("/") for url in urls)

    with client.get(urls[0], headers=page) as answer:
        said = answer.get_json()
    assert said["id"] == lifecycle.traces(app)[1].id
    assert said["status"] == 200
    assert [name for _, name, _ in said["hooks"]] == ["made"]
    with client.get(f"{first[0]}/{second[2]}", headers=page) as answer:
        assert answer.status_code == 404
    with client.get("/_lifecycle/api/traces", headers=page) as answer:
        assert answer.status_code == 403
    with client.get(urls[0], headers={**page, "Sec-Fetch-Site": "cross-site"}) as answer:
        assert answer.status_code == 403

"""Which request made a browser send another one, told by what browsers say."""

from __future__ import annotations

import gc
import typing as t
import weakref

import pytest
from flask import Flask, redirect, request

from flask_lifecycle import Lifecycle

PAGE = {"Sec-Fetch-Dest": "document"}
HOST = "http://localhost"


class Browser:
    """Sends what a browser sends, and says which request was named as the cause of which."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def get(self, path: str, dest: str = "document", on: str | None = None, **more: str) -> str:
        headers = {"Sec-Fetch-Dest": dest, "User-Agent": "a browser"}
        if on is not None:
            headers["Referer"] = on if "://" in on else f"{HOST}{on}"
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        client = self.app.test_client()
        answer = client.get(path, headers={each: v for each, v in headers.items() if v})
        return answer.headers["X-Lifecycle-Trace"]

    def background(self, trace: str) -> str | None:
        answer = self.app.test_client().get("/_lifecycle/api/traces")
        traces: dict[str, str | None] = {
            each["id"]: each["background"] for each in t.cast("t.Any", answer.json)["traces"]
        }
        return traces[trace]

    def causes(self) -> dict[str, str | None]:
        answer = self.app.test_client().get("/_lifecycle/api/traces")
        return {each["id"]: each["cause"] for each in t.cast("t.Any", answer.json)["traces"]}


@pytest.fixture
def browser() -> Browser:
    app = Flask("caused")
    app.debug = True
    Lifecycle(app)

    @app.get("/go")
    def go() -> t.Any:
        return redirect(request.args["to"])

    @app.get("/inside")
    def inside() -> str:
        return app.test_client().get("/a", headers=PAGE).text

    app.add_url_rule("/<path:path>", "any", view_func=lambda path: path)
    app.add_url_rule("/", "home", view_func=lambda: "/")
    return Browser(app)


@pytest.mark.parametrize("path", ["/a", "/a?b=c&d=%2F", "/%C3%A4/%F0%9F%92%A5", "/"])
@pytest.mark.parametrize("dest", ["empty", "style", "image", "iframe"])
def test_what_a_page_asks_for_belongs_to_it(browser: Browser, path: str, dest: str) -> None:
    page = browser.get(path)
    part = browser.get("/x", dest, on=path)
    assert browser.causes() == {part: page, page: None}


def test_a_link_to_another_page_does_not(browser: Browser) -> None:
    first = browser.get("/a")
    second = browser.get("/b", on="/a")
    assert browser.causes() == {second: None, first: None}


@pytest.mark.parametrize(
    "headers",
    [
        {"on": "http://elsewhere/a"},
        {"on": "http://localhost:8000/a"},
        {"on": "http://[/a"},
        {"on": "/other"},
        {"on": None},
        {"on": "/a", "User_Agent": "another browser"},
        {"on": "/a", "dest": ""},
    ],
)
def test_what_may_be_of_another_page_is_not_guessed(
    browser: Browser, headers: dict[str, t.Any]
) -> None:
    browser.get("/a")
    part = browser.get("/x", **{"dest": "empty", **headers})
    assert browser.causes()[part] is None


def test_two_pages_of_one_address_are_not_told_apart(browser: Browser) -> None:
    browser.get("/a")
    browser.get("/a")
    part = browser.get("/x", "empty", on="/a")
    assert browser.causes()[part] is None


def test_a_reload_takes_the_place_of_the_page(browser: Browser) -> None:
    browser.get("/a")
    again = browser.get("/a", Cache_Control="max-age=0")
    part = browser.get("/x", "empty", on="/a")
    assert browser.causes()[part] == again


def test_a_page_that_was_left_and_opened_again(browser: Browser) -> None:
    first = browser.get("/a")
    browser.get("/b", on="/a")
    back = browser.get("/x", "empty", on="/a")
    browser.get("/b", on="/a", Cache_Control="max-age=0")
    browser.get("/b", on="/a")
    second = browser.get("/a", on="/b")
    part = browser.get("/x", "empty", on="/a")
    causes = browser.causes()
    assert causes[back] == first
    assert causes[part] == second


def test_a_page_that_hides_its_path_is_not_taken_for_the_home_page(browser: Browser) -> None:
    home = browser.get("/")
    own = browser.get("/x", "empty", on="/")
    browser.get("/secret")
    hidden = browser.get("/x", "empty", on="/")
    causes = browser.causes()
    assert causes[own] == home
    assert causes[hidden] is None


@pytest.mark.parametrize("path", ["/json", "/fails"])
def test_what_is_no_page_hides_nothing(browser: Browser, path: str) -> None:
    browser.app.add_url_rule("/json", "json", view_func=lambda: {"a": 1})
    browser.app.add_url_rule("/fails", "fails", view_func=lambda: str(1 / 0))
    if path == "/fails":
        with pytest.raises(ZeroDivisionError):
            browser.get(path)
    else:
        browser.get(path)
    home = browser.get("/")
    own = browser.get("/x", "empty", on="/")
    assert browser.causes()[own] == home


@pytest.mark.parametrize("to", ["/a", "/a?b=c", f"{HOST}/a#there", "a"])
@pytest.mark.parametrize("dest", ["document", "empty", ""])
def test_a_redirect_leads_to_the_next(browser: Browser, to: str, dest: str) -> None:
    first = browser.get(_go(to), dest)
    path = "/" + to.removeprefix(HOST).partition("#")[0].removeprefix("/")
    second, third = browser.get(path, dest), browser.get(path, dest)
    causes = browser.causes()
    assert causes[second] == first
    assert causes[third] is None


@pytest.mark.parametrize(("seconds", "is_led"), [(5, True), (60, False)])
def test_a_redirect_is_followed_soon_if_at_all(
    browser: Browser, seconds: int, is_led: bool
) -> None:
    first, second = browser.get(_go("/a")), browser.get("/a")
    store = browser.app.extensions["lifecycle"]._store
    trace = store.get(second)
    trace.origin = store.get(first).ended + seconds
    # Its id has the time, too.
    assert browser.causes()[trace.id] == (first if is_led else None)


def test_a_redirect_to_elsewhere_leads_nowhere(browser: Browser) -> None:
    browser.get(_go("http://elsewhere/a"))
    page = browser.get("/a")
    assert browser.causes()[page] is None


def test_two_redirects_to_one_place_are_not_told_apart(browser: Browser) -> None:
    browser.get(_go("/a"))
    browser.get(_go("/a"))
    page = browser.get("/a")
    assert browser.causes()[page] is None


def test_what_redirects_is_no_page(browser: Browser) -> None:
    browser.get(_go("/a"))
    page = browser.get("/a")
    part = browser.get("/x", "empty", on=_go("/a"))
    own = browser.get("/x", "empty", on="/a")
    causes = browser.causes()
    assert causes[part] is None
    assert causes[own] == page


def test_what_was_sent_inside_a_request_has_a_parent_instead(browser: Browser) -> None:
    outer = browser.get("/inside")
    (inner,) = browser.causes().keys() - {outer}
    assert browser.causes() == {inner: None, outer: None}


def test_all_the_same_where_somebody_looks_only_later(browser: Browser) -> None:
    page = browser.get("/a")
    before = browser.causes()
    part = browser.get("/x", "empty", on="/a")
    assert {**browser.causes(), **before} == {part: page, page: None}


def test_no_request_is_kept_for_it(browser: Browser) -> None:
    store = browser.app.extensions["lifecycle"]._store
    for number in range(20):
        browser.get("/a", User_Agent=f"browser {number}")
    kept = [weakref.ref(trace) for trace in store.newest()]
    assert browser.causes()
    store.clear()
    gc.collect()
    assert [each() for each in kept if each() is not None] == []


def _go(to: str) -> str:
    return f"/go?to={to.replace('?', '%3F').replace('#', '%23').replace('=', '%3D')}"


@pytest.mark.parametrize(
    ("headers", "background"),
    [
        ({"dest": "document"}, None),
        ({"dest": ""}, None),
        ({"dest": "empty"}, "loading"),
        ({"dest": "empty", "Accept": "text/html, application/xhtml+xml"}, None),
        ({"dest": "empty", "Sec_Fetch_Mode": "no-cors"}, "always"),
        ({"dest": "image"}, "always"),
        ({"dest": "iframe", "Accept": "text/html,*/*"}, "always"),
    ],
)
def test_what_a_page_sends_by_itself(
    browser: Browser,
    headers: dict[str, str],
    background: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # However long a busy machine takes for two requests.
    monkeypatch.setattr("flask_lifecycle.panel.background._LOADING", 3600)
    browser.get("/a")
    assert browser.background(browser.get("/x", on="/a", **headers)) == background


def test_what_is_asked_for_again_is_a_poll(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_lifecycle.panel.background._LOADING", -1)
    # The page reports input, however long a busy machine takes for some requests.
    monkeypatch.setattr("flask_lifecycle.toolbar.inject._PATIENCE", 3600 * 10**9)

    def ask(path: str, on: str = "/a") -> str | None:
        return browser.background(browser.get(path, "empty", on=on))

    browser.get("/a")
    assert [ask("/poll?since=1"), ask("/poll?since=2"), ask("/poll?since=3")] == [
        None,
        "always",
        "always",
    ]
    # Others are asked for the first time.
    assert [ask("/poll"), ask("/poll?page=1"), ask("/polls"), ask("/poll?since=1", on="/b")] == [
        *[None] * 4
    ]
    # The same button on a page that was loaded again.
    browser.get("/a")
    assert ask("/poll?since=9") is None


def test_what_is_sent_to_change_something_is_a_persons(browser: Browser) -> None:
    @browser.app.post("/write")
    def write() -> str:
        return ""

    browser.get("/a")
    headers = {"Sec-Fetch-Dest": "empty", "User-Agent": "a browser", "Referer": f"{HOST}/a"}
    for _ in range(2):
        answer = browser.app.test_client().post("/write", headers=headers)
        assert browser.background(answer.headers["X-Lifecycle-Trace"]) is None

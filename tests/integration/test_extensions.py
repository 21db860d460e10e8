"""Pages of extensions that many use are what they are without the lifecycle, but for one tag."""

from __future__ import annotations

import re
import types
import typing as t

import pytest
from itsdangerous import TimestampSigner
from werkzeug.test import TestResponse

from tests.helpers.apps import OPENED, TAG
from tests.helpers.extensions import EXTENSIONS, make

Ask = tuple[str, str, dict[str, str]]

GZIP = {"Accept-Encoding": "gzip, deflate, br, zstd"}
ADA = {"Authorization": "Basic YWRhOmVuZ2luZQ=="}
ORIGIN = {"Origin": "http://elsewhere.example"}
PREFLIGHT = {**ORIGIN, "Access-Control-Request-Method": "PUT"}
ASKED: dict[str, list[Ask]] = {
    "admin": [
        ("GET", "/admin/", {}),
        ("GET", "/admin/book/", {}),
        ("GET", "/admin/book/new/", {}),
        ("GET", "/admin/static/admin/css/bootstrap4/admin.css", {}),
    ],
    "caching": [("GET", "/", {}), ("GET", "/", {}), ("GET", "/part", {}), ("GET", "/part", {})],
    "compress": [
        ("GET", "/", GZIP),
        *[("GET", "/large", {"Accept-Encoding": each}) for each in ("gzip", "br", "zstd", "")],
        ("HEAD", "/large", GZIP),
        ("HEAD", "/large", {}),
        ("GET", "/stream", GZIP),
        ("GET", "/stream", {}),
    ],
    "cors": [
        ("GET", "/", ORIGIN),
        ("GET", "/data", ORIGIN),
        ("OPTIONS", "/data", PREFLIGHT),
        ("OPTIONS", "/", {}),
    ],
    "httpauth": [("GET", "/", {}), ("GET", "/own", {}), ("GET", "/own", ADA), ("HEAD", "/own", {})],
    "login": [
        ("GET", "/", {}),
        ("GET", "/own", {}),
        ("GET", "/enter", {}),
        ("GET", "/own", {}),
        ("GET", "/", {}),
    ],
    "smorest": [
        ("GET", "/", {}),
        ("GET", "/openapi.json", {}),
        ("GET", "/pets/", {}),
        ("POST", "/pets/", {}),
        ("GET", "/nowhere", {}),
    ],
    "sqlalchemy": [("GET", "/", {}), ("GET", "/nowhere", {})],
    "sqlalchemy_lite": [("GET", "/", {})],
    "wtf": [("GET", "/", {}), ("POST", "/", {})],
}
#: The pages that carry the toolbar; all else is sent as it is.
CARRY = {
    "admin": {"/admin/", "/admin/book/", "/admin/book/new/"},
    "caching": {"/", "/part"},
    "compress": {"/", "/large"},
    "cors": {"/"},
    "httpauth": {"/", "/own"},
    "login": {"/", "/own"},
    "smorest": {"/"},
    "sqlalchemy": {"/", "/nowhere"},
    "sqlalchemy_lite": {"/"},
    "wtf": {"/"},
}


@pytest.fixture(autouse=True)
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens and session cookies bear the second in which they were signed, and chance."""
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _self: 1_700_000_000)
    monkeypatch.setattr("os.urandom", lambda size: b"x" * size)
    # As does what is compressed.
    monkeypatch.setattr("gzip.time", types.SimpleNamespace(time=lambda: 1_700_000_000))


def answers(name: str, asked: list[Ask], *, watched: bool) -> list[TestResponse]:
    """Send requests one after the other, as one browser does."""
    client = make(name, watched=watched).test_client()
    return [
        client.open(path, method=method, headers={**OPENED, **headers}, buffered=True)
        for method, path, headers in asked
    ]


def headers_of(answer: TestResponse, *ignored: str) -> list[tuple[str, str]]:
    skipped = {"Date", "X-Lifecycle-Trace", *ignored}
    # The time to which a cookie is kept is that of the answer, and a second.
    return sorted(
        (name, re.sub("Expires=[^;]+", "", value))
        for name, value in answer.headers
        if name not in skipped
    )


# Flask-Login's cookies call what Python 3.12 deprecated.
@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
@pytest.mark.parametrize("name", EXTENSIONS)
def test_answers_are_as_without_but_for_the_tag(name: str) -> None:
    watched, bare = (answers(name, ASKED[name], watched=each) for each in (True, False))
    carried: set[str] = set()
    for (method, path, _), ours, theirs in zip(ASKED[name], watched, bare, strict=True):
        body = TAG.sub(b"", ours.data, count=1)
        assert (ours.status, body) == (theirs.status, theirs.data), (method, path)
        if len(body) == len(ours.data):
            assert headers_of(ours) == headers_of(theirs), (method, path)
            continue
        carried.add(path)
        changed = ("Content-Length", "ETag", "Last-Modified", "Cache-Control")
        assert headers_of(ours, *changed) == headers_of(theirs, *changed)
        assert ours.headers["Content-Length"] == str(len(ours.data))
        assert ours.headers["Cache-Control"] == "no-store"
        assert not {"ETag", "Last-Modified"} & {*ours.headers.keys()}
    assert carried == CARRY[name]


def test_what_is_compressed_stays_so_and_says_why() -> None:
    app = make("compress", watched=True)
    bare = make("compress", watched=False).test_client()
    client = app.test_client()
    for encoding in ("gzip", "br", "zstd"):
        headers = {**OPENED, "Accept-Encoding": encoding}
        ours, theirs = (each.get("/large", headers=headers) for each in (client, bare))
        assert ours.headers["Content-Encoding"] == encoding
        assert ours.data == theirs.data
        assert ours.headers["ETag"] == theirs.headers["ETag"]
        # What the browser then asks with is answered as without.
        headers["If-None-Match"] = ours.headers["ETag"]
        ours, theirs = (each.get("/large", headers=headers) for each in (client, bare))
        assert ours.status == theirs.status == "304 NOT MODIFIED"
        assert headers_of(ours) == headers_of(theirs)
        traces = t.cast("t.Any", client.get("/_lifecycle/api/traces?q=status:200").json)["traces"]
        assert traces[0]["toolbar"] == f"it is sent with Content-Encoding: {encoding}"


def test_a_form_that_was_shown_with_the_toolbar_can_be_sent() -> None:
    client = make("wtf", watched=True).test_client()
    page = client.get("/", headers=OPENED).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token is not None
    sent = client.post("/", data={"csrf_token": token[1], "name": "Ada"}, headers=OPENED)
    assert "Hello, Ada!" in sent.text
    refused = client.post("/", data={"csrf_token": "x", "name": "Ada"}, headers=OPENED)
    assert "Hello" not in refused.text


def test_what_an_extension_keeps_holds_no_tag() -> None:
    app = make("caching", watched=True)
    first, second = (app.test_client().get("/", headers=OPENED) for _ in range(2))
    tags = [TAG.findall(each.data) for each in (first, second)]
    assert [len(each) for each in tags] == [1, 1]
    assert tags[0] != tags[1]
    assert TAG.sub(b"", first.data) == TAG.sub(b"", second.data)

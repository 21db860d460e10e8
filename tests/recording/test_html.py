"""The page of a recording: its script, allowed by hash, and data that no text of a request ends."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from flask_lifecycle.recording import Recording
from tests.helpers.recordings import SAVED

HOSTILE = "</script><script>alert(1)</script><!--<script>]]>\u2028\u2029\0\ud800__proto__"


class Parsed(HTMLParser):
    """Collect the tags of a page, and the texts in its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self.scripts[-1] += data


@pytest.fixture(scope="module")
def hostile() -> Recording:
    [trace] = Recording.load(SAVED / "0.1.0" / "page.json").traces
    steps = (
        replace(trace.steps[0], name=HOSTILE, detail={"__proto__": HOSTILE, HOSTILE: [HOSTILE]}),
        *trace.steps[1:],
    )
    return Recording.of([replace(trace, method=HOSTILE, path=f"/{HOSTILE}", steps=steps)])


def test_no_text_of_a_request_is_markup(hostile: Recording) -> None:
    page = hostile.to_html().decode()
    parsed = Parsed(page)
    assert [tag for tag, _ in parsed.tags] == [
        *("html", "head", "meta", "meta", "meta", "meta", "meta", "link", "title", "body"),
        *("noscript", "script", "script"),
    ]
    document, script = parsed.scripts
    assert document.isascii()
    assert "<" not in document
    assert json.loads(document) == json.loads(hostile.to_bytes())
    assert "</script" not in script.lower()
    assert "<!--" not in script


def test_only_its_own_script_runs_and_nothing_is_loaded(hostile: Recording) -> None:
    parsed = Parsed(hostile.to_html().decode())
    [policy] = [
        attributes["content"] or ""
        for tag, attributes in parsed.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(each.strip().split(" ", 1) for each in policy.split(";"))
    digest = base64.b64encode(hashlib.sha256(parsed.scripts[1].encode()).digest()).decode()
    assert rules.pop("script-src") == f"'sha256-{digest}'"
    assert rules == {
        "default-src": "'none'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    assert not [each for _, each in parsed.tags if "src" in each]
    assert [each["href"] for _, each in parsed.tags if "href" in each] == ["data:,"]


def test_the_title_says_what_is_in_it(hostile: Recording) -> None:
    [trace] = hostile.traces
    one = replace(trace, method="GET", path="/books/7")
    page = Recording.of([one]).to_html().decode()
    assert "<title>GET /books/7 · flask-lifecycle</title>" in page
    several = Recording.of([one, replace(one, id="2")])
    named = replace(several, made=replace(several.made, app="<shop>"))
    assert "<title>2 requests of &lt;shop&gt; · flask-lifecycle</title>" in named.to_html().decode()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<!doctype html><title>x</title>", "it is HTML, but has no recording in it."),
        (" \n<p>", "it is HTML, but has no recording in it."),
        ('<script type="application/json" id="lifecycle-recording">{"format"', "it is cut off."),
        (
            '<script type="application/json" id="lifecycle-recording">{"format":</script>',
            "it is not JSON: Expecting value",
        ),
        (
            '<script type="application/json" id="lifecycle-recording">[]</script>',
            "it is JSON, but not of a recording",
        ),
    ],
)
def test_another_page_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "bug.html"
    path.write_text(text)
    with pytest.raises(ValueError, match=re.escape(says)) as caught:
        Recording.load(path)
    assert str(caught.value).startswith("bug.html cannot be read: ")


def test_a_page_that_is_cut_anywhere_is_refused_with_a_sentence(hostile: Recording) -> None:
    content = hostile.to_html()
    end = content.index(b"</script>")
    for length in (*range(1, end, 997), end):
        with pytest.raises(ValueError, match=r"^(it|the recording in it) is .*|^its"):
            Recording.from_bytes(content[:length])
    # All after it is the script's.
    assert Recording.from_bytes(content[: end + 9]) == Recording.from_bytes(content)

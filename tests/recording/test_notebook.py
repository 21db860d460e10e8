"""What notebooks show: a frame without rights, or text where a page cannot be."""

from __future__ import annotations

import html
from dataclasses import replace
from pathlib import Path

import pytest

from flask_lifecycle.recording import Recording, notebook
from flask_lifecycle.recording import html as recording_html
from tests.helpers.recordings import SAVED

[TRACE] = Recording.load(SAVED / "0.1.0" / "page.json").traces


def test_a_trace_is_shown_as_its_page_in_a_frame() -> None:
    shown = TRACE._repr_html_()
    assert shown is not None
    head, _, rest = shown.partition('srcdoc="')
    assert head.startswith('<iframe sandbox="allow-scripts ')
    assert "allow-same-origin" not in head
    page, _, tail = rest.partition('"')
    assert tail == "></iframe>"
    assert Recording.from_bytes(html.unescape(page).encode()).traces == (TRACE,)
    assert Recording.of([TRACE])._repr_html_().count("<iframe") == 1


def test_no_text_of_a_request_leaves_the_frame() -> None:
    hostile = replace(TRACE, path='/"></iframe><script>alert(1)</script>')
    shown = hostile._repr_html_() or ""
    assert shown.count("<") == 2
    assert shown.count('"') == shown.partition("srcdoc=")[0].count('"') + 2


@pytest.mark.parametrize("why", ["large", "not built"])
def test_where_a_page_cannot_be_there_is_text(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, why: str
) -> None:
    if why == "large":
        monkeypatch.setattr(notebook, "_MOST", 10_000)
    else:
        monkeypatch.setattr(recording_html, "SCRIPT", tmp_path / "nowhere.js")
    shown = replace(TRACE, path="/<script>")._repr_html_() or ""
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert "<iframe" not in shown

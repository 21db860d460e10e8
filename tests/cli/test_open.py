from __future__ import annotations

import sys
import webbrowser
from pathlib import Path

import pytest

from flask_lifecycle.recording import Recording
from tests.helpers.cli import run, sent
from tests.helpers.history import make, served

ON_LINUX = sys.platform not in ("win32", "cygwin", "darwin")


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    with served(make()) as there:
        sent(there, "/a")
    file = tmp_path / "bug.json"
    run(there.app, "export", "-o", str(file))
    return file


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List what the browser is asked to open."""
    urls: list[str] = []

    class Browser(webbrowser.BaseBrowser):
        def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
            urls.append(url)
            return True

    monkeypatch.setattr("webbrowser._tryorder", ["of-the-test"])
    monkeypatch.setattr("webbrowser._browsers", {"of-the-test": [None, Browser()]})
    return urls


def test_a_page_is_made_of_a_recording_and_opened(saved: Path, opened: list[str]) -> None:
    done = run(make(), "open", str(saved), DISPLAY=":0")
    assert done.code == 0, done.err
    (url,) = opened
    assert done.out == f"Opened {url.removeprefix('file://')}\n"
    page = Path(url.removeprefix("file://"))
    assert Recording.load(page).traces == Recording.load(saved).traces
    assert page.parent.stat().st_mode & 0o077 == 0


def test_no_script_of_a_page_is_run_but_ours(
    saved: Path, opened: list[str], tmp_path: Path
) -> None:
    page = tmp_path / "bug.html"
    Recording.load(saved).save(page)
    page.write_text(page.read_text().replace("</body>", "<script>evil()</script></body>"))
    assert run(make(), "open", str(page), DISPLAY=":0").code == 0
    assert "evil()" not in Path(opened[0].removeprefix("file://")).read_text()


@pytest.mark.skipif(not ON_LINUX, reason="other systems always have a display")
def test_without_a_display_the_page_is_named(saved: Path, opened: list[str]) -> None:
    done = run(make(), "open", str(saved), DISPLAY=None, WAYLAND_DISPLAY=None, BROWSER=None)
    assert done.out.startswith("There is no display. The page is /")
    assert done.out.endswith("recording.html\n")
    assert opened == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "bug.json cannot be read"),
        (b"{}", "bug.json cannot be read"),
        (b"\x1f\x8bnothing", "its compressed content"),
        (b"<html>\x1b[2J", "bug.json cannot be read"),
    ],
)
def test_what_is_no_recording_is_said(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "bug.json"
    file.write_bytes(content)
    done = run(make(), "open", str(file), DISPLAY=":0")
    assert done.code == 1
    assert says in done.err
    assert "\x1b" not in done.err
    assert run(make(), "open", str(tmp_path / "nothing.json")).code == 2

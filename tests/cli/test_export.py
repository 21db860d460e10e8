from __future__ import annotations

import gzip
import json
import stat
from pathlib import Path

import pytest

from flask_lifecycle.recording import Recording
from tests.helpers.cli import run, sent
from tests.helpers.history import make, served


@pytest.mark.parametrize("name", ["bug.json", "bug.json.gz", "BUG.HTML", "bug.html.gz"])
def test_a_recording_has_the_app_and_its_code(tmp_path: Path, name: str) -> None:
    with served(make()) as there:
        ids = sent(there, "/a", "/b", "/c")
    file = tmp_path / name
    done = run(there.app, "export", "last", ids[0], ids[0], "-o", str(file))
    assert done.code == 0, done.err
    assert done.out.startswith(f"Saved 2 requests as {file} (")
    recording = Recording.load(file)
    assert [trace.id for trace in recording.traces] == [ids[2], ids[0]]
    assert recording.app is not None
    assert recording.app["name"] == "shop"
    assert any(each.file.endswith("helpers/history.py") for each in recording.sources)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_without_an_id_all_or_those_that_match_are_saved(tmp_path: Path) -> None:
    with served(make()) as there:
        ids = sent(there, "/a", "/b", "/c")
    file = tmp_path / "all.json"
    assert run(there.app, "export", "-o", str(file)).out.startswith("Saved 3 requests")
    assert [trace.id for trace in Recording.load(file).traces] == ids[::-1]
    done = run(there.app, "export", "-o", str(file), "--filter", "path:/b")
    assert done.out.startswith("Saved 1 request as")
    assert run(there.app, "export", "last", "-f", "x", "-o", str(file)).code == 2
    assert run(there.app, "export", "-f", "path:/z", "-o", str(file)).code == 1


@pytest.mark.parametrize("name", ["bug.har", "bug.har.gz"])
def test_an_archive_is_written_for_other_tools(tmp_path: Path, name: str) -> None:
    with served(make()) as there:
        sent(there, "/a", "/b")
    file = tmp_path / name
    assert run(there.app, "export", "-o", str(file)).code == 0
    data = file.read_bytes()
    archive = json.loads(gzip.decompress(data) if name.endswith(".gz") else data)
    assert [each["request"]["url"].rpartition("/")[2] for each in archive["log"]["entries"]] == [
        "a",
        "b",
    ]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with served(make()) as there:
        sent(there, "/a")
    for name, code, says in (
        ("bug.txt", 2, "bug.txt has an ending that is not known; it takes .html, .json or .har"),
        ("no/such/folder/bug.json", 1, "No such file or directory"),
        ("no/such/folder/bug.har", 1, "No such file or directory"),
    ):
        done = run(there.app, "export", "-o", str(tmp_path / name))
        assert (done.code, done.out) == (code, "")
        assert says in done.err
    assert run(there.app, "export").code == 2

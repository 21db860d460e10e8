"""What is saved is what is loaded; anything else is refused with a sentence."""

from __future__ import annotations

import copy
import gzip
import json
import os
import re
import stat
import tracemalloc
import typing as t
from pathlib import Path

import flask
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_lifecycle import Lifecycle, Trace
from flask_lifecycle.recording import Recording, file
from flask_lifecycle.recording.har import to_har
from flask_lifecycle.trace.compare import compare
from tests.helpers.recordings import SAVED, faults

lifecycle = Lifecycle()


@pytest.fixture(scope="module")
def app() -> flask.Flask:
    app = flask.Flask("shop")
    app.config.update(SECRET_KEY="hunter2", LIFECYCLE_ENABLED=True, LIFECYCLE_BODY_PREVIEW=True)
    lifecycle.init_app(app)

    @app.before_request
    def load_user() -> None:
        flask.g.user = "</script>\u2028<script>alert(1)</script>\udce9"
        flask.g.secret = "hunter2"

    @app.get("/")
    def index() -> str:
        return flask.render_template_string("{{ g.user }}").encode("utf-8", "replace").decode()

    @app.get("/crash")
    def crash() -> str:
        raise RuntimeError("out of stock")

    app.testing = False
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.logger.disabled = True
    client = app.test_client()
    client.get("/?q=a")
    client.get("/crash")
    return app


@pytest.fixture(scope="module")
def recording(app: flask.Flask) -> Recording:
    return Recording.of(lifecycle.traces(app), app=app)


@pytest.fixture(scope="module")
def document(recording: Recording) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json.loads(json.dumps(recording.to_dict())))


def load(content: t.Any) -> Recording:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Recording.from_bytes(data)


@pytest.mark.parametrize(
    "name", ["bug.json", "bug.json.gz", "a.b.JSON", "bug.html", "bug.html.gz", "bug.HTM"]
)
def test_what_is_saved_is_loaded(recording: Recording, tmp_path: Path, name: str) -> None:
    recording.save(tmp_path / name)
    found = Recording.load(str(tmp_path / name))
    assert found.traces == recording.traces
    assert found.sources == recording.sources
    assert found.made == recording.made
    assert found.traces[0].explain() == recording.traces[0].explain()
    assert found.app is not None
    assert [rule["endpoint"] for rule in found.app["rules"]] == ["static", "index", "crash"]


def test_a_recording_has_the_code_of_the_steps_and_no_secret(recording: Recording) -> None:
    codes = ["".join(text for line in each.lines for _, text in line) for each in recording.sources]
    assert any("out of stock" in code for code in codes)
    text = json.dumps(recording.to_dict())
    assert "hunter2" not in text
    assert recording.made.app == "shop"
    assert recording.made.flask


def test_without_its_app_a_recording_has_the_traces_alone(app: flask.Flask) -> None:
    newest = lifecycle.traces(app)[0]
    recording = Recording.of([newest, newest])
    assert (recording.app, recording.sources, recording.traces) == (None, (), (newest,))
    assert faults(json.loads(json.dumps(recording.to_dict()))) == []
    bare = flask.Flask("bare")
    assert Recording.of([newest], app=bare).app is None


def test_a_file_is_the_owner_s_alone_and_replaced_at_once(
    recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, link = tmp_path / "bug.json", tmp_path / "link.json"
    path.write_text("old")
    path.chmod(0o666)
    link.symlink_to(path)
    monkeypatch.setattr(file, "MOST", 10)
    with pytest.raises(ValueError, match="at most 0 are read again: save fewer requests"):
        recording.save(link)
    assert path.read_text() == "old"
    monkeypatch.undo()
    recording.save(link)
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Recording.load(link).traces == recording.traces
    assert sorted(each.name for each in tmp_path.iterdir()) == ["bug.json", "link.json"]


def test_a_write_that_fails_leaves_the_old_file(recording: Recording, tmp_path: Path) -> None:
    path = tmp_path / "bug.json"
    path.mkdir()
    with pytest.raises(OSError):
        recording.save(path)
    assert [*tmp_path.iterdir()] == [path]
    with pytest.raises(FileNotFoundError):
        recording.save(tmp_path / "nowhere" / "bug.json")


@pytest.mark.parametrize("name", ["bug", "bug.htmlx", "bug.gz", "bug.har", ".json.txt"])
def test_another_ending_is_refused(recording: Recording, tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{name} has an ending that is not known")):
        recording.save(tmp_path / name)
    assert not [*tmp_path.iterdir()]


DEEP = b"[" * 100_000
BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "it is not JSON: Expecting value, at line 1, column 1."),
    "cut": (b'{"format": "flask-li', "it is not JSON: Unterminated string"),
    "a list": (b"[]", "it is JSON, but not of a recording: it takes an object."),
    "a number": (b"7", "it takes an object"),
    "another object": (b'{"a": 1}', 'it has no "format": "flask-lifecycle".'),
    "an archive": (b'{"log": {"entries": []}}', "HTTP archive"),
    "another format": (b'{"format": "zip", "version": 1}', "its format is not"),
    "a format of another type": (b'{"format": [1], "version": 1}', "its format is not"),
    "no version": (b'{"format": "flask-lifecycle"}', "its version is wrong"),
    "version true": (b'{"format": "flask-lifecycle", "version": true}', "its version is wrong"),
    "version 0": (b'{"format": "flask-lifecycle", "version": 0}', "its version is wrong"),
    "newer": (
        b'{"format": "flask-lifecycle", "version": 2, "made": {"by": "flask-lifecycle 9.1"}}',
        "reads versions up to 1, and flask-lifecycle 9.1 reads this one.",
    ),
    "newer, by nobody": (
        b'{"format": "flask-lifecycle", "version": 99999999999, "made": [0]}',
        "and a later flask-lifecycle reads this one.",
    ),
    "empty recording": (
        b'{"format": "flask-lifecycle", "version": 1}',
        "made is missing; it takes an object.",
    ),
    "NaN": (b'{"format": NaN}', "it is not JSON: NaN is no number."),
    "Infinity": (b"[-Infinity]", "-Infinity is no number."),
    "digits": (b'{"format": ' + b"9" * 5000 + b"}", "a number of thousands of digits"),
    "deep": (DEEP + b"]" * 100_000, "it is nested too deeply."),
    "not UTF-8": (b'{"format": "\xff"}', "it is not UTF-8, from byte 12 on."),
    "UTF-16": ('{"format": 1}'.encode("utf-16"), "it is not UTF-8, from byte 0 on."),
    "binary": (b"\x89PNG\r\n\x1a\n", "it is not UTF-8"),
    "gzip, cut": (gzip.compress(b"[1, 2, 3]" * 99)[:-9], "its compressed content is cut off."),
    "gzip, damaged": (gzip.compress(b"{}")[:12] + b"\xff" * 20, "its compressed content is"),
    "gzip, alone": (b"\x1f\x8b", "its compressed content is"),
    "gzip in gzip": (gzip.compress(gzip.compress(b"{}")), "it is not UTF-8"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_recording_is_refused_with_a_sentence(tmp_path: Path, name: str) -> None:
    content, says = BAD[name]
    path = tmp_path / "bug.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(says)) as caught:
        Recording.load(path)
    text = str(caught.value)
    assert (
        text.startswith("bug.json cannot be read: it ")
        or "made is missing" in text
        or ("its " in text)
    )
    assert len(text) < 300
    assert text.isprintable()
    assert caught.value.__cause__ is None


CHANGES: dict[str, tuple[t.Callable[[t.Any], t.Any], str]] = {
    "id": (lambda trace: trace.update(id=7), "traces[0].id is 7; it takes text."),
    "no method": (lambda trace: trace.pop("method"), "traces[0].method is missing; it takes text."),
    "status": (
        lambda trace: trace.update(status="200"),
        'traces[0].status is "200"; it takes a who',
    ),
    "negative": (lambda trace: trace.update(duration=-1), "traces[0].duration is -1; it takes a w"),
    "inexact": (lambda trace: trace.update(duration=2**53), "from 0 to 9,007,199,254,740,991."),
    "true": (lambda trace: trace.update(status=True), "traces[0].status is true"),
    "a fraction": (lambda trace: trace.update(duration=1.5), "traces[0].duration is 1.5"),
    "year 40000": (lambda trace: trace.update(started_at=1.2e12), "it takes a Unix time"),
    "infinite": (lambda trace: trace.update(started_at=1e999), "it is not JSON: Infinity"),
    "state": (lambda trace: trace.update(state="dead"), 'it takes one of "running", "done".'),
    "steps": (lambda trace: trace.update(steps={"__proto__": []}), "traces[0].steps is an object;"),
    "a step": (
        lambda trace: trace["steps"].insert(1, None),
        "traces[0].steps[1] is null; it takes an object.",
    ),
    "order": (
        lambda trace: trace["steps"].reverse(),
        "traces[0].steps[0].id is ",
    ),
    "stage": (
        lambda trace: trace["steps"][3].update(stage="lunch"),
        'traces[0].steps[3].stage is "lunch"; it takes one of "wsgi", ',
    ),
    "a list for a stage": (
        lambda trace: trace["steps"][3].update(stage=["wsgi"]),
        "traces[0].steps[3].stage is a list of 1; it takes one of",
    ),
    "outcome": (lambda trace: trace["steps"][3].update(outcome="ok?"), "[3].outcome is"),
    "own parent": (
        lambda trace: trace["steps"][3].update(parent=3),
        "traces[0].steps[3].parent is 3; it takes the id of an earlier step, or null.",
    ),
    "end": (
        lambda trace: trace["steps"][3].update(begin=5, end=4),
        "traces[0].steps[3].end is 4; it takes a time after its begin, or null.",
    ),
    "source": (
        lambda trace: trace["steps"][3].update(source={"file": "x.py", "line": None}),
        "traces[0].steps[3].source.line is null",
    ),
    "error's step": (
        lambda trace: trace.update(error={"type": "E", "message": "", "step": 9999}),
        "traces[0].error.step is 9999; it takes the id of a step.",
    ),
    "detail": (lambda trace: trace["steps"][3].update(detail=[]), "[3].detail is a list of 0; it"),
    "deep steps": (
        lambda trace: trace.update(
            steps=[
                {**trace["steps"][0], "id": each, "parent": each - 1 if each else None}
                for each in range(5000)
            ]
        ),
        "traces[0].steps[1001].parent is 1000; it takes a step at most 1,000 levels deep.",
    ),
    "deep detail": (
        lambda trace: trace["steps"][3].update(detail=nested(500)),
        "traces[0].steps[3].detail is an object; it takes at most 100 levels.",
    ),
    "a long text": (
        lambda trace: trace["steps"][3].update(begin="\u2028</script>" * 9999),
        r'[3].begin is "\u2028</script>',
    ),
}


APP_CHANGES: dict[str, tuple[t.Callable[[t.Any], t.Any], str]] = {
    "empty": (lambda app: app.clear(), "app.name is missing; it takes text."),
    "rules": (lambda app: app.update(rules=None), "app.rules is null; it takes a list."),
    "a rule": (
        lambda app: app["rules"][0].pop("plan"),
        "app.rules[0].plan is missing; it takes an",
    ),
    "versions": (
        lambda app: app["versions"].update(flask=[3]),
        "app.versions.flask is a list of 1",
    ),
    "a hook": (
        lambda app: app["hooks"].clear(),
        ".plan.before_request is 0; it takes the index of",
    ),
    "unmatched": (
        lambda app: app["unmatched"].update(after_request=[99]),
        "app.unmatched.after_request is 99; it takes the index of a hook.",
    ),
    "a keyword": (
        lambda app: app["error_handlers"].append({**app["hooks"][0], "for": 404}),
        "app.error_handlers[0].for is 404; it takes text.",
    ),
}


@pytest.mark.parametrize("name", APP_CHANGES)
def test_what_is_wrong_with_the_app_is_named_with_its_place(
    document: dict[str, t.Any], name: str
) -> None:
    change, says = APP_CHANGES[name]
    wrong = copy.deepcopy(document)
    change(wrong["app"])
    with pytest.raises(ValueError, match=re.escape(says)):
        load(wrong)


def nested(depth: int) -> t.Any:
    made: t.Any = {}
    for _ in range(depth):
        made = {"a": made}
    return made


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_wrong_is_named_with_its_place(document: dict[str, t.Any], name: str) -> None:
    change, says = CHANGES[name]
    wrong = copy.deepcopy(document)
    change(wrong["traces"][0])
    with pytest.raises(ValueError, match=re.escape(says)) as caught:
        load(wrong)
    assert len(str(caught.value)) < 900
    assert "\u2028" not in str(caught.value)


def test_a_huge_file_is_not_read_and_a_bomb_not_unpacked(tmp_path: Path) -> None:
    huge = tmp_path / "huge.json"
    with huge.open("wb") as made:
        made.truncate(10**9)
    says = re.escape("larger than 100 MB, the most that is read.")
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=f"huge.json cannot be read: it is {says}"):
            Recording.load(huge)
        assert tracemalloc.get_traced_memory()[1] < 4 * file.MOST
    finally:
        tracemalloc.stop()
    bomb = gzip.compress(gzip.compress(b" " * 10**8) * 20)  # two layers, and members
    inner = gzip.decompress(bomb)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=says):
            load(inner)
        assert tracemalloc.get_traced_memory()[1] < 4 * file.MOST
    finally:
        tracemalloc.stop()
    many = b'{"format": [' + b"[]," * 5_000_000 + b"[]]}"
    with pytest.raises(ValueError, match="it has more than 5,000,000 lists and objects"):
        load(many)


def test_hostile_texts_are_data(document: dict[str, t.Any]) -> None:
    hostile = copy.deepcopy(document)
    step = hostile["traces"][0]["steps"][3]
    step["detail"] = {
        "__proto__": {"x": 1},
        "constructor": "</script>\u2028\u2029",
        "a\ud800": "\udfff",
    }
    step["unknown"] = hostile["unknown"] = {"later": "field"}
    found = load(hostile)
    assert found.traces[0].steps[3].detail == {
        "__proto__": {"x": 1}, "constructor": "</script>\u2028\u2029", r"a\ud800": r"\udfff",
    }  # fmt: skip
    json.dumps(found.to_dict(), ensure_ascii=False).encode()


def test_a_number_that_no_float_can_hold_is_refused(document: dict[str, t.Any]) -> None:
    large = copy.deepcopy(document)
    large["traces"][0]["steps"][3]["detail"] = {"a": [0.125]}
    text = json.dumps(large).replace("0.125", "1e999")
    says = "traces[0].steps[3].detail is Infinity; it takes numbers that are finite."
    with pytest.raises(ValueError, match=re.escape(says)):
        load(text.encode())


def test_a_file_may_begin_with_a_byte_order_mark(document: dict[str, t.Any]) -> None:
    assert load(b"\xef\xbb\xbf" + json.dumps(document).encode()).traces


@pytest.mark.parametrize("path", sorted(SAVED.glob("*/*.json")), ids=lambda path: path.stem)
def test_what_older_panels_saved_is_a_recording(path: Path) -> None:
    recording = Recording.load(path)
    assert faults(json.loads(json.dumps(recording.to_dict()))) == []
    [trace] = recording.traces
    assert trace.id == json.loads(path.read_text("utf-8"))["id"]
    assert recording.made.at == trace.started_at
    assert all(step["explain"] for step in trace.to_dict()["steps"])
    assert all(step.detail["kind"] for step in trace.find(stage="sql"))
    assert compare(trace, trace).is_empty
    # The form of today has all that is in the older one.
    assert Recording.from_bytes(json.dumps(recording.to_dict()).encode()) == recording


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"steps": None}, "steps is null; it takes a list."),
        ({"steps": [{"stage": "sql", "detail": 1}]}, "steps[0].id is missing"),
        ({"method": None}, "method is null; it takes text."),
        ({"process": 7}, "process is 7; it takes an object."),
        ({"error": {"type": "E", "message": "", "step": 99}}, "error.step is 99; it takes the id"),
    ],
)
def test_a_wrong_trace_of_an_older_panel_is_named(change: t.Any, says: str) -> None:
    saved = json.loads((SAVED / "0.1.0" / "page.json").read_text("utf-8"))
    with pytest.raises(ValueError, match=f"^{re.escape(says)}"):
        load({**saved, **change})


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@settings(max_examples=int(os.environ.get("LIFECYCLE_TEST_EXAMPLES", "100")))
@given(st.data())
def test_any_change_is_refused_or_of_the_schema(
    document: dict[str, t.Any], data: st.DataObject
) -> None:
    """Put any JSON into any place of a recording: all that is loaded is explained and compared."""
    changed = copy.deepcopy(document)
    at: t.Any = changed
    while True:
        keys = [*at] if isinstance(at, dict) else [*range(len(at))]
        key = data.draw(st.sampled_from(keys))
        inner = at[key]
        if not isinstance(inner, (dict, list)) or not inner or data.draw(st.integers(0, 3)) == 0:
            break
        at = inner
    at[key] = data.draw(_json)
    found = loaded(json.dumps(changed).encode())
    assert faults(json.loads(json.dumps(found.to_dict(), allow_nan=False))) == []
    use(found.traces)


@settings(max_examples=int(os.environ.get("LIFECYCLE_TEST_EXAMPLES", "100")))
@given(st.data())
def test_any_damage_is_refused_or_read(document: dict[str, t.Any], data: st.DataObject) -> None:
    content = json.dumps({**document, "app": None, "sources": []}).encode()
    if data.draw(st.booleans()):
        content = gzip.compress(content)
    at = data.draw(st.integers(0, len(content) - 1))
    piece = data.draw(st.binary(max_size=3))
    cut = data.draw(st.booleans())
    damaged = content[:at] + piece + (b"" if cut else content[at + len(piece) :])
    use(loaded(damaged).traces)


def loaded(content: bytes) -> Recording:
    """Load a recording; an empty one where it is refused with a sentence."""
    try:
        return Recording.from_bytes(content)
    except ValueError as error:
        says = str(error)
    assert 0 < len(says) < 1000
    return Recording.of([])


def use(traces: tuple[Trace, ...]) -> None:
    for trace in traces:
        trace.explain()
        json.dumps(to_har([trace]), allow_nan=False)
        str(compare(trace, traces[0]))
        json.dumps(trace.compare(traces[-1]).to_dict(), allow_nan=False)

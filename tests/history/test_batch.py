from __future__ import annotations

import json
import sys
import typing as t
import zlib

import pytest
from flask import Flask

from flask_lifecycle import Lifecycle
from flask_lifecycle.core import compiled
from flask_lifecycle.history import batch as module
from flask_lifecycle.history import unpacked
from flask_lifecycle.history.batch import Batch, packed
from flask_lifecycle.history.document import decode, encode
from flask_lifecycle.history.unpacked import Unpacked
from flask_lifecycle.summary.summarize import summarize
from flask_lifecycle.trace.caller import Caller
from flask_lifecycle.trace.model import Error
from flask_lifecycle.trace.notes import Facts
from flask_lifecycle.trace.sent import Sent, Traceparent
from flask_lifecycle.trace.snapshot import snapshot
from flask_lifecycle.trace.stored import numbers_of
from flask_lifecycle.trace.tracepoint import TRACEPOINTS, UNNUMBERED, Tracepoint, number
from flask_lifecycle.trace.writer import LiveTrace
from tests.helpers import ROOT
from tests.helpers.recordings import same

#: Batches of older versions, and the requests in them.
SAVED = ROOT / "tests" / "history" / "saved"
VIEW = number(Tracepoint("view", "stored_here"))


def finished(*tracepoints: int, path: str = "/a") -> LiveTrace:
    """Return a request with a step for each tracepoint, one after the other."""
    trace = LiveTrace(None, "GET", path)
    begun = trace.origin
    for at, tracepoint in enumerate(tracepoints):
        trace.log += (tracepoint, -1, begun + at, begun + at + 0.5)
    trace.finish()
    return trace


def batches(*traces: LiveTrace) -> list[Batch]:
    return [*packed(traces, lambda: None)]


def assert_same(trace: LiveTrace) -> None:
    read = decode(encode(trace))
    assert same(read.to_dict(), snapshot(trace).to_dict())


def test_steps_of_several_threads_and_of_made_up_names() -> None:
    trace = LiveTrace(None, "GET", "/\udce9")
    trace.log += (VIEW, -1, trace.origin, 0)
    strand = trace.strand()
    trace.log += (UNNUMBERED, 0, trace.origin + 1, trace.origin + 2)
    trace.notes.tracepoints[4] = Tracepoint("span", "made up", package="pip")
    trace.notes.details[4] = Facts(name="made up")
    trace.add_strand("other", t.cast("t.Any", strand))
    trace.finish()
    assert trace.merged
    assert_same(trace)


def test_an_exception_and_a_hold() -> None:
    trace = LiveTrace(None, "POST", "/a", "b=c", parent="0" * 24)
    trace.log += (VIEW, -1, trace.origin, trace.origin + 1)
    trace.notes.outcomes[0] = trace.error = Error("KeyError", "'a'")
    trace.error_step = 0
    trace.hold(trace, 0).over("skip")
    trace.finish()
    assert_same(trace)


def test_what_sent_a_request_and_what_it_sent() -> None:
    trace = finished(VIEW, VIEW)
    trace.caller, trace.traceparent = Caller("0" * 24, 7), f"{'1' * 32}-{'2' * 16}"
    trace.notes.add(0, "trace", Sent("3" * 24))
    trace.notes.add(4, "trace", Sent())
    trace.notes.add(4, "traceparent", Traceparent(trace.traceparent))
    assert_same(trace)
    (batch,) = batches(trace)
    live, stored = summarize(trace), Unpacked(batch.data).summary(trace.id)
    for name in ("caller", "traceparent", "sent"):
        assert live[name] == stored[name], name
    assert [each["step"] for each in stored["sent"]] == [0, 1]


@pytest.mark.parametrize("detail", [float("nan"), {1, 2}, object(), 10**5000], ids=type)
def test_a_step_whose_details_cannot_be_written_is_stored_without_them(detail: object) -> None:
    trace = finished(VIEW, VIEW)
    trace.notes.details[0] = Facts(a=detail)
    trace.notes.details[4] = Facts(a=1)
    trace.notes.add(4, "more", Facts(b=2))
    assert [each.detail for each in decode(encode(trace)).steps] == [
        {},
        {"a": 1, "more": {"b": 2}},
    ]


def test_a_step_whose_details_are_in_a_circle_is_stored_without_them() -> None:
    trace = finished(VIEW)
    circle: list[object] = []
    circle.append(circle)
    trace.notes.details[0] = Facts(a=circle)
    assert decode(encode(trace)).steps[0].detail == {}


def test_a_request_that_cannot_be_stored_is_left_out_and_no_other() -> None:
    broken = finished(VIEW)
    broken.path = t.cast("t.Any", object())
    running = LiveTrace(None, "GET", "/running")
    good = finished(VIEW), finished(VIEW)
    [found] = batches(good[0], broken, running, good[1])
    assert [each.id for each in found.requests] == [each.id for each in good]
    assert [*Unpacked(found.data)] == [each.id for each in good]
    with pytest.raises(ValueError, match="cannot be stored"):
        encode(running)


def test_a_batch_ends_where_it_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_BYTES", 10_000)
    traces = [finished(VIEW, path="/" + "a" * 4000) for _ in range(7)]
    found = batches(*traces)
    assert [len(each.requests) for each in found] == [3, 3, 1]
    assert [request.id for each in found for request in each.requests] == [e.id for e in traces]


def test_requests_share_what_is_the_same_for_all() -> None:
    app = Flask(__name__)
    app.debug = True
    lifecycle = Lifecycle(app)
    app.add_url_rule("/<number>", "view", lambda number: number)
    client = app.test_client()
    for each in range(50):
        client.get(f"/{each}")
    live = t.cast("t.Any", app.extensions["lifecycle"])._store.newest()
    [found] = batches(*live)
    assert len(found.data) < 25 * len(encode(live[0]))
    assert [Unpacked(found.data).trace(each.id) for each in live] == lifecycle.traces(app)


def _with(data: bytes, **change: t.Any) -> bytes:
    decompressor = zlib.decompressobj()
    head = json.loads(decompressor.decompress(data[1:]))
    head.update(change)
    text = json.dumps(head).encode()
    return data[:1] + zlib.compress(text) + decompressor.unused_data


def test_fields_of_another_version_are_left_out_and_missing_ones_have_their_defaults() -> None:
    trace = finished(VIEW)
    data = encode(trace)
    fields = json.loads(zlib.decompressobj().decompress(data[1:]))["fields"]
    later = _with(data, fields=["later" if each == "cause" else each for each in fields], more=1)
    assert decode(later) == decode(data)


@pytest.mark.skipif(sys.byteorder != "little", reason="a batch is of its kind of machine")
def test_a_batch_of_an_older_version_is_read() -> None:
    unpacked = Unpacked((SAVED / "format-2.batch").read_bytes())
    traces = [unpacked.trace(each) for each in unpacked]
    assert [each.to_dict() for each in traces] == json.loads((SAVED / "format-2.json").read_text())
    assert [unpacked.summary(each.id)["status"] for each in traces] == [404, 410, 200]


def with_step(begin: float, end: float, **more: t.Any) -> LiveTrace:
    """Return a request with a step at some seconds after its origin, and others around it."""
    trace = LiveTrace(None, "GET", "/a")
    trace.origin = more.get("origin", trace.origin)
    trace.log += (VIEW, -1, trace.origin, trace.origin + 1e-6)
    trace.log += (more.get("number", VIEW), 0, trace.origin + begin, end and trace.origin + end)
    trace.log += (VIEW, more.get("parent", 4), trace.origin, trace.origin)
    trace.finish()
    trace.ended = trace.origin + 10
    return trace


@pytest.mark.parametrize(
    ("trace", "fits"),
    [
        (with_step(1e-9, 4.29), True),
        (with_step(0.0, 0.0), True),
        (with_step(4.29, 8.58), True),
        (with_step(4.3, 4.4), False),
        (with_step(0.1, 4.5), False),
        (with_step(-1e-6, 0.1), False),
        (with_step(0.2, 0.1), False),
        (with_step(0.1, 0.2, parent=-2), False),
        *((with_step(0.1, 0.2, origin=origin), True) for origin in (3e6, 4.3e6, 8e6 + 0.3)),
        (with_step(float("nan"), 0.1), False),
        (with_step(0.1, float("inf")), False),
    ],
)
def test_steps_are_stored_in_half_the_space_where_that_loses_nothing(
    trace: LiveTrace, fits: bool
) -> None:
    used = bytearray(VIEW + 1)
    numbers, is_short = numbers_of(trace, used)
    assert is_short == (fits and compiled is not None)
    assert len(numbers) == 32 + 3 * (12 if is_short else 24)
    assert used[VIEW] == 1
    if fits:
        assert_same(trace)


def test_a_tracepoint_of_a_large_number_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    for large in (0xFFFF, 0x10000):
        monkeypatch.setitem(TRACEPOINTS, large, Tracepoint("view", str(large)))
        trace = with_step(0.1, 0.2, number=large)
        assert_same(trace)
        assert decode(encode(trace)).steps[1].name == str(large)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"\x04" + data[1:],
        lambda data: data[:1],
        lambda data: data[:40],
        lambda data: data[:20] + b"\xff\xff" + data[22:],
        lambda data: data[:-1],
        lambda data: _with(data, order="middle"),
        lambda data: _with(data, fields=[]),
        lambda data: _with(data, tracepoints=[]),
        lambda data: data[:1] + zlib.compress(b"[" * 100_000),
    ],
)
def test_a_damaged_batch_is_an_exception(damage: t.Callable[[bytes], bytes]) -> None:
    data = encode(finished(VIEW))
    with pytest.raises(ValueError, match=r"^it |zip"):
        decode(damage(data))


def test_a_bomb_is_not_decompressed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacked, "_LARGEST", 10_000)
    with pytest.raises(ValueError, match="too large"):
        decode(b"\x02" + zlib.compress(b" " * 1_000_000))

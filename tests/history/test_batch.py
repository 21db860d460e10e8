from __future__ import annotations

import json
import typing as t
import zlib

import pytest
from flask import Flask

from flask_lifecycle import Lifecycle
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
from flask_lifecycle.trace.tracepoint import UNNUMBERED, Tracepoint, number
from flask_lifecycle.trace.writer import LiveTrace
from tests.helpers.recordings import same

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


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"\x03" + data[1:],
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

"""The ids of requests: sorted by time, and told apart between processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from flask_lifecycle.trace import process
from flask_lifecycle.trace.log import clock


def test_ids_sort_by_the_beginning_of_their_requests() -> None:
    assert process.id_of(1.0, 2) < process.id_of(2.0, 1) < process.id_of(2.0, 2)


# In a process without threads, which a fork leaves alone.
FORKS = """
import os
from flask_lifecycle.trace import process
from flask_lifecycle.trace.log import clock
from flask_lifecycle.trace.writer import LiveTrace

def told():
    trace = LiveTrace(None, "GET", "/")
    return trace.run.pid == os.getpid(), process.id_of(1.0, 1)

reader, writer = os.pipe()
if os.fork():
    os.wait()
    print(*told(), os.read(reader, 100).decode())
else:
    os.write(writer, " ".join(map(str, told())).encode())
    os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork to be told of")
def test_a_forked_process_numbers_its_requests_anew() -> None:
    done = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, check=True)
    own_pid, own_id, its_pid, its_id = done.stdout.split()
    assert (own_pid, its_pid) == ("True", "True")
    assert own_id != its_id


def test_ids_continue_after_those_of_an_earlier_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock was set back since, by an hour."""
    monkeypatch.setattr(process, "_epoch", process._epoch)
    monkeypatch.setattr(process, "_is_continued", False)
    earlier = f"{time.time_ns() + 3600 * 10**9:016x}ffffffff"
    process.continue_after(earlier)
    now = process.id_of(clock(), 0)
    assert now > earlier
    assert len(now) == len(earlier)
    # Another app's does not change the ids of requests that exist.
    process.continue_after(f"{time.time_ns() + 7200 * 10**9:016x}ffffffff")
    assert process.id_of(clock(), 0) < f"{time.time_ns() + 3700 * 10**9:016x}"


@pytest.mark.parametrize("trace_id", ["", "f" * 24, "x" * 24, "0" * 24, "9" * 400])
def test_what_is_no_id_of_an_earlier_run_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, trace_id: str
) -> None:
    monkeypatch.setattr(process, "_is_continued", False)
    before = process._epoch
    process.continue_after(trace_id)
    assert process._epoch == before

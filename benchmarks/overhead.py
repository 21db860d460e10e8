"""CPU and wall time added to a request, memory kept for a step: ``python -m benchmarks.overhead``.

Every variant runs in a process of its own. The processes take turns, a few requests each, so
that whatever else the machine does meets them all alike; medians over the turns are compared.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import platform
import statistics
import subprocess
import sys
import time
import typing as t
from importlib.metadata import version
from pathlib import Path

from .variants import HOLDING, OURS, PEERS, PURE, is_installed
from .workloads import WORKLOADS, environ

TURN_SECONDS = 0.03
_CORE = "flask_lifecycle.core._core"
_MODULES = {
    "debugtoolbar": "flask_debugtoolbar",
    "opentelemetry": "opentelemetry.instrumentation.flask",
    "sentry": "sentry_sdk",
    "pyinstrument": "pyinstrument",
    **dict.fromkeys(PURE, _CORE),
}
#: The workloads that ratios are asked for, and the most that is asked of ours.
_ASKED_FOR = ("hello", "page", "page20")
_WITH_CORE = {"steps": (1.15, 1.05, 1.02), "defaults": (1.40, 1.15, 1.08)}
_PURE = {"defaults": (2.0, 1.40, 1.20)}


class Worker:
    """One variant of one workload, in its own process."""

    def __init__(self, variant: str, workload: str) -> None:
        self.variant = variant
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.overhead", "--worker", variant, workload],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.cpu: list[float] = []
        self.wall: list[float] = []
        self.facts = self._read()

    def turn(self, requests: int) -> None:
        """Send so many requests; note µs a request."""
        answer = self._ask(f"run {requests}")
        self.cpu.append(answer["cpu"])
        self.wall.append(answer["wall"])

    def stop(self) -> dict[str, t.Any]:
        answer = self._ask("stop")
        self._process.wait(10)
        return answer

    def _ask(self, line: str) -> dict[str, t.Any]:
        assert self._process.stdin is not None
        print(line, file=self._process.stdin, flush=True)
        return self._read()

    def _read(self) -> dict[str, t.Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"The variant {self.variant!r} ended by itself.")
        return t.cast("dict[str, t.Any]", json.loads(line))


def work(variant: str, workload: str) -> None:
    """Be a worker: read what to do from stdin, answer in lines of JSON."""
    app, path = WORKLOADS[workload]()
    wsgi = {**OURS, **PURE, **PEERS, **HOLDING}[variant](app)
    numbers = itertools.count()
    # Its output is the answers': whatever a peer prints goes to stderr.
    answers, sys.stdout = sys.stdout, sys.stderr

    def send(number: int) -> tuple[int, int]:
        environs = [environ(path, each) for each in itertools.islice(numbers, number)]
        cpu, wall = time.thread_time_ns(), time.perf_counter_ns()
        for each in environs:
            body = wsgi(each, lambda *_: None)
            for _chunk in body:
                pass
            if hasattr(body, "close"):
                body.close()
        return time.thread_time_ns() - cpu, time.perf_counter_ns() - wall

    send(30)
    _, wall = send(10)
    print(json.dumps({"requests": max(1, int(TURN_SECONDS * 1e9 / (wall / 10)))}), file=answers)
    answers.flush()
    for line in sys.stdin:
        command, _, number = line.strip().partition(" ")
        if command == "stop":
            print(json.dumps(kept(app, send)), file=answers, flush=True)
            return
        cpu, wall = send(int(number))
        answer = {"cpu": cpu / int(number) / 1000, "wall": wall / int(number) / 1000}
        print(json.dumps(answer), file=answers, flush=True)


def kept(app: t.Any, send: t.Any) -> dict[str, t.Any]:
    """Measure the memory that one more kept step takes, where there is a recorder."""
    state = app.extensions.get("lifecycle")
    if state is None or not state.enabled:
        return {}
    import tracemalloc

    steps = len(state.traces()[0].steps)
    state.clear()
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    send(100)
    gc.collect()
    size = tracemalloc.get_traced_memory()[0] - before
    for trace in state._store.newest():
        trace.notes = type(trace.notes)()
    gc.collect()
    bare = tracemalloc.get_traced_memory()[0] - before
    return {"steps": steps, "bytes": bare / 100, "bytes_with_details": size / 100}


def measure(workload: str, variants: list[str], turns: int) -> list[dict[str, t.Any]]:
    """Run all variants of one workload in turns; return a row for each."""
    workers = [Worker(variant, workload) for variant in variants]
    requests = workers[0].facts["requests"]
    for turn in range(turns):
        # Another order each time: none always runs after the same neighbour.
        for worker in workers[turn % len(workers) :] + workers[: turn % len(workers)]:
            # Some peers take a hundred times as long.
            worker.turn(min(requests, worker.facts["requests"]))
    base = workers[0]
    rows = []
    for worker in workers:
        pairs = [*zip(worker.cpu, base.cpu, strict=True)]
        added = statistics.median(mine - its for mine, its in pairs)
        spread = statistics.quantiles([mine / its for mine, its in pairs], n=4)
        facts = worker.stop()
        rows.append(
            {
                "workload": workload,
                "variant": worker.variant,
                "cpu_us": statistics.median(worker.cpu),
                "wall_us": statistics.median(worker.wall),
                "added_us": added,
                "ratio": statistics.median(worker.cpu) / statistics.median(base.cpu),
                "ratio_spread": (spread[0], spread[2]),
                "p99_wall_us": statistics.quantiles(worker.wall, n=100)[98],
                **facts,
                "added_us_per_step": added / facts["steps"] if facts else None,
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--turns", type=int, default=60)
    parser.add_argument("--workloads", nargs="*", default=list(WORKLOADS))
    parser.add_argument("--variants", nargs="*", help="all that are installed, if not given")
    parser.add_argument("--json", type=Path, help="write the rows to this file too")
    options = parser.parse_args()
    if options.worker:
        work(*options.worker)
        return

    variants = options.variants or [
        name
        for name in (*OURS, *PURE, *PEERS)
        if name not in _MODULES or is_installed(_MODULES[name])
    ]
    if variants[0] != "bare":
        variants.insert(0, "bare")

    print(f"Python {platform.python_version()}, Flask {version('flask')}, {options.turns} turns\n")
    print(
        f"{'workload':<9}{'variant':<17}{'CPU µs':>9}{'added':>8}{'ratio':>7}{'its quartiles':>15}"
        f"{'wall µs':>9}{'p99':>9}{'steps':>7}{'µs/step':>9}{'bytes/step':>12}"
    )
    rows: list[dict[str, t.Any]] = []
    for workload in options.workloads:
        for row in measure(workload, variants, options.turns):
            rows.append(row)
            print(line(row), flush=True)
    print(asked(rows))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


def line(row: dict[str, t.Any]) -> str:
    """Lay a row out for people."""
    text = (
        f"{row['workload']:<9}{row['variant']:<17}{row['cpu_us']:>9.1f}{row['added_us']:>8.1f}"
        f"{row['ratio']:>7.2f}{spread(row):>15}"
        f"{row['wall_us']:>9.1f}{row['p99_wall_us']:>9.1f}"
    )
    if steps := row.get("steps"):
        text += f"{steps:>7}{row['added_us_per_step']:>9.2f}{row['bytes'] / steps:>12.0f}"
    return text


def asked(rows: list[dict[str, t.Any]]) -> str:
    """Return the ratios to the bare app as a table, beside what is asked of them."""
    has_core = is_installed(_CORE)
    found = {(row["variant"], row["workload"]): row for row in rows}
    shown = [
        f"\nRatio to bare, its quartiles, and what is asked; compiled core: {has_core}\n",
        f"| | {' | '.join(_ASKED_FOR)} |",
        f"|---{'|---' * len(_ASKED_FOR)}|",
    ]
    for variant in dict.fromkeys(row["variant"] for row in rows):
        name, _, pure = variant.partition(", ")
        limits = (_WITH_CORE if has_core and not pure else _PURE).get(name)
        cells = [variant]
        for index, workload in enumerate(_ASKED_FOR):
            row = found.get((variant, workload))
            limit = f" [{limits[index]:.2f}]" if limits else ""
            cells.append("" if row is None else f"{row['ratio']:.2f} ({spread(row)}){limit}")
        shown.append(f"| {' | '.join(cells)} |")
    return "\n".join(shown)


def spread(row: dict[str, t.Any]) -> str:
    """Return the quartiles of a ratio."""
    low, high = row["ratio_spread"]
    return f"{low:.2f}-{high:.2f}"


if __name__ == "__main__":
    main()

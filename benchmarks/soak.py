"""Memory over many requests, with the default limits: ``python -m benchmarks.soak``."""

from __future__ import annotations

import argparse
import io
import os
from pathlib import Path

from werkzeug.test import EnvironBuilder

from .variants import recording
from .workloads import hello


def resident() -> float:
    """Return the process's resident memory in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    total = parser.parse_args().requests
    app, path = hello()
    wsgi = recording(app)
    environ = EnvironBuilder(path).get_environ()
    first = 0.0
    print(f"{'requests':>10}{'MB':>9}{'since 10,000':>14}")
    for number in range(1, total + 1):
        body = wsgi({**environ, "wsgi.input": io.BytesIO()}, lambda *_: None)
        for _chunk in body:
            pass
        body.close()
        if number == 10_000:
            first = resident()
        if number >= 10_000 and number % max(10_000, total // 10) == 0:
            print(f"{number:>10}{resident():>9.1f}{resident() - first:>+14.1f}", flush=True)


if __name__ == "__main__":
    main()

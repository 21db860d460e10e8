"""What the toolbar adds to one response, in µs: ``python -m benchmarks.toolbar``.

The same app answers with the toolbar on and off, in turns; medians over the turns are compared.
"""

from __future__ import annotations

import statistics
import time
import typing as t

from flask import Flask, Response
from werkzeug.test import EnvironBuilder, run_wsgi_app

from flask_lifecycle import Lifecycle

TURNS = 300
REQUESTS = 20
PAGE = "<!doctype html><title>x</title><body>{}</body></html>"
LINE = '<li class="item"><a href="/item/42">An item</a> of the list</li>\n'
ANSWERS: dict[str, t.Callable[[], t.Any]] = {
    "a page of 100 KB": lambda: PAGE.format(LINE * (100_000 // len(LINE))),
    "a page of 1 KB": lambda: PAGE.format(LINE * (1000 // len(LINE))),
    "a page of 100 KB with a policy": lambda: Response(
        PAGE.format(LINE * (100_000 // len(LINE))),
        headers={"Content-Security-Policy": "default-src 'self'; script-src 'nonce-abc'"},
    ),
    "no page: text": lambda: "hello",
    "JSON that a script fetches": lambda: {"hello": "world"},
}


def caller(answer: t.Callable[[], t.Any], *, toolbar: bool) -> t.Callable[[], float]:
    """Make an app; return what sends it some requests and tells the CPU time of one, in µs."""
    app = Flask("benchmark")
    app.config.update(LIFECYCLE_ENABLED=True, LIFECYCLE_TOOLBAR=toolbar)
    app.add_url_rule("/", "view", answer)
    Lifecycle(app)
    fetched = isinstance(answer(), dict)
    headers = [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Dest", "empty")] if fetched else []
    builder = EnvironBuilder("/", headers=headers)

    def send() -> float:
        environs = [builder.get_environ() for _ in range(REQUESTS)]
        begun = time.thread_time_ns()
        for environ in environs:
            run_wsgi_app(app, environ, buffered=True)
        return (time.thread_time_ns() - begun) / 1000 / REQUESTS

    return send


def main() -> None:
    for name, answer in ANSWERS.items():
        off, on = caller(answer, toolbar=False), caller(answer, toolbar=True)
        without, with_it = [], []
        for _ in range(TURNS):
            without.append(off())
            with_it.append(on())
        added = statistics.median(with_it) - statistics.median(without)
        print(f"{name:32} +{added:5.1f} µs")


if __name__ == "__main__":
    main()

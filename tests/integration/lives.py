"""Many requests that each use all collectors with inputs that differ: the memory is level.

``python -m tests.integration.lives default 20000``: ends with 1 where there is more at the end
than in the middle. The settings are the extension's own, or the demo's.
"""

from __future__ import annotations

import gc
import logging
import os
import sqlite3
import sys
import typing as t
import warnings
from pathlib import Path

from flask import (
    Flask,
    Response,
    after_this_request,
    flash,
    g,
    render_template,
    render_template_string,
    request,
    session,
    stream_template_string,
    url_for,
)
from jinja2 import FunctionLoader
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import EnvironBuilder, run_wsgi_app

from flask_lifecycle import Lifecycle
from flask_lifecycle._compat import SEPARATE_CONTEXTS
from flask_lifecycle.redact.sql import Placeholders
from flask_lifecycle.settings import COLLECTORS

#: More than this, for each request, lives on somewhere.
OBJECTS = 0.2
MOST_MB = 10.0
#: What the caches of masked statements hold, which are bounded.
CACHED = (list, Placeholders)


def make_app(settings: str) -> Flask:
    app = Flask(__name__)
    app.debug = True
    app.config["SECRET_KEY"] = "x"
    if settings == "demo":
        app.config["LIFECYCLE_COLLECTORS"] = (*COLLECTORS, "cpu")
        app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]
    Lifecycle(app)
    # There is a template of any name, and Jinja keeps few.
    app.jinja_options = {"cache_size": 20}
    app.jinja_loader = FunctionLoader(lambda name: f"{name}: {{{{ value }}}}")
    engine = create_engine("sqlite://", poolclass=StaticPool)
    tracer = trace.get_tracer(__name__)

    @app.before_request
    def before() -> None:
        g.number = request.args["number"]

    @app.errorhandler(LookupError)
    def handled(error: LookupError) -> Response:
        return Response(str(error), status=f"500 Number {g.number}")

    @app.url_defaults
    def defaults(_endpoint: str, values: dict[str, t.Any]) -> None:
        values["more"] = g.number

    @app.get("/<path:where>")
    def differs(where: str) -> t.Any:
        number = g.number
        setattr(g, f"name_{number}", [number])
        session[f"key {number}"] = number
        flash(f"flash {number}", f"category {number}")
        logger = logging.Logger(f"logger {number}")
        logger.addHandler(logging.NullHandler())
        logger.warning("log %s", number)
        warnings.warn(f"warning {number}", type(f"Warning{number}", (UserWarning,), {}), 1)
        with engine.connect() as connection:
            connection.execute(text(f"select :value as name_{number}"), {"value": number}).all()
        plain = sqlite3.connect(":memory:")
        plain.execute(f"select ? as name_{number}", [number]).close()
        plain.close()
        with tracer.start_as_current_span(f"span {number}") as span:
            span.set_attribute(f"key {number}", number)
        with app.app_context():
            g.inner = number
        with app.test_request_context(f"/inner/{number}?number={number}") as inner:
            app.preprocess_request(*(() if SEPARATE_CONTEXTS else (inner,)))
        after_this_request(lambda response: response)
        thing = type(f"Thing{number}", (), {})()
        body = render_template(f"page {number}", value=thing) + url_for("differs", where="x")
        body += render_template_string(f"{number} {{{{ name_{number} }}}}", **{f"name_{number}": 1})
        if int(number) % 3 == 0:
            raise type(f"Error{number}", (LookupError,), {})(number)
        if int(number) % 3 == 1:
            return stream_template_string(f"stream {number} {{{{ number }}}}", number=number)
        return Response(body, status=f"200 Number {number}", headers={f"X-{number}": number})

    return app


def get(app: Flask, number: int) -> None:
    path = f"/where/{number}?number={number}"
    headers = [("User-Agent", f"agent {number}"), (f"X-Number-{number % 500}", str(number))]
    body, _, _ = run_wsgi_app(app, EnvironBuilder(path, headers=headers).get_environ())
    for _ in body:
        pass
    t.cast("t.Any", body).close()


def resident() -> float:
    """Return this process's resident memory in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def quietly(*args: t.Any, **kwargs: t.Any) -> None:
    """Show no warning."""


def main(settings: str, requests: int) -> bool:
    trace.set_tracer_provider(TracerProvider())
    logging.disable(logging.NOTSET)
    warnings.simplefilter("always")
    warnings.showwarning = quietly
    app = make_app(settings)
    logging.getLogger(app.name).setLevel(logging.CRITICAL)
    objects: list[int] = []
    memory: list[float] = []
    for number in range(requests):
        get(app, number)
        # Once as many are kept as may be, and once more at the end.
        if number + 1 in (requests // 2, requests):
            gc.collect()
            objects.append(sum(type(each) not in CACHED for each in gc.get_objects()))
            memory.append(resident())
            say(f"{number + 1:>7} requests {objects[-1]:>9} objects {memory[-1]:>7.1f} MB")
    more = (objects[1] - objects[0]) / (requests - requests // 2)
    say(f"{settings}: {more:+.3f} objects a request, {memory[1] - memory[0]:+.1f} MB")
    return more < OBJECTS and memory[1] - memory[0] < MOST_MB


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1], int(sys.argv[2])))

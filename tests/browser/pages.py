"""Pages as apps have them, for the toolbar to stand on: with it, and without."""

from __future__ import annotations

import secrets
import sqlite3
import sys
import threading
import time
import typing as t
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress

import urllib3
from flask import Flask, Response, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import set_tracer_provider
from sqlalchemy import Engine, create_engine, text
from werkzeug.serving import WSGIRequestHandler

from flask_lifecycle import Lifecycle
from flask_lifecycle.settings import COLLECTORS
from tests.helpers import ROOT
from tests.helpers.apps import TOKEN

PACKAGES = ROOT / "static" / "node_modules"

TITLES = ("The Dispossessed", "Kindred", "Solaris", "Roadside Picnic", "Piranesi", "Babel-17")


def create_app(folder: str) -> Flask:
    """Make the pages, with the toolbar on them."""
    app = create_bare_app(folder)
    app.config["LIFECYCLE_ENABLED"] = True
    Lifecycle(app)
    _print_all()
    return app


def _print_all() -> None:
    """Print each request: the access log has none of the panel's."""
    log = WSGIRequestHandler.log_request

    def log_request(self: WSGIRequestHandler, *args: t.Any) -> None:
        sys.stderr.write(f"{self.path}\n")
        log(self, *args)

    t.cast("t.Any", WSGIRequestHandler).log_request = log_request


def create_bare_app(folder: str) -> Flask:
    """Make the same pages without the extension."""
    app = Flask(__name__, static_folder=str(PACKAGES), static_url_path="/npm")
    _pages(app)
    _policies(app)
    _swaps(app)
    _data(app, create_engine(f"sqlite:///{folder}/data.sqlite"))
    _held(app)
    return app


def create_weighed_app(_folder: str) -> Flask:
    """Make an app whose steps are weighed, and which calls itself."""
    set_tracer_provider(TracerProvider())
    URLLib3Instrumentor().instrument()
    app = Flask(__name__)
    app.config.update(LIFECYCLE_ENABLED=True, LIFECYCLE_COLLECTORS=(*COLLECTORS, "memory"))
    Lifecycle(app)
    kept: list[bytearray] = []

    @app.get("/keeps")
    def keeps() -> str:
        kept.append(bytearray(5_500_000))
        return f"{len(kept)} kept, beside {len(bytearray(8_000_000))} bytes"

    @app.get("/calls")
    def calls() -> str:
        return urllib3.request("GET", f"{request.host_url}called?token=secret").data.decode()

    @app.get("/called")
    def called() -> str:
        return "called"

    return app


def create_remote_app(_folder: str) -> Flask:
    """Make an app that is known by a name of the network's too, and says how it was asked."""
    app = Flask(__name__)
    app.config.update(LIFECYCLE_ALLOWED_HOSTS=["app.example"], LIFECYCLE_TOKEN=TOKEN)
    app.debug = True
    Lifecycle(app)
    asked: dict[str, str] = {}

    @app.route("/by/<how>", methods=["GET", "POST"])
    def by(how: str) -> str:
        dest = request.headers.get("Sec-Fetch-Dest", "not said")
        asked[how] = f"{dest}, {'Upgrade-Insecure-Requests' in request.headers}"
        frame = "" if how == "frame" else '<iframe src="/by/frame"></iframe>'
        return (
            f'<!doctype html><link rel="icon" href="data:,"><body>{frame}<a href="/by/link">'
            'link</a><form action="/by/form" method="post"><button>form</button></form></body>'
        )

    @app.get("/asked")
    def said() -> dict[str, str]:
        return asked

    return app


def _pages(app: Flask) -> None:
    def show(name: str, **context: t.Any) -> t.Callable[[], str]:
        return lambda: render_template(f"{name}.html", **context)

    app.add_url_rule("/", "plain", show("base"))
    app.add_url_rule("/other", "other", show("base", heading="Other"))
    app.add_url_rule("/bootstrap", "bootstrap", show("bootstrap"))
    app.add_url_rule("/tailwind", "tailwind", show("tailwind", titles=TITLES * 2))
    app.add_url_rule("/hostile", "hostile", show("hostile"))
    app.add_url_rule("/fetches", "fetches", show("base", heading="Twelve"))
    app.add_url_rule("/hello", "hello", lambda: "<p>Hello, World!</p>")

    @app.get("/utf-16")
    def wide() -> Response:
        page = "\ufeff<!doctype html><title>Breit</title><body><p>Käse — 乾酪</p></body>"
        return Response(page.encode("utf-16-le"), content_type="text/html")

    @app.get("/scripts")
    def scripts() -> str:
        return (
            "<!doctype html><title>x</title><body><p>text</p></body>"
            "<script>window.said = '</body></html>'; // </body>\n</script><!-- </BODY> -->"
        )

    @app.get("/crash")
    def crash() -> t.NoReturn:
        raise RuntimeError("Nobody handles this one.")

    @app.get("/failed")
    def failed() -> t.NoReturn:
        abort(503, "The warehouse does not answer.")

    @app.get("/trouble")
    def trouble() -> str:
        connection = sqlite3.connect(":memory:")
        with suppress(sqlite3.Error):
            connection.execute("SELECT 1 FROM nowhere")
        connection.close()
        app.logger.error("There is no table.")
        return render_template("base.html", heading="Trouble")

    @app.errorhandler(503)
    def sorry(error: Exception) -> ResponseReturnValue:
        return render_template("base.html", heading=str(error)), 503


def _policies(app: Flask) -> None:
    def page(policy: str, nonce: str = "", *, header: str = "Content-Security-Policy") -> Response:
        script = f'<script nonce="{nonce}">window.own = true;</script>' if nonce else ""
        response = Response(
            '<!doctype html><title>x</title><link rel="icon" href="data:,">'
            f"<body><p>text</p>{script}</body>",
            mimetype="text/html",
        )
        response.headers[header] = policy
        return response

    @app.get("/csp/nonce")
    def with_nonce() -> Response:
        nonce = secrets.token_urlsafe(16)
        return page(
            f"default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; connect-src 'self';"
            " img-src data:; base-uri 'none'; require-trusted-types-for 'script'",
            nonce,
        )

    @app.get("/csp/none")
    def without() -> Response:
        return page("default-src 'self' data:; script-src 'none'")

    @app.get("/csp/unconnected")
    def unconnected() -> Response:
        nonce = secrets.token_urlsafe(16)
        return page(f"default-src 'none'; img-src data:; script-src 'nonce-{nonce}'", nonce)

    @app.get("/csp/meta")
    def meta() -> str:
        # Too far down to be looked at.
        return (
            f'<!doctype html><title>x</title><link rel="icon" href="data:,"><!-- {"x" * 5000} -->'
            "<meta http-equiv=Content-Security-Policy content=\"script-src 'none'\"><body>text"
        )


def _swaps(app: Flask) -> None:
    @app.get("/<any(htmx2, htmx4, turbo):kind>/<name>")
    def swap(kind: str, name: str) -> str:
        package = {"htmx2": "htmx2", "htmx4": "htmx.org"}.get(kind, "")
        template = "turbo.html" if kind == "turbo" else "htmx.html"
        other = "second" if name == "first" else "first"
        return render_template(template, kind=kind, name=name, other=other, package=package)

    @app.post("/turbo-form")
    def form() -> ResponseReturnValue:
        return redirect("/turbo/second", 303)

    @app.get("/frame")
    def frame() -> str:
        return '<!doctype html><body><turbo-frame id="frame">the frame</turbo-frame></body>'

    @app.get("/part")
    def part() -> str:
        return "<p>a part</p>"

    @app.get("/from")
    def leads_on() -> ResponseReturnValue:
        return redirect("/over?x=%C3%A4 b")

    @app.get("/over")
    def over() -> ResponseReturnValue:
        return redirect("/other")


def _data(app: Flask, engine: Engine) -> None:
    @app.before_request
    def load_user() -> None:
        if request.path.startswith(("/data", "/fetches")):
            _query(engine, 1)

    @app.after_request
    def no_sniff(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.get("/data/<int:queries>")
    def data(queries: int) -> ResponseReturnValue:
        time.sleep(request.args.get("seconds", 0.0, type=float))
        _query(engine, queries)
        return {"queries": queries}, {"Cache-Control": request.args.get("cache", "no-cache")}

    @app.get("/data/from")
    def data_elsewhere() -> ResponseReturnValue:
        return redirect("/data/2")

    @app.get("/data/timed")
    def data_timed() -> Response:
        return Response("{}", mimetype="application/json", headers={"Server-Timing": "db;dur=5"})


def _held(app: Flask) -> None:
    """Answer only once another request lets go."""
    doors: dict[str, threading.Event] = defaultdict(threading.Event)

    @app.get("/held/<name>")
    def held(name: str) -> str:
        doors[name].wait(600)
        if name == "crash":
            raise RuntimeError("It was let go.")
        return "let go"

    @app.get("/held/stream/<name>")
    def streamed(name: str) -> Response:
        def parts() -> Iterator[str]:
            yield "first"
            doors[name].wait(600)
            yield "last"

        return Response(parts(), mimetype="text/plain")

    @app.get("/held/from/<name>")
    def led_on(name: str) -> ResponseReturnValue:
        return redirect(f"/held/{name}")

    @app.post("/let-go/<name>")
    def let_go(name: str) -> str:
        doors[name].set()
        return ""


def _query(engine: Engine, times: int) -> None:
    with engine.connect() as connection:
        for number in range(times):
            connection.execute(text("SELECT :number"), {"number": number})

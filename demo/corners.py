"""Edge cases of the lifecycle."""

from __future__ import annotations

import copy
import time
import typing as t
from collections.abc import Iterator

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    g,
    got_request_exception,
    render_template_string,
    request,
)
from sqlalchemy import select
from werkzeug.middleware.proxy_fix import ProxyFix

from .database import Book, OutOfStock

bp = Blueprint("corners", __name__, url_prefix="/corners")


def init_app(app: Flask) -> None:
    """Register the edge cases, and let a URL request a response as in production."""
    app.register_blueprint(bp)

    @got_request_exception.connect_via(app)
    def answer_as_in_production(sender: Flask, **_: t.Any) -> None:
        # Flask reads it right after this signal; None: an exception propagates in debug mode.
        sender.config["PROPAGATE_EXCEPTIONS"] = False if "production" in request.args else None


def release_lock(_error: BaseException | None) -> None:
    """Clean up; the app registers it as well."""
    g.pop("warehouse", None)


# An after-hook that raises: they run twice.
torn = Blueprint("torn", __name__)


@torn.after_request
def seal_answer(_response: Response) -> t.NoReturn:
    raise LookupError("The seal is not there.")


@torn.after_request
def sign_answer(response: Response) -> Response:
    response.headers["X-Signed"] = "yes"
    return response


@torn.get("/after-hook")
def sealed() -> str:
    return "sealed"


@bp.get("/nothing")
def nothing() -> t.Any:
    """Return a value that is no valid response."""


# Three deep, each with its own hooks; one hook is registered by two of them.
floor = Blueprint("floor", __name__, url_prefix="/floor")
room = Blueprint("room", __name__)
shelf = Blueprint("shelf", __name__)


@floor.before_request
def climb_stairs() -> None:
    g.floor = 2


@room.before_request
def open_door() -> None:
    g.room = "poetry"


@shelf.before_request
async def take_ladder() -> None:
    g.shelf = 7


@shelf.after_request
def put_back(response: Response) -> Response:
    return response


floor.teardown_request(release_lock)
shelf.teardown_request(release_lock)


@shelf.get("/shelf")
def look_along_shelf() -> str:
    return f"shelf {g.shelf} of {g.room} on floor {g.floor}"


# Two blueprints that handle the same exception differently.
paper = Blueprint("paper", __name__)
ebook = Blueprint("ebook", __name__)


@paper.errorhandler(OutOfStock)
def order_reprint(error: OutOfStock) -> tuple[str, int]:
    return f"{error}: reprinted", 503


@ebook.errorhandler(OutOfStock)
def send_file_instead(error: OutOfStock) -> tuple[str, int]:
    return render_template_string("{{ why }}: here is the file", why=error), 200


@paper.get("/paper")
def buy_paper() -> str:
    raise OutOfStock("no paper left")


@ebook.get("/ebook")
def buy_ebook() -> str:
    raise OutOfStock("no ebook left")


# Templates in a hook, with values of context processors.
printed = Blueprint("printed", __name__)


@printed.context_processor
def of_the_house() -> dict[str, str]:
    return {"house": "the bookshop"}


@printed.before_request
def print_banner() -> None:
    books = g.db.scalars(select(Book)).all()
    g.banner = render_template_string("{{ house }}: {{ count }} books", count=len(books))
    g.footer = render_template_string("{{ user }} at {{ house }}")


@printed.get("/printed")
def show_banner() -> str:
    return t.cast("str", g.banner)


# Thirty hooks, two of them slow.
crowd = Blueprint("crowd", __name__)


def _register_crowd() -> None:
    def hook(number: int) -> None:
        def check() -> None:
            if number in (9, 21):
                time.sleep(0.004)

        check.__name__ = check.__qualname__ = f"check_{number:02}"
        crowd.before_request(check)

    for number in range(30):
        hook(number)


_register_crowd()


@crowd.get("/crowd")
def pass_through() -> str:
    return "through"


# A teardown that raises: the others of its phase are skipped on Flask 3.1.
leaky = Blueprint("leaky", __name__)


@leaky.teardown_request
def lose_key(_error: BaseException | None) -> None:
    raise LookupError("The key is lost.")


@leaky.get("/teardown")
def leave() -> str:
    return "gone"


@bp.get(
    "/a-path-that-goes-on-and-on/through-every-room-of-the-house/and-up-to-the-attic/and-down-again"
)
def a_view_whose_name_says_at_length_what_it_does_for_whom_it_does_it_and_why() -> str:
    return "long"


@bp.get("/statements")
def many_statements() -> str:
    count = min(20_000, request.args.get("count", 10_000, type=int))
    for number in range(count):
        g.db.scalar(select(Book.title).where(Book.id == number % 8 + 1))
    return f"{count} statements"


@bp.get("/ticks")
def ticks() -> Response:
    """Push a context at each tick of a stream, until the client disconnects."""
    app = t.cast("t.Any", current_app)._get_current_object()
    count = min(100_000, request.args.get("count", 10_000, type=int))

    def events() -> t.Iterator[str]:
        for number in range(count):
            with app.app_context():
                g.number = number
            if number % 1000 == 0:
                yield f"data: {number}\n\n"

    return Response(events(), mimetype="text/event-stream")


@bp.get("/returned-app")
def hand_over() -> t.Any:
    """Return a WSGI app: it runs inside make_response."""
    app = t.cast("t.Any", current_app)._get_current_object()

    def inner(environ: dict[str, t.Any], start_response: t.Any) -> t.Any:
        return app({**environ, "PATH_INFO": "/tour/after-this"}, start_response)

    return inner


class Stamp:
    """A middleware that adds X-Served-By to each response."""

    def __init__(self, app: t.Any) -> None:
        self.app = app

    def __call__(self, environ: dict[str, t.Any], start_response: t.Any) -> t.Any:
        def stamped(status: str, headers: list[tuple[str, str]], *args: t.Any) -> t.Any:
            return start_response(status, [*headers, ("X-Served-By", "the bookshop")], *args)

        return self.app(environ, stamped)


class Shutter:
    """A middleware that responds itself while the shop is closed."""

    def __init__(self, app: t.Any) -> None:
        self.app = app

    def __call__(self, environ: dict[str, t.Any], start_response: t.Any) -> t.Any:
        if "closed" in environ.get("QUERY_STRING", ""):
            start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
            return [b"closed\n"]
        return self.app(environ, start_response)


@bp.get("/middleware")
def through_middleware() -> t.Any:
    """Return another entry point to the app, behind three middlewares."""
    app = t.cast("t.Any", current_app)._get_current_object()
    entrance = copy.copy(app)
    entrance.wsgi_app = ProxyFix(Shutter(Stamp(type(app).wsgi_app.__get__(app))))

    def inner(environ: dict[str, t.Any], start_response: t.Any) -> t.Any:
        return entrance({**environ, "PATH_INFO": "/tour/after-this"}, start_response)

    return inner


@bp.get("/endless")
def endless() -> Response:
    """Stream until the client goes away, or for a minute."""

    def ticks() -> Iterator[str]:
        for number in range(600):
            yield f"{number}\n" * 2000
            time.sleep(0.1)

    return Response(ticks(), mimetype="text/plain")


room.register_blueprint(shelf)
floor.register_blueprint(room)
for each in (torn, floor, paper, ebook, printed, crowd, leaky):
    bp.register_blueprint(each)

"""The tour: one button for each branch of the lifecycle."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import time
import typing as t
import warnings
from collections.abc import Iterator
from datetime import date

from flask import (
    Blueprint,
    Response,
    abort,
    after_this_request,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from .database import Book, Order, OrderLine, OutOfStock, User

bp = Blueprint("tour", __name__)


class Stop(t.NamedTuple):
    """One button: its request, the expected status, and what to look for."""

    title: str
    method: str
    path: str
    status: int
    look: str


STOPS = (
    Stop(
        "A typical request",
        "GET",
        "/admin/orders/42",
        200,
        "Down through both blueprints, the view with its SQL and template, and up again.",
    ),
    Stop(
        "Return early from a before-hook",
        "GET",
        "/admin/orders/42?anon=1",
        302,
        "require_admin returns a redirect; the view is skipped, every after-hook still runs.",
    ),
    Stop(
        "Raise and handle",
        "POST",
        "/admin/orders/42/ship",
        409,
        "The view raises OutOfStock; the handler for that class answers.",
    ),
    Stop(
        "No rule matches",
        "GET",
        "/admin/ordrs/42",
        404,
        "NotFound waits until dispatch; no hook of a blueprint runs.",
    ),
    Stop("The wrong method", "POST", "/shop/", 405, "The rule exists, but not for POST."),
    Stop(
        "Abort in a view",
        "GET",
        "/api/books/999",
        404,
        "abort(404) in the view calls the blueprint's own handler.",
    ),
    Stop(
        "Raise, and nobody handles it",
        "GET",
        "/tour/crash",
        500,
        "In debug mode it propagates to the server: no after-hook, no session save.",
    ),
    Stop(
        "Raise, and answer as in production",
        "GET",
        "/tour/crash?production",
        500,
        "The handler for 500 answers, and the after-hooks run.",
    ),
    Stop(
        "An after-hook that raises",
        "GET",
        "/corners/after-hook?production",
        500,
        "The response is made again, and all after-hooks run a second time.",
    ),
    Stop(
        "A teardown that raises",
        "GET",
        "/corners/teardown",
        200,
        "The response is made by then; on Flask 3.1 the teardowns after it are skipped.",
    ),
    Stop(
        "A view that returns None",
        "GET",
        "/corners/nothing?production",
        500,
        "make_response raises; the handler for 500 answers.",
    ),
    Stop("Redirect", "GET", "/tour/redirect", 302, "A view like any other; its response is short."),
    Stop(
        "A missing slash",
        "GET",
        "/shop",
        308,
        "The match itself requests a redirect; error handlers are not called.",
    ),
    Stop(
        "OPTIONS",
        "OPTIONS",
        "/shop/",
        200,
        "Flask answers by itself: hooks run, the view does not.",
    ),
    Stop("HEAD", "HEAD", "/shop/", 200, "The GET view runs completely; the body is dropped."),
    Stop("A static file", "GET", "/static/tour.css", 200, "An endpoint with all the app's hooks."),
    Stop(
        "Stream with the context kept",
        "GET",
        "/admin/orders/export.csv",
        200,
        "The headers are sent first; SQL runs while the body is sent.",
    ),
    Stop(
        "A plain stream",
        "GET",
        "/tour/stream",
        200,
        "The contexts are gone before the first chunk.",
    ),
    Stop(
        "An async view",
        "GET",
        "/tour/async",
        200,
        "The same steps; the view's body runs on another thread.",
    ),
    Stop(
        "Blueprints three deep",
        "GET",
        "/corners/floor/shelf",
        200,
        "Each has its own hooks; one hook is async, one is registered twice.",
    ),
    Stop(
        "A blueprint's own handler",
        "GET",
        "/corners/paper",
        503,
        "Two blueprints handle the same exception; this one reprints.",
    ),
    Stop("Its neighbour's handler", "GET", "/corners/ebook", 200, "That one sends the file."),
    Stop(
        "Templates in a hook",
        "GET",
        "/corners/printed",
        200,
        "Context processors run for each template that a hook renders.",
    ),
    Stop(
        "Thirty hooks",
        "GET",
        "/corners/crowd",
        200,
        "The quick ones fold into one; click to open them.",
    ),
    Stop(
        "Long names",
        "GET",
        "/corners/a-path-that-goes-on-and-on/through-every-room-of-the-house/and-up-to-the-attic/and-down-again",
        200,
        "They are shortened in the middle, and complete on hover.",
    ),
    Stop(
        "Ten thousand statements",
        "GET",
        "/corners/statements",
        200,
        "Bars too close to be distinguished are drawn as one.",
    ),
    Stop(
        "A view that returns an app",
        "GET",
        "/corners/returned-app",
        200,
        "It runs inside make_response, as a request of its own.",
    ),
    Stop(
        "Three middlewares",
        "GET",
        "/corners/middleware",
        200,
        "The inner request passes each one: a band, down and up again.",
    ),
    Stop(
        "A class-based view",
        "GET",
        "/api/books",
        200,
        "The method of the class is the view; its list becomes JSON.",
    ),
    Stop(
        "A request inside a request",
        "GET",
        "/tour/nested",
        200,
        "The inner one is a trace of its own.",
    ),
    Stop(
        "after_this_request",
        "GET",
        "/tour/after-this",
        200,
        "Runs before the registered after-hooks, for this request only.",
    ),
    Stop(
        "Upload and flash",
        "POST",
        "/tour/upload",
        302,
        "A flash sends a signal and writes to the session.",
    ),
    Stop(
        "A query for each row",
        "GET",
        "/tour/queries",
        200,
        "The template loads each order's lines: the same statement, ten times.",
    ),
    Stop(
        "Write, and commit",
        "POST",
        "/tour/buy",
        302,
        "A savepoint inside a transaction; COMMIT is a step with its own time.",
    ),
    Stop(
        "Write, and roll back",
        "POST",
        "/tour/buy?book=5",
        409,
        "The book is out of stock: the rows written before are rolled back.",
    ),
    Stop(
        "Logs, a warning and plain sqlite3",
        "GET",
        "/tour/collected",
        200,
        "Log records, a warning and statements, each with its source location.",
    ),
    Stop(
        "Ask other servers",
        "GET",
        "/tour/stock",
        200,
        "OpenTelemetry's spans of the calls are steps of the view.",
    ),
    Stop(
        "A view that works hard",
        "GET",
        "/shop/search?q=left+hand",
        200,
        "Request a profile of it in the panel: the comparison takes the time.",
    ),
    Stop(
        "A slow view",
        "GET",
        "/tour/slow?seconds=3",
        200,
        "It is drawn while it waits: the view glows, its clock runs.",
    ),
)


@bp.get("/")
def index() -> str:
    return render_template("tour.html", stops=STOPS)


@bp.post("/tour/sign-in")
def sign_in() -> ResponseReturnValue:
    session["user_id"] = g.db.scalar(select(User.id).where(User.role == "admin"))
    return "", 204


@bp.get("/tour/crash")
def crash() -> str:
    raise RuntimeError("Nobody handles this one.")


@bp.get("/tour/redirect")
def somewhere_else() -> ResponseReturnValue:
    return redirect(url_for("shop.catalogue"), 302)


@bp.get("/tour/stream")
def stream() -> Response:
    def words() -> Iterator[str]:
        for word in ("The ", "request ", "is ", "over ", "already.\n"):
            time.sleep(0.02)
            yield word

    return Response(words(), mimetype="text/plain")


@bp.get("/tour/async")
async def wait_for_it() -> str:
    await asyncio.sleep(0.02)
    return "It came.\n"


@bp.get("/tour/nested")
def nested() -> str:
    inner = current_app.test_client().get("/tour/async")
    return f"Inside, it was answered {inner.status}.\n"


@bp.get("/tour/after-this")
def after_this() -> str:
    @after_this_request
    def remember_visit(response: Response) -> Response:
        response.set_cookie("visited", "1", samesite="Lax", httponly=True)
        return response

    return "Look at the way up.\n"


@bp.post("/tour/upload")
def upload() -> ResponseReturnValue:
    cover = request.files.get("cover")
    if cover is None:
        abort(400, "The form takes a file named 'cover'.")
    flash(f"{len(cover.read())} bytes came.")
    return redirect(url_for(".index"), 302)


@bp.get("/tour/queries")
def queries() -> str:
    orders = g.db.scalars(select(Order).order_by(Order.placed.desc()).limit(10)).all()
    return render_template("queries.html", orders=orders)


@bp.post("/tour/buy")
def buy() -> ResponseReturnValue:
    """Write an order and its line, or neither."""
    try:
        _order(request.args.get("book", 1, type=int))
    except OutOfStock:
        g.db.rollback()
        raise
    g.db.commit()
    return redirect(url_for(".index"), 302)


def _order(book: int) -> None:
    order = Order(customer="Ada", placed=date.today())
    g.db.add(order)
    g.db.flush()
    with g.db.begin_nested():
        g.db.add(OrderLine(order_id=order.id, book_id=book, count=1))
    if not g.db.scalar(select(Book.stock).where(Book.id == book)):
        raise OutOfStock(f"book {book} has 0 left")


@bp.get("/tour/collected")
def collected() -> str:
    g.notes = sqlite3.connect(":memory:")
    g.notes.execute("create table note (text, token)")
    note = ("remember the milk", secrets.token_hex(8))
    g.notes.execute("insert into note (text, token) values (?, ?)", note)
    current_app.logger.info("%d note is kept", g.notes.total_changes)
    try:
        g.notes.execute("select * from notes")
    except sqlite3.OperationalError:
        current_app.logger.exception("The notes could not be read")
    g.notes.close()
    warnings.warn(f"Note {g.request_id[:8]} is kept the old way.", FutureWarning, stacklevel=1)
    return "Look at the logs and the SQL.\n"


@bp.get("/tour/stock")
def stock() -> str:
    ask = current_app.extensions["warehouse"].get
    return "\n".join(ask(f"/stock/{book}").text for book in (1, 2, 3))


@bp.get("/tour/slow")
def slow() -> str:
    seconds = min(30.0, max(0.0, request.args.get("seconds", 10.0, type=float)))
    time.sleep(seconds)
    return f"{seconds:g} seconds went by.\n"

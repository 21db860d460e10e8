"""The pages of the shop's staff: nested blueprints, each with its own hooks."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    g,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from .database import Book, Order, OrderLine, OutOfStock

bp = Blueprint("admin", __name__, url_prefix="/admin")
orders = Blueprint("orders", __name__, url_prefix="/orders")

_PAGE = 500


@bp.before_request
def require_admin() -> ResponseReturnValue | None:
    if g.user is None or g.user.role != "admin" or "anon" in request.args:
        return redirect(url_for("shop.sign_in"), 302)
    return None


@bp.after_request
def no_store(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@orders.before_request
def load_warehouse() -> None:
    g.warehouse = {"city": "Trieste", "shelves": 42}


@orders.after_request
def add_etag(response: Response) -> Response:
    if not response.is_streamed:
        response.add_etag()
    return response


@orders.get("/<int:id>")
def show(id: int) -> str:
    """Show one order with its lines."""
    order = g.db.scalar(select(Order).where(Order.id == id))
    if order is None:
        abort(404)
    lines = g.db.scalars(select(OrderLine).where(OrderLine.order_id == id)).all()
    books = g.db.scalars(select(Book).where(Book.id.in_([line.book_id for line in lines]))).all()
    return render_template(
        "admin/order.html", order=order, lines=lines, books={b.id: b for b in books}
    )


@orders.post("/<int:id>/ship")
def ship(id: int) -> str:
    g.db.scalar(select(Order).where(Order.id == id))
    left = g.db.scalar(select(Book.stock).where(Book.title == "The Name of the Rose"))
    if not left:
        raise OutOfStock("The Name of the Rose has 0 left")
    return "shipped"


@orders.get("/export.csv")
def export_csv() -> Response:
    database = current_app.extensions["database"]

    def rows() -> Iterator[str]:
        # g's session is closed by now: Flask 3.1.2 and 3.1.3 tear the contexts down first.
        with database.session() as db:
            pages = select(Order.id, Order.customer, Order.placed).limit(_PAGE)
            offset = 0
            while page := db.execute(pages.offset(offset)).all():
                text = io.StringIO()
                csv.writer(text).writerows(tuple(row) for row in page)
                yield text.getvalue()
                offset += _PAGE

    return Response(stream_with_context(rows()), mimetype="text/csv")


bp.register_blueprint(orders)

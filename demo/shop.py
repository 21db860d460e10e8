"""The public shop: the catalogue, a book, sign-in."""

from __future__ import annotations

from difflib import SequenceMatcher

from flask import Blueprint, abort, flash, g, redirect, render_template, request, session, url_for
from sqlalchemy import select
from werkzeug.security import check_password_hash
from werkzeug.wrappers import Response

from .database import PASSWORD, Book, User

bp = Blueprint("shop", __name__, url_prefix="/shop")


@bp.get("/")
def catalogue() -> str:
    return render_template("catalogue.html", books=g.db.scalars(select(Book)).all())


@bp.get("/search")
def search() -> str:
    wanted = request.args.get("q", "").casefold()
    books = g.db.scalars(select(Book)).all()
    alike = sorted(books, key=lambda book: likeness(wanted, book), reverse=True)
    return render_template("catalogue.html", books=alike[:3])


def likeness(wanted: str, book: Book) -> float:
    """Compare with each part of the title and author: thorough, and slow."""
    text = f"{book.title} {book.author}".casefold()
    parts = (text[at : at + len(wanted)] for at in range(len(text)))
    return max(SequenceMatcher(None, wanted, part).ratio() for part in parts)


@bp.get("/book/<int:id>")
def book(id: int) -> str:
    found = g.db.get(Book, id)
    if found is None:
        abort(404)
    return render_template("book.html", book=found)


@bp.post("/book/<int:id>/basket")
def add_to_basket(id: int) -> Response:
    session["basket"] = [*session.get("basket", []), id]
    flash("It is in your basket.")
    return redirect(url_for(".book", id=id))


@bp.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> str | Response:
    if request.method == "POST":
        user = g.db.scalar(select(User).where(User.name == request.form.get("name", "")))
        if user is not None and check_password_hash(
            user.password, request.form.get("password", "")
        ):
            session.clear()
            session["user_id"] = user.id
            return redirect(url_for(".catalogue"))
        flash("That is not the name and password of anybody here.")
    return render_template("sign_in.html", password=PASSWORD)


@bp.post("/sign-out")
def sign_out() -> Response:
    session.clear()
    return redirect(url_for("tour.index"))

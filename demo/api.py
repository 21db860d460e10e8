"""The shop for programs: JSON, in a class-based view."""

from __future__ import annotations

import typing as t

from flask import Blueprint, abort, g, jsonify
from flask.typing import ResponseReturnValue
from flask.views import MethodView
from sqlalchemy import select

from .database import Book

bp = Blueprint("api", __name__, url_prefix="/api")


def as_json(book: Book) -> dict[str, t.Any]:
    return {"id": book.id, "title": book.title, "author": book.author, "stock": book.stock}


class Books(MethodView):
    def get(self) -> ResponseReturnValue:
        return jsonify([as_json(book) for book in g.db.scalars(select(Book))])


bp.add_url_rule("/books", view_func=Books.as_view("books"))


@bp.get("/books/<int:id>")
def book(id: int) -> ResponseReturnValue:
    found = g.db.get(Book, id)
    if found is None:
        abort(404)
    return as_json(found)


@bp.errorhandler(404)
def no_such_book(_error: Exception) -> tuple[dict[str, str], int]:
    return {"error": "There is no such book."}, 404

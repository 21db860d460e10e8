"""The details of a step that is an SQL statement or transaction control."""

from __future__ import annotations

import typing as t

from ..core import untracked
from .forms import stored_as
from .model import JsonObject
from .sql_summary import summary

if t.TYPE_CHECKING:
    from .writer import LiveTrace

#: The file and line of the user's code that sent the statement.
Place = tuple[str, int]


@stored_as("statement", "text", "place", "many", "parameters", "dialect", "rows")
@untracked
class Statement:
    """A statement that sends or queries data, masked.

    :param text: its SQL.
    :param many: whether there are several executions, each with its set of parameters.
    :param parameters: the set or sets of parameters.
    :param dialect: the database's, as SQLAlchemy names it.
    """

    __slots__ = ("dialect", "many", "parameters", "place", "rows", "text")

    def __init__(
        self,
        text: str,
        place: Place | None,
        many: bool,
        parameters: t.Any,
        dialect: str | None = None,
    ) -> None:
        self.text: str = text
        self.place: Place | None = place
        self.many: bool = many
        self.parameters: t.Any = parameters
        # What another package calls its dialect may be anything.
        self.dialect: str | None = dialect if isinstance(dialect, str) else None
        #: The number of rows, once the database has returned it.
        self.rows: int | None = None

    def detail(self, _trace: LiveTrace) -> JsonObject:
        """Return it JSON-ready."""
        parameters = _listed(self.parameters)
        return {
            "kind": "statement",
            "statement": self.text,
            "summary": summary(self.text, parameters, self.dialect, many=self.many),
            "dialect": self.dialect,
            "rows": self.rows,
            "many": self.many,
            "parameters": parameters,
            "place": _shown(self.place),
        }

    @classmethod
    def restored(
        cls,
        text: str,
        place: t.Any,
        many: bool,
        parameters: t.Any,
        dialect: str | None,
        rows: int | None,
    ) -> Statement:
        """Return again what was stored."""
        statement = cls(text, place and tuple(place), many, parameters, dialect)
        statement.rows = rows
        return statement


@untracked
class Control:
    """A statement that begins or ends a transaction or a savepoint, or the opening of a connection.

    :param kind: one of :data:`~.transactions.TEXTS`.
    :param text: its SQL.
    :param connection: the number of the connection.
    :param implied_by: what caused it, if the app did not request it.
    """

    __slots__ = ("connection", "implied_by", "kind", "place", "text")

    def __init__(
        self,
        kind: str,
        text: str,
        place: Place | None,
        connection: int | None,
        implied_by: str | None = None,
    ) -> None:
        self.kind: str = kind
        self.text: str = text
        self.place: Place | None = place
        self.connection: int | None = connection
        self.implied_by: str | None = implied_by

    def detail(self, _trace: LiveTrace) -> JsonObject:
        """Return it JSON-ready."""
        return {
            "kind": self.kind,
            "statement": self.text,
            "place": _shown(self.place),
            "connection": self.connection,
            "implied_by": self.implied_by,
        }


def _shown(place: Place | None) -> JsonObject | None:
    return None if place is None else {"file": place[0], "line": place[1]}


def _listed(value: t.Any) -> t.Any:
    """Convert the stored tuples into lists."""
    return [_listed(each) for each in value] if type(value) is tuple else value


__all__ = ["Control", "Statement"]

"""What is noted of the step of an SQL statement, or of what controls a transaction."""

from __future__ import annotations

import typing as t

from .model import JsonObject

if t.TYPE_CHECKING:
    from .writer import LiveTrace

#: The file and line of the user's code that something was sent from.
Place = tuple[str, int]


class Statement:
    """What sends or asks for data, masked.

    :param text: its SQL.
    :param many: whether there is a set of parameters for each of several executions.
    :param parameters: these.
    """

    __slots__ = ("many", "parameters", "place", "rows", "text")

    def __init__(self, text: str, place: Place | None, many: bool, parameters: t.Any) -> None:
        self.text: str = text
        self.place: Place | None = place
        self.many: bool = many
        self.parameters: t.Any = parameters
        #: How many, once the database has told.
        self.rows: int | None = None

    def detail(self, _trace: LiveTrace) -> JsonObject:
        """Return it as JSON's types."""
        return {
            "kind": "statement",
            "statement": self.text,
            "rows": self.rows,
            "many": self.many,
            "parameters": _listed(self.parameters),
            "place": _shown(self.place),
        }


class Control:
    """What begins or ends a transaction or a savepoint, or opens a connection.

    :param kind: one of :data:`~.transactions.TEXTS`.
    :param text: its SQL.
    :param connection: the number of the connection.
    :param implied_by: what made it happen, where the app did not ask for it.
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
        """Return it as JSON's types."""
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
    """Turn the tuples that are kept into lists."""
    return [_listed(each) for each in value] if type(value) is tuple else value


__all__ = ["Control", "Statement"]

"""One line for a request: for lists, and for following them."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator

from rich.text import Text

from ..trace.sentences.words import cut, readable_time
from .cells import age, clock, flags_text, request_text, shortened, status_text, strip, took
from .lookup import request_of
from .output import escaped, fitted

if t.TYPE_CHECKING:
    from ..trace.model import JsonObject

# The widths of columns.
_AGE = 6
_ENDPOINT = 30
_REF = 5
_SQL = 6
_STRIP = 16
_TIME = 9
#: From these widths on, rows have more than the request and how it ended.
_WITH_MORE = 64
_WITH_STRIP = 120
_WITH_ENDPOINT = 150
#: Seconds: processes that began within it are one restart.
TOGETHER = 1.0


class Rows:
    """Lays out requests, each on a line.

    :param width: the columns of a line.
    :param id_length: how much of an ID is shown; 0 for the time of day instead.
    :param has_strip: whether colours can be seen.
    :param summaries: the requests, if they are known: columns are no wider than these need.
    """

    def __init__(
        self,
        width: int,
        id_length: int,
        *,
        has_strip: bool,
        summaries: Iterable[JsonObject] = (),
    ) -> None:
        self._id = id_length
        self._is_wide = width >= _WITH_MORE
        self._strip = _STRIP if has_strip and width >= _WITH_STRIP else 0
        self._endpoint = _ENDPOINT if width >= _WITH_ENDPOINT else 0
        # Where there is little room, the number from the last one stands for the ID.
        self._first = _REF if id_length and not self._is_wide else (id_length or len(clock(0))) + 1
        others = [self._first, 1, 3, _TIME]
        if self._is_wide:
            others += [_SQL, *([_REF, _AGE, 2] if self._id else [])]
        others += [each + 2 for each in (self._strip, self._endpoint) if each]
        room = max(12, width - sum(others))
        listed = [*summaries]
        flags = max((flags_text(each).cell_len for each in listed), default=room // 3)
        requests = max((request_text(each).cell_len for each in listed), default=room)
        self._flags = min(flags, max(room // 3, room - requests - 2)) if self._is_wide else 0
        self._request = min(requests, room - (self._flags + 2 if self._flags else 0))

    def head(self) -> Text:
        """Return the names of the columns."""
        names = {
            "ref": "last",
            "id": "ID",
            "age": "age",
            "request": "request",
            "status": "",
            "took": "time",
            "sql": "SQL",
            "strip": "",
            "endpoint": "endpoint",
            "flags": "",
        }
        return self._line({name: Text(text, style="quiet") for name, text in names.items()})

    def row(self, summary: JsonObject, number: int = 0, now: float | None = None) -> Text:
        """Return the line of a request.

        :param number: its number from the last one.
        """
        began = summary["started_at"]
        sql = summary["counts"].get("sql", 0)
        cells = {
            "ref": Text(f"~{number}" if number else "last", style="quiet"),
            "id": Text(summary["id"][: self._id] if self._id else clock(began), style="quiet"),
            "age": Text(age(began, now)),
            "request": request_text(summary),
            "status": status_text(summary),
            "took": Text(readable_time(took(summary))),
            "sql": Text(f"{sql:,}" if sql else "", style="sql"),
            "strip": strip(summary, self._strip),
            "endpoint": Text(cut(summary["endpoint"] or ""), style="quiet"),
            "flags": flags_text(summary),
        }
        return self._line(cells)

    def _line(self, cells: t.Mapping[str, Text]) -> Text:
        line = Text()
        if self._id:
            line.append_text(fitted(cells["ref"], _REF))
        if self._is_wide or not self._id:
            line.append_text(fitted(cells["id"], self._first))
        if self._id and self._is_wide:
            line.append_text(fitted(cells["age"], _AGE, right=True)).append("  ")
        line.append_text(fitted(shortened(cells["request"], self._request), self._request))
        line.append(" ").append_text(fitted(cells["status"], 3))
        line.append_text(fitted(cells["took"], _TIME, right=True))
        if self._is_wide:
            line.append_text(fitted(cells["sql"], _SQL, right=True))
        for name, width in (("strip", self._strip), ("endpoint", self._endpoint)):
            if width:
                line.append("  ").append_text(fitted(cells[name], width))
        if self._flags and cells["flags"]:
            line.append("  ").append_text(fitted(cells["flags"], self._flags))
        return line


def restarts(summaries: Iterable[JsonObject]) -> Iterator[tuple[JsonObject, float | None]]:
    """Yield requests, newest first, each with when the process after it began, if one did."""
    listed = [*summaries]
    begins = sorted({each["process"].get("started_at") or 0.0 for each in listed}, reverse=True)
    newer = float("inf")
    for summary in listed:
        at = summary["started_at"]
        between = [begin for begin in begins if at < begin <= newer]
        yield summary, between[-1] if between and newer != float("inf") else None
        newer = at


def markdown_table(summaries: Iterable[JsonObject], now: float | None = None) -> Iterator[str]:
    """Yield the lines of a table."""
    yield "| ID | age | request | status | time | SQL | |"
    yield "|---|--:|---|--:|--:|--:|---|"
    for each in summaries:
        flags = flags_text(each, ", ").plain
        cells = (
            f"`{each['id']}`",
            age(each["started_at"], now),
            escaped(cut(request_of(each), 200)),
            status_text(each).plain,
            readable_time(took(each)),
            str(each["counts"].get("sql", "")),
            escaped(flags),
        )
        yield f"| {' | '.join(cells)} |"


__all__ = ["TOGETHER", "Rows", "markdown_table", "restarts"]

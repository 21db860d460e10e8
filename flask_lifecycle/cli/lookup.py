"""The requests of an app's history, and those that an ID on the command line means."""

from __future__ import annotations

import re
import typing as t
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property
from itertools import chain, islice, repeat
from itertools import count as count_from
from operator import itemgetter

import click
import flask

from ..history import History, history_of
from ..summary.filter import FilterError, parse
from ..trace.sentences.words import count, cut
from ..trace.status import client_status
from .summaries import is_summary

if t.TYPE_CHECKING:
    from ..trace.model import JsonObject, Trace

_LAST = re.compile(r"last(?:~([0-9]{1,9}))?")
_BEGINNING = re.compile(r"[0-9a-f]{1,64}")
# Most commands need the first few; a filter may need all.
_FIRST, _PAGE = 50, 1000
_LISTED = 5
_SHORTEST = 6


class NotFoundError(click.ClickException):
    """There is nothing to show; the command exits with 1."""


class Requests:
    """The requests in the history of an app."""

    def __init__(self, app: flask.Flask) -> None:
        try:
            history = history_of(app)
        except ValueError as error:
            raise click.ClickException(str(error)) from None
        if history is None:
            raise NotFoundError("This app keeps no history: LIFECYCLE_HISTORY is None.")
        self.history: History = history
        #: Summaries of requests that are not in the history yet; an ID may mean one of them.
        self.running: Sequence[JsonObject] = ()
        self._read: list[JsonObject] = []
        self._pages = self._paged()

    def newest_first(self) -> Iterator[JsonObject]:
        """Yield the summaries of all requests, newest first; they are read as far as is needed.

        :raises NotFoundError: there are none; the text says why.
        """
        for at in count_from():
            if at == len(self._read):
                self._read += next(self._pages, ())
            if at == len(self._read):
                break
            yield self._read[at]
        if not self._read:
            place = self.history.status().place
            raise NotFoundError(
                self.history.problem
                or f"The history has no request yet: {place}. Serve the app in debug mode with its "
                "Lifecycle, or by flask lifecycle run."
            )

    def _paged(self) -> Iterator[list[JsonObject]]:
        before = None
        for size in chain((_FIRST,), repeat(_PAGE)):
            page = self.history.summaries(size, before)
            if not page:
                return
            before = page[-1]["id"]
            valid = [*filter(is_summary, page)]
            if valid:
                yield valid

    @cached_property
    def known(self) -> list[JsonObject]:
        """Return the summaries of all requests, newest first.

        :raises NotFoundError: there are none; the text says why.
        """
        return [*self.newest_first()]

    @cached_property
    def id_length(self) -> int:
        """Return how much of their IDs tells requests apart."""
        ids = self.history.ids()
        stored = [each["id"] for each in self._read] if ids is None else ids
        return id_length({*stored, *(each["id"] for each in self.running)})

    def newest(self, limit: int) -> list[JsonObject]:
        """Return the summaries of the newest requests; what another program wrote is left out."""
        return [each for each in self.history.summaries(limit=limit) if is_summary(each)]

    def matching(
        self, terms: Sequence[str], limit: int | None = None
    ) -> list[tuple[int, JsonObject]]:
        """Return the summaries that a filter lets through, each with its number from the last.

        :param limit: how many at most, the newest.
        :raises NotFoundError: there are none.
        """
        text = " ".join(terms)
        matches = predicate(text)
        every = enumerate(self.newest_first())
        found = [*islice((pair for pair in every if matches(pair[1])), limit)]
        if not found:
            raise NotFoundError(f"No request in the history matches {cut(text)}.")
        return found

    def summary(self, text: str) -> JsonObject:
        """Return the summary of the request that an ID means.

        :param text: ``last``, ``last~3`` or the beginning of an id.
        :raises NotFoundError: there is none.
        :raises click.UsageError: there are several, or this is no ID.
        """
        last = _LAST.fullmatch(text)
        if last is not None:
            number = int(last[1] or 0)
            for each in islice(self.newest_first(), number, None):
                return each
            raise NotFoundError(
                f"There is no {text}: the history has {count(len(self.known), 'request')}."
            )
        if not is_beginning(text):
            raise click.UsageError(
                f"{cut(text, 40) or 'An empty text'} is no ID; it takes last, last~3 or the "
                "beginning of one, which has digits and the letters a to f."
            )
        found = self._beginning_with(text.lower())
        if not found:
            raise NotFoundError(f"No request in the history has an ID that begins with {text}.")
        if found[1:]:
            raise click.UsageError(_several(text, found, self.id_length))
        return found[0]

    def _beginning_with(self, text: str) -> list[JsonObject]:
        running = {each["id"]: each for each in self.running if each["id"].startswith(text)}
        try:
            stored = {each["id"]: each for each in self.known if each["id"].startswith(text)}
        except NotFoundError:
            if not running:
                raise
            stored = {}
        return [*{**running, **stored}.values()]

    def trace(self, text: str) -> Trace:
        """Return the request that an ID means."""
        return self.get(self.summary(text)["id"])

    def get(self, trace_id: str) -> Trace:
        """Return the request with an id.

        :raises NotFoundError: it is no longer there.
        """
        trace = self.history.get(trace_id)
        if trace is None:
            raise NotFoundError(
                self.history.problem or f"The request {trace_id} is no longer in the history."
            )
        return trace


def predicate(terms: str) -> Callable[[JsonObject], bool]:
    """Return whether a summary matches a filter, as a function.

    :raises click.UsageError: a term cannot be parsed.
    """
    try:
        return parse(terms)
    except FilterError as error:
        raise click.UsageError(f"FILTER got {error}.") from None


def is_beginning(text: str) -> bool:
    """Return whether an ID may begin so."""
    return _BEGINNING.fullmatch(text.lower()) is not None


def _several(text: str, found: list[JsonObject], length: int) -> str:
    lines = [
        f"  {each['id'][:length]}  {cut(request_of(each), 60)}, {client_status(each) or '…'}"
        for each in found[:_LISTED]
    ]
    if found[_LISTED:]:
        lines.append(f"  and {len(found) - _LISTED:,} more")
    several = f"{len(found):,} requests have an ID that begins with {text}; write more of it:"
    return "\n".join((several, *lines))


def request_of(summary: JsonObject) -> str:
    """Return the method and the URL of a request, as it was sent."""
    query = f"?{summary['query']}" if summary["query"] else ""
    return f"{summary['method']} {summary['path']}{query}"


def id_length(ids: Collection[str]) -> int:
    """Return how much of some IDs tells them apart."""
    longest = max(map(len, ids), default=0)
    lengths = range(_SHORTEST, longest)
    apart = bisect_left(lengths, True, key=lambda length: _are_apart(ids, length))
    return lengths[apart] if apart < len(lengths) else max(_SHORTEST, longest)


def _are_apart(ids: Collection[str], length: int) -> bool:
    return len(set(map(itemgetter(slice(length)), ids))) == len(ids)


__all__ = ["NotFoundError", "Requests", "id_length", "is_beginning", "predicate", "request_of"]

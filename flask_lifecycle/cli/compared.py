"""Two requests of a history compared, with their other runs."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from ..trace.alike import are_repeated, last_like, runs_like
from ..trace.compare import Comparison, compare
from ..trace.model import JsonObject, Trace
from ..trace.sentences.words import cut
from .lookup import NotFoundError, Requests, request_of
from .output import Output, escaped

_STYLES = {
    "-": "gone",
    "+": "added",
    "!": "short",
    "~": "change",
    ">": "slower",
    "<": "faster",
}


def compared(requests: Requests, a: str | None, b: str | None) -> Comparison:
    """Return the comparison that two IDs on the command line mean, of which either may be missing.

    :raises NotFoundError: there is no such request, or none to compare it with.
    """
    if a is None or b is None:
        other = requests.summary(a or "last")
        one = _last_like(requests, other)
    else:
        one, other = requests.summary(a), requests.summary(b)
    if are_repeated(one, other):
        runs = [one["id"]], [other["id"]]
    else:
        runs = runs_like(one, requests.known), runs_like(other, requests.known)
    return compare(*([*_traces(requests, ids)] for ids in runs))


def _last_like(requests: Requests, request: JsonObject) -> JsonObject:
    found = last_like(request, requests.known)
    for each in requests.known:
        if each["id"] == found:
            return each
    raise NotFoundError(
        f"No earlier request in the history is like {cut(request_of(request))}: give two IDs."
    )


def _traces(requests: Requests, ids: list[str]) -> Iterator[Trace]:
    """Yield the traces of some runs; without the first one, there is nothing to compare."""
    yield requests.get(ids[0])
    for each in ids[1:]:
        trace = requests.history.get(each)
        if trace is not None:
            yield trace


def text(comparison: Comparison, output: Output) -> Iterator[Text]:
    """Yield the lines for a terminal."""
    a, b, verdict, *rest = str(comparison).splitlines()
    for line in (a, b):
        yield from _hanging(Text(line).append(""), 3, output)
    yield Text()
    yield from output.wrapped(Text(verdict, style="bold"), output.width)
    for line in rest:
        style = _STYLES.get(line[:1], "") if line[1:2] == " " else ""
        if style:
            found = Text(line)
            found.stylize(style, 0, 1)
            yield from _hanging(found, 2, output)
        else:
            yield from output.wrapped(Text(line, style="quiet"), output.width)


def _hanging(line: Text, indent: int, output: Output) -> Iterator[Text]:
    """Yield a line, and what is too long for it below the text after its mark."""
    first, rest = line[:indent], line[indent:]
    for number, part in enumerate(output.wrapped(rest, output.width - indent)):
        yield (Text(" " * indent) if number else first.copy()).append_text(part)


def markdown(comparison: Comparison) -> Iterator[str]:
    """Yield the lines of Markdown; the differences are a ``diff``, which is coloured."""
    a, b, verdict, *rest = str(comparison).splitlines()
    yield f"**{escaped(verdict)}**"
    yield ""
    yield "```diff"
    yield from (f"# {line}" for line in (a, b))
    yield from (line if line[1:2] == " " else f"# {line}" for line in rest)
    yield "```"


__all__ = ["compared", "markdown", "text"]

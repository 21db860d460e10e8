"""What a line says of a request, each as a text of its own."""

from __future__ import annotations

import math
import time
import typing as t
from datetime import datetime

from rich.text import Text

from ..trace.details import mapping
from ..trace.sentences.words import cut, readable_time
from ..trace.status import client_status
from .lookup import request_of

if t.TYPE_CHECKING:
    from ..trace.model import JsonObject

# By stage, as in the panel's small timelines.
_KINDS = {
    "after": "response",
    "before": "request",
    "body": "response",
    "context": "quiet",
    "error": "error",
    "sql": "sql",
    "template": "template",
    "view": "quiet",
}
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def request_text(summary: JsonObject) -> Text:
    """Return the method and URL of a request; one that was made inside of another has an arrow."""
    method, _, url = request_of(summary).partition(" ")
    text = Text().append("" if summary["parent"] is None else "↳ ", style="quiet")
    text.append(cut(method, 12), style="quiet" if method == "GET" else "ink")
    return text.append(" ").append(cut(url, 300), style="")


def shortened(text: Text, width: int) -> Text:
    """Cut the middle of a text: of a long URL, its end tells more."""
    if text.cell_len <= width:
        return text
    half = width // 2
    return text[:half].append("…").append_text(text[-(width - half - 1) :])


def status_text(summary: JsonObject) -> Text:
    """Return the status that the client got."""
    status = client_status(summary)
    if status is None:
        return Text("…" if summary["state"] == "running" else "–", style="quiet")
    styles = {2: "success", 3: "redirect", 4: "short", 5: "error"}
    return Text(str(status), style=styles.get(status // 100, ""))


def flags_text(summary: JsonObject, between: str = "  ") -> Text:
    """Return what makes a request worth a look, and how long it was held."""
    styles = {"error": "error", "sql": "sql", "ink": "ink"}
    labels = [Text(cut(label), style=styles.get(kind, "")) for kind, label, _ in summary["flags"]]
    held = held_within(summary)
    times = [Text(f"{readable_time(held)} held", style="quiet")] if held else []
    return Text(between).join([*labels, *times])


def held_within(request: JsonObject, begin: int = 0, end: float = math.inf) -> int:
    """Return how much of a time breakpoints held a request, in ns.

    :param request: a trace or a summary.
    """
    holds = request.get("holds")
    spans = [
        (each["begin"], each["end"])
        for each in map(mapping, holds if isinstance(holds, list) else ())
        if isinstance(each.get("begin"), int) and isinstance(each.get("end"), int)
    ]
    return int(sum(max(0, min(end, after) - max(begin, before)) for before, after in spans))


def strip(summary: JsonObject, cells: int) -> Text:
    """Return where the time of a request went, as a line of colours."""
    line = Text()
    whole = max((part[2] for part in summary["strip"]), default=0) or 1
    for cell in range(cells):
        begin, end = cell * whole / cells, (cell + 1) * whole / cells
        shares = [
            (min(end, part[2]) - max(begin, part[1]), part[0])
            for part in summary["strip"]
            if part[1] < end and part[2] > begin
        ]
        line.append("━" if shares else " ", style=_KINDS.get(max(shares)[1], "") if shares else "")
    return line


def took(summary: JsonObject) -> int:
    """Return the app's own time of a request, in ns."""
    times = (summary.get("app_time"), summary["duration"], summary.get("elapsed"))
    return next((ns for ns in times if ns is not None), 0)


def age(began: float, now: float | None = None) -> str:
    """Return how long ago something was, in one unit."""
    seconds = max(0, int((time.time() if now is None else now) - began))
    return next((f"{seconds // size} {unit}" for size, unit in _UNITS if seconds >= size), "0 s")


def clock(began: float) -> str:
    """Return the time of day."""
    return datetime.fromtimestamp(began).strftime("%H:%M:%S")


__all__ = [
    "age",
    "clock",
    "flags_text",
    "held_within",
    "request_text",
    "shortened",
    "status_text",
    "strip",
    "took",
]

"""The journey of a request on a terminal: its steps as a tree, as wide as that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from rich.text import Text

from ..trace.model import Step, Trace
from ..trace.sentences.words import readable_time
from .facts import changes, facts, is_said, place, predicate, subject
from .output import Output, fitted
from .tree import Node, walk

_TIME = 8
_LEVEL = 2
# Of the whole: what took more is bold, what took less is pale.
_MUCH = 0.1
_LITTLE = 0.01
#: From these widths on, there are bars, and the sentences stand beside the tree.
_WITH_BARS = 100
_SIDE_BY_SIDE = 150
#: By stage, where it is not the one of the way in.
STYLES = {
    **dict.fromkeys(("template", "context_processor"), "template"),
    **dict.fromkeys(
        (
            *("after_request", "after_this_request", "app_context_pop", "body", "body_close"),
            *("make_response", "request_context_pop", "session_save", "start_response"),
            *("teardown_appcontext", "teardown_request"),
        ),
        "response",
    ),
    **dict.fromkeys(("flash", "log", "signal", "span", "url_defaults", "warning"), "inner"),
    "error_handler": "error",
    "sql": "sql",
    "view": "view",
}


class Journey:
    """Lays out the steps of one trace.

    :param brief: one line for each step, without sentences.
    """

    def __init__(self, trace: Trace, output: Output, *, brief: bool = False) -> None:
        self._output = output
        self._brief = brief
        self._whole = max(1, trace.duration or 0, *(step.end or step.begin for step in trace.steps))
        width = output.width
        self._bar = 0 if width < _WITH_BARS else 12 if width < _SIDE_BY_SIDE else 20
        left = width - _TIME - 2 - (self._bar + 1 if self._bar else 0)
        self._beside = 0 if brief or width < _SIDE_BY_SIDE else left * 9 // 20
        self._tree = left - (self._beside + 2 if self._beside else 0)

    def lines(self, roots: Sequence[Node]) -> Iterator[Text]:
        """Yield the lines of a tree."""
        for node, lasts in walk(roots):
            first, then = self._guides(lasts, has_children=bool(node.children))
            room = self._tree - len(first)
            head = self._head(node, room)
            says = self._says(node, room)
            below = [] if self._beside else says
            beside = says if self._beside else []
            for number, (part, side) in enumerate(zip_longest([*head, *below], beside)):
                margin = self._margin(node) if number == 0 else Text(" " * self._margin_width)
                guide = Text(then if number else first, style="guide")
                line = margin.append_text(guide).append_text(part or Text())
                if side is not None:
                    line = fitted(line, self._output.width - self._beside).append_text(side)
                yield line

    @property
    def _margin_width(self) -> int:
        return _TIME + 2 + (self._bar + 1 if self._bar else 0)

    def _margin(self, node: Node) -> Text:
        """Return a step's time, and where it lies in the whole."""
        if node.step is None:
            took = Text("–", style="skipped")
        else:
            share = 1.0 if node.took is None else node.took / self._whole
            weight = "bold" if share >= _MUCH else "" if share >= _LITTLE else "quiet"
            took = Text("running" if node.took is None else readable_time(node.took), style=weight)
        line = fitted(took, _TIME, right=True).append("  ")
        if self._bar:
            bar = "" if node.step is None else self._bar_of(node.step, node)
            line.append(f"{bar:<{self._bar}} ", style=_style(node))
        return line

    def _bar_of(self, step: Step, node: Node) -> str:
        halves = 2 * self._bar
        end = self._whole if node.took is None else max(step.end or 0, step.begin + node.took)
        begin = min(halves - 1, step.begin * halves // self._whole)
        last = max(begin, min(halves, -(-end * halves // self._whole)) - 1)
        cells = [" "] * self._bar
        for half in range(begin, last + 1):
            cell = half // 2
            cells[cell] = "━" if cells[cell] != " " else "╸╺"[half % 2]
        return "".join(cells)

    def _guides(self, lasts: tuple[bool, ...], *, has_children: bool) -> tuple[str, str]:
        """Return what is left of a node's first line, and of those below it."""
        deepest = max(1, self._tree // 3 // _LEVEL)
        inner = lasts[1:][-deepest:]
        around = "".join("  " if last else "│ " for last in inner[:-1])
        below = "│ " if has_children else "  "
        if not inner:
            return "", below
        return (
            f"{around}{'└ ' if inner[-1] else '├ '}",
            f"{around}{'  ' if inner[-1] else '│ '}{below}",
        )

    def _head(self, node: Node, room: int) -> list[Text]:
        style = _style(node)
        line = Text().append(node.stage, style=style)
        name = subject(node, 300)
        if name:
            line.append(" ").append(name, style="skipped" if node.step is None else _name(node))
        for text, about in facts(node):
            line.append("  ").append(text, style=about)
        if self._brief:
            for text in changes(node, values=False):
                line.append("  ").append(text, style="change")
        where = Text(place(node), style="quiet")
        if self._brief:
            line.truncate(room, overflow="ellipsis")
        fits = line.cell_len + 2 + where.cell_len <= room
        if fits and where:
            line = fitted(line, room - where.cell_len).append_text(where)
        lines = [line] if line.cell_len <= room else self._wrapped(line, room - _LEVEL)
        if not self._brief:
            lines += self._changes(node, room)
            lines += self._wrapped(where, room - _LEVEL) if where and not fits else []
        return lines

    def _changes(self, node: Node, room: int) -> Iterator[Text]:
        """Yield a line for each change."""
        for text in changes(node, values=True):
            line = Text(text, style="change")
            line.truncate(room - _LEVEL, overflow="ellipsis")
            yield line

    def _says(self, node: Node, room: int) -> list[Text]:
        if self._brief or is_said(node):
            return []
        room = self._beside or room - _LEVEL
        return self._wrapped(Text(predicate(node), style="quiet"), room)

    def _wrapped(self, text: Text, width: int) -> list[Text]:
        return self._output.wrapped(text, max(12, width))


def _style(node: Node) -> str:
    return "skipped" if node.step is None else STYLES.get(node.stage, "request")


def _name(node: Node) -> str:
    return "sql" if node.stage == "sql" else "inner" if node.stage == "signal" else "name"


__all__ = ["STYLES", "Journey"]

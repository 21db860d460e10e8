"""A request with its steps, as text and as Markdown."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

import flask
from rich.text import Text

from ..app_map.skipped import skipped
from ..trace.explain import explain
from ..trace.highlights import highlights
from ..trace.model import Hold, JsonObject, Trace
from ..trace.sentences.words import count, cut, readable_time, short
from .cells import age, held_within, request_text, status_text, took
from .facts import changes, facts, is_said, predicate, subject
from .journey import Journey
from .lookup import request_of
from .output import Output, code, escaped, fitted
from .recordings import map_of
from .tree import Node, tree, walk

_LONGEST = 300


class Report:
    """What is told of one request.

    :param summary: of the same request.
    :param app: its app, as it is now.
    :param whole: whether nothing is folded or left out.
    """

    def __init__(
        self, trace: Trace, summary: JsonObject, app: flask.Flask, *, whole: bool = False
    ) -> None:
        self._trace = trace
        self._summary = summary
        missing = skipped(trace, map_of(app))
        self._roots = tree(trace, explain(trace), missing, whole=whole)

    def text(self, output: Output, *, brief: bool) -> Iterator[Text]:
        """Yield the lines for a terminal."""
        yield from self._head(output)
        yield Text()
        yield from Journey(self._trace, output, brief=brief).lines(self._roots)
        for line in self._notes():
            yield Text(line, style="quiet")

    def _head(self, output: Output) -> Iterator[Text]:
        summary = self._summary
        ends = Text("  ").join((status_text(summary), Text(readable_time(took(summary)), "name")))
        first, *more = output.wrapped(request_text(summary), output.width - ends.cell_len - 2)
        first.stylize("bold")
        yield fitted(first, output.width - ends.cell_len).append_text(ends)
        yield from more
        for text in self._lines():
            yield from output.wrapped(Text(text, style="quiet"), output.width)
        for kind, label, reason in self._flags():
            flag = Text().append(label, style=kind).append(f": {reason}", style="quiet")
            yield from output.wrapped(flag, output.width)
        yield from output.wrapped(Text(self._highlights()), output.width)

    def _lines(self) -> Iterator[str]:
        trace = self._trace
        began = datetime.fromtimestamp(trace.started_at)
        today = began.date() == datetime.fromtimestamp(time.time()).date()
        at = began.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S")
        if trace.url_rule is not None:
            yield f"{short(trace.url_rule)} · {short(trace.endpoint)}"
        yield (
            f"{at}, {age(trace.started_at)} ago · {trace.id} · "
            f"process {trace.process.pid} on {short(trace.process.host)}"
        )
        for hold in trace.holds:
            if hold.end is None:
                yield self._held(hold)
        if trace.parent is not None:
            yield f"made inside the request {trace.parent}"

    def _held(self, hold: Hold) -> str:
        step = self._trace.steps[hold.step]
        at = step.stage if step.name in ("", step.stage) else f"{step.stage} {short(step.name)}"
        held = readable_time(max(0, (self._summary.get("elapsed") or 0) - hold.begin))
        return f"held {'at' if step.end is None else 'after'} {at}, {held}"

    def _highlights(self) -> str:
        held = held_within(self._summary)
        texts = (
            f"{each.text}, of which {readable_time(held)} held"
            if held and each.kind == "app"
            else each.text
            for each in highlights(self._trace)
        )
        return " · ".join(texts)

    def _flags(self) -> Iterator[tuple[str, str, str]]:
        """Yield the kind, the label and the reason of what is worth a look."""
        for kind, label, reason in self._summary["flags"]:
            yield kind, cut(label), cut(reason.removeprefix(f"{label}: "), _LONGEST)

    def _notes(self) -> Iterator[str]:
        if self._trace.dropped_steps:
            yield f"{count(self._trace.dropped_steps, 'more step')}, which were not kept."

    def markdown(self, *, brief: bool) -> Iterator[str]:
        """Yield the lines of a Markdown text: a heading, and a list of lists."""
        summary = self._summary
        ends = f"{status_text(summary).plain}, {readable_time(took(summary))}"
        yield f"### {escaped(cut(request_of(summary), _LONGEST))}: {ends}"
        yield ""
        for line in self._lines():
            yield escaped(line) + "  "
        for _, label, reason in self._flags():
            yield f"**{escaped(label)}**: {escaped(reason)}  "
        yield escaped(self._highlights())
        yield ""
        for node, lasts in walk(self._roots):
            yield "  " * (len(lasts) - 1) + self._item(node, brief=brief)
        for line in self._notes():
            yield f"\n{line}"

    def _item(self, node: Node, *, brief: bool) -> str:
        took = "–" if node.step is None else "running"
        took = took if node.took is None else readable_time(node.took)
        parts = [f"**{node.stage}** {code(subject(node, _LONGEST))}".rstrip()]
        parts += [escaped(text) for text, _ in facts(node)]
        parts += [code(text) for text in changes(node, values=not brief)]
        line = f"- `{took}` {', '.join(parts)}"
        said = "" if brief or is_said(node) else predicate(node)
        return f"{line}: {escaped(said)}" if said else line


__all__ = ["Report"]

"""What a step's line says beside its name: plain texts, each with what it is about."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from itertools import takewhile
from os.path import relpath
from pathlib import Path

from ..trace.details import mapping, texts
from ..trace.model import FUNCTION_STAGES, Source, Step
from ..trace.sentences.words import count, cut, readable_time, short
from ..trace.transactions import STATEMENT
from .tree import Node

#: A text, and what it is about: the name of a style.
Fact = tuple[str, str]

# Flask's own steps whose names repeat their stages.
_UNNAMED = frozenset(
    (
        *("app_context_pop", "app_context_push", "body_close", "make_response"),
        *("request_context", "request_context_pop", "request_context_push"),
        *("session_open", "session_save", "wsgi"),
    )
)
_ORIGINS = FUNCTION_STAGES | {"make_response", "span", "sql", "template"}
# These say something, and their lines have what.
_MESSAGES = frozenset(("flash", "log", "warning"))
_NAMES = 4
_VALUE = 48


def subject(node: Node, most: int) -> str:
    """Return the name of what ran, without its stage; empty if that says it all."""
    step = node.step
    if step is None:
        return "" if node.skipped is None else short(node.skipped.name)
    if step.stage in _UNNAMED or step.name in ("", step.stage):
        return ""
    if step.stage == "sql":
        return cut(step.detail.get("summary") or step.name, most)
    if step.stage in _MESSAGES:
        parts = (step.detail.get("level"), "" if step.stage == "flash" else step.name)
        about = " ".join(str(part) for part in parts if part)
        return cut(": ".join(filter(None, (about, str(step.detail.get("message", ""))))), most)
    block = step.detail.get("block")
    return short(step.name) + (f" block {short(block)}" if isinstance(block, str) else "")


def facts(node: Node) -> Iterator[Fact]:
    """Yield who registered the function of a node, how it ended, and how long it was held."""
    step = node.step
    if node.times > 1:
        yield f"{node.times:,}×", "count"
    scope = step.scope if step is not None else node.skipped and node.skipped.scope
    if scope not in (None, "app"):
        yield f"of {short(scope)}", "quiet"
    package = step.package if step is not None else node.skipped and node.skipped.package
    if package:
        yield f"({short(package)})", "quiet"
    if node.skipped is not None:
        why = f": {node.skipped.why}" if node.skipped.why else ""
        yield f"did not run{why}", "skipped"
    if step is not None:
        yield from _outcome(step)
    if node.held:
        yield f"of which {readable_time(node.held)} held", "quiet"


def _outcome(step: Step) -> Iterator[Fact]:
    if step.end is None:
        yield "running", "running"
    elif step.outcome == "raised" or step.error is not None:
        yield f"✕ {_raised(step)}", "error"
    elif step.outcome == "short_circuit":
        returned = step.detail.get("returned")
        yield f"↩ {cut(returned, _VALUE)}" if isinstance(returned, str) else "↩ responds", "short"
    logged = mapping(step.detail.get("error"))
    if logged:
        yield f"✕ {cut(logged.get('type'))}: {cut(logged.get('message'))}", "error"
    rows = step.detail.get("rows")
    if step.stage == "sql" and isinstance(rows, int):
        yield count(rows, "row"), "quiet"


def _raised(step: Step) -> str:
    """Name an exception; with its text where it comes from, not where it only passes."""
    if step.error is None:
        return "raised"
    name = short(step.error.type)
    return f"{name}: {cut(step.error.message)}" if step.stage in _ORIGINS else name


def changes(node: Node, *, values: bool) -> Iterator[str]:
    """Yield what a step changed: ``+`` added, ``~`` another value, ``-`` removed.

    :param values: with the values, and not only their names.
    """
    step = node.step
    for where, change in mapping({} if step is None else step.detail.get("changes")).items():
        inner = mapping(change)
        if where == "response":
            status = inner.get("status")
            if isinstance(status, list):
                yield f"~ {' → '.join(cut(each, _VALUE) for each in status)}"
            yield from _mapping("", mapping(inner.get("headers")), values=values)
            cookies = mapping(inner.get("cookies"))
            yield from (f"+ cookie {short(name)}" for name in mapping(cookies.get("set")))
            deleted = texts(cookies.get("deleted"))
            yield from (f"- cookie {short(name)}" for name in deleted)
        else:
            yield from _mapping(f"{short(where)}.", inner, values=values)


def _mapping(prefix: str, change: t.Mapping[str, t.Any], *, values: bool) -> Iterator[str]:
    found = [
        *(("+", name, value) for name, value in mapping(change.get("added")).items()),
        *(("~", name, value) for name, value in mapping(change.get("changed")).items()),
        *(("-", name, None) for name in texts(change.get("removed"))),
    ]
    for mark, name, value in found[:_NAMES]:
        shown = f" = {cut(value, _VALUE)}" if values and mark != "-" else ""
        yield f"{mark} {prefix}{short(name)}{shown}"
    if found[_NAMES:]:
        yield f"and {len(found) - _NAMES:,} more"


def place(node: Node) -> str:
    """Return the file and line where a function is defined or a statement was sent, or nothing."""
    step = node.step
    source = step.source if step is not None else node.skipped and node.skipped.source
    sent = mapping(step.detail.get("place")) if step is not None else {}
    if isinstance(sent.get("file"), str) and isinstance(sent.get("line"), int):
        source = Source(sent["file"], sent["line"])
    return shown_place(source) if source else ""


def shown_place(source: Source) -> str:
    """Return a file and a line: from where packages are installed, or from the working folder."""
    path = Path(source.file)
    installed = {"dist-packages", "site-packages"}
    names = [*takewhile(lambda part: part not in installed, reversed(path.parts))][::-1]
    if len(names) < len(path.parts):
        file = "/".join(names)
    else:
        try:
            file = Path(relpath(path)).as_posix()
        except (OSError, ValueError):  # on another drive; or the working folder was deleted
            file = source.file
        file = "/".join(path.parts[-3:]) if file.startswith("..") else file
    return f"{short(file)}:{source.line}"


def is_said(node: Node) -> bool:
    """Return whether a node's line says all that its sentence does."""
    step = node.step
    if step is None or node.times > 1:
        return True
    is_sql = step.stage == "sql" and step.detail.get("kind", STATEMENT) == STATEMENT
    return step.outcome == "ok" and (is_sql or step.stage in _MESSAGES)


def predicate(node: Node) -> str:
    """Return a step's sentence without what its line begins with."""
    text, step = node.sentence, node.step
    if step is None:
        return text
    for article in ("", "The "):
        rest = text.removeprefix(f"{article}{step.stage} {short(step.name)} ")
        if rest != text:
            return rest.removeprefix(f"of blueprint {short(step.scope)} ")
    return text


__all__ = ["Fact", "changes", "facts", "is_said", "place", "predicate", "shown_place", "subject"]

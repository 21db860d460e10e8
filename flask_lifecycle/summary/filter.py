"""The filter syntax of the list, as in ``GET api/traces?q=``.

``status:5xx method:POST bp:admin path:/x time:>50 sql:>20 is:running has:error process:1234
host:web-2 app:shop -path:/static``, and free words; values with spaces are put in double quotes. It
tests summaries and must agree with the panel's own implementation
(``static/src/trace/filter.ts``): ``tests/summary/filters.json`` is run against both.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable
from operator import ge, gt, le, lt

from ..trace.files import is_file
from ..trace.status import client_status

Summary = dict[str, t.Any]
Test = Callable[[Summary], bool]

# Listed one by one: Python and browsers disagree on what \s matches.
_WORD = re.compile(r'(?:"(?:\\.|[^"\\])*"?|[^ \t\n\r\f\xa0\u3000"])+', re.DOTALL)
_TERM = re.compile(r"(?:([A-Za-z]+):)?(.*)", re.DOTALL)
_QUOTED = re.compile(r'"((?:\\.|[^"\\])*)"?', re.DOTALL)
_NUMBER = re.compile(r"((?:[<>]=?)?)([0-9]+(?:\.[0-9]+)?)")
_SIGNS = {"<": lt, "<=": le, ">": gt, ">=": ge, "": ge}
_STATUS = re.compile(r"[1-5](?:xx|[0-9][0-9])", re.IGNORECASE)
#: The counts of a summary, with the words for some of them.
COUNTS = {
    "sql": "statements",
    "template": "templates",
    "log": "log records",
    "flash": "flashes",
    "span": "spans",
    "warning": "warnings",
    "changes": "steps that changed something",
    "slow": "slow statements",
    "repeated": "groups of repeated statements",
}


class FilterError(ValueError):
    """A filter cannot be parsed; the text names what is expected."""


def parse(text: str) -> Test:
    """Parse a filter into a predicate on summaries.

    :raises FilterError: a term cannot be parsed.
    """
    tests = [_term(word) for word in _WORD.findall(text)]
    return lambda summary: all(test(summary) for test in tests)


def _term(word: str) -> Test:
    negated = word.startswith("-") and len(word) > 1
    found = _TERM.fullmatch(word[1:] if negated else word)
    name, value = t.cast("re.Match[str]", found).groups()
    value = _QUOTED.sub(lambda quoted: re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL), value)
    make = _NAMES.get(name.lower(), _unknown) if name else _free
    try:
        # A term without its value yet matches everything.
        test = make(value) if value or make is _unknown else lambda _summary: True
    except FilterError as error:
        raise FilterError(f"{word[:100]}: {error} is expected") from None
    return (lambda summary: not test(summary)) if negated and value else test


def _unknown(_value: str) -> Test:
    raise FilterError(f"one of {' '.join(f'{each}:' for each in _NAMES)}")


def _free(value: str) -> Test:
    sought = value.lower()
    return lambda summary: (
        sought
        in " ".join(
            str(each if each is not None else "")
            for each in (
                summary["method"],
                summary["path"],
                client_status(summary),
                summary["endpoint"],
            )
        ).lower()
    )


def _number(expected: str, of: Callable[[Summary], float | None]) -> Callable[[str], Test]:
    """Return a parser of number terms: ``>50``, ``<=50``, or ``50`` for at least that."""

    def make(value: str) -> Test:
        found = _NUMBER.fullmatch(value)
        if found is None:
            raise FilterError(expected)
        test_of = _SIGNS[found[1]]
        limit = float(found[2])

        def test(summary: Summary) -> bool:
            number = of(summary)
            return number is not None and test_of(number, limit)

        return test

    return make


def _one_of(tests: dict[str, Test]) -> Callable[[str], Test]:
    def make(value: str) -> Test:
        if value.lower() not in tests:
            raise FilterError(f"one of {', '.join(tests)}")
        return tests[value.lower()]

    return make


def _count(name: str) -> Callable[[Summary], float | None]:
    return lambda summary: t.cast("float", summary["counts"].get(name, 0))


def _counted(name: str) -> Test:
    return lambda summary: name in summary["counts"]


def _status(value: str) -> Test:
    if _STATUS.fullmatch(value):
        start = value[0] if value.lower().endswith("xx") else value
        return lambda summary: str(client_status(summary) or "").startswith(start)
    return _number("a status such as 404, 5xx or >399", client_status)(value)


def _method(value: str) -> Test:
    return lambda summary: summary["method"].lower() == value.lower()


def _blueprint(value: str) -> Test:
    return lambda summary: any(f".{value}." in f".{name}." for name in summary["blueprints"])


def _path(value: str) -> Test:
    return lambda summary: summary["path"].startswith(value)


def _endpoint(value: str) -> Test:
    return lambda summary: summary["endpoint"] == value


def _process(field: str) -> Callable[[str], Test]:
    # Older summaries lack the app's name.
    return lambda value: (
        lambda summary: str(summary["process"].get(field, "")).lower() == value.lower()
    )


def _ms(summary: Summary) -> float:
    # Recordings of older versions have no app_time.
    times = (summary.get("app_time"), summary["duration"], summary["elapsed"])
    return t.cast("int", next(ns for ns in times if ns is not None)) / 1e6


def _log(value: str) -> Test:
    if value.lower() == "error":
        return lambda summary: summary["counts"].get("errors", 0) > 0
    return _number("a number of log records, or error,", _count("log"))(value)


def _changes(where: str) -> Callable[[str], Test]:
    return lambda value: lambda summary: value in summary["changed"].get(where, ())


_IS: dict[str, Test] = {
    "running": lambda summary: summary["state"] == "running",
    "done": lambda summary: summary["state"] == "done",
    "inner": lambda summary: summary["parent"] is not None,
    "static": lambda summary: is_file(summary["endpoint"], summary["path"]),
    "flagged": lambda summary: bool(summary["flags"]),
    # Records loaded from files have the browser's own fields.
    "imported": lambda _summary: False,
}
_HAS: dict[str, Test] = {
    "error": lambda summary: summary["error"] is not None or (summary["status"] or 0) >= 500,
    "blueprint": lambda summary: bool(summary["blueprints"]),
    **{name: _counted(name) for name in COUNTS},
}
# The table of terms: each makes the predicate for a value.
_NAMES: dict[str, Callable[[str], Test]] = {
    "status": _status,
    "method": _method,
    "bp": _blueprint,
    "path": _path,
    "endpoint": _endpoint,
    "process": _process("pid"),
    "host": _process("host"),
    "app": _process("app"),
    "time": _number("a number of ms", _ms),
    "is": _one_of(_IS),
    "has": _one_of(_HAS),
    **{name: _number(f"a number of {what}", _count(name)) for name, what in COUNTS.items()},
    "log": _log,
    "g": _changes("g"),
    "session": _changes("session"),
}


__all__ = ["FilterError", "parse"]

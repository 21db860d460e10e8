"""Filter the panel's own requests in the access logs of servers."""

from __future__ import annotations

import logging
import re
import typing as t
from urllib.parse import quote

# The target of a request and the status of its response, as in each server's own format.
_LINE = re.compile(r"[A-Z]+ (?P<target>\S+) HTTP/[\d.]+[^\"]*\" (?P<status>\d{3})\b")
# The atoms of gunicorn and hypercorn, which any format may use: the request line and the status.
_REQUEST, _STATUS = "r", "s"
_REFUSED = 400
_ROOTS = 100


class AccessLog(logging.Filter):
    """Remove the token from access logs, and the records of the panel's own requests.

    Those that are refused stay.
    """

    def __init__(self, token: str) -> None:
        super().__init__()
        self._forms = {token, quote(token, safe=""), quote(token)}
        # The panel's paths, as clients have requested them: replaced as a whole, as other threads
        # log meanwhile.
        self._roots: frozenset[str] = frozenset()

    def add_root(self, path: str) -> None:
        """Register the path of the panel, without its trailing slash, as a client requests it."""
        if len(self._roots) < _ROOTS:
            self._roots |= {path}

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, str):
            record.msg = self._without(record.msg)
        args = record.args
        if isinstance(args, tuple):
            record.args = tuple(self._without(each) for each in args)
        elif isinstance(args, dict):
            # In place: gunicorn's has a default for each name.
            for name, value in list(args.items()):
                shown = self._without(value)
                if shown is not value:
                    args[name] = shown
        try:
            return not self._is_own(record)
        except Exception:
            return True

    def _is_own(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        args = record.args
        if isinstance(args, dict) and _REQUEST in args and _STATUS in args:
            text = f'"{args[_REQUEST]}" {args[_STATUS]}'
        found = _LINE.search(text)
        if found is None or int(found["status"]) >= _REFUSED:
            return False
        path = found["target"].partition("?")[0]
        return any(path == root or path.startswith(f"{root}/") for root in self._roots)

    def _without(self, value: t.Any) -> t.Any:
        if type(value) is str:
            for form in self._forms:
                value = value.replace(form, "••••••")
        return value


__all__ = ["AccessLog"]

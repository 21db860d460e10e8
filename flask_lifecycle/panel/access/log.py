"""Filter the panel's own requests in the access logs of servers."""

from __future__ import annotations

import logging
import typing as t
from urllib.parse import quote

# What the log line of the toolbar's successful polls contains.
_ASKED_AGAIN = ('"GET ', "/toolbar/requests?", '" 200 ')


class AccessLog(logging.Filter):
    """Remove the token from access logs, and the records of the toolbar's repeated polls."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._forms = {token, quote(token, safe=""), quote(token)}

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, str):
            record.msg = self._without(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(self._without(each) for each in record.args)
        elif isinstance(record.args, dict):
            record.args = {name: self._without(each) for name, each in record.args.items()}
        try:
            said = record.getMessage()
        except Exception:
            return True
        return not all(each in said for each in _ASKED_AGAIN)

    def _without(self, value: t.Any) -> t.Any:
        if type(value) is str:
            for form in self._forms:
                value = value.replace(form, "••••••")
        return value


__all__ = ["AccessLog"]

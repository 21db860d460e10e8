"""The received request and the answer, as the details of the steps of a call."""

from __future__ import annotations

import typing as t

from ..redact import MASK, cookie_names
from .forms import stored_as
from .model import JsonObject

if t.TYPE_CHECKING:
    from .writer import LiveTrace

# Servers set these when the request has none.
_EMPTY = ("Content-Type", "Content-Length")


@stored_as("received")
class Received(t.NamedTuple):
    """The received request, masked."""

    names: tuple[str, ...]
    values: t.Sequence[t.Any]
    #: What the app has parsed or read of the body, masked.
    body: JsonObject

    def environ(self) -> dict[str, str]:
        """Return the stored part of the environ."""
        return {
            name: value if type(value) is str else ""
            for name, value in zip(self.names, self.values, strict=True)
        }

    def detail(self, trace: LiveTrace) -> JsonObject:
        """Return it JSON-ready."""
        environ = self.environ()
        get = environ.get
        host = get("HTTP_HOST") or f"{get('SERVER_NAME', '')}:{get('SERVER_PORT', '')}"
        query = f"?{trace.query}" if trace.query else ""
        headers = [(header_name(key), each) for key, each in environ.items() if is_header(key)]
        said = {
            "method": trace.method,
            "url": f"{get('wsgi.url_scheme', 'http')}://{host}{trace.path}{query}",
            "protocol": get("SERVER_PROTOCOL", ""),
            "client": get("REMOTE_ADDR", ""),
            "headers": [[name, each] for name, each in headers if each or name not in _EMPTY],
            "cookies": [[name, MASK] for name in cookie_names(get("HTTP_COOKIE", ""))],
        }
        return {"request": {**said, **self.body}}

    @classmethod
    def restored(cls, names: list[str], values: list[t.Any], body: JsonObject) -> Received:
        """Return again what was stored."""
        return cls(tuple(names), values, body)


@stored_as("answered")
class Answered(t.NamedTuple):
    """The status and headers of a response from the app, masked."""

    status: str
    headers: tuple[tuple[str, str], ...]
    #: The number of headers.
    total: int
    #: The headers that were added on the way to the server, masked, the names of those that were
    #: removed, and the bytes that were added to the body.
    added: t.Any

    def header(self, name: str) -> str | None:
        """Return the value of a header, or None."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    def detail(self, _trace: LiveTrace) -> JsonObject:
        """Return them JSON-ready."""
        shown = [[key, value] for key, value in self.headers if value or key not in _EMPTY]
        detail: JsonObject = {
            "headers": self.total,
            "response": {"status": self.status, "headers": shown},
        }
        headers, removed, size = self.added
        if headers or size:
            given = [*map(list, headers)]
            detail["added"] = {"headers": given, "removed": [*removed], "bytes": size}
        return detail


def is_header(key: str) -> bool:
    """Return whether a key of an environ is of a header."""
    return key.startswith("HTTP_") or key in ("CONTENT_TYPE", "CONTENT_LENGTH")


def header_name(key: str) -> str:
    """Return the name of the header of such a key."""
    return key.removeprefix("HTTP_").replace("_", "-").title()


__all__ = ["Answered", "Received", "header_name", "is_header"]

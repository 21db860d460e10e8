"""The status of a request, as its client got it."""

from __future__ import annotations

import typing as t

_UNANSWERED = frozenset(("SystemExit", "KeyboardInterrupt", "GeneratorExit"))


def client_status(header: t.Mapping[str, t.Any]) -> int | None:
    """Return the status that the client got, as far as a trace's header shows.

    If an exception left the app before it had responded, the server or Werkzeug's debugger responds
    with 500. If it ends the server itself, such as ``SystemExit``, there is no response at all.
    """
    if header.get("server_error_by") is not None:
        return 500
    # Recordings of older versions do not have it.
    status: int | None = header["status"]
    error = header["error"]
    if status is None and error is not None and header["state"] == "done":
        return None if error["type"] in _UNANSWERED else 500
    return status


__all__ = ["client_status"]

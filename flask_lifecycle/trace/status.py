"""The status of a request, as its client got it."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

_UNANSWERED = frozenset(("SystemExit", "KeyboardInterrupt", "GeneratorExit"))
_POPS = frozenset(("request_context_pop", "app_context_pop"))
# With these, Flask makes a response of an exception.
_FLASKS = frozenset(("error_handler", "make_response"))


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


def middleware_answers(stages: Iterable[str], error: int | None) -> bool:
    """Return whether middleware responds to an exception that left the app inside it.

    Flask starts a response before it pops the contexts, middleware after that.

    :param stages: of all steps, in order.
    :param error: the id of the step in which the exception was raised, if that is known.
    """
    raised = -1 if error is None else error
    is_popped = False
    for at, stage in enumerate(stages):
        if at > raised and stage in _FLASKS:
            return False
        is_popped = is_popped or (at > raised and stage in _POPS)
        if is_popped and stage == "start_response":
            return True
    return False


__all__ = ["client_status", "middleware_answers"]

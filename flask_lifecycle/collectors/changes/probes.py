"""The probes around recorded functions that detect their changes."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from dataclasses import replace

from ...core import shortcut
from ...recorder.probe import Probe
from ...trace.header_changes import Sent
from ...trace.owner import Owner
from ...trace.writer import Writer
from .mappings import look, opened
from .record import patch
from .responses import look_at_response, sent


@shortcut("look_at_returned", None)
def _look_at_returned(writer: Writer, step: int, entered: Sent, last: t.Any, result: t.Any) -> None:
    """Detect changes of the response that a function returned instead of the one it was passed."""
    if result is not last:
        look_at_response(writer, step, entered, result)


#: For the user's functions.
CHANGES = Probe(enter=look, leave=look)
#: For functions that return a session.
OPENED = replace(CHANGES, after=opened)
#: For functions whose last argument is a response.
RESPONSE = Probe(enter=sent, leave=look_at_response)
#: For functions that may return another response instead.
RESPONSES = replace(RESPONSE, after=_look_at_returned)


def install(owner: Owner) -> Callable[[], None]:
    """Detect what the functions of one app change.

    :param owner: the app's identity.
    """
    return patch.install(owner)


__all__ = ["CHANGES", "OPENED", "RESPONSE", "RESPONSES", "install"]

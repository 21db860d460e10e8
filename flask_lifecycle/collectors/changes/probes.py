"""What runs around a recorded function, so that its changes are seen."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from dataclasses import replace

from ...recorder.probe import Probe
from ...trace.owner import Owner
from ...trace.writer import Writer
from .headers import Sent
from .mappings import look, opened
from .record import patch
from .responses import look_at_response, sent


def _look_at_returned(writer: Writer, step: int, entered: Sent, last: t.Any, result: t.Any) -> None:
    """Look at the response that a function returned in place of the one that it was given."""
    if result is not last:
        look_at_response(writer, step, entered, result)


#: Around a function of the user's.
CHANGES = Probe(enter=look, leave=look)
#: Around one that returns a session.
OPENED = replace(CHANGES, after=opened)
#: Around one whose last argument is a response.
RESPONSE = Probe(enter=sent, leave=look_at_response)
#: Around one that may return another response in its place.
RESPONSES = replace(RESPONSE, after=_look_at_returned)


def install(owner: Owner) -> Callable[[], None]:
    """Look at what the functions of one app change.

    :param owner: stands for the app.
    """
    return patch.install(owner)


__all__ = ["CHANGES", "OPENED", "RESPONSE", "RESPONSES", "install"]

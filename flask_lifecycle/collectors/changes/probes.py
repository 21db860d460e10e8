"""What a recorded function does around itself, so that its changes are seen."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from functools import partial

from .mappings import look, opened
from .record import owners
from .responses import look_at_response, sent

#: What a recorded function does, as `wrapper.recording` takes it.
READS: dict[str, t.Any] = {
    "enter": "look(_writer, None)",
    "leave": "look(_writer, _step)",
    "look": look,
}
#: The same for one that returns a session.
READS_SESSION: dict[str, t.Any] = {
    **READS,
    "after": "opened(_writer, _step, _result)",
    "opened": opened,
}
#: The same for one whose last parameter is a response.
READS_RESPONSE: dict[str, t.Any] = {
    **READS,
    "enter": "look(_writer, None); _before = sent({last})",
    "leave": "look(_writer, _step); look_at_response(_writer, _step, _before, {last})",
    "look_at_response": look_at_response,
    "sent": sent,
}
#: The same for one that may return another response in its place.
READS_RESPONSES: dict[str, t.Any] = {
    **READS_RESPONSE,
    "after": "if _result is not {last}: look_at_response(_writer, _step, _before, _result)",
}


def install(owner: int) -> Callable[[], None]:
    """Look at what the functions of one app change.

    :param owner: stands for the app.
    """
    owners.add(owner)
    return partial(owners.discard, owner)


__all__ = ["READS", "READS_RESPONSE", "READS_RESPONSES", "READS_SESSION", "install"]

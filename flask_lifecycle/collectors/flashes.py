"""Record flashed messages, which Flask announces by a signal."""

from __future__ import annotations

import typing as t

from ..faults import fail_open
from ..recorder.steps import mark
from ..redact import weight
from ..trace.notes import Facts
from ..trace.owner import Owner
from ..trace.tracepoint import Tracepoint
from ..trace.writer import Writer
from .patch import Patch

# Nothing is replaced: it only counts the apps.
_patch = Patch()
_owners = _patch.owners


@fail_open
def record(writer: Writer, sent: dict[str, t.Any]) -> None:
    """Record a message.

    :param sent: what ``flask.message_flashed`` is sent with.
    """
    trace = writer.trace
    if trace.owner not in _owners:
        return
    mask = trace.redactor.value
    category = mask(sent.get("category"), ("flash", "category"))
    message = mask(sent.get("message"), ("flash", "message"))
    noted = Facts(category=category, message=message)
    mark(writer, Tracepoint("flash", str(category)), noted, weight(noted))


def install(owner: Owner) -> t.Callable[[], None]:
    """Record every message that an app flashes."""
    return _patch.install(owner)


__all__ = ["install", "record"]

"""Record the warnings that Python shows while a request runs.

``warnings._showwarnmsg`` is what hands a warning on that the filters have let pass, to
``warnings.showwarning`` or to who catches it: neither they nor the filters are changed.
"""

from __future__ import annotations

import typing as t
import warnings
from functools import partial

from .._compat import SHOW_WARNING
from ..faults import fail_open
from ..locks import lock
from ..recorder.current import current
from ..recorder.errors import describe_error
from ..recorder.steps import mark
from ..trace.model import Source
from ..trace.notes import Facts
from ..trace.tracepoint import Site
from ..trace.writer import LiveTrace

_lock = lock()
_owners: set[t.Any] = set()
_original: t.Any = None


def _shown(message: t.Any) -> t.Any:
    trace = current.get()
    if trace.owner in _owners:
        _record(trace, message)
    return _original(message)


@fail_open
def _record(trace: LiveTrace, message: t.Any) -> None:
    warned = describe_error(message.message)
    source = Source(message.filename, message.lineno)
    mark(
        trace.strand(),
        Site("warning", warned.type, None, source),
        Facts(category=warned.type, message=warned.message),
        len(warned.message),
    )


def install(owner: int) -> t.Callable[[], None]:
    """Record every warning that is shown inside a recorded request of an app."""
    global _original

    with _lock:
        _owners.add(owner)
        now = getattr(warnings, SHOW_WARNING, None)
        if now is not None and now is not _shown:
            _original = now
            setattr(warnings, SHOW_WARNING, _shown)

    return partial(_uninstall, owner)


def _uninstall(owner: int) -> None:
    with _lock:
        _owners.discard(owner)
        if not _owners and getattr(warnings, SHOW_WARNING, None) is _shown:
            setattr(warnings, SHOW_WARNING, _original)


__all__ = ["install"]

"""Record the warnings that Python shows while a request runs.

``warnings._showwarnmsg`` passes on each warning that the filters let through, to
``warnings.showwarning`` or ``catch_warnings``: neither they nor the filters are changed.
"""

from __future__ import annotations

import typing as t
import warnings

from .._compat import SHOW_WARNING
from ..faults import fail_open
from ..recorder.current import current
from ..recorder.errors import describe_error
from ..recorder.steps import mark
from ..trace.model import Source
from ..trace.notes import Facts
from ..trace.owner import Owner
from ..trace.tracepoint import Tracepoint
from ..trace.writer import LiveTrace
from .patch import Patch


def _recorded(original: t.Any) -> t.Any:
    def show(message: t.Any) -> t.Any:
        trace = current.get()
        if trace.owner in _owners:
            _record(trace, message, show)
        return original(message)

    return show


def _replace() -> None:
    if hasattr(warnings, SHOW_WARNING):
        _patch.replace(warnings, SHOW_WARNING, _recorded, again=True)


_patch = Patch(_replace)
_owners = _patch.owners


@fail_open
def _record(trace: LiveTrace, message: t.Any, show: t.Any) -> None:
    if not _patch.records(warnings, SHOW_WARNING, show):
        return
    warned = describe_error(message.message)
    source = Source(message.filename, message.lineno)
    mark(
        trace.strand(),
        Tracepoint("warning", warned.type, None, source),
        Facts(category=warned.type, message=warned.message),
        len(warned.message),
    )


def install(owner: Owner) -> t.Callable[[], None]:
    """Record every warning that is shown inside a recorded request of an app."""
    return _patch.install(owner)


__all__ = ["install"]

"""Record the response body while the server iterates it, until it is closed.

The server gets a proxy with the traits of the object that the app returned. A file that the server
may send by itself, and whatever else cannot be proxied, is passed on unchanged.
"""

from __future__ import annotations

import typing as t
from contextlib import suppress
from weakref import finalize, ref

from ..collectors.http import Preview
from ..core import shortcut
from ..faults import fault
from ..recorder.errors import hide_frames
from ..recorder.steps import begin, end, finish
from ..trace.counts import Counts
from ..trace.writer import LiveTrace
from .body_proxy import hold, proxy_class, proxy_classes
from .body_recording import BODY, Failed, Recording, record_close

_SEQUENCE_ITERS = (list.__iter__, tuple.__iter__)
# The methods of a file, and the attribute with which a file wrapper refers to one.
_OF_FILES = ("read", "filelike", "file")


@shortcut("recorded_body", (proxy_classes, Recording, Counts, hold))
def recorded(
    trace: LiveTrace,
    result: t.Any,
    environ: dict[str, t.Any],
    failed: Failed,
    preview: t.Callable[[], Preview | None],
) -> t.Any:
    """Return the object for the server that records the body's iteration and close.

    :param failed: called with an exception that reaches the server.
    :param preview: returns an object whose ``add`` takes each chunk, or None.
    """
    try:
        kind = proxy_class(result)
        if kind is not None and not _is_file(result, environ.get("wsgi.file_wrapper")):
            recording = Recording(trace, environ, failed, preview)
            return kind(result, recording, recording.sent, True)
        _record_as_is(trace, result, failed, preview)
    except Exception as error:
        fault("the recording of a body", error)
        finish(trace)
    return result


def _is_file(result: t.Any, wrapper: t.Any) -> bool:
    """Return whether the server may recognise a body as a file that it sends by itself.

    It does so by the class of its ``wsgi.file_wrapper``. If that is a function, as in uWSGI, it
    returns whatever object the server remembers, such as the file itself.
    """
    if isinstance(wrapper, type):
        return isinstance(result, wrapper)
    return wrapper is not None and any(hasattr(result, name) for name in _OF_FILES)


def _record_as_is(
    trace: LiveTrace, result: t.Any, failed: Failed, preview: t.Callable[[], Preview | None]
) -> None:
    """Record a body that is passed on unchanged: what is known of it now, and its ``close``."""
    note = None
    if getattr(type(result), "__iter__", None) in _SEQUENCE_ITERS:
        chunks = [chunk for chunk in result if type(chunk) is bytes]
        note = Counts((len(chunks), sum(map(len, chunks)), False, ()))
        shown = preview()
        if shown is not None:
            for chunk in chunks:
                shown.add(chunk)
            shown.settle(trace)
            note.append(shown)
    step = begin(trace, BODY, note)
    close = getattr(result, "close", None)
    if close is None or not _replace_close(trace, step, result, close, failed):
        end(trace, step)
        finish(trace)


def _replace_close(
    trace: LiveTrace, step: int, result: t.Any, close: t.Any, failed: Failed
) -> bool:
    # A reference cycle would keep it alive until garbage collection.
    is_own = getattr(close, "__self__", None) is result
    owner: t.Callable[[], t.Any] = ref(result) if is_own else lambda: None
    others = None if is_own else close

    def get_close() -> t.Any:
        held = owner()
        return others if held is None else type(held).close.__get__(held)

    def recorded_close() -> t.Any:
        __tracebackhide__ = True
        close = get_close()
        with suppress(Exception):
            del owner().close
        if not trace.running:
            return None if close is None else close()
        end(trace, step)
        try:
            return record_close(trace, close, failed)
        except BaseException as error:
            hide_frames(error)
            raise

    try:
        result.close = recorded_close
    except Exception:
        return False
    with suppress(TypeError):
        # A server that never closes it: the request is finished anyway.
        finalize(result, finish, trace).atexit = False
    return True


__all__ = ["recorded"]

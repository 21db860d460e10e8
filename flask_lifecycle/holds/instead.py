"""What a held request can do in place of the app's function that Flask is about to call.

Flask does the rest: it gets a value or an exception, as from the function itself.
"""

from __future__ import annotations

import typing as t
from functools import partial

from werkzeug.exceptions import default_exceptions

from ..recorder.holding import Call, Instead
from ..trace.model import FUNCTION_STAGES, INTERVENTIONS

# By stage: functions whose return value can be the response; those that return the response that
# they take; and those whose return value Flask ignores.
_ANSWER = frozenset(("before_request", "view", "error_handler"))
_PASS_ON = frozenset(("after_request", "after_this_request"))
_NOT_A_FUNCTION = "This step is not a function of the app, so it can only go on."
_HAS_RUN = "It has already run. To answer, skip or raise, set a breakpoint before it."
_NO_ANSWER = "Flask ignores what this function returns, so it can only be skipped or raise."
_LONGEST = 10_000
_STATUSES = range(200, 600)


class CannotError(ValueError):
    """A request that is held here cannot do that."""


def can(stage: str, call: Call | None) -> tuple[tuple[str, ...], str | None]:
    """Return what a request that is held at a stage can do instead, and why not more.

    :param call: the function that is about to be called; None if it has been.
    """
    if stage not in FUNCTION_STAGES:
        return (), _NOT_A_FUNCTION
    if call is None:
        return (), _HAS_RUN
    if stage in _ANSWER or stage in _PASS_ON:
        return INTERVENTIONS, None
    return tuple(each for each in INTERVENTIONS if each != "answer"), _NO_ANSWER


def instead_of(
    do: str, stage: str, call: Call | None, app: t.Any, *, status: t.Any = None, text: t.Any = None
) -> Instead:
    """Return what to do in place of a call: ``answer``, ``skip`` or ``raise``.

    :param status: of the answer, 200 by default; or of the HTTPException to raise. RuntimeError is
        raised without one.
    :param text: the body, or the description.
    :raises CannotError: that cannot be done here; the text says why.
    :raises ValueError: the status or the text is invalid; the text says what it takes.
    """
    possible, why = can(stage, call)
    if call is None or do not in possible:
        raise CannotError(why)
    check(do, status, text)
    if do == "skip":
        return partial(_skipped, stage, call)
    if do == "raise":
        return partial(_raise, _error(status, text))
    answer = text or "", 200 if status is None else status
    if stage in _PASS_ON:
        return lambda: app.response_class(answer[0], status=answer[1])
    return lambda: answer


def check(do: str, status: t.Any, text: t.Any) -> None:
    """Check what is given with ``answer``, ``skip`` or ``raise``.

    :raises ValueError: the status or the text is invalid; the text says what it takes.
    """
    if text is not None and not _is_text(text):
        raise ValueError(f"text: null or at most {_LONGEST} characters are expected.")
    if do == "raise":
        _error(status, text)
    elif do == "answer" and not (status is None or (type(status) is int and status in _STATUSES)):
        raise ValueError("status: null or a whole number from 200 to 599 is expected.")


def _is_text(text: t.Any) -> bool:
    if type(text) is not str or len(text) > _LONGEST:
        return False
    try:
        # JSON may have lone surrogates, which no response can contain.
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _skipped(stage: str, call: Call) -> t.Any:
    """Return what Flask gets from a function that does nothing."""
    if stage in _PASS_ON:
        return call.args[-1] if call.args else None
    return {} if stage == "context_processor" else None


def _error(status: t.Any, text: str | None) -> t.Callable[[], Exception]:
    if status is None:
        return partial(RuntimeError, text or "raised by a breakpoint")
    kind = default_exceptions.get(status) if type(status) is int else None
    if kind is None:
        codes = ", ".join(map(str, sorted(default_exceptions)))
        raise ValueError(f"status: null or one of {codes} is expected.")
    return partial(kind, description=text or None)


def _raise(error: t.Callable[[], Exception]) -> t.NoReturn:
    raise error()


__all__ = ["CannotError", "can", "check", "instead_of"]

"""JSON that every reader can parse: ASCII, finite numbers, no halves of surrogate pairs."""

from __future__ import annotations

import json
import re
import typing as t

# Each needs some hundred bytes: a short text can be of nothing else.
_MOST = 5_000_000
_ESCAPE = re.compile(r"\\(?:\\|u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..))")


def escaped(text: str) -> str:
    """Escape lone surrogates as Python does, such as those of a file name that is not UTF-8.

    :param text: JSON, in which characters beyond ASCII may be escaped.
    """
    return _ESCAPE.sub(_twice, text) if r"\ud" in text or r"\uD" in text else text


def _twice(found: re.Match[str]) -> str:
    return rf"\\{found[1]}" if found[1] else found[0]


def write_json(value: t.Any) -> str:
    """Return a value as JSON on one line, in ASCII.

    :raises ValueError: a number is not finite.
    """
    return escaped(json.dumps(value, allow_nan=False, separators=(",", ":")))


def read_json(text: str) -> t.Any:
    """Return the value of a JSON text.

    :raises ValueError: it is not JSON; the message has the place.
    """
    if text.count("[") + text.count("{") > _MOST:
        raise ValueError(f"it has more than {_MOST:,} lists and objects.")
    try:
        return json.loads(escaped(text), parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"it is not JSON: {error.msg}, at line {error.lineno}, column {error.colno}."
        ) from None
    except RecursionError:
        raise ValueError("it is nested too deeply.") from None
    except _NumberError as error:
        raise ValueError(f"it is not JSON: {error} is no number.") from None
    except ValueError:
        # Python's limit, which has no exception of its own (sys.set_int_max_str_digits).
        raise ValueError("it has a number of thousands of digits.") from None


class _NumberError(ValueError):
    pass


def _refuse(name: str) -> t.NoReturn:
    raise _NumberError(name)


__all__ = ["escaped", "read_json", "write_json"]

"""The parts of the compiled core that have no other place, in Python.

They are a log, a writer's fields, and the JSON of what is stored.
"""

from __future__ import annotations

import json
import typing as t
from functools import lru_cache
from struct import Struct

#: A tracepoint's number, a parent's offset, begin and end.
STEP = "iidd"
_WIDTH = len(STEP)

#: The steps of one writer, as one flat sequence of numbers.
Log = list[t.Any]


class Fields:
    """The fields of a writer that are used for each step."""

    __slots__ = ("current", "ident", "limit", "log", "notes", "owner", "seen")


#: Returns a value as JSON, in ASCII and without spaces. The compiled one fails where a key is no
#: string, and for integers of more than 64 bits.
dumps: t.Callable[[t.Any], str] = json.JSONEncoder(
    allow_nan=False, check_circular=False, separators=(",", ":")
).encode


def pack(log: Log) -> bytes:
    """Return the steps of a log in little memory."""
    return packed(len(log) // _WIDTH).pack(*log)


@lru_cache(256)
def packed(steps: int) -> Struct:
    """Return the struct that packs this many steps, and reads them again."""
    return Struct(STEP * steps)


__all__ = ["STEP", "Fields", "Log", "dumps", "pack", "packed"]

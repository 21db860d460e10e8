"""Tell a summary in a history from what another program wrote there."""

from __future__ import annotations

import typing as t
from types import NoneType

if t.TYPE_CHECKING:
    from ..trace.model import JsonObject

_OPTIONAL_TEXT = (str, NoneType)
_OPTIONAL_NUMBER = (int, NoneType)
# Unix time; later ones have no date.
_LATEST = 1e11
_TYPES: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("id", "method", "path", "query", "state"), str),
    **dict.fromkeys(("endpoint", "parent", "server_error_by"), _OPTIONAL_TEXT),
    **dict.fromkeys(("app_time", "duration", "elapsed", "status"), _OPTIONAL_NUMBER),
    **dict.fromkeys(("changed", "counts", "process"), dict),
    **dict.fromkeys(("blueprints", "flags", "strip"), list),
    "error": (dict, NoneType),
    "started_at": (int, float),
}


def is_summary(found: JsonObject) -> bool:
    """Return whether a summary has what is shown of it, in the types that it has here."""
    return all(isinstance(found.get(name), kind) for name, kind in _TYPES.items()) and (
        all(_has(each, str, str, str) for each in found["flags"])
        and all(_has(each, str, (int, float), (int, float)) for each in found["strip"])
        and all(isinstance(each, int) for each in found["counts"].values())
        and _is_time(found["started_at"])
        and _is_time(found["process"].get("started_at", 0.0))
    )


def _is_time(found: object) -> bool:
    return isinstance(found, (int, float)) and 0 <= found < _LATEST


def _has(found: object, *kinds: type | tuple[type, ...]) -> bool:
    return (
        isinstance(found, list) and len(found) == len(kinds) and all(map(isinstance, found, kinds))
    )


__all__ = ["is_summary"]

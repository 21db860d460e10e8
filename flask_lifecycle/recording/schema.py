"""The JSON Schema of a recording, made from the records.

``python static/generate_types.py`` writes ``schema.json``, which is published with the package; a
test compares the two.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
import typing as t
from pathlib import Path

from ..summary.recorded import Digest
from ..trace.highlights import Highlight
from ..trace.model import JsonObject, Step, Trace
from .app import AppMap
from .document import Recording
from .prepared import Prepared
from .records import LARGEST, LATEST, fields_of
from .versions import FORMAT, VERSION

TARGET = Path(__file__).with_name("schema.json")

#: What the JSON of a record has beside the fields; what is derived from them may be missing.
_BESIDE: dict[type, dict[str, t.Any]] = {
    Recording: {
        "format": t.Annotated[str, (FORMAT,)],
        "version": t.Annotated[int, (VERSION,)],
        "prepared": Prepared,
    },
    Trace: {
        "highlights": tuple[Highlight, ...],
        **{name: hint for name, (hint, _) in fields_of(Digest).items()},
    },
    Step: {"explain": str, "explain_begin": str, "prepared": dict[str, int]},
}
#: What is narrower than its annotation says.
_NARROWER: dict[tuple[type, str], t.Any] = {(Recording, "app"): AppMap | None}
_DERIVED = frozenset((*_BESIDE[Trace], "explain_begin", "prepared"))
_SCALARS: dict[t.Any, JsonObject] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer", "minimum": 0, "maximum": LARGEST},
    float: {"type": "number", "minimum": 0, "maximum": LATEST},
    types.NoneType: {"type": "null"},
}


def schema() -> JsonObject:
    """Return the schema, in the dialect of 2020-12."""
    defined: dict[str, JsonObject] = {}
    root = _object(Recording, defined)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{FORMAT}:recording:{VERSION}",
        "title": f"A recording of {FORMAT}, version {VERSION}",
        **root,
        "$defs": dict(sorted(defined.items())),
    }


def _object(record: type, defined: dict[str, JsonObject]) -> JsonObject:
    beside = {name: (hint, name not in _DERIVED) for name, hint in _BESIDE.get(record, {}).items()}
    fields = {**beside, **fields_of(record)}
    return {
        "description": " ".join(inspect.cleandoc(record.__doc__ or "").split()),
        "type": "object",
        "properties": {
            name: _schema_of(_NARROWER.get((record, name), hint), defined)
            for name, (hint, _) in fields.items()
        },
        "required": [name for name, (_, is_required) in fields.items() if is_required],
    }


def _schema_of(hint: t.Any, defined: dict[str, JsonObject]) -> JsonObject:
    origin, arguments = t.get_origin(hint), t.get_args(hint)
    if hint in _SCALARS:
        return _SCALARS[hint]
    if origin is t.Annotated:
        return {"enum": list(arguments[1])}
    if origin is t.Literal:
        return {"enum": list(arguments)}
    if origin in (t.Union, types.UnionType):
        return {"anyOf": [_schema_of(each, defined) for each in arguments]}
    if origin is tuple and arguments[-1] is ...:
        return {"type": "array", "items": _schema_of(arguments[0], defined)}
    if origin is tuple:
        items = [_schema_of(each, defined) for each in arguments]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "items": False}
    if origin is dict:
        of = arguments[1]
        return {
            "type": "object",
            **({} if of is t.Any else {"additionalProperties": _schema_of(of, defined)}),
        }
    if dataclasses.is_dataclass(hint):
        record = t.cast("type", hint)
        if record.__name__ not in defined:
            defined[record.__name__] = {}
            defined[record.__name__] = _object(record, defined)
        return {"$ref": f"#/$defs/{record.__name__}"}
    raise TypeError(f"no JSON Schema is known for {hint!r}")


def write() -> None:
    """Write the file."""
    TARGET.write_text(f"{json.dumps(schema(), indent=2)}\n", "utf-8")


__all__ = ["TARGET", "schema", "write"]

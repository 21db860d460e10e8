"""Older forms of a recording are brought to the current one; newer ones are refused."""

from __future__ import annotations

import typing as t

from ..trace.model import JsonObject
from .versions import FORMAT, VERSION, program

_CUT = 60


def upgraded(value: t.Any) -> JsonObject:
    """Return the document of the current version, or the one trace that a panel of 0.1 saved.

    Only what an older form lacks is added; the shape of the rest is checked afterwards.

    :param value: the JSON of a file.
    :raises ValueError: it is something else, or of a newer version.
    """
    if type(value) is not dict:
        raise ValueError("it is JSON, but not of a recording: it takes an object.")
    if "format" in value:
        _check_version(value)
        return value
    if "log" in value:
        raise ValueError("it is an HTTP archive (HAR); recordings have all of a request.")
    if "steps" not in value:
        raise ValueError(f'it is JSON, but not of a recording: it has no "format": "{FORMAT}".')
    return {**value, "steps": _with_kinds(value["steps"])}


def is_single(value: JsonObject) -> bool:
    """Return whether an upgraded document is a single trace, without what surrounds it."""
    return "format" not in value


def _check_version(document: JsonObject) -> None:
    if document["format"] != FORMAT:
        raise ValueError(f'it is not of this program: its format is not "{FORMAT}".')
    version = document.get("version")
    if type(version) is not int or version < 1:
        raise ValueError("its version is wrong: it takes a whole number from 1 on.")
    if version > VERSION:
        made = document.get("made")
        by = made.get("by") if type(made) is dict else None
        reads = by[:_CUT] if type(by) is str and by.isprintable() else "a later flask-lifecycle"
        raise ValueError(
            f"it has version {str(version)[:_CUT]} of the format; {program()} reads versions up"
            f" to {VERSION}, and {reads} reads this one."
        )


def _with_kinds(steps: t.Any) -> t.Any:
    """Add the kind of each SQL step: older panels recorded statements only."""
    if type(steps) is not list:
        return steps
    return [
        {**step, "detail": {"kind": "statement", **step["detail"]}}
        if type(step) is dict and step.get("stage") == "sql" and type(step.get("detail")) is dict
        else step
        for step in steps
    ]


__all__ = ["is_single", "upgraded"]

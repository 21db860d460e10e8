"""Write the types and constants that Python owns for the browser, and the schema of recordings.

Run ``python static/generate_types.py`` after a change of them. The records of a trace and the names
in them are declared in Python alone. What the panel answers beside them is described by hand in
``src/api/types.ts``; ``tests/integration/test_types.py`` holds both to what Python has.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
import typing as t
from pathlib import Path

from flask_lifecycle.recording import app, document, prepared, schema
from flask_lifecycle.recording.versions import FORMAT, VERSION
from flask_lifecycle.summary import filter as trace_filter
from flask_lifecycle.summary import flags, recorded, summarize
from flask_lifecycle.trace import compare, differences, model, spent
from flask_lifecycle.trace.highlights import Highlight

TARGET = Path(__file__).parent / "src" / "api" / "generated.ts"

_HEAD = """/**
 * What Python owns: written by static/generate_types.py, not by hand.
 * After a change in Python, run `python static/generate_types.py`.
 */
"""
_JSON = (
    "/** A captured, masked and capped value. */\n"
    "export type Json = null | boolean | number | string | readonly Json[]"
    " | { readonly [key: string]: Json };\n"
)
_TRACE = """/** One request with its steps, in the order in which they began. */
export interface Trace extends TraceHeader {
  readonly steps: readonly Step[];
  /** Not in files of older versions. */
  readonly highlights?: readonly Highlight[];
}
"""
_LINE = 110
#: ``Error`` is another thing in a browser.
_NAMES = {"Error": "StepError"}
#: What the JSON of a record has beside its fields.
_BESIDE = {
    "Step": "  /** What happened, and why; not in files of older versions. */\n"
    "  readonly explain?: string;\n"
    "  /** What begins, of a step that contains others; not in files of older versions. */\n"
    "  readonly explain_begin?: string;\n"
    "  /** In a file, the indexes of what is prepared for its views. */\n"
    "  readonly prepared?: Readonly<Record<string, number>>;\n",
    "Comparison": "  /** The most important differences, in one line. */\n"
    "  readonly verdict: string;\n"
    "  /** How far the times can be trusted, in one sentence. */\n"
    "  readonly basis: string;\n",
    "Recording": f"  readonly format: {json.dumps(FORMAT)};\n  readonly version: {VERSION};\n"
    "  /** Not in files of older versions. */\n"
    "  readonly prepared?: Prepared;\n",
}
#: What is narrower than its annotation says, as "record.field".
_NARROWER = {
    "Step.stage": "Stage",
    "Hook.stage": "Stage",
    "Handler.stage": "Stage",
    "Recording.app": "AppMap | null",
}
#: What files of older versions do not have.
_NEWER = frozenset(
    (
        *("Process.started_at", "Process.app", "Step.package"),
        *("Trace.server_error_by", "Trace.holds", "Trace.caller", "Trace.traceparent"),
        *("Hook.package", "Hook.is_async", "Handler.package", "Handler.is_async", "Rule.title"),
    )
)
_PREPARED = (
    *(prepared.PreparedStatement, prepared.PreparedFrames, prepared.PreparedCaller),
    prepared.Prepared,
)
#: The parts of a comparison, and it.
_COMPARED = (
    *(compare.ComparedTime, compare.ComparedStep, compare.Statuses, compare.Urls, compare.Runs),
    *(compare.Sizes, compare.Spread, compare.Spreads, spent.ComparedPart),
    *(differences.Changes, differences.HeaderChanges, differences.StateChanges),
    *(differences.ComparedStatement, compare.Comparison),
)
_ALIASES: dict[t.Any, str] = {
    flags.FlagKind: "FlagKind",
    summarize.StripKind: "StripKind",
}
_PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", types.NoneType: "null"}


def generate() -> str:
    """Return the module's text."""
    functions = [stage for stage in model.STAGES if stage in model.FUNCTION_STAGES]
    parts = (
        _HEAD,
        _constant("STAGES", "The stages of a step, in order of the lifecycle.", model.STAGES),
        "export type Stage = (typeof STAGES)[number];\n",
        _constant("FUNCTION_STAGES", "Each step of these is a function of the user's.", functions),
        f"export type Outcome = {_type(model.Outcome)};\n",
        _JSON,
        *(_interface(record) for record in (model.Source, model.Error, model.Process)),
        *(_interface(record) for record in (model.TraceError, model.Step, Highlight)),
        _constant("DID", "How a held request goes on.", model.DID),
        _constant("INTERVENTIONS", "What it can do in place of a function.", model.INTERVENTIONS),
        _interface(model.Hold),
        _interface(model.Caller),
        _interface(model.Trace, "TraceHeader", leave_out=("steps",)),
        f"/** The colour of a flag. */\nexport type FlagKind = {_union(flags.FlagKind)};\n",
        f"/** The parts of a strip. */\nexport type StripKind = {_union(summarize.StripKind)};\n",
        _TRACE.replace("}\n", f"{_digest()}}}\n"),
        *(_interface(record) for record in (app.Hook, app.Handler, app.Plan, app.Rule)),
        *(_interface(record) for record in (app.Blueprint, app.AppProcess, app.AppMap)),
        *(_interface(record) for record in (document.Made, document.Excerpt)),
        *(_interface(record) for record in _PREPARED),
        _interface(document.Recording),
        *(_interface(record) for record in _COMPARED),
        _constant("COUNTS", "What a summary counts, in words.", trace_filter.COUNTS),
        _constant("REPEATED", "So many statements of one place are too many.", flags.REPEATED),
        _constant("SLOW", "A statement of so many ns is slow.", int(flags.SLOW * 1e9)),
        _constant("FLAGS", "The kind and the label of each flag, in their order.", flags.FLAGS),
    )
    return "\n".join(parts)


def _constant(name: str, comment: str, value: t.Any) -> str:
    """Write a constant as Prettier lays it out."""
    if isinstance(value, int):
        return f"/** {comment} */\nexport const {name} = {value:_};\n"
    if isinstance(value, dict):
        body = "".join(
            f"  {key}: {json.dumps(text, ensure_ascii=False)},\n" for key, text in value.items()
        )
        return f"/** {comment} */\nexport const {name} = {{\n{body}}} as const;\n"
    values = [json.dumps(each) for each in value]
    line = f"export const {name} = [{', '.join(values)}] as const;"
    if len(line) > _LINE:
        body = "".join(f"  {each},\n" for each in values)
        line = f"export const {name} = [\n{body}] as const;"
    return f"/** {comment} */\n{line}\n"


def _interface(record: type, name: str = "", leave_out: t.Container[str] = ()) -> str:
    hints = t.get_type_hints(record, localns={"Trace": model.Trace})
    fields = [
        f"  readonly {field.name.removesuffix('_')}"
        f"{'?' if f'{record.__name__}.{field.name}' in _NEWER else ''}: "
        f"{_NARROWER.get(f'{record.__name__}.{field.name}') or _type(hints[field.name])};\n"
        for field in dataclasses.fields(record)
        if field.name not in leave_out and not field.name.startswith("_")
    ]
    body = "".join(fields) + _BESIDE.get(record.__name__, "")
    text = inspect.cleandoc(record.__doc__ or "").replace("``", "`")
    comment = f"/** {text} */" if "\n" not in text else _block(text)
    return f"{comment}\nexport interface {name or _name(record)} {{\n{body}}}\n"


def _digest() -> str:
    hints = t.get_type_hints(recorded.Digest)
    return "".join(f"  readonly {name}?: {_type(hint)};\n" for name, hint in hints.items())


def _block(text: str) -> str:
    lines = [f" * {line}".rstrip() for line in text.splitlines()]
    return "\n".join(["/**", *lines, " */"])


def _name(record: type) -> str:
    return _NAMES.get(record.__name__, record.__name__)


def _union(hint: t.Any) -> str:
    return " | ".join(json.dumps(each) for each in t.get_args(hint))


def _type(hint: t.Any) -> str:
    """Return what TypeScript calls the JSON of a value of this type."""
    arguments = t.get_args(hint)
    origin = t.get_origin(hint)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if hint in _ALIASES:
        return _ALIASES[hint]
    if origin is t.Literal:
        return _union(hint)
    if origin in (t.Union, types.UnionType):
        return " | ".join(_type(each) for each in arguments)
    if origin is tuple and arguments[-1] is not ...:
        return f"readonly [{', '.join(map(_type, arguments))}]"
    if origin is tuple:
        item = _type(arguments[0])
        return f"readonly ({item})[]" if item.startswith("readonly ") else f"readonly {item}[]"
    if origin is dict:
        item = "Json" if arguments[1] is t.Any else _type(arguments[1])
        return f"{{ readonly [key: string]: {item} }}"
    if dataclasses.is_dataclass(hint):
        return _name(t.cast("type", hint))
    raise TypeError(f"no type of TypeScript's is known for {hint!r}")


if __name__ == "__main__":
    TARGET.write_text(generate(), "utf-8")
    schema.write()

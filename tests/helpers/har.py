"""HAR archives, held against the format's own schema."""

from __future__ import annotations

import json
import typing as t

from jsonschema import FormatChecker
from jsonschema.validators import validator_for
from referencing import Registry, Resource

from tests.helpers import ROOT

SCHEMAS = ROOT / "static" / "node_modules" / "har-schema" / "lib"


def faults(har: dict[str, t.Any]) -> list[str]:
    """Say what the schema of HAR 1.2 does not take."""
    schemas = {path.name: json.loads(path.read_text()) for path in SCHEMAS.glob("*.json")}
    registry: Registry[t.Any] = Registry().with_resources(
        (f"{name}", Resource.from_contents(schema)) for name, schema in schemas.items()
    )
    schema = schemas["har.json"]
    validator = validator_for(schema)(schema, registry=registry, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(har)]

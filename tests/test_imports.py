"""Modules import each other in the directions of the architecture, and in no circle."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "flask_lifecycle"

ALLOWED = {
    "forks": set[str](),
    "trace": set[str](),
    "sites": {"trace"},
    "steps": {"sites"},
    "writers": {"forks", "trace", "sites", "steps"},
    "snapshots": {"faults", "trace", "sites", "steps", "writers", "transactions"},
    "redact": set[str](),
    "settings": set[str](),
    "memo": set[str](),
    "subclass": set[str](),
    "tokens": set[str](),
    "faults": set[str](),
    "recorder": {"faults", "trace", "sites", "steps", "writers", "redact", "memo"},
    "place": set[str](),
    "address": set[str](),
    "reached": set[str](),
    "transactions": set[str](),
    "statements": {
        *("sites", "steps", "writers", "redact", "recorder", "place", "transactions"),
    },
    "macros": {"sites", "steps", "writers", "recorder"},
    "causes": {"steps", "writers", "forks"},
    "summary": {"faults", "sites", "steps", "writers", "snapshots", "toolbar", "transactions"},
    "store": {"forks", "writers", "settings"},
    "toolbar": {"address"},
    "body": {"sites", "steps", "writers", "recorder"},
    "wrapper": {"steps", "recorder"},
    "changes": {"steps", "writers", "redact", "recorder", "memo"},
    "cpu": {"steps", "writers"},
    "memory": {"forks", "steps", "writers", "recorder"},
    "threads": {"steps", "writers", "recorder"},
    "results": {"recorder"},
    "registries": {"recorder", "memo"},
    "views": {"memo", "writers", "recorder"},
    "functions": {
        "memo",
        "views",
        "sites",
        "steps",
        "writers",
        "recorder",
        "changes",
        "registries",
        "results",
        "threads",
    },
    "routes": {"memo", "sites", "steps", "writers", "redact", "recorder"},
    "sessions": {"sites", "recorder", "subclass", "wrapper", "changes", "cpu", "memory"},
    "contexts": {"sites", "recorder", "subclass", "sessions"},
    "upgrades": {"trace", "sites", "steps", "writers", "recorder"},
    "errors": {"trace", "writers", "recorder", "upgrades", "reached"},
    "layers": {"trace", "sites", "recorder"},
    "middleware": {"memo", "sites", "steps", "writers", "recorder", "layers"},
    "held": {"recorder"},
    "start_response": {"sites", "steps", "writers", "recorder", "upgrades"},
    "calls": {
        "sites",
        "steps",
        "writers",
        "redact",
        "recorder",
        "body",
        "errors",
        "middleware",
        "start_response",
        "upgrades",
        "address",
    },
    "mount": {
        "forks",
        "sites",
        "writers",
        "recorder",
        "settings",
        "tokens",
        "address",
        "reached",
        "middleware",
        "app_map",
        "rules",
        "collectors",
        "panel",
    },
    "instrument": {
        "sites",
        "writers",
        "redact",
        "recorder",
        "subclass",
        "wrapper",
        "cpu",
        "memory",
        "calls",
        "contexts",
        "errors",
        "functions",
        "held",
        "registries",
        "results",
        "routes",
        "sessions",
        "start_response",
    },
    "app_map": {"sites", "redact", "recorder"},
    "rules": set(),
    "export": {"trace", "redact", "settings"},
    "collectors": {
        "forks",
        "memo",
        "trace",
        "sites",
        "steps",
        "writers",
        "redact",
        "recorder",
        "subclass",
        "place",
        "statements",
        "transactions",
        "macros",
    },
    "panel": {
        "faults",
        "export",
        "forks",
        "trace",
        "steps",
        "writers",
        "snapshots",
        "redact",
        "settings",
        "store",
        "summary",
        "causes",
        "app_map",
        "toolbar",
    },
    "extension": {
        "forks",
        "trace",
        "writers",
        "snapshots",
        "redact",
        "settings",
        "subclass",
        "recorder",
        "store",
        "changes",
        "cpu",
        "memory",
        "instrument",
        "collectors",
        "toolbar",
        "tokens",
        "mount",
    },
    "cli": {"settings", "tokens"},
    "__init__": {"extension", "trace"},
}


def imported(path: Path) -> set[str]:
    """Name the parts of the package that a module imports, its own folder's aside."""
    depth = len(path.relative_to(PACKAGE).parts)
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            names = [node.module] if node.module else [alias.name for alias in node.names]
            found |= {name.split(".")[0] for name in names if name}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("flask_lifecycle"):
            found.add((node.module or "").split(".")[1])
    return found


def test_every_import_is_allowed() -> None:
    for path in PACKAGE.rglob("*.py"):
        part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        assert imported(path) <= ALLOWED[part], f"{path.name} imports {imported(path)}"


def test_collectors_do_not_know_each_other() -> None:
    for path in (PACKAGE / "collectors").glob("*.py"):
        inside = [
            node
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.ImportFrom) and node.level == 1
        ]
        assert not inside, path.name


def test_the_arrows_make_no_circle() -> None:
    left = dict(ALLOWED)
    while left:
        free = [name for name, needs in left.items() if not needs & set(left)]
        assert free, f"a circle among {sorted(left)}"
        for name in free:
            del left[name]

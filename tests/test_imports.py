"""Modules import each other in the directions of the architecture, and in no circle."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "flask_lifecycle"

ALLOWED = {
    "forks": set[str](),
    "trace": {"forks"},
    "redact": set[str](),
    "settings": set[str](),
    "subclass": set[str](),
    "tokens": set[str](),
    "recorder": {"trace", "redact"},
    "place": set[str](),
    "statements": {"trace", "redact", "recorder", "place"},
    "causes": {"trace", "forks"},
    "summary": {"trace", "toolbar"},
    "store": {"forks", "trace", "settings"},
    "toolbar": set(),
    "body": {"trace", "recorder"},
    "wrapper": {"trace", "recorder"},
    "changes": {"trace", "redact", "recorder"},
    "cpu": {"trace"},
    "memory": {"forks", "trace", "recorder"},
    "threads": {"trace", "recorder"},
    "results": {"recorder"},
    "registries": {"recorder"},
    "functions": {"trace", "recorder", "changes", "registries", "results", "threads"},
    "routes": {"trace", "redact", "recorder"},
    "sessions": {"trace", "recorder", "subclass", "wrapper", "changes", "cpu", "memory"},
    "contexts": {"trace", "recorder", "subclass", "sessions"},
    "errors": {"trace", "recorder"},
    "middleware": {"trace", "recorder"},
    "start_response": {"trace", "recorder"},
    "calls": {
        "trace",
        "redact",
        "recorder",
        "body",
        "errors",
        "middleware",
        "start_response",
    },
    "instrument": {
        "trace",
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
        "registries",
        "results",
        "routes",
        "sessions",
        "start_response",
    },
    "app_map": {"trace", "redact", "recorder"},
    "rules": set(),
    "export": {"trace", "redact", "settings"},
    "collectors": {"forks", "trace", "redact", "recorder", "subclass", "place", "statements"},
    "panel": {
        "export",
        "forks",
        "trace",
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
        "redact",
        "settings",
        "subclass",
        "recorder",
        "store",
        "changes",
        "cpu",
        "memory",
        "instrument",
        "middleware",
        "collectors",
        "app_map",
        "rules",
        "panel",
        "toolbar",
        "tokens",
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

"""Packages import each other in the directions of the architecture; tests mirror the modules."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.helpers import ROOT

PACKAGE = ROOT / "flask_lifecycle"

# In order: each may import those that it names, all of which stand above it.
ALLOWED = {
    "_compat": set[str](),
    "forks": set[str](),
    "locks": {"forks"},
    "faults": set[str](),
    "pauses": set[str](),
    "pids": set[str](),
    "private_folder": set[str](),
    "run_token": {"pids", "private_folder"},
    "page_secret": {"private_folder"},
    "collector_table": set[str](),
    "settings": {"collector_table"},
    "core": set[str](),
    "redact": {"core"},
    "address": set[str](),
    "toolbar": {"address", "core", "_compat"},
    "trace": {"forks", "locks", "faults", "_compat", "redact", "core"},
    "recorder": {"trace", "redact", "faults", "_compat", "core"},
    "store": {"trace", "settings", "locks", "core"},
    "summary": {"trace", "toolbar", "faults"},
    "source": {"trace", "redact", "_compat"},
    "recording": {"trace", "redact", "settings", "summary", "source"},
    "history": {
        *("core", "forks", "locks", "faults", "pauses", "settings", "trace", "store"),
        *("recording", "summary"),
    },
    "processes": {
        *("forks", "locks", "faults", "pauses", "pids", "trace", "store", "summary", "history"),
        "recording",
    },
    "collectors": {"recorder", "trace", "redact", "locks", "faults", "_compat", "core"},
    "app_map": {"recorder", "trace", "redact", "faults", "_compat"},
    "holds": {"recorder", "trace", "redact", "locks", "faults", "_compat"},
    "instrumentation": {
        *("core", "forks", "settings"),
        *("collectors", "recorder", "trace", "redact", "address", "faults", "_compat"),
    },
    "panel": {
        *("locks", "faults", "pauses", "trace", "redact", "settings", "store", "recording"),
        "app_map",
        *("holds", "toolbar", "summary", "source", "history", "processes", "private_folder"),
        "_compat",
    },
}
# The public names and what puts all of them together.
KNOW_ALL = {"__init__", "announcement", "extension", "mount", "cli"}


def imported(path: Path) -> set[str]:
    """Name the packages and modules at the top that a module imports, its own aside."""
    found: set[str] = set()
    depth = len(path.relative_to(PACKAGE).parts)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            names = [node.module] if node.module else [alias.name for alias in node.names]
            found |= {name.split(".")[0] for name in names if name}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("flask_lifecycle"):
            found.add((node.module or "").split(".")[1])
    return found


def test_every_import_goes_up_the_table() -> None:
    above: set[str] = set()
    for room, allowed in ALLOWED.items():
        assert allowed <= above, f"{room} may import what stands below it"
        above.add(room)
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room not in KNOW_ALL:
            others = imported(path) - ALLOWED[room]
            assert not others, f"{path.relative_to(PACKAGE)} imports {others}"


def test_the_modules_of_a_package_import_each_other_in_no_circle() -> None:
    for folder in {path.parent for path in PACKAGE.rglob("*.py")} - {PACKAGE}:
        left = {path.stem: _siblings(path) for path in folder.glob("*.py")}
        while left:
            free = [name for name, needs in left.items() if not needs & set(left)]
            assert free, f"a circle among {sorted(left)} of {folder.name}"
            for name in free:
                del left[name]


def _siblings(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            names = [node.module] if node.module else [alias.name for alias in node.names]
            found |= {name.split(".")[0] for name in names if name}
    return {name for name in found if (path.parent / f"{name}.py").exists()} - {path.stem}


TESTS = ROOT / "tests"
# What these test is no one module.
APART = {"browser", "integration", "fuzz", "typing", "helpers"}


def test_each_test_module_mirrors_a_module() -> None:
    """Those at the top mirror a module of the package, or what stands beside it: demo/, docs/."""
    for path in TESTS.rglob("test_*.py"):
        folder, name = path.parent.relative_to(TESTS), path.name.removeprefix("test_")
        if (folder.parts[:1] and folder.parts[0] in APART) or path == Path(__file__):
            continue
        beside = ROOT / name.removesuffix(".py")
        mirrored = [PACKAGE / folder / name, PACKAGE / folder / f"_{name}"]
        mirrored += [beside] if folder == Path() else []
        assert any(each.exists() for each in mirrored), (
            f"{path.relative_to(ROOT)} tests no module of the package"
        )


# In functions and in the code of apps that tests write, too.
IMPORTED = re.compile(r"\b(?:from|import) (tests\b[\w.]*)(?: import (\([^)]*\)|[\w, ]*))?")


def test_no_test_imports_a_test() -> None:
    for path in TESTS.rglob("*.py"):
        for module, names in IMPORTED.findall(path.read_text("utf-8")):
            for part in re.findall(r"\w+", f"{module} {names}"):
                assert not part.startswith(("test_", "conftest")), (
                    f"{path.relative_to(ROOT)} imports {part}: what both use is for tests/helpers"
                )

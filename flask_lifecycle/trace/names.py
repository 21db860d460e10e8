"""How the steps of functions are named when they are looked for."""

from __future__ import annotations

from fnmatch import fnmatchcase


def is_named(sought: str, name: str, full: str | None) -> bool:
    """Return whether a step has a name.

    :param sought: a name, ``module:qualname``, or a glob of either.
    :param full: ``module:qualname`` of what the step calls.
    """
    full = full or ""
    # Names of templates, and statements, may have the characters of a glob.
    return sought in (name, full) or fnmatchcase(full if ":" in sought else name, sought)


__all__ = ["is_named"]

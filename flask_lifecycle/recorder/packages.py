"""The package that a function comes from, if it is neither the app's own nor Flask's."""

from __future__ import annotations

import sys
import types
import typing as t

from .user_code import is_library

_NONE = frozenset(("__main__", "builtins", "flask", "flask_lifecycle"))


def package_of(module: t.Any, file: str | None, own: str) -> str | None:
    """Return the import package of a function, such as ``flask_login``, or None.

    :param module: the name of the function's module.
    :param file: the file of its code; None if it is not written in Python.
    :param own: the import name of the app, which may be installed like a library.
    """
    if type(module) is not str:
        return None
    parts = module.split(".")
    if parts[0] in _NONE or parts[0] == own.partition(".")[0]:
        return None
    home = _file_of(module) or file
    if home is None or home.startswith("<") or not is_library(home):
        return None
    # Several distributions may share a namespace package, which has no file.
    names = (".".join(parts[: count + 1]) for count in range(len(parts)))
    return next((each for each in names if _file_of(each)), parts[0])


def _file_of(name: str) -> str | None:
    module = sys.modules.get(name)
    # A module may compute attributes that it does not have.
    file = vars(module).get("__file__") if isinstance(module, types.ModuleType) else None
    return file if type(file) is str else None


__all__ = ["package_of"]

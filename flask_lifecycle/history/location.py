"""Where an app's history is: a file in the user's cache folder, or where the settings say."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from platformdirs import user_cache_path

_FOLDER = "flask-lifecycle"
# What every file system takes; the rest of a name is told by the hash.
_UNUSUAL = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 40


def default_path(root_path: str, name: str) -> Path | None:
    """Return the file of an app, or None if the user has no folder for caches.

    Two apps of one name at different paths have different files, and two names at one path, too.
    """
    try:
        folder = user_cache_path(_FOLDER, appauthor=False)
    except RuntimeError:
        return None
    if not folder.is_absolute():  # older versions of platformdirs leave the "~" where it is
        return None
    key = f"{os.path.realpath(root_path)}\0{name}".encode("utf-8", "surrogateescape")
    shown = _UNUSUAL.sub("-", name).strip("-.")[:_LONGEST] or "app"
    return folder / f"{shown}-{hashlib.sha256(key).hexdigest()[:16]}.sqlite"


def path_of(setting: str | os.PathLike[str], instance_path: str) -> Path | None:
    """Return the file that a setting names, or None if it begins with ``~`` and there is no home.

    :param instance_path: the folder to which a relative path belongs.
    """
    try:
        return Path(instance_path, Path(setting).expanduser())
    except RuntimeError:
        return None


def is_writable(folder: Path) -> bool:
    """Return whether a file can be made in a folder, which may have to be made."""
    existing = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)


__all__ = ["default_path", "is_writable", "path_of"]

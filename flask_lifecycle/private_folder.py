"""A directory for temporary files of this user alone, the same for all processes."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path


def private_folder(name: str = "") -> Path:
    """Return the directory, which exists.

    :param name: its part of the name, where different things are stored apart.
    :raises OSError: it cannot be created, or is not this user's alone.
    """
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(
        tempfile.gettempdir(), "-".join(filter(None, ("flask-lifecycle", f"{user}", name)))
    )
    with suppress(FileExistsError):
        folder.mkdir(0o700)
    found = folder.lstat()
    if not (stat.S_ISDIR(found.st_mode) and is_ours_alone(found)):
        raise OSError(f"{folder} is another's")
    return folder


def is_ours_alone(found: os.stat_result) -> bool:
    """Return whether no other user can read or change a file or directory."""
    # Windows gives each user a directory of their own.
    return os.name == "nt" or (found.st_uid == os.getuid() and not found.st_mode & 0o077)


__all__ = ["is_ours_alone", "private_folder"]

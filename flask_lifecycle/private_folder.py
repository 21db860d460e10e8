"""A directory for temporary files of this user alone, the same for all processes."""

from __future__ import annotations

import os
import secrets
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


def create(path: Path, data: bytes) -> None:
    """Write a file of this user alone, unless there is one.

    :raises OSError: it cannot be written.
    """
    # Written elsewhere and linked: no process reads half of it, and one of several is the first.
    made = path.with_name(f"{secrets.token_hex(8)}.new")
    descriptor = os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        with suppress(FileExistsError):
            os.link(made, path)
    finally:
        made.unlink()


def read(path: Path, most: int) -> bytes | None:
    """Return the content of a file, or None if it is not this user's alone, or larger.

    :raises OSError: it cannot be read.
    """
    found = path.lstat()
    if not (stat.S_ISREG(found.st_mode) and is_ours_alone(found) and found.st_size <= most):
        return None
    return path.read_bytes()


__all__ = ["create", "is_ours_alone", "private_folder", "read"]

"""The secret of the pages: it outlives a run, so that open pages go on after a restart.

From it come the keys by which the panel's page and the toolbar call the server. It opens nothing to
anybody who may not open the panel anyway: the token, which does, is of one run.
"""

from __future__ import annotations

import hmac
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from .private_folder import is_ours_alone, private_folder

_BYTES = 32


def page_secret(*app: str) -> str | None:
    """Return the secret of an app's pages, derived from that of the user.

    :param app: what tells the app from the user's others.
    :returns: the same in all processes and runs; None if it cannot be stored.
    """
    try:
        path = private_folder("pages") / "secret"
        if not path.exists():
            _generate(path)
        secret = _read(path)
    except OSError:
        return None
    name = "\0".join(app).encode("utf-8", "surrogateescape")
    return None if secret is None else hmac.digest(secret, name, "sha256").hex()


def _generate(path: Path) -> None:
    # Written elsewhere and linked: no process reads half of it, and one of several is the first.
    made = path.with_name(f"{secrets.token_hex(8)}.new")
    descriptor = os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
        with suppress(FileExistsError):
            os.link(made, path)
    finally:
        made.unlink()


def _read(path: Path) -> bytes | None:
    found = path.lstat()
    if not (stat.S_ISREG(found.st_mode) and is_ours_alone(found) and found.st_size == _BYTES):
        return None
    return path.read_bytes()


__all__ = ["page_secret"]

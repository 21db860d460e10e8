"""Single-use tickets for websockets, valid for some seconds in every process of the server.

A browser cannot send the page's key with a websocket: it sends a ticket in the URL instead. All
processes of the server must know which tickets are used, as any of them may get the next request:
the first one creates a file in a directory of this user alone, which no two can do.
"""

from __future__ import annotations

import hmac
import os
import secrets
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path

_SECONDS = 10
# Files must outlast their tickets; clocks may be adjusted.
_KEPT_SECONDS = 120
# A page asks for a ticket each time it connects: this limits the number in use.
_MOST = 1024


class Tickets:
    """Issue tickets, and accept each one once.

    :param token: the secret that all processes of the server share.
    """

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    def make(self) -> str:
        """Issue a ticket."""
        payload = f"{time.time() + _SECONDS:.0f}.{secrets.token_hex(8)}"
        return f"{payload}.{self._signature(payload)}"

    def take(self, ticket: str) -> bool:
        """Return whether a ticket is valid and no process has accepted it before."""
        payload, _, signature = ticket.rpartition(".")
        if not hmac.compare_digest(signature.encode("utf-8", "replace"), self._signed(payload)):
            return False
        return float(payload.partition(".")[0]) > time.time() and _is_first(signature)

    def _signature(self, payload: str) -> str:
        given = f"ticket {payload}".encode("utf-8", "replace")
        return hmac.digest(self._token, given, "sha256").hex()

    def _signed(self, payload: str) -> bytes:
        return self._signature(payload).encode()


def _is_first(mark: str) -> bool:
    # Where no file can be created, the page polls instead.
    with suppress(OSError):
        folder = _folder()
        _forget_old(folder)
        os.close(os.open(folder / mark, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        return True
    return False


def _folder() -> Path:
    """Return the directory of used tickets, which is the same for all processes."""
    user = os.getuid() if hasattr(os, "getuid") else "tickets"
    folder = Path(tempfile.gettempdir(), f"flask-lifecycle-{user}")
    with suppress(FileExistsError):
        folder.mkdir(0o700)
    found = folder.lstat()
    if not (stat.S_ISDIR(found.st_mode) and _is_ours_alone(found)):
        raise OSError(f"{folder} is another's")
    return folder


def _is_ours_alone(found: os.stat_result) -> bool:
    # Windows gives each user a directory of their own.
    return os.name == "nt" or (found.st_uid == os.getuid() and not found.st_mode & 0o077)


def _forget_old(folder: Path) -> None:
    before = time.time() - _KEPT_SECONDS
    kept = 0
    for mark in folder.iterdir():
        # Another process may have removed it first.
        with suppress(FileNotFoundError):
            if mark.lstat().st_mtime < before:
                mark.unlink()
            else:
                kept += 1
    if kept >= _MOST:
        raise OSError(f"{_MOST} tickets were used lately")


__all__ = ["Tickets"]

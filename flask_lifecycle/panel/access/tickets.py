"""Single-use tickets for websockets, valid for some seconds in every process of the server.

A browser cannot send the page's key with a websocket: it sends a ticket in the URL instead. All
processes of the server must know which tickets are used, as any of them may get the next request:
the first one creates a file in a directory of this user alone, which no two can do.
"""

from __future__ import annotations

import hmac
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

from ...private_folder import private_folder

_SECONDS = 10
# Files must outlast their tickets; clocks may be adjusted.
_KEPT_SECONDS = 120
# A page asks for a ticket each time it connects: this limits the number in use.
_MOST = 1024


class Tickets:
    """Issue tickets, and accept each one once.

    :param secret: it is shared by all processes of the server.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

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
        return hmac.digest(self._secret, given, "sha256").hex()

    def _signed(self, payload: str) -> bytes:
        return self._signature(payload).encode()


def _is_first(mark: str) -> bool:
    # Where no file can be created, the page polls instead.
    with suppress(OSError):
        folder = private_folder()
        _forget_old(folder)
        os.close(os.open(folder / mark, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        return True
    return False


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

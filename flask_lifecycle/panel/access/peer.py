"""Whose the program is that asks from this machine, where Linux tells it (``proc(5)``)."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
# The accounts that programs have and people have not, as distributions number them; root aside.
_SYSTEM = range(1, 1000)
_NOBODY = 65534


def is_service(environ: dict[str, t.Any]) -> bool:
    """Return whether a system account's program is at the other end, as nginx is.

    :returns: False where the app runs by that account itself, or where it cannot be told.
    """
    try:
        ends = int(environ["REMOTE_PORT"]), int(environ["SERVER_PORT"])
        owners = {*_owners(*ends)} - {os.getuid()}
    except (AttributeError, KeyError, TypeError, ValueError):
        return False
    return any(owner in _SYSTEM or owner == _NOBODY for owner in owners)


def peer_address(environ: dict[str, t.Any], otherwise: str) -> str:
    """Return the address at the other end of the connection, or what is to stand for it.

    :param otherwise: what to return where the server does not hand the connection over.
    """
    for name in ("werkzeug.socket", "gunicorn.socket"):
        try:
            peer = environ[name].getpeername()
        except (KeyError, AttributeError, OSError):
            continue
        return str(peer[0]) if isinstance(peer, tuple) else ""
    return otherwise


def _owners(port: int, other: int) -> Iterator[int]:
    """List whose sockets of this machine have these ports, their own and the other end's."""
    ends = [f":{port:04X}", f":{other:04X}"]
    for table in _TABLES:
        # There is none but on Linux, and of IPv6 not everywhere there.
        with suppress(OSError), table.open(encoding="ascii") as lines:
            for line in lines:
                _, local, remote, _, _, _, _, owner, *_ = line.split()
                if [local[-5:], remote[-5:]] == ends:
                    yield int(owner)


__all__ = ["is_service", "peer_address"]

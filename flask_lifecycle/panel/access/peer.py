"""Which account the client program on this machine runs as, where Linux shows it (``proc(5)``)."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
# The UIDs of system accounts, as distributions assign them; root is not among them.
_SYSTEM = range(1, 1000)
_NOBODY = 65534


def is_service(environ: dict[str, t.Any]) -> bool:
    """Return whether the client runs as a system account, as nginx does.

    :returns: False if the app runs as that account itself, or if the account is unknown.
    """
    try:
        ends = int(environ["REMOTE_PORT"]), int(environ["SERVER_PORT"])
        owners = {*_owners(*ends)} - {os.getuid()}
    except (AttributeError, KeyError, TypeError, ValueError):
        return False
    return any(owner in _SYSTEM or owner == _NOBODY for owner in owners)


def peer_address(environ: dict[str, t.Any], otherwise: str) -> str:
    """Return the client's address of the connection, or a fallback.

    :param otherwise: the fallback for servers that do not expose the connection.
    """
    for name in ("werkzeug.socket", "gunicorn.socket"):
        try:
            peer = environ[name].getpeername()
        except (KeyError, AttributeError, OSError):
            continue
        return str(peer[0]) if isinstance(peer, tuple) else ""
    return otherwise


def _owners(port: int, other: int) -> Iterator[int]:
    """Yield the UIDs of this machine's sockets with these local and remote ports."""
    ends = [f":{port:04X}", f":{other:04X}"]
    for table in _TABLES:
        # Only Linux has these files, and not always the one for IPv6.
        with suppress(OSError), table.open(encoding="ascii") as lines:
            for line in lines:
                _, local, remote, _, _, _, _, owner, *_ = line.split()
                if [local[-5:], remote[-5:]] == ends:
                    yield int(owner)


__all__ = ["is_service", "peer_address"]

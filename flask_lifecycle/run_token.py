"""The token of a run: one for all processes of a server, and unknown to all others.

A process reads it from its environment, which the reloader's processes and forked ones inherit.
Workers that each import the app derive it from a secret that they inherited before.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import sys
from pathlib import Path

_VARIABLE = "_FLASK_LIFECYCLE_TOKEN"
_AT_RANDOM = 25  # <elf.h>
_alone: int | None = None


def run_token() -> str:
    """Return the token of this run; the first process generates it."""
    global _alone
    if _VARIABLE not in os.environ:
        common = common_secret()
        _alone = os.getpid() if common is None else None
        made = secrets.token_bytes(32) if common is None else hashlib.sha256(common).digest()
        os.environ[_VARIABLE] = base64.urlsafe_b64encode(made).decode().rstrip("=")
    return os.environ[_VARIABLE]


def run_name() -> str:
    """Return a name of this run that all of its processes share, and that reveals no secret."""
    return hashlib.sha256(f"run {run_token()}".encode()).hexdigest()[:24]


def is_alone() -> bool:
    """Return whether no other process can have made this one's token."""
    return _alone == os.getpid()


def common_secret() -> bytes | None:
    """Return a secret that all processes of one server share, or None."""
    return _key_of_hashes() or _seed_of_program()


def _key_of_hashes() -> bytes | None:
    """Derive bytes from the key of the interpreter's hashes, which forked processes share.

    The key has 128 bits from the system's random source, unless a seed was set (PEP 456). SipHash
    is designed so that its results reveal neither the key nor each other.
    """
    if (
        sys.implementation.name != "cpython"
        or not sys.hash_info.algorithm.startswith("siphash")
        or not sys.flags.hash_randomization
        or os.environ.get("PYTHONHASHSEED", "random") != "random"
    ):
        return None
    made = [hash(f"flask-lifecycle's token, part {number} of 4") for number in range(4)]
    return b"".join(each.to_bytes(8, "big", signed=True) for each in made)


def _seed_of_program() -> bytes | None:
    """Return the 128 random bits that Linux gives each program at its start (getauxval(3)).

    Forked processes share them. Only if the program is Python: a server in C may run the apps of
    several users.
    """
    try:
        if not Path("/proc/self/exe").samefile(sys.executable):
            return None
        import ctypes

        getauxval = ctypes.CDLL(None).getauxval
        getauxval.restype = ctypes.c_ulong
        place = getauxval(ctypes.c_ulong(_AT_RANDOM))
        return b"flask-lifecycle's token" + ctypes.string_at(place, 16) if place else None
    except (ImportError, OSError, AttributeError):  # another system, or a Python without ctypes
        return None


__all__ = ["common_secret", "is_alone", "run_name", "run_token"]

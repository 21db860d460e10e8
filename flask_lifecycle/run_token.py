"""The token of a run: one for all processes of a server, and nobody else's.

A process finds it in its environment, which the reloader's processes and forked ones inherit.
Workers that import the app each for itself make it from what they had in common before.
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
    """Return the token of this run; the first process makes it."""
    global _alone
    if _VARIABLE not in os.environ:
        common = common_secret()
        _alone = os.getpid() if common is None else None
        made = secrets.token_bytes(32) if common is None else hashlib.sha256(common).digest()
        os.environ[_VARIABLE] = base64.urlsafe_b64encode(made).decode().rstrip("=")
    return os.environ[_VARIABLE]


def is_alone() -> bool:
    """Return whether no other process can have made this one's token."""
    return _alone == os.getpid()


def common_secret() -> bytes | None:
    """Return what all processes of one server have in common, and nobody else can know."""
    return _key_of_hashes() or _seed_of_program()


def _key_of_hashes() -> bytes | None:
    """Make bytes from the key of the interpreter's hashes, which forked processes share.

    Those are 128 bits that it took from the system's source of random numbers at its start,
    unless it was told a seed (PEP 456). SipHash is made so that its results do not tell the
    key, nor each other.
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
    """Read the 128 random bits that Linux gives each program at its start (getauxval(3)).

    Forked processes share them. Only where the program is Python: a server in C may run the apps
    of several users.
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


__all__ = ["common_secret", "is_alone", "run_token"]

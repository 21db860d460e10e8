"""The keys in a Redis. They have the version of what is in them: two versions share no key."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote

VERSION = 1


def shared(name: str) -> str:
    """Return a key of all apps together. Those of an app have its name before the version."""
    return f"flask-lifecycle:{VERSION}:{name}"


#: The names of apps, by the Unix time of their last request.
APPS = shared("apps")
#: The requests that were added last, of any app.
ADDED = shared("added")
# Of an app, in the order in which the scripts take them.
_OF_APP = (
    *("index", "cleared", "requests", "files", "summaries", "batches", "batch_of", "left"),
    "state",
)
_LONGEST = 120
_ESCAPED = re.compile(rb"[A-Za-z0-9_.~%-]{1,120}")


def escaped(app: str) -> str:
    """Return the name of an app as keys have it."""
    name = quote(app, safe="", errors="surrogatepass") or "%"
    if len(name) <= _LONGEST:
        return name
    digest = hashlib.sha256(name.encode("ascii")).hexdigest()[:32]
    return f"{name[: _LONGEST - 33]}-{digest}"


def is_escaped(name: object) -> bool:
    """Return whether this is what :func:`escaped` may have returned."""
    return isinstance(name, bytes) and bool(_ESCAPED.fullmatch(name))


def keys_of(name: str) -> dict[str, str]:
    """Return the keys of an app by what they are for.

    :param name: its escaped name.
    """
    return {each: f"flask-lifecycle:{name}:{VERSION}:{each}" for each in _OF_APP}


__all__ = ["ADDED", "APPS", "VERSION", "escaped", "is_escaped", "keys_of", "shared"]

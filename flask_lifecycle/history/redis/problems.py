"""Why a Redis cannot be used, in words for its user.

What Redis answers is not repeated: it may quote a command with a password in it.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator

# By the names of redis-py's errors and the codes of Redis, which come with other texts around them
# where a script failed.
_REASONS = {
    # The last, where the first command is a large one.
    r"Authentication|NOAUTH|WRONGPASS|unauthenticated": "{} asks for another user name or password",
    r"NoPermission|NOPERM": "{} does not permit its user the commands or keys of flask-lifecycle",
    r"OutOfMemory|OOM": "{} is full: its maxmemory is reached",
    r"ReadOnly|READONLY": "{} is a replica, which cannot be written",
    r"BusyLoading|LOADING": "{} is still loading its data",
    r"MISCONF": "{} cannot save its data, and takes no more until it can",
    r"Moved|ClusterDown|ClusterCrossSlot|Ask(?=Error)|MOVED|CLUSTERDOWN|CROSSSLOT": (
        "{} is a cluster, and a single server is needed"
    ),
    r"MasterDown|MASTERDOWN": "{} is a replica that has lost its master",
    r"max number of clients": "{} takes no more connections: its maxclients is reached",
    r"FOREIGN|WRONGTYPE": "{} has data of another program under {key}, which is left alone",
    r"unknown command|syntax error": "{} is too old: Redis 6.2 or later, or Valkey, is needed",
    r"BUSY": "{} is busy with a script",
    r"^TimeoutError": "{} does not answer in time",
    r"^ConnectionError": "{} cannot be reached{because}",
    r"^ResponseError": "{} answers with an error",
}
_KEY = re.compile(r"FOREIGN (flask-lifecycle:[\x21-\x7e]+)")


def sentence(place: str, error: Exception) -> str:
    """Return what an error means for a Redis.

    :param place: its URL without a password.
    """
    text = f"{type(error).__name__} {error}"
    key = _KEY.search(text)
    for part, reason in _REASONS.items():
        if re.search(part, text):
            return reason.format(
                place,
                key=f"the key {key[1]}" if key else "a key of flask-lifecycle",
                because="".join(_because(error)),
            )
    return f"what answers at {place} is not Redis"


def _because(error: BaseException | None) -> Iterator[str]:
    while error is not None and not isinstance(error, OSError):
        error = error.__cause__ or error.__context__
    if isinstance(error, ssl.SSLCertVerificationError):
        yield f": {error.verify_message}"
    elif error is not None and error.strerror:
        yield f": {error.strerror}"


__all__ = ["sentence"]

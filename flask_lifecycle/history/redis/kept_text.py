"""A text that an app keeps in a Redis for its next process, such as its breakpoints."""

from __future__ import annotations

from .connection import Redis
from .keys import VERSION, escaped

# How long it is kept, in seconds, after it was last read or written.
_KEPT = 30 * 86_400
# In a hash: where another program has a key of another type, Redis itself leaves that alone.
_FIELD = "text"


class KeptText:
    """One text of an app on one machine.

    :param app: the app's name.
    :param host: the name of the machine.
    :param name: what the text is.
    """

    def __init__(self, redis: Redis, app: str, host: str, name: str) -> None:
        self._redis = redis
        self._key = f"flask-lifecycle:{escaped(app)}:{VERSION}:{name}:{escaped(host)}"

    def read(self) -> str | None:
        """Return the text, or None if there is none.

        :raises HistoryError: the Redis cannot be used.
        """
        [found] = self._redis.ask(("HGET", self._key, _FIELD))
        if not isinstance(found, bytes):
            return None
        self._keep()
        return found.decode("utf-8", "replace")

    def write(self, text: str) -> None:
        """Replace the text.

        :raises HistoryError: the Redis cannot be used, or another program has the key.
        """
        self._redis.ask(("HSET", self._key, _FIELD, text))
        self._keep()

    def _keep(self) -> None:
        self._redis.ask(("EXPIRE", self._key, _KEPT))


__all__ = ["KeptText"]

"""Whether Granian's worker waits for its requests to end: it says so in its log alone."""

from __future__ import annotations

import logging
import threading

from ..._compat import GRANIAN_STOPS

#: Set once it does; where its log is off, never.
stops: threading.Event = threading.Event()


class StopLog(logging.Filter):
    """Take note of that, and let each record through."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, str) and record.msg.startswith(GRANIAN_STOPS):
            stops.set()
        return True


__all__ = ["StopLog", "stops"]

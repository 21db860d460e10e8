"""The collectors: what installs each, and which are on by default."""

from __future__ import annotations

import typing as t


class Collector(t.NamedTuple):
    """One name in ``LIFECYCLE_COLLECTORS``."""

    #: Modules of ``collectors`` with ``install(owner)``; imported when an app has it on.
    modules: tuple[str, ...]
    #: Whether it is on by default; those that cost more are off.
    by_default: bool = True


COLLECTORS: dict[str, Collector] = {
    "changes": Collector(("changes",)),
    "cpu": Collector(("cpu",), by_default=False),
    "exceptions": Collector(("exceptions",)),
    "flashes": Collector(("flashes",)),
    "logs": Collector(("logs",)),
    "memory": Collector(("memory",), by_default=False),
    "spans": Collector(("spans", "outgoing")),
    "sql": Collector(("sql", "sqlite")),
    "templates": Collector(("templates",)),
    "warnings": Collector(("warnings",)),
}

__all__ = ["COLLECTORS", "Collector"]

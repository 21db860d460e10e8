"""Tracepoints: what can run as a step, each with the number that represents it in the log."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from .model import Source


@dataclass(frozen=True, slots=True)
class Site:
    """What can run as a step: resolved once for a function, shared by its steps."""

    stage: str
    name: str
    callable: str | None = None
    source: Source | None = None
    scope: str | None = None


SITES: dict[int, Site] = {}
_SITES_KEPT = 100_000
_numbers: dict[Site, int] = {}
_next_number = count()


def number(site: Site) -> int:
    """Return the number that represents a tracepoint in the logs of this process."""
    known = _numbers.get(site)
    if known is None:
        if len(SITES) >= _SITES_KEPT:
            # The app makes up names: do not number more than this.
            site = Site(site.stage, site.stage)
            if site in _numbers:
                return _numbers[site]
        # Without a lock: if two threads number a tracepoint at once, either number is valid.
        made = next(_next_number)
        SITES[made] = site
        known = _numbers.setdefault(site, made)
    return known


#: For tracepoints that are stored with their step, as the app makes up their names.
UNNUMBERED = number(Site("", ""))


__all__ = ["SITES", "UNNUMBERED", "Site", "number"]

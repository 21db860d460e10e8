"""Sites: what can run as a step, each with the number that stands for it in the steps."""

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
    """Give a site the number that stands for it in the steps of this process."""
    known = _numbers.get(site)
    if known is None:
        if len(SITES) >= _SITES_KEPT:
            # Somebody makes up names as they go: no more of them than that.
            site = Site(site.stage, site.stage)
            if site in _numbers:
                return _numbers[site]
        # Without a lock: of two numbers for a site at once, either is good.
        made = next(_next_number)
        SITES[made] = site
        known = _numbers.setdefault(site, made)
    return known


#: Stands for a site that is kept with its step: where its name is made up as the app goes.
UNNUMBERED = number(Site("", ""))


__all__ = ["SITES", "UNNUMBERED", "Site", "number"]

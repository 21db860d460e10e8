"""What a page computes, whoever else wants the processor."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page


@contextmanager
def computing(page: Page) -> Iterator[t.Callable[[], float]]:
    """Return a function for the seconds of processor time that the page's thread took since."""
    client = page.context.new_cdp_session(page)
    client.send("Performance.enable", {"timeDomain": "threadTicks"})

    def thread_time() -> float:
        metrics = client.send("Performance.getMetrics")["metrics"]
        return next(float(each["value"]) for each in metrics if each["name"] == "ThreadTime")

    begun = thread_time()
    try:
        yield lambda: thread_time() - begun
    finally:
        client.detach()


__all__ = ["computing"]

"""Which requests a server sent, and which ones a test client."""

from __future__ import annotations

from .hooks import Environ


def is_served(environ: Environ) -> bool:
    """Return whether a server made an environ."""
    return "SERVER_SOFTWARE" in environ


__all__ = ["is_served"]

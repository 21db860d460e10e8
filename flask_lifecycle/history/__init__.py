"""Histories: finished requests that outlive their process."""

from .protocol import History, Status
from .registry import history_of

__all__ = ["History", "Status", "history_of"]

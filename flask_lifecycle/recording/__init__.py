"""Traces outside the process: recordings, and other formats, one module for each."""

from .document import Recording

__all__ = ["Recording"]

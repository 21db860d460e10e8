"""``flask lifecycle``: one module for each command."""

from .group import lifecycle

__all__ = ["lifecycle"]

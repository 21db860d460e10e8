"""The versions of the format and of the packages that a recording names."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

FORMAT = "flask-lifecycle"
VERSION = 1


def version_of(package: str) -> str:
    """Return the version of an installed package, or an empty text."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def program() -> str:
    """Return the name and version of this package, as recordings have them."""
    return f"flask-lifecycle {version_of('flask-lifecycle')}".strip()


__all__ = ["FORMAT", "VERSION", "program", "version_of"]

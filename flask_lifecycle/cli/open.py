"""``flask lifecycle open``: a recording in the browser."""

from __future__ import annotations

import os
import sys
import tempfile
import webbrowser
from pathlib import Path

import click

_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


@click.command("open", short_help="Open a recording in the browser.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def command(file: Path) -> None:
    """Open a recording in the browser, without a server.

    FILE is what "flask lifecycle export" or the panel saved. It is read and checked first, and the
    page that the browser gets is made anew from its data in a temporary folder: no script of the
    file is run. Without a display, only the page's path is printed.
    """
    page = _page_of(file)
    if not _has_display():
        click.echo(f"There is no display. The page is {page}")
    elif webbrowser.open(page.as_uri()):
        click.echo(f"Opened {page}")
    else:
        click.echo(f"No browser could be started. The page is {page}")


def _page_of(file: Path) -> Path:
    from ..recording import Recording
    from .output import clean

    try:
        recording = Recording.load(file)
        page = Path(tempfile.mkdtemp(prefix="lifecycle-")) / "recording.html"
        recording.save(page)
    except (ValueError, RuntimeError) as error:
        raise click.ClickException(clean(str(error))) from None
    except OSError as error:
        raise click.ClickException(f"{clean(str(file))}: {error.strerror or error}") from None
    return page


def _has_display() -> bool:
    """Return whether a browser has a place to open; text browsers would take the terminal."""
    return sys.platform in ("win32", "cygwin", "darwin") or any(
        os.environ.get(name) for name in _DISPLAYS
    )


__all__ = ["command"]

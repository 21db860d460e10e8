"""Save requests as a file, in the format of its ending."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import click
import flask

from ..recording.file import kind_of
from ..recording.har import to_har
from ..recording.json_text import write_json
from ..trace.model import Trace
from ..trace.sentences.words import count, readable_size
from .output import clean
from .recordings import recording_of

_HAR = (".har", ".har.gz")


def check_ending(path: Path) -> None:
    """Check that the ending of a file names a format.

    :raises click.UsageError: it does not.
    """
    if path.name.lower().endswith(_HAR):
        return
    try:
        kind_of(path)
    except ValueError:
        name = clean(path.name)
        raise click.UsageError(
            f"{name} has an ending that is not known; it takes .html, .json or .har, or one of"
            " these and .gz."
        ) from None


def save(traces: list[Trace], path: Path, app: flask.Flask) -> str:
    """Write a file and return what was written.

    :raises click.ClickException: it cannot be written; the text says why.
    """
    traces = [*{trace.id: trace for trace in traces}.values()]
    try:
        if path.name.lower().endswith(_HAR):
            _write_har(traces, path)
        else:
            recording_of(traces, app).save(path)
    except (ValueError, RuntimeError) as error:
        raise click.ClickException(clean(str(error))) from None
    except OSError as error:
        raise click.ClickException(f"{clean(str(path))}: {error.strerror or error}") from None
    size = readable_size(path.stat().st_size)
    return f"Saved {count(len(traces), 'request')} as {clean(str(path))} ({size})."


def _write_har(traces: list[Trace], path: Path) -> None:
    content = write_json(to_har(traces)).encode("ascii")
    if path.suffix.lower() == ".gz":
        content = gzip.compress(content, mtime=0)
    with open(path, "wb", opener=_private) as file:
        file.write(content)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


__all__ = ["check_ending", "save"]

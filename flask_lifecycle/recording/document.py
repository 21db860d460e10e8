"""Recordings: traces in a file, with what is needed to look at them anywhere."""

from __future__ import annotations

import os
import platform
import socket
import time
import typing as t
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from ..summary.recorded import digest
from ..trace.model import JsonObject, Step, Trace
from ..trace.sentences.words import cut
from .app import check_app
from .file import kind_of, limited, parse, read_file, write_file
from .html import page
from .json_text import write_json
from .records import FieldError, read
from .upgrade import is_single, upgraded
from .versions import FORMAT, VERSION, program, version_of

if t.TYPE_CHECKING:
    import flask

_UNKNOWN = "flask-lifecycle 0.1"
# More than Python nests calls: what walks from each step to the outermost one is not quadratic.
_DEEPEST = 1000


@dataclass(frozen=True, slots=True)
class Made:
    """When, by which program and where a recording was made. ``at`` is Unix time."""

    at: float
    by: str
    app: str | None
    host: str
    python: str | None
    flask: str | None


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The code of a step's function, masked: each line is pairs of Pygments' class and a text.

    ``line`` is the number of the first line; ``changed`` means that the file was modified after the
    app had loaded it.
    """

    file: str
    line: int
    lines: tuple[tuple[tuple[str, str], ...], ...]
    changed: bool

    def to_dict(self) -> JsonObject:
        """Return the excerpt, JSON-ready."""
        lines = [[list(pair) for pair in line] for line in self.lines]
        return {"file": self.file, "line": self.line, "lines": lines, "changed": self.changed}


@dataclass(frozen=True, slots=True)
class Recording:
    """Whole traces, with the map of their app and the code of their steps where these are known."""

    made: Made
    app: JsonObject | None
    sources: tuple[Excerpt, ...]
    traces: tuple[Trace, ...]

    @classmethod
    def of(cls, traces: Iterable[Trace], *, app: flask.Flask | None = None) -> Recording:
        """Return a recording of some traces.

        :param traces: such as those of :meth:`Lifecycle.traces <flask_lifecycle.Lifecycle.traces>`.
        :param app: their app: the recording then has its map, and the code of the steps.
        """
        kept = tuple({trace.id: trace for trace in traces}.values())
        state: t.Any = None if app is None else app.extensions.get("lifecycle")
        app_map, sources = (None, ()) if state is None else state.describe(kept)
        # It is empty if the app is gone.
        return cls(made_now(None if app is None else app.name), app_map or None, sources, kept)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Recording:
        """Read a recording, or a trace that the panel saved as JSON; both may be compressed.

        :param path: the file, at most 100 MB.
        :raises ValueError: it is no recording, damaged or of a newer version; the message has the
            file's name, what is wrong and where.
        :raises OSError: as from :func:`open`.
        """
        path = Path(path)
        try:
            return _recording(read_file(path))
        except ValueError as error:
            raise ValueError(f"{path.name} cannot be read: {error}") from None

    @classmethod
    def from_bytes(cls, data: bytes) -> Recording:
        """Read a recording from the content of its file.

        :raises ValueError: as :meth:`load`.
        """
        return _recording(parse(data))

    @classmethod
    def from_json(cls, value: t.Any) -> Recording:
        """Read a recording, or a trace, from the JSON of its file.

        :raises ValueError: as :meth:`load`.
        """
        return _recording(value)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the recording to a file that only its owner may read; an existing one is replaced.

        :param path: ends with ``.json`` or ``.html``, or with one of these and ``.gz``. HTML is one
            file that browsers open without a server.
        :raises ValueError: it has another ending, or would be larger than what can be loaded.
        :raises RuntimeError: HTML is asked for, and the package's browser side is not built.
        :raises OSError: it cannot be written; an existing file is unchanged.
        """
        path = Path(path)
        write_file(path, self.to_html() if kind_of(path) == "html" else self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the content of an uncompressed file of JSON.

        :raises ValueError: it is larger than what can be loaded.
        """
        return limited(f"{write_json(self.to_dict())}\n")

    def to_html(self) -> bytes:
        """Return the content of an HTML file.

        :raises ValueError: it is larger than what can be loaded.
        :raises RuntimeError: the package's browser side is not built.
        """
        document = write_json(self.to_dict())
        return limited(page(document, title=self._title(), by=self.made.by))

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the page, in a frame."""
        from .notebook import show

        return show(self)

    def _title(self) -> str:
        if len(self.traces) == 1:
            [trace] = self.traces
            return f"{trace.method} {cut(trace.path)} · flask-lifecycle"
        app = "" if self.made.app is None else f" of {cut(self.made.app)}"
        return f"{len(self.traces)} requests{app} · flask-lifecycle"

    def to_dict(self) -> JsonObject:
        """Return the document, JSON-ready; ``schema.json`` describes it."""
        # The highlighters are only imported where a recording is written.
        from .prepared import Preparation

        is_here = self.made.flask == version_of("flask")
        prepared = Preparation(self.traces, with_callers=is_here)
        return {
            "format": FORMAT,
            "version": VERSION,
            "made": asdict(self.made),
            "app": self.app,
            "sources": [each.to_dict() for each in self.sources],
            "traces": [_with_views(trace, prepared.of_steps[trace.id]) for trace in self.traces],
            "prepared": prepared.to_dict(),
        }


def _with_views(trace: Trace, prepared: list[dict[str, int]]) -> JsonObject:
    """Return a trace with what is derived from it."""
    found = {**trace.to_dict(), **digest(trace)}
    for step, of_step in zip(found["steps"], prepared, strict=True):
        if of_step:
            step["prepared"] = of_step
    return found


def made_now(app: str | None) -> Made:
    """Describe a recording that is made now, by this process.

    :param app: the app's name.
    """
    return Made(
        at=time.time(),
        by=program(),
        app=app,
        host=socket.gethostname(),
        python=platform.python_version(),
        flask=version_of("flask") or None,
    )


def _recording(value: t.Any) -> Recording:
    document = upgraded(value)
    if is_single(document):
        trace: Trace = read(Trace, document)
        _check(trace)
        made = Made(trace.started_at, _UNKNOWN, None, trace.process.host, None, None)
        return Recording(made, None, (), (trace,))
    recording: Recording = read(Recording, document)
    if recording.app is not None:
        try:
            check_app(recording.app)
        except FieldError as error:
            raise error.inside("app") from None
    for index, trace in enumerate(recording.traces):
        try:
            _check(trace)
        except FieldError as error:
            raise error.inside(index).inside("traces") from None
    return recording


def _check(trace: Trace) -> None:
    """Check the references among the steps of a trace, which no type describes.

    :raises FieldError: one is invalid.
    """
    depths: list[int] = []
    for index, step in enumerate(trace.steps):
        for name, value, takes in _faults(step, index):
            raise FieldError(value, takes).inside(name).inside(index).inside("steps")
        depths.append(0 if step.parent is None else depths[step.parent] + 1)
        if depths[-1] > _DEEPEST:
            raise (
                FieldError(step.parent, f"a step at most {_DEEPEST:,} levels deep")
                .inside("parent")
                .inside(index)
                .inside("steps")
            )
    failed = None if trace.error is None else trace.error.step
    if failed is not None and failed >= len(trace.steps):
        raise FieldError(failed, "the id of a step").inside("step").inside("error")


def _faults(step: Step, index: int) -> t.Iterator[tuple[str, t.Any, str]]:
    if step.id != index:
        yield "id", step.id, f"{index}, its index"
    if step.parent is not None and step.parent >= index:
        yield "parent", step.parent, "the id of an earlier step, or null"
    if step.end is not None and step.end < step.begin:
        yield "end", step.end, "a time after its begin, or null"


__all__ = ["Excerpt", "Made", "Recording", "made_now"]

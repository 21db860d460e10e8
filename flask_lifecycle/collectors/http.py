"""Record the headers of requests and responses, and of the bodies what the app parsed.

Nothing is read that the app did not read, and nothing is parsed. The data is masked and truncated.
"""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Iterable, Iterator
from operator import itemgetter

from werkzeug.datastructures import FileStorage

from .._compat import CACHED_DATA, CACHED_JSON, REQUEST
from ..core import shortcut
from ..faults import fault
from ..redact import MASK, Redactor, weight
from ..trace.messages import Answered, Received, header_name, is_header
from ..trace.model import JsonObject
from ..trace.writer import LiveTrace

Environ = dict[str, t.Any]
Pairs = list[tuple[str, str]]

_BESIDE = (
    "CONTENT_TYPE",
    "CONTENT_LENGTH",
    "REMOTE_ADDR",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
    "wsgi.url_scheme",
)
_SHAPES = 256
_HEADERS = 200
# The key of a request, as the toolbar adds it to a `Server-Timing`.
_KEY = re.compile(r"\.[0-9a-f]{32}(?=\"\Z)")
_RESPONSE = ("response", "headers")
# The estimated size of a response header; adding up exact sizes would take longer.
_HEADER_BYTES = 100
_PREVIEW = 2048
# The longest toolbar tag that can be removed from a preview.
_TAG = 512
_COOKIE = re.compile("=[^;]*")
#: What is shown in place of the value of a cookie.
EMPTIED: str = f"={MASK}"


class Shape(t.NamedTuple):
    """The keys of an environ: most requests to an app have the same."""

    names: tuple[str, ...]
    values: t.Callable[[Environ], tuple[t.Any, ...]]
    #: The path of each value, for ``LIFECYCLE_REDACT_WITH``; None for values that are not stored.
    paths: tuple[tuple[str, ...] | None, ...]
    #: The indexes of values that are not stored.
    secret: tuple[int, ...]


class Preview:
    """The beginning of a response's body from the app."""

    __slots__ = ("_sent", "_shown")

    def __init__(self) -> None:
        self._sent = b""
        self._shown: str | None = None

    def add(self, chunk: bytes) -> None:
        """Add the next chunk of the body."""
        self._sent += chunk[: _PREVIEW + _TAG - len(self._sent)]

    def settle(self, trace: LiveTrace) -> None:
        """Mask it: the body is complete."""
        self._shown = self.detail(trace)
        self._sent = b""

    def detail(self, trace: LiveTrace) -> str:
        """Return it, masked."""
        if self._shown is not None:
            return self._shown
        added = trace.added
        own = self._sent if added is None else added.taken_out_of_body(self._sent)
        return _text(trace.redactor, own)


class Messages:
    """Make the records of one app's requests and responses.

    :param redactor: masks the secrets.
    :param max_bytes: the limit for one body, and for the headers of one request.
    :param preview: whether to record bodies, as far as they are text.
    """

    def __init__(self, redactor: Redactor, max_bytes: int, *, preview: bool) -> None:
        self._redactor = redactor
        self._max_bytes = max_bytes
        #: Whether to record the text of bodies; the panel may change it.
        self.preview: bool = preview
        self._shapes: dict[tuple[str, ...], Shape] = {}

    def received(self, trace: LiveTrace, environ: Environ) -> Received | None:
        """Record a request's headers, as they came from the server; None if that fails."""
        # As below without `fail_open`, whose call takes as long as some of this.
        try:
            keys = tuple(environ)
            names, get_values, paths, secret = self._shapes.get(keys) or self._shape(keys)
            values: t.Any = get_values(environ)
            if secret:
                values = list(values)
                for place in secret:
                    value = values[place]
                    is_cookie = names[place] == "HTTP_COOKIE" and type(value) is str
                    # The names of cookies stay.
                    values[place] = _COOKIE.sub(EMPTIED, value) if is_cookie else MASK
                values = tuple(values)
            try:
                size = sum(map(len, values))
            except TypeError:
                # Hypercorn's port is a number, and middleware may set anything.
                values = tuple(map(_as_text, values))
                size = sum(map(len, values))
            if size > self._max_bytes:
                values = tuple(_shortened(values, self._max_bytes))
                size = self._max_bytes
            trace.detail_bytes += size
            return Received(names, self._redactor.queries(values, paths), {})
        except Exception as error:
            fault("the headers of a request", error)
            return None

    def _shape(self, keys: tuple[str, ...]) -> Shape:
        headers = [key for key in keys if key.startswith("HTTP_")][:_HEADERS]
        found = (*(key for key in _BESIDE if key in keys), *headers)
        redactor = self._redactor
        secret = tuple(
            place for place, key in enumerate(found) if redactor.is_secret(header_name(key))
        )
        # With a single name, itemgetter returns no tuple.
        get_values: t.Any = itemgetter(*found) if len(found) > 1 else _each(found)
        paths = tuple(
            None
            if place in secret
            else ("request", "headers", header_name(key))
            if is_header(key)
            else ()
            for place, key in enumerate(found)
        )
        shape = Shape(tuple(redactor.text(key) for key in found), get_values, paths, secret)
        if len(self._shapes) < _SHAPES:
            self._shapes[keys] = shape
        return shape

    def parsed(self, trace: LiveTrace, context: object) -> None:
        """Record what a context's request has stored of its body, at the app's demand.

        Werkzeug's request has ``form``, ``files``, ``_cached_data`` and ``_cached_json`` in its
        ``__dict__`` from the moment the app asks for them.
        """
        try:
            if trace.context() is not context:
                return
            held = vars(vars(context)[REQUEST])
            if "form" in held or CACHED_DATA in held:
                self._body(trace, held)
        except Exception as error:
            fault("the body of a request", error)

    def _body(self, trace: LiveTrace, held: dict[str, t.Any]) -> None:
        received = trace.notes.details.get(0)
        if type(received) is not Received:
            return
        redactor = self._redactor
        room = self._max_bytes
        form, files, data = held.get("form"), held.get("files"), held.get(CACHED_DATA)
        body: JsonObject = {}
        if isinstance(form, dict):
            body["form"] = [
                [redactor.text(name), redactor.named(name, value, ("request", "form"))]
                for name, value in _shortened_pairs(form, room)
            ]
        if isinstance(files, dict):
            named = [
                (name, file.filename, file.content_type)
                for name, file in _items(files)
                if type(file) is FileStorage
            ]
            body["files"] = redactor.value(named, ("request", "files"))
        if type(data) is bytes:
            if CACHED_JSON in held:
                whole = len(data) <= room
                body["json"] = _json(redactor, data) if whole else f"<{len(data)} bytes>"
            if self.preview:
                body["preview"] = _text(redactor, data)
        trace.detail_bytes += weight(body) - weight(received.body)
        # In one call into C, for concurrent readers.
        received.body.update(body)

    @shortcut("answered", (Answered, _RESPONSE, _HEADER_BYTES, _HEADERS))
    def answered(
        self, trace: LiveTrace, status: str, headers: list[t.Any], added: list[t.Any]
    ) -> Answered:
        """Record the status and headers passed to ``start_response``, and the added headers."""
        trace.detail_bytes += _HEADER_BYTES * len(headers)
        redactor = self._redactor
        removed: tuple[str, ...] = ()
        tag = 0
        if trace.added is not None:
            headers, ours, names = trace.added.taken_out_of(headers)
            tag = len(trace.added.tag)
            added = [*ours, *added]
            removed = tuple([redactor.text(name) for name in names])
        shown = redactor.headers(headers[:_HEADERS], _RESPONSE)
        given = tuple([_without_key(header) for header in added])
        return Answered(redactor.text(status), shown, len(headers), (given, removed, tag))

    @shortcut("sent_body", None)
    def sent(self) -> Preview | None:
        """Return a recorder for the body of a response, or None if bodies are not recorded."""
        return Preview() if self.preview else None


def _without_key(header: tuple[str, str]) -> tuple[str, str]:
    """Return an added header, masked: anyone who has the key of a request may query it."""
    name, value = header
    return (name, _KEY.sub(f".{MASK}", value)) if value[-1:] == '"' else header


def _as_text(value: object) -> str:
    if type(value) is str:
        return value
    return str(value) if type(value) is int else ""


def _each(names: tuple[str, ...]) -> t.Callable[[Environ], tuple[t.Any, ...]]:
    return lambda environ: tuple(environ[name] for name in names)


def _shortened(values: Iterable[str], room: int) -> Iterator[str]:
    for value in values:
        yield value[:room]
        room = max(0, room - len(value))


def _shortened_pairs(form: dict[str, t.Any], room: int) -> Iterator[tuple[str, str]]:
    for name, value in _items(form):
        if room <= 0:
            return
        if type(value) is not str:
            continue
        yield name[:room], value[:room]
        room -= len(name) + len(value)


def _items(values: dict[str, t.Any]) -> Iterator[tuple[str, t.Any]]:
    """Yield the items of a MultiDict, which is a dict of lists, or of another dict."""
    for name, given in dict.items(values):
        for each in given if type(given) is list else (given,):
            yield str(name), each


def _json(redactor: Redactor, data: bytes) -> t.Any:
    try:
        return redactor.value(json.loads(data), ("request", "json"))
    except (ValueError, RecursionError):
        return _text(redactor, data)


def _text(redactor: Redactor, data: bytes) -> str:
    """Return the beginning of a body, if it is text."""
    cut = data[:_PREVIEW]
    # The cut may have split a character.
    text = cut.decode("utf-8", "ignore")
    if "\0" in text or len(cut) - len(text.encode()) > 3:
        return "<no text>"
    return redactor.query(text) + ("…" if len(data) > _PREVIEW else "")


__all__ = ["EMPTIED", "Messages"]

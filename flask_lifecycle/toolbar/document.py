"""HTML documents, and the copies of their responses that carry the toolbar."""

from __future__ import annotations

import codecs
import re
import typing as t
from copy import copy
from functools import lru_cache
from operator import attrgetter

import flask
from werkzeug.datastructures import Headers as HeadersOfResponse
from werkzeug.http import parse_options_header
from werkzeug.wrappers import Response

from .._compat import HEADER_LIST
from .added import LENGTH, Added, Headers

_BEGINNING = 4096
_ENDING = 256
_DOCUMENT = re.compile(
    r"(?:\ufeff|\xef\xbb\xbf)?\s*(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
# The usual end of a document. Any other end tag may be inside a script or a comment.
_END = re.compile(r"</body\s*>\s*(?:</html\s*>\s*)?\Z", re.IGNORECASE | re.ASCII)
# A byte order mark is stronger than the declared charset (Encoding Standard, section 6.1), and
# by "utf-16" browsers understand the little-endian one (section 4.2).
_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_WIDE = {"utf-16": "utf-16-le", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be"}
# Headers that describe the page without the tag.
_STALE = frozenset(("etag", "last-modified"))
#: Headers that are removed or replaced, except for the length.
REPLACED: frozenset[str] = _STALE.union(("cache-control",))
NO_STORE: tuple[str, str] = ("Cache-Control", "no-store")

#: Werkzeug's own; a class with another one is asked to set the page itself.
set_data: t.Callable[..., None] = Response.set_data
_list_of = attrgetter(HEADER_LIST)


class Document(t.NamedTuple):
    """A response that is a whole HTML document."""

    response: Response
    codec: str
    begin: str
    headers: Headers
    #: The names of the headers, in lower case.
    names: list[str]

    @classmethod
    def of(cls, response: Response, *, opened: bool) -> Document | None:
        """Return a response as a document, or None if it is not one.

        A document is what a browser says that it opens as one, or else what begins like one.
        This runs for each response, and must be cheap.

        :param opened: whether a browser opens it as a page.
        """
        chunks = getattr(response, "response", None)
        if type(chunks) not in (list, tuple) or not chunks or not chunks[0]:
            return None
        headers = _headers_of(response)
        names = [name.lower() for name, _ in headers]
        if "content-type" not in names:
            return None
        charset = charset_of(headers[names.index("content-type")][1])
        if charset is None:
            return None
        first = chunks[0][:_BEGINNING]
        # A view may also return a bytearray.
        first = first.encode() if isinstance(first, str) else bytes(first)
        codec = _MARKS.get(first[:2], charset)
        begin = first.decode(codec, "replace")
        # Browsers that send the header always do, except for pages that they draw in place.
        is_one = opened or _DOCUMENT.match(begin)
        return cls(response, codec, begin, headers, names) if is_one else None

    def page(self) -> bytes:
        """Return the whole document; a single chunk, as in most cases, is not copied."""
        chunks = t.cast("t.Sequence[t.Any]", self.response.response)
        if len(chunks) == 1 and type(chunks[0]) is bytes:
            return chunks[0]
        return b"".join([each.encode() if isinstance(each, str) else each for each in chunks])

    def text(self, page: bytes, begin: str) -> str:
        """Return the page as text if it must be examined for the toolbar, else an empty text.

        :param begin: its beginning in lower case.
        """
        if "<base" not in begin:
            nonce, great, base = marks(self.codec)
            if nonce not in page and great not in page and base not in page:
                return ""
        return page.decode(self.codec, "replace")

    def carrying(self, page: bytes, tag: str) -> tuple[Response, Added]:
        """Return a copy of the response with the toolbar's tag in it, and what was changed.

        The app may keep the original response and return it again.
        """
        at = self._end(page)
        response = _copy(self.response)
        written = tag.encode(self.codec)
        # Memoryviews: a page may be long, and is copied once.
        view = memoryview(page)
        whole = b"".join((view[:at], written, view[at:]))
        headers = self.headers
        is_plain = type(response).set_data is set_data
        put = {"cache-control": NO_STORE}
        if is_plain and response.automatically_set_content_length:
            put["content-length"] = (LENGTH, str(len(whole)))
        own = self.response.headers
        response.headers = HeadersOfResponse() if type(own) is HeadersOfResponse else own.copy()
        kept, before = self._with(put)
        _list_of(response.headers)[:] = kept
        if is_plain:
            response.response = [whole]
            after = [pair for pair in put.values() if pair not in headers]
            is_all = not before and (LENGTH, str(len(page))) in headers
            return response, Added(written, at, before, after, (kept, headers) if is_all else None)
        response.set_data(whole)
        return response, Added.of(written, at, headers, [*response.headers])

    def _with(self, put: dict[str, tuple[str, str]]) -> tuple[Headers, dict[int, tuple[str, str]]]:
        """Return the headers with the toolbar, and those in whose place they are.

        :param put: headers to set, by name.
        """
        headers, names = self.headers, self.names
        length = put.get("content-length")
        if length and names.count("content-length") == 1 and REPLACED.isdisjoint(names):
            # As in most cases.
            kept = [*headers, NO_STORE]
            kept[names.index("content-length")] = length
            return kept, {}
        kept = []
        before: dict[int, tuple[str, str]] = {}
        left = dict(put)
        for place, (name, pair) in enumerate(zip(names, headers, strict=True)):
            if name not in put and name not in _STALE:
                kept.append(pair)
                continue
            new = left.pop(name, None)
            if new is not None:
                kept.append(new)
            if new != pair and name != "content-length":
                before[place] = pair
        kept += left.values()
        return kept, before

    def _end(self, page: bytes) -> int:
        width = 2 if self.codec.startswith("utf-16") else 1
        whole = len(page) - len(page) % width
        ending = page[max(0, whole - _ENDING) : whole].decode(self.codec, "replace")
        found = _END.search(ending)
        # From here on all is ASCII, so its length is known.
        return whole if found is None else whole - width * (len(ending) - found.start())


def _headers_of(response: Response) -> Headers:
    """Return the headers of a response, without the calls of Werkzeug's own class."""
    headers = response.headers
    return [*(_list_of(headers) if type(headers) is HeadersOfResponse else headers)]


def _copy(response: Response) -> Response:
    """Copy a response, whose headers are those of the original."""
    kind = type(response)
    if kind is not flask.Response:
        return copy(response)
    # In place of the protocol that `copy` asks for.
    made = kind.__new__(kind)
    vars(made).update(vars(response))
    return made


def is_streamed_page(response: Response) -> bool:
    """Return whether a response is an HTML page whose parts are made one by one."""
    return (
        bool(getattr(response, "is_streamed", False))
        and charset_of(response.headers.get("Content-Type", "")) is not None
    )


@lru_cache(16)
def marks(codec: str) -> tuple[bytes, bytes, bytes]:
    """Return what a page is searched for that may have to be examined."""
    return "nonce".encode(codec), "NONCE".encode(codec), "<base".encode(codec)


@lru_cache(256)
def charset_of(content_type: str) -> str | None:
    """Return the codec of an HTML page if it is ASCII-compatible or UTF-16, else None."""
    mimetype, options = parse_options_header(content_type)
    if mimetype.lower() != "text/html":
        return None
    charset = options.get("charset", "utf-8").lower()
    if charset in _WIDE:
        return _WIDE[charset]
    try:
        # Latin-1 decodes any bytes, and encodes ASCII unchanged.
        return "latin-1" if "<script>".encode(charset) == b"<script>" else None
    except (LookupError, UnicodeError):
        return None


__all__ = [
    "NO_STORE",
    "REPLACED",
    "Document",
    "charset_of",
    "is_streamed_page",
    "marks",
    "set_data",
]

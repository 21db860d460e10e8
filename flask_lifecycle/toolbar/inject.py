"""Decide whether a response can carry the toolbar, insert it, and let the page ask for requests.

It is only added to whole HTML documents that a browser opens as a page and whose policies let the
script run. The response stays unchanged except for one script tag, the length, and headers that
prevent caching. The page learns of the requests that its scripts send by a response header that
browsers expose to pages (``Server-Timing``), so that nothing in the page is patched.
"""

from __future__ import annotations

import codecs
import html
import re
import typing as t
from copy import copy
from functools import lru_cache
from operator import attrgetter
from urllib.parse import urlsplit

import flask
from markupsafe import escape
from werkzeug.datastructures import Headers as HeadersOfResponse
from werkzeug.http import parse_options_header
from werkzeug.wrappers import Response
from werkzeug.wsgi import ClosingIterator

from .._compat import HEADER_LIST
from ..address import cut_off, path_of
from .csp import POLICIES, policy_on
from .keys import Environ, is_fetched, request_key

#: The states of the toolbar on an HTML document; any other text is the reason for its absence.
CARRIED = "carried"
SHOWN = "shown"
FETCHED = "fetched by a script"

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
_SCRIPT = re.compile("<!--|<script(?=[\\s/>])", re.IGNORECASE)
_SCRIPT_END = re.compile("</script", re.IGNORECASE)
# The attributes of a tag, and how much of it is examined.
_REST = re.compile(r"""[^<>"']*(?:"[^"]*"[^<>"']*|'[^']*'[^<>"']*)*>""")
_REST_LENGTH = 2048
_SCRIPTS = 500
_NONCE_OF = re.compile(
    r"""(?<![^\s"'/])nonce\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE
)
# Scripts with data or templates are not run by browsers and need no nonce.
_DATA = re.compile(
    r"""(?<![^\s"'/])type\s*=\s*["']?\s*(?![^"'\s>]*script)[\w.+-]+/""", re.IGNORECASE
)
# A base URL on another host applies to all of the page's URLs that begin with a slash.
_BASE = re.compile(
    r"""<base\s[^<>]{0,256}?\bhref\s{0,9}=\s{0,9}["']?\s{0,9}((?:[a-z][a-z0-9+.-]{0,9}:)?[/\\]{2}[^"'\s>]{0,256})""",
    re.IGNORECASE,
)
# Nothing of it is escaped in an attribute.
_PLAIN = re.compile(r"[\w./-]*", re.ASCII).fullmatch
# Headers of scripts that fetch a part of a page.
_PARTS = ("HTTP_TURBO_FRAME", "HTTP_X_PJAX", "HTTP_X_UP_TARGET")

_HINDERING = frozenset(("content-encoding", "content-range", "content-disposition"))
# Headers that describe the page without the tag.
_STALE = frozenset(("etag", "last-modified"))
# All that a response's headers are searched for: most responses have none of them.
_TELLING = _HINDERING.union(POLICIES)
_PATIENCE = 3_000_000_000
_LENGTH = "Content-Length"
_NO_STORE = ("Cache-Control", "no-store")

Headers = list[tuple[str, str]]
_set_data = Response.set_data
_list_of = attrgetter(HEADER_LIST)


def is_opened(environ: Environ) -> bool:
    """Return whether a browser opens the response as a page of its own.

    The browser says so in ``Sec-Fetch-Dest``, except over plain http to other hosts than this
    machine's; there ``Upgrade-Insecure-Requests`` means that it opens a page or a frame, and
    scripts do not send it unless they set it. Observed in Chromium 156 and Firefox 153. A link that
    htmx follows instead of the browser counts as well.
    """
    dest = environ.get("HTTP_SEC_FETCH_DEST")
    if dest is not None:
        return bool(dest == "document")
    return "HTTP_UPGRADE_INSECURE_REQUESTS" in environ or "HTTP_HX_BOOSTED" in environ


def why_absent(state: str | None, waited: int) -> str | None:
    """Return why a page is without the toolbar, or None if it has it or is not a page.

    :param state: the state of the toolbar.
    :param waited: how long the page has had time to display it, in ns.
    """
    if state == CARRIED:
        late = "its script never asked: a policy in the page or a blocker may keep it from running"
        return late if waited > _PATIENCE else None
    return None if state in (None, SHOWN, FETCHED) else state


class Trace(t.Protocol):
    """A running request, and what the toolbar did to its response."""

    #: The state of the toolbar, if the response is a page.
    toolbar: str | None
    #: Whether an HTTP exception without a handler is itself the response.
    unhandled: bool

    @property
    def id(self) -> str:
        """Return its id."""
        ...

    @property
    def parent(self) -> str | None:
        """Return the id of the request inside which it was made."""
        ...

    @property
    def path(self) -> str:
        """Return the path of its URL."""
        ...

    @property
    def hidden(self) -> bool:
        """Return whether it is not shown."""
        ...

    @property
    def added(self) -> object:
        """Return what the toolbar added to its response."""
        ...

    @added.setter
    def added(self, added: Added, /) -> None: ...


class Toolbar:
    """Add the toolbar to one app's pages, and let them find the requests that they caused.

    :param prefix: the URL prefix of the panel.
    :param secret: that of the server's pages, from which the keys of requests are derived.
    :param host: the panel's own host name, if it has one.
    """

    def __init__(self, prefix: str, secret: str, host: str | None = None) -> None:
        self._prefix = prefix
        self._secret = secret
        self._host = host

    def on_response(self, response: Response, trace: Trace, environ: Environ) -> Response:
        """Return the response to send: the same one, or a copy that carries the toolbar."""
        # The response to a request inside another one does not go to a browser.
        if trace.parent is not None or trace.hidden:
            return response
        if trace.unhandled and is_opened(environ) and type(response.response) is ClosingIterator:
            # An HTTP exception responds as a WSGI app does, but its page is complete.
            response.make_sequence()
        opened = is_opened(environ)
        document = Document.of(response, opened=opened)
        if document is None:
            if opened and _is_streamed_page(response):
                trace.toolbar = "it is streamed"
            return response
        headers = document.headers
        if _TELLING.isdisjoint([name.lower() for name, _ in headers]):
            telling: Headers = []
        else:
            telling = headers
        obstacle = hindrance(response.status_code, telling, environ) if opened else FETCHED
        nonce = None
        page, begin, text = b"", "", ""
        if obstacle is None:
            page = document.page()
            begin = document.begin.lower()
            text = document.text(page, begin)
            obstacle = _foreign_base(text, environ) if text else None
        if obstacle is None:
            nonce = _shared_nonce(text) if text else None
            # Most pages have no policy.
            if telling or POLICIES[0] in begin:
                said = document.begin if POLICIES[0] in begin else ""
                obstacle, nonce = policy_on(telling, said, environ, nonce)
        if obstacle is not None:
            trace.toolbar = obstacle
            return response
        trace.toolbar = CARRIED
        outside = cut_off(environ, trace.path)
        script = outside + environ.get("SCRIPT_NAME", "")
        first, last = _attributes(script, self._prefix, self._host)
        if nonce is not None:
            last += f' nonce="{_escaped(nonce)}"'
        tag = f'<script type="module" async {first}{self._name(trace.id)}"{last}></script>'
        carrying, trace.added = document.carrying(page, tag, headers)
        return carrying

    def on_start(self, trace: Trace, environ: Environ) -> list[tuple[str, str]]:
        """Return the headers to add to a response that a script of the app fetched."""
        if not is_fetched(environ):
            return []
        return [("Server-Timing", f'lifecycle;desc="{self._name(trace.id)}"')]

    def _name(self, trace_id: str) -> str:
        return f"{trace_id}.{request_key(self._secret, trace_id)}"


class Added(t.NamedTuple):
    """The changes that the toolbar made to the response that carries it."""

    tag: bytes
    #: The tag's offset in the body.
    offset: int
    #: The app's own headers that were changed or removed, by index, except for the length.
    before: dict[int, tuple[str, str]]
    #: The headers in their place.
    after: list[tuple[str, str]]
    #: All headers with the toolbar, and the app's own, if nothing else is different; or None.
    both: tuple[Headers, Headers] | None = None

    @classmethod
    def of(cls, tag: bytes, offset: int, own: Headers, now: Headers) -> Added:
        """Compare the headers of a response with those of the copy that carries the tag."""
        gone = {pair for pair in {*own}.difference(now) if pair[0].lower() != "content-length"}
        before = {place: pair for place, pair in enumerate(own) if pair in gone} if gone else {}
        return cls(tag, offset, before, [*{*now}.difference(own)])

    def taken_out_of(self, headers: Headers) -> tuple[Headers, Headers, list[str]]:
        """Separate the headers without the toolbar from the toolbar's own.

        The names of the removed headers come third. A header that was changed again on the way to
        the server stays as it is.
        """
        if self.both is not None and headers == self.both[0]:
            # Unchanged, as in most cases.
            added = [pair for pair in self.after if pair[0] != _LENGTH]
            return self.both[1], added, []
        own: Headers = []
        added = []
        removed: list[str] = []
        changed: set[str] = set()
        after = self.after
        for pair in headers:
            if pair not in after:
                own.append(pair)
                continue
            name = pair[0].lower()
            changed.add(name)
            if name == "content-length":
                own.append((pair[0], str(int(pair[1]) - len(self.tag))))
            else:
                added.append(pair)
        if self.before:
            names = {pair[0].lower() for pair in own}
            for place, pair in self.before.items():
                name = pair[0].lower()
                if name not in names:
                    own.insert(place, pair)
                    if name not in changed:
                        removed.append(pair[0])
        return own, added, removed

    def taken_out_of_body(self, beginning: bytes) -> bytes:
        """Return the beginning of the body as it would be without the toolbar."""
        begin, end = self.offset, self.offset + len(self.tag)
        if not self.tag.startswith(beginning[begin:end]):
            return beginning
        return beginning[:begin] + beginning[end:]


class Document(t.NamedTuple):
    """A response that is a whole HTML document."""

    response: Response
    codec: str
    begin: str
    headers: Headers

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
        charset = _charset(_content_type(headers))
        if charset is None:
            return None
        first = chunks[0][:_BEGINNING]
        # A view may also return a bytearray.
        first = first.encode() if isinstance(first, str) else bytes(first)
        codec = _MARKS.get(first[:2], charset)
        begin = first.decode(codec, "replace")
        # Browsers that send the header always do, except for pages that they draw in place.
        return cls(response, codec, begin, headers) if opened or _DOCUMENT.match(begin) else None

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
            nonce, great, base = _marks(self.codec)
            if nonce not in page and great not in page and base not in page:
                return ""
        return page.decode(self.codec, "replace")

    def carrying(self, page: bytes, tag: str, headers: Headers) -> tuple[Response, Added]:
        """Return a copy of the response with the toolbar's tag in it, and what was changed.

        The app may keep the original response and return it again.

        :param headers: those of the response.
        """
        at = self._end(page)
        response = _copy(self.response)
        written = tag.encode(self.codec)
        # Memoryviews: a page may be long, and is copied once.
        view = memoryview(page)
        whole = b"".join((view[:at], written, view[at:]))
        is_plain = type(response).set_data is _set_data
        put = {"cache-control": _NO_STORE}
        if is_plain and response.automatically_set_content_length:
            put["content-length"] = (_LENGTH, str(len(whole)))
        own = self.response.headers
        response.headers = HeadersOfResponse() if type(own) is HeadersOfResponse else own.copy()
        kept, before = _with(headers, put)
        _list_of(response.headers)[:] = kept
        if is_plain:
            response.response = [whole]
            after = [pair for pair in put.values() if pair not in headers]
            is_all = not before and (_LENGTH, str(len(page))) in headers
            return response, Added(written, at, before, after, (kept, headers) if is_all else None)
        response.set_data(whole)
        return response, Added.of(written, at, headers, [*response.headers])

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


def _content_type(headers: Headers) -> str:
    for name, value in headers:
        if name == "Content-Type" or name.lower() == "content-type":
            return value
    return ""


def _copy(response: Response) -> Response:
    """Copy a response, whose headers are those of the original."""
    kind = type(response)
    if kind is not flask.Response:
        return copy(response)
    # In place of the protocol that `copy` asks for.
    made = kind.__new__(kind)
    vars(made).update(vars(response))
    return made


def _with(
    headers: Headers, put: dict[str, tuple[str, str]]
) -> tuple[Headers, dict[int, tuple[str, str]]]:
    """Return the headers of the page with the toolbar, and those in whose place they are.

    :param put: headers to set, by name.
    """
    kept: Headers = []
    before: dict[int, tuple[str, str]] = {}
    left = dict(put)
    for place, pair in enumerate(headers):
        name = pair[0].lower()
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


def hindrance(status: int, headers: Headers, environ: Environ) -> str | None:
    """Return why a document cannot carry the toolbar, apart from its policies, or None.

    :param headers: those of the response that may be an obstacle.
    """
    if (
        environ.get("HTTP_X_REQUESTED_WITH", "").lower() == "xmlhttprequest"
        or ("HTTP_HX_REQUEST" in environ and "HTTP_HX_BOOSTED" not in environ)
        or not environ.keys().isdisjoint(_PARTS)
    ):
        return FETCHED
    if environ.get("REQUEST_METHOD") not in ("GET", "POST"):
        return f"its method is {environ.get('REQUEST_METHOD')}"
    if status != 200 and status < 400:
        return f"its status is {status}"
    if "HTTP_RANGE" in environ:
        return "a part of it was asked for (Range)"
    for name, value in headers:
        name = name.lower()
        if name in _HINDERING:
            if name == "content-encoding":
                return f"it is sent with Content-Encoding: {value}"
            if name == "content-range":
                return "it is a part of a page (Content-Range)"
            if value.strip().lower().startswith("attachment"):
                return "it is sent as a download (Content-Disposition)"
    return None


def _shared_nonce(text: str) -> str | None:
    """Return the nonce that all scripts of a page share, for a policy that is added later."""
    found: set[str] = set()
    at, left = 0, _SCRIPTS
    while (begin := _SCRIPT.search(text, at)) is not None:
        left -= 1
        if begin[0] == "<!--":
            at = text.find("-->", begin.end())
        else:
            rest = _REST.match(text, begin.end(), begin.end() + _REST_LENGTH)
            if rest is None or not left:
                return None
            nonce = _NONCE_OF.search(rest[0])
            if nonce is not None or not _DATA.search(rest[0]):
                found.add(
                    "" if nonce is None else html.unescape(next(filter(None, nonce.groups()), ""))
                )
            end = _SCRIPT_END.search(text, rest.end())
            at = -1 if end is None else end.end()
        if at < 0 or len(found) > 1:
            break
    return found.pop() or None if len(found) == 1 else None


def _foreign_base(text: str, environ: Environ) -> str | None:
    base = _BASE.search(text)
    if base is None:
        return None
    try:
        host = urlsplit(html.unescape(base[1]).replace("\\", "/")).netloc.lower()
    except ValueError:
        host = ""
    own = host == environ.get("HTTP_HOST", "").lower()
    return None if own else f"its <base> leads to {base[1]}"


def _is_streamed_page(response: Response) -> bool:
    return (
        bool(getattr(response, "is_streamed", False))
        and _charset(response.headers.get("Content-Type", "")) is not None
    )


@lru_cache(16)
def _marks(codec: str) -> tuple[bytes, bytes, bytes]:
    return "nonce".encode(codec), "NONCE".encode(codec), "<base".encode(codec)


@lru_cache(256)
def _charset(content_type: str) -> str | None:
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


@lru_cache(64)
def _attributes(script: str, prefix: str, host: str | None) -> tuple[str, str]:
    """Return the attributes of the toolbar's tag before and after the name of the request.

    :param script: the path of the app, as in ``SCRIPT_NAME``.
    """
    source = _escaped(f"{path_of(script, prefix)}/toolbar.js")
    also = "" if host is None else f' data-host="{_escaped(host)}"'
    return f'src="{source}" data-lifecycle="', also


def _escaped(value: str) -> str:
    """Return the value of an attribute; character references keep it ASCII in any charset."""
    if _PLAIN(value):
        return value
    return str(escape(value)).encode("ascii", "xmlcharrefreplace").decode("ascii")


__all__ = [
    "CARRIED",
    "FETCHED",
    "SHOWN",
    "Document",
    "Toolbar",
    "hindrance",
    "is_opened",
    "why_absent",
]

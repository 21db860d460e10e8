"""Decide whether a response can carry the toolbar, insert it, and let the page ask for requests.

It is only added to whole HTML documents that a browser opens as a page and whose policies let the
script run. The response stays unchanged except for one script tag, the length, and headers that
prevent caching. The page learns of the requests that its scripts send by a response header that
browsers expose to pages (``Server-Timing``), so that nothing in the page is patched.
"""

from __future__ import annotations

import html
import re
import typing as t
from functools import lru_cache
from urllib.parse import urlsplit

import flask
from markupsafe import escape
from werkzeug.datastructures import Headers as HeadersOfResponse
from werkzeug.wrappers import Response
from werkzeug.wsgi import ClosingIterator

from .._compat import HEADER_LIST, STATUS_CODE
from ..address import cut_off, path_of
from ..core import shortcut
from .added import Added, Headers
from .csp import POLICIES, policy_on
from .document import (
    NO_STORE,
    REPLACED,
    Document,
    charset_of,
    is_streamed_page,
    marks,
    set_data,
)
from .keys import Environ, is_fetched, keyed, request_key

#: The states of the toolbar on an HTML document; any other text is the reason for its absence.
CARRIED = "carried"
SHOWN = "shown"
FETCHED = "fetched by a script"

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
# All that a response's headers are searched for: most responses have none of them.
_TELLING = _HINDERING.union(POLICIES)
_PATIENCE = 3_000_000_000
# What is around the attributes of the tag, and ends the name of the request.
_TAG = '<script type="module" async ', '"', "></script>"
# What the compiled core recognises ordinary pages by: all others are left to Python.
_ORDINARY = (
    *(flask.Response, set_data, HeadersOfResponse, HEADER_LIST, STATUS_CODE),
    *(charset_of, marks("latin-1"), _TELLING | REPLACED),
    ("HTTP_X_REQUESTED_WITH", "HTTP_HX_REQUEST", *_PARTS, "HTTP_RANGE"),
    *(NO_STORE, CARRIED, Added),
)


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
        #: For an app at the root of its host.
        self._around: tuple[str, str] = _attributes("", prefix, host)
        self._keyed = keyed(secret)

    @shortcut("on_response", _ORDINARY)
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
            if opened and is_streamed_page(response):
                trace.toolbar = "it is streamed"
            return response
        telling = [] if _TELLING.isdisjoint(document.names) else document.headers
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
        tag = self._tag(trace, environ, nonce)
        carrying, trace.added = document.carrying(page, tag)
        return carrying

    @shortcut("tag", (*_TAG, ("REQUEST_URI", "RAW_URI")))
    def _tag(self, trace: Trace, environ: Environ, nonce: str | None = None) -> str:
        """Return the tag of the toolbar's script."""
        script = cut_off(environ, trace.path) + environ.get("SCRIPT_NAME", "")
        first, last = _attributes(script, self._prefix, self._host)
        if nonce is not None:
            last += f' nonce="{_escaped(nonce)}"'
        return f"{_TAG[0]}{first}{self._name(trace.id)}{_TAG[1]}{last}{_TAG[2]}"

    def on_start(self, trace: Trace, environ: Environ) -> list[tuple[str, str]]:
        """Return the headers to add to a response that a script of the app fetched."""
        if not is_fetched(environ):
            return []
        return [("Server-Timing", f'lifecycle;desc="{self._name(trace.id)}"')]

    def _name(self, trace_id: str) -> str:
        return f"{trace_id}.{request_key(self._secret, trace_id)}"


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

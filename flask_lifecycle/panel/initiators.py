"""Initiators: which request made a browser send another one, a page or a redirect.

Computed when a viewer asks, from the headers recorded with each request: browsers send the kind
of resource they want in ``Sec-Fetch-Dest`` (W3C Fetch Metadata) and the page's URL in ``Referer``.
Where several pages may have sent a request, none is named: a user can notice a missing initiator,
but not every wrong one.

The same headers show what a person asked for, and what a page sent by itself, in the background.
"""

from __future__ import annotations

import typing as t
import weakref
from collections import deque
from itertools import takewhile
from urllib.parse import unquote, urljoin, urlsplit

from .. import locks
from ..trace.log import WIDTH, clock
from ..trace.writer import LiveTrace
from .background import Scripts, reports_input

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
#: A client follows a redirect within this many seconds: at once, but its machine and the
#: server's may be busy. A later request for the same URL is not part of the redirect.
_FOLLOWED = 10.0
_CLIENTS = 200
_REMEMBERED = 50
#: Scripts fetch these to display them as pages, as Turbo and boosted links of HTMX do.
_VISIT = "text/html"
_NO_PAGE = frozenset(("script", "style", "image", "font", "audio", "video", "track", "empty"))

Address = tuple[str, str]
#: The kind of resource that the browser wants, and the page that asks for it.
Want = tuple[str, Address | None]
_HOME: Address = ("/", "")


class _Page:
    """A document that a client has received and may still display."""

    __slots__ = ("_request", "address", "arrived", "left", "tells", "trace")

    def __init__(self, trace: LiveTrace, address: Address) -> None:
        self._request = weakref.ref(trace)
        self.trace = trace.id
        self.address = address
        #: When it was answered, or asked for as long as that is not known.
        self.arrived = trace.origin
        #: Whether its client seems to have navigated from it to another one.
        self.left = False
        #: Whether it is known to send its full URL as the Referer.
        self.tells = False

    def reports_input(self, at: float) -> bool:
        """Return whether it has the toolbar."""
        request = self._request()
        return request is not None and reports_input(request.toolbar, at - self.arrived)


class _Redirect(t.NamedTuple):
    trace: str
    to: Address
    methods: tuple[str, str]
    #: The same once the browser follows the redirect.
    want: Want
    at: float


class _Client:
    """What one browser has received: identified by its address and User-Agent."""

    def __init__(self) -> None:
        self.pages: deque[_Page] = deque(maxlen=_REMEMBERED)
        self.redirects: deque[_Redirect] = deque(maxlen=_REMEMBERED)
        # Requests that had no status yet at the last look, with what they asked for.
        self.open: deque[tuple[weakref.ref[LiveTrace], Address, Want]]
        self.open = deque(maxlen=_REMEMBERED)
        self.scripts = Scripts()

    def settle(self, host: str) -> None:
        """Remove the pages whose response was a redirect or no page; remember the redirects."""
        for each in [*self.open]:
            reference, address, want = each
            trace = reference()
            if trace is not None and trace.status is None and trace.ended is None:
                continue
            self.open.remove(each)
            if trace is None:  # evicted or cleared
                continue
            for page in self.pages:
                if page.trace == trace.id:
                    page.arrived = trace.ended or trace.origin
            if not _is_page(trace):
                for page in [page for page in self.pages if page.trace == trace.id]:
                    self.pages.remove(page)
            if trace.status in _REDIRECTS:
                led = _led_to(trace, address, want, host)
                if led is not None:
                    self.redirects.append(led)


class Causes:
    """Set the initiator of each trace of a store, once."""

    def __init__(self) -> None:
        self._last = 0
        self._clients: dict[tuple[str, str], _Client] = {}
        self._lock = locks.lock()

    def look(self, kept: list[LiveTrace]) -> None:
        """Set the ``cause`` of each new trace.

        :param kept: the store's traces, newest first.
        """
        with self._lock:
            new = [*takewhile(lambda trace: trace.seq > self._last, kept)]
            for trace in reversed(new):
                self._last = trace.seq
                # A request sent inside another request does not come from a browser.
                if trace.parent is None:
                    trace.cause = self._cause(trace)

    def shown(self, trace: LiveTrace, is_shown: bool) -> None:
        """Record a page's own report that it was hidden or is visible again."""
        with self._lock:
            for _, page in self._pages_of(trace):
                page.left = not is_shown

    def acted(self, trace: LiveTrace, age: float) -> list[str]:
        """Record a page's own report that a person clicked or typed in it.

        :param age: how long ago, in seconds.
        :returns: the ids of the requests that are no longer a page's own.
        """
        revised = []
        with self._lock:
            for client, _ in self._pages_of(trace):
                for request in client.scripts.acted(clock() - age):
                    sent = request()
                    if sent is not None:
                        sent.background = None
                        revised.append(sent.id)
        return revised

    def _pages_of(self, trace: LiveTrace) -> t.Iterator[tuple[_Client, _Page]]:
        for client in self._clients.values():
            for page in client.pages:
                if page.trace == trace.id:
                    yield client, page

    def _cause(self, trace: LiveTrace) -> str | None:
        given = trace.notes.received()
        host = given.get("HTTP_HOST", "")
        client = self._client((given.get("REMOTE_ADDR", ""), given.get("HTTP_USER_AGENT", "")))
        own = (trace.path, trace.query)
        wants = given.get("HTTP_SEC_FETCH_DEST", "")
        referer = _address(trace, given.get("HTTP_REFERER", ""), host)

        client.settle(host)
        cause = _redirect(client, trace, own, (wants, referer))
        if cause is None and referer is not None and wants not in ("", "document"):
            cause = _page(client, referer)
        trace.background = _background(client, trace, given, (referer, cause))
        if wants == "document":
            client.scripts.forget(own)
            _went_on(client, own, referer, reloads=given.get("HTTP_CACHE_CONTROL") == "max-age=0")
        if wants and wants not in _NO_PAGE:
            client.pages.append(_Page(trace, own))
        client.open.append((weakref.ref(trace), own, (wants, referer)))
        return cause

    def _client(self, who: tuple[str, str]) -> _Client:
        client = self._clients.pop(who, None) or _Client()
        self._clients[who] = client
        if len(self._clients) > _CLIENTS:
            self._clients.pop(next(iter(self._clients)))
        return client


def _background(
    client: _Client,
    trace: LiveTrace,
    given: t.Mapping[str, str],
    sender: tuple[Address | None, str | None],
) -> str | None:
    """Return whether a page sent a request by itself, as far as its headers show.

    :param sender: the address of the page, and its trace, as far as they are known.
    :returns: ``"always"`` for the page's resources, for beacons, and for what its scripts ask for
        again without a person's input, such as polls; ``"loading"`` for what they ask for first,
        while the page loads.
    """
    wants = given.get("HTTP_SEC_FETCH_DEST", "")
    if wants in ("", "document"):
        return None
    if wants != "empty" or given.get("HTTP_SEC_FETCH_MODE") == "no-cors":
        return "always"
    if trace.method not in ("GET", "HEAD") or given.get("HTTP_ACCEPT", "").startswith(_VISIT):
        return None
    address, page_id = sender
    names = tuple(sorted(part.partition("=")[0] for part in trace.query.split("&")))
    pages = [page for page in client.pages if page.address == address]
    return client.scripts.sent(
        address,
        (trace.method, trace.path, names),
        trace.origin,
        request=weakref.ref(trace),
        arrived=next((page.arrived for page in pages if page.trace == page_id), None),
        reports=any(page.reports_input(trace.origin) for page in pages),
    )


def _redirect(client: _Client, trace: LiveTrace, own: Address, want: Want) -> str | None:
    found = [
        each
        for each in client.redirects
        if each.to == own
        and each.want == want
        and trace.method in each.methods
        and 0 <= trace.origin - each.at <= _FOLLOWED
    ]
    if len(found) != 1:
        return None
    client.redirects.remove(found[0])
    return found[0].trace


def _is_page(trace: LiveTrace) -> bool:
    """Return whether the app's page may send more requests; Werkzeug's debugger sends none."""
    if trace.status is None or trace.status in _REDIRECTS:
        return False
    _, kind = trace.notes.header("content-type") or (0, "html")
    return "html" in kind or "xml" in kind


def _led_to(trace: LiveTrace, own: Address, want: Want, host: str) -> _Redirect | None:
    """Return the target of a redirect, if it is on this host."""
    place, given = trace.notes.header("location") or (0, "")
    to = _address(trace, given, host, f"//{host}{own[0]}")
    if to is None:
        return None
    same = trace.status in (307, 308)
    methods = (trace.method, trace.method if same or trace.method == "HEAD" else "GET")
    return _Redirect(trace.id, to, methods, want, trace.columns().begins[place // WIDTH])


def _page(client: _Client, address: Address) -> str | None:
    """Find the only page with this address that the client may still display."""
    pages = [page for page in client.pages if page.address == address]
    shown = [page for page in pages if not page.left] or pages
    if len(shown) != 1:
        return None
    if address == _HOME and any(
        not (page.tells or page.left) and page.address != _HOME for page in client.pages
    ):
        # A page whose Referrer-Policy hides its path sends the same Referer.
        return None
    # A page that the user had left is displayed again, by the Back button.
    shown[0].left = False
    shown[0].tells = True
    return shown[0].trace


def _went_on(client: _Client, own: Address, referer: Address | None, *, reloads: bool) -> None:
    """Mark the page that a new one seems to have replaced."""
    address = own if reloads else referer
    shown = [page for page in client.pages if page.address == address and not page.left]
    if len(shown) == 1:
        if reloads:
            client.pages.remove(shown[0])
        else:
            shown[0].left = True


def _address(trace: LiveTrace, url: str, host: str, base: str = "") -> Address | None:
    """Return path and query of a URL on this host, masked as those of traces are."""
    try:
        parts = urlsplit(urljoin(base, url))
    except ValueError:
        return None
    if not url or parts.netloc != host:
        return None
    query = trace.redactor.query(parts.query) if parts.query else ""
    return trace.redactor.text(unquote(parts.path) or "/"), query


__all__ = ["Causes"]

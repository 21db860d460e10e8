"""The gate: who may reach the panel. Everything of it passes here, the websocket included.

No header is trusted to widen access. Names are compared exactly; there is no regular expression.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import os
import string
import typing as t
from collections.abc import Callable
from urllib.parse import parse_qs, quote, urlsplit

from werkzeug.http import parse_cookie
from werkzeug.wrappers import Response

from ... import locks
from ...toolbar.keys import request_key
from ..live.websocket import let_go, room
from .peer import is_service, peer_address
from .tickets import Tickets

Environ = dict[str, t.Any]
WSGI = Callable[[Environ, t.Any], t.Any]

_COOKIE = "lifecycle_token"
# What proxies, tunnels and content networks add; each name stands for those that begin with it.
_FORWARDED = (
    "HTTP_FORWARDED",
    "HTTP_VIA",
    "HTTP_X_FORWARDED",
    "HTTP_X_REAL_IP",
    "HTTP_X_ORIGINAL_",
    "HTTP_X_CLIENT_IP",
    "HTTP_X_CLUSTER_CLIENT_IP",
    "HTTP_X_ENVOY_",
    "HTTP_X_AMZN_",
    "HTTP_CDN_LOOP",
    "HTTP_CF_",
    "HTTP_FLY_",
    "HTTP_NGROK_",
    "HTTP_TAILSCALE_",
    "HTTP_TRUE_CLIENT_IP",
)
# What a script of the app's would have the browser run for it, in the panel's place.
_WORKERS = ("serviceworker", "sharedworker", "worker")
_NAME = frozenset(string.ascii_letters + string.digits + "-_")
# What stands in the line of a request of the toolbar's that was answered.
_ASKED_AGAIN = ('"GET ', "/toolbar/requests?", '" 200 ')

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Gate:
    """Decide who is let in.

    :param allowed_hosts: host names beside the local ones.
    :param token: what anybody who is not on this machine must show.
    :param always_token: ask for the token from this machine too.
    :param own_host: the one name that the panel answers by, and the app does not.
    :param alone: whether no other process of the server has this token.
    """

    def __init__(
        self,
        allowed_hosts: t.Iterable[str],
        token: str,
        *,
        always_token: bool,
        own_host: str | None = None,
        alone: bool = False,
    ) -> None:
        names = (*allowed_hosts, own_host or "localhost")
        self._hosts = {name.lower().strip("[]") for name in names}
        self._own_host = own_host
        self._token = token
        self._always_token = always_token
        self._alone = alone
        self._tickets = Tickets(token)
        self._lock = locks.lock()
        self._open = 0
        self._pid = os.getpid()
        # From the token, so that an open page goes on after the reloader.
        self.key: str = hmac.new(token.encode(), b"key of the panel's page", "sha256").hexdigest()

    def request_key(self, trace_id: str) -> str:
        """Return what the toolbar of one page asks with for the request that made it."""
        return request_key(self._token, trace_id)

    def guard(self, app: WSGI) -> WSGI:
        """Return the app behind this gate, with the headers that all its answers bear."""

        def guarded(environ: Environ, start_response: t.Any) -> t.Any:
            entrance = environ["lifecycle.entrance"]
            # Middleware may have put another one around it.
            served = start_response if entrance is None else entrance.start_response
            started = _with_headers(start_response, environ, let_go(served))
            refusal = self.refuse(environ)
            if refusal is not None:
                return refusal(environ, started)
            if not environ.get("PATH_INFO"):
                return _redirected(environ, 308)(environ, started)
            environ["lifecycle.room"] = most = room(environ, served)
            if not _is_live(environ):
                return app(environ, started)
            if not self._enter(most):
                return _no("There is no room for one more websocket.", 503)(environ, started)
            try:
                return app(environ, start_response)
            finally:
                self._leave()

        return guarded

    def refuse(self, given: Environ) -> Response | None:
        """Return the answer to whoever is not let in, or None.

        What middleware made of the call is believed where it takes rights away, and for the
        names by which the browser knows the panel; for all else, what the server was sent.
        """
        environ = _as_sent(given)
        for each in (environ, given):
            refusal = self._refuse_host(each)
            if refusal is not None:
                return refusal

        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and not self._is_origin(origin, environ, given):
            return _no("The panel answers its own origin only.")

        if environ.get("HTTP_SEC_FETCH_DEST") in _WORKERS:
            return _no("Nothing of the panel's is a worker.")

        foreign = environ.get("HTTP_SEC_FETCH_SITE", "none") not in ("none", "same-origin")
        opened = environ.get("HTTP_SEC_FETCH_MODE") == "navigate" and _is_page(environ)
        if foreign and not opened:
            return _no("The panel answers its own origin only.")

        # Where nobody knows what the server was sent, it is not taken for local.
        known = given["lifecycle.entrance"] is not None
        local = known and _is_local(environ) and _is_local(given)
        return self._refuse_stranger(environ, local=local) or self._refuse_script(environ, origin)

    def _refuse_host(self, environ: Environ) -> Response | None:
        host = environ.get("HTTP_HOST", "")
        if not self._host_allowed(host):
            return _no(
                "This Host may not open the panel; LIFECYCLE_ALLOWED_HOSTS takes more names."
            )
        holds_data = not (_is_toolbar(environ) or _is_asset(environ))
        if self._own_host not in (None, host_name(host)) and holds_data:
            return _no(f"The panel is at {self._own_host}, as LIFECYCLE_HOST says.")
        return None

    def _is_origin(self, origin: str, environ: Environ, given: Environ) -> bool:
        """Tell whether an origin is the panel's, as the server or the app behind proxies has it."""
        if _same_origin(origin, environ) or _same_origin(origin, given):
            return True
        seen = given["lifecycle.look"]()
        return seen is not None and self._refuse_host(seen) is None and _same_origin(origin, seen)

    def ticket(self) -> str:
        """Make a pass for one websocket, good for some seconds, in any process of this token."""
        return self._tickets.make()

    def _enter(self, most: int) -> bool:
        with self._lock:
            if self._pid != os.getpid():
                # What was open when this process was forked is its parent's.
                self._pid, self._open = os.getpid(), 0
            if self._open >= most:
                return False
            self._open += 1
            return True

    def _leave(self) -> None:
        with self._lock:
            self._open -= 1

    def _refuse_stranger(self, environ: Environ, *, local: bool) -> Response | None:
        # Of whoever needs none, too: it is not to stay in the address.
        if environ.get("REQUEST_METHOD") != "GET" or not self._is_token(
            _argument(environ, "token")
        ):
            known = local and not self._always_token
            if self._is_token(_cookie(environ)) or (known and not self._is_of_service(environ)):
                return None
            return _no(
                "Open the panel by its URL with ?token=: LIFECYCLE_TOKEN, or where none is set, "
                "the one that the server has printed."
            )

        # Out of the address, the history and the Referer at once.
        response = _redirected(environ, 303)
        response.set_cookie(
            _COOKIE,
            self._token,
            path=environ["lifecycle.address"](),
            httponly=True,
            samesite="Strict",
            secure=environ.get("wsgi.url_scheme") == "https",
        )
        return response

    def _refuse_script(self, environ: Environ, origin: str | None) -> Response | None:
        if _is_live(environ):
            if origin is None:
                return _no("The websocket takes a browser's Origin.")
            if not _is_handshake(environ):
                return _no("The live stream takes websockets only.", 400)
            taken = self._tickets.take(_argument(environ, "ticket") or "")
            return None if taken else _no("No ticket.")

        from_browser = origin is not None or "HTTP_SEC_FETCH_DEST" in environ
        if not from_browser:
            return None
        if _is_page(environ):
            if environ.get("HTTP_SEC_FETCH_DEST", "document") != "document":
                return _no("The panel is a page to be opened, not to be read by a script.")
            return None
        if _is_asset(environ) or _is_toolbar(environ):
            return None

        if self._has_key(environ):
            return None
        if self._alone and environ.get("wsgi.multiprocess"):
            return _no(
                "Each process of this server made a token of its own: they have nothing in common "
                "to make one from, as PYTHONHASHSEED is set. Set LIFECYCLE_TOKEN."
            )
        return _no("Reload the panel: its key is of an older run.")

    def _is_of_service(self, environ: Environ) -> bool:
        # To tell it takes Linux some milliseconds. Who has the key was let in before, and what
        # is asked again and again is guarded by keys of its own, or holds no data.
        told = self._has_key(environ) or _is_toolbar(environ) or _is_asset(environ)
        return not told and is_service(environ)

    def _has_key(self, environ: Environ) -> bool:
        return _equal(environ.get("HTTP_X_LIFECYCLE_KEY", ""), self.key)

    def _is_token(self, given: str | None) -> bool:
        return given is not None and _equal(given, self._token)

    def _host_allowed(self, host: str) -> bool:
        name = host_name(host)
        return name is not None and (is_local_name(name) or name in self._hosts)


class AccessLog(logging.Filter):
    """Take out of what servers log the token, and what the toolbar asks again and again."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._forms = {token, quote(token, safe=""), quote(token)}

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, str):
            record.msg = self._without(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(self._without(each) for each in record.args)
        elif isinstance(record.args, dict):
            record.args = {name: self._without(each) for name, each in record.args.items()}
        try:
            said = record.getMessage()
        except Exception:
            return True
        return not all(each in said for each in _ASKED_AGAIN)

    def _without(self, value: t.Any) -> t.Any:
        if type(value) is str:
            for form in self._forms:
                value = value.replace(form, "••••••")
        return value


def host_name(host: str) -> str | None:
    """Take the name out of a Host header, without the port; None where it is malformed.

    :returns: a name of letters, digits, hyphens and underscores, in small letters; or what
        stands in the brackets of an IPv6 address.
    """
    if host.startswith("["):
        name, bracket, rest = host[1:].partition("]")
        port = rest[1:] if rest.startswith(":") else None
        if not bracket or (rest and port is None):
            return None
    else:
        name, colon, port_text = host.partition(":")
        port = port_text if colon else None
        if not all(label and set(label) <= _NAME for label in name.split(".")):
            return None

    if port is not None and not (port.isascii() and port.isdigit()):
        return None
    return name.lower()


def is_local_name(name: str) -> bool:
    """Tell whether a host name can only mean this machine (RFC 6761, section 6.3)."""
    return name == "localhost" or name.endswith(".localhost") or _is_loopback(name)


def _is_loopback(address: str) -> bool:
    try:
        given = ipaddress.ip_address(address)
    except ValueError:
        return False
    # As a server that listens on both sees who comes by IPv4.
    mapped = getattr(given, "ipv4_mapped", None)
    return bool((mapped or given).is_loopback) and "%" not in address


def _as_sent(environ: Environ) -> Environ:
    """Return the environ with all that the server was sent as it was, and where it is the panel's.

    What middleware added stays: it may tell of a proxy.
    """
    entrance = environ.get("lifecycle.entrance")
    if entrance is None:
        return environ
    own = ("PATH_INFO", "SCRIPT_NAME")
    return {**environ, **entrance.environ, **{name: environ[name] for name in own}}


def _is_local(environ: Environ) -> bool:
    name = host_name(environ.get("HTTP_HOST", ""))
    return (
        # An address, no name: Waitress says "localhost" of whoever comes by a Unix socket.
        _is_loopback(environ.get("REMOTE_ADDR", ""))
        # Middleware around the app may have rewritten it.
        and _is_loopback(peer_address(environ, environ.get("REMOTE_ADDR", "")))
        and name is not None
        and is_local_name(name)
        # As nginx before 1.29.7 asks what it stands before, by that one's own name and with no
        # header that says so, unless it is told otherwise.
        and environ.get("SERVER_PROTOCOL") != "HTTP/1.0"
        and not any(key.startswith(_FORWARDED) for key in environ)
        # Waitress takes such headers away, unless it is told whom to trust.
        and "waitress.client_disconnected" not in environ
    )


def _same_origin(origin: str, environ: Environ) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return (
        parts.scheme == environ.get("wsgi.url_scheme")
        and parts.netloc.lower() == environ.get("HTTP_HOST", "").lower()
        and not (parts.path or parts.query or parts.fragment)
    )


def _is_live(environ: Environ) -> bool:
    path = environ.get("PATH_INFO", "")
    return bool(path == "/socket.io" or path.startswith("/socket.io/"))


def _is_handshake(environ: Environ) -> bool:
    connection = environ.get("HTTP_CONNECTION", "").casefold().split(",")
    return (
        environ.get("REQUEST_METHOD") == "GET"
        and environ.get("HTTP_UPGRADE", "").casefold() == "websocket"
        and "upgrade" in (each.strip() for each in connection)
    )


def _is_page(environ: Environ) -> bool:
    return environ.get("PATH_INFO", "") in ("", "/")


def _is_asset(environ: Environ) -> bool:
    return bool(environ.get("PATH_INFO", "").startswith("/assets/"))


def _is_toolbar(environ: Environ) -> bool:
    # The app's own pages ask for these; what they tell takes a key for each request.
    path = environ.get("PATH_INFO", "")
    return bool(path == "/toolbar.js" or path.startswith("/toolbar/"))


def _cookie(environ: Environ) -> str | None:
    # Not by http.cookies: before Python 3.12.6, a long one takes it many seconds
    # (CVE-2024-7592), and this is read of whoever asks.
    try:
        return parse_cookie(environ).get(_COOKIE)
    except UnicodeError:
        return None


def _argument(environ: Environ, name: str) -> str | None:
    try:
        values = parse_qs(environ.get("QUERY_STRING", ""), max_num_fields=20).get(name)
    except ValueError:
        return None
    return values[0] if values else None


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def _redirected(environ: Environ, status: int) -> Response:
    """Send to the panel's page, without a host: whatever a proxy calls it."""
    response = Response(status=status, headers={"Location": f"{environ['lifecycle.address']()}/"})
    response.autocorrect_location_header = False
    return response


def _no(reason: str, status: int = 403) -> Response:
    return Response(f"{reason}\n", status, content_type="text/plain; charset=utf-8")


def _with_headers(start_response: t.Any, environ: Environ, more: dict[str, str]) -> t.Any:
    ours = {**_HEADERS, **more}
    if environ.get("PATH_INFO") == "/toolbar/requests":
        # A page that has fetched what is not to be stored is not kept for the way back, if it is
        # not to be stored itself; the toolbar fetches past the browser's cache.
        ours["Cache-Control"] = "private, no-cache"

    def started(status: str, headers: list[tuple[str, str]], *args: t.Any) -> t.Any:
        return start_response(status, [*headers, *ours.items()], *args)

    return started


__all__ = ["AccessLog", "Gate", "host_name", "is_local_name"]

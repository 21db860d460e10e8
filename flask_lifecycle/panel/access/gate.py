"""The gate: decides which requests reach the panel, the websocket's included.

No header is trusted to widen access.
"""

from __future__ import annotations

import hmac
import os
import typing as t
from collections.abc import Callable

from werkzeug.wrappers import Response

from ... import locks
from ...toolbar.keys import request_key
from ..live.capacity import capacity
from ..live.websocket import let_go
from .answers import redirected, refusal, with_headers
from .hosts import Environ, host_name, is_local, is_local_name
from .peer import is_service
from .requests import (
    COOKIE,
    argument,
    as_sent,
    bearer,
    cookie,
    is_asset,
    is_handshake,
    is_holding,
    is_live,
    is_page,
    is_toolbar,
    same_origin,
)
from .tickets import Tickets

WSGI = Callable[[Environ, t.Any], t.Any]

# What a script of the app could make the browser run in the panel's scope.
_WORKERS = ("serviceworker", "sharedworker", "worker")


class Gate:
    """Decide which requests to the panel are allowed.

    :param allowed_hosts: host names to accept beside the local ones.
    :param token: required of all clients that are not on this machine.
    :param pages: the secret of its own pages, for their keys and tickets; by default the token.
    :param always_token: require the token from this machine too.
    :param own_host: the only host name of the panel, which the app does not use.
    :param alone: whether no other process of the server has this token.
    """

    def __init__(
        self,
        allowed_hosts: t.Iterable[str],
        token: str,
        *,
        pages: str | None = None,
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
        self._pages = pages or token
        self._tickets = Tickets(self._pages)
        self._lock = locks.lock()
        self._open = 0
        self._pid = os.getpid()
        # Derived, so that an open page keeps working after a restart of the app.
        page = b"key of the panel's page"
        self.key: str = hmac.digest(self._pages.encode(), page, "sha256").hex()

    def request_key(self, trace_id: str) -> str:
        """Return the key with which a page's toolbar asks for the request that made the page."""
        return request_key(self._pages, trace_id)

    def guard(self, app: WSGI) -> WSGI:
        """Return the app behind this gate, with the security headers on all of its responses."""

        def guarded(environ: Environ, start_response: t.Any) -> t.Any:
            entrance = environ["lifecycle.entrance"]
            # Middleware may have wrapped start_response.
            served = start_response if entrance is None else entrance.start_response
            started = with_headers(start_response, environ, let_go(served))
            refused = self.refuse(environ)
            if refused is not None:
                return refused(environ, started)
            if not environ.get("PATH_INFO"):
                return redirected(environ, 308)(environ, started)
            environ["lifecycle.room"] = most = capacity(environ, served)
            environ["lifecycle.served"] = served
            if not is_live(environ):
                return app(environ, started)
            if not self._enter(most):
                return refusal(f"Too many panels are open (limit: {most}).", 503)(environ, started)
            try:
                return app(environ, start_response)
            finally:
                self._leave()

        return guarded

    def refuse(self, given: Environ) -> Response | None:
        """Return an error response, or None if the request is allowed.

        Headers that middleware changed can restrict access and set the panel's external URL; for
        all else, the request counts as the server received it.
        """
        environ = as_sent(given)
        for each in (environ, given):
            refused = self._refuse_host(each)
            if refused is not None:
                return refused

        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and not self._is_origin(origin, environ, given):
            return refusal("The panel only accepts its own origin.")

        if environ.get("HTTP_SEC_FETCH_DEST") in _WORKERS:
            return refusal("The panel has no workers.")

        foreign = environ.get("HTTP_SEC_FETCH_SITE", "none") not in ("none", "same-origin")
        opened = environ.get("HTTP_SEC_FETCH_MODE") == "navigate" and is_page(environ)
        if foreign and not opened:
            return refusal("The panel only accepts its own origin.")

        # Without the server's own environ, the request does not count as local.
        known = given["lifecycle.entrance"] is not None
        local = known and is_local(environ) and is_local(given)
        # Of what middleware makes of it, too: a GET may become a POST.
        holding = is_holding(environ) or is_holding(given)
        return self._refuse_remote(environ, local=local) or self._refuse_script(
            environ, origin, holding=holding
        )

    def _refuse_host(self, environ: Environ) -> Response | None:
        host = environ.get("HTTP_HOST", "")
        if not self._host_allowed(host):
            return refusal(
                "This Host may not open the panel; LIFECYCLE_ALLOWED_HOSTS adds host names."
            )
        holds_data = not (is_toolbar(environ) or is_asset(environ))
        if self._own_host not in (None, host_name(host)) and holds_data:
            return refusal(f"The panel is at {self._own_host}, as set by LIFECYCLE_HOST.")
        return None

    def _is_origin(self, origin: str, environ: Environ, given: Environ) -> bool:
        """Return whether an origin is the panel's, as the server or a proxied app sees it."""
        if same_origin(origin, environ) or same_origin(origin, given):
            return True
        seen = given["lifecycle.look"]()
        return seen is not None and self._refuse_host(seen) is None and same_origin(origin, seen)

    def ticket(self) -> str:
        """Issue a ticket for one websocket, valid for some seconds in any process of the server."""
        return self._tickets.make()

    @property
    def opened(self) -> int:
        """Return how many websockets are open."""
        return self._open if self._pid == os.getpid() else 0

    def _enter(self, most: int) -> bool:
        with self._lock:
            if self._pid != os.getpid():
                # Websockets that were open before the fork belong to the parent process.
                self._pid, self._open = os.getpid(), 0
            if self._open >= most:
                return False
            self._open += 1
            return True

    def _leave(self) -> None:
        with self._lock:
            self._open -= 1

    def _refuse_remote(self, environ: Environ, *, local: bool) -> Response | None:
        # Also for clients that need no token: it must not stay in the URL.
        if environ.get("REQUEST_METHOD") != "GET" or not self._is_token(argument(environ, "token")):
            known = local and not self._always_token
            given = self._is_token(cookie(environ)) or self.has_token(environ)
            if given or (known and not self._is_of_service(environ)):
                return None
            return refusal(
                "Open the panel with ?token= in its URL: LIFECYCLE_TOKEN or, if that is not set, "
                "the token that the server printed."
            )

        # Remove it from the URL, the history and the Referer at once.
        response = redirected(environ, 303)
        response.set_cookie(
            COOKIE,
            self._token,
            path=environ["lifecycle.address"](),
            httponly=True,
            samesite="Strict",
            secure=environ.get("wsgi.url_scheme") == "https",
        )
        return response

    def _refuse_script(
        self, environ: Environ, origin: str | None, *, holding: bool
    ) -> Response | None:
        if is_live(environ):
            if origin is None:
                return refusal("The websocket requires a browser's Origin.")
            if not is_handshake(environ):
                return refusal("The live stream only accepts websockets.", 400)
            taken = self._tickets.take(argument(environ, "ticket") or "")
            return None if taken else refusal("No ticket.")

        from_browser = origin is not None or "HTTP_SEC_FETCH_DEST" in environ
        if not from_browser:
            return self._refuse_holding(environ) if holding else None
        if is_page(environ):
            if environ.get("HTTP_SEC_FETCH_DEST", "document") != "document":
                return refusal("The panel must be opened as a page, not fetched by a script.")
            return None
        if is_asset(environ) or is_toolbar(environ):
            return None

        if self._has_key(environ):
            return None
        if self._alone and environ.get("wsgi.multiprocess"):
            return refusal(
                "Each process of this server has its own token, as there is no private folder in "
                "which they could share one; flask lifecycle doctor says why. Set LIFECYCLE_TOKEN."
            )
        return refusal("Reload the panel: its key is from an older run.")

    def _refuse_holding(self, environ: Environ) -> Response | None:
        if self._has_key(environ) or self.has_token(environ):
            return None
        return refusal(
            "Requests are held by the panel's page, or by a tool that sends the header "
            "Authorization: Bearer with LIFECYCLE_TOKEN, from this machine too."
        )

    def has_token(self, environ: Environ) -> bool:
        """Return whether a tool sends the token, in the Authorization header."""
        return self._is_token(bearer(environ))

    def _is_of_service(self, environ: Environ) -> bool:
        # The lookup takes Linux some milliseconds. A client with the key has passed it before, and
        # the frequent requests need keys of their own or return no data.
        exempt = self._has_key(environ) or is_toolbar(environ) or is_asset(environ)
        return not exempt and is_service(environ)

    def _has_key(self, environ: Environ) -> bool:
        return _equal(environ.get("HTTP_X_LIFECYCLE_KEY", ""), self.key)

    def _is_token(self, given: str | None) -> bool:
        return given is not None and _equal(given, self._token)

    def _host_allowed(self, host: str) -> bool:
        name = host_name(host)
        return name is not None and (is_local_name(name) or name in self._hosts)


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


__all__ = ["Gate"]

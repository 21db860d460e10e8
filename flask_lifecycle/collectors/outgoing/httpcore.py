"""Record the requests of ``httpcore``, which HTTPX sends its requests by."""

from __future__ import annotations

import typing as t
from functools import wraps

from ...faults import fail_open
from ...recorder.current import current
from ..patch import Patch
from .call import Call, Request, begin, url_of


def patch(module: t.Any, patch: Patch) -> None:
    """Replace the methods of both connection pools; those of proxies inherit them."""
    owners = patch.owners

    def handle_request(original: t.Any) -> t.Any:
        @wraps(original)
        def recorded(self: t.Any, request: t.Any) -> t.Any:
            __tracebackhide__ = True
            call = _begin(request) if current.get().owner in owners else None
            if call is None:
                return original(self, request)
            try:
                response = original(self, request)
            except BaseException as error:
                _fail(call, error)
                raise
            _answer(call, response)
            return response

        return recorded

    def handle_async_request(original: t.Any) -> t.Any:
        @wraps(original)
        async def recorded(self: t.Any, request: t.Any) -> t.Any:
            __tracebackhide__ = True
            call = _begin(request) if current.get().owner in owners else None
            if call is None:
                return await original(self, request)
            try:
                response = await original(self, request)
            except BaseException as error:
                _fail(call, error)
                raise
            _answer(call, response)
            return response

        return recorded

    patch.replace(module.ConnectionPool, "handle_request", handle_request)
    patch.replace(module.AsyncConnectionPool, "handle_async_request", handle_async_request)


def patch_httpx(module: t.Any, patch: Patch) -> None:
    """Patch ``httpcore`` when HTTPX imports it: that is when it makes its first transport."""

    def __init__(original: t.Any) -> t.Any:
        @wraps(original)
        def recorded(self: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
            __tracebackhide__ = True
            original(self, *args, **kwargs)
            patch.apply()

        return recorded

    for kind in (module.HTTPTransport, module.AsyncHTTPTransport):
        patch.replace(kind, "__init__", __init__)


@fail_open
def _begin(request: t.Any) -> Call | None:
    url = request.url
    scheme, host = url.scheme.decode(), url.host.decode()
    port = url.port or (443 if scheme == "https" else 80)
    whole = url_of(scheme, host, port, url.target.decode())
    call = begin(Request("httpcore", request.method.decode(), whole, host, port))
    if call is None:
        return None
    for name, value in request.headers:
        call.header(name, value)
    header = call.header_to_add()
    if header is not None:
        request.headers = [*request.headers, tuple(part.encode() for part in header)]
    return call


@fail_open
def _answer(call: Call, response: t.Any) -> None:
    sought = call.name.lower().encode()
    named = (value for name, value in reversed(response.headers) if name.lower() == sought)
    call.answered(response.status, next(named, None))


@fail_open
def _fail(call: Call, error: BaseException) -> None:
    call.failed(error)


__all__ = ["patch", "patch_httpx"]

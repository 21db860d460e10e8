"""Record the requests of aiohttp's client."""

from __future__ import annotations

import typing as t
from functools import wraps
from weakref import WeakKeyDictionary

from ...faults import fail_open
from ...recorder.current import current
from ..patch import Patch
from .call import Call, Request, begin, url_of

# By the requests that are sent, and by the responses whose headers have not been read.
_calls: WeakKeyDictionary[t.Any, Call] = WeakKeyDictionary()


def patch(module: t.Any, patch: Patch) -> None:
    """Replace what each request passes: it gets a connection, is sent, and its response begins."""
    owners = patch.owners

    def connect(original: t.Any) -> t.Any:
        @wraps(original)
        async def recorded(self: t.Any, req: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            if current.get().owner not in owners:
                return await original(self, req, *args, **kwargs)
            _begin(req)
            return await _failing(req, original(self, req, *args, **kwargs))

        return recorded

    def followed_by(note: t.Callable[[t.Any, t.Any], None]) -> t.Callable[[t.Any], t.Any]:
        def follow(original: t.Any) -> t.Any:
            @wraps(original)
            async def recorded(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
                __tracebackhide__ = True
                if current.get().owner not in owners:
                    return await original(self, *args, **kwargs)
                response = await _failing(self, original(self, *args, **kwargs))
                note(self, response)
                return response

            return recorded

        return follow

    patch.replace(module.BaseConnector, "connect", connect)
    patch.replace(module.ClientRequest, "send", followed_by(_hand_over))
    patch.replace(module.ClientResponse, "start", followed_by(_answer))


async def _failing(of: t.Any, awaitable: t.Awaitable[t.Any]) -> t.Any:
    """Await a part of a request, and record that it fails."""
    __tracebackhide__ = True
    try:
        return await awaitable
    except BaseException as error:
        _fail(of, error)
        raise


@fail_open
def _begin(request: t.Any) -> None:
    _calls.pop(request, None)
    url = request.url
    host, port = url.raw_host or "", url.port or 0
    whole = url_of(url.scheme, host, port, url.raw_path_qs)
    call = begin(Request("aiohttp", request.method, whole, host, port))
    if call is None:
        return
    _calls[request] = call
    for name, value in request.headers.items():
        call.header(name, value)
    header = call.header_to_add()
    if header is not None:
        name, value = header
        request.headers[name] = value


@fail_open
def _hand_over(request: t.Any, response: t.Any) -> None:
    call = _calls.pop(request, None)
    if call is not None:
        _calls[response] = call


@fail_open
def _answer(response: t.Any, _itself: t.Any) -> None:
    call = _calls.pop(response, None)
    if call is not None:
        # A proxy adds its own to those of the server behind it.
        named = response.headers.getall(call.name, ()) if call.name else ()
        call.answered(response.status, next(iter(reversed(named)), None))


@fail_open
def _fail(of: t.Any, error: BaseException) -> None:
    call = _calls.pop(of, None)
    if call is not None:
        call.failed(error)


__all__ = ["patch"]

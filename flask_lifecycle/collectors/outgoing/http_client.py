"""Record the requests of ``http.client``, which ``urllib``, Requests and urllib3 send theirs by."""

from __future__ import annotations

import typing as t
from functools import wraps
from weakref import WeakKeyDictionary

from ..._compat import tunnel_host, tunnel_port
from ...faults import fail_open
from ...recorder.current import current
from ..patch import Patch
from .call import Call, Request, begin, url_of

# The requests whose responses have not been read.
_calls: WeakKeyDictionary[t.Any, Call] = WeakKeyDictionary()


def patch(module: t.Any, patch: Patch) -> None:
    """Replace the methods of a connection; those of subclasses call them."""
    owners, kind = patch.owners, module.HTTPConnection

    def putrequest(original: t.Any) -> t.Any:
        @wraps(original)
        def recorded(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            if current.get().owner not in owners:
                return original(self, *args, **kwargs)
            _begin(self, *args, **kwargs)
            return _failing(self, original, *args, **kwargs)

        return recorded

    def putheader(original: t.Any) -> t.Any:
        @wraps(original)
        def recorded(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            if current.get().owner in owners:
                _see(self, *args)
            return original(self, *args, **kwargs)

        return recorded

    def endheaders(original: t.Any) -> t.Any:
        @wraps(original)
        def recorded(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            if current.get().owner not in owners:
                return original(self, *args, **kwargs)
            _add(self)
            return _failing(self, original, *args, **kwargs)

        return recorded

    def getresponse(original: t.Any) -> t.Any:
        @wraps(original)
        def recorded(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            if current.get().owner not in owners:
                return original(self, *args, **kwargs)
            response = _failing(self, original, *args, **kwargs)
            _answer(self, response)
            return response

        return recorded

    for make in (putrequest, putheader, endheaders, getresponse):
        patch.replace(kind, make.__name__, make)


def _failing(connection: t.Any, method: t.Any, /, *args: t.Any, **kwargs: t.Any) -> t.Any:
    """Call a method, and record that it fails."""
    __tracebackhide__ = True
    try:
        return method(connection, *args, **kwargs)
    except BaseException as error:
        _fail(connection, error)
        raise


@fail_open
def _begin(connection: t.Any, method: str, url: str, *_args: t.Any, **_kwargs: t.Any) -> None:
    _calls.pop(connection, None)
    scheme = "https" if connection.default_port == 443 else "http"
    host, port = connection.host, connection.port
    if tunnel_host(connection):
        host, port = tunnel_host(connection), tunnel_port(connection) or port
    # A proxy without a tunnel gets the whole URL.
    whole = url_of(scheme, host, port, url) if url.startswith("/") else url
    call = begin(Request("http.client", method, whole, host, port))
    if call is not None:
        _calls[connection] = call


@fail_open
def _see(connection: t.Any, name: t.Any, value: t.Any = "", *_values: t.Any) -> None:
    call = _calls.get(connection)
    if call is not None:
        call.header(name, value)


@fail_open
def _add(connection: t.Any) -> None:
    call = _calls.get(connection)
    header = None if call is None else call.header_to_add()
    if header is not None:
        connection.putheader(*header)


@fail_open
def _answer(connection: t.Any, response: t.Any) -> None:
    call = _calls.pop(connection, None)
    if call is not None:
        # A proxy adds its own to those of the server behind it.
        named = response.headers.get_all(call.name) or ()
        call.answered(response.status, next(iter(reversed(named)), None))


@fail_open
def _fail(connection: t.Any, error: BaseException) -> None:
    call = _calls.pop(connection, None)
    if call is not None:
        call.failed(error)


__all__ = ["patch"]

"""Apps that are not at the root: what middleware and proxies make of their paths."""

from __future__ import annotations

import typing as t

from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

Around = t.Callable[[t.Any], t.Any]


def nowhere(_environ: t.Any, start_response: t.Any) -> list[bytes]:
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"the other app"]


def dispatched(app: t.Any) -> t.Any:
    return DispatcherMiddleware(nowhere, {"/sub": app})


def nested(app: t.Any) -> t.Any:
    return DispatcherMiddleware(nowhere, {"/sub": dispatched(app)})


def named(app: t.Any) -> t.Any:
    """A class as many apps have: its proxy says by a header what it took off."""

    def call(environ: dict[str, t.Any], start_response: t.Any) -> t.Any:
        environ["SCRIPT_NAME"] = environ.pop("HTTP_X_SCRIPT_NAME", "")
        return app(environ, start_response)

    return call


def keeping(app: t.Any) -> t.Any:
    """The same, where the proxy takes nothing off."""

    def call(environ: dict[str, t.Any], start_response: t.Any) -> t.Any:
        script = environ["SCRIPT_NAME"] = environ.pop("HTTP_X_SCRIPT_NAME", "")
        environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(script)
        return app(environ, start_response)

    return call


def proxied(app: t.Any) -> t.Any:
    return ProxyFix(app, x_for=1, x_proto=1, x_host=1, x_prefix=1)


def cutting(app: t.Any) -> t.Any:
    """Takes prefixes off, and says so nowhere."""

    def call(environ: dict[str, t.Any], start_response: t.Any) -> t.Any:
        path = environ["PATH_INFO"]
        for prefix in ("/sub", "/other"):
            if path.startswith(f"{prefix}/"):
                environ["PATH_INFO"] = path.removeprefix(prefix)
                return app(environ, start_response)
        return nowhere(environ, start_response)

    return call


def slashed(app: t.Any) -> t.Any:
    """Takes the slash, too."""

    def call(environ: dict[str, t.Any], start_response: t.Any) -> t.Any:
        environ["SCRIPT_NAME"] = "/sub/"
        environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix("/sub/")
        return app(environ, start_response)

    return call


#: By name: what stands around, the root that the browser sees, what its proxy says of it, and
#: whether that proxy takes the root off.
WAYS: dict[str, tuple[Around, str, dict[str, str], bool]] = {
    "dispatched": (dispatched, "/sub", {}, False),
    "nested": (nested, "/sub/sub", {}, False),
    "named": (named, "/sub", {"X-Script-Name": "/sub"}, True),
    "keeping": (keeping, "/sub", {"X-Script-Name": "/sub"}, False),
    "proxied": (proxied, "/sub", {"X-Forwarded-Prefix": "/sub"}, True),
    "cutting": (cutting, "/sub", {}, False),
    "slashed": (slashed, "/sub", {}, False),
}

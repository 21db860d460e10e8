"""Middleware: a step for each layer that stands around ``wsgi_app``."""

from __future__ import annotations

import typing as t

import flask

from .recorder import begin, current, end, fail, fail_open, site_of
from .sites import Site, number
from .steps import BEGIN

_UNKNOWN = Site("middleware", "middleware")


class Middleware:
    """The middleware of one app.

    :param call: calls the app's ``wsgi_app``, whatever stands around it.
    """

    def __init__(self, call: t.Callable[..., t.Any]) -> None:
        self._call = call
        self._known: tuple[t.Any, list[int]] = (None, [])

    def run(self, app: t.Any, environ: dict[str, t.Any], start_response: t.Any) -> t.Any:
        """Call ``app.wsgi_app``, with a step for each middleware that stands around it.

        Only the outermost one's own begin and end can be seen; the others are marked
        ``untimed``.
        """
        __tracebackhide__ = True
        trace = current.get()
        if trace.owner is None:
            return self._call(app, environ, start_response)

        steps: list[int] = []
        for site in self._sites(app) or ():
            step = begin(trace, site)
            if steps:
                trace.log[step + BEGIN] = trace.log[steps[0] + BEGIN]
                trace.notes[step] = {"untimed": True}
            steps.append(step)
        try:
            result = self._call(app, environ, start_response)
        except BaseException as error:
            for step in reversed(steps):
                fail(trace, step, error)
            raise
        for step in reversed(steps):
            end(trace, step)
        return result

    @fail_open
    def _sites(self, app: t.Any) -> list[int]:
        outermost = app.__dict__["wsgi_app"]
        known, sites = self._known
        if known is not outermost:
            sites = [number(_site(layer) or _UNKNOWN) for layer in middleware_of(app)]
            self._known = (outermost, sites)
        return sites


@fail_open
def _site(layer: t.Any) -> Site:
    return site_of("middleware", layer)


def middleware_of(app: t.Any) -> list[t.Any]:
    """List what stands around ``wsgi_app``, outermost first, as far as it can be told.

    A middleware that keeps what it wraps in an attribute of its own can be looked through
    (Werkzeug's keep it in ``app``, others in ``wsgi_app`` or ``application``).
    """
    chain: list[t.Any] = []
    layer = app.__dict__.get("wsgi_app")

    while layer is not None and len(chain) < 32:
        if isinstance(getattr(layer, "__self__", None), flask.Flask):
            break
        chain.append(layer)
        held = getattr(layer, "__dict__", {})
        layer = held.get("app") or held.get("wsgi_app") or held.get("application")

    return chain


__all__ = ["Middleware", "middleware_of"]

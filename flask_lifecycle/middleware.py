"""Middleware: a step for each layer that stands around ``wsgi_app``."""

from __future__ import annotations

import typing as t
from sys import _getframe
from types import CodeType, FrameType

import flask.app

from .layers import UNKNOWN, Layers, find_layers, helpers_of
from .memo import Memo
from .recorder import begin, current, end, fail, fail_open
from .sites import SITES, Site, number
from .steps import BEGIN, SITE
from .writers import LiveTrace

_UNKNOWN = number(UNKNOWN)
_UNTIMED = {"untimed": True}
_OURS = f"{__name__.partition('.')[0]}."


class _Known:
    """What was found out about the layers around an app, for a given outermost one."""

    def __init__(self, layers: Layers) -> None:
        #: Kept, so that their ids stay their own; the layers are not, they lead to the app.
        self.codes = [each.code for each in layers.all]
        self.sites = [number(each.site()) for each in layers.all]
        self.by_code = {
            id(each.code): site
            for each, site in zip(layers.all, self.sites, strict=True)
            if each.code is not None
        }
        self.helpers = helpers_of(layers.all)
        codes = [each.code for each in layers.chain]
        self.chain = codes if layers.whole and None not in codes else None


class Middleware:
    """The middleware of one app.

    :param call: calls the app's ``wsgi_app``, whatever stands around it.
    """

    def __init__(self, call: t.Callable[..., t.Any]) -> None:
        self._call = call
        self._memo: Memo[_Known] = Memo()
        self._known = _Known(Layers([], [], whole=True))

    def run(self, app: t.Any, environ: dict[str, t.Any], start_response: t.Any) -> t.Any:
        """Call ``app.wsgi_app``, with a step for the outermost middleware around it."""
        __tracebackhide__ = True
        trace = current.get()
        site = None if trace.owner is None else self._outermost(app)
        if site is None:
            return self._call(app, environ, start_response)

        outer = begin(trace, site)
        try:
            result = self._call(app, environ, start_response)
        except BaseException as error:
            while trace.current > outer:
                fail(trace, trace.current, error)
            fail(trace, outer, error)
            raise
        while trace.current > outer:
            end(trace, trace.current)
        end(trace, outer)
        return result

    @fail_open
    def reached(self, trace: LiveTrace) -> None:
        """Begin the steps of the middlewares inside the outermost one: they have called Flask.

        Only the outermost one's own begin and end can be seen; the others are marked
        ``untimed``.
        """
        outer = trace.current
        if SITES[trace.log[outer + SITE]].stage != "middleware" or outer in trace.notes:
            return
        for site in self._inner(_getframe(2)):
            step = begin(trace, site, _UNTIMED)
            trace.log[step + BEGIN] = trace.log[outer + BEGIN]

    @fail_open
    def _outermost(self, app: t.Any) -> int | None:
        outermost = vars(app)["wsgi_app"]
        known = self._memo.get(id(outermost))
        if known is None:
            known = _Known(find_layers(app))
            self._memo.keep(outermost, known)
        self._known = known
        return known.sites[0] if known.sites else None

    def _inner(self, frame: FrameType | None) -> list[int]:
        """Return the sites of the layers that are being called, outermost first, but for it."""
        codes = _being_called(frame)
        by_code = self._known.by_code
        chain = self._known.chain
        if chain is not None and _follow(chain, codes):
            return [by_code[id(code)] for code in chain[1:]]
        return self._among(codes)

    def _among(self, codes: list[CodeType]) -> list[int]:
        known = self._known
        outermost = known.codes[0]
        source = SITES[known.sites[0]].source
        found: list[int] = []
        file = "" if source is None else source.file
        begun = outermost is None
        for code in codes:
            site = known.by_code.get(id(code))
            if not begun:
                begun = code is outermost
            elif site is not None:
                found.append(site)
                file = code.co_filename
            elif code.co_filename != file and id(code) not in known.helpers:
                found += [_UNKNOWN] if found[-1:] != [_UNKNOWN] else []
        return found


_RUN = Middleware.run.__code__


def _being_called(frame: FrameType | None) -> list[CodeType]:
    """List what runs between the outermost middleware and Flask, outermost first."""
    codes: list[CodeType] = []
    while frame is not None and frame.f_code is not _RUN:
        code = frame.f_code
        is_ours = frame.f_globals.get("__name__", "").startswith(_OURS)
        if not is_ours and code.co_filename != flask.app.__file__:
            codes.append(code)
        frame = frame.f_back
    return codes[::-1]


def _follow(chain: list[t.Any], codes: list[CodeType]) -> bool:
    """Tell whether each of these was called within the one before."""
    left = iter(codes)
    return all(any(each is code for code in left) for each in chain)


def middleware_of(app: t.Any) -> list[Site]:
    """List what stands around ``wsgi_app``, outermost first, with ``UNKNOWN`` for what may."""
    layers = find_layers(app)
    return [each.site() for each in layers.chain] + ([] if layers.whole else [UNKNOWN])


__all__ = ["Middleware", "middleware_of"]

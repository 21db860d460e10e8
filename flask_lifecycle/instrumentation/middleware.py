"""Record a step for each middleware around ``wsgi_app``."""

from __future__ import annotations

import inspect
import typing as t
from itertools import takewhile
from sys import _getframe
from traceback import walk_tb
from types import CodeType, FrameType, TracebackType

import flask
import flask.app

from ..faults import fail_open
from ..recorder import holding
from ..recorder.current import current
from ..recorder.memo import Memo
from ..recorder.steps import begin, end, fail
from ..recorder.user_code import is_ours
from ..trace.log import BEGIN, TRACEPOINT
from ..trace.notes import Facts
from ..trace.tracepoint import TRACEPOINTS, Tracepoint, number
from ..trace.writer import LiveTrace, no_context
from .hooks import Application, Body, Environ, StartResponse
from .layers import UNKNOWN, Layers, find_layers, helpers_of

_UNKNOWN = number(UNKNOWN)
_UNTIMED = Facts(untimed=True)


class _Known:
    """What is known about the layers around an app, for a given outermost one."""

    def __init__(self, layers: Layers) -> None:
        #: Kept alive, so that their ids stay unique; the layers are not, as they refer to the app.
        self.codes = [each.code for each in layers.all]
        self.tracepoints = [number(each.tracepoint(layers.own)) for each in layers.all]
        self.by_code = {
            id(each.code): tracepoint
            for each, tracepoint in zip(layers.all, self.tracepoints, strict=True)
            if each.code is not None
        }
        self.helpers = helpers_of(layers.all)
        codes = [each.code for each in layers.chain]
        self.chain = codes if layers.whole and None not in codes else None


class Middleware:
    """The middleware of one app.

    :param call: calls the app's ``wsgi_app``, including all middleware.
    """

    def __init__(self, call: Application) -> None:
        self._call = call
        self._memo: Memo[_Known] = Memo()
        self._known = _Known(Layers([], [], whole=True))

    def run(self, app: flask.Flask, environ: Environ, start_response: StartResponse) -> Body:
        """Call ``app.wsgi_app``, with a step for the outermost middleware around it."""
        __tracebackhide__ = True
        trace = current.get()
        tracepoint = None if trace.owner is None else self._outermost(app)
        if tracepoint is None:
            return self._call(app, environ, start_response)

        outer = begin(trace, tracepoint)
        try:
            if holding.armed:
                holding.before(trace, outer)
            result = self._call(app, environ, start_response)
        except BaseException as error:
            if trace.context is no_context:
                self.raised(trace, error.__traceback__)
            while trace.current > outer:
                fail(trace, trace.current, error)
            fail(trace, outer, error)
            if holding.armed:
                holding.after(trace, outer)
            raise
        while trace.current > outer:
            end(trace, trace.current)
        end(trace, outer)
        if holding.armed:
            holding.after(trace, outer)
        return result

    @fail_open
    def reached(self, trace: LiveTrace) -> None:
        """Begin the steps of the middlewares inside the outermost one: they have called Flask.

        Only the begin and end of the outermost one can be measured; the others are marked
        ``untimed``.
        """
        if _is_outermost(trace):
            self._begin(trace, self._inner(_codes(self._frames(_getframe(1)))))

    @fail_open
    def answered(self, trace: LiveTrace) -> None:
        """Begin the steps of the middlewares that were called, if one of them responds itself."""
        if _is_outermost(trace):
            self._begin(trace, self._called(_codes(self._frames(_getframe(1)))))

    @fail_open
    def raised(self, trace: LiveTrace, traceback: TracebackType | None) -> None:
        """Begin the steps of the middlewares that were called, if one of them raised."""
        if _is_outermost(trace):
            frames = [frame for frame, _line in walk_tb(traceback)]
            self._begin(trace, self._called(_codes(frames[1:])))

    @fail_open
    def _outermost(self, app: flask.Flask) -> int | None:
        outermost = vars(app)["wsgi_app"]
        known = self._memo.get(id(outermost))
        if known is None:
            known = _Known(find_layers(app))
            self._memo.keep(outermost, known)
        self._known = known
        return known.tracepoints[0] if known.tracepoints else None

    def _begin(self, trace: LiveTrace, tracepoints: list[int]) -> None:
        outer = trace.current
        for tracepoint in tracepoints:
            step = begin(trace, tracepoint, _UNTIMED)
            trace.log[step + BEGIN] = trace.log[outer + BEGIN]

    def _frames(self, frame: FrameType | None) -> list[FrameType]:
        """Return the frames inside this app's middleware, outermost first."""
        frames: list[FrameType] = []
        while frame is not None and not (
            frame.f_code is _RUN and frame.f_locals.get("self") is self
        ):
            frames.append(frame)
            frame = frame.f_back
        return frames[::-1]

    def _inner(self, codes: list[CodeType]) -> list[int]:
        """Return the tracepoints of the inner layers that have called Flask, outermost first."""
        chain = self._known.chain
        if chain is not None and _follow(chain, codes) == len(chain):
            return [self._known.by_code[id(code)] for code in chain[1:]]
        return self._among(codes)

    def _called(self, codes: list[CodeType]) -> list[int]:
        """Return the tracepoints of the layers that were called, where Flask may not have been."""
        chain = self._known.chain
        if chain is not None:
            return [self._known.by_code[id(code)] for code in chain[1 : _follow(chain, codes)]]
        found = self._among(codes)
        # Helper functions of a middleware are not middleware.
        return found[:-1] if found[-1:] == [_UNKNOWN] else found

    def _among(self, codes: list[CodeType]) -> list[int]:
        known = self._known
        outermost = known.codes[0]
        source = TRACEPOINTS[known.tracepoints[0]].source
        found: list[int] = []
        file = "" if source is None else source.file
        begun = outermost is None
        for code in codes:
            tracepoint = known.by_code.get(id(code))
            if not begun:
                begun = code is outermost
            elif tracepoint is not None:
                found.append(tracepoint)
                file = code.co_filename
            elif code.co_filename != file and id(code) not in known.helpers:
                found += [_UNKNOWN] if found[-1:] != [_UNKNOWN] else []
        return found


_RUN = Middleware.run.__code__
# Excludes another app's middleware, and what Flask calls.
_INSIDE = (_RUN, inspect.unwrap(flask.Flask.wsgi_app).__code__)


def _is_outermost(trace: LiveTrace) -> bool:
    """Return whether the current step is a middleware and no inner one has a step yet."""
    step = trace.current
    if step < 0 or step in trace.notes.details:
        return False
    return TRACEPOINTS[trace.log[step + TRACEPOINT]].stage == "middleware"


def _codes(frames: list[FrameType]) -> list[CodeType]:
    """Return the code of the frames around Flask, or around what is mounted in its place."""
    around = takewhile(lambda frame: frame.f_code not in _INSIDE, frames)
    return [
        frame.f_code
        for frame in around
        if frame.f_code.co_filename != flask.app.__file__ and not is_ours(frame.f_code.co_filename)
    ]


def _follow(chain: list[t.Any], codes: list[CodeType]) -> int:
    """Count the called layers of a chain, each within the one before."""
    left = iter(codes)
    following = (any(each is code for code in left) for each in chain)
    return sum(1 for _ in takewhile(bool, following))


def middleware_of(app: flask.Flask) -> list[Tracepoint]:
    """Return the tracepoints around ``wsgi_app``, outermost first; ``UNKNOWN`` if uncertain."""
    layers = find_layers(app)
    return [each.tracepoint(layers.own) for each in layers.chain] + (
        [] if layers.whole else [UNKNOWN]
    )


__all__ = ["Middleware", "middleware_of"]

"""Record the push, URL match and pop of contexts."""

from __future__ import annotations

import typing as t
from types import FunctionType

import flask
import flask.app
import flask.ctx

from .._compat import CACHED_DATA, REQUEST, SEPARATE_CONTEXTS
from ..core import shortcut
from ..faults import fail_open
from ..recorder.current import current
from ..recorder.probe import Call, Probe
from ..recorder.subclass import override, subclass_of
from ..trace.owner import Owner
from ..trace.tracepoint import Tracepoint, number
from ..trace.writer import LiveTrace, Writer
from .sessions import Sessions, kinds

_REQUEST_CONTEXT = number(Tracepoint("request_context", "request_context"))
_NO_RULE = number(Tracepoint("url_match", "no rule"))
# Flask's own classes of contexts.
_OWN = {"AppContext", "RequestContext"} & vars(flask.ctx).keys()


class Contexts:
    """The contexts of one app.

    :param owner: the app's identity.
    :param recording: makes a recorded function for the requests of this app.
    :param sessions: called with the session interface before Flask opens a session with it.
    :param matched: called with the writer, the step and the context when the URL is matched.
    :param parsed: called with the trace and a request's context before that is popped.
    """

    def __init__(
        self,
        owner: Owner,
        recording: Call,
        sessions: Sessions,
        *,
        matched: t.Callable[[Writer, int, t.Any], None],
        parsed: t.Callable[[LiveTrace, object], None],
    ) -> None:
        self._owner = owner
        self._recording = recording
        self._sessions = sessions
        self._matched = matched
        self._parsed = parsed
        self._classes: dict[type, type] = {}

    def app_context(self, base: t.Any) -> t.Any:
        """Return the app's ``app_context``, whose contexts record within a request."""
        owner = self._owner
        classes = self._classes
        adopt = self._adopt

        @shortcut("app_context", (base, owner, classes, adopt, self._maker(base.app_context)))
        def app_context(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            context = base.app_context(self, *args, **kwargs)
            if current.get().owner is owner:
                kind = classes.get(type(context))
                if kind is None:
                    adopt(context)
                elif kind is not type(context):
                    context.__class__ = kind
            return context

        return app_context

    def request_context(self, base: t.Any, reached: t.Callable[[LiveTrace], None]) -> t.Any:
        """Return the app's ``request_context``, whose contexts record.

        :param reached: called with the trace if there is middleware around the request.
        """
        classes = self._classes
        watch = self._sessions.watch

        @shortcut("before_context", kinds.ids)
        def before(writer: LiveTrace, instance: flask.Flask) -> None:
            if writer.current > 0:
                reached(writer)
            if id(type(instance.session_interface)) not in kinds.ids:
                watch(instance.session_interface)

        @shortcut("after_context", classes)
        def after(result: t.Any) -> None:
            kind = classes.get(type(result))
            if kind is None:
                self._adopt(result)
            elif kind is not type(result):
                result.__class__ = kind

        return self._recording(
            self._maker(base.request_context) or base.request_context,
            _REQUEST_CONTEXT,
            Probe(before, after=after),
            name="request_context",
        )

    @fail_open
    def _maker(self, method: t.Any) -> t.Any:
        """Return Flask's own method such that its contexts record from the beginning, or None.

        Assigning the class of a context makes a dict of its attributes, which slows down access to
        them from then on. Once the method has another body, or Flask another class of contexts,
        the method is called as it is.
        """
        if not isinstance(method, FunctionType):
            return None
        code = method.__code__
        if code.co_filename != flask.app.__file__:
            return None
        for name in _OWN.intersection(code.co_names):
            namespace = method.__globals__
            kind = namespace.get(name)
            if kind is vars(flask.ctx)[name]:
                made = self._add(kind, self._classes.get(kind) or self._class(kind))
                own = FunctionType(code, {**namespace, name: made}, method.__name__)
                known = (self._owner, method, code, namespace, name, kind, own)
                return shortcut("make_context", known)(method)
        return None

    @fail_open
    def _adopt(self, context: t.Any) -> None:
        """Make a context record, with a subclass of its own class."""
        kind = type(context)
        made = self._class(kind)
        context.__class__ = made
        self._add(kind, made)

    def _add(self, kind: type, made: type) -> type:
        self._classes[kind] = self._classes[made] = made
        return made

    def _class(self, base: t.Any) -> type:
        is_request = hasattr(base, "match_request")
        kind = "request_context" if is_request and SEPARATE_CONTEXTS else "app_context"
        made = subclass_of(base)
        pop = Probe(
            # As late as the request certainly still exists.
            before=self._look_at_parsed if is_request else None,
            leave=_forget if kind == "app_context" else None,
        )
        for name, probe in (("push", Probe()), ("pop", pop)):
            tracepoint = number(Tracepoint(f"{kind}_{name}", base.__name__))
            method = getattr(base, name)
            override(
                made, name, self._recording(method, tracepoint, probe, kept=_is_own, name=name)
            )
        if is_request:
            probe = Probe(leave=self._matched)
            matching = self._recording(base.match_request, _NO_RULE, probe, name="match_request")
            override(made, "match_request", matching)
        return t.cast("type", made)

    @shortcut("look_at_parsed", (REQUEST, "form", CACHED_DATA))
    def _look_at_parsed(self, writer: Writer, instance: t.Any) -> None:
        self._parsed(writer.trace, instance)


def _is_own(writer: Writer, instance: t.Any, tracepoint: int) -> bool:
    return writer.is_own(instance, tracepoint)


@shortcut("forget", None)
def _forget(writer: Writer, instance: t.Any) -> None:
    writer.seen.pop(instance, None)


__all__ = ["Contexts"]

"""Contexts: each records its push, its match and its pop."""

from __future__ import annotations

import typing as t

from .._compat import SEPARATE_CONTEXTS
from ..faults import fail_open
from ..recorder.current import current
from ..recorder.subclass import override, subclass_of
from ..trace.tracepoint import Site, number
from .sessions import Sessions, kinds

_REQUEST_CONTEXT = number(Site("request_context", "request_context"))
_NO_RULE = number(Site("url_match", "no rule"))


class Contexts:
    """The contexts of one app.

    :param owner: stands for the app.
    :param recording: records a function in the requests of this app.
    :param sessions: is shown the session interface before Flask opens a session by it.
    :param matched: is given the context, the writer and the step when the URL is matched.
    :param parsed: is given the trace and a request's context before that is popped.
    """

    def __init__(
        self,
        owner: int,
        recording: t.Callable[..., t.Any],
        sessions: Sessions,
        *,
        matched: t.Callable[..., None],
        parsed: t.Callable[..., None],
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

        def app_context(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            context = base.app_context(self, *args, **kwargs)
            if current.get().owner is owner:
                kind = classes.get(type(context))
                if kind is None:
                    adopt(context)
                else:
                    context.__class__ = kind
            return context

        return app_context

    def request_context(self, base: t.Any, reached: t.Callable[..., None]) -> t.Any:
        """Return the app's ``request_context``, whose contexts record.

        :param reached: is given the trace where something stands around the request.
        """
        return self._recording(
            base.request_context,
            _REQUEST_CONTEXT,
            name="request_context",
            before=(
                "if _writer.current > 0: reached(_writer)\n"
                "    if type(self.session_interface) not in kinds: watch(self.session_interface)"
            ),
            reached=reached,
            kinds=kinds,
            watch=self._sessions.watch,
            after=(
                "kind = classes.get(type(_result))\n"
                "    if kind is None: adopt(_result)\n"
                "    else: _result.__class__ = kind"
            ),
            classes=self._classes,
            adopt=self._adopt,
        )

    @fail_open
    def _adopt(self, context: t.Any) -> None:
        """Make a context record, by a subclass of its own class."""
        kind = type(context)
        if kind not in self._classes.values():
            recorded = self._class(kind)
            context.__class__ = recorded
            self._classes[kind] = recorded

    def _class(self, base: t.Any) -> type:
        is_request = hasattr(base, "match_request")
        kind = "request_context" if is_request and SEPARATE_CONTEXTS else "app_context"
        made = subclass_of(base)
        # As late as the request is surely there.
        look = {"before": "parsed(_writer.trace, self)", "parsed": self._parsed}
        pop = look if is_request else {}
        if kind == "app_context":
            pop = {**pop, "leave": "_writer.seen.pop(self, None)"}
        for name, more in (("push", {}), ("pop", pop)):
            site = number(Site(f"{kind}_{name}", base.__name__))
            more = {**more, "spine": "_writer.is_own(self, _site)"}
            override(made, name, self._recording(getattr(base, name), site, name=name, **more))
        if is_request:
            matching = self._recording(
                base.match_request,
                _NO_RULE,
                name="match_request",
                after="matched(self, _writer, _step)",
                matched=self._matched,
            )
            override(made, "match_request", matching)
        return t.cast("type", made)


__all__ = ["Contexts"]

"""Record which rule the URL matched, and the arguments of its view."""

from __future__ import annotations

import typing as t
from uuid import UUID
from weakref import ref

from werkzeug.routing import RequestRedirect

from ..core import shortcut
from ..faults import fault
from ..recorder.errors import describe_error
from ..recorder.memo import Memo
from ..redact import MASK, Redactor
from ..trace.log import TRACEPOINT
from ..trace.notes import Facts
from ..trace.tracepoint import Tracepoint, number
from ..trace.writer import LiveTrace, Route, Writer, no_context

_NO_ARGS = Facts(view_args={})
# The results of Werkzeug's converters.
_WRITTEN = (str, UUID, int, float)


class Routes:
    """The matched routes of one app.

    :param ignored: returns whether the requests for an endpoint are not stored.
    :param on_rule: called with each rule that is matched for the first time.
    """

    def __init__(
        self,
        redactor: Redactor,
        ignored: t.Callable[[str | None, str], bool],
        on_rule: t.Callable[[t.Any], None],
    ) -> None:
        self._redactor = redactor
        self._on_rule = on_rule
        self._ignored = ignored
        self._known: Memo[Route] = Memo()

    def called(self) -> list[str]:
        """Return the endpoints whose rules have been matched so far."""
        return sorted({route.endpoint for route in list(self._known.values())})

    @shortcut("matched", (LiveTrace, no_context, Facts, _NO_ARGS))
    def matched(self, writer: Writer, step: int, instance: t.Any) -> None:
        """Record the rule and arguments that the URL of a context's request matched."""
        try:
            trace = writer.trace
            request = instance.request
            if trace.context is no_context:
                trace.context = ref(instance)
            rule = request.url_rule
            if rule is not None:
                route = self._known.get(id(rule)) or self._route(rule)
                writer.log[step + TRACEPOINT] = route.match
                if trace.context() is instance:
                    trace.route = route
                args = request.view_args
                noted = Facts(view_args=self._args(args)) if args else _NO_ARGS
                writer.notes.details[step] = noted
                for name, value in (args or {}).items():
                    if type(value) in _WRITTEN and self._redactor.is_secret(name):
                        trace.path = trace.path.replace(str(value) or MASK, MASK)
            error = request.routing_exception
            if type(error) is RequestRedirect:
                redirect = self._redactor.query(error.new_url)
                writer.notes.details[step] = Facts(redirect=redirect)
            elif error is not None:
                writer.notes.outcomes[step] = describe_error(error)
        except Exception as error:
            fault("the match", error)

    @shortcut("view_args", Facts)
    def view_args(self, kwargs: dict[str, t.Any]) -> Facts | None:
        """Return what to record of a view's arguments."""
        return Facts(args=self._args(kwargs)) if kwargs else None

    def _args(self, args: dict[str, t.Any]) -> dict[str, t.Any]:
        return dict(map(self._redactor.pair, args, args.values()))

    def _route(self, rule: t.Any) -> Route:
        parts = rule.endpoint.split(".")[:-1]
        route = Route(
            rule.rule,
            number(Tracepoint("url_match", rule.rule)),
            rule.endpoint,
            tuple(".".join(parts[: count + 1]) for count in range(len(parts))),
            self._ignored(rule.endpoint, ""),
        )
        self._known.keep(rule, route)
        self._on_rule(rule)
        return route


__all__ = ["Routes"]

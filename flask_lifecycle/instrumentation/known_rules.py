"""The rules of an app, as far as its redactor knows them: some have secrets in their paths."""

from __future__ import annotations

import typing as t

import flask

from ..faults import fail_open
from ..redact import Redactor


class KnownRules:
    """The rules of one app, which may be given more at any time.

    To list them takes the longer the more they are, so that is not done for each request: they
    are listed where there are other views, and where one is matched that is not known.
    """

    def __init__(self, redactor: Redactor) -> None:
        #: By these rules: the beginnings of requests that are recorded as they come.
        self.plain: set[int] = set()
        self._redactor = redactor
        self._rules: list[str] = []
        self._known: frozenset[str] = frozenset()
        self._views = -1

    @fail_open
    def look(self, app: flask.Flask) -> None:
        """See whether an app has other views than it had."""
        views = len(app.view_functions)
        if views != self._views:
            self._learn(app.url_map)
            self._views = views

    @fail_open
    def matched(self, rule: t.Any) -> None:
        """See whether a rule that was matched is known."""
        if rule.rule not in self._known:
            self._learn(rule.map)

    def _learn(self, url_map: t.Any) -> None:
        rules = [rule.rule for rule in url_map.iter_rules()]
        if rules != self._rules:
            self._rules, self._known = rules, frozenset(rules)
            self._redactor.learn(rules)
            self.plain.clear()


__all__ = ["KnownRules"]

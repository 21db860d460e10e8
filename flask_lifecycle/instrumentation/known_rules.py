"""Keep an app's redactor informed of its URL rules; some have secrets in their paths."""

from __future__ import annotations

import typing as t

import flask

from ..faults import fail_open
from ..redact import Redactor


class KnownRules:
    """The rules of one app, which may get more at any time.

    Listing all rules takes time in proportion to their number, so it is not done for each request:
    they are listed when the set of views changes, and when an unknown rule is matched.
    """

    def __init__(self, redactor: Redactor) -> None:
        #: Hashes of the request lines that need no masking under these rules.
        self.plain: set[int] = set()
        #: Hashes of those with zeros for the numbers in their paths, whatever these are.
        self.alike: set[int] = set()
        self._redactor = redactor
        self._rules: list[str] = []
        self._known: frozenset[str] = frozenset()
        self._views = -1

    def look(self, app: flask.Flask) -> None:
        """Update the rules if the app has other views than before."""
        views = len(app.view_functions)
        if views != self._views:
            self._learn(app.url_map)
            self._views = views

    @fail_open
    def matched(self, rule: t.Any) -> None:
        """Update the rules if a matched rule is unknown."""
        if rule.rule not in self._known:
            self._learn(rule.map)

    def _learn(self, url_map: t.Any) -> None:
        rules = [rule.rule for rule in url_map.iter_rules()]
        if rules != self._rules:
            self._rules, self._known = rules, frozenset(rules)
            self._redactor.learn(rules)
            self.plain.clear()
            self.alike.clear()


__all__ = ["KnownRules"]

"""Find the rule that a path matches, the ones that almost match, and why those do not.

The app's own map is not used: matching runs its converters' ``to_python``, which may run any code.
Werkzeug matches in a copy of the map.
"""

from __future__ import annotations

import operator
import re
from urllib.parse import unquote

import flask
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, RequestRedirect, Rule
from werkzeug.routing.map import MapAdapter
from werkzeug.test import create_environ

from .._compat import rule_converters
from ..trace.model import JsonObject
from .map_copy import copy_of, is_own
from .mismatches import near_rules

_NEAR = 8
_ALL_BUT = 0.92
_LONGEST = 2048


class Finder:
    """Finds rules in a copy of one app's map, which is kept until the rules change."""

    def __init__(self) -> None:
        # Replaced as a whole: several viewers may ask at once.
        self._known: tuple[list[Rule], Map] = ([], Map())

    def find(self, app: flask.Flask, path: str, method: str, host: str) -> JsonObject:
        """Return the match of a path in the app's map.

        :param app: the app; nothing of it is changed or called.
        :param path: as in a URL, from its first slash to before ``?``.
        :param host: the Host header of the request.
        :returns: ``{"outcome", "rule", "arguments", "unsure", "redirect", "allowed", "near"}``.
            ``outcome`` is ``match``, ``redirect``, ``method_not_allowed`` or ``not_found``;
            ``rule`` the index of the matching rule among those of ``GET api/app``, or null;
            ``unsure`` names the arguments that a converter of the app may still reject;
            ``near`` lists ``{"rule", "why"}``, the closest first; if one matches, only those that
            almost match.
        :raises ValueError: the path, the method or the host is invalid; the text says
            what it takes.
        """
        if not path.startswith("/") or len(path) > _LONGEST:
            raise ValueError(
                f"path got {path[:80]!r}; it takes one that begins with a slash, "
                f"of at most {_LONGEST} characters."
            )
        if not re.fullmatch(r"[A-Za-z-]{1,40}", method):
            raise ValueError(f"method got {method[:80]!r}; it takes a name such as GET.")

        rules = list(app.url_map.iter_rules())
        adapter = _bound(app, self._copy(app.url_map, rules), host)
        path, method = unquote(path), method.upper()
        answer: JsonObject = {
            "outcome": "not_found",
            "rule": None,
            "arguments": {},
            "unsure": [],
            "redirect": None,
            "allowed": [],
        }
        try:
            matched, arguments = adapter.match(path, method)
            answer["outcome"] = "match"
            answer["rule"] = matched
            answer["arguments"] = {name: str(value) for name, value in arguments.items()}
            answer["unsure"] = [
                name for name, each in rule_converters(rules[matched]).items() if not is_own(each)
            ]
        except RequestRedirect as redirect:
            answer.update(outcome="redirect", redirect=redirect.new_url)
        except MethodNotAllowed as error:
            answer.update(outcome="method_not_allowed", allowed=sorted(error.valid_methods or ()))
        except HTTPException:
            pass
        domain = (adapter.server_name if app.url_map.host_matching else adapter.subdomain) or ""
        least = 0.0 if answer["rule"] is None else _ALL_BUT
        near = [*near_rules(rules, answer["rule"], domain, path, method)]
        near = [each for each in near if each[0] >= least]
        near.sort(key=lambda each: -each[0])
        answer["near"] = [{"rule": number, "why": why} for _, number, why in near[:_NEAR]]
        return answer

    def _copy(self, theirs: Map, rules: list[Rule]) -> Map:
        known, copy = self._known
        if len(known) != len(rules) or not all(map(operator.is_, known, rules)):
            copy = copy_of(theirs, rules)
            self._known = rules, copy
        return copy


def _bound(app: flask.Flask, copy: Map, host: str) -> MapAdapter:
    """Bind a copy of the map to a host, as ``Flask.create_url_adapter`` does with the map."""
    subdomain = None
    if not copy.host_matching and not app.subdomain_matching:
        subdomain = copy.default_subdomain or ""
    try:
        return copy.bind_to_environ(
            create_environ("/", f"http://{host}"),
            server_name=None if copy.host_matching else app.config["SERVER_NAME"],
            subdomain=subdomain,
        )
    except (ValueError, HTTPException, UnicodeError):
        raise ValueError(f"host got {host[:80]!r}; it takes a name such as localhost.") from None


__all__ = ["Finder"]

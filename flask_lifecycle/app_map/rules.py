"""Find the rule that a path matches, the ones that almost match, and why those do not.

The app's own map is not used: matching runs its converters' ``to_python``, which may run any code.
Werkzeug matches in a copy of the map, whose converters have the patterns of the app's and leave
values unchanged (``werkzeug.routing.matcher``: the pattern alone decides, except for values that
``to_python`` rejects; Werkzeug's own converters are called).
"""

from __future__ import annotations

import operator
import re
import typing as t
from collections.abc import Iterator
from difflib import SequenceMatcher
from urllib.parse import unquote

import flask
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import BaseConverter, Map, RequestRedirect, Rule, ValidationError
from werkzeug.routing.map import MapAdapter
from werkzeug.test import create_environ

from .._compat import rule_converters, rule_parts
from ..trace.model import JsonObject

_NEAR = 8
_ALIKE = 0.6
_ALL_BUT = 0.92
_LONGEST = 2048
_OWN = "werkzeug.routing.converters"

Segment = list[tuple[bool, str]]


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
        adapter = _bound(app, self._copied(app.url_map, rules), host)
        path, method = unquote(path), method.upper()
        found: JsonObject = {
            "outcome": "not_found",
            "rule": None,
            "arguments": {},
            "unsure": [],
            "redirect": None,
            "allowed": [],
        }
        try:
            matched, arguments = adapter.match(path, method)
            found["outcome"] = "match"
            found["rule"] = matched
            found["arguments"] = {name: str(value) for name, value in arguments.items()}
            found["unsure"] = [
                name for name, each in rule_converters(rules[matched]).items() if not _is_own(each)
            ]
        except RequestRedirect as redirect:
            found.update(outcome="redirect", redirect=redirect.new_url)
        except MethodNotAllowed as refused:
            found.update(outcome="method_not_allowed", allowed=sorted(refused.valid_methods or ()))
        except HTTPException:
            pass
        domain = (adapter.server_name if app.url_map.host_matching else adapter.subdomain) or ""
        least = 0.0 if found["rule"] is None else _ALL_BUT
        near = [
            each for each in _near(rules, found["rule"], domain, path, method) if each[0] >= least
        ]
        near.sort(key=lambda each: -each[0])
        found["near"] = [{"rule": number, "why": why} for _, number, why in near[:_NEAR]]
        return found

    def _copied(self, theirs: Map, rules: list[Rule]) -> Map:
        known, copy = self._known
        if len(known) != len(rules) or not all(map(operator.is_, known, rules)):
            copy = _copy(theirs, rules)
            self._known = rules, copy
        return copy


def _copy(theirs: Map, rules: list[Rule]) -> Map:
    copy = Map(
        default_subdomain=theirs.default_subdomain,
        host_matching=theirs.host_matching,
        merge_slashes=theirs.merge_slashes,
        redirect_defaults=theirs.redirect_defaults,
    )
    for number, rule in enumerate(rules):
        if not rule.build_only:
            copy.add(_copied(copy, rule, number))
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


def _copied(copy: Map, rule: Rule, number: int) -> Rule:
    domain, path = _written(copy, rule, number)
    options: dict[str, t.Any] = {"host": domain} if copy.host_matching else {"subdomain": domain}
    return Rule(
        path,
        endpoint=number,
        methods=rule.methods,
        defaults=rule.defaults,
        strict_slashes=rule.strict_slashes,
        merge_slashes=rule.merge_slashes,
        alias=rule.alias,
        websocket=rule.websocket,
        **options,
    )


def _written(copy: Map, rule: Rule, number: int) -> tuple[str, str]:
    """Return a rule's domain and path, with each variable's converter replaced by our own."""
    text = ""
    for place, (is_dynamic, part) in enumerate(rule_parts(rule)):
        if is_dynamic:
            name = f"c{number}_{place}"
            copy.converters[name] = _standing_in(rule_converters(rule)[part])
            part = f"<{name}:{part}>"
        text += part
    domain, _, path = text.partition("|")
    return domain, path


def _standing_in(converter: BaseConverter) -> type[BaseConverter]:
    """Return a converter class with the pattern of another converter."""
    asks = converter.to_python if _is_own(converter) else None

    class StandingIn(BaseConverter):
        regex = converter.regex
        weight = converter.weight
        part_isolating = converter.part_isolating

        def to_python(self, value: str) -> t.Any:
            return value if asks is None else asks(value)

    return StandingIn


def _is_own(converter: BaseConverter) -> bool:
    return type(converter).__module__ == _OWN


# Why not


def _near(
    rules: list[Rule], matched: int | None, domain: str, path: str, method: str
) -> Iterator[tuple[float, int, str]]:
    for number, rule in enumerate(rules):
        if number == matched:
            continue
        found = _why_not(rule, matched is not None, domain, path, method)
        if found is not None:
            yield found[0], number, found[1]


def _why_not(
    rule: Rule, beaten: bool, domain: str, path: str, method: str
) -> tuple[float, str] | None:
    """Return how close a rule comes, from 0 to 1, and why it does not match; None if it is far."""
    host, segments = _segments(rule)
    nearness, why = _path(rule, segments, path)
    if nearness == 0:
        return None
    reasons = [why] if why else []
    if not _fits(rule, host, domain):
        reasons.append(f"it is for the host “{_shown(rule, host)}” alone")
    if rule.methods is not None and method not in rule.methods:
        reasons.append(f"it takes {', '.join(sorted(rule.methods))}, not {method}")
    if rule.websocket:
        reasons.append("it is for websockets")
    if rule.build_only:
        reasons.append("it only builds URLs")
    if not reasons:
        reasons.append("it matches too, but another one comes first" if beaten else "it redirects")
    return nearness - 0.01 * len(reasons), "; ".join(reasons)


def _path(rule: Rule, segments: list[Segment], path: str) -> tuple[float, str]:
    """Compare a path with a rule's: return how close it is, and the difference, if any."""
    whole = "/".join(_pattern(rule, segment) for segment in segments)
    match = re.fullmatch(whole, path)
    if match is not None:
        refused = _refused(rule, match)
        return (0.97, refused) if refused else (1.0, "")
    if re.fullmatch(whole, f"{path}/"):
        return 0.96, "it ends with a slash"
    if path.endswith("/") and re.fullmatch(whole, path[:-1]):
        return 0.96, "it ends without a slash"
    if any(
        not rule_converters(rule)[part].part_isolating for each in segments for part in _names(each)
    ):
        return 0.0, ""
    given = path.rstrip("/").split("/")
    wanted = segments[:-1] if segments and not segments[-1] else segments
    shared = list(zip(given, wanted, strict=False))
    bad = [(value, each) for value, each in shared if not _fits(rule, each, value)]
    if abs(len(given) - len(wanted)) > 1 or len(bad) > 2 or len(shared) < 2:
        return 0.0, ""
    found = [_segment(rule, value, each) for value, each in bad]
    reasons = [why for _, why in found]
    score = len(shared) - len(bad) - 1 + sum(part for part, _ in found)
    if len(given) > len(wanted):
        reasons.append(f"the path goes on with “/{given[-1]}”")
    elif len(given) < len(wanted):
        reasons.append(f"it goes on with “/{_shown(rule, wanted[-1])}”")
    nearness = 0.9 * score / (max(len(given), len(wanted)) - 1)
    far = any(part == 0 for part, _ in found) or nearness < 0.3
    return (0.0, "") if far else (nearness, "; ".join(reasons))


def _segment(rule: Rule, value: str, segment: Segment) -> tuple[float, str]:
    """Compare a part of a path that does not match: return how close it is, and the reason."""
    names = _names(segment)
    shown = _shown(rule, segment)
    if names:
        patterns = " and ".join(rule_converters(rule)[name].regex for name in names)
        return 0.5, f"“{value}” is no {shown}, which takes {patterns}"
    alike = SequenceMatcher(None, value.casefold(), shown.casefold()).ratio()
    return (alike, f"it says “{shown}”, not “{value}”") if alike >= _ALIKE else (0.0, "")


def _refused(rule: Rule, match: re.Match[str]) -> str:
    """Return which value one of Werkzeug's own converters rejects, though its pattern matches."""
    for name, value in match.groupdict().items():
        converter = rule_converters(rule)[name]
        if _is_own(converter):
            try:
                converter.to_python(value)
            except (ValidationError, NotFound):
                return f"“{value}” is refused by the converter of <{name}>"
    return ""


def _segments(rule: Rule) -> tuple[Segment, list[Segment]]:
    """Split a rule into its domain and the segments of its path."""
    domain: Segment = []
    segments: list[Segment] = [[]]
    parts = iter(rule_parts(rule))
    for part in parts:
        if part == (False, "|"):
            break
        domain.append(part)
    for part in parts:
        if part == (False, "/"):
            segments.append([])
        else:
            segments[-1].append(part)
    return domain, segments


def _pattern(rule: Rule, segment: Segment) -> str:
    return "".join(
        f"(?P<{part}>{rule_converters(rule)[part].regex})" if is_dynamic else re.escape(part)
        for is_dynamic, part in segment
    )


def _fits(rule: Rule, segment: Segment, value: str) -> bool:
    return re.fullmatch(_pattern(rule, segment), value) is not None


def _names(segment: Segment) -> list[str]:
    return [part for is_dynamic, part in segment if is_dynamic]


def _shown(rule: Rule, segment: Segment) -> str:
    return "".join(
        f"<{_kind(rule_converters(rule)[part])}:{part}>" if is_dynamic else part
        for is_dynamic, part in segment
    )


def _kind(converter: BaseConverter) -> str:
    """Return the converter's name as rules write it."""
    names = {kind: name for name, kind in converter.map.converters.items() if name != "default"}
    return str(names.get(type(converter), type(converter).__name__))


__all__ = ["Finder"]

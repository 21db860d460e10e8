"""Copy the map of an app's rules, so that matching a path runs no code of the app.

The converters of the copy have the patterns of the app's and leave values unchanged
(``werkzeug.routing.matcher``: the pattern alone decides, except for values that ``to_python``
rejects; Werkzeug's own converters are called).
"""

from __future__ import annotations

import typing as t

from werkzeug.routing import BaseConverter, Map, Rule

from .._compat import rule_converters, rule_parts

_OWN = "werkzeug.routing.converters"


def copy_of(theirs: Map, rules: list[Rule]) -> Map:
    """Return a copy of a map, whose endpoints are the indexes of the rules."""
    copy = Map(
        default_subdomain=theirs.default_subdomain,
        host_matching=theirs.host_matching,
        merge_slashes=theirs.merge_slashes,
        redirect_defaults=theirs.redirect_defaults,
    )
    for number, rule in enumerate(rules):
        if not rule.build_only:
            copy.add(_copy_rule(copy, rule, number))
    return copy


def _copy_rule(copy: Map, rule: Rule, number: int) -> Rule:
    domain, path = _domain_and_path(copy, rule, number)
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


def _domain_and_path(copy: Map, rule: Rule, number: int) -> tuple[str, str]:
    """Return a rule's domain and path, with each variable's converter replaced by our own."""
    text = ""
    for position, (is_dynamic, part) in enumerate(rule_parts(rule)):
        if is_dynamic:
            name = f"c{number}_{position}"
            copy.converters[name] = _stand_in(rule_converters(rule)[part])
            part = f"<{name}:{part}>"
        text += part
    domain, _, path = text.partition("|")
    return domain, path


def _stand_in(converter: BaseConverter) -> type[BaseConverter]:
    """Return a converter class with the pattern of another converter."""
    convert = converter.to_python if is_own(converter) else None

    class StandIn(BaseConverter):
        regex = converter.regex
        weight = converter.weight
        part_isolating = converter.part_isolating

        def to_python(self, value: str) -> t.Any:
            return value if convert is None else convert(value)

    return StandIn


def is_own(converter: BaseConverter) -> bool:
    """Return whether a converter is one of Werkzeug's own."""
    return type(converter).__module__ == _OWN


__all__ = ["copy_of", "is_own"]

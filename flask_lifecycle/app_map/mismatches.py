"""Find the rules that almost match a path, and why they do not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter, Rule, ValidationError

from .._compat import rule_converters, rule_parts
from .map_copy import is_own

_ALIKE = 0.6

Segment = list[tuple[bool, str]]


def near_rules(
    rules: list[Rule], matched: int | None, domain: str, path: str, method: str
) -> Iterator[tuple[float, int, str]]:
    """Yield the rules that almost match: how close each is, its index, and why it does not match.

    :param matched: the index of the rule that matches, if there is one.
    """
    for number, rule in enumerate(rules):
        if number == matched:
            continue
        mismatch = _mismatch(rule, matched is not None, domain, path, method)
        if mismatch is not None:
            yield mismatch[0], number, mismatch[1]


def _mismatch(
    rule: Rule, is_second: bool, domain: str, path: str, method: str
) -> tuple[float, str] | None:
    """Return how close a rule comes, from 0 to 1, and why it does not match; None if it is far."""
    host, segments = _segments(rule)
    nearness, why = _path(rule, segments, path)
    if nearness == 0:
        return None
    reasons = [why] if why else []
    if not _fits(rule, host, domain):
        reasons.append(f"it only matches the host “{_written(rule, host)}”")
    if rule.methods is not None and method not in rule.methods:
        reasons.append(f"it accepts {', '.join(sorted(rule.methods))}, not {method}")
    if rule.websocket:
        reasons.append("it only matches websockets")
    if rule.build_only:
        reasons.append("it only builds URLs")
    if not reasons:
        second = "it matches as well, but another rule comes first"
        reasons.append(second if is_second else "it redirects")
    return nearness - 0.01 * len(reasons), "; ".join(reasons)


def _path(rule: Rule, segments: list[Segment], path: str) -> tuple[float, str]:
    """Compare a path with a rule's: return how close it is, and the difference, if any."""
    whole = "/".join(_pattern(rule, segment) for segment in segments)
    match = re.fullmatch(whole, path)
    if match is not None:
        rejected = _rejection(rule, match)
        return (0.97, rejected) if rejected else (1.0, "")
    if re.fullmatch(whole, f"{path}/"):
        return 0.96, "it ends with a slash"
    if path.endswith("/") and re.fullmatch(whole, path[:-1]):
        return 0.96, "it ends without a slash"
    if any(
        not rule_converters(rule)[part].part_isolating for each in segments for part in _names(each)
    ):
        return 0.0, ""
    parts = path.rstrip("/").split("/")
    wanted = segments[:-1] if segments and not segments[-1] else segments
    shared = list(zip(parts, wanted, strict=False))
    mismatches = [(value, each) for value, each in shared if not _fits(rule, each, value)]
    if abs(len(parts) - len(wanted)) > 1 or len(mismatches) > 2 or len(shared) < 2:
        return 0.0, ""
    compared = [_segment(rule, value, each) for value, each in mismatches]
    reasons = [why for _, why in compared]
    score = len(shared) - len(mismatches) - 1 + sum(part for part, _ in compared)
    if len(parts) > len(wanted):
        reasons.append(f"the path continues with “/{parts[-1]}”")
    elif len(parts) < len(wanted):
        reasons.append(f"it continues with “/{_written(rule, wanted[-1])}”")
    nearness = 0.9 * score / (max(len(parts), len(wanted)) - 1)
    far = any(part == 0 for part, _ in compared) or nearness < 0.3
    return (0.0, "") if far else (nearness, "; ".join(reasons))


def _segment(rule: Rule, value: str, segment: Segment) -> tuple[float, str]:
    """Compare a part of a path that does not match: return how close it is, and the reason."""
    names = _names(segment)
    written = _written(rule, segment)
    if names:
        patterns = " and ".join(rule_converters(rule)[name].regex for name in names)
        return 0.5, f"“{value}” does not match {written}, which accepts {patterns}"
    similarity = SequenceMatcher(None, value.casefold(), written.casefold()).ratio()
    return (similarity, f"it has “{written}”, not “{value}”") if similarity >= _ALIKE else (0.0, "")


def _rejection(rule: Rule, match: re.Match[str]) -> str:
    """Return which value one of Werkzeug's own converters rejects, though its pattern matches."""
    for name, value in match.groupdict().items():
        converter = rule_converters(rule)[name]
        if is_own(converter):
            try:
                converter.to_python(value)
            except (ValidationError, NotFound):
                return f"the converter of <{name}> rejects “{value}”"
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


def _written(rule: Rule, segment: Segment) -> str:
    return "".join(
        f"<{_kind(rule_converters(rule)[part])}:{part}>" if is_dynamic else part
        for is_dynamic, part in segment
    )


def _kind(converter: BaseConverter) -> str:
    """Return the converter's name as rules write it."""
    names = {kind: name for name, kind in converter.map.converters.items() if name != "default"}
    return str(names.get(type(converter), type(converter).__name__))


__all__ = ["near_rules"]

"""The rule that a request would match, what runs for it, and the rules that nearly match."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import click
import flask
from rich.text import Text
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from ..app_map.rules import Finder
from ..trace.model import JsonObject, Source
from ..trace.sentences.words import cut, listed, short
from .facts import shown_place
from .journey import STYLES
from .output import Output, code, escaped, fitted
from .recordings import map_of

# In the order in which Flask calls them.
_BEFORE = ("url_value_preprocessor", "before_request")
_AFTER = ("after_request", "teardown_request", "teardown_appcontext")
_ERRORS: dict[str, type[HTTPException]] = {
    "method_not_allowed": MethodNotAllowed,
    "not_found": NotFound,
}
_URL = 300


class Routed:
    """What a request would meet in an app.

    :param path: from the first slash on, or a whole URL.
    :raises click.UsageError: the method or the path is invalid.
    """

    def __init__(self, app: flask.Flask, method: str, path: str) -> None:
        try:
            host, path = _split(path, app)
            self._found = Finder().find(app, path, method, host)
        except ValueError as error:
            raise click.UsageError(cut(str(error), _URL)) from None
        self._request = f"{method.upper()} {path}"
        self._map = map_of(app)
        number = self._found["rule"]
        rule = None if number is None else [*app.url_map.iter_rules()][number]
        # By the attribute that Flask reads when it dispatches.
        self._is_automatic = method.upper() == "OPTIONS" and bool(
            getattr(rule, "provide_automatic_options", False)
        )

    @property
    def is_found(self) -> bool:
        """Return whether the request would reach a rule, or is redirected to one."""
        return self._found["outcome"] in ("match", "redirect")

    def to_dict(self) -> JsonObject:
        """Return it JSON-ready: as ``GET api/app/match``, with rules in place of their indexes."""
        rules = self._map["rules"]
        rule = self._found["rule"]
        near = [{**each, "rule": rules[each["rule"]]["rule"]} for each in self._found["near"]]
        return {
            **self._found,
            "rule": None if rule is None else rules[rule]["rule"],
            "endpoint": None if rule is None else rules[rule]["endpoint"],
            "near": near,
            "runs": [*self._runs()],
        }

    def text(self, output: Output) -> Iterator[Text]:
        """Yield the lines for a terminal."""
        yield from output.wrapped(Text(cut(self._request, _URL), style="bold"), output.width)
        yield from output.wrapped(Text(self._says()), output.width)
        runs = [*self._runs()]
        if runs:
            yield Text()
            yield Text("What would run, in this order:", style="quiet")
        widest = max((len(each["stage"]) for each in runs), default=0)
        for each in runs:
            yield from _run(each, min(widest, output.width // 2), output)
        if self._found["near"]:
            yield Text()
            yield Text(self._nearly(), style="quiet")
        for rule, why in self._near():
            yield Text("  ").append(cut(rule, _URL), style="bold")
            for line in output.wrapped(Text(cut(why, _URL), style="quiet"), output.width - 4):
                yield Text("    ").append_text(line)

    def markdown(self) -> Iterator[str]:
        """Yield the lines of Markdown."""
        yield f"### {escaped(cut(self._request, _URL))}"
        yield ""
        yield escaped(self._says())
        runs = [*self._runs()]
        if runs:
            yield ""
        for each in runs:
            facts = ", ".join(_facts(each))
            yield f"1. {each['stage']} {code(short(each['name']))} {escaped(facts)}".rstrip()
        if self._found["near"]:
            yield f"\n{self._nearly()}\n"
        for rule, why in self._near():
            yield f"- {code(cut(rule, _URL))} {escaped(cut(why, _URL))}"

    def _says(self) -> str:
        found = self._found
        if found["outcome"] == "redirect":
            return f"Flask redirects to {cut(found['redirect'], _URL)}."
        if found["outcome"] == "method_not_allowed":
            return f"405: the path exists only for {listed(found['allowed'])}."
        if found["rule"] is None:
            return "404: no rule matches. The hooks of the app run, those of blueprints do not."
        rule = self._map["rules"][found["rule"]]
        given = ", ".join(f"{name} = {cut(value)}" for name, value in found["arguments"].items())
        text = f"It matches {rule['rule']}, endpoint {rule['endpoint']}"
        text += f", with {given}." if given else "."
        if self._is_automatic:
            text += " Flask answers OPTIONS by itself, without the view."
        if found["unsure"]:
            text += f" The app's own converter may still refuse {listed(found['unsure'])}."
        return text

    def _nearly(self) -> str:
        return "Other rules that nearly match:" if self.is_found else "Rules that nearly match:"

    def _near(self) -> Iterator[tuple[str, str]]:
        for each in self._found["near"]:
            yield self._map["rules"][each["rule"]]["rule"], each["why"]

    def _runs(self) -> Iterator[JsonObject]:
        """Yield the functions that the request would meet if none of them ends it."""
        index = self._found["rule"]
        rule = None if index is None else self._map["rules"][index]
        plan = self._map["unmatched"] if rule is None else rule["plan"]
        hooks = self._map["hooks"]
        yield from self._map["middleware"]
        yield from (hooks[number] for stage in _BEFORE for number in plan[stage])
        if rule is not None and rule["view"] is not None and not self._is_automatic:
            yield rule["view"]
        yield from self._handler()
        yield from (hooks[number] for stage in _AFTER for number in plan[stage])

    def _handler(self) -> Iterator[JsonObject]:
        """Yield the app's function that answers where no rule matches, if it has one.

        By the code first, then by class (``Flask._find_error_handler``).
        """
        error = _ERRORS.get(self._found["outcome"])
        for wanted in () if error is None else (str(error.code), *_names(error)):
            for handler in self._map["error_handlers"]:
                if handler["scope"] == "app" and handler["for"] == wanted:
                    yield handler
                    return


def _names(error: type[HTTPException]) -> list[str]:
    return [each.__name__ for each in error.__mro__]


def _run(hook: JsonObject, widest: int, output: Output) -> Iterator[Text]:
    style = STYLES.get(hook["stage"], "request")
    line = Text("  ").append_text(fitted(Text(hook["stage"], style=style), widest)).append("  ")
    line.append(short(hook["name"]), style="bold")
    for fact in _facts(hook):
        line.append(f"  {fact}", style="quiet")
    source = hook["source"]
    place = "" if source is None else shown_place(Source(**source))
    room = output.width - len(place)
    if place and line.cell_len + 2 <= room:
        line = fitted(line, room).append(place, style="quiet")
    line.truncate(output.width, overflow="ellipsis")
    yield line


def _facts(hook: JsonObject) -> Iterator[str]:
    if hook["scope"] not in (None, "app"):
        yield f"of {short(hook['scope'])}"
    if hook["package"]:
        yield f"({short(hook['package'])})"
    if hook["is_async"]:
        yield "async"


def _split(path: str, app: flask.Flask) -> tuple[str, str]:
    """Return the host and the path of what may be a whole URL.

    :raises ValueError: it is no URL.
    """
    if "://" in path and not path.startswith("/"):
        parts = urlsplit(path)
        return parts.netloc, parts.path or "/"
    return app.config["SERVER_NAME"] or "localhost", re.split("[?#]", path, maxsplit=1)[0]


__all__ = ["Routed"]

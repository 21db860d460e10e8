"""The functions that a request for each rule runs, read from the app's registries.

The order is Flask's own: ``preprocess_request``, ``process_response``,
``do_teardown_request`` and ``do_teardown_appcontext`` in ``flask.app``.
"""

from __future__ import annotations

import inspect
import os
import platform
import re
import socket
import sys
import typing as t
from contextlib import suppress
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from types import FunctionType

import flask
import flask.globals
from werkzeug.routing import Rule

from .._compat import SEPARATE_CONTEXTS
from ..faults import fault
from ..recorder.callables import tracepoint_of
from ..recorder.registries import error_handlers
from ..redact import Redactor
from ..trace.model import JsonObject
from ..trace.sentences.words import cut
from ..trace.tracepoint import Tracepoint

_PACKAGES = (
    "flask",
    "werkzeug",
    "jinja2",
    "blinker",
    "flask-socketio",
    "sqlalchemy",
    "flask-lifecycle",
)
# Flask's own settings: names and limits of cookies and sessions are not secret.
_NO_SECRETS = frozenset(flask.Flask.default_config) - {"SECRET_KEY", "SECRET_KEY_FALLBACKS"}
# Other environment variables do not concern the app.
_OF_FLASK = re.compile("(?:FLASK|WERKZEUG|PYTHON|VIRTUAL_ENV)")


class AppMap:
    """A snapshot of an app's registries, to which other threads may add meanwhile.

    :param app: the app.
    :param middleware: the tracepoints around it, outermost first.
    """

    def __init__(self, app: flask.Flask, redactor: Redactor, middleware: list[Tracepoint]) -> None:
        self._app = app
        self._redactor = redactor
        self._middleware = middleware
        self._hooks: list[JsonObject] = []
        self._index: dict[tuple[str, int, str | None], int] = {}

    def to_dict(self) -> JsonObject:
        """Return the map, JSON-ready."""
        app = self._app
        rules = [self._rule(rule) for rule in app.url_map.iter_rules()]
        unmatched = self._plan(())
        config = {key: value for key, value in [*app.config.items()] if isinstance(key, str)}
        return {
            "name": app.name,
            "import_name": app.import_name,
            "debug": bool(app.debug),
            "separate_contexts": SEPARATE_CONTEXTS,
            "versions": _versions(),
            "packages": _packages(),
            "environment": self._environment(),
            "process": {"pid": os.getpid(), "host": socket.gethostname()},
            "middleware": [_shown(tracepoint) for tracepoint in self._middleware],
            "blueprints": [
                {
                    "name": name,
                    "import_name": blueprint.import_name,
                    "url_prefix": blueprint.url_prefix,
                }
                for name, blueprint in [*app.blueprints.items()]
            ],
            "extensions": sorted(name for name in [*app.extensions] if isinstance(name, str)),
            "config": {key: self._setting(key, config[key]) for key in sorted(config)},
            "rules": rules,
            "unmatched": unmatched,
            "error_handlers": self._error_handlers(),
            "hooks": self._hooks,
        }

    def _environment(self) -> dict[str, t.Any]:
        found = {
            "python": f"{platform.python_implementation()} {platform.python_version()}",
            "executable": sys.executable,
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        }
        with suppress(OSError):
            # It may have been deleted.
            found["folder"] = str(Path.cwd())
        names = [name for name in sorted(os.environ) if _OF_FLASK.match(name)]
        found |= {name: value for name in names if (value := os.environ.get(name)) is not None}
        named = self._redactor.named
        return {name: named(name, value, ("environment",)) for name, value in found.items()}

    def _setting(self, key: str, value: t.Any) -> t.Any:
        if key in _NO_SECRETS:
            return self._redactor.value(value, ("config", key))
        return self._redactor.named(key, value, ("config",))

    def _rule(self, rule: Rule) -> JsonObject:
        view = self._app.view_functions.get(rule.endpoint)
        parent = rule.endpoint.rpartition(".")[0]
        parts = parent.split(".") if parent else []
        blueprints = [".".join(parts[: count + 1]) for count in range(len(parts))]
        scope = blueprints[-1] if blueprints else "app"
        return {
            "rule": rule.rule,
            "endpoint": rule.endpoint,
            "methods": sorted(rule.methods or ()),
            "subdomain": rule.subdomain,
            "host": rule.host,
            "blueprints": blueprints,
            "view": None if view is None else self._hook("view", view, scope),
            "title": _title(view),
            "plan": self._plan(blueprints),
        }

    def _plan(self, blueprints: t.Sequence[str]) -> dict[str, list[int]]:
        app = self._app
        inward: list[str | None] = [None, *blueprints]
        outward = [*reversed(blueprints), None]
        registries = vars(app)
        return {
            "url_value_preprocessor": self._list(
                "url_value_preprocessor", registries["url_value_preprocessors"], inward
            ),
            "before_request": self._list("before_request", app.before_request_funcs, inward),
            "context_processor": self._list(
                "context_processor", app.template_context_processors, inward
            ),
            "after_request": self._list("after_request", app.after_request_funcs, outward, -1),
            "teardown_request": self._list(
                "teardown_request", app.teardown_request_funcs, outward, -1
            ),
            "teardown_appcontext": self._list(
                "teardown_appcontext", {None: app.teardown_appcontext_funcs}, [None], -1
            ),
        }

    def _list(
        self,
        stage: str,
        registry: t.Mapping[str | None, list[t.Any]],
        names: t.Sequence[str | None],
        step: int = 1,
    ) -> list[int]:
        return [
            self._number(stage, func, name)
            for name in names
            for func in registry.get(name, ())[::step]
            if getattr(func, "__module__", "") != "flask.templating"
        ]

    def _number(self, stage: str, func: t.Any, name: str | None) -> int:
        key = (stage, id(func), name)
        if key not in self._index:
            self._index[key] = len(self._hooks)
            self._hooks.append(self._hook(stage, func, name or "app"))
        return self._index[key]

    def _error_handlers(self) -> list[JsonObject]:
        return [
            {
                **self._hook("error_handler", each.handler, each.scope or "app"),
                "for": each.registered,
            }
            for each in error_handlers(self._app)
        ]

    def _hook(self, stage: str, func: t.Any, scope: str | None = None) -> JsonObject:
        try:
            tracepoint = tracepoint_of(stage, func, scope, self._app.import_name)
            # The same test as in Flask's own ensure_sync.
            is_async = inspect.iscoroutinefunction(func)
        except Exception as error:  # of a callable that computes its attributes
            fault("the description of a function", error)
            tracepoint, is_async = Tracepoint(stage, type(func).__name__, scope=scope), False
        return _shown(tracepoint, is_async=is_async)


def _title(view: t.Any) -> str | None:
    """Return the first sentence of a view's docstring; other callables may compute theirs."""
    doc = view.__doc__ if isinstance(view, FunctionType) else None
    if not isinstance(doc, str) or not doc.strip():
        return None
    paragraph = " ".join(doc.strip().partition("\n\n")[0].split())
    return cut(paragraph.partition(". ")[0].removesuffix("."))


def _shown(tracepoint: Tracepoint, *, is_async: bool = False) -> JsonObject:
    source = tracepoint.source
    return {
        "stage": tracepoint.stage,
        "name": tracepoint.name,
        "callable": tracepoint.callable,
        "source": None if source is None else {"file": source.file, "line": source.line},
        "scope": tracepoint.scope,
        "package": tracepoint.package,
        "is_async": is_async,
    }


def _versions() -> dict[str, str]:
    found = {name.lower().replace("_", "-"): number for name, number in _packages().items()}
    return {
        "python": platform.python_version(),
        **{name: found[name] for name in _PACKAGES if name in found},
    }


@cache
def _packages() -> dict[str, str]:
    """Return the versions of all installed packages, by name."""
    found: dict[str, str] = {}
    for each in distributions():
        with suppress(Exception):
            # The remains of a broken uninstall have no version.
            found.setdefault(str(each.metadata["Name"]), str(each.version))
    found.pop("None", None)
    return found


__all__ = ["AppMap"]

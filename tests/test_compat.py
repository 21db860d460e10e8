"""Every name that another package does not promise is there, in the versions that are installed."""

from __future__ import annotations

import ast
import re
import socket
import threading
import typing as t
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPConnection
from importlib import import_module
from importlib.metadata import packages_distributions, version
from pathlib import Path
from types import SimpleNamespace

import engineio
import engineio.socket
import flask
import gunicorn.config  # type: ignore[import-untyped]
import gunicorn.http.wsgi  # type: ignore[import-untyped]
import gunicorn.workers.base  # type: ignore[import-untyped]
import jinja2
import jinja2.runtime
import pytest
import simple_websocket
from werkzeug.datastructures import Headers
from werkzeug.routing import Map, Rule
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from flask_lifecycle._compat import ENTRIES, Entry

PRIVATE = re.compile(r"_[a-zA-Z]\w*").fullmatch
# Documented, for all that they look private.
PROMISED = {"_asdict", "_fields"}
PACKAGE = Path(__file__).parent.parent / "flask_lifecycle"


def _context() -> t.Any:
    return flask.Flask("app").test_request_context()


def _request() -> t.Any:
    request = Request(EnvironBuilder(data=b"{}", content_type="application/json").get_environ())
    request.get_json()
    return SimpleNamespace(**vars(request))


def _rule() -> t.Any:
    rule = Rule("/books/<int:number>")
    Map([rule])
    return rule


def _template() -> t.Any:
    """Return what a compiled template has, and its namespace."""
    template = jinja2.Environment(autoescape=True).from_string("{% macro row() %}{% endmacro %}")
    return SimpleNamespace(_module=template._module, **template.root_render_func.__globals__)


def _macro() -> t.Any:
    template = jinja2.Environment(autoescape=True).from_string("{% macro row() %}{% endmacro %}")
    macro: t.Any = getattr(template.module, "row")  # noqa: B009
    return macro


def _websocket() -> t.Any:
    ours, theirs = socket.socketpair()
    headers = {"Connection": "Upgrade", "Upgrade": "websocket"}
    handshake = {"Sec-WebSocket-Key": "A" * 22 + "==", "Sec-WebSocket-Version": "13"}
    environ = EnvironBuilder(headers=Headers({**headers, **handshake})).get_environ()
    websocket = simple_websocket.Server({**environ, "werkzeug.socket": ours})
    theirs.close()
    websocket.thread.join()
    ours.close()
    return websocket


def _eventlet(name: str, kind: str, *args: t.Any, **kwargs: t.Any) -> t.Any:
    with warnings.catch_warnings():
        # That it is in maintenance alone.
        warnings.simplefilter("ignore")
        return getattr(import_module(f"eventlet.{name}"), kind)(*args, **kwargs)


def _engine() -> t.Any:
    return engineio.Server(async_mode="threading")


def _worker() -> t.Any:
    worker = gunicorn.workers.base.Worker(1, 2, [], None, 30, gunicorn.config.Config(), None)
    worker.tmp.close()
    return worker


def _waitress_channel() -> t.Any:
    server: t.Any = SimpleNamespace(active_channels={}, addr_family=None)
    ours, theirs = socket.socketpair()
    channel = import_module("waitress.channel").HTTPChannel(
        server, ours, ("", 0), import_module("waitress.adjustments").Adjustments(), {}
    )
    ours.close()
    theirs.close()
    return channel


# Objects of the classes whose names are not the class's own.
MADE: dict[str, t.Callable[[], t.Any]] = {
    "engineio.socket:Socket": lambda: engineio.socket.Socket(_engine(), "1"),
    "engineio:Server": _engine,
    "enum:Enum": lambda: HTTPStatus.OK,
    "concurrent.futures.thread:ThreadPoolExecutor": ThreadPoolExecutor,
    "eventlet.event:Event": lambda: _eventlet("event", "Event"),
    "eventlet.greenpool:GreenPool": lambda: _eventlet("greenpool", "GreenPool"),
    "eventlet.greenthread:GreenThread": lambda: _eventlet("greenthread", "GreenThread", None),
    "eventlet.websocket:RFC6455WebSocket": lambda: _eventlet(
        "websocket", "RFC6455WebSocket", None, {}, client=True
    ),
    "flask.ctx:AppContext": _context,
    "flask.ctx:RequestContext": _context,
    "gunicorn.http.wsgi:Response": lambda: gunicorn.http.wsgi.Response(None, None, None),
    "gunicorn.workers.base:Worker": _worker,
    "cheroot.workers.threadpool:ThreadPool": lambda: import_module(
        "cheroot.workers.threadpool"
    ).ThreadPool(None),
    "http.client:HTTPConnection": lambda: HTTPConnection("localhost"),
    "importlib.machinery:ModuleSpec": lambda: import_module("json").__spec__,
    "jinja2.runtime:Macro": _macro,
    "jinja2:Template": _template,
    "simple_websocket:Server": _websocket,
    "threading:RLock": threading.RLock,
    "waitress.channel:HTTPChannel": _waitress_channel,
    "werkzeug.datastructures:Headers": Headers,
    "werkzeug.routing:Rule": _rule,
    "werkzeug.wrappers:Request": _request,
    "werkzeug.wrappers:Response": Response,
}


def _owner(owner: str) -> t.Any:
    if owner in MADE:
        return MADE[owner]()
    module, _, kind = owner.partition(":")
    found = import_module(module)
    return getattr(found, kind) if kind else found


def _has(entry: Entry) -> bool:
    owner = _owner(entry.owner)
    annotated = (vars(each).get("__annotations__", {}) for each in getattr(owner, "__mro__", ()))
    made = getattr(getattr(owner, "__init__", None), "__code__", None)
    return (
        hasattr(owner, entry.name)
        or any(entry.name in each for each in annotated)
        or (made is not None and entry.name in made.co_names)
    )


def _gone(entry: Entry) -> str:
    package = entry.owner.partition(":")[0].partition(".")[0]
    distributions = packages_distributions().get(package)
    installed = version(distributions[0]) if distributions else "this Python"
    return (
        f"{entry.owner.replace(':', '.')}.{entry.name} is gone in {installed}; "
        f"it was tried in {entry.tried}"
    )


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda each: f"{each.owner}.{each.name}")
def test_each_name_is_there(entry: Entry) -> None:
    if entry.expected:
        assert _has(entry), _gone(entry)


def test_what_is_gone_is_named() -> None:
    entry = Entry("simple_websocket:Server", "_bell", "1.1.0", expected=True)
    assert not _has(entry)
    assert _gone(entry) == (
        f"simple_websocket.Server._bell is gone in {version('simple-websocket')}; "
        "it was tried in 1.1.0"
    )


def test_all_private_names_of_others_have_entries() -> None:
    known = {entry.name for entry in ENTRIES}
    own = set[str]()
    used: dict[str, Path] = {}
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        own |= set(_defined(tree))
        if path.name != "_compat.py":
            used |= dict.fromkeys(_used(tree), path)
    others = set(used) - own - PROMISED
    assert others, "the search for names finds none"
    assert not others - known, {name: used[name].name for name in others - known}


def _defined(tree: ast.AST) -> Iterator[str]:
    """List the names that are the package's own."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if isinstance(node.value, ast.Name) and node.value.id == "self":
                yield node.attr
        elif isinstance(node, ast.Dict):
            # Of what is in a closure.
            yield from (str(each.value) for each in node.keys if isinstance(each, ast.Constant))
        elif isinstance(node, ast.Assign) and any(
            isinstance(each, ast.Name) and each.id == "__slots__" for each in node.targets
        ):
            yield from ast.literal_eval(node.value)


def _used(tree: ast.AST) -> Iterator[str]:
    """List what is asked of objects by a private name, also as a text."""
    for node in ast.walk(tree):
        texts: list[ast.expr] = []
        if isinstance(node, ast.Attribute):
            yield from [node.attr] if PRIVATE(node.attr) else []
        elif isinstance(node, ast.Call):
            # A method's but for `get` is none by which an object is asked.
            is_asked = getattr(node.func, "attr", "get") == "get"
            texts = node.args if is_asked else []
        elif isinstance(node, ast.Subscript):
            texts = [node.slice]
        elif isinstance(node, ast.Compare):
            texts = [node.left, *node.comparators]
        for each in texts:
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield from [each.value] if PRIVATE(each.value) else []

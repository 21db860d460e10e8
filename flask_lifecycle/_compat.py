"""Undocumented names of other packages that this one uses: one entry each.

An entry has the name's owner and the tested versions. Names that are used in several places are
used through the constant here; where Python itself uses the name, as for an overridden method, the
entry only documents it. ``tests/test_compat.py`` looks each one up in the installed versions, lists
the missing ones, and finds private names without an entry. An entry imports nothing except Flask
itself.
"""

from __future__ import annotations

import typing as t
from operator import attrgetter

import flask.ctx
import flask.globals

#: True on Flask 3.0 and 3.1; from 3.2 on, the request context is the app context.
SEPARATE_CONTEXTS = "_cv_request" in vars(flask.globals)


class Entry(t.NamedTuple):
    """A name that may disappear without notice."""

    #: A module, or ``module:class``; the name may be an attribute of the class's objects.
    owner: str
    name: str
    #: The versions that have been tested.
    tried: str
    #: Whether the installed version has it; some names replace others.
    expected: bool


ENTRIES: list[Entry] = []


def _entry(owner: str, name: str, tried: str, *, expected: bool = True) -> str:
    """Register a name and return it."""
    ENTRIES.append(Entry(owner, name, tried, expected))
    return name


# CPython

_PYTHON = "3.10 to 3.13"
SHOW_WARNING = _entry("warnings", "_showwarnmsg", _PYTHON)
#: True from the moment that the interpreter waits for its threads to end.
SHUTTING_DOWN = _entry("threading", "_SHUTTING_DOWN", _PYTHON)
_entry("threading:RLock", "_at_fork_reinit", _PYTHON)
_entry("sys", "_getframe", _PYTHON)
_entry("sys", "_current_frames", _PYTHON)
_entry("enum:Enum", "_name_", _PYTHON)
# The threads by their identities, and a thread's name, for the compiled core.
_entry("threading", "_active", _PYTHON)
_entry("threading:Thread", "_name", _PYTHON)
#: Whether a module is still being imported, perhaps by another thread.
INITIALIZING = _entry("importlib.machinery:ModuleSpec", "_initializing", _PYTHON)
#: The server behind a proxy that a connection has a tunnel through.
tunnel_host: t.Callable[[t.Any], t.Any] = attrgetter(
    _entry("http.client:HTTPConnection", "_tunnel_host", _PYTHON)
)
tunnel_port: t.Callable[[t.Any], t.Any] = attrgetter(
    _entry("http.client:HTTPConnection", "_tunnel_port", _PYTHON)
)

# Flask

_BEFORE_3_2, _SINCE_3_2, _FLASK = "3.0.0 to 3.1.3", "3.2.0.dev0", "3.0.0 to 3.2.0.dev0"
_entry("flask:Flask", "_check_setup_finished", _FLASK)
#: The context variables; from Flask 3.2 on, there is one for both contexts.
APP_CONTEXT = _entry("flask.globals", "_cv_app", _FLASK)
REQUEST_CONTEXT = (
    _entry("flask.globals", "_cv_request", _BEFORE_3_2) if SEPARATE_CONTEXTS else APP_CONTEXT
)
#: A request context's session and request, without the properties: reading the session by its
#: property would count as access to it (since Flask 3.1.3).
_CONTEXT: t.Any = vars(flask.ctx).get("RequestContext", flask.ctx.AppContext)
SESSION = "session"
if hasattr(_CONTEXT, "session"):
    SESSION = _entry(f"flask.ctx:{_CONTEXT.__name__}", "_session", "3.1.3 to 3.2.0.dev0")
REQUEST = "request"
if not SEPARATE_CONTEXTS:
    REQUEST = _entry("flask.ctx:AppContext", "_request", _SINCE_3_2)
GET_SESSION = _entry(
    "flask.ctx:AppContext", "_get_session", _SINCE_3_2, expected=not SEPARATE_CONTEXTS
)
RENDER = _entry("flask.templating", "_render", _FLASK)
STREAM = _entry("flask.templating", "_stream", _FLASK)

# Werkzeug

_WERKZEUG = "3.0.6 to 3.1.9"
_entry("werkzeug.local:LocalProxy", "_get_current_object", _WERKZEUG)
#: A response's status line and code, and its list of header pairs.
STATUS = _entry("werkzeug.wrappers:Response", "_status", _WERKZEUG)
STATUS_CODE = _entry("werkzeug.wrappers:Response", "_status_code", _WERKZEUG)
HEADER_LIST = _entry("werkzeug.datastructures:Headers", "_list", _WERKZEUG)
#: A request's cached body, once the app has read it.
CACHED_DATA = _entry("werkzeug.wrappers:Request", "_cached_data", _WERKZEUG)
CACHED_JSON = _entry("werkzeug.wrappers:Request", "_cached_json", _WERKZEUG)
#: The parts of a rule, each with whether it is a variable; and its converters by name.
rule_parts: t.Callable[[t.Any], t.Any] = attrgetter(
    _entry("werkzeug.routing:Rule", "_trace", _WERKZEUG)
)
rule_converters: t.Callable[[t.Any], t.Any] = attrgetter(
    _entry("werkzeug.routing:Rule", "_converters", _WERKZEUG)
)

# Jinja

_JINJA = "3.1.2 to 3.1.6"
#: A template's module, once it has been used.
template_module: t.Callable[[t.Any], t.Any] = attrgetter(
    _entry("jinja2:Template", "_module", _JINJA)
)
MACRO_FUNCTION = _entry("jinja2.runtime:Macro", "_func", _JINJA)
MACRO_ENVIRONMENT = _entry("jinja2.runtime:Macro", "_environment", _JINJA)
#: In the namespace of a compiled template: the class of its macros, and the template itself.
MACRO_CLASS = _entry("jinja2:Template", "Macro", _JINJA)
TEMPLATE = _entry("jinja2:Template", "__jinja_template__", _JINJA)

# SQLAlchemy

_SQLALCHEMY = "2.0.0 to 2.1.9"
#: The creator of a pool's connections.
CREATOR = _entry("sqlalchemy.pool:Pool", "_invoke_creator", _SQLALCHEMY)
#: The methods that roll back or commit implicitly.
RESET = _entry("sqlalchemy.pool.base:_ConnectionFairy", "_reset", _SQLALCHEMY)
DO_CLOSE = _entry("sqlalchemy.engine:RootTransaction", "_do_close", _SQLALCHEMY)
#: The methods that the two-phase methods for psycopg call.
DO_TWOPHASE = _entry(
    "sqlalchemy.dialects.postgresql.psycopg2:PGDialect_psycopg2", "_do_twophase", _SQLALCHEMY
)
#: The driver's own connection of an async connection, and of its cursors.
DRIVER_CONNECTION = _entry(
    "sqlalchemy.dialects.sqlite.aiosqlite:AsyncAdapt_aiosqlite_connection",
    "_connection",
    _SQLALCHEMY,
)
_entry(
    "sqlalchemy.dialects.sqlite.aiosqlite:AsyncAdapt_aiosqlite_cursor", "_connection", "2.0, 2.1"
)

# Engine.IO, Socket.IO and simple-websocket

#: The classes that a server creates; there is no option for them.
DRIVER = _entry("engineio:Server", "_async", "4.15.1")
_entry("engineio.socket:Socket", "queue", "4.15.1")
_entry("socketio.packet:Packet", "uses_binary_events", "5.18.1")
_entry("socketio.packet:Packet", "json", "5.18.1")
for _name in ("_thread", "handshake", "close", "sock", "event", "connected", "ws", "close_reason"):
    _entry("simple_websocket:Server", _name, "1.1.0")
_entry("simple_websocket:Server", "mode", "1.1.0")

# Eventlet: the method that closes a websocket, and the data of the client's close frame.

for _name in ("_remote_close_data", "_handle_control_frame", "_iter_frames"):
    _entry("eventlet.websocket:RFC6455WebSocket", _name, "0.41.3")

# Gunicorn: the objects behind a worker's `start_response` and its signal handlers.

_GUNICORN = "23.0.0 to 27.0.1"
_entry("gunicorn.http.wsgi:Response", "cfg", _GUNICORN)
_entry("gunicorn.http.wsgi:Response", "force_close", _GUNICORN)
_entry("gunicorn.workers.base:Worker", "alive", _GUNICORN)
_entry("gunicorn.workers.base:Worker", "ppid", _GUNICORN)

# The threads of other servers, and whether they stop: the attributes of Waitress's connection, of
# cheroot's gateway and of gevent's handler.

_WAITRESS, _CHEROOT = "3.0.2", "11.1.2"
_entry("waitress.channel:HTTPChannel", "adj", _WAITRESS)
_entry("waitress.adjustments:Adjustments", "threads", _WAITRESS)
_entry("waitress.channel:HTTPChannel", "server", _WAITRESS)
WAITRESS_THREADS = "adj.threads"
WAITRESS_DISPATCHER = "server.task_dispatcher"
WAITRESS_STOPPING = _entry("waitress.task:ThreadedTaskDispatcher", "stop_count", _WAITRESS)
_entry("cheroot.workers.threadpool:ThreadPool", "min", _CHEROOT)
CHEROOT_SERVER = "req.server"
CHEROOT_THREADS = f"{CHEROOT_SERVER}.requests.min"
CHEROOT_READY = _entry("cheroot.server:HTTPServer", "ready", _CHEROOT)
GEVENT_CLOSED = _entry("gevent.baseserver:BaseServer", "closed", "26.9.0")
# Of Twisted's `start_response`, a method of `twisted.web.wsgi._WSGIResponse` (22.10 to 26.10).
TWISTED_POOL, TWISTED_THREADS, TWISTED_STOPPING = "threadpool", "threadpool.max", "joined"
# What Granian's worker logs when it stops, and the logger (2.8).
GRANIAN_LOG, GRANIAN_STOPS = "_granian.serve", "Stopping worker"

# The pools whose threads call the app: the function that each thread of an executor runs, which
# has a reference to it; and what runs when a greenlet of Eventlet's ends, a method of its pool.

_EXECUTOR = "concurrent.futures.thread:ThreadPoolExecutor"
EXECUTOR_WORKER = _entry("concurrent.futures.thread", "_worker", _PYTHON)
EXECUTOR_THREADS = _entry(_EXECUTOR, "_max_workers", _PYTHON)
EXECUTOR_STOPPING = _entry(_EXECUTOR, "_shutdown", _PYTHON)
GREENLET_EXITS = _entry("eventlet.greenthread:GreenThread", "_exit_funcs", "0.41.3")
_entry("eventlet.greenpool:GreenPool", "no_coros_running", "0.41.3")
_entry("eventlet.event:Event", "_waiters", "0.41.3")

# redis-py

_entry("redis.connection:Connection", "_connect", "5.1.0 to 8.1.0")


__all__ = [
    "APP_CONTEXT",
    "CACHED_DATA",
    "CACHED_JSON",
    "CHEROOT_READY",
    "CHEROOT_SERVER",
    "CHEROOT_THREADS",
    "CREATOR",
    "DO_CLOSE",
    "DO_TWOPHASE",
    "DRIVER",
    "DRIVER_CONNECTION",
    "ENTRIES",
    "EXECUTOR_STOPPING",
    "EXECUTOR_THREADS",
    "EXECUTOR_WORKER",
    "GET_SESSION",
    "GEVENT_CLOSED",
    "GRANIAN_LOG",
    "GRANIAN_STOPS",
    "GREENLET_EXITS",
    "HEADER_LIST",
    "INITIALIZING",
    "MACRO_CLASS",
    "MACRO_ENVIRONMENT",
    "MACRO_FUNCTION",
    "RENDER",
    "REQUEST",
    "REQUEST_CONTEXT",
    "RESET",
    "SEPARATE_CONTEXTS",
    "SESSION",
    "SHOW_WARNING",
    "SHUTTING_DOWN",
    "STATUS",
    "STATUS_CODE",
    "STREAM",
    "TEMPLATE",
    "TWISTED_POOL",
    "TWISTED_STOPPING",
    "TWISTED_THREADS",
    "WAITRESS_DISPATCHER",
    "WAITRESS_STOPPING",
    "WAITRESS_THREADS",
    "Entry",
    "rule_converters",
    "rule_parts",
    "template_module",
    "tunnel_host",
    "tunnel_port",
]

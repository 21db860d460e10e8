"""Wrap one app: its class is swapped for a subclass of the same name whose methods record.

Nothing is copied from Flask: each method passes its arguments through to the app's own class
and notes when it begins and ends. ``app.ensure_sync`` is passed by every function of the
user's that Flask calls (but for URL value preprocessors and URL defaults); which of Flask's
methods passes it there says for which stage it is called.
"""

from __future__ import annotations

import inspect
import types
import typing as t
import weakref
from collections import defaultdict
from dataclasses import replace
from sys import _getframe
from uuid import UUID

import flask
import flask.globals
import flask.views
from werkzeug.exceptions import HTTPException

from . import body, cpu, memory
from .changes import look, look_at_response, sent
from .recorder import (
    begin,
    callable_name,
    current,
    describe_error,
    end,
    fail,
    fail_open,
    fault,
    finish,
    hide_frames,
    site_of,
)
from .redact import MASK, Redactor
from .subclass import subclass_of
from .threads import observed
from .trace import (
    BEGIN,
    END,
    SHORT_CIRCUIT,
    SITE,
    SITES,
    WIDTH,
    Error,
    LiveTrace,
    Route,
    Site,
    Writer,
    clock,
    number,
)
from .wrapper import recording

#: False on Flask 3.2 and later, where the request context is the app context.
SEPARATE_CONTEXTS = "_cv_request" in vars(flask.globals)

_WSGI = number(Site("wsgi", "wsgi"))
_MIDDLEWARE = number(Site("middleware", "middleware"))
_REQUEST_CONTEXT = number(Site("request_context", "request_context"))
_NO_RULE = number(Site("url_match", "no rule"))
_SESSION_OPEN = number(Site("session_open", "session"))
_SESSION_SAVE = number(Site("session_save", "session"))
_DISPATCH = number(Site("dispatch", "dispatch_request"))
_START_RESPONSE = number(Site("start_response", "start_response"))
_MAKE_RESPONSE = number(Site("make_response", "make_response"))

# Which of Flask's methods passes a function through ensure_sync tells its stage.
_CALLERS = {
    "preprocess_request": "before_request",
    "dispatch_request": "view",
    "process_response": "after_request",
    "do_teardown_request": "teardown_request",
    "do_teardown_appcontext": "teardown_appcontext",
    "update_template_context": "context_processor",
    "handle_http_exception": "error_handler",
    "handle_user_exception": "error_handler",
    "handle_exception": "error_handler",
}

# Registries of functions that do not pass ensure_sync: stage, and the method that calls them.
_UNSYNCED = {
    "url_value_preprocessors": ("url_value_preprocessor", "preprocess_request"),
    "url_default_functions": ("url_defaults", "inject_url_defaults"),
}

# By stage: what its functions take, and what is noted of them.
_PARAMETERS = {
    "url_value_preprocessor": "endpoint, values",
    "before_request": "",
    "view": "**kwargs",
    "context_processor": "",
    "url_defaults": "endpoint, values",
    "error_handler": "error",
    "after_this_request": "response",
    "after_request": "response",
    "teardown_request": "exc",
    "teardown_appcontext": "exc",
}
_NOTES = {"view": "view_args(kwargs) if kwargs else None", "error_handler": "detail"}
_AFTER = {"before_request": "if _result is not None: answered(_writer, _step, _result)"}

# What looks at what a function changes: in g and the session, and on the response it is given.
_LOOKS = {"enter": "look(_writer, None)", "leave": "look(_writer, _step)"}
_LOOKS_AT_RESPONSE = {
    "enter": "look(_writer, None); _before = sent({last})",
    "leave": "look(_writer, _step); look_at_response(_writer, _step, _before, {last})",
}
_LOOKS_AT_ANOTHER = "if _result is not {last}: look_at_response(_writer, _step, _before, _result)"
_LOOKING: dict[str, t.Any] = {each.__name__: each for each in (look, look_at_response, sent)}

# Outermost first: asking the first takes time, which is not to be in the second.
_MEASURES: dict[str, t.Any] = {"memory": memory, "cpu": cpu}
_NO_BODY = frozenset(("204", "304"))
_USUAL = {str: "str", dict: "dict", list: "list", bytes: "bytes", type(None): "None"}
_NO_ARGS: dict[str, t.Any] = {"view_args": {}}
_NUMBERS = (int, float)
# What Werkzeug's converters make of a part of a path.
_WRITTEN = (str, UUID, *_NUMBERS)
_CACHED = 1024
_CACHED_LENGTH = 512

Environ = dict[str, t.Any]
Headers = list[tuple[str, str]]
OnStart = t.Callable[[LiveTrace, Environ], "Headers | None"]


class Found(t.NamedTuple):
    """What a function of the user's is recorded as; one of Flask's own, not at all."""

    site: Site | None
    #: Whether it is the same at each call.
    lasting: bool
    detail: dict[str, t.Any] | None = None


class Caller(t.NamedTuple):
    """One of Flask's methods that pass functions of the user's through ``ensure_sync``."""

    #: Kept, so that its id stays its own.
    code: types.CodeType
    stage: str
    #: The recorded functions, by the id of the user's, which they keep.
    functions: dict[int, t.Any]


class Instrument:
    """The wrapping of one app.

    :param prefix: what begins the paths that are not the app's.
    :param messages: keeps what requests say and how they are answered.
    :param on_response: is given each response when all hooks have had it; returns what is sent.
    :param on_start: returns headers to add to ours where a response begins.
    :param on_exception: is given the app, if it looks for a handler, the trace, each exception and
        the place of the step in which it was raised.
    :param changes: whether to look at what each function changes.
    :param measures: what to measure of each step: ``"cpu"``, ``"memory"``.
    :param answer: answers a call for such a path, or with None where it is the app's all the same.
    """

    def __init__(
        self,
        app: flask.Flask,
        *,
        redactor: Redactor,
        header: str | None,
        max_steps: int,
        ignored: t.Callable[[str | None, str], bool],
        on_ignored: t.Callable[[], None],
        on_trace: t.Callable[[LiveTrace], None],
        prefix: str,
        answer: t.Callable[[Environ, t.Any], t.Any],
        messages: t.Any,
        on_response: t.Callable[[t.Any, LiveTrace], t.Any] | None = None,
        on_start: OnStart | None = None,
        on_exception: t.Callable[..., None] | None = None,
        changes: bool = True,
        measures: t.Sequence[str] = (),
    ) -> None:
        self.original: type[flask.Flask] = type(app)
        self.redactor = redactor
        self.header = header
        self.max_steps = max_steps
        self.ignored = ignored
        self.on_ignored = on_ignored
        self.on_trace = on_trace
        self.prefix = prefix
        self.answer = answer
        self.messages = messages
        self.on_response = on_response
        self.on_exception = on_exception
        self.changes = changes
        self.on_start = on_start
        self.measures = [each for name, each in _MEASURES.items() if name in measures]
        self.reads: dict[str, t.Any] = {}
        for measure in self.measures:
            self.reads = _within(self.reads, measure.READS)
        self.owner = id(app)
        #: The beginnings of requests that are recorded as they come.
        self._plain: set[int] = set()
        self._callers: dict[int, Caller] = {}
        self._functions: dict[str, dict[int, t.Any]] = {stage: {} for stage in _PARAMETERS}
        self._sites: dict[tuple[int, str], tuple[t.Any, Site | None]] = {}
        self._routes: dict[int, Route] = {}
        self._rules: list[t.Any] = []
        self._known_rules: list[t.Any] = []
        self._statuses: dict[str, tuple[int, int | None, bool]] = {}
        self._middleware: tuple[t.Any, list[int]] = (None, [])
        self._contexts: dict[type, type] = {}
        self._interfaces: list[tuple[t.Any, type]] = []
        # A plain function stays plain, if Flask's own code is what says so.
        self._remembers = self.original.ensure_sync is flask.Flask.ensure_sync
        app.__class__ = self._subclass()
        for name, (stage, caller) in _UNSYNCED.items():
            setattr(app, name, _Functions(self, app, name, stage, caller))

    def undo(self, app: flask.Flask) -> None:
        """Give the app all that is its own back."""
        app.__class__ = self.original
        for name in _UNSYNCED:
            registry = vars(app)[name]
            if isinstance(registry, _Functions):
                registry.give_back(app)
        for interface, kind in self._interfaces:
            interface.__class__ = kind
        self._interfaces.clear()

    def called(self) -> list[str]:
        """Name the endpoints whose rules were matched so far."""
        return sorted({route.endpoint for route in list(self._routes.values())})

    # The whole call

    def start(self, app: t.Any, environ: Environ, outer: LiveTrace) -> LiveTrace | None:
        """Begin a trace, unless the request is not to be recorded."""
        try:
            # What is empty may be left out (PEP 3333).
            get = environ.get
            line = get("REQUEST_METHOD", "GET"), get("SCRIPT_NAME", ""), get("PATH_INFO", "")
            if hash(line) in self._plain:
                method, shown = line[0], line[1] + line[2]
            else:
                self._learn(app)
                named = self._line(*line)
                if named is None:
                    self.on_ignored()
                    return None
                method, shown = named
            query = get("QUERY_STRING", "")
            if query:
                query = self.redactor.query(query)
            parent = None if outer.owner is None else outer.id
            trace = LiveTrace(self.owner, method, shown, query, parent, self.max_steps)
            trace.notes[0] = self.messages.received(trace, environ)
            self.on_trace(trace)
        except Exception as error:
            fault("the beginning of a trace", error)
            return None
        return trace

    @fail_open
    def _learn(self, app: t.Any) -> None:
        """Tell what masks of the app's rules: some have secrets in their paths."""
        rules = [*app.url_map.iter_rules()]
        if rules != self._known_rules:
            self._known_rules = rules
            self.redactor.learn([rule.rule for rule in rules])
            self._plain.clear()

    def _line(self, method: str, script: str, path: str) -> tuple[str, str] | None:
        shown = _decoded(script) + _decoded(path)
        if self.ignored(None, shown):
            return None
        text = self.redactor.text
        named = text(method), text(shown)
        if named == (method, script + path) and len(shown) < _CACHED_LENGTH:
            if len(self._plain) >= _CACHED:
                self._plain.clear()
            # By its hash: what is a secret, a rule may say later.
            self._plain.add(hash((method, script, path)))
        return named

    def failed(self, trace: LiveTrace, error: BaseException) -> None:
        """End a trace with the exception that leaves the app."""
        fail(trace, 0, error)
        if trace.error_step < 0:
            self.noted(trace, error)
        else:
            trace.error = describe_error(error)
        hide_frames(error)
        self.raised(None, trace, error)
        finish(trace)

    @fail_open
    def raised(
        self, app: t.Any, trace: LiveTrace, error: BaseException, *, unhandled: bool = False
    ) -> None:
        """Tell of an exception, and of the app that looks for a handler, if it does."""
        if self.on_exception is not None:
            place = trace.error_step if unhandled else _raised_last(trace)
            self.on_exception(app, trace, error, place, unhandled=unhandled)

    @fail_open
    def noted(self, trace: LiveTrace, error: BaseException) -> None:
        """Note an exception as what went wrong with a request, and where."""
        trace.error = describe_error(error)
        trace.error_step = _raised_last(trace)

    def recorded_start_response(
        self, trace: LiveTrace, environ: Environ, start_response: t.Any
    ) -> t.Any:
        """Record when and with what the app calls the server's ``start_response``."""
        header = self.header
        on_start = self.on_start
        statuses = self._statuses
        answered = self.messages.answered

        def recorded(status: str, headers: Headers, *args: t.Any) -> t.Any:
            __tracebackhide__ = True
            log = trace.log
            step = len(log)
            log += (_START_RESPONSE, trace.current, clock(), 0.0)
            try:
                site, code, streamed = statuses.get(status) or self._status(status)
                log[step] = site
                trace.notes[step] = answered(trace, status, headers)
                if code is not None:
                    trace.status = code
                if streamed:
                    for name, _ in headers:
                        if name == "Content-Length" or name.lower() == "content-length":
                            streamed = False
                            break
                trace.streamed = streamed
                if header is not None:
                    headers = [*headers, (header, trace.id)]
                    if on_start is not None:
                        headers += on_start(trace, environ) or ()
            except Exception as error:
                # What is no status or no headers is for the server to say.
                fault("the start of a response", error)
            try:
                return start_response(status, headers, *args)
            except BaseException as error:
                trace.notes[~step] = describe_error(error)
                raise
            finally:
                log[step + END] = clock()

        return recorded

    def _status(self, status: str) -> tuple[int, int | None, bool]:
        code = int(status[:3]) if status[:3].isdigit() else None
        site = number(Site("start_response", _status_name(status)))
        made = site, code, status[:3] not in _NO_BODY
        if len(self._statuses) < _CACHED:
            self._statuses[status] = made
        return made

    # Middleware

    def run_middleware(self, app: t.Any, environ: Environ, start_response: t.Any) -> t.Any:
        """Call ``app.wsgi_app``, with a step for each middleware that stands around it.

        Only the outermost one's own begin and end can be seen; the others are marked
        ``untimed``.
        """
        __tracebackhide__ = True
        trace = current.get()

        steps: list[int] = []
        for site in self._middleware_sites(app) or ():
            step = begin(trace, site)
            if steps:
                trace.log[step + BEGIN] = trace.log[steps[0] + BEGIN]
                trace.notes[step] = {"untimed": True}
            steps.append(step)
        try:
            result = app.wsgi_app(environ, start_response)
        except BaseException as error:
            for step in reversed(steps):
                fail(trace, step, error)
            raise
        for step in reversed(steps):
            end(trace, step)
        return result

    @fail_open
    def _middleware_sites(self, app: t.Any) -> list[int]:
        outermost = app.__dict__["wsgi_app"]
        known, sites = self._middleware
        if known is not outermost:
            found = [self._site(layer, "middleware") for layer in middleware_of(app)]
            sites = [number(site) if site else _MIDDLEWARE for site in found]
            self._middleware = (outermost, sites)
        return sites

    # Functions of the user's

    @fail_open
    def caller(self, code: t.Any) -> Caller | None:
        """Tell for which stage some code passes functions through ``ensure_sync``."""
        name = code.co_name
        if name not in _CALLERS:
            return None
        # Others have methods of these names too, such as MethodView.dispatch_request.
        is_app = any(
            getattr(inspect.unwrap(vars(kind)[name]), "__code__", None) is code
            for kind in self.original.__mro__
            if name in vars(kind)
        )
        if not is_app:
            return None
        stage = _CALLERS[name]
        known = self._callers[id(code)] = Caller(code, stage, self._functions[stage])
        return known

    def _site(self, func: t.Any, stage: str) -> Site | None:
        key = (id(func), stage)
        known = self._sites.get(key)
        if known is None:
            # The function is kept beside its site, so that its id stays its own.
            known = self._sites[key] = (func, self._make_site(func, stage))
        return known[1]

    @fail_open
    def _make_site(self, func: t.Any, stage: str) -> Site | None:
        return site_of(stage, func)

    @fail_open
    def function(
        self,
        app: t.Any,
        writer: Writer,
        stage: str,
        functions: dict[int, t.Any],
        func: t.Any,
        run: t.Any,
    ) -> t.Any:
        """Return ``run``, recorded as a step, or None; ``func`` is what the user wrote.

        :param functions: where it is remembered, if it is the same at each call.
        """
        found = self._resolve(app, writer, stage, func)
        if found is None:
            return None

        step = run if found.site is None else self._wrapped(found.site, found.detail, run)
        if found.lasting and self._remembers and run is func:
            functions[id(func)] = step
        return step

    def _wrapped(self, site: Site, detail: dict[str, t.Any] | None, run: t.Any) -> t.Any:
        stage = site.stage
        after = _AFTER.get(stage, "")
        looks: dict[str, t.Any] = {}
        if self.changes:
            looks = {**_LOOKS, **_LOOKING}
            if stage in ("after_request", "after_this_request"):
                looks.update(_LOOKS_AT_RESPONSE)
                after = _LOOKS_AT_ANOTHER
        return recording(
            run,
            number(site),
            name="step_of_user",
            unless="_writer.owner is not _owner",
            _owner=self.owner,
            parameters=_PARAMETERS.get(stage, "*args, **kwargs"),
            note=_NOTES.get(stage, ""),
            after=after,
            detail=detail,
            view_args=self._view_args,
            answered=_answered,
            **_within(looks, self.reads),
        )

    @fail_open
    def _resolve(self, app: t.Any, writer: Writer, stage: str, func: t.Any) -> Found | None:
        if stage == "context_processor" and getattr(func, "__module__", "") == "flask.templating":
            return Found(None, lasting=True)

        if stage == "after_request" and not _scopes(app.after_request_funcs, func):
            return Found(site_of("after_this_request", func, "app"), lasting=False)

        site = self._site(func, stage)
        if site is None:
            return None

        if stage == "view":
            return self._view(app, writer.trace, func, site)
        if stage == "error_handler":
            return self._error_handler(app, writer.trace, func, site)

        scopes = _scopes(_registry(app, stage), func)
        scope = self._scope(writer, site, scopes)
        return Found(replace(site, scope=scope or "app"), lasting=len(scopes) == 1)

    def _error_handler(self, app: t.Any, trace: LiveTrace, func: t.Any, site: Site) -> Found:
        found = [
            (name, str(code) if code is not None else kind.__name__)
            for name in (*reversed(trace.blueprints), None, *app.error_handler_spec)
            for code, by_class in app.error_handler_spec.get(name, {}).items()
            for kind, handler in by_class.items()
            if handler is func
        ]
        scope, handled = found[0] if found else (None, "")
        # One that is registered twice may serve for either.
        lasting = len(found) == 1
        return Found(replace(site, scope=scope or "app"), lasting, {"for": handled})

    def _view(self, app: t.Any, trace: LiveTrace, func: t.Any, site: Site) -> Found:
        scope = trace.blueprints[-1] if trace.blueprints else "app"
        view_class = getattr(func, "view_class", None)
        if view_class is None:
            endpoints = sum(1 for view in app.view_functions.values() if view is func)
            return Found(replace(site, scope=scope), lasting=endpoints == 1)

        method = getattr(view_class, trace.method.lower(), None) or (
            getattr(view_class, "get", None) if trace.method == "HEAD" else None
        )
        if method is None:
            method = view_class.dispatch_request
        name = f"{view_class.__name__}.{method.__name__}"
        source = site_of("view", method).source
        return Found(Site("view", name, callable_name(method), source, scope), lasting=False)

    def _scope(self, writer: Writer, site: Site, scopes: list[str | None]) -> str | None:
        if len(scopes) > 1:
            # Registered at several levels: Flask calls it once for each, in its own order.
            order = [None, *writer.trace.blueprints]
            if site.stage in ("after_request", "teardown_request"):
                order.reverse()
            scopes = [name for name in order if name in scopes]
            sites = [SITES[each] for each in writer.log[SITE::WIDTH]]
            made = sum(
                1 for each in sites if each.stage == site.stage and each.callable == site.callable
            )
            scopes = scopes[made % len(scopes) :] if scopes else [None]
        return scopes[0] if scopes else None

    @fail_open
    def _view_args(self, kwargs: dict[str, t.Any]) -> dict[str, t.Any]:
        return {"args": self._args(kwargs)}

    def _args(self, args: dict[str, t.Any]) -> dict[str, t.Any]:
        named = self.redactor.named
        return {
            name: named(name, str(value) if type(value) in _NUMBERS else value)
            for name, value in args.items()
        }

    # Contexts

    @fail_open
    def _adopt(self, context: t.Any) -> None:
        """Make a context record its push, match and pop, by a subclass of its own class."""
        kind = type(context)
        if kind not in self._contexts.values():
            recorded = self._context_class(kind)
            context.__class__ = recorded
            self._contexts[kind] = recorded

    def _context_class(self, base: t.Any) -> type:
        is_request = hasattr(base, "match_request")
        kind = "request_context" if is_request and SEPARATE_CONTEXTS else "app_context"
        made = subclass_of(base)
        # As late as the request is surely there.
        look = {"before": "parsed(_writer.trace, vars(self))", "parsed": self.messages.parsed}
        pop = look if is_request else {}
        if kind == "app_context":
            pop = {**pop, "leave": "_writer.seen.pop(self, None)"}
        for name, more in (("push", {}), ("pop", pop)):
            site = number(Site(f"{kind}_{name}", base.__name__))
            setattr(made, name, self._method(base, name, site, **more))
        if is_request:
            made.match_request = self._method(
                base,
                "match_request",
                _NO_RULE,
                after="matched(self.request, _writer, _step)",
                matched=self._matched,
            )
        return t.cast("type", made)

    def _method(self, base: type, name: str, site: int, **more: t.Any) -> t.Any:
        """Record a method of Flask's in the requests of this app."""
        return recording(
            getattr(base, name),
            site,
            name=name,
            unless="_writer.owner is not _owner",
            _owner=self.owner,
            **_within(more, self.reads),
        )

    def _matched(self, request: t.Any, writer: Writer, step: int) -> None:
        try:
            trace = writer.trace
            trace.request_id = trace.request_id or id(request)
            rule = request.url_rule
            if rule is not None:
                route = self._routes.get(id(rule)) or self._route(rule)
                writer.log[step + SITE] = route.match
                trace.route = route
                args = request.view_args
                writer.notes[step] = {"view_args": self._args(args)} if args else _NO_ARGS
                for name, value in (args or {}).items():
                    if type(value) in _WRITTEN and self.redactor.is_secret(name):
                        trace.path = trace.path.replace(str(value) or MASK, MASK)
            if request.routing_exception is not None:
                writer.notes[~step] = describe_error(request.routing_exception)
        except Exception as error:
            fault("the match", error)

    def _route(self, rule: t.Any) -> Route:
        parts = rule.endpoint.split(".")[:-1]
        # Kept, so that its id stays its own.
        self._rules.append(rule)
        route = self._routes[id(rule)] = Route(
            rule.rule,
            number(Site("url_match", rule.rule)),
            rule.endpoint,
            tuple(".".join(parts[: count + 1]) for count in range(len(parts))),
            self.ignored(rule.endpoint, ""),
        )
        return route

    @fail_open
    def _watch_session(self, interface: t.Any) -> None:
        """Make a session interface record what Flask has it open and save."""
        kind = type(interface)
        try:
            interface.__class__ = _session_class(kind)
        except TypeError:
            return
        self._interfaces.append((interface, kind))

    # The app's class

    def _subclass(self) -> type[flask.Flask]:
        base: t.Any = self.original
        instrument = self
        owner = self.owner
        answer = self.answer
        prefix = self.prefix
        start = self.start
        callers = self._callers
        contexts = self._contexts
        run_middleware = self.run_middleware
        recorded_start_response = self.recorded_start_response
        recorded_body = body.recorded
        preview = self.messages.sent
        base_wsgi_app = base.wsgi_app
        base_ensure_sync = base.ensure_sync
        in_views = vars(flask.views)

        measures = self.measures

        def record(self: t.Any, environ: Environ, start_response: t.Any, run: t.Any) -> t.Any:
            __tracebackhide__ = True
            begun = [(each.end, each.begin()) for each in measures] if measures else ()
            outer = current.get()
            trace = start(self, environ, outer)
            if trace is None:
                return run(self, environ, start_response)
            current.set(trace)
            trace.log += (_WSGI, -1, trace.origin, 0.0)
            trace.current = 0
            try:
                result = run(self, environ, recorded_start_response(trace, environ, start_response))
            except BaseException as error:
                instrument.failed(trace, error)
                raise
            finally:
                current.set(outer)
                for measured, value in reversed(begun):
                    measured(trace, 0, value)
            trace.log[END] = clock()
            trace.current = -1
            return recorded_body(trace, result, environ, preview())

        def __call__(self: t.Any, environ: Environ, start_response: t.Any) -> t.Any:
            __tracebackhide__ = True
            if environ.get("PATH_INFO", "").startswith(prefix):
                answered = answer(environ, start_response)
                if answered is not None:
                    return answered
            wrapped = "wsgi_app" in self.__dict__
            run = run_middleware if wrapped else base_wsgi_app
            return record(self, environ, start_response, run)

        def wsgi_app(self: t.Any, environ: Environ, start_response: t.Any) -> t.Any:
            __tracebackhide__ = True
            writer = current.get()
            if writer.owner is owner and _is_outside(writer):
                return base_wsgi_app(self, environ, start_response)
            return record(self, environ, start_response, base_wsgi_app)

        def app_context(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            context = base.app_context(self, *args, **kwargs)
            if current.get().owner is owner:
                kind = contexts.get(type(context))
                if kind is None:
                    instrument._adopt(context)
                else:
                    context.__class__ = kind
            return context

        def handle_exception(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            writer = current.get()
            if writer.owner is owner and args:
                hide_frames(args[-1])
                instrument.noted(writer.trace, args[-1])
            result = base.handle_exception(self, *args, **kwargs)
            if writer.owner is owner and args:
                # It did not go on: Flask looked for a handler of a server error.
                instrument.raised(self, writer.trace, args[-1], unhandled=True)
            return result

        def handle_user_exception(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            writer = current.get()
            if writer.owner is owner and args:
                hide_frames(args[-1])
                instrument.raised(self, writer.trace, args[-1])
                answer = base.handle_user_exception(self, *args, **kwargs)
                writer.trace.unhandled = answer is args[-1]
                return answer
            return base.handle_user_exception(self, *args, **kwargs)

        on_response = self.on_response

        def process_response(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            response = base.process_response(self, *args, **kwargs)
            trace = current.get()
            if trace.owner is owner and on_response is not None:
                sent = on_response(response, trace)
                return response if sent is None else sent
            return response

        def ensure_sync(self: t.Any, func: t.Any) -> t.Any:
            frame = _getframe(1)
            code = frame.f_code
            caller = callers.get(id(code))
            if caller is not None:
                # Where this app's requests are not recorded, it records nothing.
                step = caller.functions.get(id(func))
                if step is not None:
                    return step
            writer = current.get()
            if writer.owner is not owner:
                return base_ensure_sync(self, func)
            caller = caller or instrument.caller(code)
            if caller is None:
                # The methods of a class-based view are part of its step.
                if frame.f_globals is in_views and inspect.iscoroutinefunction(func):
                    func = observed(func, writer) or func
                return base_ensure_sync(self, func)
            is_async = inspect.iscoroutinefunction(func)
            run = base_ensure_sync(self, (observed(func, writer) or func) if is_async else func)
            step = instrument.function(self, writer, caller.stage, caller.functions, func, run)
            return run if step is None else step

        subclass = subclass_of(base)
        subclass.request_context = self._method(
            base,
            "request_context",
            _REQUEST_CONTEXT,
            before="if type(self.session_interface) not in kinds: watch(self.session_interface)",
            kinds=_session_kinds,
            watch=self._watch_session,
            after=(
                "kind = contexts.get(type(_result))\n"
                "    if kind is None: adopt(_result)\n"
                "    else: _result.__class__ = kind"
            ),
            contexts=self._contexts,
            adopt=self._adopt,
        )
        subclass.dispatch_request = self._method(base, "dispatch_request", _DISPATCH)
        subclass.make_response = self._method(
            base,
            "make_response",
            _MAKE_RESPONSE,
            note="(usual(type({argument})) or returned({argument}),)",
            after="_writer.notes[_step] += (type(_result).__name__,)",
            usual=_USUAL.get,
            returned=returned,
        )
        if on_response is not None:
            subclass.process_response = process_response
        for method in (
            __call__,
            wsgi_app,
            app_context,
            handle_exception,
            handle_user_exception,
            ensure_sync,
        ):
            setattr(subclass, method.__name__, method)
        return t.cast("type[flask.Flask]", subclass)


_session_classes: dict[type, type] = {}
_session_kinds: set[type] = set()


def _session_class(base: t.Any) -> type:
    """Make the class of a session interface that records what is opened and saved."""
    known = _session_classes.get(base)
    if known is not None:
        return known

    made = subclass_of(base)
    for name, site, looks in (
        ("open_session", _SESSION_OPEN, _LOOKS),
        ("save_session", _SESSION_SAVE, _LOOKS_AT_RESPONSE),
    ):
        method = recording(
            getattr(base, name),
            site,
            name=name,
            # One interface may serve several apps: Flask's default one is the class's own.
            unless="_writer.owner != id({argument})",
            **_within(_within({**looks, **_LOOKING}, memory.READS_FOR_SOME), cpu.READS_FOR_SOME),
        )
        setattr(made, name, method)
    _session_classes[base] = made
    _session_kinds.add(made)
    return t.cast("type", made)


class _Functions(defaultdict[t.Any, list[t.Any]]):
    """A registry whose functions do not pass ``ensure_sync``: recorded while Flask calls them."""

    def __init__(
        self, instrument: Instrument, app: t.Any, name: str, stage: str, caller: str
    ) -> None:
        own = vars(app)[name]
        super().__init__(list, own)
        self._instrument = instrument
        self._app = weakref.ref(app)
        self._name = name
        self._own = own
        self._stage = stage
        self._caller = caller
        self._recorded: dict[int, t.Any] = {}

    def give_back(self, app: t.Any) -> None:
        """Put the app's own registry back, with what was registered since."""
        self._own.update(self)
        setattr(app, self._name, self._own)

    def __getitem__(self, scope: t.Any) -> list[t.Any]:
        functions = super().__getitem__(scope)
        writer = current.get()
        if (
            writer.owner is not self._instrument.owner
            or _getframe(1).f_code.co_name != self._caller
        ):
            return functions
        known = self._recorded
        return [known.get(id(each)) or self._record(writer, each) for each in functions]

    def _record(self, writer: Writer, func: t.Any) -> t.Any:
        app = self._app()
        step = self._instrument.function(app, writer, self._stage, self._recorded, func, func)
        return func if step is None else step


def middleware_of(app: t.Any) -> list[t.Any]:
    """List what stands around ``wsgi_app``, outermost first, as far as it can be told.

    A middleware that keeps what it wraps in an attribute of its own can be looked through
    (Werkzeug's keep it in ``app``, others in ``wsgi_app`` or ``application``).
    """
    chain: list[t.Any] = []
    layer = app.__dict__.get("wsgi_app")

    while layer is not None and len(chain) < 32:
        if isinstance(getattr(layer, "__self__", None), flask.Flask):
            break
        chain.append(layer)
        held = getattr(layer, "__dict__", {})
        layer = held.get("app") or held.get("wsgi_app") or held.get("application")

    return chain


def _within(outer: dict[str, t.Any], inner: dict[str, t.Any]) -> dict[str, t.Any]:
    """Let a recorded function do the one around the other."""
    enter = [each["enter"] for each in (outer, inner) if "enter" in each]
    leave = [each["leave"] for each in (inner, outer) if "leave" in each]
    return {**outer, **inner, "enter": "; ".join(enter), "leave": "; ".join(leave)}


@fail_open
def _answered(writer: Writer, step: int, result: t.Any) -> None:
    writer.notes[~step] = SHORT_CIRCUIT
    writer.notes[step] = {"returned": returned(result)}


def returned(value: t.Any) -> str:
    """Say what a view or hook returned, by types and status alone."""
    return _USUAL.get(type(value)) or _returned(value) or type(value).__name__


@fail_open
def _returned(value: t.Any) -> str:
    if isinstance(value, tuple) and 2 <= len(value) <= 3:
        return f"({', '.join(_part(each) for each in value)})"
    if isinstance(value, HTTPException):
        return type(value).__name__
    status = vars(value).get("_status_code") if hasattr(value, "__dict__") else None
    return f"{type(value).__name__} {status}" if isinstance(status, int) else _part(value)


def _part(value: t.Any) -> str:
    if type(value) is int:
        return str(value)
    return "None" if value is None else type(value).__name__


def _is_outside(writer: Writer) -> bool:
    """Tell whether the call is still on its way to Flask's own ``wsgi_app``."""
    step = writer.current
    return step >= 0 and SITES[writer.log[step + SITE]].stage in ("wsgi", "middleware")


def _raised_last(writer: Writer) -> int:
    """Find the innermost step that the exception left: the one that began last."""
    notes = writer.notes
    raised = [~key for key, note in notes.items() if key < 0 and isinstance(note, Error)]
    return max(raised, default=-1)


def _registry(app: t.Any, stage: str) -> dict[str | None, list[t.Any]]:
    if stage == "teardown_appcontext":
        return {None: app.teardown_appcontext_funcs}
    name = {
        "url_value_preprocessor": "url_value_preprocessors",
        "url_defaults": "url_default_functions",
        "context_processor": "template_context_processors",
    }.get(stage, f"{stage}_funcs")
    return t.cast("dict[str | None, list[t.Any]]", app.__dict__.get(name, {}))


def _scopes(registry: dict[str | None, list[t.Any]], func: t.Any) -> list[str | None]:
    """List who registered a function."""
    return [name for name in registry if any(func is each for each in registry[name])]


def _status_name(status: str) -> str:
    code, _, reason = status.partition(" ")
    return f"{code} {reason if reason == 'OK' else reason.title()}".strip()


def _decoded(value: str) -> str:
    # WSGI hands bytes over as Latin-1 (PEP 3333).
    return value.encode("latin-1", "replace").decode("utf-8", "replace")


__all__ = ["SEPARATE_CONTEXTS", "Instrument", "middleware_of", "returned"]

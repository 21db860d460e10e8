"""Wrap one app: its class is swapped for a subclass of the same name whose methods record.

Nothing is copied from Flask: each method passes its arguments through to the app's own class
and notes when it begins and ends. ``app.ensure_sync`` is passed by every function of the
user's that Flask calls (but for URL value preprocessors and URL defaults); the methods around
it set the trace's phase, which says for which stage it is called.
"""

from __future__ import annotations

import typing as t

import flask
import flask.globals
from werkzeug.exceptions import HTTPException

from . import body
from .recorder import (
    begin,
    call,
    callable_name,
    current,
    describe_error,
    end,
    fail,
    fail_open,
    hide_frames,
    site_of,
)
from .redact import Redactor
from .subclass import subclass_of
from .trace import LiveStep, LiveTrace, Site

#: False on Flask 3.2 and later, where the request context is the app context.
SEPARATE_CONTEXTS = "_cv_request" in vars(flask.globals)

_request_var: t.Any = vars(flask.globals)["_cv_request" if SEPARATE_CONTEXTS else "_cv_app"]

_PUSH = "push"

_REQUEST_CONTEXT = Site("request_context", "request_context")
_URL_MATCH = Site("url_match", "no rule")
_SESSION_OPEN = Site("session_open", "session")
_SESSION_SAVE = Site("session_save", "session")
_DISPATCH = Site("dispatch", "dispatch_request")
_MAKE_RESPONSE = Site("make_response", "make_response")
_START_RESPONSE = Site("start_response", "start_response")

Environ = dict[str, t.Any]
Call = t.Callable[[t.Any, Environ, t.Any], t.Any]


class Instrument:
    """The wrapping of one app.

    :param around: is called in place of ``app.__call__`` as ``around(app, environ,
        start_response)`` with what :meth:`record_call` needs.
    """

    def __init__(
        self,
        app: flask.Flask,
        *,
        redactor: Redactor,
        header: str | None,
        max_steps: int,
        ignored: t.Callable[[str | None, str], bool],
        on_trace: t.Callable[[LiveTrace], None],
        answer: t.Callable[[Environ, t.Any], t.Any],
    ) -> None:
        self.original: type[flask.Flask] = type(app)
        self.redactor = redactor
        self.header = header
        self.max_steps = max_steps
        self.ignored = ignored
        self.on_trace = on_trace
        self.answer = answer
        self._sites: dict[tuple[int, str], tuple[t.Any, Site | None]] = {}
        self._context_classes: dict[type, type] = {}
        app.__class__ = self._subclass()

    def undo(self, app: flask.Flask) -> None:
        """Give the app its own class back."""
        app.__class__ = self.original

    # The whole call

    def record_call(
        self, app: t.Any, environ: Environ, start_response: t.Any, run: t.Callable[..., t.Any]
    ) -> t.Any:
        """Run one WSGI call as a trace of its own."""
        __tracebackhide__ = True
        outer = current.get()
        trace = self._start(app, environ, outer)
        if trace is None:
            return run(environ, start_response)

        token = current.set(trace)
        step = begin(trace, Site("wsgi", "wsgi"))
        try:
            result = run(environ, self._recorded_start_response(trace, start_response))
        except BaseException as error:
            fail(trace, step, error)
            trace.error = describe_error(error)
            trace.error_step = trace.error_step or _raised_last(trace)
            trace.duration = trace.elapsed()
            hide_frames(error)
            raise
        else:
            end(trace, step)
            return body.recorded(trace, result, environ)
        finally:
            current.reset(token)

    @fail_open
    def _start(self, app: t.Any, environ: Environ, outer: LiveTrace | None) -> LiveTrace | None:
        path = _decoded(environ.get("SCRIPT_NAME", "")) + _decoded(environ.get("PATH_INFO", ""))
        if self.ignored(None, path):
            return None

        trace = LiveTrace(
            owner=id(app),
            method=self.redactor.text(environ.get("REQUEST_METHOD", "GET")),
            path=self.redactor.text(path),
            query=self.redactor.query(environ.get("QUERY_STRING", "")),
            parent=outer.id if outer is not None else None,
            max_steps=self.max_steps,
        )
        self.on_trace(trace)
        return trace

    def _recorded_start_response(self, trace: LiveTrace, start_response: t.Any) -> t.Any:
        header = self.header

        def recorded(status: str, headers: list[tuple[str, str]], *args: t.Any) -> t.Any:
            __tracebackhide__ = True
            step = begin(trace, _START_RESPONSE.named(_status_name(status)))
            step.detail = {"headers": len(headers)}
            if status[:3].isdigit():
                trace.status = int(status[:3])
            if header is not None:
                headers = [*headers, (header, trace.id)]
            try:
                result = start_response(status, headers, *args)
            except BaseException as error:
                fail(trace, step, error)
                raise
            end(trace, step)
            return result

        return recorded

    # Middleware

    def run_middleware(self, app: t.Any, environ: Environ, start_response: t.Any) -> t.Any:
        """Call ``app.wsgi_app``, with a step for each middleware that stands around it.

        Only the outermost one's own begin and end can be seen; the others are marked
        ``untimed``.
        """
        __tracebackhide__ = True
        trace = current.get()
        chain = middleware_of(app) if trace is not None else []
        if not chain or trace is None:
            return app.wsgi_app(environ, start_response)

        steps: list[LiveStep] = []
        for layer in chain:
            step = begin(trace, self._site(layer, "middleware") or _DISPATCH)
            if steps:
                step.begin = steps[0].begin
                step.detail = {"untimed": True}
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

    # Functions of the user's

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

    def recorded(self, app: t.Any, trace: LiveTrace, stage: str, func: t.Any, run: t.Any) -> t.Any:
        """Return ``run``, recorded as a step; ``func`` is what the user wrote."""
        site = self._resolve(app, trace, stage, func)
        if site is None:
            return run

        def step_of_user(*args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            phase = trace.phase
            trace.phase = None
            step = begin(trace, site)
            if stage == "view" and kwargs:
                self._view_args(step, kwargs)
            elif stage == "error_handler":
                self._handled(app, trace, step, func)
            try:
                result = run(*args, **kwargs)
            except BaseException as error:
                fail(trace, step, error)
                raise
            finally:
                trace.phase = phase
            if stage == "before_request" and result is not None:
                step.detail = {"returned": returned(result)}
                end(trace, step, "short_circuit")
            else:
                end(trace, step)
            return result

        return step_of_user

    @fail_open
    def _resolve(self, app: t.Any, trace: LiveTrace, stage: str, func: t.Any) -> Site | None:
        if stage == "context_processor" and getattr(func, "__module__", "") == "flask.templating":
            return None

        if stage == "after_request":
            pending = getattr(_request_var.get(None), "_after_request_functions", ())
            if any(func is each for each in pending) and not _registered(
                app.after_request_funcs, func
            ):
                return site_of("after_this_request", func, "app")

        site = self._site(func, stage)
        if site is None:
            return None

        if stage == "view":
            return self._view_site(trace, func, site)

        return _scoped(site, self._scope(app, trace, stage, func))

    def _view_site(self, trace: LiveTrace, func: t.Any, site: Site) -> Site:
        scope = trace.blueprints[-1] if trace.blueprints else "app"
        view_class = getattr(func, "view_class", None)
        if view_class is None:
            return _scoped(site, scope)

        method = getattr(view_class, trace.method.lower(), None) or (
            getattr(view_class, "get", None) if trace.method == "HEAD" else None
        )
        if method is None:
            method = view_class.dispatch_request
        return Site(
            "view",
            f"{view_class.__name__}.{method.__name__}",
            callable_name(method),
            site_of("view", method).source,
            scope,
        )

    def _scope(self, app: t.Any, trace: LiveTrace, stage: str, func: t.Any) -> str | None:
        if stage == "teardown_appcontext":
            return "app"
        if stage == "error_handler":
            registry = {
                name: [each for by_class in codes.values() for each in by_class.values()]
                for name, codes in app.error_handler_spec.items()
            }
        else:
            registry = _registry(app, stage)

        scopes = [name for name in registry if any(func is each for each in registry[name])]
        if len(scopes) > 1:
            # Registered at several levels: Flask calls it once for each, in its own order.
            order = [None, *trace.blueprints]
            if stage in ("after_request", "teardown_request"):
                order.reverse()
            scopes = [name for name in order if name in scopes]
            site = self._site(func, stage)
            made = sum(
                1
                for step in trace.steps
                if site is not None
                and step.site.stage == stage
                and step.site.callable == site.callable
            )
            scopes = scopes[made % len(scopes) :] if scopes else [None]

        return (scopes[0] if scopes else None) or "app"

    @fail_open
    def _view_args(self, step: LiveStep, kwargs: dict[str, t.Any]) -> None:
        step.detail = {
            "args": {
                name: str(value)
                if type(value) in (int, float)
                else self.redactor.named(name, value)
                for name, value in kwargs.items()
            }
        }

    @fail_open
    def _handled(self, app: t.Any, trace: LiveTrace, step: LiveStep, func: t.Any) -> None:
        for name in (*reversed(trace.blueprints), None):
            for code, by_class in app.error_handler_spec.get(name, {}).items():
                for kind, handler in by_class.items():
                    if handler is func:
                        step.detail = {"for": str(code) if code is not None else kind.__name__}
                        return

    # Contexts

    def adopt(self, context: t.Any) -> t.Any:
        """Make a context record its push, match and pop, by a subclass of its own class."""
        kind = type(context)
        recorded = self._context_classes.get(kind)
        if recorded is None:
            if kind in self._context_classes.values():
                return context
            recorded = self._context_classes[kind] = self._context_class(kind)
        try:
            context.__class__ = recorded
        except TypeError:
            pass
        return context

    def _context_class(self, base: t.Any) -> type:
        is_request = hasattr(base, "match_request")
        kind = "request_context" if is_request and SEPARATE_CONTEXTS else "app_context"
        push_site = Site(f"{kind}_push", base.__name__)
        pop_site = Site(f"{kind}_pop", base.__name__)
        instrument = self
        phase = _PUSH if is_request else None

        def push(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            trace = _trace_of(self.app)
            if trace is None:
                return base.push(self, *args, **kwargs)
            return call(trace, push_site, phase, base.push, self, *args, **kwargs)

        def pop(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            trace = _trace_of(self.app)
            if trace is None:
                return base.pop(self, *args, **kwargs)
            return call(trace, pop_site, None, base.pop, self, *args, **kwargs)

        def match_request(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            trace = _trace_of(self.app)
            if trace is None:
                return base.match_request(self, *args, **kwargs)
            phase = trace.phase
            trace.phase = None
            step = begin(trace, _URL_MATCH)
            try:
                result = base.match_request(self, *args, **kwargs)
            except BaseException as error:
                fail(trace, step, error)
                raise
            finally:
                trace.phase = phase
            end(trace, step)
            instrument._matched(self, trace, step)
            return result

        recorded = subclass_of(base)
        members: list[t.Any] = [push, pop, match_request] if is_request else [push, pop]
        for method in members:
            setattr(recorded, method.__name__, method)
        return t.cast("type", recorded)

    @fail_open
    def _matched(self, context: t.Any, trace: LiveTrace, step: LiveStep) -> None:
        request = context.request
        error = request.routing_exception
        rule = request.url_rule

        if rule is not None:
            step.site = Site("url_match", rule.rule)
            step.detail = {"view_args": self.redactor.value(dict(request.view_args or {}))}
            trace.url_rule = rule.rule
            trace.endpoint = rule.endpoint
            trace.blueprints = tuple(reversed(request.blueprints))
            if self.ignored(rule.endpoint, ""):
                trace.hidden = True
        if error is not None:
            step.outcome = "raised"
            step.error = describe_error(error)

    # The app's class

    def _subclass(self) -> type[flask.Flask]:
        base: t.Any = self.original
        instrument = self

        def __call__(self: t.Any, environ: Environ, start_response: t.Any) -> t.Any:
            __tracebackhide__ = True
            answer = instrument.answer(environ, start_response)
            if answer is not None:
                return answer
            return instrument.record_call(
                self,
                environ,
                start_response,
                lambda env, start: instrument.run_middleware(self, env, start),
            )

        def wsgi_app(self: t.Any, environ: Environ, start_response: t.Any) -> t.Any:
            __tracebackhide__ = True
            trace = _trace_of(self)
            if trace is not None and _innermost(trace) in ("wsgi", "middleware"):
                return base.wsgi_app(self, environ, start_response)
            return instrument.record_call(
                self, environ, start_response, lambda env, start: base.wsgi_app(self, env, start)
            )

        def request_context(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            trace = _trace_of(self)
            if trace is None:
                return base.request_context(self, *args, **kwargs)
            context = call(
                trace, _REQUEST_CONTEXT, None, base.request_context, self, *args, **kwargs
            )
            return instrument.adopt(context)

        def app_context(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            context = base.app_context(self, *args, **kwargs)
            return context if _trace_of(self) is None else instrument.adopt(context)

        def dispatch_request(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            trace = _trace_of(self)
            if trace is None:
                return base.dispatch_request(self, *args, **kwargs)
            site = Site("dispatch", trace.endpoint or "dispatch_request")
            return call(trace, site, "view", base.dispatch_request, self, *args, **kwargs)

        def make_response(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            trace = _trace_of(self)
            if trace is None:
                return base.make_response(self, *args, **kwargs)
            phase = trace.phase
            trace.phase = None
            step = begin(trace, _MAKE_RESPONSE)
            step.detail = {"from": returned(args[0] if args else None)}
            try:
                response = base.make_response(self, *args, **kwargs)
            except BaseException as error:
                fail(trace, step, error)
                raise
            finally:
                trace.phase = phase
            end(trace, step)
            step.detail["to"] = type(response).__name__
            return response

        def process_response(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            trace = _trace_of(self)
            if trace is None:
                return base.process_response(self, *args, **kwargs)
            response = _in_phase(
                trace, "after_request", base.process_response, self, *args, **kwargs
            )
            trace.streamed = bool(
                getattr(response, "is_streamed", False) and "Content-Length" not in response.headers
            )
            return response

        def handle_exception(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            trace = _trace_of(self)
            if trace is None:
                return base.handle_exception(self, *args, **kwargs)
            error = args[-1]
            if isinstance(error, BaseException):
                hide_frames(error)
                trace.error = describe_error(error)
                trace.error_step = _raised_last(trace)
            return _in_phase(trace, "error_handler", base.handle_exception, self, *args, **kwargs)

        def handle_user_exception(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            trace = _trace_of(self)
            if trace is None:
                return base.handle_user_exception(self, *args, **kwargs)
            if isinstance(args[-1], BaseException):
                hide_frames(args[-1])
            return _in_phase(
                trace, "error_handler", base.handle_user_exception, self, *args, **kwargs
            )

        def ensure_sync(self: t.Any, func: t.Any) -> t.Any:
            trace = _trace_of(self)
            stage = trace.phase if trace is not None else None
            if trace is None or stage is None or stage is _PUSH:
                return base.ensure_sync(self, func)
            run = base.ensure_sync(self, func)
            return instrument.recorded(self, trace, stage, func, run)

        def _phased(name: str, phase: str) -> t.Any:
            method = getattr(base, name)

            def phased(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
                __tracebackhide__ = True
                trace = _trace_of(self)
                if trace is None:
                    return method(self, *args, **kwargs)
                return _in_phase(trace, phase, method, self, *args, **kwargs)

            phased.__name__ = name
            return phased

        subclass = subclass_of(base)
        for method in (
            __call__,
            wsgi_app,
            request_context,
            app_context,
            dispatch_request,
            make_response,
            process_response,
            handle_exception,
            handle_user_exception,
            ensure_sync,
            _phased("preprocess_request", "before_request"),
            _phased("do_teardown_request", "teardown_request"),
            _phased("do_teardown_appcontext", "teardown_appcontext"),
            _phased("update_template_context", "context_processor"),
            _phased("inject_url_defaults", "url_defaults"),
        ):
            setattr(subclass, method.__name__, method)
        for attribute in (
            _SessionInterface(base),
            _Functions("url_value_preprocessors", "before_request", "url_value_preprocessor", self),
            _Functions("url_default_functions", "url_defaults", "url_defaults", self),
        ):
            setattr(subclass, attribute.name, attribute)
        return t.cast("type[flask.Flask]", subclass)


class _SessionInterface:
    """``app.session_interface``: stands in for it only while Flask itself opens or saves."""

    name = "session_interface"

    def __init__(self, base: type) -> None:
        self._base = base

    def __get__(self, app: t.Any, owner: t.Any = None) -> t.Any:
        if app is None:
            return self._base.session_interface  # type: ignore[attr-defined]
        interface = app.__dict__.get(self.name) or self._base.session_interface  # type: ignore[attr-defined]
        trace = _trace_of(app)
        if trace is None or trace.phase not in (_PUSH, "after_request"):
            return interface
        return _RecordedSession(interface, trace)

    def __set__(self, app: t.Any, value: t.Any) -> None:
        app.__dict__[self.name] = value

    def __delete__(self, app: t.Any) -> None:
        del app.__dict__[self.name]


class _RecordedSession:
    def __init__(self, interface: t.Any, trace: LiveTrace) -> None:
        self._interface = interface
        self._trace = trace

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._interface, name)

    def open_session(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        __tracebackhide__ = True
        return call(self._trace, _SESSION_OPEN, None, self._interface.open_session, *args, **kwargs)

    def save_session(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        __tracebackhide__ = True
        return call(self._trace, _SESSION_SAVE, None, self._interface.save_session, *args, **kwargs)


class _Functions:
    """A registry whose functions do not pass ``ensure_sync``: recorded while Flask calls them."""

    def __init__(self, name: str, phase: str, stage: str, instrument: Instrument) -> None:
        self.name = name
        self._phase = phase
        self._stage = stage
        self._instrument = instrument

    def __get__(self, app: t.Any, owner: t.Any = None) -> t.Any:
        if app is None:
            raise AttributeError(self.name)
        functions = app.__dict__[self.name]
        if not functions:
            return functions
        trace = _trace_of(app)
        if trace is None or trace.phase != self._phase:
            return functions
        return {
            name: [
                self._instrument.recorded(app, trace, self._stage, each, each) for each in entries
            ]
            for name, entries in functions.items()
        }

    def __set__(self, app: t.Any, value: t.Any) -> None:
        app.__dict__[self.name] = value


def middleware_of(app: t.Any) -> list[t.Any]:
    """List what stands around ``wsgi_app``, outermost first, as far as it can be told.

    A middleware that keeps what it wraps in an attribute of its own can be looked through
    (Werkzeug's keep it in ``app``, others in ``wsgi_app`` or ``application``).
    """
    chain: list[t.Any] = []
    layer = app.__dict__.get("wsgi_app")

    while layer is not None and len(chain) < 32:
        if getattr(layer, "__func__", None) is not None and getattr(layer, "__self__", None) is app:
            break
        chain.append(layer)
        held = getattr(layer, "__dict__", {})
        layer = held.get("app") or held.get("wsgi_app") or held.get("application")

    return chain


def returned(value: t.Any) -> str:
    """Say what a view or hook returned, by types and status alone."""
    if isinstance(value, tuple) and 2 <= len(value) <= 3:
        return f"({', '.join(_part(each) for each in value)})"
    if isinstance(value, HTTPException):
        return f"{type(value).__name__}"
    status = vars(value).get("_status_code") if hasattr(value, "__dict__") else None
    return f"{type(value).__name__} {status}" if isinstance(status, int) else _part(value)


def _part(value: t.Any) -> str:
    if type(value) is int:
        return str(value)
    return "None" if value is None else type(value).__name__


def _in_phase(trace: LiveTrace, phase: str, method: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
    __tracebackhide__ = True
    before = trace.phase
    trace.phase = phase
    try:
        return method(*args, **kwargs)
    finally:
        trace.phase = before


def _trace_of(app: t.Any) -> LiveTrace | None:
    trace = current.get()
    return trace if trace is not None and trace.owner == id(app) else None


def _innermost(trace: LiveTrace) -> str | None:
    return trace.current.site.stage if trace.current is not None else None


def _raised_last(trace: LiveTrace) -> LiveStep | None:
    for step in reversed(trace.steps):
        if step.outcome == "raised":
            # The innermost step that the exception left is the one that began last.
            return step
    return None


def _registry(app: t.Any, stage: str) -> dict[str | None, list[t.Any]]:
    name = {
        "url_value_preprocessor": "url_value_preprocessors",
        "url_defaults": "url_default_functions",
        "context_processor": "template_context_processors",
    }.get(stage, f"{stage}_funcs")
    return t.cast("dict[str | None, list[t.Any]]", app.__dict__.get(name, {}))


def _registered(registry: dict[str | None, list[t.Any]], func: t.Any) -> bool:
    return any(func is each for entries in registry.values() for each in entries)


def _scoped(site: Site, scope: str | None) -> Site:
    return Site(site.stage, site.name, site.callable, site.source, scope)


def _status_name(status: str) -> str:
    code, _, reason = status.partition(" ")
    return f"{code} {reason if reason == 'OK' else reason.title()}".strip()


def _decoded(value: str) -> str:
    # WSGI hands bytes over as Latin-1 (PEP 3333).
    return value.encode("latin-1", "replace").decode("utf-8", "replace")


__all__ = ["SEPARATE_CONTEXTS", "Instrument", "middleware_of", "returned"]

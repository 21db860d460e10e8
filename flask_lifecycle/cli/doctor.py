"""``flask lifecycle doctor``: show who can reach the panel of an app, and why."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

import click
import flask
from flask.cli import with_appcontext

from ..core import compiled, why
from ..history import history_of
from ..run_token import why_alone
from ..settings import Settings
from ..trace.sentences.words import readable_size
from .options import Form, forms

_OWN = "flask-lifecycle"
# The dependencies without extras, with their minimum versions.
_NEEDED = re.compile(r"([\w.-]+)\s*>=\s*([\d.]+)")

#: ``ok``, ``note`` or ``wrong``; the subject; the text.
Finding = tuple[t.Literal["ok", "note", "wrong"], str, str]
_FIELDS = ("mark", "about", "text")


@click.command("doctor")
@forms
@with_appcontext
def command(form: Form) -> None:
    """Show who can reach the panel of this app now, and why.

    Exits with status 1 if something is wrong.
    """
    found = list(findings(flask.current_app))
    if form == "json":
        click.echo(json.dumps([dict(zip(_FIELDS, each, strict=True)) for each in found]))
    for mark, about, text in found if form != "json" else ():
        click.echo(_line(mark, about, text) if form == "text" else f"- {mark}, **{about}**: {text}")
    if any(mark == "wrong" for mark, _, _ in found):
        raise SystemExit(1)


def _line(mark: str, about: str, text: str) -> str:
    return click.wrap_text(
        text, width=92, initial_indent=f"{mark:<6}{about:<11}", subsequent_indent=" " * 17
    )


def findings(app: flask.Flask) -> Iterator[Finding]:
    """Check an app's settings and the installed packages."""
    state = app.extensions.get("lifecycle")
    if state is None:
        yield "wrong", "extension", f"The app {app.name!r} has no Lifecycle: call Lifecycle(app)."
        return
    settings: Settings = state.settings
    yield _on(app, settings)
    if settings.enabled is None:
        yield _mode(app)
    if settings.enabled is not False and (app.debug or settings.enabled):
        yield from _access(app, settings)
    if settings.enabled is not False:
        yield _history(app)
        yield _core()
    yield from _packages()


def _on(app: flask.Flask, settings: Settings) -> Finding:
    if settings.enabled is False:
        return "ok", "panel", "Off: LIFECYCLE_ENABLED is False."
    if settings.enabled is None and not app.debug:
        return "ok", "panel", "Off: debug is off, and LIFECYCLE_ENABLED is not set."
    if settings.enabled and not app.debug:
        return (
            "note",
            "panel",
            (
                "On without debug: LIFECYCLE_ENABLED is True. Anyone who has the token sees "
                "the app's requests, config and source; on a public server, set it to None."
            ),
        )
    why = "LIFECYCLE_ENABLED is True" if settings.enabled else "debug is on"
    return "ok", "panel", f"On at {settings.url_prefix}/: {why}."


def _mode(app: flask.Flask) -> Finding:
    """Say which mode this is: the command sets debug, and the server may have another one."""
    if app.debug:
        return "ok", "mode", _WITH_DEBUG
    return "note", "mode", _WITHOUT_DEBUG


def _access(app: flask.Flask, settings: Settings) -> Iterator[Finding]:
    yield "ok", "this host", _LOCAL if app.debug else _LOCAL_WITHOUT_DEBUG
    if settings.host is not None:
        yield "ok", "own name", f"The panel is only at {settings.host}, and the app is not."
    names = ", ".join(settings.allowed_hosts)
    if names:
        yield "note", "others", f"With the token, by these host names: {names}."
    else:
        yield "ok", "others", _NO_OTHER_NAMES
    if settings.token is not None:
        yield "ok", "token", "LIFECYCLE_TOKEN is set."
    else:
        yield "ok", "token", _GENERATED
        reason = why_alone()
        if reason is not None:
            yield "note", "token", _SHARED_NOTHING.format(reason)
    yield "ok", "proxies", _PROXIES
    yield "ok", "workers", _WORKERS
    yield "ok", "masked", f"Values under names that look secret{_more(settings)}."


def _history(app: flask.Flask) -> Finding:
    history = history_of(app)
    if history is None:
        return "ok", "history", "Nowhere: LIFECYCLE_HISTORY is None."
    status = history.status()
    if status.problem is not None:
        return "note", "history", status.problem
    if not status.size:
        return "ok", "history", f"{status.place}, as soon as a server has sent a request."
    size = f"{status.count:,} requests in {readable_size(status.size)}"
    return "ok", "history", f"{status.place}: {size}. LIFECYCLE_HISTORY = None turns it off."


def _core() -> Finding:
    if compiled is None:
        return "note", "core", f"In Python, where recording a step takes longer: {why}."
    return "ok", "core", f"Compiled: {why}."


_WITH_DEBUG = (
    "This command has debug on, as flask run --debug has. A server without debug, such as gunicorn "
    "without FLASK_DEBUG=1, has no panel."
)
_WITHOUT_DEBUG = (
    "This command has debug off, as flask run has. If the server has it on (flask run --debug, "
    "app.run(debug=True), FLASK_DEBUG=1), ask for that mode: flask --debug lifecycle doctor"
)
_LOCAL = (
    "Anyone on this machine, by localhost, *.localhost or a loopback address, without a token. "
    "Except requests with a forwarding header, over HTTP/1.0 or, on Linux, from a system account: "
    "those come from a proxy."
)
_LOCAL_WITHOUT_DEBUG = "Needs the token like all clients, as debug is off."
_NO_OTHER_NAMES = (
    "With the token, by a local name only, as through a tunnel that keeps the Host header. "
    "LIFECYCLE_ALLOWED_HOSTS adds other names."
)
_GENERATED = (
    "Generated for each run, and printed at the start of flask run, app.run(), gunicorn and "
    "waitress; under other servers at the first request to the panel."
)
_SHARED_NOTHING = (
    "There is no place for one token of all workers that each import the app: {}. Set "
    "LIFECYCLE_TOKEN."
)
_PROXIES = "Forwarding headers are not trusted; any of them makes its sender a remote client."
_WORKERS = (
    "All processes that share the history are in one panel, whichever serves it. If a worker has "
    "no threads to spare, the panel polls instead of using a websocket."
)


def _more(settings: Settings) -> str:
    more = f", and {', '.join(settings.redact)}" if settings.redact else ""
    return more + (", and what LIFECYCLE_REDACT_WITH hides" if settings.redact_with else "")


def _packages() -> Iterator[Finding]:
    for name, least in ((_OWN, ""), *_needed()):
        try:
            installed = version(name)
        except PackageNotFoundError:
            yield "wrong", "packages", f"{name} is not installed."
            continue
        if _numbers(installed) < _numbers(least):
            yield "wrong", "packages", f"{name} is {installed}; {least} or later is needed."
        else:
            yield "ok", "packages", f"{name} {installed}"


def _needed() -> Iterator[tuple[str, str]]:
    """Yield the required packages in the package's metadata, with their minimum versions."""
    try:
        requirements = requires(_OWN) or []
    except PackageNotFoundError:
        return
    for each in requirements:
        needed = _NEEDED.fullmatch(each)
        if needed is not None:
            yield needed[1], needed[2]


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:3] if part.isdigit())


__all__ = ["command", "findings"]

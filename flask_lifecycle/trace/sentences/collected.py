"""What collectors saw: templates, SQL, spans, logs, flashes and warnings."""

from __future__ import annotations

import typing as t

from .subjects import Say, function, is_request, kind_of, rendering, spent
from .words import article, count, cut, short

if t.TYPE_CHECKING:
    from ..model import Step
    from ..story import Story

_IMPLIED = {
    "autocommit": "as autocommit is set",
    "close": "as the connection is closed with it open",
    "commit": "at once, as there always is a transaction",
    "connect": "as the connection is opened",
    "error": "by the database itself, after the error",
    "execute": "by the driver, before the statement that follows",
    "executescript": "by the driver, before the script",
    "isolation_level": "as the isolation level is set",
    "reset": "as the connection goes back to the pool",
    "rollback": "at once, as there always is a transaction",
}
_TRANSACTIONS = {
    "begin": "A transaction begins{why}",
    "commit": "COMMIT makes the changes of the transaction permanent{why}",
    "connect": "A connection to the database is opened",
    "prepare": "The transaction is prepared, for a second phase to commit it",
    "release": "The savepoint is released: what changed since then is the transaction's",
    "rollback": "ROLLBACK undoes the changes of the transaction{why}",
    "rollback_to": "What changed since the savepoint is undone; the transaction goes on",
    "savepoint": "A savepoint is set inside the transaction",
}


def _template(step: Step, story: Story) -> str:
    calls = step.detail.get("macros")
    if calls is not None:
        took = spent(step, "takes" if calls == 1 else "take") or " returned"
        return f"{count(calls, 'call')} of {rendering(step)}{took}"
    sent = ", while the body is sent" if story.is_in(step, "body") else ""
    return f"Jinja renders {rendering(step)}{spent(step, 'in')}{sent}"


def _sql(step: Step, _story: Story) -> str:
    text = _TRANSACTIONS.get(kind_of(step))
    if text is None:
        many = " many times" if step.detail.get("many") is True else ""
        return f"The database runs a statement{many}{spent(step, 'in')}: {cut(step.name)}"
    implied = step.detail.get("implied_by")
    return text.format(why="" if implied is None else f", {_IMPLIED.get(implied, implied)}")


def _span(step: Step, _story: Story) -> str:
    target = step.detail.get("target")
    if is_request(step):
        attributes = step.detail.get("attributes")
        known = attributes if isinstance(attributes, dict) else {}
        status = known.get("http.response.status_code")
        answer = "" if status is None else f" and gets {short(status)}"
        return f"The app sends {short(target)}{answer}{spent(step, 'after')}"
    of = f", {short(target)}," if isinstance(target, str) else ""
    return f"The OpenTelemetry span {short(step.name)}{of} ends{spent(step, 'after')}"


def _log(step: Step, _story: Story) -> str:
    level, message = step.detail.get("level"), cut(step.detail.get("message"))
    return f"The logger {short(step.name)} logs at level {level}: {message}"


def _flash(step: Step, _story: Story) -> str:
    message = cut(step.detail.get("message"))
    return f"A message is flashed, for the next template that asks: {message}"


def _warning(step: Step, _story: Story) -> str:
    return f"Python shows {article(short(step.name))}: {cut(step.detail.get('message'))}"


COLLECTED: dict[str, Say] = {
    "template": _template,
    "context_processor": lambda step, _: (
        f"{function(step)} adds values to the template context; those passed to it explicitly win"
    ),
    "url_defaults": lambda step, _: f"{function(step)} may add values to the URL that is built",
    "sql": _sql,
    "span": _span,
    "log": _log,
    "flash": _flash,
    "warning": _warning,
}

__all__ = ["COLLECTED"]

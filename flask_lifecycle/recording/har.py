"""Export traces as HTTP Archive 1.2, the format of browsers' developer tools and proxies.

Masked values stay masked. Data without a field in HAR is under ``_lifecycle``: the specification
reserves names with an underscore for applications. Details may come from a file, in any shape.
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterable
from datetime import datetime, timezone
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl

from ..trace.details import pairs, texts
from ..trace.explain import explain
from ..trace.model import JsonObject, Step, Trace, client_status
from ..trace.sentences.holds import summary
from .versions import version_of

_UNKNOWN = -1
# Of the largest number that is a length.
_DIGITS = 20


def to_har(traces: Iterable[Trace]) -> JsonObject:
    """Return traces as one archive, oldest first, JSON-ready."""
    entries = sorted((_entry(trace) for trace in traces), key=lambda each: each["startedDateTime"])
    creator = {"name": "flask-lifecycle", "version": version_of("flask-lifecycle")}
    return {"log": {"version": "1.2", "creator": creator, "pages": [], "entries": entries}}


def _entry(trace: Trace) -> JsonObject:
    request = _detail(trace, "wsgi", "request")
    response = _on_the_wire(
        _detail(trace, "start_response", "response"), _detail(trace, "start_response", "added")
    )
    body: JsonObject = next((step.detail for step in trace.steps if step.stage == "body"), {})
    if _detail(trace, "wsgi", "websocket"):
        # The client of a websocket gets no response after that.
        response, body = {"status": "101 Switching Protocols"}, {}
    lasted = trace.duration
    if lasted is None:
        lasted = max((step.end or step.begin for step in trace.steps), default=0)
    # The app's own time; the rest is the server's, which sends.
    wait = lasted if trace.app_time is None else min(lasted, trace.app_time)
    return {
        "startedDateTime": datetime.fromtimestamp(trace.started_at, timezone.utc).isoformat(),
        "time": lasted / 1e6,
        "request": _request(trace, request),
        "response": _response(trace, request, response, body),
        "cache": {},
        "timings": {"send": 0, "wait": wait / 1e6, "receive": (lasted - wait) / 1e6},
        **({"comment": summary(trace.holds)} if trace.holds else {}),
        "_lifecycle": {**trace.header(), "steps": [*map(_step, trace.steps, explain(trace))]},
    }


def _on_the_wire(response: JsonObject, added: JsonObject) -> JsonObject:
    """Return the app's response with the changes made on its way to the server."""
    if not added:
        return response
    given = [*pairs(added.get("headers"))]
    removed = {name.lower() for name in texts(added.get("removed"))}
    headers: list[t.Any] = []
    for name, value in pairs(response.get("headers")):
        folded = name.lower()
        instead = [pair for pair in given if pair[0].lower() == folded == "cache-control"]
        if instead:
            headers += instead
            given.remove(instead[0])
        elif folded == "content-length" and _number(value) is not None:
            headers.append((name, str(int(value) + _size(added))))
        elif folded not in removed:
            headers.append((name, value))
    return {**response, "headers": [*map(list, (*headers, *given))]}


def _request(trace: Trace, request: JsonObject) -> JsonObject:
    query = f"?{trace.query}" if trace.query else ""
    made = {
        "method": trace.method,
        "url": str(request.get("url", f"http://localhost{trace.path}{query}")),
        "httpVersion": str(request.get("protocol", "")),
        "cookies": _named(pairs(request.get("cookies"))),
        "headers": _named(pairs(request.get("headers"))),
        "queryString": _named(parse_qsl(trace.query, keep_blank_values=True)),
        "headersSize": _UNKNOWN,
        "bodySize": _length(request),
    }
    posted = _posted(request)
    return {**made, "postData": posted} if posted else made


def _posted(request: JsonObject) -> JsonObject | None:
    """Return the parts of the body that the app parsed."""
    kind = _header(request, "content-type")
    files = [
        {"name": str(file[0]), "fileName": file[1] or "", "contentType": file[2] or ""}
        for file in _lists(request.get("files"), 3)
    ]
    if "form" in request:
        return {"mimeType": kind, "params": [*_named(_lists(request["form"], 2)), *files]}
    if "json" in request:
        return {"mimeType": kind, "text": json.dumps(request["json"], ensure_ascii=False)}
    return None


def _response(
    trace: Trace, request: JsonObject, response: JsonObject, body: JsonObject
) -> JsonObject:
    status = str(response.get("status", ""))
    size = _size(body) if "bytes" in body else _UNKNOWN
    content: JsonObject = {"size": max(0, size), "mimeType": _header(response, "content-type")}
    if "preview" in body:
        content["text"] = str(body["preview"])
    return {
        "status": client_status(trace.header()) or 0,
        "statusText": status.partition(" ")[2],
        "httpVersion": str(request.get("protocol", "")),
        "cookies": _cookies(response),
        "headers": _named(pairs(response.get("headers"))),
        "content": content,
        "redirectURL": _header(response, "location"),
        "headersSize": _UNKNOWN,
        "bodySize": size,
    }


def _step(step: Step, text: str) -> JsonObject:
    return {
        "id": step.id,
        "parent": step.parent,
        "stage": step.stage,
        "name": step.name,
        "scope": step.scope,
        "begin": step.begin,
        "end": step.end,
        "outcome": step.outcome,
        "explain": text,
    }


def _detail(trace: Trace, stage: str, name: str) -> JsonObject:
    """Return a step's detail; of several responses, after an error, the last one."""
    found = [
        step.detail[name] for step in trace.steps if step.stage == stage and name in step.detail
    ]
    return found[-1] if found and isinstance(found[-1], dict) else {}


def _header(message: JsonObject, name: str) -> str:
    found = (value for header, value in pairs(message.get("headers")) if header.lower() == name)
    return next(found, "")


def _length(request: JsonObject) -> int:
    return _number(_header(request, "content-length")) or 0


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < _DIGITS else None


def _size(detail: JsonObject) -> int:
    size = detail.get("bytes")
    return size if isinstance(size, int) else _UNKNOWN


def _lists(value: t.Any, length: int) -> list[list[t.Any]]:
    """Return the lists of some length in a list."""
    given = value if isinstance(value, list) else []
    return [each for each in given if isinstance(each, list) and len(each) == length]


def _named(given: Iterable[t.Any]) -> list[JsonObject]:
    return [{"name": str(name), "value": str(value)} for name, value in given]


def _cookies(response: JsonObject) -> list[JsonObject]:
    """Return the cookies that were set; invalid ones are left out."""
    made = []
    for name, value in pairs(response.get("headers")):
        if name.lower() == "set-cookie":
            cookie, _, attributes = value.partition(";")
            made.append({**_attributes(attributes), **_cookie(cookie)})
    return made


def _cookie(text: str) -> JsonObject:
    name, _, value = text.partition("=")
    return {"name": name, "value": value}


def _attributes(text: str) -> JsonObject:
    try:
        morsel = SimpleCookie(f"x=x;{text}").get("x")
    except CookieError:
        morsel = None
    if morsel is None:
        return {}
    texts = {name: morsel[name] for name in ("path", "domain") if morsel[name]}
    return {**texts, "httpOnly": bool(morsel["httponly"]), "secure": bool(morsel["secure"])}


__all__ = ["to_har"]

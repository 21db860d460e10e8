"""Whether a response may carry the toolbar, and how it gets there: one script tag, spliced in.

Only whole HTML documents that a browser opens as a page. What is sent stays what it was, but
for the tag, the length, and that the page is not to be cached.
"""

from __future__ import annotations

import codecs
import hmac
import re
import typing as t
from collections.abc import Mapping
from functools import lru_cache

from markupsafe import escape
from werkzeug.http import parse_options_header

# What a script that fetches a part of a page says of itself.
_PARTS = ("HTTP_HX_REQUEST", "HTTP_TURBO_FRAME", "HTTP_X_PJAX", "HTTP_X_UP_TARGET")
_NONCE = re.compile(r"'nonce-([A-Za-z0-9+/_=-]+)'")
_END = re.compile(rb"</body\s*>", re.IGNORECASE)
_DOCUMENT = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL
)
_BEGINNING = 4096


def request_key(token: str, trace_id: str) -> str:
    """Make the key that lets a page ask for its own request, and for no other."""
    return hmac.digest(token.encode(), f"toolbar of {trace_id}".encode(), "sha256").hex()


def is_document(response: t.Any) -> bool:
    """Tell whether a response is a whole HTML document, in a charset that holds ASCII as it is.

    Most responses are not: this is asked of each, and looks at little.
    """
    chunks = getattr(response, "response", None)
    if type(chunks) is not list or not chunks:
        return False
    if not _is_html(response.headers.get("Content-Type", "")):
        return False
    first = chunks[0]
    begin = first[:_BEGINNING] if isinstance(first, bytes) else first[:_BEGINNING].encode()
    if _DOCUMENT.match(begin.removeprefix(codecs.BOM_UTF8)):
        return True
    return any(
        _END.search(chunk if isinstance(chunk, bytes) else chunk.encode()) for chunk in chunks
    )


def may_carry(response: t.Any, environ: Mapping[str, t.Any]) -> bool:
    """Tell whether a document is one that a browser opens as a page, and not stored or encoded."""
    status = response.status_code
    headers = response.headers
    return (
        (status == 200 or status >= 400)
        and environ.get("REQUEST_METHOD") in ("GET", "POST")
        and environ.get("HTTP_SEC_FETCH_DEST", "document") == "document"
        and environ.get("HTTP_X_REQUESTED_WITH", "").lower() != "xmlhttprequest"
        and not any(name in environ for name in _PARTS)
        and "Content-Encoding" not in headers
        and not headers.get("Content-Disposition", "").lower().startswith("attachment")
    )


def splice(response: t.Any, src: str, attributes: Mapping[str, str]) -> None:
    """Put the toolbar's tag at the end of the page's body.

    :param src: the URL of its script.
    :param attributes: what the script is told, as ``data-`` attributes.
    """
    page = _joined(response.response)
    ends = [match.start() for match in _END.finditer(page)]
    at = ends[-1] if ends else len(page)
    tag = _tag(src, attributes, _nonce(response.headers)).encode()
    response.set_data(page[:at] + tag + page[at:])
    response.headers.pop("ETag", None)
    response.headers.pop("Last-Modified", None)
    response.headers["Cache-Control"] = "no-store"


def _joined(chunks: list[t.Any]) -> bytes:
    return b"".join(chunk if isinstance(chunk, bytes) else chunk.encode() for chunk in chunks)


@lru_cache(256)
def _is_html(content_type: str) -> bool:
    mimetype, options = parse_options_header(content_type)
    return mimetype.lower() == "text/html" and _holds_ascii(options.get("charset", "utf-8"))


def _tag(src: str, attributes: Mapping[str, str], nonce: str | None) -> str:
    given = {"src": src, **{f"data-{name}": value for name, value in attributes.items()}}
    if nonce is not None:
        given["nonce"] = nonce
    written = " ".join(f'{name}="{escape(value)}"' for name, value in given.items())
    # Character references keep the tag ASCII in any charset.
    tag = f'<script type="module" {written}></script>'
    return tag.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _nonce(headers: t.Any) -> str | None:
    found = _NONCE.search(headers.get("Content-Security-Policy", ""))
    return None if found is None else found[1]


def _holds_ascii(charset: str) -> bool:
    try:
        return "<script>".encode(charset) == b"<script>"
    except (LookupError, UnicodeError):
        return False


__all__ = ["is_document", "may_carry", "request_key", "splice"]

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

from markupsafe import escape

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
    return hmac.new(token.encode(), f"toolbar of {trace_id}".encode(), "sha256").hexdigest()


def may_carry(response: t.Any, environ: Mapping[str, t.Any]) -> bool:
    """Tell whether a response is a whole HTML page that a browser opens."""
    status = response.status_code
    headers = response.headers
    disposition = headers.get("Content-Disposition", "")
    return (
        type(response.response) is list
        and (status == 200 or status >= 400)
        and response.mimetype == "text/html"
        and "Content-Encoding" not in headers
        and not disposition.lower().startswith("attachment")
        and environ.get("REQUEST_METHOD") in ("GET", "POST")
        and environ.get("HTTP_SEC_FETCH_DEST", "document") == "document"
        and environ.get("HTTP_X_REQUESTED_WITH", "").lower() != "xmlhttprequest"
        and not any(name in environ for name in _PARTS)
    )


def splice(response: t.Any, src: str, attributes: Mapping[str, str]) -> bool:
    """Put the toolbar's tag at the end of the page's body.

    :param src: the URL of its script.
    :param attributes: what the script is told, as ``data-`` attributes.
    :returns: whether the page is a document in a charset that holds ASCII as it is.
    """
    if not _holds_ascii(response.mimetype_params.get("charset", "utf-8")):
        return False
    page = b"".join(
        chunk if isinstance(chunk, bytes) else chunk.encode() for chunk in response.response
    )
    begin = page.removeprefix(codecs.BOM_UTF8)[:_BEGINNING]
    ends = [match.start() for match in _END.finditer(page)]
    if not _DOCUMENT.match(begin) and not ends:
        return False

    at = ends[-1] if ends else len(page)
    tag = _tag(src, attributes, _nonce(response.headers)).encode()
    response.set_data(page[:at] + tag + page[at:])
    response.headers.pop("ETag", None)
    response.headers.pop("Last-Modified", None)
    response.headers["Cache-Control"] = "no-store"
    return True


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


__all__ = ["may_carry", "request_key", "splice"]

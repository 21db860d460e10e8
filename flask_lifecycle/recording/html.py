"""A recording as one HTML file: the panel without its server, and the document as data in it.

Such a page is opened from a disk, by anyone. It may load nothing and runs no script but its own.
The document is data in it, in which no text of a request can end the element.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape
from pathlib import Path

#: The script that also defines ``<lifecycle-recording>`` for other pages.
SCRIPT = Path(__file__).parents[1] / "panel" / "dist" / "recording.js"

_DATA = '<script type="application/json" id="lifecycle-recording">'
_END = "</script>"
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="{by}">
<link rel="icon" href="data:,">
<title>{title}</title>
</head>
<body>
<noscript>This recording of requests is drawn by the script in this file.</noscript>
{data}{document}{end}
<script>{script}</script>
</body>
</html>
"""
# No style-src: the script adopts its style sheets.
_POLICY = (
    "default-src 'none'; script-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


_TAG = re.compile(r"\s*<")


class NotBuiltError(RuntimeError):
    """The package was installed without its browser side."""


def page(document: str, *, title: str, by: str) -> str:
    """Return the page of a recording.

    :param document: its JSON, in ASCII.
    :param title: of the page.
    :param by: the name and version of the program.
    :raises NotBuiltError: the browser side is not built.
    """
    try:
        script = SCRIPT.read_text("utf-8-sig")
    except FileNotFoundError:
        raise NotBuiltError(
            "This copy of flask-lifecycle was installed without its browser side, which a recording"
            " as HTML has in it; save it as JSON, or install the package with pip."
        ) from None
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _PAGE.format(
        policy=_POLICY.format(digest=digest),
        title=_text(title),
        by=_text(by),
        data=_DATA,
        # Inside the element, only "<" means something to a parser of HTML.
        document=document.replace("<", r"\u003c"),
        end=_END,
        script=script,
    )


def _text(value: str) -> str:
    # Names from a URL may have halves of surrogate pairs.
    return escape(value.encode("utf-8", "backslashreplace").decode())


def is_page(text: str) -> bool:
    """Return whether a text is HTML; no JSON begins like that."""
    return _TAG.match(text) is not None


def document_of(text: str) -> str:
    """Return the JSON in a recording's page.

    :raises ValueError: it is another page, or cut off.
    """
    begin = text.find(_DATA)
    if begin < 0:
        raise ValueError("it is HTML, but has no recording in it.")
    begin += len(_DATA)
    end = text.find(_END, begin)
    if end < 0:
        raise ValueError("the recording in it is cut off.")
    return text[begin:end]


__all__ = ["SCRIPT", "NotBuiltError", "document_of", "is_page", "page"]

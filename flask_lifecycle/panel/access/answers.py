"""The gate's own responses, and the headers of all of the panel's responses."""

from __future__ import annotations

import typing as t

from werkzeug.wrappers import Response

from .hosts import Environ

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def redirected(environ: Environ, status: int) -> Response:
    """Redirect to the panel's page, without a host name: a proxy may use another one."""
    response = Response(status=status, headers={"Location": f"{environ['lifecycle.address']()}/"})
    response.autocorrect_location_header = False
    return response


def refusal(reason: str, status: int = 403) -> Response:
    """Return an error response with a reason, in plain text."""
    return Response(f"{reason}\n", status, content_type="text/plain; charset=utf-8")


def with_headers(start_response: t.Any, environ: Environ, more: dict[str, str]) -> t.Any:
    """Return ``start_response`` with the panel's headers added to those of a response.

    :param more: more headers.
    """
    ours = {**_HEADERS, **more}
    if environ.get("PATH_INFO") == "/toolbar/requests":
        # A page that has fetched a no-store resource is not put into the back/forward cache if it
        # is no-store itself; the toolbar bypasses the browser's cache.
        ours["Cache-Control"] = "private, no-cache"

    def started(status: str, headers: list[tuple[str, str]], *args: t.Any) -> t.Any:
        return start_response(status, [*headers, *ours.items()], *args)

    return started


__all__ = ["redirected", "refusal", "with_headers"]

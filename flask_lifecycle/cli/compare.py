"""``flask lifecycle compare``: what differs between two requests."""

from __future__ import annotations

import click

from .options import Form, forms


@click.command("compare", short_help="Compare two requests: did my change help?")
@click.argument("a", metavar="[A]", required=False)
@click.argument("b", metavar="[B]", required=False)
@forms
def command(a: str | None, b: str | None, form: Form) -> None:
    """Compare two requests: the first line says what matters, then each difference has a line.

    Without an ID, the last request is compared with the one before it that is like it, from before
    the last restart if there is one: after a change, send the request again and compare. With one
    ID, that request is compared so; with two, A with B.

    Other requests with the same URL and status of the same run of the app are taken together with
    each, so that chance differences of their times are recognised.
    """
    from .app import load_app
    from .compared import compared, markdown, text
    from .lookup import Requests
    from .output import Output

    comparison = compared(Requests(load_app()), a, b)
    output = Output()
    if form == "json":
        output.json(comparison.to_dict())
    elif form == "md":
        output.markdown(markdown(comparison))
    else:
        output.lines(text(comparison, output))


__all__ = ["command"]

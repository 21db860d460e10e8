"""``flask lifecycle route``: what a request would meet."""

from __future__ import annotations

import click

from .options import Form, forms


@click.command("route", short_help="Show what a request would meet, and which rules nearly match.")
@click.argument("method")
@click.argument("path")
@forms
def command(method: str, path: str, form: Form) -> None:
    """Show what a request with METHOD for PATH would meet in the app.

    The rule that matches, its view, and each function around it in the order in which Flask calls
    them; then the rules that nearly match, and why they do not. Nothing of the app is run.

    PATH may be a whole URL; a host matters where the app's rules have hosts or subdomains.

    \b
        flask lifecycle route GET /admin/orders/42

    The exit status is 1 if no rule matches.
    """
    from .app import load_app
    from .output import Output
    from .routed import Routed

    routed = Routed(load_app(), method, path)
    output = Output()
    if form == "json":
        output.json(routed.to_dict())
    elif form == "md":
        output.markdown(routed.markdown())
    else:
        output.lines(routed.text(output))
    if not routed.is_found:
        raise SystemExit(1)


__all__ = ["command"]

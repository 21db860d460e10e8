"""``flask lifecycle show``: the journey of a request as a tree."""

from __future__ import annotations

import click

from .options import Form, forms


@click.command("show", short_help="Show the steps of a request as a tree.")
@click.argument("id_", metavar="[ID]", default="last")
@click.option("-b", "--brief", is_flag=True, help="One line for each step, without sentences.")
@click.option("-a", "--all", "whole", is_flag=True, help="Fold and leave out nothing.")
@forms
def command(id_: str, brief: bool, whole: bool, form: Form) -> None:
    """Show the journey of a request through Flask: the last one, or that of an ID.

    Each step has its time, its name, who registered it, how it ended, what it changed, and why the
    next one followed. Functions that did not run stand in their places, as the app has them now.

    ID is last, last~3 (the third before the last one) or the beginning of an ID of "flask lifecycle
    list". Like statements in a row are one line, and signals that nobody receives are left out,
    unless --all is given. The width is that of the terminal, or of the variable COLUMNS.
    """
    from .app import load_app
    from .lookup import Requests
    from .output import Output
    from .report import Report
    from .running import find

    app = load_app()
    requests = Requests(app)
    summary, trace = find(requests, id_)
    output = Output()
    if form == "json":
        output.json(trace.to_dict())
        return
    report = Report(trace, summary, app, whole=whole)
    if form == "md":
        output.markdown(report.markdown(brief=brief))
    else:
        output.lines(report.text(output, brief=brief))


__all__ = ["command"]

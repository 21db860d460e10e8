"""A recording in a notebook: its page in a frame that has no rights in the notebook."""

from __future__ import annotations

from html import escape

from ..trace.model import Trace
from .document import Recording
from .html import NotBuiltError

# A notebook stores what it shows.
_MOST = 5_000_000
# Its scripts run in an origin of their own. Links lead to Flask's manual; pictures can be saved.
_SANDBOX = "allow-scripts allow-downloads allow-popups allow-popups-to-escape-sandbox"
_STYLE = "width: 100%; height: 640px; border: 1px solid #8888; border-radius: 8px"


def show_trace(trace: Trace) -> str:
    """Return a trace for a notebook, see :func:`show`."""
    return show(Recording.of([trace]))


def show(recording: Recording) -> str:
    """Return a recording for a notebook: as its page, or as text if that is too large."""
    try:
        page = escape(recording.to_html().decode())
    except (NotBuiltError, ValueError) as error:
        return _as_text(recording, str(error))
    if len(page) > _MOST:
        return _as_text(
            recording, "It is too large for a notebook; Recording.save() has all of it."
        )
    return (
        f'<iframe sandbox="{_SANDBOX}" allow="fullscreen" style="{_STYLE}"'
        f' title="A recording of requests" srcdoc="{page}"></iframe>'
    )


def _as_text(recording: Recording, why: str) -> str:
    text = "\n\n".join(trace.explain() for trace in recording.traces)[:_MOST]
    return f"<p>{escape(why)}</p><pre>{escape(text)}</pre>"


__all__ = ["show", "show_trace"]

"""Small watched apps, how a browser asks for their pages, and the steps of a trace."""

from __future__ import annotations

import os
import re
import typing as t
from pathlib import Path

from flask import Flask

import flask_lifecycle
from flask_lifecycle import Lifecycle, Trace
from flask_lifecycle.trace.model import Step

TOKEN = "a-token-of-enough-characters"
LOCAL = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost:5000"}
TAG = re.compile(
    rb'<script type="module" async src="/_lifecycle/toolbar.js" data-lifecycle="[0-9a-f. ]+"'
    rb'(?: nonce="[^"]+")?></script>'
)
FETCH = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
OPENED = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def make_app(**config: t.Any) -> tuple[Flask, Lifecycle]:
    """Make an app that is watched, with these settings."""
    app = Flask(__name__)
    app.config.update({"LIFECYCLE_ENABLED": True, "SECRET_KEY": "x", **config})
    return app, Lifecycle(app)


def steps_of(trace: Trace, stage: str) -> list[Step]:
    """Return the steps of a stage."""
    return [step for step in trace.steps if step.stage == stage]


# With what ends it: a checkout's folder may begin with the same name.
_OURS = (f"{Path(flask_lifecycle.__file__).parent}{os.sep}", "<flask_lifecycle")


def is_ours(file: str) -> bool:
    """Tell whether the code of a file, as a frame names it, is the package's."""
    return file.startswith(_OURS)

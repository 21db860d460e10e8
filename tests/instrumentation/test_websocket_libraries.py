"""What is replaced in the libraries of websockets is there while any app needs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.helpers import ROOT

# They are imported late, and in a process of their own: eventlet and gevent change much of it.
SCRIPT = """
import gc, sys
from flask import Flask
from flask_lifecycle import Lifecycle

def make():
    app = Flask("shop")
    app.config["LIFECYCLE_ENABLED"] = True
    Lifecycle(app)
    return app

def ask(app):
    app.test_client().get("/", headers={"Upgrade": "websocket", "Connection": "Upgrade"})

first, second = make(), make()
import simple_websocket.ws, geventwebsocket.websocket, eventlet.websocket

METHODS = [
    (simple_websocket.ws.Server, "handshake"),
    (simple_websocket.ws.Base, "close"),
    (geventwebsocket.websocket.WebSocket, "close"),
    (eventlet.websocket.WebSocket, "__init__"),
    (eventlet.websocket.RFC6455WebSocket, "close"),
]

def standing():
    return [vars(owner)[name] for owner, name in METHODS]

def replaced():
    return [now is not original for now, original in zip(standing(), originals)]

originals = standing()
ask(first)
assert all(replaced()), "those that are imported when a request asks for an upgrade"
ours = standing()
ask(second)
assert standing() == ours, "once for all apps"
Lifecycle().undo(first)
assert standing() == ours, "another app needs them"
if sys.argv[1] == "undo":
    Lifecycle().undo(second)
else:
    del second
    gc.collect()
assert not any(replaced()), "the last app is gone"
ask(first)
assert not any(replaced()), "no app needs them"
third = make()
ask(third)
assert all(replaced()), "another app does"
"""


@pytest.mark.parametrize("by", ["undo", "collection"])
def test_the_libraries_are_as_they_were_after_the_last_app(by: str) -> None:
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, by]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

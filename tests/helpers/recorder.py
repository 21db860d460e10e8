"""An app's identity and a tracepoint, for tests of recorded functions alone."""

from __future__ import annotations

from flask_lifecycle.trace.owner import Owner
from flask_lifecycle.trace.tracepoint import Tracepoint, number

TEST = number(Tracepoint("view", "test"))


class App: ...


APP = App()
OWNER = Owner(APP)

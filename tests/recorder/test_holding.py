"""Who may hold requests."""

from __future__ import annotations

import typing as t
import weakref

from flask import Flask

from flask_lifecycle.recorder import holding
from flask_lifecycle.trace.owner import Owner
from tests.helpers.meanwhile import meanwhile


class Holder:
    """Holds nothing."""

    armed = False


def test_apps_are_made_while_the_holders_of_others_are_asked() -> None:
    made: list[t.Any] = []

    def make() -> None:
        made.append(Holder())
        holding.holders[Owner(Flask("made"))] = made[-1]

    make()
    with meanwhile(make, weakref):
        holding.arm()
    assert len(made) > 1

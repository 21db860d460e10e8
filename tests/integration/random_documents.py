"""Print the traces of random apps, the same ones each time, but for their times and ids.

``python -m tests.integration.random_documents 60``: JSON on stdout. The environment decides whether
the compiled core records them, or its twin in Python.
"""

from __future__ import annotations

import json
import logging
import sys
import typing as t
import warnings
from contextlib import suppress

from hypothesis import HealthCheck, Phase, given, settings

from flask_lifecycle import Lifecycle
from tests.helpers.oracle import Oracle
from tests.helpers.random_apps import Spec, build, specs, streams

# Those of one process, or of one run; texts have times in them.
_OWN = {"id", "begin", "end", "started_at", "duration", "app_time", "process", "parent", "thread"}
_OWN |= {"explain", "explain_begin", "highlights", "sent"}


def documents(count: int) -> list[t.Any]:
    """Return the traces of so many requests."""
    found: list[t.Any] = []

    @settings(
        derandomize=True,
        database=None,
        max_examples=count,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(spec=specs)
    def run(spec: Spec) -> None:
        app, path = build(spec, Oracle())
        app.config["LIFECYCLE_HEADER"] = None
        lifecycle = Lifecycle(app)
        with suppress(Exception):
            app.test_client().open(path, method=spec.method, buffered=True).close()
        while streams:
            with suppress(Exception):
                streams.pop().close()
        for trace in lifecycle.traces(app):
            parents = [step.parent for step in trace.steps]
            found.append((parents, _same(trace.to_dict())))

    run()
    return found


def _same(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {name: _same(each) for name, each in value.items() if name not in _OWN}
    return [_same(each) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable()
    sys.unraisablehook = lambda _: None
    sys.stdout.write(json.dumps(documents(int(sys.argv[1]))))

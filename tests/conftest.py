from __future__ import annotations

import gc
import logging
import os
import signal
import tempfile
import types
import typing as t
from collections.abc import Iterator

import flask
import hypothesis
import pytest
from platformdirs import user_cache_path

from flask_lifecycle.recorder.current import current
from flask_lifecycle.trace.writer import NOBODY

if t.TYPE_CHECKING:
    from tests.helpers.redis import RedisServer

pytest.register_assert_rewrite("tests.helpers")

# A shell ignores Ctrl-C for what it runs in the background, and the servers would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
# And nohup ignores the end of a terminal, as a handler does that they do not inherit.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)

# What servers record outlives them: not in the cache of whoever runs the tests. But pip keeps its.
os.environ.setdefault("PIP_CACHE_DIR", str(user_cache_path("pip")))
_CACHE = tempfile.TemporaryDirectory(prefix="lifecycle-tests-")
os.environ["XDG_CACHE_HOME"] = _CACHE.name

# How long an example takes says more of the machine than of what is tested. Where it is decided
# on a change, all of them are tried on the same examples; by hand, on others each time.
hypothesis.settings.register_profile("busy", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("busy")


@pytest.fixture(autouse=True)
def nothing_leaks() -> Iterator[None]:
    """Fail where a test leaves a context or a trace behind."""
    yield
    assert not flask.has_app_context()
    assert not flask.has_request_context()
    assert current.get() is NOBODY


def _set_apart(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("XDG_CACHE_HOME", tempfile.mkdtemp(dir=_CACHE.name))
    # An app of this process leaves it to those that are started afterwards.
    patch.setenv("_FLASK_LIFECYCLE_TOKEN", "")
    patch.delenv("_FLASK_LIFECYCLE_TOKEN")


@pytest.fixture(scope="module", autouse=True)
def own_files_of_a_module() -> Iterator[None]:
    """Let no server of a whole module find the files of another module's."""
    with pytest.MonkeyPatch.context() as patch:
        _set_apart(patch)
        yield


@pytest.fixture(autouse=True)
def own_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test read the history of another one."""
    _set_apart(monkeypatch)


@pytest.fixture(autouse=True)
def own_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test record or log less because of what failed in another one."""
    monkeypatch.setattr("flask_lifecycle.faults._faults", {})


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing count as slow: on a busy machine, all of it may be."""
    monkeypatch.setattr("flask_lifecycle.summary.summarize.SLOW", 3600.0)
    for module in ("summary.flags", "panel.toolbar_view"):
        monkeypatch.setattr(f"flask_lifecycle.{module}.SLOW_REQUEST", 3600 * 10**9)


@pytest.fixture(scope="module", autouse=True)
def own_loggers() -> Iterator[None]:
    """Let no module find a logger as another one has left it: apps of one name have the same."""
    before = _loggers()
    states = {
        each: (each.level, each.disabled, each.propagate, [*each.handlers]) for each in before
    }
    yield
    for each in _loggers():
        state = states.get(each, (logging.NOTSET, False, True, []))
        level, each.disabled, each.propagate, each.handlers = state
        # Also lets it forget for which levels it is enabled.
        each.setLevel(level)


def _loggers() -> list[logging.Logger]:
    known = logging.Logger.manager.loggerDict.values()
    return [each for each in known if isinstance(each, logging.Logger)]


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One Redis for all tests of a process, which leave it running."""
    from tests.helpers.redis import RedisServer

    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
def redis(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> RedisServer:
    """Return a Redis without data, for this test alone, which may take its time to answer."""
    patient = {"socket_timeout": 30.0, "socket_connect_timeout": 30.0}
    monkeypatch.setattr("flask_lifecycle.history.redis.connection._DEFAULTS", patient)
    redis_server.renew()
    return redis_server


@pytest.fixture
def held() -> t.Callable[[t.Any], str]:
    """Write out all that an object leads to, as far as it is kept by this package."""

    def written(root: t.Any) -> str:
        seen: dict[int, t.Any] = {}
        left = [root]
        while left:
            each = left.pop()
            if id(each) in seen or isinstance(each, (type, types.ModuleType, types.FunctionType)):
                continue
            seen[id(each)] = each
            left.extend(gc.get_referents(each))
            # The garbage collector knows nothing of some details.
            slots = getattr(type(each), "__slots__", ())
            left.extend(getattr(each, name, None) for name in slots)
        return " ".join(repr(each) for each in seen.values() if type(each) in (str, bytes))

    return written

"""Connections to a Redis: they wait for it only briefly, and read from it only so much."""

from __future__ import annotations

import os
import time
import typing as t
from collections import deque
from collections.abc import Callable
from functools import partial
from importlib import import_module
from urllib.parse import urlsplit

from ..problems import HistoryError
from .problems import sentence

# How long to wait for a connection, and for each part of an answer, in seconds; and for all of it.
_TIMEOUT = 1.0
_WHOLE = 10.0
# The maximum of bytes in what a server says first, and in the answers to one call.
_GREETING = 64 * 1024
_MOST = 128 * 1024 * 1024
# What is sent in one piece: a slow connection has the timeout for each.
_PIECE = 64 * 1024
# After a failure, others do not wait for it again for this time.
_AWAY_SECONDS = 2.0
# Unused connections that are kept.
_IDLE = 4

_OLDEST = "5.1"
_NEEDED = (
    f"LIFECYCLE_HISTORY got a URL of Redis; it takes redis-py {_OLDEST} or later for that:"
    ' pip install "flask-lifecycle[redis]".'
)
_OPTIONS = (
    "LIFECYCLE_HISTORY got a URL of Redis ({}) with an option that redis-py does not take; it takes"
    " those of a redis-py connection, such as ?ssl_ca_certs=/path/of/ca.pem."
)
# Of redis-py's pools.
_OF_POOLS = ("max_connections", "timeout")
_DEFAULTS = {"socket_timeout": _TIMEOUT, "socket_connect_timeout": _TIMEOUT}
# What this module does itself, or builds on.
_FIXED: dict[str, t.Any] = {
    "retry": None,
    "retry_on_timeout": False,
    "retry_on_error": [],
    "health_check_interval": 0,
    "protocol": 2,
    "decode_responses": False,
    "encoding": "utf-8",
}

Command = tuple[t.Any, ...]


class Redis:
    """A Redis; any number of threads use it. It opens connections when they are needed.

    :raises ValueError: redis-py is missing, or does not take the URL.
    """

    def __init__(self, url: str) -> None:
        #: Its URL without user, password and options.
        self.place: str = shown(url)
        self._make = _maker(url, self.place)
        self._errors: t.Any = import_module("redis.exceptions")
        self._idle: deque[t.Any] = deque()
        self._pid = os.getpid()
        self._away = ""
        self._again = 0.0

    def ask(self, *commands: Command, anyway: bool = False) -> list[t.Any]:
        """Send commands and return the answers: bytes, numbers, lists of these, and None.

        They may be sent twice, where the connection is lost meanwhile.

        :param anyway: whether to try even if it has just failed.
        :raises HistoryError: the text says why it cannot be used.
        """
        if time.monotonic() < self._again and not anyway:
            raise HistoryError(self._away)
        while True:
            connection, is_new = self._take()
            try:
                if is_new:
                    _greet(connection)
                answers = _ask(connection, commands)
            except Exception as error:
                if not is_new and type(error) is self._errors.ConnectionError:
                    # It was closed while it was not used.
                    continue
                reason = sentence(self.place, error)
                if not isinstance(error, self._errors.ResponseError):
                    self._away = reason
                    self._again = time.monotonic() + _AWAY_SECONDS
                raise HistoryError(reason) from None
            self._again = 0.0
            if len(self._idle) < _IDLE:
                self._idle.append(connection)
            return answers

    def _take(self) -> tuple[t.Any, bool]:
        """Return a connection that nobody uses, and whether it is new."""
        if self._pid != os.getpid():
            # Those of the parent process; redis-py closes them here without closing them there.
            self._pid, self._idle = os.getpid(), deque()
        try:
            return self._idle.pop(), False
        except IndexError:
            return self._make(), True


def shown(url: str) -> str:
    """Return a URL without its user name, password and options."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _greet(connection: t.Any) -> None:
    said = b"flask-lifecycle"
    if _ask(connection, (("ECHO", said),)) != [said]:
        raise ValueError("It answers whatever is asked.")


def _ask(connection: t.Any, commands: tuple[Command, ...]) -> list[t.Any]:
    try:
        connection.connect()
        connection.bounded.allow(_MOST)
        packed = connection.pack_commands(commands)
        connection.send_packed_command(packed, check_health=False)
        return [connection.read_response() for _ in commands]
    except BaseException:
        # More answers may come.
        connection.disconnect()
        raise


def _maker(url: str, place: str) -> Callable[[], t.Any]:
    """Return a function that makes a connection, which is not opened yet."""
    try:
        package = import_module("redis")
        module = import_module("redis.connection")
    except ImportError:
        raise ValueError(_NEEDED) from None
    if _numbers(package.__version__) < _numbers(_OLDEST):
        raise ValueError(_NEEDED)
    try:
        given = module.parse_url(url)
        base = given.pop("connection_class", module.Connection)
        for each in _OF_POOLS:
            given.pop(each, None)
        # Not redis.Redis: tools that watch commands replace its methods, and would see ours.
        made: t.Any = type("BoundedConnection", (_Bounding, base), {})
        make = partial(made, **{**_DEFAULTS, **given, **_FIXED})
        make()
    except Exception:
        # The error's text may have the password.
        raise ValueError(_OPTIONS.format(place)) from None
    return make


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")[:2] if part.isdigit()]


class _Bounding:
    """Makes the sockets of a connection of redis-py bounded ones."""

    bounded: _Socket

    def _connect(self) -> _Socket:
        connect: t.Any = super()
        self.bounded = _Socket(connect._connect())
        return self.bounded


class _Socket:
    """A socket that limits what is read from it: redis-py would read whatever comes."""

    def __init__(self, sock: t.Any) -> None:
        self._sock = sock
        self.allow(_GREETING)

    def allow(self, size: int) -> None:
        """Let so many bytes be read, in a limited time from now on."""
        self._left = size
        self._until = time.monotonic() + _WHOLE

    def recv(self, size: int) -> bytes:
        received: bytes = self._sock.recv(size)
        self._took(len(received))
        return received

    def recv_into(self, buffer: t.Any, *size: int) -> int:
        received: int = self._sock.recv_into(buffer, *size)
        self._took(received)
        return received

    def sendall(self, data: bytes) -> None:
        for begin in range(0, len(data), _PIECE):
            self._sock.sendall(memoryview(data)[begin : begin + _PIECE])

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._sock, name)

    def _took(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise ValueError("More was answered than was asked for.")
        if time.monotonic() > self._until:
            raise TimeoutError


__all__ = ["Command", "Redis", "shown"]

"""The socket under a websocket: the server lends it, and nobody here keeps it."""

from __future__ import annotations

import os
import socket
import threading

import pytest

from flask_lifecycle.panel.live.metered_socket import MeteredSocket
from tests.helpers.servers import PATIENCE, wait_for


def test_a_socket_that_was_given_back_is_not_touched_again() -> None:
    lent, far = socket.socketpair()
    other, other_far = socket.socketpair()
    metered = MeteredSocket(lent)
    metered.give_back()
    # What the system does when a connection is accepted after this one was closed.
    os.dup2(other.fileno(), lent.fileno())
    other_far.sendall(b"a request")
    for touch in (
        lambda: metered.recv(100),
        lambda: metered.send(b"x"),
        lambda: metered.settimeout(1),
    ):
        with pytest.raises(OSError, match="given back"):
            touch()
    metered.shut()
    metered.close()
    assert lent.recv(100) == b"a request"
    lent.sendall(b"an answer")
    assert other_far.recv(100) == b"an answer"
    for each in (lent, far, other, other_far):
        each.close()


def test_it_is_given_back_once_nobody_reads_from_it() -> None:
    lent, far = socket.socketpair()
    metered = MeteredSocket(lent)
    read = []
    reading = threading.Thread(target=lambda: read.append(metered.recv(100)))
    reading.start()
    wait_for(lambda: metered._users)
    metered.give_back()
    assert metered._users == 0
    reading.join(PATIENCE)
    assert read == [b""]
    lent.close()
    far.close()

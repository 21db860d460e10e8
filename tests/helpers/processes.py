"""What a server's process holds, by what the system says of it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.helpers.servers import Server

#: Seconds in which threads and connections are given back, on a machine with much else to do: who
#: answers no ping is given up after 10, and would be after 45 by Engine.IO's own.
BACK = 40


def threads_of(server: Server) -> int:
    return int(status_of(server, "Threads").split()[0])


def memory_of(server: Server) -> int:
    """Return the server's resident memory in kB."""
    return int(status_of(server, "VmRSS").split()[0])


def computed(server: Server) -> float:
    """Return the seconds of processor time that the server took, whoever else wants it."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def descriptors_of(server: Server) -> int:
    """Count its open connections (Werkzeug's selectors are freed with their frames)."""
    found = 0
    for each in Path(f"/proc/{server.process.pid}/fd").iterdir():
        try:
            found += str(each.readlink()).startswith("socket:")
        except FileNotFoundError:
            continue
    return found


def shared_by(server: Server, query: str) -> float:
    """Return a number that is in the file which the workers of a server share."""
    environ = dict(
        each.partition(b"=")[::2]
        for each in Path(f"/proc/{server.process.pid}/environ").read_bytes().split(b"\0")
    )
    [file] = Path(os.fsdecode(environ[b"XDG_CACHE_HOME"])).glob("flask-lifecycle/*-live")
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as opened:
        return float(opened.execute(query).fetchone()[0])


def status_of(server: Server, name: str) -> str:
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    return text.partition(f"{name}:")[2].split("\n")[0]

"""Requests and websocket frames as no client library would send them."""

from __future__ import annotations

import base64
import json
import re
import struct
import typing as t

from tests.helpers.servers import Server, wait_for

PAGE = "/_lifecycle/"
LIVE = "/_lifecycle/socket.io/?EIO=4&transport=websocket"
KEY = base64.b64encode(b"0123456789abcdef").decode()


class Answer(t.NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def talk(server: Server, raw: bytes) -> Answer:
    """Send bytes and read the answer: all of it, or until the other end closes."""
    with server.connect() as sock:
        sock.sendall(raw)
        data = b""
        while not is_whole(data) and (part := sock.recv(65536)):
            data += part
    return parsed(data)


def is_whole(data: bytes) -> bool:
    """Tell whether an answer is all there; of a websocket, its first message."""
    head, _, body = data.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 101"):
        return bool(body)
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    return length is not None and len(body) >= int(length[1])


def parsed(data: bytes) -> Answer:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return Answer(int(first.split()[1]) if first else 0, headers, body)


def request(
    server: Server,
    path: str = PAGE,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    **more: str,
) -> Answer:
    """Send a request with just these headers; Host is the server's address, if not given."""
    sent = {"Host": server.address, "Connection": "close", **(headers or {})}
    sent.update({name.replace("_", "-"): value for name, value in more.items()})
    if body:
        sent["Content-Length"] = str(len(body))
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
    return talk(server, "\r\n".join((*lines, "", "")).encode("latin-1") + body)


def ticket(server: Server) -> str:
    answer = request(server, "/_lifecycle/api/ticket", "POST")
    return str(json.loads(answer.body)["ticket"])


def shake(
    server: Server, path: str | None = None, headers: dict[str, str] | None = None, **more: str
) -> Answer:
    """Try to open a websocket, with a good ticket and a good Origin if not told otherwise."""
    given = {
        "Origin": f"http://{more.get('Host', server.address)}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13",
        **(headers or {}),
    }
    given.update({name.replace("_", "-"): value for name, value in more.items()})
    given = {name: value for name, value in given.items() if value != "-"}
    return request(server, path or f"{LIVE}&ticket={ticket(server)}", "GET", given)


def let_in(server: Server, **given: t.Any) -> Answer:
    """Open a websocket, once there is room for it: some may still be on their way out."""
    return wait_for(lambda: None if (answer := shake(server, **given)).status == 503 else answer)


def frame(opcode: int, payload: bytes, *, final: bool = True, masked: bool = True) -> bytes:
    """Write a frame of a client's (RFC 6455, section 5.2)."""
    length = len(payload)
    head = bytes([(0x80 if final else 0) | opcode])
    bit = 0x80 if masked else 0
    if length < 126:
        head += bytes([bit | length])
    elif length < 65536:
        head += bytes([bit | 126]) + struct.pack(">H", length)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", length)
    return head + (b"\0\0\0\0" if masked else b"") + payload

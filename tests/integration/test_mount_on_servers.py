"""The panel's websocket on real servers, of an app that is not at the root."""

from __future__ import annotations

import json
import typing as t
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import websocket

from tests.helpers.apps import TOKEN
from tests.helpers.mounted import OF_SERVERS, Mounted, mounted
from tests.helpers.prefixes import WAYS
from tests.helpers.servers import PATIENCE, batch

SERVERS = {
    "werkzeug": ["flask", "--app", "app", "run", "--port", "{port}"],
    "gthread": [
        *("gunicorn", "--worker-class", "gthread", "--threads", "8"),
        *("--bind", "127.0.0.1:{port}", "app:app"),
    ],
}
KNOWN = f"lifecycle_token={TOKEN}"


def ask(app: Mounted, path: str, method: str = "GET", **headers: str) -> t.Any:
    asked = urllib.request.Request(f"{app.url}{path}", method=method, headers=headers)
    return urllib.request.urlopen(asked, timeout=PATIENCE)


def connect(app: Mounted, **given: str) -> websocket.WebSocket:
    """Open the live stream as a browser would, but for what is given."""
    with ask(app, "/_lifecycle/api/ticket", "POST", Cookie=KNOWN) as answer:
        ticket = given.get("ticket") or json.load(answer)["ticket"]
    return websocket.create_connection(
        f"ws://{app.address}{app.root}/_lifecycle/socket.io/"
        f"?EIO=4&transport=websocket&ticket={ticket}",
        origin=given.get("origin", f"http://{app.address}"),
        cookie=given.get("cookie", KNOWN),
        timeout=PATIENCE,
    )


def is_live(app: Mounted) -> None:
    """Hold an app to it that its panel tells of requests as they come, and of no other's."""
    refused: list[dict[str, str]] = [
        {"origin": "http://evil.test"},
        {"origin": f"https://{app.address}"},
        {"origin": f"http://{app.server.address}.evil.test"},
        {"ticket": "made-up"},
        {"cookie": "lifecycle_token=made-up"},
    ]
    for given in refused:
        with pytest.raises(websocket.WebSocketBadStatusException) as error:
            connect(app, **given)
        assert error.value.status_code == 403, given
    with pytest.raises(urllib.error.HTTPError) as stranger:
        ask(app, "/_lifecycle/api/ticket", "POST")
    assert stranger.value.code == 403
    stranger.value.close()

    ws = connect(app)
    assert str(ws.recv()).startswith("0")
    ws.send("40{}")
    told = batch(ws)["traces"]
    # That path alone was asked for before, while the server came up.
    ask(app, "/data?live").close()
    while not any(each["query"] == "live" for each in told):
        told += batch(ws)["traces"]
    assert [each for each in told if "_lifecycle" in each["path"]] == []
    ws.close()
    with ask(app, "/data") as answer:
        assert json.load(answer)["missed"] == []


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize(
    ("way", "when"),
    [*((way, "after") for way in WAYS), ("dispatched", "before"), ("proxied", "before")],
)
def test_the_stream_is_live_behind_a_prefix(
    tmp_path: Path, way: str, when: str, server: str
) -> None:
    with mounted(tmp_path, way, when, SERVERS[server]) as app:
        is_live(app)


@pytest.mark.parametrize("way", OF_SERVERS)
def test_it_is_where_the_server_takes_the_prefix_off(tmp_path: Path, way: str) -> None:
    [*command, app] = SERVERS["gthread"]
    if way == "SCRIPT_NAME set":
        command += ["--env", "SCRIPT_NAME=/sub"]
    with mounted(tmp_path, way, "never", [*command, app]) as served:
        is_live(served)

"""A real ``flask run --debug``, its reloader included, and what its log says."""

from __future__ import annotations

import json
import re
import typing as t
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from flask_lifecycle.toolbar.keys import request_key
from tests.helpers.servers import APP, NOT_UP, PATIENCE, Server, batch, batch_with, wait_for


@pytest.fixture(
    params=[
        ["flask", "--app", "app", "run", "--debug", "--port", "{port}"],
        [
            *("gunicorn", "--worker-class", "gthread", "--threads", "8"),
            *("--env", "FLASK_DEBUG=1", "--graceful-timeout", "5"),
            *("--bind", "127.0.0.1:{port}", "app:app"),
        ],
    ],
    ids=["werkzeug", "gthread"],
)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, request.param)
    yield server
    server.stop()
    assert server.tracebacks() == []


def test_a_slow_request_shows_while_it_runs(server: Server, tmp_path: Path) -> None:
    ws, first = server.watch()
    assert first["reset"] is True
    with server.connect() as sock:
        sock.sendall(b"GET /slow HTTP/1.0\r\nHost: localhost\r\n\r\n")
        told: list[dict[str, t.Any]] = []
        while not told or told[-1]["now"] != {"stage": "view", "name": "slow"}:
            told += [each for each in batch(ws)["traces"] if each["path"] == "/slow"]
        trace = told[-1]
        assert {each["state"] for each in told} == {"running"}

        whole = server.api(f"traces/{trace['id']}")
        open_now = [step["stage"] for step in whole["steps"] if step["end"] is None]
        assert open_now == ["wsgi", "dispatch", "view"]

        (tmp_path / "go").touch()
        sock.settimeout(PATIENCE)
        while sock.recv(4096):
            pass
    wait_for(lambda: server.api(f"traces/{trace['id']}")["state"] == "done")
    ws.close()


def test_viewers_that_leave_leave_nothing_in_the_log(server: Server) -> None:
    for politely in (True, False, True, False):
        ws, _ = server.watch()
        server.get("/")
        if politely:
            ws.close()
        else:
            assert ws.sock is not None
            ws.sock.close()
    assert server.answers()


def test_a_second_viewer_resumes_without_gap_or_double(server: Server) -> None:
    ws, first = server.watch()
    ids = [each["id"] for each in first["traces"]]
    for _ in range(20):
        server.get("/")
    while len(set(ids)) < len(server.api("traces")["traces"]):
        ids.extend(each["id"] for each in batch(ws)["traces"])
    kept = [each["id"] for each in reversed(server.api("traces")["traces"])]
    assert list(dict.fromkeys(ids)) == kept
    ws.close()

    ws, late = server.watch()
    assert [each["id"] for each in late["traces"]] == kept
    ws.close()


def test_a_viewer_is_sent_the_steps_that_it_lacks(server: Server) -> None:
    server.get("/")
    # The answer is there before its last steps are.
    wait_for(lambda: {each["state"] for each in server.api("traces")["traces"]} == {"done"})
    ws, first = server.watch()
    trace = first["traces"][-1]["id"]
    told = server.api(f"traces/{trace}")
    whole, highlights = told["steps"], told["highlights"]
    for have in (0, 3, len(whole) - 1):
        ws.send(f"42{json.dumps(['watch', {'trace': trace, 'have': have}])}")
        [sent] = batch_with(ws, "steps")["steps"]
        assert (sent["trace"], sent["highlights"]) == (trace, highlights)
        lacking = len(whole) - have
        assert sent["steps"][:lacking] == whole[have:]
        # What is said of a step may depend on those inside it: then it comes again.
        assert all(each in whole[:have] for each in sent["steps"][lacking:])
    ws.send(f"42{json.dumps(['watch', {'trace': trace, 'have': len(whole)}])}")
    server.get("/")
    while not (received := batch(ws))["traces"]:
        assert received["steps"] == []
    assert received["steps"] == []
    ws.close()


@pytest.mark.parametrize("reloads", ["--reload", "--no-reload"])
def test_the_token_is_printed_once_at_the_start(tmp_path: Path, reloads: str) -> None:
    command = ["flask", "--app", "app", "run", "--debug", reloads, "--port", "{port}"]
    server = Server(tmp_path, command)
    told = f" * Lifecycle: http://{server.address}/_lifecycle/ (remote clients: add ?token="
    # Before anybody has asked for the panel.
    wait_for(lambda: told in server.log.read_text())
    server.get("/_lifecycle/")
    server.stop()
    assert server.log.read_text().count(told) == 1


MAINS = {
    "gevent": """
    from gevent.pywsgi import WSGIServer
    WSGIServer(("127.0.0.1", port), app).serve_forever()
""",
    "eventlet": """
    import eventlet
    from eventlet import wsgi
    wsgi.server(eventlet.listen(("127.0.0.1", port)), app)
""",
    "cheroot": """
    from cheroot.wsgi import Server
    Server(("127.0.0.1", port), app).start()
""",
    "uvicorn": """
    import uvicorn
    from a2wsgi import WSGIMiddleware
    uvicorn.run(WSGIMiddleware(app), port=port)
""",
}


@pytest.mark.parametrize("name", MAINS)
def test_the_panels_url_is_printed_by_the_first_request_of_any_kind(
    tmp_path: Path, name: str
) -> None:
    main = f'if __name__ == "__main__":\n    import sys\n    port = int(sys.argv[1]){MAINS[name]}'
    app = APP.replace("Lifecycle(app)", "app.debug = True\nLifecycle(app)")
    server = Server(tmp_path, ["app", "{port}"], f"{app}\n{main}")
    wait_for(lambda: " * Lifecycle: " in server.log.read_text())
    try:
        server.get("/_lifecycle/")
    except urllib.error.HTTPError as refused:  # under Eventlet, every client needs the token
        refused.close()
    server.kill()
    log = server.log.read_text()
    found = re.findall(r"(?m)^ \* Lifecycle: (\S+)", log)
    assert [url.replace("localhost", "127.0.0.1") for url in found] == [
        f"http://{server.address}/_lifecycle/"
    ]


def test_the_token_is_in_no_log(tmp_path: Path) -> None:
    token = "a-token-of-its-own/with+signs"
    app = APP.replace(
        "Lifecycle(app)", f"app.config['LIFECYCLE_TOKEN'] = {token!r}\nLifecycle(app)"
    )
    server = Server(tmp_path, ["flask", "--app", "app", "run", "--debug", "--port", "{port}"], app)
    for given in (token, urllib.parse.quote(token, safe="")):
        server.get(f"/_lifecycle/?token={given}")
        # What is refused is not hidden.
        far = urllib.request.Request(
            f"http://{server.address}/_lifecycle/?token={given}", headers={"Host": "evil.example"}
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(far, timeout=PATIENCE)
        refused.value.close()
    server.stop()
    log = server.log.read_text()
    assert log.count("/_lifecycle/?token=••••••") == 2
    assert token not in log
    assert urllib.parse.quote(token, safe="") not in log


def test_what_the_toolbar_asks_again_and_again_is_in_no_log(tmp_path: Path) -> None:
    token = "a-token-of-this-test"
    app = APP.replace(
        "Lifecycle(app)", f"app.config['LIFECYCLE_TOKEN'] = {token!r}\nLifecycle(app)"
    )
    server = Server(tmp_path, ["flask", "--app", "app", "run", "--debug", "--port", "{port}"], app)
    server.get("/")
    trace = server.api("traces")["traces"][0]["id"]
    asked = f"/_lifecycle/toolbar/requests?of={trace}."
    assert trace in server.get(asked + request_key(token, trace))
    with pytest.raises(urllib.error.HTTPError) as refused:
        server.get(f"{asked}none")
    refused.value.close()
    server.stop()
    log = server.log.read_text()
    assert '"GET / HTTP/1.1" 200' in log
    # What is refused is not hidden.
    assert log.count("/toolbar/requests") == 1
    assert f"{asked}none" in log


def test_the_reloader_and_ctrl_c_leave_nothing_in_the_log(tmp_path: Path) -> None:
    server = Server(tmp_path, ["flask", "--app", "app", "run", "--debug", "--port", "{port}"])
    ws, first = server.watch()
    epoch = first["epoch"]
    key = server.key()
    server.rewrite(APP.replace("hello", "hello again"))

    def reloaded() -> bool:
        try:
            return server.get("/") == "hello again"
        except NOT_UP:
            return False

    wait_for(reloaded)
    ws.close()
    ws, first = server.watch()
    assert first["epoch"] != epoch
    assert server.key() == key
    server.stop()
    ws.close()
    assert server.tracebacks() == []

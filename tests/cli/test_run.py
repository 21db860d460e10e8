"""Any app, served by ``flask lifecycle run`` as ``flask run --debug`` serves it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask.cli import run_command

from flask_lifecycle.cli.run import command
from tests.helpers import ROOT
from tests.helpers.servers import NOT_UP, PATIENCE, Server, wait_for

APP = """
import sys
from flask import Flask, g

print("loaded")

def create_app(name="nobody"):
    app = Flask(__name__)

    @app.before_request
    def load_user():
        g.user = name

    @app.get("/")
    def index():
        return f"{g.user} {app.debug}"

    @app.get("/modules")
    def modules():
        return " ".join(sys.modules)

    return app
"""
WITH_ITS_OWN = """
from flask import Flask
from flask_lifecycle import Lifecycle

app = Flask(__name__)
app.config["LIFECYCLE_URL_PREFIX"] = "/own"
Lifecycle(app)

@app.get("/")
def index():
    return "hello"
"""
RUN = ["lifecycle", "run", "--port", "{port}"]


@contextmanager
def running(folder: Path, *command: str, app: str = APP) -> Iterator[Server]:
    server = Server(folder, ["flask", *command], app)
    try:
        yield server
    finally:
        server.stop()


def flask(folder: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flask", *args],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_an_app_that_does_not_know_the_extension_is_recorded(tmp_path: Path) -> None:
    with running(tmp_path, "--app", "app:create_app('ada')", *RUN, "--no-reload") as server:
        assert server.get("/") == "ada True"
        (trace, *_) = server.api("traces")["traces"]
        assert (trace["path"], trace["changed"]) == ("/", {"g": ["user"]})
        # What lays out texts is no part of the served app.
        assert "rich" not in server.get("/modules").split()
        # What has not ended is not written when the server ends.
        wait_for(lambda: not server.api("traces?q=is:running")["traces"])
    assert " * Lifecycle: http://" in server.log.read_text()
    # What the app prints while it is loaded is no part of what a command writes.
    listed = flask(tmp_path, "--app", "app:create_app", "lifecycle", "list", "--json")
    assert json.loads(listed.stdout)["traces"][0]["path"] == "/modules"
    assert listed.stderr == "loaded\n"


def test_the_app_and_options_come_from_the_environment_and_its_files(tmp_path: Path) -> None:
    (tmp_path / ".flaskenv").write_text(
        "FLASK_APP=app:create_app('flaskenv')\nFLASK_RUN_RELOAD=0\nFLASK_DEBUG=0\n"
    )
    with running(tmp_path, *RUN) as server:
        assert server.get("/") == "flaskenv True"
        assert paths_of(server)[0] == "/"
    assert "Restarting" not in server.log.read_text()


def test_a_file_saved_with_an_error_and_mended_is_served_again(tmp_path: Path) -> None:
    with running(tmp_path, "--app", "app", *RUN) as server:
        assert server.get("/") == "nobody True"
        server.rewrite(f"{APP}\ndef broken(:\n")
        wait_for(lambda: status_of(server) == 500)
        wait_for(lambda: "SyntaxError" in server.log.read_text())
        server.rewrite(APP.replace("nobody", "mended"))
        wait_for(lambda: status_of(server) == 200)
        assert server.get("/") == "mended True"
        wait_for(lambda: len(paths_of(server)) >= 2)
    assert server.log.read_text().count(" * Lifecycle: ") == 1


def status_of(server: Server) -> int:
    try:
        server.get("/")
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except NOT_UP:
        return 0
    return 200


def paths_of(server: Server) -> list[str]:
    return [each["path"] for each in server.api("traces")["traces"]]


def test_an_app_that_has_its_own_is_served_as_it_is(tmp_path: Path) -> None:
    command = ("--app", "app", *RUN, "--no-reload")
    with running(tmp_path, *command, app=WITH_ITS_OWN) as server:
        assert json.loads(server.get("/own/api/traces"))["traces"][0]["path"] == "/"
    off = WITH_ITS_OWN.replace("LIFECYCLE_URL_PREFIX", "LIFECYCLE_ENABLED").replace(
        '"/own"', "False"
    )
    with running(tmp_path, *command, app=off) as server:
        assert server.get("/") == "hello"
    assert " * Lifecycle is off: LIFECYCLE_ENABLED is False." in server.log.read_text()


def test_without_debug_the_panel_needs_the_token(tmp_path: Path) -> None:
    with running(tmp_path, "--app", "app", *RUN, "--no-debug") as server:
        assert server.get("/") == "nobody False"
        with pytest.raises(urllib.error.HTTPError) as refused:
            server.api("traces")
        refused.value.close()
        assert refused.value.code == 403
        printed = re.compile(r"\?token=(\S+)")
        wait_for(lambda: printed.search(server.log.read_text()))
        found = printed.search(server.log.read_text())
        assert found is not None
        request = urllib.request.Request(
            f"http://{server.address}/_lifecycle/api/traces",
            headers={"Authorization": f"Bearer {found[1]}"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            assert json.load(answer)["traces"]


@pytest.mark.parametrize(
    "app", ["import nothing_of_this_name", "def broken(:", "raise RuntimeError('no config')", ""]
)
def test_an_app_that_cannot_be_loaded_fails_as_with_flask_run(tmp_path: Path, app: str) -> None:
    (tmp_path / "app.py").write_text(app)
    bare = flask(tmp_path, "run", "--debug", "--no-reload")
    ours = flask(tmp_path, "lifecycle", "run", "--no-reload")
    assert ours.returncode == bare.returncode != 0
    assert error_of(ours.stderr) == error_of(bare.stderr)


def error_of(text: str) -> list[str]:
    """Return an error without what names the command or its frames."""
    usage, found, message = text.partition("\nError: ")
    return message.splitlines() if found and usage.startswith("Usage") else text.splitlines()[-3:]


def test_a_wrong_setting_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "from flask import Flask\napp = Flask(__name__)\napp.config['LIFECYCLE_MAX_TRACES'] = 'x'\n"
    )
    done = flask(tmp_path, "lifecycle", "run", "--no-reload")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: LIFECYCLE_MAX_TRACES got 'x'; it takes")


def test_all_options_are_those_of_flask_run() -> None:
    assert command.params == run_command.params

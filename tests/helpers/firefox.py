"""A real Firefox: Debian's, which Playwright cannot drive, by its own protocol (Marionette)."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import typing as t
from contextlib import suppress
from pathlib import Path

from tests.helpers.servers import PATIENCE, hold_port, wait_for

# Without them it calls home as soon as it starts.
_PREFERENCES: dict[str, t.Any] = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.enabled": False,
}


class Firefox:
    """A browser of its own, with one page."""

    def __init__(self, folder: Path) -> None:
        path = next((each for each in map(shutil.which, ("firefox-esr", "firefox")) if each), None)
        assert path is not None, "These tests need Firefox; .ci/packages installs it."
        port = hold_port(self)
        lines = (
            f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
            for name, value in {**_PREFERENCES, "marionette.port": port}.items()
        )
        (folder / "user.js").write_text("".join(lines))
        command = [path, "--headless", "--no-remote", "--marionette", "--profile", str(folder)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._number = 0
        self._data = b""
        wait_for(lambda: self._connected(port))
        self._read()
        self._ask("WebDriver:NewSession")

    def open(self, url: str) -> None:
        """Go to a page."""
        self._ask("WebDriver:Navigate", url=url)

    def run(self, script: str, *args: t.Any) -> t.Any:
        """Return what the body of a function returns in the page."""
        return self._ask("WebDriver:ExecuteScript", script=script, args=args)["value"]

    def wait(self, script: str, *args: t.Any) -> None:
        """Wait until the body of a function returns true."""
        wait_for(lambda: self.run(script, *args) is True)

    def close(self) -> None:
        """End the browser."""
        with suppress(OSError, AssertionError):
            self._ask("Marionette:Quit", flags=["eForceQuit"])
        self._socket.close()
        try:
            self._process.wait(PATIENCE)
        finally:
            self._process.kill()

    def _connected(self, port: int) -> bool:
        assert self._process.poll() is None, "Firefox has ended"
        with suppress(OSError):
            self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
            return True
        return False

    def _ask(self, name: str, **parameters: t.Any) -> t.Any:
        self._number += 1
        message = json.dumps([0, self._number, name, parameters]).encode()
        self._socket.sendall(b"%d:%b" % (len(message), message))
        _, _, error, result = self._read()
        assert error is None, error
        return result

    def _read(self) -> t.Any:
        """Read one message: its length, a colon and JSON."""
        while b":" not in self._data:
            self._receive()
        length, _, self._data = self._data.partition(b":")
        while len(self._data) < int(length):
            self._receive()
        message, self._data = self._data[: int(length)], self._data[int(length) :]
        return json.loads(message)

    def _receive(self) -> None:
        received = self._socket.recv(1 << 20)
        assert received, "Firefox has closed the connection"
        self._data += received


__all__ = ["Firefox"]

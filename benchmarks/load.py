"""1,000 requests a second, with viewers: ``python -m benchmarks.load``.

What the app can do with and without them, whether each request is shown or said to be
skipped, and whether the page stays smooth.
"""

from __future__ import annotations

import argparse
import json
import statistics
import threading
import time
import typing as t

import websocket
from flask import Flask

from flask_lifecycle import Lifecycle

from .browser import panel, sender
from .variants import connect, recording
from .workloads import typical

FRAMES = """() => {
  window.frames = 0;
  const count = () => { window.frames += 1; requestAnimationFrame(count); };
  requestAnimationFrame(count);
}"""


def make(**config: t.Any) -> tuple[Flask, str]:
    """Make the typical app, recorded; return it and the path to ask for."""
    app, path = typical()
    app.config.update(config)
    app.config["LIFECYCLE_TOKEN"] = "a-token-of-thirty-two-characters"
    recording(app)
    return app, path


def throughput(send: t.Callable[[], None], seconds: float) -> float:
    """Send as fast as it goes; return requests a second."""
    count, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        send()
        count += 1
    return count / seconds


def paced(send: t.Callable[[], None], rate: float, seconds: float) -> int:
    """Send at a rate; return how many."""
    count, begun = 0, time.monotonic()
    while (now := time.monotonic() - begun) < seconds:
        if count < now * rate:
            send()
            count += 1
        else:
            # Until the next is due: a pace is kept by waiting.
            time.sleep(max(0.0, (count + 1) / rate - now))
    return count


class Viewer:
    """A websocket that acknowledges all it gets, and counts."""

    def __init__(self, app: Flask, address: str) -> None:
        self.shown: set[str] = set()
        self.skipped = 0
        self._ws = connect(app, address)
        self._changed = threading.Condition()
        threading.Thread(target=self._receive, daemon=True).start()

    def _receive(self) -> None:
        while True:
            try:
                text = str(self._ws.recv())
            except (OSError, websocket.WebSocketException):
                return
            if text == "2":
                self._ws.send("3")
            elif text.startswith("42"):
                batch = json.loads(text[2:])[1]
                with self._changed:
                    self.shown.update(each["id"] for each in batch["traces"])
                    self.skipped += batch["skipped"]
                    self._changed.notify()
                self._ws.send("42" + json.dumps(["ack", batch["seq"]]))

    def seen(self, at_least: int) -> int:
        """Wait until so many requests were shown or skipped, or 10 s; return how many were."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.shown) + self.skipped >= at_least, 10)
            return len(self.shown) + self.skipped


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=1000)
    options = parser.parse_args()
    alone_app, path = make()
    alone = sender(alone_app, path)
    app, path = make()
    send = sender(app, path)
    send()
    with panel(app) as (page, address):
        ratios = []
        for _ in range(7):
            # In turns: whatever else the machine does meets both alike.
            bare = throughput(alone, 1)
            ratios.append(throughput(send, 1) / bare)
        page.evaluate(FRAMES)
        viewer = Viewer(app, address)
        before = viewer.seen(len(Lifecycle().traces(app)))
        page.evaluate("window.frames = 0")
        sent: list[int] = []
        load = threading.Thread(
            target=lambda: sent.append(paced(send, options.rate, options.seconds))
        )
        load.start()
        page.wait_for_timeout(options.seconds * 1000)
        frames = page.evaluate("window.frames") / options.seconds
        load.join()
        seen = viewer.seen(before + sent[0]) - before
    print(f"throughput with a viewer, of that without: {statistics.median(ratios):.2f}")
    print(f"{sent[0]} requests at {sent[0] / options.seconds:.0f} a second")
    print(f"shown or said to be skipped: {seen} ({viewer.skipped} skipped)")
    print(f"the page: {frames:.0f} frames a second")


if __name__ == "__main__":
    main()

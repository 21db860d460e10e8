"""From a request's first step to its being painted: ``python -m benchmarks.latency``."""

from __future__ import annotations

import argparse
import statistics
import threading
import time

from .browser import panel, sender
from .variants import recording
from .workloads import typical

# A trace's id begins with the nanosecond at which it began.
WATCH = """() => {
  window.delays = [];
  const seen = new Set([...document.querySelectorAll("[data-trace]")].map(r => r.dataset.trace));
  new MutationObserver(() => {
    for (const row of document.querySelectorAll("[data-trace]")) {
      const id = row.dataset.trace;
      if (seen.has(id)) continue;
      seen.add(id);
      const begun = Number(BigInt("0x" + id.slice(0, 16)) / 1000n) / 1000;
      requestAnimationFrame(() => setTimeout(() =>
        window.delays.push(performance.timeOrigin + performance.now() - begun)));
    }
  }).observe(document.body, { childList: true, subtree: true });
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=100, help="requests a second")
    options = parser.parse_args()
    app, path = typical()
    app.config["LIFECYCLE_TOKEN"] = "a-token-of-thirty-two-characters"
    recording(app)
    send = sender(app, path)
    send()
    over = threading.Event()

    sent = 0

    def paced() -> None:
        nonlocal sent
        following = time.monotonic()
        while not over.is_set():
            send()
            sent += 1
            following += 1 / options.rate
            over.wait(following - time.monotonic())

    with panel(app) as (page, _address):
        page.evaluate(WATCH)
        thread = threading.Thread(target=paced)
        thread.start()
        page.wait_for_timeout(options.seconds * 1000)
        over.set()
        thread.join()
        page.wait_for_function(f"window.delays.length >= {sent}")
        delays = page.evaluate("window.delays")
    cuts = statistics.quantiles(delays, n=100)
    print(f"{len(delays)} requests painted, at {options.rate:.0f} a second")
    print(f"first step to paint: p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms")


if __name__ == "__main__":
    main()

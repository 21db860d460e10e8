"""How quickly the panel draws, in a real Chromium: ``python -m benchmarks.panel``.

Frames are limited by what the machine can rasterise: without a graphics card, in software. So
beside the frames a second stands what the page itself takes for each: CPU time of script, style
and layout.
"""

from __future__ import annotations

import argparse
import gzip
import logging
import re
import statistics
import threading
import time
import typing as t
from pathlib import Path

from flask import Flask
from playwright.sync_api import CDPSession, Page

import flask_lifecycle.panel

from .browser import panel, sender
from .load import make, paced

ROWS = 5000
WORK = ("ScriptDuration", "RecalcStyleDuration", "LayoutDuration")

# Pick one request, then the other, and wait until it is drawn and laid out.
REPLACE = """async ([ids, times]) => {
  const row = id => document.querySelector(`[data-trace="${id}"]`);
  const spent = [];
  for (let turn = 0; turn < times; turn += 1) {
    const next = row(ids[turn % ids.length]);
    const begun = performance.now();
    next.click();
    while (!next.hasAttribute("aria-current")) await null;
    document.querySelector("svg.diagram").getBoundingClientRect();
    spent.push(performance.now() - begun);
    await new Promise(requestAnimationFrame);
  }
  return spent;
}"""

FRAMES = """seconds => new Promise(resolve => {
  let frames = 0;
  const begun = performance.now();
  const count = now => {
    if (now - begun > seconds * 1000) resolve(frames / (now - begun) * 1000);
    else { frames += 1; STEP; requestAnimationFrame(count); }
  };
  requestAnimationFrame(count);
})"""

SCROLL = """{
  const box = document.querySelector(".rows");
  window.down = box.scrollTop <= 0 ? 1
    : box.scrollTop + box.clientHeight >= box.scrollHeight - 1 ? -1 : window.down ?? 1;
  box.scrollTop += 400 * window.down;
}"""


# One letter more in each frame until all is typed, then one less: the field has what follows the
# last term, and Backspace in an empty one opens that term again.
TYPE = """{
  const text = "path:/ status:2xx time:>0 -is:running";
  const field = document.querySelector('input[role="combobox"]');
  const letters = 2 * text.length;
  window.typed = ((window.typed ?? -1) + 1) % letters;
  const begins = window.typed < text.length;
  if (!begins && field.value === "")
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Backspace", bubbles: true }));
  else {
    field.value = begins ? field.value + text[window.typed] : field.value.slice(0, -1);
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
}"""
MANY_STEPS = 10_000
BURST = 200
SIZES = ((1440, 900), (1100, 700), (1600, 1000), (1280, 760))


class Meter:
    """Counts frames, and what the page takes for each."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._cdp: CDPSession = page.context.new_cdp_session(page)
        # The CPU's time, not the clock's: others may run on this machine as well.
        self._cdp.send("Performance.enable", {"timeDomain": "threadTicks"})

    def work(self) -> float:
        """Return the seconds that the page has taken so far."""
        told = self._cdp.send("Performance.getMetrics")["metrics"]
        found: dict[str, float] = {each["name"]: each["value"] for each in told}
        return sum(found[name] for name in WORK)

    def frames(self, seconds: float, step: str = "") -> tuple[float, float]:
        """Return frames a second and ms of work for each, while this is done in each."""
        return self.while_doing(lambda: None, seconds, step)

    def while_doing(
        self, run: t.Callable[[], object], seconds: float, step: str = ""
    ) -> tuple[float, float]:
        """Return the same while something is run here, which should take as long."""
        before = self.work()
        count = FRAMES.replace("STEP", step)
        self._page.evaluate(f"seconds => {{ window.counted = ({count})(seconds); }}", seconds)
        run()
        rate: float = self._page.evaluate("window.counted")
        return rate, (self.work() - before) * 1000 / max(1.0, rate * seconds)


def first_paint(page: Page, times: int) -> list[float]:
    """Open the panel anew; return the ms until something is painted."""
    paints = []
    for _ in range(times):
        page.reload()
        page.locator("[data-trace]").first.wait_for()
        script = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
        paints.append(float(page.evaluate(script)))
    return paints


def bundle(page: Page) -> tuple[int, int, int]:
    """Return the gzipped bytes of what is loaded at first, by now, and of all that may be."""
    assets = Path(flask_lifecycle.panel.__file__).parent / "dist" / "assets"
    sizes = {path.name: len(gzip.compress(path.read_bytes())) for path in assets.iterdir()}
    first: set[str] = set()
    left = re.findall(r"assets/([\w.-]+)", (assets.parent / "index.html").read_text("utf-8"))
    while left:
        name = left.pop()
        if name not in first:
            first.add(name)
            text = (assets / name).read_text("utf-8")
            left += re.findall(r'(?:from|import)"\./([\w.-]+)"', text)
    script = "performance.getEntriesByType('resource').map(each => each.name.split('/').pop())"
    loaded: list[str] = page.evaluate(script)
    by_now = sum(sizes.get(name, 0) for name in loaded)
    return sum(sizes[name] for name in first), by_now, sum(sizes.values())


def ids(page: Page) -> list[str]:
    return t.cast(
        "list[str]",
        page.eval_on_selector_all("[data-trace]", "rows => rows.map(r => r.dataset.trace)"),
    )


def replacements(page: Page, meter: Meter) -> tuple[list[float], float]:
    """Change between two diagrams; return how long each change took, and its work, in ms."""
    pair = ids(page)[:2]
    for each in (*pair, *pair):  # so that their steps are here
        page.locator(f'[data-trace="{each}"]').click()
        page.locator('[data-stage="view"][data-state="done"]').wait_for()
    page.wait_for_timeout(500)
    before = meter.work()
    replaced: list[float] = page.evaluate(REPLACE, [pair, 60])
    return replaced, (meter.work() - before) * 1000 / len(replaced)


def resizing(page: Page, seconds: float) -> None:
    """Resize the window again and again."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(100)


def play(page: Page) -> None:
    """Play the request that is shown on the stage, from its beginning."""
    if page.locator(".stage").count() == 0:
        page.get_by_role("button", name="Stage", exact=True).click()
        page.locator(".stage").wait_for()
    page.keyboard.press("Home")
    page.keyboard.press("Space")


def on_the_stage(
    page: Page, meter: Meter, send: t.Callable[[], None], seconds: float
) -> dict[str, tuple[float, float]]:
    """Measure the stage while requests come in, while it is resized, and with many steps."""
    load = threading.Thread(target=paced, args=(send, BURST / seconds, seconds))
    play(page)
    load.start()
    found = {f"{BURST} requests while the stage plays": meter.frames(seconds)}
    load.join()
    play(page)
    found["a window that is resized during a replay"] = meter.while_doing(
        lambda: resizing(page, seconds), seconds
    )
    page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
    page.keyboard.press("Escape")
    return found


def steps(app: Flask) -> str:
    """Make as many steps as are kept."""
    for number in range(MANY_STEPS):
        app.logger.info("step %d", number)
    return "long"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rate", type=float, default=1000, help="requests a second")
    options = parser.parse_args()
    app, path = make(LIFECYCLE_MAX_TRACES=ROWS + 1000)
    send = sender(app, path)
    for _ in range(20):
        send()

    with panel(app) as (page, _address):
        paints = first_paint(page, 7)
        page.locator(".playback").wait_for()
        first, at_once, every = bundle(page)
        meter = Meter(page)
        idle, _ = meter.frames(options.seconds)

        replaced, replacing = replacements(page, meter)

        page.get_by_role("button", name="even steps").click()
        page.get_by_role("button", name="Play").click()
        replay = meter.frames(options.seconds)
        page.keyboard.press("Escape")

        for _ in range(ROWS):
            send()
        page.wait_for_timeout(2000)
        scroll = meter.frames(options.seconds, SCROLL)

        page.get_by_role("button", name="Follow").click()
        load = threading.Thread(target=paced, args=(send, options.rate, options.seconds + 1))
        load.start()
        page.wait_for_timeout(500)
        streaming = meter.frames(options.seconds)
        load.join()

        field = page.get_by_role("combobox", name="Filter")
        field.focus()
        load = threading.Thread(target=paced, args=(send, 500 / options.seconds, options.seconds))
        load.start()
        typing = meter.frames(options.seconds, TYPE)
        load.join()
        field.fill("")
        page.keyboard.press("Escape")
        page.locator("[data-trace]").first.click()
        staged = on_the_stage(page, meter, send, options.seconds)

    long, _ = make(LIFECYCLE_MAX_STEPS=MANY_STEPS)
    long.logger.setLevel("INFO")
    long.logger.handlers, long.logger.propagate = [logging.NullHandler()], False
    long.add_url_rule("/long", "long", lambda: steps(long))
    sender(long, "/long")()
    with panel(long) as (page, _address):
        meter = Meter(page)
        page.locator("[data-trace]").first.click()
        play(page)
        staged[f"{MANY_STEPS:,} steps on the stage"] = meter.frames(options.seconds)

    cuts = statistics.quantiles(replaced, n=20)
    print(f"frames a second with nothing to do, what this machine can: {idle:.0f}")
    for what, (rate, work) in {
        "replay": replay,
        f"{ROWS} rows scrolling": scroll,
        f"{options.rate:.0f} requests a second streaming in": streaming,
        "500 requests while one types in the filter": typing,
        **staged,
    }.items():
        print(f"{what}: {rate:.0f} frames a second, {work:.1f} ms of work for each")
    print(
        f"diagram replaced: {replacing:.1f} ms of work; by the clock, "
        f"median {statistics.median(replaced):.1f} ms, p95 {cuts[18]:.1f} ms"
    )
    print(f"first paint: median {statistics.median(paints):.0f} ms, worst {max(paints):.0f} ms")
    print(
        f"bundle, gzip: {first / 1000:.1f} kB at first, {at_once / 1000:.1f} kB to draw a request, "
        f"{every / 1000:.1f} kB in all"
    )


if __name__ == "__main__":
    main()

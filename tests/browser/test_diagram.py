"""The diagram draws what was recorded, each step once, and nothing over anything else."""

from __future__ import annotations

import json
import typing as t
import urllib.request

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from demo.tour import STOPS, Stop

from ..integration.test_server import wait_for
from .conftest import Panel, Server

COLLECTED = ("sql", "span", "log", "warning", "flash")
ROUTES = [stop for stop in STOPS if "slow" not in stop.path]

DRAWN = """() => {
    const svg = document.querySelector("svg.diagram");
    const steps = [...svg.querySelectorAll("[data-step]")].map((node) => node.dataset.step);
    const folded = [...svg.querySelectorAll("[data-fold]")].flatMap(
        (node) => node.dataset.fold.split(" "));
    return [...steps, ...folded].filter((each) => each !== "").map(Number);
}"""

# Boxes are shrunk by a hair's breadth: what touches does not overlap.
OVERLAPS = """() => {
    const texts = [...document.querySelectorAll("svg.diagram text")]
        .filter((text) => text.textContent.trim() !== "")
        .map((text) => ({ said: text.textContent, box: text.getBoundingClientRect() }));
    const found = [];
    texts.forEach(({ said, box }, index) => {
        for (const other of texts.slice(index + 1)) {
            const { left, right, top, bottom, height: tall } = other.box;
            const width = Math.min(box.right, right) - Math.max(box.left, left);
            const height = Math.min(box.bottom, bottom) - Math.max(box.top, top);
            // A line's box is higher than its letters: a quarter of it is empty.
            if (width > 1 && height > Math.min(box.height, tall) * 0.3)
                found.push(`${said} | ${other.said}`);
        }
    });
    return found;
}"""

OUTSIDE = """() => {
    const svg = document.querySelector("svg.diagram");
    const { width, height } = svg.viewBox.baseVal;
    return [...svg.querySelectorAll("text, rect, circle, path")]
        .filter((shape) => shape.closest("defs") === null)
        .map((shape) => [shape, shape.getBBox()])
        .filter(([, box]) => box.width + box.height > 0)
        .filter(([, box]) => box.x < -1 || box.y < -1 || box.x + box.width > width + 1
            || box.y + box.height > height + 1)
        .map(([shape, box]) => `${shape.tagName}.${shape.getAttribute("class")} `
            + `${shape.textContent} ${JSON.stringify([box.x, box.y, box.width, box.height])}`);
}"""


def _newest(server: Server, path: str) -> dict[str, t.Any]:
    with urllib.request.urlopen(f"{server.url}/_lifecycle/api/traces?limit=50") as response:
        traces = json.load(response)["traces"]
    newest = next(each for each in traces if each["path"] == path and each["parent"] is None)
    with urllib.request.urlopen(f"{server.url}/_lifecycle/api/traces/{newest['id']}") as response:
        return t.cast("dict[str, t.Any]", json.load(response))


def _open(panel: Panel, stop: Stop) -> dict[str, t.Any]:
    """Send the request, wait until it is over, and look at it."""
    panel.app.evaluate(
        """([path, method]) => fetch(path, {method, redirect: "manual", body: method !== "POST"
            ? undefined : new FormData()}).then((answer) => answer.text()).catch(() => "")""",
        [stop.path, stop.method],
    )
    path = stop.path.partition("?")[0]
    trace = _newest(panel.server, path)
    panel.page.evaluate("hash => { location.hash = hash; }", trace["id"])
    panel.shows(path)
    # Whole now: the server closes a body after the client has it.
    return _newest(panel.server, path)


@pytest.fixture(scope="module")
def context(chromium: Browser) -> t.Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture(scope="module")
def shown(context: BrowserContext, server: Server) -> Panel:
    """One panel for all routes."""
    panel = Panel(context, server)
    panel.fetch("/tour/sign-in", "POST")
    return panel


@pytest.mark.parametrize("stop", ROUTES, ids=lambda stop: f"{stop.method} {stop.path}")
def test_each_step_has_its_place(shown: Panel, stop: Stop) -> None:
    trace = _open(shown, stop)
    recorded = [each["id"] for each in trace["steps"] if each["stage"] not in COLLECTED]
    last = shown.page.locator(f'svg.diagram [data-step="{recorded[-1]}"]')
    last.first.wait_for(state="attached")
    drawn = shown.page.evaluate(DRAWN)
    collected = {each["id"] for each in trace["steps"]} - set(recorded)
    assert sorted(each for each in drawn if each not in collected) == recorded
    assert shown.page.evaluate(OVERLAPS) == []
    assert shown.page.evaluate(OUTSIDE) == []


def test_folded_hooks_open(panel: Panel) -> None:
    trace = _open(panel, next(stop for stop in STOPS if stop.path == "/corners/crowd"))
    folds = panel.page.locator('svg.diagram [data-fold]:not([data-fold=""])')
    expect(panel.page.locator("svg.diagram", has_text="check_09")).to_be_visible()
    assert panel.page.locator("svg.diagram", has_text="check_10").count() == 0
    assert folds.first.get_attribute("aria-expanded") == "false"
    while folds.count():
        folds.first.click()
    hooks = [each["id"] for each in trace["steps"] if each["name"].startswith("check_")]
    assert len(hooks) == 30
    for step in hooks:
        expect(panel.page.locator(f'svg.diagram [data-step="{step}"]')).to_have_count(1)


def test_ten_thousand_statements_open_at_once(panel: Panel) -> None:
    page = panel.page
    trace = _open(panel, next(stop for stop in STOPS if stop.path == "/corners/statements"))
    assert trace["dropped_steps"] > 5000
    page.locator("svg.diagram", has_text="more steps were not kept").wait_for()
    page.get_by_role("tab", name="Response").click()
    page.locator("svg.diagram").wait_for(state="detached")
    took = page.evaluate(
        """() => new Promise((resolve) => {
            const begun = performance.now();
            document.querySelector("#tab-diagram").click();
            const look = () => document.querySelector("svg.diagram .seg.dense") === null
                ? requestAnimationFrame(look) : resolve(performance.now() - begun);
            look();
        })"""
    )
    assert took < 1000


def test_a_request_inside_is_a_link_where_it_ran(panel: Panel) -> None:
    _open(panel, next(stop for stop in STOPS if stop.path == "/tour/nested"))
    panel.page.get_by_role("link", name="request inside: GET /tour/async 200").click()
    panel.shows("/tour/async")
    panel.page.get_by_role("link", name="the request in which this one ran").click()
    panel.shows("/tour/nested")


def test_the_camera(panel: Panel) -> None:
    _open(panel, next(stop for stop in STOPS if stop.path == "/admin/orders/42"))
    page = panel.page
    camera = page.locator("svg.diagram .camera")

    def scale() -> float:
        matrix = camera.evaluate("(g) => new DOMMatrix(g.style.transform).a")
        return round(t.cast("float", matrix), 2)

    assert scale() == 1
    page.keyboard.press("+")
    page.keyboard.press("+")
    assert scale() == 1.69
    page.keyboard.press("-")
    assert scale() == 1.3
    before = camera.evaluate("(g) => g.style.transform")
    box = page.locator("svg.diagram").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y - 40, steps=4)
    page.mouse.up()
    assert camera.evaluate("(g) => g.style.transform") != before
    assert page.get_by_label("Step", exact=True).count() == 0  # a drag picks nothing
    page.mouse.wheel(0, 30)
    page.keyboard.press("0")
    assert scale() == 1
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    assert scale() > 1.2
    page.keyboard.press("0")
    # As a pinch on a touchpad comes: many small ones, with Ctrl, and no key.
    small = {"type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": -7, "modifiers": 2}
    for _ in range(10):
        page.context.new_cdp_session(page).send("Input.dispatchMouseEvent", small)
    assert scale() == pytest.approx(2.01, abs=0.02)
    assert page.evaluate("[visualViewport.scale, devicePixelRatio]") == [1, 1]
    page.keyboard.press("0")
    panel.node("view", "done").click()
    page.keyboard.press("z")
    assert scale() == 1.7


def test_two_fingers_are_the_cameras(chromium: Browser, server: Server) -> None:
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    panel = Panel(context, server)
    panel.fetch("/shop/")
    panel.shows("/shop/")
    page = panel.page
    box = page.locator("[data-view=diagram] figure").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    devtools = context.new_cdp_session(page)

    def fingers(kind: str, *apart: float, at: float = x) -> None:
        points = [{"x": at + each, "y": y, "id": number} for number, each in enumerate(apart)]
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def look() -> t.Any:
        return page.locator("svg.diagram .camera").evaluate(
            "(g) => { const {a, e} = new DOMMatrix(g.style.transform); return [a, e]; }"
        )

    fingers("touchStart", -20)
    fingers("touchStart", -20, 20)
    for step in range(1, 11):
        fingers("touchMove", -20 - 4 * step, 20 + 4 * step)
    expect(page.locator("svg.diagram.closer")).to_have_count(1)
    wait_for(lambda: look()[0] == pytest.approx(3, abs=0.05))
    near, left = look()
    for step in range(1, 6):  # both go the same way
        fingers("touchMove", -60, 60, at=x - 8 * step)
    wait_for(lambda: look()[1] < left - 20)
    assert look()[0] == pytest.approx(near, abs=0.1)
    fingers("touchEnd")
    page.keyboard.press("0")
    page.locator("svg.diagram.closer").wait_for(state="detached")
    # As Chromium itself makes one.
    pinch = {"x": x, "y": y, "scaleFactor": 2, "relativeSpeed": 2000}
    devtools.send("Input.synthesizePinchGesture", {**pinch, "gestureSourceType": "touch"})
    wait_for(lambda: look()[0] > 1.5)
    assert page.evaluate("visualViewport.scale") == 1  # the page itself stayed as it was
    assert page.get_by_label("Step", exact=True).count() == 0
    assert panel.faults == []
    context.close()


def test_arrows_rove_in_the_order_of_the_journey(panel: Panel) -> None:
    trace = _open(panel, next(stop for stop in STOPS if stop.path == "/admin/orders/42"))
    page = panel.page
    diagram = page.locator("svg.diagram")
    diagram.focus()
    current = page.locator("svg.diagram .node.cur")
    page.keyboard.press("Home")
    expect(current.first).to_have_attribute("data-stage", "wsgi")
    seen = [0]
    for _ in range(5):
        page.keyboard.press("ArrowRight")
        expect(current.first).not_to_have_attribute("data-step", str(seen[-1]))
        seen.append(int(current.first.get_attribute("data-step") or -1))
    assert seen == sorted(set(seen))
    caption = page.locator('.caption[aria-live="polite"]')
    expect(caption).to_contain_text("The signal appcontext_pushed is sent")
    page.keyboard.press("End")
    expect(current.first).to_have_attribute("data-step", str(len(trace["steps"]) - 1))
    # A clicker, which sends other keys, goes on from there; and so do the arrows again.
    page.keyboard.press("Home")
    page.keyboard.press("PageDown")
    page.keyboard.press("PageDown")
    there = int(current.first.get_attribute("data-step") or -1)
    assert 1 < there < 8
    for key, goes in (("ArrowRight", 1), ("ArrowRight", 1), ("ArrowLeft", -1)):
        page.keyboard.press(key)
        expect(current.first).not_to_have_attribute("data-step", str(there))
        now = int(current.first.get_attribute("data-step") or -1)
        assert (now - there) * goes > 0
        there = now
    assert diagram.locator("[tabindex]").count() == 0  # one tab stop
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.closest('svg') !== null")


def test_a_client_that_goes_away_is_drawn(panel: Panel) -> None:
    panel.app.evaluate(
        """async () => {
            const stop = new AbortController();
            const answer = await fetch("/corners/endless", {signal: stop.signal});
            await answer.body.getReader().read();
            stop.abort();
        }"""
    )
    panel.shows("/corners/endless")
    panel.page.locator("svg.diagram", has_text="the client went away").wait_for()


def test_a_request_that_hangs_shows_a_clock(panel: Panel) -> None:
    panel.fetch("/tour/slow?seconds=3", wait=False)
    panel.page.locator("svg.diagram .clock").wait_for()
    expect(panel.page.locator("svg.diagram")).to_contain_text("waiting for")
    panel.shows("/tour/slow")
    assert panel.page.locator("svg.diagram .clock").count() == 0


def test_a_running_request_is_followed_until_it_is_scrubbed(panel: Panel) -> None:
    panel.fetch("/tour/slow?seconds=4", wait=False)
    panel.node("view", "running").wait_for()
    panel.page.keyboard.press("Home")
    panel.node("view", "pending").wait_for()
    panel.page.get_by_role("button", name="Live", exact=True).click()
    panel.node("view", "running").wait_for()
    assert panel.page.get_by_role("button", name="Live", exact=True).count() == 0
    panel.shows("/tour/slow")


def test_the_stage_fills_the_screen_with_type_for_the_last_row(panel: Panel) -> None:
    _open(panel, next(stop for stop in STOPS if stop.path == "/admin/orders/42"))
    page = panel.page
    page.keyboard.press("f")
    page.locator(".stage svg.diagram").wait_for()
    assert page.evaluate("document.fullscreenElement !== null")
    size = page.locator(".stage svg.diagram .f").first.evaluate(
        "(f) => getComputedStyle(f).fontSize"
    )
    assert size == "15.5px"
    page.keyboard.press("Home")
    page.keyboard.press("PageDown")
    first = page.locator(".caption").inner_text()
    page.keyboard.press("PageDown")
    expect(page.locator(".caption")).not_to_have_text(first)
    page.keyboard.press("PageUp")
    expect(page.locator(".caption")).to_have_text(first)
    page.keyboard.press("f")
    page.get_by_label("Requests", exact=True).wait_for()
    assert page.evaluate("document.fullscreenElement === null")


def test_the_stage_and_the_full_screen_are_left_together(panel: Panel) -> None:
    _open(panel, next(stop for stop in STOPS if stop.path == "/admin/orders/42"))
    page = panel.page
    left = page.get_by_label("Requests", exact=True)

    def is_full() -> bool:
        return t.cast("bool", page.evaluate("document.fullscreenElement !== null"))

    # The browser's own Escape tells the page nothing but that the screen is full no longer.
    for leave in (lambda: page.evaluate("document.exitFullscreen()"),
                  lambda: page.keyboard.press("Escape")):  # fmt: skip
        page.keyboard.press("f")
        wait_for(is_full)
        page.locator(".stage svg.diagram").wait_for()
        leave()
        left.wait_for()
        wait_for(lambda: not is_full())
    # It is left before the screen is full: that comes, and goes.
    page.evaluate(
        """() => {
            window.changes = 0;
            addEventListener("fullscreenchange", () => { window.changes += 1; });
        }"""
    )
    page.keyboard.press("f")
    page.keyboard.press("f")
    left.wait_for()
    wait_for(lambda: page.evaluate("window.changes") == 2)
    assert not is_full()

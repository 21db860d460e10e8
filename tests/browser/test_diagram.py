"""The diagram draws what was recorded, each step once, and nothing over anything else."""

from __future__ import annotations

import http.client
import json
import re
import typing as t
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from demo.tour import STOPS, Stop
from tests.helpers.browser import Panel, new_context, open_view, took
from tests.helpers.computed import computing
from tests.helpers.servers import FactoryServer, wait_for

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


def _newest(server: FactoryServer, path: str) -> dict[str, t.Any]:
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
    panel.page.locator(f'[data-trace="{trace["id"]}"][aria-current="true"]').wait_for()
    panel.shows(path)
    return panel.shows_whole(path)


@contextmanager
def _held(server: FactoryServer) -> Iterator[Callable[[], None]]:
    """Send a request whose view waits for the rest of a form; what is given sends that."""
    client = http.client.HTTPConnection("127.0.0.1", server.port)
    client.putrequest("POST", "/shop/sign-in")
    client.putheader("Content-Type", "application/x-www-form-urlencoded")
    client.putheader("Content-Length", "8")
    client.endheaders()
    with closing(client):
        yield lambda: client.send(b"name=Ada")


@pytest.fixture(scope="module")
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = new_context(chromium, viewport={"width": 1440, "height": 900})
    yield context
    context.close()


@pytest.fixture(scope="module")
def shown(context: BrowserContext, server: FactoryServer) -> Panel:
    """One panel for all routes."""
    panel = Panel(context, server)
    panel.fetch("/tour/sign-in", "POST")
    return panel


@pytest.mark.parametrize("stop", ROUTES, ids=lambda stop: f"{stop.method} {stop.path}")
def test_each_step_has_its_place(shown: Panel, stop: Stop) -> None:
    trace = _open(shown, stop)
    recorded = [each["id"] for each in trace["steps"] if each["stage"] not in COLLECTED]
    drawn = shown.page.evaluate(DRAWN)
    collected = {each["id"] for each in trace["steps"]} - set(recorded)
    assert sorted(each for each in drawn if each not in collected) == recorded
    assert shown.page.evaluate(OVERLAPS) == []
    assert shown.page.evaluate(OUTSIDE) == []


TURNS = [
    "/admin/orders/42",
    "/admin/ordrs/42",
    "/admin/orders/42/ship",
    "/admin/orders/export.csv",
    "/tour/crash",
    "/tour/crash?production",
    "/corners/after-hook?production",
]

LABELS_ON_CHIPS = """() => {
    const boxes = (name) => [...document.querySelectorAll(`svg.diagram ${name}`)]
        .map((rect) => rect.getBoundingClientRect());
    const chips = boxes("rect:is(.chip, .pill)");
    return boxes("rect.lg").filter((label) => chips.some((chip) =>
        Math.min(label.right, chip.right) - Math.max(label.left, chip.left) > 0
        && Math.min(label.bottom, chip.bottom) - Math.max(label.top, chip.top) > 1.5)).length;
}"""


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1920, 1080), (820, 1100), (390, 844)])
def test_nothing_lies_on_anything_else(
    chromium: Browser, server: FactoryServer, width: int, height: int
) -> None:
    context = new_context(chromium, viewport={"width": width, "height": height})
    panel = Panel(context, server)
    panel.fetch("/tour/sign-in", "POST")
    for stop in (each for each in ROUTES if each.path in TURNS):
        _open(panel, stop)
        svg = panel.page.locator("svg.diagram")
        size = [svg.get_attribute(name) for name in ("width", "height")]
        assert svg.get_attribute("viewBox") == f"0 0 {' '.join(map(str, size))}"  # one px a unit
        assert panel.page.evaluate(OVERLAPS) == []
        assert panel.page.evaluate(OUTSIDE) == []
        assert panel.page.evaluate(LABELS_ON_CHIPS) == 0
    context.close()
    assert panel.faults == []


def test_an_exception_is_followed_to_what_answers_it(shown: Panel) -> None:
    _open(shown, next(stop for stop in STOPS if stop.path == "/tour/crash"))
    diagram = shown.page.locator("svg.diagram")
    expect(diagram).to_contain_text("Werkzeug debugger")
    expect(diagram.locator('[data-stage="wsgi"]', has_text="500, traceback page")).to_be_visible()
    expect(diagram).to_contain_text("RuntimeError: Nobody handles this one.")
    expect(diagram).to_contain_text("with the exception")
    expect(diagram.locator(".why")).to_have_text(re.compile("^did not run: "))
    wires = diagram.locator("path.w")
    ups = wires.evaluate_all("all => all.map((each) => each.classList[1])")
    assert ups.index("err") < len(ups) - 1
    assert ups[-1] == "out"  # from the debugger on
    diagram.get_by_role("link", name="the exception and its frames").click()
    shown.page.locator('[data-view="exception"]').wait_for()
    shown.page.get_by_role("tab", name="Diagram").click()


def test_the_outer_layers_are_one_on_a_phone(chromium: Browser, server: FactoryServer) -> None:
    context = new_context(chromium, viewport={"width": 390, "height": 844})
    panel = Panel(context, server)
    panel.visit("/shop/")
    panel.shows("/shop/")
    diagram = panel.page.locator("svg.diagram")
    expect(diagram).to_contain_text("4 outer layers")
    expect(diagram).not_to_contain_text("ProxyFix")
    assert diagram.evaluate("svg => svg.getBoundingClientRect().width") <= 390
    diagram.get_by_role("button", name="4 outer layers").click()
    expect(diagram).to_contain_text("ProxyFix")
    diagram.get_by_role("button", name="WSGI server").click()
    expect(diagram).not_to_contain_text("ProxyFix")
    context.close()


def test_folded_hooks_open(panel: Panel) -> None:
    trace = _open(panel, next(stop for stop in STOPS if stop.path == "/corners/crowd"))
    folds = panel.page.locator('svg.diagram [data-fold][aria-expanded="false"]')
    hooks = {each["id"]: each for each in trace["steps"] if each["name"].startswith("check_")}
    assert len(hooks) == 30
    long = [each for each in hooks if took(hooks[each]) > trace["duration"] / 50]
    folded = " ".join(folds.evaluate_all("all => all.map(each => each.dataset.fold)")).split()
    assert folded != []
    assert {int(each) for each in folded} <= set(hooks) - set(long)
    for step in folded:
        expect(panel.page.locator(f'svg.diagram [data-step="{step}"]')).to_have_count(0)
    for left in reversed(range(folds.count())):
        folds.first.click()
        expect(folds).to_have_count(left)
    for step in hooks:
        expect(panel.page.locator(f'svg.diagram [data-step="{step}"]')).to_have_count(1)


def test_ten_thousand_statements_open_at_once(panel: Panel) -> None:
    page = panel.page
    trace = _open(panel, next(stop for stop in STOPS if stop.path == "/corners/statements"))
    assert trace["dropped_steps"] > 5000
    page.locator("svg.diagram", has_text="more steps were not stored").wait_for()
    page.locator("svg.diagram .seg.dense").first.wait_for(state="attached")
    assert page.locator("svg.diagram *").count() < 1000
    open_view(panel, "Response")
    page.locator("svg.diagram").wait_for(state="detached")
    with computing(page) as seconds:
        page.evaluate(
            """() => new Promise((resolve) => {
                document.querySelector("#tab-diagram").click();
                const look = () => document.querySelector("svg.diagram .seg.dense") === null
                    ? requestAnimationFrame(look) : resolve();
                look();
            })"""
        )
        assert seconds() < 0.5


def test_what_repeats_without_end_is_said_to(panel: Panel) -> None:
    page = panel.page
    panel.fetch("/corners/ticks?count=5000")
    panel.shows("/corners/ticks")
    said = "×5,000, first and last shown"
    page.locator("svg.diagram", has_text=f"App context {said}").wait_for()
    assert page.evaluate(OVERLAPS) == []
    assert page.evaluate(OUTSIDE) == []
    for view in ("Timeline", "Steps"):
        open_view(panel, view)
        while page.get_by_role("button", name="Show more").count() > 0:
            page.get_by_role("button", name="Show more").click()
        row = page.locator('tr[data-stage="app_context_push"]', has_text=said)
        expect(row).to_have_count(1)
        expect(row.get_by_title("It ran 5,000 times: the first")).to_have_text(said)


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

    def near(scale: str) -> None:
        expect(camera).to_have_attribute("style", re.compile(rf"scale\({scale}\)"))

    def place() -> list[float]:
        return t.cast(
            "list[float]",
            camera.evaluate(
                "({style}) => { const {e, f} = new DOMMatrix(style.transform); return [e, f]; }"
            ),
        )

    near("1")
    page.keyboard.press("+")
    page.keyboard.press("+")
    near("1.69")
    page.keyboard.press("-")
    near("1.3")
    left, top = place()
    box = page.locator("svg.diagram").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y - 40, steps=4)
    page.mouse.up()
    # To its end: what is still on its way would move it after the next key.
    wait_for(lambda: place() == pytest.approx([left - 60, top - 40], abs=1))
    page.mouse.wheel(0, 30)
    wait_for(lambda: place() == pytest.approx([left - 60, top - 70], abs=1))
    page.keyboard.press("0")
    near("1")
    expect(page.locator("svg.diagram .node.cur")).to_have_count(0)  # a drag picks nothing
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    near(r"1\.8\d*")
    page.keyboard.up("Control")
    page.keyboard.press("0")
    near("1")
    # As a pinch on a touchpad comes: many small ones, with Ctrl, and no key.
    small = {"type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": -7, "modifiers": 2}
    for _ in range(10):
        page.context.new_cdp_session(page).send("Input.dispatchMouseEvent", small)
    near(r"2\.0[0-3]\d*")
    assert page.evaluate("[visualViewport.scale, devicePixelRatio]") == [1, 1]
    page.keyboard.press("0")
    near("1")
    panel.node("view", "done").locator(".vt").click()
    page.locator("svg.diagram .node.cur").first.wait_for()
    page.keyboard.press("z")
    near("1.7")


def test_two_fingers_are_the_cameras(chromium: Browser, server: FactoryServer) -> None:
    context = new_context(
        chromium, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    panel = Panel(context, server)
    panel.visit("/shop/")
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
    wait_for(lambda: look()[1] < left - 20 and look()[0] == pytest.approx(near, abs=0.1))
    fingers("touchEnd")
    page.keyboard.press("0")
    page.locator("svg.diagram.closer").wait_for(state="detached")
    # As Chromium itself makes one.
    pinch = {"x": x, "y": y, "scaleFactor": 2, "relativeSpeed": 2000}
    devtools.send("Input.synthesizePinchGesture", {**pinch, "gestureSourceType": "touch"})
    wait_for(lambda: look()[0] > 1.5)
    assert page.evaluate("visualViewport.scale") == 1  # the page itself stayed as it was
    expect(page.locator("svg.diagram .node.cur")).to_have_count(0)
    context.close()
    assert panel.faults == []


def test_arrows_rove_in_the_order_of_the_journey(panel: Panel) -> None:
    _open(panel, next(stop for stop in STOPS if stop.path == "/admin/orders/42"))
    page = panel.page
    diagram = page.locator("svg.diagram")
    diagram.focus()
    current = page.locator("svg.diagram .node.cur")
    page.keyboard.press("Home")
    expect(current.first).to_have_attribute("data-stage", "wsgi")
    expect(page.locator("figure", has=diagram)).to_have_css("outline-style", "solid")
    at = 0

    def goes(key: str) -> int:
        """Press a key; return by how many steps it went."""
        nonlocal at
        before = at
        page.keyboard.press(key)
        expect(current.first).not_to_have_attribute("data-step", str(before))
        at = int(current.first.get_attribute("data-step") or -1)
        return at - before

    for _ in range(3):
        assert goes("ArrowRight") > 0
    caption = page.locator('.caption[aria-live="polite"]')
    # Not at the signals, which nobody receives.
    expect(caption).to_contain_text("Flask pushes the app context")
    assert goes("ArrowDown") != 0
    page.keyboard.press("End")
    # The close has no place of its own: it is the body's.
    expect(current.first).to_have_attribute("data-stage", re.compile("body"))
    # A clicker, which sends other keys, goes on from there; and so do the arrows again.
    page.keyboard.press("Home")
    expect(current.first).to_have_attribute("data-step", "0")
    at = 0
    assert goes("PageDown") > 0
    assert goes("PageDown") > 0
    assert at < 8
    # A step that contains others is met again on the way out.
    assert goes("ArrowRight") != 0
    assert goes("ArrowRight") != 0
    assert goes("ArrowLeft") != 0
    expect(diagram.locator("[tabindex]")).to_have_count(0)  # one tab stop
    page.keyboard.press("Tab")
    page.wait_for_function("() => document.activeElement.closest('svg') === null")
    # What is closed gives the keys back.
    page.get_by_label("Step", exact=True).get_by_role("button", name="Close").click()
    expect(diagram).to_be_focused()


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
    with _held(panel.server) as let_go:
        panel.page.locator("svg.diagram .clock").wait_for()
        expect(panel.page.locator("svg.diagram")).to_contain_text("waiting for")
        let_go()
        panel.shows("/shop/sign-in")
    expect(panel.page.locator("svg.diagram .clock")).to_have_count(0)


def test_what_is_said_of_a_step_changes_when_it_ends(panel: Panel) -> None:
    caption = panel.page.locator(".caption")
    with _held(panel.server) as let_go:
        panel.node("view", "running").locator(".vt").click()
        expect(caption).to_contain_text("is still running.")
        let_go()
        expect(caption).to_contain_text("so Flask makes a response from what it returned.")
    expect(panel.page.locator("aside.details .said")).to_contain_text("The view ")


def test_a_running_request_is_followed_until_it_is_scrubbed(panel: Panel) -> None:
    live = panel.page.get_by_role("button", name="Live", exact=True)
    with _held(panel.server) as let_go:
        panel.node("view", "running").wait_for()
        panel.page.keyboard.press("Home")
        panel.node("view", "pending").wait_for()
        live.click()
        panel.node("view", "running").wait_for()
        expect(live).to_have_count(0)
        let_go()
        panel.shows("/shop/sign-in")


def _is_full(page: Page, full: bool = True) -> None:
    """Wait until the page fills the screen, or does no longer."""
    page.wait_for_function("full => (document.fullscreenElement !== null) === full", arg=full)


def test_the_stage_fills_the_screen_with_type_for_the_last_row(panel: Panel) -> None:
    _open(panel, next(stop for stop in STOPS if stop.path == "/admin/orders/42"))
    page = panel.page
    page.keyboard.press("f")
    page.locator(".stage svg.diagram").wait_for()
    _is_full(page)
    page.wait_for_function(
        """() => {
            const name = document.querySelector(".stage svg.diagram .f");
            return parseFloat(getComputedStyle(name).fontSize) >= 15.5;
        }"""
    )
    caption = page.locator(".caption")
    page.keyboard.press("Home")
    expect(caption).to_contain_text("The WSGI server calls the app")
    page.keyboard.press("PageDown")
    expect(caption).not_to_contain_text("The WSGI server calls the app")
    page.keyboard.press("PageUp")
    expect(caption).to_contain_text("The WSGI server calls the app")
    page.keyboard.press("f")
    page.get_by_label("Requests", exact=True).wait_for()
    _is_full(page, full=False)


def test_the_stage_and_the_full_screen_are_left_together(panel: Panel) -> None:
    _open(panel, next(stop for stop in STOPS if stop.path == "/admin/orders/42"))
    page = panel.page
    left = page.get_by_label("Requests", exact=True)

    # The browser's own Escape tells the page nothing but that the screen is full no longer.
    for leave in (lambda: page.evaluate("document.exitFullscreen()"),
                  lambda: page.keyboard.press("Escape")):  # fmt: skip
        page.keyboard.press("f")
        _is_full(page)
        page.locator(".stage svg.diagram").wait_for()
        leave()
        left.wait_for()
        _is_full(page, full=False)
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
    page.wait_for_function("() => window.changes === 2")
    _is_full(page, full=False)

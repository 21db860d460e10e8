"""Replay and presentation mode, as a speaker with a clicker and a room of listeners meet them."""

from __future__ import annotations

import itertools
import json
import os
import re
import typing as t
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from demo.tour import STOPS
from tests.helpers.browser import Panel, new_context, violations
from tests.helpers.computed import computing
from tests.helpers.servers import PATIENCE, FactoryServer, Server, wait_for

ORDER = "/admin/orders/42"
# A talk of the whole tour takes minutes: 1 is all of it.
EVERY = int(os.environ.get("LIFECYCLE_TEST_EVERY", "4"))


def on_stage(panel: Panel, path: str = ORDER, method: str = "GET") -> Page:
    """Record a request and present it."""
    panel.fetch(path, method)
    panel.shows(path)
    # With a step that comes late, there is one more moment.
    panel.shows_whole(path)
    panel.page.locator(".playback .clock").wait_for()
    panel.page.keyboard.press("f")
    panel.page.locator(".stage svg.diagram").wait_for()
    return panel.page


def counter(page: Page) -> tuple[int, int]:
    """Return the position that the page shows, and of how many."""
    found = re.search(r"(\d+)\s*/\s*(\d+)", page.locator(".playback .clock").inner_text())
    assert found is not None
    return int(found[1]), int(found[2])


def press(page: Page, key: str) -> tuple[int, int]:
    """Press a key that leads to another moment; return that."""
    before = page.locator(".playback .clock").inner_text()
    page.keyboard.press(key)
    expect(page.locator(".playback .clock")).not_to_have_text(before)
    return counter(page)


def to_start(page: Page) -> None:
    """Go to the first moment; what is pressed or read before it is there is of another."""
    page.keyboard.press("Home")
    expect(page.locator(".playback .clock")).to_have_text(re.compile(r"\b1\s*/"))


def to_step(page: Page, name: str) -> None:
    """Step on until the current chip has a name."""
    to_start(page)
    here = page.locator(".node.cur .f")
    while here.count() == 0 or name not in (here.first.text_content() or ""):
        position, last = press(page, "PageDown")
        assert position < last, f"{name} never came"


class Watch(t.NamedTuple):
    """What a page showed while it played: one of each frame that differed."""

    positions: list[int]
    rings: list[int]
    boxes: list[str]


WATCH = """() => {
    const seen = window.seen = {positions: [], rings: [], boxes: [], frames: 0};
    const look = () => {
        const clock = document.querySelector(".playback .clock").textContent;
        seen.positions.push(Number(/(\\d+)\\s*\\//.exec(clock)[1]));
        seen.rings.push(document.querySelectorAll("svg.diagram .ring").length);
        seen.boxes.push([...document.querySelectorAll("svg.diagram :is(.band, .lg, .vbox)")]
            .map((each) => [each.getAttribute("x"), each.getAttribute("y"),
                            each.getAttribute("width"), each.getAttribute("height")].join())
            .join(";"));
        seen.frames += 1;
        if (!window.enough) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""


def played(page: Page) -> Watch:
    """Play from the first moment to the last."""
    to_start(page)
    page.evaluate(WATCH)
    page.keyboard.press("Space")
    last = counter(page)[1]
    wait_for(lambda: counter(page)[0] == last)
    page.evaluate("() => { window.enough = true }")
    seen = page.evaluate("() => window.seen")
    return Watch(seen["positions"], seen["rings"], seen["boxes"])


def test_while_it_plays_the_counter_never_falls_one_ring_is_drawn_and_nothing_jumps(
    panel: Panel,
) -> None:
    page = on_stage(panel)
    seen = played(page)
    assert seen.positions == sorted(seen.positions)
    assert len(set(seen.positions)) > 20
    # At the end, all of the request is shown.
    end = max(seen.positions)
    playing = zip(seen.positions, seen.rings, strict=True)
    assert {rings for position, rings in playing if position < end} == {1}
    assert len(set(seen.boxes)) == 1


def test_a_step_is_shown_with_what_it_did(panel: Panel) -> None:
    page = on_stage(panel)
    to_step(page, "load_user")
    chip = page.locator(".node.cur")
    expect(chip).to_have_attribute("data-state", "done")
    expect(page.locator(".caption")).to_contain_text("runs 1 SQL statement, sets g.db and g.user")
    row = chip.locator(".chip").evaluate("(chip) => chip.getBoundingClientRect().y")

    def beside(selector: str) -> list[str]:
        """Return the texts in the row of the current chip."""
        return t.cast(
            "list[str]",
            page.locator(f"svg.diagram {selector}").evaluate_all(
                """(found, row) => found
                    .filter((each) => Math.abs(each.getBoundingClientRect().y - row) < 16)
                    .map((each) => each.textContent)""",
                row,
            ),
        )

    assert any(re.fullmatch(r"[\d.]+\s(µs|ms|s)", text) for text in beside(".bd"))
    assert any(text.startswith("SQL") for text in beside(".pt"))
    assert any("g.user" in text for text in beside(".changed"))
    assert "→ None" in beside(".changed")
    expect(page.locator("svg.diagram [data-stage=view]")).to_contain_text("not yet")
    expect(page.locator("body")).not_to_contain_text("in flight")


def test_what_contains_others_is_met_going_in_and_coming_out(panel: Panel) -> None:
    page = on_stage(panel)
    to_start(page)
    met: dict[str, list[str]] = {}
    while True:
        text = page.locator(".caption").inner_text()
        for name in ("the app for GET", "iddleware ProxyFix", "he view show"):
            if name in text:
                met.setdefault(name, []).append(text)
        position, last = press(page, "PageDown")
        if position == last:
            break
    assert {name: len(set(texts)) for name, texts in met.items()} == {
        "the app for GET": 2,
        "iddleware ProxyFix": 2,
        "he view show": 2,
    }


def test_the_keys_stop_at_each_statement_of_a_pill(panel: Panel) -> None:
    panel.fetch("/admin/orders/42")
    trace = panel.shows_whole("/admin/orders/42")
    page = panel.page
    sent = [
        step
        for step in trace["steps"]
        if step["stage"] == "sql" and "implied_by" not in step["detail"]
        and step["detail"].get("kind") != "connect"
    ]  # fmt: skip
    assert len(sent) > 1
    to_start(page)
    captions = []
    while counter(page)[0] < counter(page)[1]:
        captions.append(page.locator(".caption").inner_text().replace("\N{NO-BREAK SPACE}", " "))
        press(page, "ArrowRight")
    told = [each for each in captions if each in {step["explain"] for step in sent}]
    assert len(told) == len(sent)


#: Press Space at the first moment after another one: a replay goes on while nobody looks at it.
PAUSE = """(at) => {
    window.paused = new Promise((resolve) => {
        const look = () => {
            const clock = document.querySelector(".playback .clock").textContent;
            const position = Number(/(\\d+)\\s*\\//.exec(clock)[1]);
            if (position <= at) return requestAnimationFrame(look);
            const says = document.querySelector(".playback .play").getAttribute("aria-label");
            document.body.dispatchEvent(new KeyboardEvent("keydown", {key: " ", bubbles: true}));
            resolve([says, position]);
        };
        requestAnimationFrame(look);
    });
}"""


def test_after_a_click_on_a_chip_space_plays_from_there(panel: Panel) -> None:
    panel.fetch(ORDER)
    panel.shows_whole(ORDER)
    page = panel.page
    page.locator(".node", has_text="load_user").first.locator(".f").click()
    page.get_by_label("Step", exact=True).wait_for()
    at, last = counter(page)
    assert 1 < at < last
    assert float(page.get_by_label("Moment").input_value()) < float(
        page.get_by_label("Moment").get_attribute("max") or 0
    )
    page.evaluate(PAUSE, at)
    page.keyboard.press("Space")
    says, stopped = page.evaluate("() => window.paused")
    assert says == "Stop"
    assert at < stopped < last
    page.get_by_role("button", name="Play", exact=True).wait_for()
    assert counter(page) == (stopped, last)


def test_one_can_leave_the_stage_and_come_back_to_the_step(panel: Panel) -> None:
    page = on_stage(panel)
    to_step(page, "load_user")
    here = counter(page)
    for _ in range(2):
        page.keyboard.press("Escape")
        page.get_by_label("Requests", exact=True).wait_for()
        panel.node("view", "done").wait_for()
        page.keyboard.press("f")
        page.locator(".stage").wait_for()
        assert counter(page) == here
    page.keyboard.press("f")
    page.get_by_label("Requests", exact=True).wait_for()
    assert counter(page) == here


SIZES = [(1440, 900), (1920, 1080), (3840, 2160)]
SMALLEST = """() => {
    const sizes = [];
    const texts = document.createTreeWalker(document.querySelector(".stage"), NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
        const parent = node.parentElement;
        if (node.data.trim() === "" || parent.closest(".unseen, title")) continue;
        sizes.push([parseFloat(getComputedStyle(parent).fontSize), node.data.trim()]);
    }
    return sizes.sort(([one], [other]) => one - other)[0];
}"""


@pytest.mark.parametrize("size", SIZES)
def test_a_room_can_read_it(
    chromium: Browser, server: FactoryServer, size: tuple[int, int]
) -> None:
    width, height = size
    context = new_context(
        chromium, viewport={"width": width, "height": height}, user_agent=f"a room of {width}"
    )
    panel = Panel(context, server)
    panel.fetch("/tour/sign-in", "POST")
    page = on_stage(panel)
    names = page.locator(".stage svg.diagram .f").evaluate_all(
        "(names) => names.map((name) => parseFloat(getComputedStyle(name).fontSize))"
    )
    assert min(names) >= 15.5 * height / 900
    for key in ("Home", *["PageDown"] * 16, "End"):
        page.keyboard.press(key)
        smallest, text = page.evaluate(SMALLEST)
        assert smallest >= 0.014 * height, text
    caption = page.locator(".caption")
    caption_size = float(caption.evaluate("(p) => parseFloat(getComputedStyle(p).fontSize)"))
    page.keyboard.press("Home")
    assert caption_size <= 33.5 * height / 1080
    for key in ["PageDown"] * 20:
        page.keyboard.press(key)
        lines = "(p) => p.scrollHeight / parseFloat(getComputedStyle(p).lineHeight)"
        assert float(caption.evaluate(lines)) <= 2.1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
    assert panel.faults == []


def test_the_stage_has_no_frame_around_it(panel: Panel) -> None:
    page = on_stage(panel)
    for _ in range(4):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            """() => {
                const {activeElement: at} = document;
                return [at.tagName, getComputedStyle(at.closest('figure') ?? at).outlineStyle];
            }"""
        )
        if focused[0].lower() in ("figure", "svg"):
            assert focused[1] == "none"


def test_a_hovered_step_stands_out(panel: Panel) -> None:
    page = on_stage(panel)
    node = page.locator(".node", has_text="load_user").first
    chip = node.locator(".chip")
    before = chip.evaluate("(chip) => getComputedStyle(chip).stroke")
    node.locator(".f").hover()
    wait_for(lambda: chip.evaluate("(chip) => getComputedStyle(chip).stroke") != before)


def test_a_click_on_the_stage_leads_to_the_step(panel: Panel) -> None:
    page = on_stage(panel)
    page.locator(".node", has_text="load_user").first.locator(".f").click()
    expect(page.locator(".caption")).to_contain_text("load_user")
    expect(page.locator(".node.cur")).to_contain_text("load_user")


def test_the_screen_goes_black_and_comes_back(panel: Panel) -> None:
    page = on_stage(panel)
    black = page.locator(".black")
    to_step(page, "load_user")
    here = counter(page)
    for key in ("b", "."):
        page.keyboard.press(key)
        black.wait_for()
        expect(black).to_have_css("background-color", "rgb(0, 0, 0)")
        page.keyboard.press(key)
        black.wait_for(state="detached")
    # The next key of a clicker shows where one was.
    page.keyboard.press("b")
    black.wait_for()
    page.keyboard.press("PageDown")
    black.wait_for(state="detached")
    assert counter(page) == here
    page.keyboard.press("b")
    black.wait_for()
    page.keyboard.press("Escape")
    black.wait_for(state="detached")
    page.locator(".stage").wait_for()


PREPARED = (ORDER, "/admin/ordrs/42", "/tour/redirect")


def prepare(panel: Panel) -> Page:
    """Prepare a talk of some requests, in the order in which they came."""
    page = panel.page
    for path in PREPARED:
        panel.fetch(path)
        panel.shows(path)
        panel.shows_whole(path)
        page.get_by_role("button", name="Talk").click()
        page.get_by_role("button", name=f"Add GET {path}").click()
        page.keyboard.press("Escape")
        page.get_by_role("dialog", name="Talk").wait_for(state="detached")
    return page


def test_a_talk_goes_through_its_requests_with_a_clicker_alone(panel: Panel) -> None:
    page = prepare(panel)
    page.locator(".playback").get_by_role("button", name="Talk").click()
    page.get_by_role("dialog", name="Talk").get_by_role(
        "button", name=f"GET {ORDER}", exact=True
    ).click()
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    request = page.locator(".stage-head .request")
    expect(request).to_contain_text("1 of 3 requests")
    expect(page.locator(".stage-head .lesson")).to_have_text("Show one order with its lines")
    passed = []
    for number, path in enumerate(PREPARED, 1):
        expect(request).to_contain_text(f"GET {path}")
        expect(request).to_contain_text(f"{number} of 3 requests")
        while True:
            position, last = counter(page)
            passed.append(position)
            if position == last and len(passed) > 1:
                break
            press(page, "PageDown")
        if number < 3:
            page.get_by_role("button", name=f"Next request: GET {PREPARED[number]}").wait_for()
            page.keyboard.press("PageDown")
    assert passed.count(1) >= 3
    page.keyboard.press("PageDown")  # there is nothing more
    expect(request).to_contain_text("3 of 3 requests")
    page.keyboard.press("p")
    expect(request).to_contain_text("2 of 3 requests")
    page.keyboard.press("n")
    expect(request).to_contain_text("3 of 3 requests")
    to_start(page)
    page.keyboard.press("PageUp")
    expect(request).to_contain_text("2 of 3 requests")


#: Press the key of a clicker until nothing follows; say what was shown each time.
CLICKS = """async () => {
    const shown = () => ({
        request: document.querySelector(".stage-head .request").textContent,
        clock: document.querySelector(".playback .clock").textContent,
        caption: document.querySelector(".playback .caption").textContent.trim(),
        rings: document.querySelectorAll(".stage .ring").length,
    });
    const moments = [];
    for (;;) {
        const now = shown();
        const before = moments.at(-1);
        if (before?.request === now.request && before.clock === now.clock) return moments;
        moments.push(now);
        document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "PageDown", bubbles: true}));
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    }
}"""


def test_the_tour_is_a_talk_for_a_clicker(panel: Panel) -> None:
    """Requests of the demo, every moment of each, without an error in the console."""
    page = panel.page
    stops = [each for each in STOPS if "slow" not in each.path][::EVERY]
    for each in stops:
        panel.app.evaluate(
            """([path, method]) => fetch(path, {method, redirect: "manual",
                body: method === "POST" ? new FormData() : undefined})
                .then((answer) => answer.text()).catch(() => "")""",
            [each.path, each.method],
        )
    with urllib.request.urlopen(f"{panel.server.url}/_lifecycle/api/traces") as answer:
        newest = sorted(json.load(answer)["traces"], key=lambda each: -each["started_at"])
    for each in stops:
        path = each.path.partition("?")[0]
        found = next(one for one in newest if (one["method"], one["path"]) == (each.method, path))
        newest.remove(found)
        page.evaluate("hash => { location.hash = hash; }", found["id"])
        page.locator(f'[data-trace="{found["id"]}"][aria-current="true"]').wait_for(
            state="attached"
        )
        panel.shows_whole(path)
        page.get_by_role("button", name="Talk").click()
        page.get_by_role("button", name=f"Add {each.method} {path}", exact=True).click()
        page.keyboard.press("Escape")
        page.get_by_role("dialog", name="Talk").wait_for(state="detached")
    page.get_by_role("button", name="Talk").click()
    first = page.get_by_role("dialog", name="Talk").locator("li .link").first
    first.click()
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    to_start(page)
    moments: list[dict[str, t.Any]] = page.evaluate(CLICKS)
    per_request = [[*each] for _, each in itertools.groupby(moments, lambda each: each["request"])]
    assert len(per_request) == len(stops)
    for shown in per_request:
        positions = [[int(each) for each in re.findall(r"\d+", one["clock"])] for one in shown]
        last = positions[0][1]
        assert positions == [[position, last] for position in range(1, last + 1)], shown[0]
    assert all(each["caption"] for each in moments)
    assert {each["rings"] for each in moments} <= {0, 1}


def test_the_speaker_has_a_window_with_notes_and_the_time(panel: Panel) -> None:
    page = prepare(panel)
    page.get_by_role("button", name="Talk").click()
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Speaker’s window").click()
    speaker = opened.value
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    page.keyboard.press("Home")
    now = speaker.get_by_role("region", name="Now")
    then = speaker.get_by_role("region", name="Next")
    expect(now).to_contain_text("The WSGI server calls the app")
    expect(then).to_contain_text("ProxyFix")
    note = speaker.get_by_label("Notes for this step")
    note.fill("Say what a server is.")
    speaker.get_by_label("Notes for this request").fill("The redirect.")
    expect(speaker.get_by_label("Elapsed")).to_have_text(re.compile(r"\d+:\d\d"))
    speaker.get_by_label("Time of day").wait_for()
    assert violations(speaker) == []
    speaker.emulate_media(color_scheme="light")
    assert violations(speaker) == []
    page.keyboard.press("PageDown")
    expect(now).to_contain_text("ProxyFix")
    expect(note).to_have_value("")
    speaker.get_by_role("button", name="Back").click()
    expect(page.locator(".caption")).to_contain_text("The WSGI server calls the app")
    expect(note).to_have_value("Say what a server is.")
    speaker.get_by_role("button", name="Black").click()
    page.locator(".black").wait_for()
    expect(speaker.locator("main")).to_contain_text("the screen is black")
    speaker.reload()
    expect(note).to_have_value("Say what a server is.")
    expect(speaker.get_by_label("Notes for this request")).to_have_value("The redirect.")
    page.close()
    speaker.get_by_text("is closed").wait_for()


def test_the_zoom_follows_the_step(panel: Panel) -> None:
    page = on_stage(panel)
    page.keyboard.press("z")
    camera = page.locator(".camera")
    to_step(page, "load_user")
    expect(camera).to_have_attribute("style", re.compile(r"scale\(1\.7"))
    expect(camera).to_have_css("transition-property", "transform")
    chip = page.locator(".node.cur .chip")

    def is_in_view() -> bool:
        box = chip.bounding_box()
        return box is not None and box["x"] > 0 and 0 < box["y"] < 780

    wait_for(is_in_view)


def test_two_hundred_requests_come_while_the_stage_plays(panel: Panel) -> None:
    page = on_stage(panel)
    to_start(page)
    page.evaluate(WATCH)
    page.keyboard.press("Space")
    panel.app.evaluate(
        """async () => {
            for (let batch = 0; batch < 20; batch++)
                await Promise.all(Array.from({length: 10}, () => fetch("/tour/redirect")));
        }"""
    )
    last = counter(page)[1]
    wait_for(lambda: counter(page)[0] == last)
    page.evaluate("() => { window.enough = true }")
    seen = page.evaluate("() => window.seen")
    assert seen["positions"] == sorted(seen["positions"])
    assert len(set(seen["boxes"])) == 1
    expect(page.locator(".stage-head")).to_contain_text(ORDER)


#: Play again at the end, so that it plays whenever somebody looks.
AGAIN = """() => {
    const look = () => {
        const [at, last] = document.querySelector(".playback .clock").textContent.match(/\\d+/g);
        if (at === last)
            document.body.dispatchEvent(new KeyboardEvent("keydown", {key: " ", bubbles: true}));
        if (!window.enough) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""


def test_the_window_is_resized_during_a_replay(panel: Panel) -> None:
    page = on_stage(panel)
    to_step(page, "load_user")
    last = counter(page)[1]
    protocol = page.context.new_cdp_session(page)
    page.evaluate(WATCH)
    page.keyboard.press("Space")
    page.evaluate(AGAIN)
    for width, height in ((700, 500), (1920, 1080), (1024, 768)):
        # Playwright resizes no window that is full screen.
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        protocol.send("Emulation.setDeviceMetricsOverride", size)
        page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)
        expect(page.locator("svg.diagram .ring")).to_have_count(1)
    page.evaluate("() => { window.enough = true }")
    seen = page.evaluate("() => window.seen")
    positions = seen["positions"]
    # It goes on where it was, and starts again at its end alone.
    assert all(one <= other or one == last for one, other in itertools.pairwise(positions))
    assert {rings for at, rings in zip(positions, seen["rings"], strict=True) if at < last} == {1}
    assert len(set(seen["boxes"])) > 3


LARGE = """
import sqlite3
from flask import Flask
from flask_lifecycle import Lifecycle

app = Flask(__name__)
app.config["LIFECYCLE_MAX_STEPS"] = 20_000
Lifecycle(app)

@app.get("/")
def index():
    return "hello"

@app.get("/large")
def large():
    connection = sqlite3.connect(":memory:")
    for number in range(10_000):
        connection.execute("SELECT ?", (number,))
    connection.close()
    return "large"
"""
FLASK_RUN = ["flask", "--app", "app", "run", "--debug", "--no-reload", "--port", "{port}"]


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, FLASK_RUN, LARGE)
    yield server
    server.stop()


def test_ten_thousand_steps_stay_fluid(chromium: Browser, large: Server) -> None:
    context = new_context(chromium, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"http://{large.address}/_lifecycle/")
    large.get("/large")
    page.locator('.playback .clock:text-matches("/ ?10")').wait_for(timeout=PATIENCE * 1000)
    page.keyboard.press("f")
    page.locator(".stage svg.diagram").wait_for()
    page.keyboard.press("Home")
    for _ in range(30):
        press(page, "PageDown")
    start = counter(page)[0]
    page.evaluate(WATCH)
    with computing(page) as seconds:
        page.keyboard.press("Space")
        # Looked at by the page itself: to be asked again and again would be computed, too.
        page.wait_for_function("end => window.seen.positions.at(-1) > end", arg=start + 30)
        page.evaluate("() => { window.enough = true }")
        # Half as often as a screen shows them is still smooth.
        assert seconds() / page.evaluate("() => window.seen.frames") < 1 / 30
    context.close()

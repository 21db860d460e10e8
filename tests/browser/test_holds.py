"""Breakpoints in the panel: a request is held, looked at, and goes on."""

from __future__ import annotations

import re
import typing as t
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.helpers.browser import Panel, answered, new_context, pick_view, violations
from tests.helpers.servers import APP, FactoryServer, Server

ORDER = "/admin/orders/42"
CALL = """async ([path, method, body]) => {
    const key = document.querySelector("meta[name=lifecycle-key]").content;
    const headers = {"X-Lifecycle-Key": key, "Content-Type": "application/json"};
    const sent = body === null ? {} : {body: JSON.stringify(body)};
    return (await fetch(path, {method, headers, ...sent})).json();
}"""


def call(page: Page, path: str, method: str = "GET", body: t.Any = None) -> t.Any:
    """Call the panel's API, as its page does."""
    return page.evaluate(CALL, [path, method, body])


def breakpoints(page: Page) -> list[dict[str, t.Any]]:
    return t.cast("list[dict[str, t.Any]]", call(page, "api/breakpoints")["breakpoints"])


@pytest.fixture(autouse=True)
def nothing_is_left(panel: Panel) -> Iterator[None]:
    """Remove the breakpoints, and let all requests go on that are held."""
    yield
    call(panel.page, "api/breakpoints", "PUT", {"breakpoints": []})
    call(panel.page, "api/held", "POST", {"do": "all"})


def break_at(
    panel: Panel, stage: str, name: str | None = None, when: str = "before", path: str = ORDER
) -> None:
    """Set one breakpoint, as another panel does; the page reads it again when it is loaded."""
    one = {"stage": stage, "name": name, "when": when, "filter": f"path:{path}"}
    assert call(panel.page, "api/breakpoints", "PUT", {"breakpoints": [one]})["breakpoints"]
    panel.page.reload()
    panel.page.locator('[class="live live"]').wait_for()
    panel.page.locator(".list footer .about").wait_for(state="attached")


def is_held(panel: Panel, where: str) -> None:
    """Wait until the panel shows that the request is held, everywhere."""
    page = panel.page
    expect(page.locator(".head .status")).to_contain_text(f"held {where}")
    expect(page.locator("svg.diagram .pause")).to_have_count(1)
    expect(page.locator(".list .row").first.locator(".s")).to_have_text("held")
    expect(page.locator(".held-count")).to_have_text("1 held")
    page.locator(".held-columns").wait_for()


def is_over(panel: Panel, status: str) -> None:
    """Wait until the selected request is over, and nothing is held."""
    expect(panel.page.locator(".head .status")).to_contain_text(status)
    expect(panel.page.locator(".held-pane")).to_have_count(0)
    expect(panel.page.locator(".row[aria-current=true][data-state=done]")).to_have_count(1)
    assert call(panel.page, "api/held")["held"] == []


HELD = [
    ("before_request", "load_user", "before", ORDER, "GET", "200"),
    ("before_request", "require_admin", "after", ORDER, "GET", "200"),
    ("view", "show", "before", ORDER, "GET", "200"),
    ("view", "show", "after", ORDER, "GET", "200"),
    ("after_request", "log_access", "before", ORDER, "GET", "200"),
    ("session_save", None, "before", ORDER, "GET", "200"),
    ("after_request", "log_access", "before", "/admin/ordrs/42", "GET", "404"),
    ("error_handler", "out_of_stock", "before", f"{ORDER}/ship", "POST", "409"),
    ("view", "wait_for_it", "before", "/tour/async", "GET", "200"),
    ("body", None, "before", "/admin/orders/export.csv", "GET", "200"),
]


@pytest.mark.parametrize(("stage", "name", "when", "path", "method", "status"), HELD)
def test_a_request_is_held_and_goes_on(
    panel: Panel, stage: str, name: str | None, when: str, path: str, method: str, status: str
) -> None:
    break_at(panel, stage, name, when, path)
    panel.fetch(path, method, wait=False)
    is_held(panel, f"{when} {name or stage}")
    held = call(panel.page, "api/held")["held"]
    assert [(each["stage"], each["when"]) for each in held] == [(stage, when)]
    # What follows is as the app's registries promise it, and others are served.
    assert panel.fetch("/tour/stream") is not None
    # Before each of its chunks, a body is held again.
    go_on = "Let all go" if stage == "body" else "Go on"
    panel.page.locator(".held-bar").get_by_role("button", name=go_on).click()
    is_over(panel, status)
    expect(panel.page.locator(".facts")).to_contain_text("of which")


CUT = """() => {
    const title = document.querySelector(".head h1");
    const facts = document.querySelector(".facts");
    const left = facts.getBoundingClientRect().left + 20;
    const shown = [...facts.children].flatMap((item) => {
        const range = document.createRange();
        range.selectNodeContents(item);
        return [...range.getClientRects()];
    });
    return {
        title: title.scrollHeight > title.clientHeight + 1,
        facts: shown.some((rect) => rect.left < left - 1),
        lines: new Set([...document.querySelectorAll(".top .acts > button")].map(
            (button) => Math.round(button.getBoundingClientRect().top))).size,
    };
}"""


@pytest.mark.parametrize("size", [(1440, 900), (1024, 768), (390, 844)])
def test_a_held_request_is_named_on_every_screen(panel: Panel, size: tuple[int, int]) -> None:
    break_at(panel, "start_response")
    panel.page.set_viewport_size({"width": size[0], "height": size[1]})
    panel.fetch(f"{ORDER}?page=2", wait=False)
    panel.page.locator(".held-columns").wait_for()
    # By its stage: "before 200 OK" says nothing, and it has no arguments.
    where = panel.page.locator(".head :is(.status small, .facts .at)").filter(visible=True)
    expect(where).to_contain_text("before start_response")
    expect(panel.page.locator(".list .row .at")).to_have_text(["before start_response"])
    expect(panel.page.locator(".held-columns")).not_to_contain_text("arguments of")
    cut = panel.page.evaluate(CUT)
    assert (cut["title"], cut["facts"]) == (False, False)
    assert cut["lines"] <= 1


def test_the_speaker_sees_where_a_request_is_held_and_lets_it_go_on(panel: Panel) -> None:
    break_at(panel, "before_request", "load_user")
    panel.page.get_by_role("button", name="Talk").click()
    with panel.page.expect_popup() as opened:
        panel.page.get_by_role("button", name="Speaker’s window").click()
    speaker = opened.value
    panel.fetch(ORDER, wait=False)
    is_held(panel, "before load_user")
    held = speaker.locator(".held")
    expect(held).to_contain_text("Held before load_user")
    expect(held).to_contain_text("goes on by itself in")
    assert violations(speaker) == []
    speaker.get_by_role("button", name="Go on").click()
    is_over(panel, "200")
    expect(held).to_have_count(0)
    speaker.close()


def test_the_dot_beside_a_step_sets_and_removes_a_breakpoint(panel: Panel) -> None:
    panel.fetch(ORDER)
    panel.shows(ORDER)
    page = panel.page
    dot = page.locator('[data-stage="before_request"]', has_text="load_user").locator(".bp")
    box = dot.locator(".hit").bounding_box()
    assert box is not None
    assert (round(box["width"]), round(box["height"])) == (24, 24)
    with answered(page, "PUT", "breakpoints"):
        dot.click()
    expect(dot).to_have_class("bp on")
    (made,) = breakpoints(page)
    assert (made["stage"], made["when"], made["on"]) == ("before_request", "before", True)
    assert made["name"].endswith("load_user")
    # The step was not picked by that.
    expect(page.locator(".details")).to_have_count(0)
    with answered(page, "PUT", "breakpoints"):
        dot.click()
    expect(dot).to_have_class("bp none")
    assert breakpoints(page) == []
    with answered(page, "PUT", "breakpoints"):
        dot.click(modifiers=["Shift"])
    expect(dot.locator(".bp-after")).to_have_count(1)
    assert breakpoints(page)[0]["when"] == "after"


def test_what_another_panel_sets_is_drawn_at_once(panel: Panel) -> None:
    panel.fetch(ORDER)
    panel.shows(ORDER)
    one = {"stage": "view", "name": "show"}
    call(panel.page, "api/breakpoints", "PUT", {"breakpoints": [one]})
    expect(panel.page.locator('[data-stage="view"] .bp.on')).to_have_count(1)
    call(panel.page, "api/breakpoints", "PUT", {"on": False, "breakpoints": [one]})
    expect(panel.page.locator('[data-stage="view"] .bp.off')).to_have_count(1)


def test_the_toolbar_of_any_page_says_so(panel: Panel) -> None:
    other = panel.page.context.new_page()
    with other.expect_request_finished(lambda request: "/toolbar/requests" in request.url):
        other.goto(f"{panel.server.url}/shop/")
    facts = other.locator("flask-lifecycle-toolbar .facts")
    expect(facts).to_contain_text("steps")
    break_at(panel, "before_request", "load_user")
    # Somebody comes back to the page.
    other.evaluate("() => dispatchEvent(new Event('focus'))")
    panel.fetch(ORDER, wait=False)
    is_held(panel, "before load_user")
    expect(facts.locator(".held")).to_have_text("1 held")
    panel.page.locator(".held-bar").get_by_role("button", name="Go on").click()
    is_over(panel, "200")
    expect(facts.locator(".held")).to_have_count(0)
    # The page of the request itself says it once.
    expect(panel.app.locator("flask-lifecycle-toolbar .facts .held")).to_have_count(0)
    other.close()


def test_what_there_is_is_seen_and_masked(panel: Panel) -> None:
    panel.fetch(ORDER)
    panel.shows_whole(ORDER)
    break_at(panel, "before_request", "load_user")
    # Steps of the one before tell what is still to come.
    panel.page.locator(".row").first.click()
    panel.page.locator("#tab-steps .count").wait_for()
    panel.fetch(ORDER, wait=False)
    is_held(panel, "before load_user")
    seen = panel.page.locator(".held-columns")
    expect(seen.locator("dt", has_text="request_id")).to_be_visible()
    expect(seen).to_contain_text("session=•••••• masked")
    expect(seen).to_contain_text("not yet: this step sets it")
    expect(seen).to_contain_text("none: before_request functions get none")
    expect(seen.locator(".stack").first.locator("b").first).to_have_text("load_user")
    expect(seen.locator(".coming b").first).to_have_text("require_admin")
    expect(panel.page.locator(".facts")).to_contain_text("goes on by itself in")


def what_if(panel: Panel, act: str) -> None:
    break_at(panel, "before_request", "load_user")
    panel.fetch(ORDER, wait=False)
    is_held(panel, "before load_user")
    panel.page.locator(".held-bar").get_by_role("button", name=act).click()


def test_an_answer_by_hand(panel: Panel) -> None:
    what_if(panel, "Answer here…")
    page = panel.page
    form = page.get_by_role("form", name="Answer here")
    form.get_by_label("Status").fill("418")
    form.get_by_label("Text").fill("a teapot")
    form.get_by_role("button", name="Answer").click()
    is_over(panel, "418")
    expect(page.locator(".facts")).to_contain_text("load_user: answered by hand")
    expect(page.locator("svg.diagram")).to_contain_text("view skipped, answered by hand")
    expect(page.locator(".row[aria-current=true] .flag").first).to_have_text("by hand: 1")


def test_an_exception_by_hand(panel: Panel) -> None:
    what_if(panel, "Raise…")
    form = panel.page.get_by_role("form", name="Raise")
    form.get_by_label("Exception").select_option(label="404 NotFound")
    form.get_by_role("button", name="Raise").click()
    is_over(panel, "404")
    expect(panel.page.locator(".facts")).to_contain_text("load_user: raised by hand")


def test_a_function_that_is_skipped(panel: Panel) -> None:
    what_if(panel, "Skip")
    expect(panel.page.locator(".held-pane")).to_have_count(0)
    expect(panel.page.locator(".facts")).to_contain_text("load_user: skipped by hand")


def test_where_nothing_can_be_done_instead_the_reason_is_there(panel: Panel) -> None:
    break_at(panel, "session_save")
    panel.fetch(ORDER, wait=False)
    is_held(panel, "before")
    bar = panel.page.locator(".held-bar")
    expect(bar).to_contain_text("not a function of the app")
    expect(bar.get_by_role("button", name="Skip")).to_have_count(0)


def test_a_step_that_a_replay_passes_has_the_mark_alone(panel: Panel) -> None:
    break_at(panel, "session_save")
    panel.fetch(ORDER, wait=False)
    is_held(panel, "before session_save")
    page = panel.page
    page.keyboard.press("n")
    is_held(panel, "before signal request_finished")
    expect(page.locator("svg.diagram .node.cur")).to_have_attribute("data-stage", "signal")
    expect(page.locator("svg.diagram .ring")).to_have_count(0)


def test_by_keys_alone(panel: Panel) -> None:
    """Break, look, step, go on: in the panel, and on a stage."""
    panel.fetch(ORDER)
    panel.shows(ORDER)
    page = panel.page
    page.locator("svg.diagram").focus()
    page.keyboard.press("Home")
    current = page.locator(".node.cur").first
    expect(current).to_have_attribute("data-stage", "wsgi")
    while "load_user" not in (current.text_content() or ""):
        before = current.get_attribute("data-step") or ""
        page.keyboard.press("ArrowDown")
        expect(current).not_to_have_attribute("data-step", before)
    with answered(page, "PUT", "breakpoints"):
        page.keyboard.press("b")
    expect(page.locator(".bp.on")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    panel.fetch(ORDER, wait=False)
    page.locator(".stage .held-columns").wait_for()
    caption = page.locator(".stage-foot .caption")
    # Each key is for where it is held by then: on the way there is nothing that goes on.
    expect(caption).to_have_text("Held before load_user.")
    page.keyboard.press("e")
    expect(caption).to_have_text("Held after load_user.")
    page.locator(".stage .held-columns").wait_for()
    page.keyboard.press("n")
    expect(caption).to_have_text("Held before require_admin.")
    page.keyboard.press("Shift+R")
    expect(page.locator(".held-pane")).to_have_count(0)
    expect(page.locator(".stage")).to_have_count(1)
    page.keyboard.press("f")
    is_over(panel, "200")
    # And where the room sees a step, a breakpoint is set at it.
    page.keyboard.press("f")
    page.locator(".stage svg.diagram").wait_for()
    clock = page.locator(".playback .clock")
    page.keyboard.press("Home")
    expect(clock).to_have_text(re.compile(r"\b1\s*/"))
    page.keyboard.press("ArrowRight")
    expect(clock).not_to_have_text(re.compile(r"\b1\s*/"))
    there = breakpoints(page)
    # What is changed is known to the server before all are removed.
    with answered(page, "PUT", "breakpoints"):
        page.keyboard.press("Shift+B")
    after = breakpoints(page)
    assert len(after) != len(there)
    expect(page.locator(".bp.on")).to_have_count(len(after))


def test_the_list_of_breakpoints(panel: Panel) -> None:
    page = panel.page
    pick_view(page, "Breakpoints")
    new = page.get_by_role("form", name="New breakpoint")
    new.get_by_label("Stage").select_option("before_request")
    new.get_by_label("Function").fill("load_user")
    new.get_by_label("Requests").fill("method:POST")
    with answered(page, "PUT", "breakpoints"):
        new.get_by_role("button", name="Add").click()
    item = page.locator(".breakpoints li")
    expect(item).to_have_count(1)
    # A request that does not match goes on.
    panel.fetch(ORDER)
    expect(page.locator(".held-count")).to_have_text("")
    item.get_by_role("textbox").fill("nonsense:(")
    item.get_by_role("textbox").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("filter")
    expect(item.get_by_role("textbox")).to_have_value("method:POST")
    assert ["400 (BAD REQUEST)" in each for each in panel.faults] == [True]
    panel.faults.clear()
    with answered(page, "PUT", "breakpoints"):
        item.get_by_role("switch").click()
    expect(item).to_have_class("off")
    assert [each["on"] for each in breakpoints(page)] == [False]
    with answered(page, "PUT", "breakpoints"):
        item.get_by_role("switch").click()
    with answered(page, "PUT", "breakpoints"):
        page.get_by_role("button", name="On", exact=True).click()
    expect(page.get_by_role("button", name="Off", exact=True)).to_be_visible()
    panel.fetch(f"{ORDER}/ship", "POST")
    with answered(page, "PUT", "breakpoints"):
        item.get_by_role("button", name="Remove").click()
    expect(item).to_have_count(0)
    assert breakpoints(page) == []


def test_axe_finds_nothing(panel: Panel) -> None:
    what_if(panel, "Raise…")
    assert violations(panel) == []
    panel.page.keyboard.press("Escape")
    pick_view(panel.page, "Breakpoints")
    panel.page.locator(".breakpoints li").wait_for()
    assert violations(panel) == []


def test_a_server_with_one_thread_says_why_there_are_no_dots(
    tmp_path: Path, chromium: Browser, server: FactoryServer
) -> None:
    command = ["flask", "run", "--debug", "--no-reload", "--without-threads", "--port", "{port}"]
    one = Server(tmp_path, command, APP)
    context = new_context(chromium)
    try:
        page = context.new_page()
        with urllib.request.urlopen(f"http://{one.address}/") as response:
            response.read()
        page.goto(f"http://{one.address}/_lifecycle/")
        page.locator("svg.diagram .node").first.wait_for()
        expect(page.locator(".bp")).to_have_count(0)
        pick_view(page, "Breakpoints")
        expect(page.locator(".cannot")).to_contain_text("one request at a time")
    finally:
        context.close()
        one.stop()

from __future__ import annotations

import re
import urllib.request

import pytest
from playwright.sync_api import Browser, expect

from tests.helpers.browser import Panel, new_context, open_view
from tests.helpers.servers import FactoryServer, wait_for


def test_a_typical_request(panel: Panel) -> None:
    panel.fetch("/admin/orders/42")
    panel.shows("/admin/orders/42")
    panel.node("view", "done").wait_for()
    expect(panel.node("before_request", "done")).to_have_count(5)
    expect(panel.node("after_request", "done")).to_have_count(4)
    panel.node("sql", "done").nth(2).wait_for(state="attached")
    expect(panel.node("template", "done")).to_have_count(4)  # the page, what it extends, two blocks
    expect(panel.node("teardown_appcontext", "done")).to_have_count(1)
    expect(panel.page.locator('[data-view="diagram"] [data-state="skipped"]')).to_have_count(0)


def test_the_head_tells_the_apps_time_from_the_servers(panel: Panel) -> None:
    panel.fetch("/admin/orders/42")
    panel.shows("/admin/orders/42")
    head = panel.page.locator(".head")
    expect(head.locator("h1")).to_have_text("GET /admin/orders/42")
    expect(head.locator(".status")).to_have_text("200 OK")
    expect(head.locator(".facts")).to_contain_text(re.compile(r"[\d.]+.[mµ]?s in the app"))
    head.get_by_role("button", name="DB").click()
    panel.page.locator('[data-view="sql"] tr[data-step]').first.wait_for()
    panel.page.get_by_role("button", name="slowest: ").click()
    expect(panel.page.locator(".details h2")).not_to_be_empty()
    open_view(panel, "Response")
    added = panel.page.locator("#view .added")
    expect(added).to_contain_text("Added by flask-lifecycle: ")
    expect(added).to_contain_text("X-Lifecycle-Trace")


def test_a_404(panel: Panel) -> None:
    panel.fetch("/admin/ordrs/42")
    panel.shows("/admin/ordrs/42")
    panel.node("url_match", "raised").wait_for()
    panel.node("dispatch", "raised").wait_for()
    panel.node("error_handler", "done").wait_for()
    panel.node("view", "skipped").wait_for()
    expect(panel.page.locator("svg.diagram")).to_contain_text("NotFound waits until dispatch")
    expect(panel.page.locator(".lbl", has_text="Blueprint")).to_have_count(0)


def test_an_exception(panel: Panel) -> None:
    panel.fetch("/admin/orders/42/ship", "POST")
    panel.shows("/admin/orders/42/ship")
    panel.node("view", "raised").wait_for()
    panel.node("error_handler", "done").wait_for()
    expect(panel.node("after_request", "done")).to_have_count(4)


def test_a_short_circuit(panel: Panel) -> None:
    panel.fetch("/admin/orders/42?anon=1")
    panel.shows("/admin/orders/42")
    panel.node("before_request", "short_circuit").wait_for()
    panel.node("before_request", "skipped").wait_for()
    panel.node("dispatch", "skipped").wait_for()
    panel.node("view", "skipped").wait_for()
    expect(panel.node("after_request", "done")).to_have_count(4)


def test_a_stream(panel: Panel) -> None:
    panel.fetch("/admin/orders/export.csv")
    panel.shows("/admin/orders/export.csv")
    panel.page.locator(".vbox.body").wait_for()
    panel.node("body", "done").first.wait_for()
    panel.page.locator(".seg.chunk").nth(1).wait_for(state="attached")


def test_a_click_shows_the_steps_details(panel: Panel) -> None:
    panel.fetch("/admin/orders/42")
    panel.shows("/admin/orders/42")
    panel.node("before_request", "done").filter(has_text="load_user").locator(".f").click()
    details = panel.page.locator('[data-view="step"]')
    expect(details).to_contain_text("load_user")
    expect(details).to_contain_text("demo/__init__.py:")
    expect(details).to_contain_text("whole app")
    # The frame is for keys.
    expect(panel.page.locator("figure")).to_have_css("outline-style", "none")
    panel.page.keyboard.press("Escape")
    details.wait_for(state="detached")


def test_a_late_viewer_gets_the_kept_requests(
    panel: Panel, chromium: Browser, server: FactoryServer
) -> None:
    trace = panel.fetch("/shop/")
    context = new_context(chromium)
    late = context.new_page()
    late.goto(f"{server.url}/_lifecycle/")
    late.locator(f'[data-trace="{trace}"]').wait_for()
    ids = late.eval_on_selector_all("[data-trace]", "rows => rows.map(row => row.dataset.trace)")
    assert len(ids) == len(set(ids)) > 1
    context.close()


def test_the_page_outlives_the_server(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = FactoryServer(tmp_path_factory.mktemp("restarted"))
    server.start()
    context = new_context(chromium)
    page = context.new_page()
    page.goto(f"{server.url}/_lifecycle/")
    page.locator('.live:text-is("live")').wait_for()
    urllib.request.urlopen(f"{server.url}/shop/").close()
    row = page.locator(".row", has_text="/shop/")
    row.wait_for()
    server.stop()
    page.locator(".live.lost").wait_for()
    row.wait_for()  # what is known stays on the page
    server.start()
    page.locator('.live:text-is("live")').wait_for()
    with urllib.request.urlopen(f"{server.url}/shop/?again") as answer:
        again = answer.headers["X-Lifecycle-Trace"]
    page.locator(f'[data-trace="{again}"]').wait_for()
    expect(page.locator(".row")).to_have_count(2)
    expect(page.locator(".restarted")).to_have_count(1)
    context.close()
    server.stop()


def test_a_script_of_the_apps_cannot_read_the_panel(panel: Panel) -> None:
    script = "async path => (await fetch(path)).status"
    assert panel.app.evaluate(script, "/_lifecycle/") == 403
    assert panel.app.evaluate(script, "/_lifecycle/api/traces") == 403


def test_nothing_overflows_a_narrow_screen(panel: Panel) -> None:
    panel.fetch("/admin/orders/42")
    panel.page.set_viewport_size({"width": 390, "height": 844})
    panel.shows("/admin/orders/42")
    panel.node("view", "done").wait_for(state="attached")
    panel.page.locator(".playback").wait_for()
    wait_for(lambda: panel.page.evaluate("document.documentElement.scrollWidth") <= 390)
    # Nor does a step, nor does it take the view's place.
    panel.page.keyboard.press("v")
    link = panel.page.locator('[data-view="timeline"] [data-stage="view"] .link')
    link.click()
    panel.page.get_by_label("Step", exact=True).wait_for()
    wait_for(lambda: panel.page.evaluate("document.documentElement.scrollWidth") <= 390)
    link.click(trial=True)
    # With a list beside it, all controls are there; on a phone on its side, they are in the menu.
    talk = panel.page.get_by_role("button", name="Talk")
    panel.page.set_viewport_size({"width": 844, "height": 600})
    expect(talk).to_be_in_viewport(ratio=1)
    panel.page.set_viewport_size({"width": 844, "height": 390})
    panel.page.get_by_role("button", name="Filter and controls").click()
    expect(talk).to_be_in_viewport(ratio=1)


def test_a_replay_goes_through_the_request_step_by_step(panel: Panel) -> None:
    panel.fetch("/admin/orders/42")
    panel.shows_whole("/admin/orders/42")
    panel.node("view", "done").wait_for()
    page = panel.page
    page.keyboard.press("Home")
    panel.node("view", "pending").wait_for()
    moment = page.get_by_label("Moment")
    while panel.node("view", "running").count() == 0:
        before = moment.input_value()
        page.keyboard.press("PageDown")
        expect(moment).not_to_have_value(before)
    expect(panel.node("before_request", "done")).to_have_count(5)
    expect(panel.node("after_request", "pending")).to_have_count(4)
    caption = page.locator(".caption")
    expect(caption).to_contain_text("Flask calls the view show of blueprint admin.orders.")
    page.keyboard.press("PageDown")
    expect(caption).to_contain_text("The database runs a statement in")
    now = page.locator(".ring").first.evaluate("(ring) => getComputedStyle(ring).stroke")
    expect(page.locator(".node.cur .seg")).to_have_css("fill", now)
    page.keyboard.press("ArrowLeft")
    expect(caption).to_contain_text("Flask calls the view show")
    page.keyboard.press("ArrowLeft")
    panel.node("view", "pending").wait_for()
    page.get_by_role("button", name="real time").click()
    page.get_by_role("button", name="even steps").click()
    page.get_by_role("button", name="Play").click()
    # It goes on from there: who looks late may find it over.
    expect(panel.node("view", "pending")).to_have_count(0)
    page.keyboard.press("End")
    panel.node("view", "done").wait_for()


def test_the_stage_shows_the_diagram_and_a_caption_alone(panel: Panel) -> None:
    panel.fetch("/admin/orders/42")
    panel.shows_whole("/admin/orders/42")
    panel.node("view", "done").wait_for()
    page = panel.page
    height = page.evaluate("innerHeight")
    page.keyboard.press("f")
    page.locator(".stage").wait_for()
    expect(page.get_by_label("Requests", exact=True)).to_have_count(0)
    # 33 px where the screen is 1080 px high; less for a sentence that is longer than two lines.
    size = page.locator(".caption").evaluate("each => parseFloat(getComputedStyle(each).fontSize)")
    assert 0.75 * 33 * height / 1080 <= size <= 33 * height / 1080
    # From all of it, a clicker goes to the first step, not to the last.
    page.keyboard.press("PageDown")
    expect(page.locator(".caption")).to_contain_text("The WSGI server calls the app")
    expect(page.locator(".playback .clock")).to_contain_text("moment 1/")
    page.keyboard.press("z")
    expect(page.locator(".camera")).to_have_attribute("style", re.compile(r"scale\(1\.7"))
    page.keyboard.press("Escape")
    page.get_by_label("Requests", exact=True).wait_for()
    panel.node("view", "done").wait_for()


def test_a_step_shows_its_source(panel: Panel) -> None:
    panel.fetch("/admin/orders/42")
    panel.shows("/admin/orders/42")
    panel.node("view", "done").locator(".vt").click()
    source = panel.page.locator(".source").first
    expect(source).to_contain_text("def show(id: int) -> str:")
    expect(source.locator(".py-k").first).to_have_text("def")
    line = source.locator(".line").first.get_attribute("data-line")
    expect(panel.page.locator(".details")).to_contain_text(f"demo/admin.py:{line}")


def test_the_timeline_has_every_step(panel: Panel) -> None:
    panel.fetch("/admin/orders/42")
    steps = panel.shows_whole("/admin/orders/42")["steps"]
    panel.node("view", "done").wait_for()
    page = panel.page
    page.keyboard.press("v")
    rows = page.locator('[data-view="timeline"] [data-step]')
    expect(rows).to_have_count(len(steps))
    stages = rows.evaluate_all("(rows) => rows.map((row) => row.dataset.stage)")
    assert stages == [step["stage"] for step in steps]
    page.locator('[data-view="timeline"] [data-stage="view"]').click()
    page.get_by_label("Step", exact=True).wait_for()


def test_help_says_what_keys_do_and_turns_them_off(panel: Panel) -> None:
    page = panel.page
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard shortcuts and legend").wait_for()
    page.get_by_label("Single-key shortcuts").uncheck()
    page.get_by_role("button", name="Close").click()
    page.get_by_role("dialog", name="Keyboard shortcuts and legend").wait_for(state="detached")
    panel.fetch("/admin/orders/42")
    panel.shows("/admin/orders/42")
    page.keyboard.press("v")
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard shortcuts and legend").wait_for()
    expect(page.locator('[data-view="timeline"]')).to_have_count(0)


def test_the_inspector_leaves_the_diagram_its_size(panel: Panel) -> None:
    page = panel.page
    panel.fetch("/admin/orders/42")
    panel.shows_whole("/admin/orders/42")
    svg = page.locator("svg.diagram")
    before = (svg.get_attribute("viewBox"), svg.get_attribute("height"))
    load_user = panel.node("before_request", "done").filter(has_text="load_user")
    load_user.locator(".f").click()
    details = page.get_by_label("Step", exact=True)
    details.locator(".source .called").wait_for()
    assert (svg.get_attribute("viewBox"), svg.get_attribute("height")) == before
    expect(details).to_have_css("height", "306px")
    # Its row is in sight, and what is not is named.
    expect(load_user).to_be_in_viewport(ratio=1)
    above = page.locator(".out-of-sight").first
    expect(above).to_have_text(re.compile(r"\d+ rows? above"))
    # What is seen begins with the whole name of a band.
    page.wait_for_function(
        """() => {
            const edge = document.querySelector(".out-of-sight").getBoundingClientRect().bottom;
            const labels = [...document.querySelectorAll("svg.diagram .lbl")]
                .map((each) => each.getBoundingClientRect());
            const below = labels.map(({top}) => top).filter((top) => top >= edge - 1);
            return Math.min(...below) - edge < 25
                && !labels.some(({top, bottom}) => top < edge - 1 && edge - 1 < bottom - 2);
        }"""
    )
    page.locator(".out-of-sight", has_text="the view").click()
    expect(panel.node("view", "done").first).to_be_in_viewport()
    border = page.get_by_role("separator", name="Height of the inspector")
    border.press("ArrowUp")
    expect(details).to_have_css("height", "322px")
    border.press("Home")
    expect(details).to_have_css("height", "200px")
    page.reload()
    expect(details).to_have_css("height", "200px")
    # Other views show its step, too, whatever it takes of their height.
    last = panel.node("teardown_appcontext", "done").first
    last.locator(".f").click()
    for view in ("timeline", "steps"):
        page.keyboard.press("v")
        picked = page.locator(f'[data-view="{view}"] tr.picked')
        expect(picked).to_be_in_viewport(ratio=1)
        page.wait_for_function(
            """() => document.querySelector("tr.picked").getBoundingClientRect().bottom
                <= document.querySelector(".details").getBoundingClientRect().top"""
        )
    page.keyboard.press("Escape")
    details.wait_for(state="detached")
    expect(page.locator(".out-of-sight")).to_have_count(0)


def test_the_inspector_shows_code_wherever_some_is_known(panel: Panel) -> None:
    """The line that sent a statement or logged, the function around what has no line of its own."""
    page, url = panel.page, panel.server.url
    panel.fetch("/admin/orders/42")
    trace = panel.shows_whole("/admin/orders/42")
    called = page.locator(".details .source .called")
    for stage, text in (("sql", "select(User)"), ("log", "app.logger.info(")):
        step = next(each["id"] for each in trace["steps"] if each["stage"] == stage)
        page.goto(f"{url}/_lifecycle/#{trace['id']}/{step}")
        expect(called).to_contain_text(text)
    for stage in {each["stage"] for each in trace["steps"]} - {"body", "body_close"}:
        step = next(each["id"] for each in trace["steps"] if each["stage"] == stage)
        page.goto(f"{url}/_lifecycle/#{trace['id']}/{step}")
        page.locator(f'.details[data-of="{step}"] .source').wait_for()
    # The server's own: what it did has the whole width.
    page.goto(f"{url}/_lifecycle/#{trace['id']}/{trace['steps'][-1]['id']}")
    page.locator(".details.no-code").wait_for()
    expect(page.locator(".details .code")).to_have_count(0)


def test_the_inspector_has_a_hundred_columns_of_source(panel: Panel) -> None:
    page = panel.page
    panel.fetch("/admin/orders/42")
    panel.shows_whole("/admin/orders/42")
    panel.node("view", "done").locator(".vt").click()
    source = page.locator(".details .source")
    source.locator(".called").wait_for()
    fits = source.evaluate(
        """(pre) => {
            const line = pre.querySelector(".line");
            line.textContent = "x".repeat(100) + "\\n";
            return pre.scrollWidth <= pre.clientWidth;
        }"""
    )
    assert fits
    # At the right, where there is room for the diagram beside it.
    expect(page.get_by_role("button", name="dock right")).to_have_count(0)
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.get_by_role("button", name="dock right").click()
    expect(page.locator(".details.right")).to_be_visible()
    page.wait_for_function(
        "() => document.querySelector('figure').getBoundingClientRect().width >= 1120"
    )


CONTROLS = """(bar) => {
    const boxes = [...bar.children].map((each) => each.getBoundingClientRect());
    const shown = boxes.filter(({ width }) => width > 0);
    const middles = shown.map(({ top, bottom }) => (top + bottom) / 2);
    const { right } = bar.getBoundingClientRect();
    return {
        lines: Math.max(...middles) - Math.min(...middles) < 3 ? 1 : 2,
        outside: shown.filter((box) => box.right > right + 1).length,
        scrubber: bar.querySelector(".scrub").getBoundingClientRect().width,
    };
}"""


@pytest.mark.parametrize(
    ("width", "height", "wider"), [(1440, 900, 0), (1024, 768, 0), (1024, 768, 10), (844, 390, 0)]
)
def test_the_playback_is_one_line(panel: Panel, width: int, height: int, wider: int) -> None:
    page = panel.page
    panel.fetch("/admin/orders/42")
    panel.shows("/admin/orders/42")
    page.set_viewport_size({"width": width, "height": height})
    page.keyboard.press("Home")
    expect(page.locator(".playback .clock")).to_have_text(re.compile(r"\b1\s*/"))
    for _ in range(wider):
        page.get_by_role("separator", name="Width of the list").press("ArrowRight")
    bar = page.locator(".playback .bar")
    wait_for(lambda: bar.evaluate(CONTROLS)["lines"] == 1)
    shown = bar.evaluate(CONTROLS)
    assert shown["outside"] == 0
    assert shown["scrubber"] >= 60


def test_a_step_stands_beside_the_diagram_of_a_phone_on_its_side(panel: Panel) -> None:
    page = panel.page
    page.set_viewport_size({"width": 844, "height": 390})
    panel.fetch("/admin/orders/42")
    panel.shows("/admin/orders/42")
    panel.node("view", "done").locator(".vt").click()
    step, figure = page.locator(".details"), page.locator("[data-view=diagram] figure")
    expect(step).to_contain_text("The view show")
    expect(step.locator(".source .called, .source .line").first).to_be_visible()
    expect(page.locator("svg.diagram .ring")).to_be_in_viewport()
    boxes = step.bounding_box(), figure.bounding_box()
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[1]["x"] + boxes[1]["width"] <= boxes[0]["x"] + 1
    assert boxes[1]["height"] > 140
    assert boxes[0]["height"] > 200
    # One line of controls, and the list below.
    assert (page.locator(".top").bounding_box() or {"height": 0})["height"] == 48
    expect(page.locator(".handle")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")

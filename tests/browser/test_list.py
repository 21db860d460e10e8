"""The list as a user meets it: grouped, folded, filtered, windowed, and honest about gaps."""

from __future__ import annotations

import re
import time
import typing as t
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.helpers.browser import Panel, answered, new_context, violations
from tests.helpers.servers import APP_THAT_HOLDS, Server, wait_for
from tests.helpers.wire import Wire

RUN = """
if __name__ == "__main__":
    import sys
    app.run(debug=True, port=int(sys.argv[1]))
"""


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[t.Callable[..., Server]]:
    servers: list[Server] = []

    def made(config: str = "", before: int = 0, *options: str, run: bool = False) -> Server:
        command = ["flask", "run", "--debug", "--port", "{port}", *(options or ["--no-reload"])]
        app = APP_THAT_HOLDS.format(config=config, before=before)
        if run:
            # Debug is turned on late, and another process is started by that.
            command = ["app", "{port}"]
            app = app.replace("app.debug = True\n", "") + RUN
        servers.append(Server(tmp_path, command, app))
        return servers[-1]

    yield made
    for server in servers:
        server.stop()


def opened(context: BrowserContext, address: str, query: str = "") -> Page:
    page = context.new_page()
    page.goto(f"http://{address}/_lifecycle/{query}")
    page.locator('[class="live live"]').wait_for()
    # The first batch comes after that.
    page.locator("[data-trace]").first.wait_for()
    return page


def row(page: Page, trace: str | None) -> t.Any:
    return page.locator(f'[data-trace="{trace}"]')


def fold_of(page: Page, trace: str | None) -> t.Any:
    return page.locator("li", has=row(page, trace)).locator(".fold")


def field_of(page: Page) -> t.Any:
    return page.get_by_role("combobox", name="Filter")


def trace_of(page: Page, path: str) -> str:
    """Open a page; return the id of its trace."""
    answer = page.goto(path)
    assert answer is not None
    return answer.headers["x-lifecycle-trace"]


def test_what_a_page_causes_stands_under_it(panel: Panel) -> None:
    page = panel.page
    # At an address of its own: of two pages at one, nobody can tell which asked.
    home = trace_of(panel.app, f"{panel.server.url}/?alone")
    below = page.locator("li", has=row(page, home)).locator("+ li")
    statics = below.locator(".statics")
    # Its style and script stand in one row; an icon may come late, after what is fetched.
    expect(statics).to_contain_text(re.compile(r"\d static files? ?.*\d · [\d.]+ (µs|ms|s)"))
    fetched = panel.fetch("/api/books")
    expect(row(page, fetched)).to_have_class("row d1")
    expect(row(page, home)).to_have_class("row d0 over")
    below.locator("+ li").locator(f'[data-trace="{fetched}"]').wait_for()
    statics.click()
    page.locator(".row.d2 .p", has_text="/static/").first.wait_for()
    assert violations(panel) == []

    fold = fold_of(page, home)
    expect(fold).to_have_attribute("aria-expanded", "true")
    fold.click()
    row(page, fetched).wait_for(state="detached")
    expect(fold).to_have_attribute("aria-expanded", "false")
    fold.click()
    page.get_by_role("button", name="By page").click()
    expect(row(page, fetched)).to_have_class("row d0")
    page.reload()
    expect(row(page, fetched)).to_have_class("row d0")
    page.get_by_role("button", name="By page").click()
    expect(row(page, fetched)).to_have_class("row d1")


def test_the_list_goes_along_with_what_is_followed(panel: Panel) -> None:
    page = panel.page
    rows = page.locator(".rows")
    for number in range(20):  # under the page, the newest last
        newest = panel.fetch(f"/api/books?{number}")
        expect(row(page, newest)).to_have_attribute("data-state", "done")
        expect(row(page, newest)).to_be_in_viewport()
    for _ in range(2):  # to the top, and back
        page.get_by_role("button", name="By page").click()
        expect(row(page, newest)).to_be_in_viewport()
    # But not while one looks at something else in it.
    rows.evaluate("(box) => { box.scrollTop = 0; }")
    expect(row(page, newest)).not_to_be_in_viewport()
    for number in (1, 2):  # what is done after painting the first is done before the second
        there = panel.fetch(f"/api/books/{number}")
        page.locator(f'h1:text("GET /api/books/{number}")').wait_for(state="attached")
    assert rows.evaluate("(box) => box.scrollTop") == 0
    page.get_by_role("button", name="Follow").click()
    page.get_by_role("button", name="Follow").click()
    expect(row(page, there)).to_be_in_viewport()


def test_a_redirect_and_what_ran_inside_a_request_stand_together(panel: Panel) -> None:
    page, app = panel.page, panel.app
    redirected = app.goto(f"{panel.server.url}/shop")  # 308 to /shop/
    assert redirected is not None
    first = redirected.request.redirected_from
    assert first is not None
    asked = first.response()
    assert asked is not None
    row(page, asked.headers["x-lifecycle-trace"]).wait_for()
    expect(row(page, redirected.headers["x-lifecycle-trace"])).to_have_class("row d1 over")
    outer = panel.fetch("/tour/nested")
    expect(row(page, outer)).to_have_class("row d2 over")
    page.locator(".row.d3").first.wait_for()


def test_of_two_tabs_with_one_address_none_is_named(panel: Panel) -> None:
    trace_of(panel.app, f"{panel.server.url}/shop/")
    other = panel.app.context.new_page()
    trace_of(other, f"{panel.server.url}/shop/")
    fetched = panel.fetch("/api/books")
    row(panel.page, fetched).wait_for()
    expect(row(panel.page, fetched)).to_have_class("row d0")


def test_a_request_is_shown_while_it_runs(
    serve: t.Callable[..., Server], context: BrowserContext
) -> None:
    server = serve()
    page = opened(context, server.address)
    followed = page.locator('.row[aria-current="true"]', has_text="/held")

    def node(stage: str, state: str) -> Locator:
        return page.locator(f'[data-view="diagram"] [data-stage="{stage}"][data-state="{state}"]')

    with server.connect() as client:
        client.sendall(b"GET /held HTTP/1.0\r\nHost: localhost\r\n\r\n")
        expect(followed.locator(".where")).to_have_text("view held")
        node("view", "running").wait_for()
        expect(node("before_request", "done")).to_have_count(1)
        node("make_response", "pending").wait_for()
        for clock in (followed.locator(".d"), page.locator(".playback .clock")):
            before = clock.inner_text()
            expect(clock).not_to_have_text(before)
        node("view", "running").wait_for()
        followed.click()
        server.get("/let-go")
        assert client.recv(1)
    node("view", "done").wait_for()
    node("make_response", "done").wait_for()
    expect(followed.locator(".where")).to_have_count(0)


def test_a_held_screen_says_how_many_came(
    serve: t.Callable[..., Server], context: BrowserContext
) -> None:
    server = serve()
    page = opened(context, server.address)
    page.get_by_role("button", name="Pause").click()
    for path in ("/first", "/second"):
        server.get(path)
    page.get_by_role("button", name="Resume (2)").wait_for()
    expect(page.locator(".row", has_text="/first")).to_have_count(0)
    page.get_by_role("button", name="Resume (2)").click()
    page.locator(".row[aria-current]", has_text="/second").wait_for()
    page.locator(".row", has_text="/first").wait_for()


def test_the_filter_is_made_of_chips(panel: Panel) -> None:
    page = panel.page
    gone, there = panel.fetch("/nowhere at all"), panel.fetch("/shop/")
    row(page, there).wait_for()
    # What is said of it takes its room.
    panel.shows_whole("/shop/")
    page.keyboard.press("/")
    expect(field_of(page)).to_be_focused()
    page.keyboard.type('status:4xx path:"/nowhere at" ')
    chips = page.locator(".chip .text")
    expect(chips).to_have_text(["status:4xx", 'path:"/nowhere at"'])
    row(page, there).wait_for(state="detached")
    row(page, gone).wait_for()
    page.wait_for_url(lambda url: "q=status%3A4xx+path%3A%22%2Fnowhere+at%22" in url)
    tabs = page.locator(".tabs").bounding_box()
    page.keyboard.type("time:>fast ")
    expect(page.locator("#filter-says")).to_have_text("time:>fast: a number of ms is expected")
    assert page.locator(".tabs").bounding_box() == tabs  # nothing jumps while one writes
    expect(field_of(page)).to_have_attribute("aria-invalid", "true")
    assert violations(panel) == []
    page.keyboard.press("ArrowDown")
    listbox = page.get_by_role("listbox", name="Suggestions")
    expect(listbox).to_be_visible()
    suggestions = listbox.bounding_box()
    says = page.locator("#filter-says").bounding_box()
    assert suggestions is not None
    assert says is not None
    assert says["y"] + says["height"] <= suggestions["y"]
    page.wait_for_url(lambda url: "time%3A%3Efast" in url)
    page.reload()
    expect(chips).to_have_text(["status:4xx", 'path:"/nowhere at"', "time:>fast"])
    page.get_by_role("button", name="Remove time:>fast").click()
    page.get_by_role("button", name="Remove status:4xx").click()
    expect(chips).to_have_text(['path:"/nowhere at"'])
    page.keyboard.press("Backspace")
    expect(field_of(page)).to_have_value('path:"/nowhere at"')
    page.keyboard.press("Escape")


def test_the_filter_is_completed_by_keys(panel: Panel) -> None:
    page = panel.page
    # What may follow is taken from what is there.
    there = row(page, panel.fetch("/api/books/999"))
    expect(there).to_have_attribute("data-state", "done")
    field = field_of(page)
    page.keyboard.press("/")
    options = page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    expect(field).to_have_attribute("aria-expanded", "true")
    expect(options.first).to_contain_text("status:")
    page.keyboard.type("b")
    expect(options).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    active = options.first.get_attribute("id") or ""
    expect(field).to_have_attribute("aria-activedescendant", active)
    assert violations(panel) == []
    page.keyboard.press("Enter")
    expect(field).to_have_value("bp:")
    page.keyboard.type("ap")
    expect(options.first).to_contain_text("bp:api")
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Tab")
    expect(page.locator(".chip .text")).to_have_text(["bp:api"])
    page.keyboard.type("st")
    expect(field).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(field).not_to_be_focused()


def test_enter_and_escape_give_the_keys_back(panel: Panel) -> None:
    page, field = panel.page, field_of(panel.page)
    first, second = (row(page, panel.fetch(f"/api/books/{number}")) for number in (998, 999))
    first.click()
    expect(first).to_have_attribute("aria-current", "true")

    def focus() -> None:
        page.keyboard.press("/")
        expect(field).to_be_focused()

    focus()
    # What opens by itself takes no Escape of its own.
    expect(field).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(field).not_to_be_focused()
    focus()
    page.keyboard.type("status:4xx")
    page.keyboard.press("Enter")
    expect(page.locator(".chip .text")).to_have_text(["status:4xx"])
    expect(field).not_to_be_focused()
    page.keyboard.press("k")
    expect(second).to_have_attribute("aria-current", "true")
    # What is wrong stays where it can be mended.
    focus()
    page.keyboard.type("time:>fast")
    page.keyboard.press("Enter")
    expect(page.locator("#filter-says")).to_contain_text("time:>fast")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(field).not_to_be_focused()


def test_a_filter_that_finds_nothing_says_so(panel: Panel) -> None:
    page = panel.page
    panel.fetch("/shop/")
    page.keyboard.press("/")
    expect(field_of(page)).to_be_focused()
    page.keyboard.type("path:/no/such/path ")
    page.get_by_text("None of these requests matches").wait_for()
    assert violations(panel) == []
    page.get_by_role("button", name="Clear the filter").click()
    page.locator("[data-trace]").first.wait_for()


NONSENSE = ("((", "status:", '"', "a:b:c", "\u202e:", "💥" * 300, "-" * 999)


def test_nonsense_in_the_filter(panel: Panel) -> None:
    page = panel.page
    panel.fetch("/shop/")
    for text in NONSENSE:
        field_of(page).fill(text)
        field_of(page).blur()
        clear_filter(page)
        page.locator("[data-trace]").first.wait_for()


def clear_filter(page: Page) -> None:
    field_of(page).fill("")
    remove = page.locator(".chip button")
    for left in reversed(range(remove.count())):
        remove.first.click()
        expect(remove).to_have_count(left)


ODD_NAMES = (
    "/日本語/ελληνικά",
    "/💥🧪",
    "/\u202eevil\u202c/مرحبا",
    "/<img src=x onerror=alert(1)>",
    "/" + "x" * 60_000,
)


def test_odd_names(panel: Panel) -> None:
    for path in ODD_NAMES:
        is_shown_as_it_is(panel, path)


def is_shown_as_it_is(panel: Panel, path: str) -> None:
    with urllib.request.urlopen(f"{panel.server.url}/api/books"):
        pass
    try:
        urllib.request.urlopen(panel.server.url + quote(path)).close()
    except urllib.error.HTTPError as answer:
        trace = answer.headers["X-Lifecycle-Trace"]
        answer.close()
    # A running one has less room for its path.
    found = panel.page.locator(f'[data-trace="{trace}"][data-state="done"]')
    found.wait_for()
    shown = found.locator(".p").text_content() or ""
    before, _, after = shown.partition("…")
    assert path.startswith(before)
    # What is too long even for the summary says so there.
    assert path.endswith(after) or after.endswith(f" ({len(path)} characters)")
    assert (shown == path) is (len(path) < 60)
    assert found.locator(".l").count() <= 2
    box, around = found.bounding_box(), panel.page.locator(".rows").bounding_box()
    assert box is not None
    assert around is not None
    assert (box["x"], box["width"]) == (around["x"], around["width"])
    # All of it is in the row, which is as high as the list takes it to be.
    assert found.evaluate("row => row.scrollHeight <= row.clientHeight + 1")
    expect(found).to_have_attribute("aria-current", "true")  # it is drawn, too
    assert panel.page.evaluate("document.documentElement.scrollWidth") <= 1440


def test_5000_rows_are_there_and_few_of_them_drawn(
    serve: t.Callable[..., Server], context: BrowserContext
) -> None:
    server = serve("LIFECYCLE_MAX_TRACES=6000", 5000)
    page = opened(context, server.address)
    count = page.locator(".list header [role=status]")
    # And the one that asked whether it is up; whether the history has older ones is not known yet.
    expect(count).to_have_text("5,001+ requests")
    page.locator("[data-trace]").first.wait_for()
    assert page.locator(".rows li").count() < 60
    # The oldest come in by page, while one scrolls.
    oldest = page.locator(".row", has_text="/before/0")

    def is_there() -> bool:
        page.locator(".rows").evaluate("(box) => { box.scrollTop = box.scrollHeight; }")
        return oldest.count() > 0

    wait_for(is_there, 300)
    expect(count).to_have_text("5,001 requests")
    assert page.locator(".rows li").count() < 60
    expect(page.locator(".rows li").last).to_have_attribute("aria-posinset", "5001")
    expect(oldest).to_be_in_viewport()
    # What is looked at stays where it is when new ones come in above.
    before = oldest.bounding_box()
    for kept in (5002, 5003):  # what is done after painting the first is done before the second
        server.get("/new")
        expect(count).to_have_text(f"{kept:,} requests")
        assert oldest.bounding_box() == before
    oldest.click()
    page.locator('svg.diagram[aria-label="GET /before/0"]').wait_for()


def test_the_address_may_name_an_old_one(
    serve: t.Callable[..., Server], context: BrowserContext
) -> None:
    server = serve("LIFECYCLE_MAX_TRACES=2000", 1200)
    traces = server.api("traces?q=path:/before/100&limit=500")["traces"]
    oldest = traces[-1]
    page = opened(context, server.address, f"#{oldest['id']}")
    page.locator(f'[data-trace="{oldest["id"]}"][aria-current]').wait_for()
    page.locator(f'svg.diagram[aria-label$=" {oldest["path"]}"]').wait_for()


@pytest.fixture
def phone(serve: t.Callable[..., Server], chromium: Browser) -> Iterator[tuple[Server, Page]]:
    """A server with some requests, and a panel on a small screen that is touched."""
    server = serve("", 30)
    context = new_context(
        chromium, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    oldest = server.api("traces")["traces"][-1]["id"]
    page.goto(f"http://{server.address}/_lifecycle/#{oldest}")
    page.locator(".list.sheet header b", has_text="request").wait_for()
    yield server, page
    context.close()


def comes_to(page: Page, height: int) -> None:
    """Wait until the list is so high, and at rest."""
    page.wait_for_function(
        """height => {
            const list = document.querySelector(".list:not(.pulled)");
            return list?.getAnimations().length === 0
                && list.getBoundingClientRect().height === height;
        }""",
        arg=height,
    )


def test_on_a_small_screen_the_list_is_pulled_up(phone: tuple[Server, Page]) -> None:
    _, page = phone
    comes_to(page, 53)

    def is_free() -> bool:
        playback = page.locator(".playback").bounding_box()
        return playback is not None and playback["y"] + playback["height"] <= 844 - 53 + 1

    # It leaves the screen to the request, and does not lie on the controls.
    wait_for(is_free)
    client = page.context.new_cdp_session(page)

    def touch(kind: str, *at: int) -> None:
        points = [{"x": 195, "y": y} for y in at]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 800)
    for y in (760, 700, 600, 500):
        touch("touchMove", y)
    # Where the finger is, that is where it is.
    expect(page.locator(".list.pulled")).to_have_css("height", "353px")
    for _ in range(3):
        touch("touchMove", 420)
    touch("touchEnd")
    comes_to(page, 470)
    row(page, page.url.rpartition("#")[2]).wait_for()
    expect(row(page, page.url.rpartition("#")[2])).to_be_in_viewport()
    page.locator(".rows [data-trace]").first.tap()
    comes_to(page, 53)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_sheet_is_moved_by_keys_and_hides_what_is_out_of_sight(
    phone: tuple[Server, Page],
) -> None:
    _, page = phone
    handle = page.locator(".handle")
    keys = ("ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown", "Enter", "Escape")
    for key, height in zip(keys, (470, 798, 798, 470, 798, 53), strict=True):
        handle.press(key)
        comes_to(page, height)
    expect(handle).to_have_attribute("aria-expanded", "false")
    # Nothing in it can be reached by Tab while it is closed.
    page.get_by_role("button", name="By page").focus()
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.closest('.rest') !== null")
    assert violations_of_controls(page) == []
    handle.press("ArrowUp")
    comes_to(page, 470)
    assert violations(page) == []


def violations_of_controls(page: Page) -> list[str]:
    page.get_by_role("button", name="Filter and controls").click()
    found = violations(page)
    page.keyboard.press("Escape")
    return found


def test_on_a_small_screen_the_controls_are_one_line_and_a_menu(
    phone: tuple[Server, Page],
) -> None:
    server, page = phone
    bar = page.locator(".top").bounding_box()
    assert bar is not None
    assert bar["height"] == 48
    expect(page.get_by_role("button", name="Follow")).to_be_hidden()
    page.keyboard.press("/")
    expect(field_of(page)).to_be_focused()
    page.keyboard.type("path:/before/7 ")
    expect(page.locator(".list header")).to_contain_text("1 of 31")
    page.get_by_role("button", name="Follow").click()
    page.keyboard.press("Escape")
    expect(field_of(page)).to_be_hidden()
    # From the field, too: else no key does anything.
    page.keyboard.press("/")
    expect(field_of(page)).to_be_focused()
    page.keyboard.press("Enter")
    expect(field_of(page)).to_be_hidden()
    server.get("/before/7/again")
    page.locator('svg.diagram[aria-label="GET /before/7/again"]').wait_for()


def test_an_open_request_that_is_evicted_stays(
    serve: t.Callable[..., Server], context: BrowserContext
) -> None:
    server = serve(
        "LIFECYCLE_MAX_TRACES=5, LIFECYCLE_MAX_BYTES=200_000, LIFECYCLE_IGNORE=['/ignored*'],"
        " LIFECYCLE_HISTORY=None",
        0,
    )
    server.get("/open")
    page = opened(context, server.address)
    opened_row = page.locator(".row", has_text="/open")
    opened_row.click()
    view = page.locator('svg.diagram[aria-label$="/open"] [data-stage=view][data-state=done]')
    view.wait_for()
    for number in range(8):
        server.get(f"/more/{number}")
    page.get_by_text("The server no longer stores this request").wait_for()
    view.wait_for()
    assert violations(page) == []
    expect(page.locator(".row")).to_have_count(6)
    page.locator(".row", has_text="/more/7").click()
    opened_row.wait_for(state="detached")
    for number in range(3):
        server.get(f"/ignored/{number}")
    page.get_by_text("3 requests ignored").wait_for()
    page.get_by_text("requests evicted").wait_for()
    server.get("/log/60")
    page.get_by_text("of them for their size").wait_for()


def test_a_lost_connection_leaves_a_mark(
    serve: t.Callable[..., Server], context: BrowserContext
) -> None:
    server = serve()
    wire = Wire(server.address)
    page = opened(context, wire.address)
    server.get("/before")
    page.locator(".row", has_text="/before").wait_for()
    begun = time.monotonic()
    wire.cut()
    page.locator(".live.lost").wait_for()
    assert violations(page) == []
    for number in range(3):
        server.get(f"/meanwhile/{number}")
    wait_for(lambda: wire.refused >= 3)  # so often that it tries less and less
    wire.mend()
    page.locator('[class="live live"]').wait_for()
    gap = page.locator("p.away").inner_text()
    lasted = float(gap.partition("lost for ")[2].split()[0])
    assert 0 < lasted <= (time.monotonic() - begun) * (1000 if " ms" in gap else 1)
    server.get("/after")
    page.locator(".row", has_text="/after").wait_for()
    lost = r"connection was lost for [\d.]+ m?s; 3 requests came in meanwhile"
    meanwhile = [f"/meanwhile/{number}" for number in (2, 1, 0)]
    for place, text in enumerate(("/after", *meanwhile, lost, "/before")):
        expect(page.locator(".rows li").nth(place)).to_contain_text(re.compile(text))
    assert violations(page) == []
    wire.close()


@pytest.mark.parametrize("how", ["flask run", "app.run"])
def test_the_list_goes_on_over_a_reload_of_the_app(
    serve: t.Callable[..., Server], context: BrowserContext, how: str
) -> None:
    server = serve("", 0, "--reload", run=how == "app.run")
    page = opened(context, server.address)
    server.get("/first/run")
    page.locator(".row", has_text="/first/run").click()
    view = page.locator('svg.diagram[aria-label$="/first/run"] [data-stage=view][data-state=done]')
    view.wait_for()
    server.rewrite(f"# another run\n{server.app.read_text()}")
    page.locator("p.restarted", has_text="App restarted").wait_for()
    server.get("/second/run")
    page.locator(".row", has_text="/second/run").wait_for()
    first = page.locator(".row", has_text="/first/run")
    expect(first).to_have_class("row d0 earlier")
    # What was looked at is still there to be looked at.
    view.wait_for()
    page.get_by_role("button", name="Clear").click()
    first.wait_for(state="detached")


def test_a_page_stays_while_its_scripts_poll(panel: Panel) -> None:
    page = panel.page
    trace = trace_of(panel.app, f"{panel.server.url}/shop/")
    shown = page.locator(f'[data-trace="{trace}"][aria-current]')
    shown.wait_for()
    # Other tests' requests of this server are in the list, too.
    polls = page.locator(".row.d1", has_text="/api/books?poll=")
    for number in range(3):
        panel.fetch(f"/api/books?poll={number}")
        expect(polls).to_have_count(number + 1)
    panel.fetch("/static/tour.css")
    panel.fetch("/favicon.ico")
    expect(shown).to_be_visible()
    # Another page of a person's wins.
    trace = trace_of(panel.app, f"{panel.server.url}/shop/book/2")
    page.locator(f'[data-trace="{trace}"][aria-current]').wait_for()


def test_a_button_is_followed_each_time_it_is_pressed_and_a_timer_is_not(panel: Panel) -> None:
    """Within the first seconds of a page, too."""
    page, app = panel.page, panel.app
    app.goto(f"{panel.server.url}/shop/")
    app.locator("flask-lifecycle-toolbar").wait_for(state="attached")
    app.evaluate("""() => {
        const button = document.createElement("button");
        button.textContent = "Reload";
        button.onclick = () => fetch("/api/books?pressed=1");
        document.body.prepend(button);
    }""")
    # Other tests' requests of this server are in the list, too.
    pressed = page.locator(".row.d1", has_text="pressed=1")
    timers = page.locator(".row.d1", has_text="since=1")

    def press() -> None:
        before = pressed.count()
        app.get_by_role("button", name="Reload").click()
        expect(pressed).to_have_count(before + 1)
        expect(pressed.last).to_have_attribute("aria-current", "true")

    for _ in range(3):
        press()
    # Begun by now: a timer's first beat in the half second after a press would be its response.
    app.evaluate("""() => setInterval(() => fetch("/api/books?since=1"), 1500)""")
    expect(timers.nth(2)).to_be_visible()
    press()
    beats = timers.count()
    expect(timers.nth(beats + 1)).to_be_visible()
    expect(pressed.last).to_have_attribute("aria-current", "true")


def test_pages_with_many_files_push_no_request_out(
    serve: t.Callable[..., Server], context: BrowserContext
) -> None:
    server = serve("LIFECYCLE_MAX_TRACES=10")
    page = opened(context, server.address)
    for number in range(5):
        server.get(f"/page/{number}")
        for _ in range(12):
            server.get("/favicon.ico")
    expect(page.locator(".row")).to_have_count(6)
    expect(page.locator(".list header")).to_contain_text("6 requests")
    expect(page.locator(".row", has_text="/page/")).to_have_count(5)
    expect(page.get_by_text("evicted")).to_have_count(0)
    expect(page.locator(".row[aria-current]")).to_contain_text("/page/4")


def test_one_glance_says_which_request_needs_a_look(panel: Panel) -> None:
    page = panel.page
    crash, many = panel.fetch("/tour/crash?production"), panel.fetch("/corners/statements")

    def has_no_flag() -> str | None:
        trace = panel.fetch("/shop/")
        expect(row(page, trace)).to_have_attribute("data-state", "done")
        return None if row(page, trace).locator(".flag").count() else trace

    # On a busy machine, one may have been slow.
    plain = wait_for(has_no_flag)
    expect(row(page, many).locator(".flag").first).to_contain_text(re.compile(r"N\+1: [\d,]+×"))
    expect(row(page, crash).locator(".flag.error")).to_have_text("RuntimeError")
    expect(row(page, crash).locator(".p")).to_have_text("/tour/crash?production")
    look = page.get_by_role("button", name="need a look")
    look.click()
    row(page, plain).wait_for(state="detached")
    expect(row(page, many)).to_be_visible()
    expect(page.locator(".chip .text")).to_have_text(["is:flagged"])
    assert violations(panel) == []
    look.click()
    row(page, plain).wait_for()


def test_flags_are_the_same_in_a_file(panel: Panel) -> None:
    page = panel.page
    for path in ("/tour/crash?production", "/corners/statements", "/admin/orders/42"):
        trace = panel.fetch(path)
        expect(row(page, trace)).to_have_attribute("data-state", "done")
        url = f"{panel.server.url}/_lifecycle/api/traces/{trace}"
        with urllib.request.urlopen(url) as response:
            whole = response.read()
        flags = row(page, trace).locator(".flag").all_text_contents()
        page.evaluate(
            """async text => {
                const data = new DataTransfer();
                data.items.add(new File([text], "kept.json"));
                dispatchEvent(new DragEvent("drop", {dataTransfer: data, cancelable: true}));
            }""",
            whole.decode(),
        )
        imported = page.locator(".row.imported[aria-current]")
        # No flags would also be those of a file that is still being read.
        imported.wait_for()
        expect(imported.locator(".flag")).to_have_text(flags)
        page.get_by_role("button", name="Follow").click()
        expect(imported).to_have_count(0)


def test_the_list_is_made_wider_by_pointer_and_keys_and_stays_so(panel: Panel) -> None:
    page = panel.page
    border = page.get_by_role("separator", name="Width of the list")
    lines = row(page, panel.fetch("/api/books?title=a+rather+long+one&author=nobody")).locator(".l")
    expect(lines).to_have_count(2)
    box = border.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 4, 400)
    page.mouse.down()
    page.mouse.move(box["x"] + 104, 410, steps=4)
    page.mouse.move(box["x"] + 254, 420, steps=4)
    page.mouse.up()
    expect(border).to_have_attribute("aria-valuenow", "554")
    expect(lines).to_have_count(1)
    border.press("End")
    expect(border).to_have_attribute("aria-valuenow", "560")
    border.press("ArrowLeft")
    expect(border).to_have_attribute("aria-valuenow", "544")
    page.reload()
    expect(border).to_have_attribute("aria-valuenow", "544")
    width = page.locator(".list").bounding_box()
    assert width is not None
    assert width["width"] == 544
    border.dblclick()
    expect(border).to_have_attribute("aria-valuenow", "304")


def test_what_was_cleared_comes_back(panel: Panel) -> None:
    page = panel.page
    before = row(page, panel.fetch("/shop/"))
    expect(before).to_have_attribute("data-state", "done")
    for how in ("key", "button"):
        with answered(page, "DELETE", "traces"):
            page.keyboard.press("x")
        before.wait_for(state="detached")
        since = row(page, panel.fetch(f"/api/books/{len(how)}"))
        # One that runs would come back when it ends.
        expect(since).to_have_attribute("data-state", "done")
        # A second slip takes nothing more.
        page.keyboard.press("x")
        since.wait_for(state="detached")
        page.keyboard.press("x")
        # A page that is loaded again tells nothing more.
        with answered(page, "POST", "traces/restore"):
            if how == "key":
                page.keyboard.press("u")
            else:
                page.get_by_role("button", name="Undo").click()
        before.wait_for()
        since.wait_for()
        expect(page.locator(".undo")).to_have_count(0)
        # The server has them again, too.
        before.click()
        page.locator('svg.diagram[aria-label="GET /shop/"]').wait_for()
        page.reload()
        before.wait_for()
        page.locator("h1").click(force=True)


TYPED = {
    "what Tab completes": (["sta", "Tab", "4xx", "Enter"], ["status:4xx"]),
    "what Tab cannot complete": (["zzx", "Tab", "xyz", "Tab"], ["zzx", "xyz"]),
    "a name without values": (["g:", "Tab", "x", "Enter"], ["g:", "x"]),
    "letters of all keys": (["xfzvjku? ", "x", "Enter"], ["xfzvjku?", "x"]),
    "a name, and then its first value": (["is:", "Tab", "Tab"], ["is:done"]),
}


def test_what_is_typed_in_the_filter_stays_there(panel: Panel) -> None:
    page = panel.page
    for keys, chips in TYPED.values():
        page.keyboard.press("/")
        expect(field_of(page)).to_be_focused()
        for each in keys:
            if each in ("Tab", "Enter"):
                page.keyboard.press(each)
            else:
                page.keyboard.type(each)
        expect(page.locator(".chip .text")).to_have_text(chips)
        if keys[-1] == "Enter":
            expect(field_of(page)).not_to_be_focused()
        else:
            expect(field_of(page)).to_be_focused()
        # Nothing was cleared, and nothing else was done.
        expect(page.locator(".undo")).to_have_count(0)
        page.get_by_role("tab", name="Diagram", selected=True).wait_for()
        expect(page.get_by_role("dialog")).to_have_count(0)
        clear_filter(page)
        field_of(page).blur()


def test_no_key_clears_from_a_field(panel: Panel) -> None:
    page = panel.page
    page.locator(".playback").wait_for()
    page.keyboard.press("/")
    expect(field_of(page)).to_be_focused()
    page.keyboard.type("status:2xx ")
    chip = page.locator(".chip button")
    chip.focus()
    chip.press("x")
    expect(page.locator(".undo")).to_have_count(0)
    chip.blur()
    with answered(page, "DELETE", "traces"):
        page.keyboard.press("x")
    page.locator(".undo").wait_for()


def test_a_list_without_requests_says_what_to_do(
    serve: t.Callable[..., Server], context: BrowserContext
) -> None:
    server = serve()
    page = opened(context, server.address)
    with answered(page, "DELETE", "traces"):
        page.get_by_role("button", name="Clear").click()
    page.get_by_text("No requests yet.").wait_for()
    home = page.get_by_role("link", name=f"Open http://{server.address}/")
    with context.expect_page():
        home.click()
    page.locator(".row").first.wait_for()
    page.locator("svg.diagram").wait_for()

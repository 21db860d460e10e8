"""The toolbar on pages as apps have them, in a real browser."""

from __future__ import annotations

import json
import re
import typing as t
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.helpers.apps import OPENED, TOKEN
from tests.helpers.browser import Theme, launch, new_context, violations
from tests.helpers.extensions import EXTENSIONS
from tests.helpers.servers import PATIENCE, FactoryServer, wait_for
from tests.helpers.toolbar import TOOLBAR, Seen, bar, facts, follows, unfold

STYLES = """(selector) => {
    const styles = (element) => {
        const style = getComputedStyle(element);
        return Object.fromEntries([...style].map((name) => [name, style.getPropertyValue(name)]));
    };
    const roots = selector == null ? [document] : [document.querySelector(selector).shadowRoot];
    return roots.flatMap((root) => [...root.querySelectorAll("*")])
        .filter(({ localName }) => localName !== "flask-lifecycle-toolbar")
        .map((element) => [element.localName, styles(element)]);
}"""
PLACES = """() => [...document.querySelectorAll("*")]
    .filter(({ localName }) => localName !== "flask-lifecycle-toolbar")
    .map((element) => {
        const { x, y, width, height } = element.getBoundingClientRect();
        return [element.localName, x, y, width, height, element.scrollWidth, element.scrollHeight];
    })"""


def serve(make: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FactoryServer]:
    server = FactoryServer(tmp_path_factory.mktemp("pages"), make)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FactoryServer]:
    yield from serve("tests.browser.pages:create_app", tmp_path_factory)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FactoryServer]:
    yield from serve("tests.browser.pages:create_bare_app", tmp_path_factory)


@pytest.fixture
def context(chromium: Browser, theme: Theme) -> Iterator[BrowserContext]:
    context = new_context(chromium, color_scheme=theme, viewport={"width": 1440, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def traces(pages: FactoryServer, query: str = "") -> list[dict[str, t.Any]]:
    """List what the server has kept, newest first."""
    url = f"{pages.url}/_lifecycle/api/traces{query}"
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        return list(json.load(answer)["traces"])


def test_it_says_of_the_page_what_the_panel_would(server: FactoryServer, page: Page) -> None:
    page.goto(f"{server.url}/shop/book/1")
    expect(facts(page)).to_contain_text("200")
    expect(facts(page)).to_contain_text(re.compile(r"\d SQL \d"))
    expect(facts(page)).to_contain_text(re.compile(r"\d+ steps"))
    with page.context.expect_page() as opened:
        bar(page).get_by_role("link", name="Open this request in the panel").click()
    opened.value.locator("[aria-current] .p", has_text="/shop/book/1").wait_for()


def test_it_unfolds_to_the_way_through_the_app(server: FactoryServer, page: Page) -> None:
    page.goto(server.url)
    page.evaluate("() => fetch('/tour/sign-in', {method: 'POST'})")
    page.goto(f"{server.url}/admin/orders/42")
    drawing = unfold(page).get_by_role("group", name="GET /admin/orders/42 through the app")
    for name in ("load_user", "require_admin", "show", "add_etag", "close_db"):
        expect(drawing).to_contain_text(name)
    expect(drawing.locator("rect.sql")).to_have_count(3)
    with page.context.expect_page() as opened:
        drawing.get_by_role("link", name="require_admin").click()
    expect(opened.value.locator('[data-view="step"]')).to_contain_text("require_admin")


def test_a_hook_that_answers_and_a_handler_are_drawn(server: FactoryServer, page: Page) -> None:
    page.goto(f"{server.url}/nowhere")
    expect(unfold(page).locator("svg.u")).to_contain_text("page_not_found")
    expect(page.locator(f"{TOOLBAR} svg.u")).to_contain_text("no view: 404")
    page.goto(f"{server.url}/admin/orders/42?anon=1")
    follows(page, "302 /admin/orders/42 →", "200 /shop/sign-in")
    page.locator(f"{TOOLBAR} .request").first.click()
    expect(page.locator(f"{TOOLBAR} svg.u")).to_contain_text("view skipped")


def test_it_moves_folds_hides_and_remembers(pages: FactoryServer, page: Page) -> None:
    page.goto(pages.url)
    box = page.locator(f"{TOOLBAR} .root")
    more = unfold(page)
    expect(more).to_contain_text("GET /")
    page.get_by_role("button", name="Move to the next corner").click()
    expect(box).to_have_class(re.compile("bottom left"))
    page.reload()
    expect(box).to_have_class(re.compile("bottom left"))
    expect(more).to_contain_text("GET /")
    page.keyboard.press("Escape")
    expect(more).to_be_visible()
    facts(page).press("Escape")
    expect(more).to_be_hidden()
    page.get_by_role("button", name="Hide the toolbar").click()
    page.reload()
    expect(facts(page)).to_be_hidden()
    page.get_by_role("button", name="Show the toolbar").press("Enter")
    expect(facts(page)).to_be_focused()


def test_on_a_phone_what_asks_for_attention_is_not_cut(pages: FactoryServer, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{pages.url}/trouble")
    marks = facts(page).locator(".tag")
    expect(marks).to_have_text(["failed SQL: 1", "log! 1"])
    for mark in marks.all():
        assert mark.evaluate("(each) => each.scrollWidth <= each.clientWidth")


def test_it_is_dragged_to_the_nearest_corner(pages: FactoryServer, page: Page) -> None:
    # On this side the grip stays where it is when the bar is told more, and gets wider.
    page.add_init_script("""localStorage["lifecycle-toolbar"] ??= '{"corner": "bottom left"}'""")
    page.goto(pages.url)
    expect(facts(page)).to_contain_text("steps")
    page.get_by_role("button", name="Move to the next corner").hover()
    page.mouse.down()
    page.mouse.move(1200, 200, steps=4)
    expect(page.locator(f"{TOOLBAR} .root")).to_have_attribute("style", re.compile("translate"))
    page.mouse.up()
    expect(page.locator(f"{TOOLBAR} .root")).to_have_class(re.compile("top right"))


def test_what_the_storage_holds_is_not_trusted(pages: FactoryServer, page: Page) -> None:
    page.goto(pages.url)
    for kept in ("null", "[", '{"corner": "x", "shown": 7}', '{"corner": {}, "shown": "open"}'):
        page.evaluate("(kept) => localStorage.setItem('lifecycle-toolbar', kept)", kept)
        page.reload()
        expect(page.locator(f"{TOOLBAR} .root")).to_have_class(re.compile("bottom right"))
        expect(facts(page)).to_contain_text("200")


def test_it_is_not_printed_and_its_events_stay_inside(pages: FactoryServer, page: Page) -> None:
    page.goto(pages.url)
    page.evaluate("""() => {
        window.heard = [];
        for (const name of ["keydown", "keyup", "click", "mousedown", "pointerdown", "focusin"])
            document.addEventListener(name, () => { window.heard.push(name); });
    }""")
    facts(page).click()
    facts(page).press("a")
    assert page.evaluate("window.heard") == []
    page.locator("main").click()
    assert "click" in page.evaluate("window.heard")
    # Between its parts and beside them is the page.
    found = bar(page).evaluate(
        """(bar) => {
            const { x, y } = bar.getBoundingClientRect();
            return [[x + 9, y + 9], [x + 9, y - 3], [x - 9, y + 9]]
                .map((at) => document.elementFromPoint(...at).localName);
        }"""
    )
    assert [name == TOOLBAR for name in found] == [True, False, False]
    page.emulate_media(media="print")
    expect(bar(page)).to_be_hidden()


def test_it_is_one_stop_for_tab(pages: FactoryServer, page: Page) -> None:
    page.goto(pages.url)
    expect(facts(page)).to_contain_text("200")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="another")).to_be_focused()
    page.keyboard.press("Tab")
    expect(facts(page)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(bar(page).get_by_role("link")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("button", name="Move")).to_be_focused()
    page.keyboard.press("Tab")
    page.wait_for_function("() => document.activeElement === document.body")


def test_it_follows_what_scripts_of_the_page_ask_for(pages: FactoryServer, page: Page) -> None:
    page.goto(f"{pages.url}/fetches")
    unfold(page)
    page.evaluate("""async () => {
        await (await fetch("/data/1")).text();
        await (await fetch("/data/from")).text();
        await (await fetch("/data/7", { method: "GET", headers: { "X-Own": "1" } })).text();
        await new Promise((resolve) => {
            const request = new XMLHttpRequest();
            request.onload = resolve;
            request.open("GET", "/data/timed");
            request.send();
        });
        await (await fetch("/crash")).text();
        const image = new Image();
        await new Promise((resolve) => { image.onerror = resolve; image.src = "/data/3"; });
    }""")
    seen = (
        "200 /fetches",
        "200 /data/1",
        "302 /data/from →",
        "200 /data/2",
        "200 /data/7",
        "200 /data/timed",
        "500 /crash",
    )
    follows(page, *seen)
    row = page.locator(f"{TOOLBAR} .request", has_text="/data/7")
    expect(row).to_contain_text("N+1: 7×")
    row.click()
    expect(page.locator(f"{TOOLBAR} h2")).to_have_text("GET /data/7")
    expect(row).to_have_attribute("aria-pressed", "true")
    expect(row).to_be_focused()
    expect(facts(page)).to_contain_text("+6")
    # Of an answer that is not to be stored, and that no script reads, Chromium has no timing.
    page.evaluate("() => { fetch('/data/5?cache=no-store'); }")
    follows(page, *seen, "200 /data/5")
    # Nothing of the page's is replaced.
    assert page.evaluate(
        "[fetch, XMLHttpRequest, XMLHttpRequest.prototype.open, history.pushState]"
        ".every((each) => `${each}`.includes('[native code]'))"
    )


def let_go(pages: FactoryServer, name: str) -> None:
    urllib.request.urlopen(f"{pages.url}/let-go/{name}", b"").close()


@pytest.mark.parametrize(
    ("path", "while_it_runs", "after"),
    [
        ("plain", ["… /held/plain"], ["200 /held/plain"]),
        ("stream/parts", ["200 /held/stream/parts"], ["200 /held/stream/parts"]),
        ("crash", ["… /held/crash"], ["500 /held/crash"]),
        (
            "from/led",
            ["302 /held/from/led →", "… /held/led"],
            ["302 /held/from/led →", "200 /held/led"],
        ),
    ],
)
def test_what_is_still_on_its_way_is_shown(
    pages: FactoryServer, page: Page, path: str, while_it_runs: list[str], after: list[str]
) -> None:
    page.goto(f"{pages.url}/fetches?held={path}")
    expect(facts(page)).to_contain_text("200")
    # As from a button of the page's; nothing is unfolded.
    page.evaluate(
        """(path) => {
            const fetches = () => fetch(path).then((answer) => answer.text());
            document.querySelector("main").addEventListener("click", fetches);
        }""",
        f"/held/{path}",
    )
    page.locator("main").click()
    # It is asked for soon after the click, which may be before it has come to the server.
    held = f"/held/{path.removeprefix('from/')}"
    wait_for(
        lambda: any((each["path"], each["state"]) == (held, "running") for each in traces(pages))
    )
    page.locator("main").dispatch_event("change")
    expect(facts(page)).to_contain_text("1 running")
    unfold(page)
    follows(page, "200 /fetches", *while_it_runs)
    row = page.locator(f"{TOOLBAR} .request").last
    expect(row).to_contain_text("running")
    row.click()
    expect(page.locator(f"{TOOLBAR} h2")).to_contain_text("GET /held/")
    let_go(pages, path.rpartition("/")[2])
    follows(page, "200 /fetches", *after)
    expect(facts(page)).not_to_contain_text("running")


def test_of_two_pages_alike_none_is_given_the_other_ones(pages: FactoryServer, page: Page) -> None:
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto(f"{pages.url}/fetches?alike")
    for tab in (page, other):
        unfold(tab)
    with other.expect_response("**/toolbar/requests**"):
        other.evaluate("() => { fetch('/held/alike').then((answer) => answer.text()); }")
    expect(page.locator(f"{TOOLBAR} .request")).to_have_count(0)
    let_go(pages, "alike")
    follows(other, "200 /fetches", "200 /held/alike")
    expect(page.locator(f"{TOOLBAR} .request")).to_have_count(0)
    # Once it is left, there is only one.
    page.goto("about:blank")
    wait_for(lambda: "shown=0" in pages.log.read_text().rpartition("/let-go/alike")[2])
    other.evaluate("() => { fetch('/held/alone').then((answer) => answer.text()); }")
    follows(other, "200 /fetches", "200 /held/alike", "… /held/alone")
    let_go(pages, "alone")
    follows(other, "200 /fetches", "200 /held/alike", "200 /held/alone")


def test_hidden_it_asks_for_nothing_more(pages: FactoryServer, page: Page) -> None:
    opened = page.goto(pages.url)
    assert opened is not None
    own = opened.headers["x-lifecycle-trace"]
    expect(facts(page)).to_contain_text("steps")
    # The page comes before its last steps: until they are told, it asks again.
    wait_for(lambda: (own, "done") in ((each["id"], each["state"]) for each in traces(pages)))
    with page.expect_request("**/toolbar/requests**"):
        page.locator("main").click()
    # What a click leads to may come to the server later.
    with page.expect_request("**/toolbar/requests**") as last:
        pass
    answer = last.value.response()
    assert answer is not None
    answer.finished()
    page.get_by_role("button", name="Hide the toolbar").click()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("() => fetch('/data/1').then((answer) => answer.text())")
    page.evaluate("() => fetch('/crash').then((answer) => answer.text())")
    expect(page.get_by_role("button", name="a request failed")).to_be_visible()
    assert not any("/toolbar/" in url for url in asked)
    page.get_by_role("button", name="Show the toolbar").click()
    unfold(page)
    follows(page, "200 /", "200 /data/1", "500 /crash")


def test_what_led_to_the_page_stands_before_it(pages: FactoryServer, page: Page) -> None:
    page.goto(f"{pages.url}/from")
    unfold(page)
    follows(page, "302 /from →", "302 /over →", "200 /other")


@pytest.mark.parametrize("kind", ["htmx2", "htmx4", "turbo"])
def test_where_scripts_exchange_the_page_it_goes_along(
    pages: FactoryServer, page: Page, kind: str
) -> None:
    page.goto(f"{pages.url}/{kind}/first")
    unfold(page)
    expect(page.locator(f"{TOOLBAR} h2")).to_have_text(f"GET /{kind}/first")
    page.evaluate("window.same = true")
    for name in ("second", "first", "second"):
        # A link that htmx has not taken over yet is the browser's.
        page.wait_for_function(
            """(kind) => {
                const link = document.querySelector("#next");
                return kind === "turbo" || (link["htmx-internal-data"] ?? link._htmx)?.boosted;
            }""",
            arg=kind,
        )
        page.locator("#next").click()
        expect(page.locator("h1", has_text=name)).to_be_visible()
        expect(page.locator(f"{TOOLBAR} h2")).to_have_text(f"GET /{kind}/{name}")
        expect(page.locator(TOOLBAR)).to_have_count(1)
        expect(page.locator("script[data-lifecycle]")).to_have_count(0)
    assert page.evaluate("window.same")
    page.go_back()
    expect(page.locator(f"{TOOLBAR} h2")).to_have_text(f"GET /{kind}/first")
    expect(page.locator(TOOLBAR)).to_have_count(1)


def test_parts_of_a_page_are_followed_and_no_pages(pages: FactoryServer, page: Page) -> None:
    page.goto(f"{pages.url}/htmx2/first")
    unfold(page)
    page.get_by_role("button", name="a part").click()
    follows(page, "200 /htmx2/first", "200 /part")
    expect(page.locator("#part")).to_have_text("a part")
    page.goto(f"{pages.url}/turbo/first")
    page.locator("#inner").click()
    follows(page, "200 /turbo/first", "200 /frame")
    page.get_by_role("button", name="send").click()
    follows(page, "303 /turbo-form →", "200 /turbo/second")


@pytest.mark.parametrize(
    "replace",
    [
        "document.body = document.createElement('body')",
        "document.body.replaceWith(document.createElement('body'))",
        "document.body.innerHTML = ''",
        "document.documentElement.innerHTML = '<head></head><body>new</body>'",
        "document.documentElement.replaceChildren(document.createElement('body'))",
        f"document.querySelector('{TOOLBAR}').remove()",
        "history.pushState({}, '', '/elsewhere')",
    ],
)
def test_whatever_becomes_of_the_page_there_is_one(
    pages: FactoryServer, page: Page, replace: str
) -> None:
    page.goto(pages.url)
    expect(facts(page)).to_contain_text("200")
    page.evaluate(f"() => {{ {replace}; }}")
    expect(facts(page)).to_contain_text("200")
    expect(page.locator(TOOLBAR)).to_have_count(1)
    page.evaluate("() => fetch('/data/1').then((answer) => answer.text())")
    expect(facts(page)).to_contain_text("+1")


def test_a_tag_that_comes_with_a_new_body_is_taken(pages: FactoryServer, page: Page) -> None:
    """As over plain HTTP from another machine, where browsers do not say what is fetched."""
    page.goto(pages.url)
    asked = urllib.request.Request(f"{pages.url}/other", headers=OPENED)
    with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
        body = answer.read().decode().partition("<body")[2]
    page.evaluate("(body) => { document.body.innerHTML = body; }", body.partition(">")[2])
    expect(unfold(page).locator("h2")).to_have_text("GET /other")
    expect(page.locator("script")).to_have_count(0)


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FactoryServer]:
    yield from serve("tests.browser.pages:create_remote_app", tmp_path_factory)


@pytest.mark.parametrize(
    ("name", "opened", "framed", "fetched"),
    [
        ("localhost", "document, True", "iframe, True", "empty, False"),
        ("app.example", "not said, True", "not said, True", "not said, False"),
    ],
)
def test_it_is_on_what_the_browser_opens_alone(
    remote: FactoryServer, page: Page, name: str, opened: str, framed: str, fetched: str
) -> None:
    """By what the browser says, which depends on the address it is at."""
    url = f"http://{name}:{remote.port}"
    page.goto(f"{url}/_lifecycle/?token={TOKEN}")

    def shows(how: str) -> None:
        page.wait_for_url(f"{url}/by/{how}")
        expect(facts(page)).to_contain_text("200")
        # In a frame none is shown, where the app is told of one and where it is not.
        frame = page.frame_locator("iframe")
        expect(frame.locator("a")).to_be_visible()
        expect(frame.locator(TOOLBAR)).to_have_count(0)

    page.goto(f"{url}/by/address")
    shows("address")
    page.get_by_role("link", name="link", exact=True).click()
    shows("link")
    page.get_by_role("button", name="form", exact=True).click()
    shows("form")
    page.reload()
    shows("form")
    bodies = page.evaluate("""async () => {
        const xhr = new XMLHttpRequest();
        const loaded = new Promise((resolve) => { xhr.onload = resolve; });
        xhr.open("GET", "/by/xhr");
        xhr.send();
        await loaded;
        const get = await (await fetch("/by/fetch")).text();
        const post = await (await fetch("/by/post", { method: "POST" })).text();
        return [xhr.responseText, get, post];
    }""")
    assert [body.count("data-lifecycle") for body in bodies] == [0, 0, 0]
    asked = page.evaluate("async () => (await fetch('/asked')).json()")
    assert asked == {
        **dict.fromkeys(("address", "link", "form"), opened),
        **dict.fromkeys(("xhr", "fetch", "post"), fetched),
        "frame": framed,
    }


def test_a_page_that_the_browser_kept_comes_back_with_it(
    pages: FactoryServer, chromium: Browser
) -> None:
    # The devtools' protocol says why a page was not kept.
    kept = ("--disable-back-forward-cache",)
    browser = launch(chromium.browser_type, windowed=True, without=kept)
    page = browser.new_page()
    page.set_default_timeout(PATIENCE * 1000 / 2)
    refusals: list[t.Any] = []
    protocol = page.context.new_cdp_session(page)
    protocol.send("Page.enable")
    protocol.on("Page.backForwardCacheNotUsed", lambda why: refusals.append(why))
    page.add_init_script("addEventListener('pageshow', (e) => { window.kept = e.persisted; })")

    page.goto(f"{pages.url}/fetches?kept")
    unfold(page)
    page.evaluate("() => fetch('/data/1').then((answer) => answer.text())")
    follows(page, "200 /fetches", "200 /data/1")
    page.goto(f"{pages.url}/other")
    expect(page.locator(f"{TOOLBAR} h2")).to_have_text("GET /other")
    page.evaluate("() => { setTimeout(() => { history.back(); }); }")
    page.wait_for_url("**/fetches?kept", wait_until="commit")
    page.wait_for_function("() => window.kept === true")
    assert refusals == []

    follows(page, "200 /fetches", "200 /data/1")
    expect(page.locator(TOOLBAR)).to_have_count(1)
    page.evaluate("() => { fetch('/held/kept').then((answer) => answer.text()); }")
    follows(page, "200 /fetches", "200 /data/1", "… /held/kept")
    let_go(pages, "kept")
    follows(page, "200 /fetches", "200 /data/1", "200 /held/kept")
    browser.close()


def test_each_tab_shows_its_own(pages: FactoryServer, context: BrowserContext) -> None:
    first, second = context.new_page(), context.new_page()
    for tab in (first, second):
        tab.goto(f"{pages.url}/fetches")
    first.evaluate("() => fetch('/data/1').then((answer) => answer.text())")
    second.evaluate("() => fetch('/data/2').then((answer) => answer.text())")
    unfold(first)
    follows(first, "200 /fetches", "200 /data/1")
    unfold(second)
    follows(second, "200 /fetches", "200 /data/2")


PAGES = [
    "",
    "bootstrap",
    "tailwind",
    "hostile",
    "hello",
    "scripts",
    "utf-16",
    "failed",
    "htmx2/first",
]


@pytest.mark.parametrize("path", PAGES)
def test_the_page_is_as_without_it(
    pages: FactoryServer, bare: FactoryServer, context: BrowserContext, path: str
) -> None:
    with_it = Seen(context).goto(f"{pages.url}/{path}")
    expect(facts(with_it.page)).to_contain_text("503" if path == "failed" else "200")
    expect(facts(with_it.page)).to_contain_text("steps")
    without = Seen(context).goto(f"{bare.url}/{path}")

    def all_of(page: Page, script: str) -> t.Any:
        # Where it is served is in the addresses of its links and sheets.
        return json.loads(re.sub(r"127\.0\.0\.1:\d+", "server", as_json(page, script)))

    one, other = with_it.page, without.page
    if path == "tailwind":
        # It makes the sheet while the page is shown.
        for each in (one, other):
            each.wait_for_function("() => getComputedStyle(document.body).marginLeft === '0px'")
    assert all_of(one, STYLES) == all_of(other, STYLES)
    assert all_of(one, PLACES) == all_of(other, PLACES)
    html = "() => document.documentElement.outerHTML"
    assert all_of(one, html).replace(f"<{TOOLBAR}></{TOOLBAR}>", "") == all_of(other, html)
    count = "document.querySelectorAll('*').length"
    assert one.evaluate(count) == other.evaluate(count) + 1
    assert focused(one) == [*focused(other), TOOLBAR]
    if path == "utf-16":
        assert one.locator("p").first.text_content() == "Käse — 乾酪"
    if path == "scripts":
        assert one.evaluate("window.said") == "</body></html>"
    expect(unfold(one).locator("svg.u")).to_be_visible()
    # What a console says is told beside what is asked of the page.
    wait_for(lambda: one.title() == other.title() and with_it.said == without.said)


def as_json(page: Page, script: str, argument: str | None = None) -> str:
    """Evaluate a function; very many values come quicker as one text."""
    return str(page.evaluate(f"(argument) => JSON.stringify(({script})(argument))", argument))


def focused(page: Page) -> list[str]:
    """Name what gets the focus, from the beginning of the page to its end."""
    found: list[str] = []
    page.evaluate("() => { document.activeElement.blur(); }")
    while len(found) < 50:
        page.keyboard.press("Tab")
        element = page.evaluate(
            "() => document.activeElement === document.body ? null : document.activeElement"
            ".localName + (document.activeElement.getAttribute('href') ?? '')"
        )
        if element is None:
            break
        found.append(element)
    return found


def test_no_style_of_the_page_reaches_it(pages: FactoryServer, page: Page) -> None:
    def styles(of: str) -> t.Any:
        page.goto(f"{pages.url}/{of}")
        expect(facts(page)).to_contain_text("steps")
        # What is said of the request differs, and takes its room; more of it may still come.
        script = f"""(selector) => {{
            document.querySelector(selector).shadowRoot.querySelector(".facts")
                .replaceChildren("200");
            return ({STYLES})(selector);
        }}"""
        return [
            # Custom properties are inherited; nothing in it uses the page's.
            [name, {each: style[each] for each in style if not each.startswith("--")}]
            for name, style in json.loads(as_json(page, script, TOOLBAR))
        ]

    plain = styles("")
    for path in ("bootstrap", "tailwind", "hostile"):
        assert styles(path) == plain, path


def test_it_runs_with_the_nonce_of_the_pages_policy(
    pages: FactoryServer, context: BrowserContext
) -> None:
    seen = Seen(context).goto(f"{pages.url}/csp/nonce")
    expect(unfold(seen.page).locator("svg.u")).to_be_visible()
    assert seen.page.evaluate("window.own") is True
    assert seen.said == []


@pytest.fixture(scope="module")
def extensions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FactoryServer]:
    yield from serve("tests.helpers.extensions:create_app", tmp_path_factory)


@pytest.mark.parametrize("name", EXTENSIONS)
def test_it_is_on_a_page_of_each_extension(
    extensions: FactoryServer, page: Page, name: str
) -> None:
    page.goto(f"{extensions.url}/{name}/{'admin/book/' if name == 'admin' else ''}")
    expect(facts(page)).to_contain_text("200")
    expect(facts(page)).to_contain_text(re.compile(r"\d+ steps"))
    if name in ("admin", "sqlalchemy", "sqlalchemy_lite"):
        expect(facts(page)).to_contain_text("SQL")


@pytest.mark.parametrize(
    ("path", "refusal"),
    [("csp/none", "script-src 'none'"), ("csp/unconnected", "default-src 'none'")],
)
def test_where_a_policy_forbids_it_the_panel_says_so(
    pages: FactoryServer, context: BrowserContext, path: str, refusal: str
) -> None:
    seen = Seen(context).goto(f"{pages.url}/{path}")
    assert seen.page.locator("p").text_content() == "text"
    assert seen.page.locator(TOOLBAR).count() == 0
    assert seen.said == []
    panel = Seen(context).goto(f"{pages.url}/_lifecycle/").page
    panel.locator(".row", has_text=f"/{path}").first.click()
    panel.get_by_role("tab", name="Response").click()
    expect(panel.get_by_text("The toolbar is not on this page")).to_contain_text(refusal)


def test_where_its_script_never_asks_the_panel_says_so(
    pages: FactoryServer, context: BrowserContext
) -> None:
    page = Seen(context).goto(f"{pages.url}/csp/meta").page
    assert page.locator(TOOLBAR).count() == 0
    wait_for(lambda: "never asked" in str(traces(pages, "?q=csp/meta")[0]["toolbar"]))


def test_the_debuggers_page_is_not_the_apps(pages: FactoryServer, page: Page) -> None:
    page.goto(f"{pages.url}/crash")
    expect(page.get_by_text("Nobody handles this one.").first).to_be_visible()
    assert "data-lifecycle" not in page.content()
    assert page.locator(TOOLBAR).count() == 0


@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing(pages: FactoryServer, context: BrowserContext, width: int) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{pages.url}/fetches")
    expect(facts(page)).to_contain_text("200")
    page.evaluate("""async () => {
        for (const path of ["/data/1", "/data/7", "/data/from", "/failed", "/crash"])
            await (await fetch(path)).text();
    }""")
    expect(facts(page)).to_contain_text("+6")
    assert violations(page, f"'{TOOLBAR}'") == []
    expect(unfold(page).locator("svg.u")).to_be_visible()
    assert violations(page, f"'{TOOLBAR}'") == []
    page.locator(f"{TOOLBAR} .request", has_text="/failed").click()
    expect(page.locator(f"{TOOLBAR} h2")).to_have_text("GET /failed")
    assert violations(page, f"'{TOOLBAR}'") == []
    page.get_by_role("button", name="Hide the toolbar").click()
    expect(page.get_by_role("button", name="Show the toolbar")).to_be_visible()
    assert violations(page, f"'{TOOLBAR}'") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width

"""Two requests in one picture: of one run of the app, and of the one before."""

from __future__ import annotations

import json
import re
import signal
import typing as t
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.helpers.apps import TOKEN
from tests.helpers.browser import Panel, new_context, violations
from tests.helpers.history import stored_ids
from tests.helpers.mounted import mounted
from tests.helpers.servers import APP, FLASK_RUN, PATIENCE, FactoryServer, Server, wait_for
from tests.helpers.versions import VERSION

ORDER = "/admin/orders/42"
RUNS = 3


def api(url: str, path: str) -> t.Any:
    with urllib.request.urlopen(f"{url}/_lifecycle/api/{path}", timeout=PATIENCE) as answer:
        return json.load(answer)


def sent(panel: Panel, path: str, method: str = "GET") -> str:
    """Send a request from the app's page; return its id also where it is a redirect's."""
    panel.fetch(path, method)
    found = api(panel.server.url, "traces?limit=20")["traces"]
    url = next(each for each in found if f"{each['path']}?{each['query']}".rstrip("?") == path)
    return str(url["id"])


def compare(page: Page, url: str, a: str, b: str) -> None:
    """Open a comparison by its address."""
    page.goto(f"{url}/_lifecycle/?compare={a}..{b}")
    page.locator("svg.two").wait_for()


def select(page: Page, url: str, trace: str) -> None:
    """Show a request: which one is followed depends on what a browser sends by itself."""
    page.goto(f"{url}/_lifecycle/#{trace}")
    page.locator('svg.diagram .node[id="step-0"]').wait_for()
    page.wait_for_function("(id) => location.hash.startsWith(`#${id}`)", arg=trace)


def is_compared(page: Page, a: str, b: str) -> None:
    """Wait until the address names both: Playwright hears of it apart from what is drawn."""
    expect(page).to_have_url(re.compile(rf"\?compare={a}\.\.{b}(#|$)"))


def verdict(page: Page) -> t.Any:
    return page.locator(".verdict h1")


def section(page: Page, title: str) -> t.Any:
    return (
        page.get_by_label("Differences")
        .locator("section")
        .filter(has=page.locator("h2", has_text=re.compile(f"^{title}")))
    )


def chips(page: Page, stage: str) -> t.Any:
    return page.locator(f'svg.two .node[data-stage="{stage}"]')


# --- one run of the demo


def test_the_last_one_like_it_in_one_key(panel: Panel) -> None:
    page = panel.page
    first = sent(panel, ORDER)
    sent(panel, "/api/books")
    second = sent(panel, ORDER)
    select(page, panel.server.url, second)
    page.keyboard.press("c")
    page.locator("svg.two").wait_for()
    is_compared(page, first, second)
    expect(verdict(page)).to_have_text("No difference beyond the noise.")
    expect(page.locator(".verdict p")).to_have_text("One run each: times differ by chance too.")
    expect(page.locator(".list")).to_have_count(0)
    # With one run, no time has weight.
    expect(page.locator("svg.two .bd.hot")).to_have_count(0)

    page.reload()
    page.locator("svg.two").wait_for()
    page.keyboard.press("Escape")
    page.locator(".list").wait_for()
    expect(page).not_to_have_url(re.compile("compare"))
    page.go_back()
    page.locator("svg.two").wait_for()
    page.get_by_role("button", name="Compare").click()
    page.locator(".list").wait_for()


def test_any_two_that_are_picked(panel: Panel) -> None:
    page = panel.page
    order = sent(panel, ORDER)
    books = sent(panel, "/api/books?compared")
    select(page, panel.server.url, books)
    page.locator(f'[data-trace="{order}"]').click(modifiers=["ControlOrMeta"])
    page.locator("svg.two").wait_for()
    is_compared(page, order, books)
    page.keyboard.press("Escape")

    # By the key alone: the first has none like it, so it is marked.
    single = sent(panel, "/nothing/is/like/this")
    select(page, panel.server.url, single)
    page.keyboard.press("c")
    expect(page.locator(".marked")).to_contain_text("/nothing/is/like/this")
    assert violations(panel) == []
    page.locator(f'[data-trace="{books}"]').click()
    page.keyboard.press("c")
    page.locator("svg.two").wait_for()
    is_compared(page, books, single)
    page.get_by_role("combobox", name="Request A").select_option(order)
    expect(page.locator(".pick").first).to_contain_text(ORDER)
    page.get_by_role("button", name="Swap A and B").click()
    expect(page.locator(".pick").last).to_contain_text(ORDER)


def test_a_status_that_differs_and_a_view_that_one_of_them_skips(panel: Panel) -> None:
    page = panel.page
    a, b = sent(panel, ORDER), sent(panel, f"{ORDER}?anon=1")
    compare(page, panel.server.url, a, b)
    expect(verdict(page)).to_have_text(re.compile("^200 became 302, .* statements fewer, "))
    expect(page.locator(".pick").first).to_contain_text("200")
    expect(page.locator(".pick").last).to_contain_text("302")
    expect(chips(page, "start_response")).to_contain_text("200 OK → 302 Found")
    expect(chips(page, "dispatch")).to_contain_text("only in A")
    # It is no wire of B's that goes into the view.
    expect(page.locator("svg.two path.w.short:not(.tube)")).to_have_count(1)
    expect(page.locator("svg.two path.w.tube.short")).to_have_count(0)
    expect(chips(page, "view")).to_have_attribute("aria-label", re.compile("only in A"))
    expect(section(page, "Steps")).to_contain_text("require_admin: ok → answered")
    expect(section(page, "Response")).to_contain_text("200 became 302.")


def test_a_raise_on_one_side_is_a_cross_on_its_wire_alone(panel: Panel) -> None:
    page = panel.page
    a, b = sent(panel, "/shop/"), sent(panel, "/tour/crash?production")
    compare(page, panel.server.url, a, b)
    expect(verdict(page)).to_have_text(re.compile(r"^200 became 500 \(RuntimeError\)"))
    expect(page.locator("svg.two .dot.err:not(.ringed)").first).to_be_attached()
    expect(page.locator("svg.two .dot.ringed.err")).to_have_count(0)
    expect(page.locator("svg.two path.w.err:not(.tube)").first).to_be_attached()
    expect(page.locator("svg.two path.w.tube.err")).to_have_count(0)
    # Two rules: what both share is aligned, and the rest is one's.
    expect(page.locator(".pick").first).to_contain_text("/shop/")
    expect(page.locator(".pick").last).to_contain_text("/tour/crash?production")
    expect(page.locator("svg.two .band.one")).to_have_count(0 if _is_of_blueprint(page) else 1)
    expect(section(page, "Request")).to_contain_text("/shop/")
    page.get_by_role("button", name="Swap A and B").click()
    expect(page.locator("svg.two .dot.ringed.err").first).to_be_attached()
    expect(page.locator("svg.two path.w.tube.err").first).to_be_attached()
    expect(page.locator("svg.two path.w.err:not(.tube)")).to_have_count(0)


def _is_of_blueprint(page: Page) -> bool:
    return page.locator("svg.two .lbl", has_text="Blueprint").count() == 0


def test_the_arrows_walk_through_the_steps(panel: Panel) -> None:
    page = panel.page
    a, b = sent(panel, ORDER), sent(panel, f"{ORDER}?anon=1")
    compare(page, panel.server.url, a, b)
    current = page.locator("svg.two .node.cur")
    page.keyboard.press("ArrowRight")
    expect(current).to_have_attribute("data-stage", "wsgi")
    svg = page.locator("svg.two")
    id_ = current.get_attribute("id")
    expect(svg).to_have_attribute("aria-activedescendant", id_ or "")

    def goes(key: str) -> str:
        """Press a key that leads to another step; return its stage."""
        before = current.get_attribute("id") or ""
        page.keyboard.press(key)
        expect(current).not_to_have_attribute("id", before)
        return current.get_attribute("data-stage") or ""

    goes("End")
    last = current.get_attribute("id")
    assert goes("Home") == "wsgi"
    seen = []
    while current.get_attribute("id") != last:
        seen.append(goes("ArrowRight"))
    assert seen.index("before_request") < seen.index("view") < seen.index("after_request")
    assert goes("Home") == "wsgi"
    goes("ArrowRight")
    assert goes("ArrowLeft") == "wsgi"

    # By its name: in the middle of all that is drawn of it there may be nothing of it.
    chips(page, "view").locator(".vt").click()
    step = section(page, "view show")
    expect(step).to_contain_text("It did not run in B.")
    step.get_by_role("button", name="Open in A").click()
    expect(panel.node("view", "done")).to_have_class(re.compile("cur"))
    # Of several runs, the one in the middle is drawn.
    drawn = api(panel.server.url, f"compare?a={a}&b={b}&runs=alike")["a"]
    page.wait_for_url(re.compile(f"#{drawn}/"))


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1000, 800), (390, 844)])
def test_it_fits_and_is_accessible(panel: Panel, width: int, height: int) -> None:
    page = panel.page
    a, b = sent(panel, ORDER), sent(panel, f"{ORDER}?anon=1")
    page.set_viewport_size({"width": width, "height": height})
    compare(page, panel.server.url, a, b)
    page.keyboard.press("ArrowRight")
    assert violations(panel) == []
    boxes = [page.locator(name).bounding_box() for name in ("svg.two", ".both aside")]
    assert boxes[0] is not None
    assert boxes[1] is not None
    if width < 760:
        menu = page.get_by_role("button", name="Filter and controls").bounding_box()
        assert menu is not None
        assert width - menu["x"] - menu["width"] < 20
    if width < 1100:
        assert boxes[1]["y"] >= boxes[0]["y"] + boxes[0]["height"] - 1
    else:
        assert boxes[1]["x"] >= boxes[0]["x"] + boxes[0]["width"] - 1
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    # Which two requests these are is cut last.
    cut = """picks => picks.filter(pick => {
        const path = pick.querySelector(".request"), when = pick.querySelector("small");
        const text = document.createRange();
        text.selectNodeContents(path);
        const least = text.getBoundingClientRect().width - 0.01;
        return path.getBoundingClientRect().width < least && when.clientWidth > 1;
    }).length"""
    assert page.locator(".pick").evaluate_all(cut) == 0


# --- sending it again


def test_it_is_sent_again_by_a_click_alone(panel: Panel) -> None:
    page = panel.page
    first = sent(panel, ORDER)
    select(page, panel.server.url, first)
    page.get_by_role("button", name="Share").click()
    assert _count(panel, first) == 1
    page.get_by_role("dialog", name="Share").get_by_role("button", name="Send again").click()
    page.locator("svg.two").wait_for()
    expect(page).to_have_url(re.compile(f"compare={first}"))
    found = re.search(rf"compare={first}\.\.(\w+)", page.url)
    assert found is not None
    again = api(panel.server.url, f"traces/{found[1]}")
    # By who is signed in: else it would be a redirect.
    assert (again["path"], again["status"]) == (ORDER, 200)
    assert _count(panel, first) == 2

    # Once more, of the picture: it is one more run of the second.
    page.get_by_role("button", name="Send again").click()
    expect(page.locator(".runs circle.b")).to_have_count(2)
    expect(page.locator(".runs circle.a")).to_have_count(1)
    expect(page.locator(".verdict p")).to_have_text("One run of A: times differ by chance too.")
    assert _count(panel, first) == 3
    # Its address sends nothing.
    page.reload()
    expect(page.locator(".runs circle.b")).to_have_count(2)
    assert _count(panel, first) == 3


def _count(panel: Panel, first: str) -> int:
    """Count the requests from one on: older ones may be evicted meanwhile."""
    found = api(panel.server.url, f"traces?limit=500&q=path:{ORDER}")["traces"]
    return sum(trace["path"] == ORDER and trace["id"] >= first for trace in found)


def test_a_redirect_is_sent_again_though_no_page_may_read_its_headers(panel: Panel) -> None:
    page = panel.page
    select(page, panel.server.url, sent(panel, "/tour/redirect"))
    page.get_by_role("button", name="Share").click()
    page.get_by_role("dialog", name="Share").get_by_role("button", name="Send again").click()
    page.locator("svg.two").wait_for()
    expect(page).to_have_url(re.compile("compare="))
    found = re.search(r"compare=(\w+)\.\.(\w+)", page.url)
    assert found is not None
    both = [api(panel.server.url, f"traces/{each}") for each in found.groups()]
    assert [each["path"] for each in both] == ["/tour/redirect"] * 2
    assert both[0]["status"] == both[1]["status"] == 302


def test_what_may_change_something_is_a_command(panel: Panel) -> None:
    page = panel.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sent(panel, f"{ORDER}/ship", "POST")
    select(page, panel.server.url, sent(panel, f"{ORDER}/ship", "POST"))
    page.get_by_role("button", name="Share").click()
    share = page.get_by_role("dialog", name="Share")
    expect(share.get_by_role("button", name="Send again")).to_have_count(0)
    expect(share).to_contain_text("POST may change something: use the curl command.")
    share.get_by_role("button", name="Compare").click()
    page.locator("svg.two").wait_for()
    expect(page.get_by_role("button", name="Send again")).to_have_count(0)
    page.get_by_role("button", name="Copy as cURL").click()
    page.get_by_text("Command copied").wait_for()
    command = page.evaluate("() => navigator.clipboard.readText()")
    assert command.startswith(f"curl --request POST {panel.server.url}{ORDER}/ship")


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = new_context(chromium, viewport={"width": 1440, "height": 900}, color_scheme="dark")
    yield context
    context.close()


def test_a_panel_with_a_host_of_its_own_sends_nothing(
    context: BrowserContext, tmp_path: Path
) -> None:
    app = APP.replace(
        "Lifecycle(app)", "app.config['LIFECYCLE_HOST'] = 'panel.localhost'\nLifecycle(app)"
    )
    own = Server(tmp_path, FLASK_RUN, app)
    try:
        port = own.address.partition(":")[2]
        app_page, page = context.new_page(), context.new_page()
        page.goto(f"http://panel.localhost:{port}/_lifecycle/")
        page.locator('[class="live live"]').wait_for()
        app_page.goto(f"http://localhost:{port}/?mine")
        page.locator('.row .what[title="/?mine"]').click()
        page.get_by_role("button", name="Share").click()
        share = page.get_by_role("dialog", name="Share")
        expect(share).to_contain_text("The panel has a host of its own (LIFECYCLE_HOST)")
        expect(share.get_by_role("button", name="Send again")).to_have_count(0)
    finally:
        own.stop()


@pytest.mark.parametrize("way", ["dispatched", "keeping", "proxied"])
def test_it_is_sent_again_where_the_app_is_not_at_the_root(
    context: BrowserContext, tmp_path: Path, way: str
) -> None:
    with mounted(tmp_path, way, "after", FLASK_RUN) as app:
        page, other = context.new_page(), context.new_page()
        page.goto(f"{app.url}/_lifecycle/?token={TOKEN}")
        page.locator(".live").wait_for()
        other.goto(f"{app.url}/data?mine")
        page.locator('.row .what[title$="/data?mine"]').click()
        page.get_by_role("button", name="Share").click()
        page.get_by_role("dialog", name="Share").get_by_role("button", name="Send again").click()
        page.locator("svg.two").wait_for()
        expect(verdict(page)).to_have_text("No difference beyond the noise.")


# --- across a restart


class Books:
    """A server of the two versions, and a browser in front of it."""

    def __init__(self, folder: Path, context: BrowserContext) -> None:
        self.folder = folder
        self.server = FactoryServer(folder, "tests.helpers.versions:create_app")
        self.page = context.new_page()

    def start(self, version: int) -> None:
        (self.folder / VERSION).write_text(str(version))
        self.server.start()

    def get(self, path: str) -> str:
        """Send a request, and wait until it is written."""
        with urllib.request.urlopen(f"{self.server.url}{path}", timeout=PATIENCE) as answer:
            answer.read()
            return str(answer.headers["X-Lifecycle-Trace"])

    def restart(self, known: list[str]) -> None:
        """Serve the second version, once what came before is in the history."""
        # As SQLite reads it: what is in the file may not have been committed yet.
        wait_for(lambda: {*known} <= {*stored_ids()})
        self.server.stop(signal.SIGKILL)
        self.start(2)


@pytest.fixture
def books(tmp_path: Path, context: BrowserContext) -> Iterator[Books]:
    books = Books(tmp_path, context)
    books.start(1)
    yield books
    books.server.stop()


def test_did_my_change_help(books: Books) -> None:
    before = [books.get("/books/7") for _ in range(RUNS)]
    books.restart(before)
    after = [books.get("/books/7") for _ in range(RUNS)]
    page = books.page
    select(page, books.server.url, after[-1])
    page.keyboard.press("c")
    page.locator("svg.two").wait_for()
    is_compared(page, before[-1], after[-1])

    compared = api(books.server.url, f"compare?a={before[-1]}&b={after[-1]}&runs=alike")
    assert sorted(compared["runs"]["a"]) == before
    assert sorted(compared["runs"]["b"]) == after
    expect(verdict(page)).to_have_text(compared["verdict"])
    assert re.fullmatch(
        r"[\d.]+ m?s faster, 10 statements fewer, load_cart no longer runs", compared["verdict"]
    )
    expect(page.locator(".verdict p")).to_have_text(
        f"{compared['basis']} ≈ marks what is within it."
    )
    expect(page.locator(".pick").first).to_contain_text("before the restart")
    expect(page.locator(".runs circle")).to_have_count(2 * RUNS)

    gone, new = (chips(page, "before_request").filter(has_text=name) for name in ("cart", "flags"))
    expect(gone).to_contain_text("only in A")
    expect(gone.locator(".dot")).to_have_count(1)
    expect(gone.locator(".dot.ringed")).to_have_count(1)
    expect(new).to_contain_text("only in B")
    expect(new.locator(".dot.ringed")).to_have_count(0)
    expect(chips(page, "session_save")).to_contain_text("no cookie → cookie sent")
    expect(page.locator("svg.two .txt.sql")).to_have_text("10 × SELECT … FROM author WHERE id = ?")
    expect(page.get_by_text(re.compile(r"^B answers [\d.]+ m?s sooner$"))).to_be_visible()

    expect(section(page, "SQL")).to_contain_text("10× → 0")
    expect(section(page, "Changes")).to_contain_text("g.cart")
    expect(section(page, "Changes")).to_contain_text('session["flags"]')
    expect(section(page, "Response")).to_contain_text('"old" → "new"')
    expect(section(page, "Response")).to_contain_text(
        "X-Request-Id differs in every request and is not counted."
    )

    # One more run of B.
    page.get_by_role("button", name="Send again").click()
    expect(page.locator(".runs circle.b")).to_have_count(RUNS + 1)
    expect(page.locator(".runs circle.a")).to_have_count(RUNS)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/books/sold", "409 became 200"),
        ("/books/lent", "200 became 302"),
        ("/books/lost", "200 became 500 (LookupError)"),
    ],
)
def test_another_answer_after_the_change_leads_the_verdict(
    books: Books, path: str, says: str
) -> None:
    def get() -> str:
        return str(
            books.page.request.get(f"{books.server.url}{path}", max_redirects=0).headers.get(
                "x-lifecycle-trace"
            )
            or api(books.server.url, "traces?limit=1")["traces"][0]["id"]
        )

    a = get()
    books.restart([a])
    b = get()
    compare(books.page, books.server.url, a, b)
    expect(verdict(books.page)).to_have_text(re.compile(f"^{re.escape(says)}"))

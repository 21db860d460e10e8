"""Recordings in a browser: a file from a disk, in a frame, as an element, dropped on the panel."""

from __future__ import annotations

import functools
import gzip
import html
import http.client
import itertools
import json
import re
import shutil
import sys
import threading
import typing as t
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.cookiejar import CookieJar
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Locator, Page, expect

from demo.tour import STOPS
from flask_lifecycle import Trace
from flask_lifecycle.recording import Recording
from flask_lifecycle.recording.html import SCRIPT
from tests.helpers import ROOT
from tests.helpers.browser import (
    THEMES,
    Panel,
    new_context,
    pick_view,
    violations,
)
from tests.helpers.firefox import Firefox
from tests.helpers.recordings import SAVED
from tests.helpers.servers import PATIENCE, FactoryServer, wait_for

API = "/_lifecycle/api/"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: t.Any, **kwargs: t.Any) -> None:
        return None


def post(server: FactoryServer, path: str, body: bytes) -> bytes:
    request = urllib.request.Request(
        f"{server.url}{API}{path}", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return t.cast("bytes", answer.read())


@pytest.fixture(scope="module")
def tour(server: FactoryServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Send every request of the demo's tour; return their recording as one file."""
    opener = urllib.request.build_opener(
        _NoRedirect, urllib.request.HTTPCookieProcessor(CookieJar())
    )
    ids: list[str] = []
    for method, path in [("POST", "/tour/sign-in"), *((each.method, each.path) for each in STOPS)]:
        asked = path.replace("seconds=3", "seconds=0.05")
        request = urllib.request.Request(f"{server.url}{asked}", method=method)
        try:
            answer = opener.open(request, timeout=PATIENCE)
        except urllib.error.HTTPError as error:
            answer = error
        # One of them ends before its end.
        with answer, suppress(http.client.IncompleteRead):
            answer.read()
            ids += answer.headers.get_all("X-Lifecycle-Trace", [])
    assert len(ids) > 30
    file = tmp_path_factory.mktemp("tour") / "tour.html"
    file.write_bytes(post(server, "recordings", json.dumps({"ids": ids, "as": "html"}).encode()))
    sys.stdout.write(
        f"the tour's recording has {file.stat().st_size / 1e6:.2f} MB, {len(ids)} requests\n"
    )
    return file


class Opened(t.NamedTuple):
    page: Page
    asked: list[str]


@contextmanager
def opened(
    chromium: Browser,
    url: str,
    size: tuple[int, int] = (1440, 900),
    browser_says: str = "nothing",
) -> Iterator[Opened]:
    """Open a file with no network; it says nothing on the console, and asks for nothing.

    :param browser_says: what may be on the console: of the browser itself, not of ours.
    """
    context = new_context(
        chromium, offline=True, color_scheme="dark", viewport={"width": size[0], "height": size[1]}
    )
    page = context.new_page()
    faults: list[str] = []
    asked: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        faults.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text))
    page.on("dialog", dismiss)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    yield Opened(page, asked)
    context.close()
    assert [each for each in faults if browser_says not in each] == []
    assert [each for each in asked if not each.startswith("data:")] == [url.partition("#")[0]]


def choose(page: Page, trace: Trace, step: int | str = "") -> None:
    """Go to a request, and to a step of it, by the address: the list draws what is in sight."""
    # Until the page has heard of it: another one for the same path may be shown already.
    page.evaluate(
        """to => new Promise((heard) => {
            addEventListener("popstate", heard, {once: true});
            location.hash = to;
        }).then(() => {})""",
        f"{trace.id}/{step}",
    )
    page.locator(f"svg.diagram[aria-label={json.dumps(f'{trace.method} {trace.path}')}]").wait_for()


def of_path(tour: Path, path: str) -> Trace:
    return next(each for each in Recording.load(tour).traces if each.path == path)


def drawn(page: Page) -> list[list[str]]:
    """Return what the diagram draws: each node with its step, stage, state and texts."""
    found: list[list[str]] = page.locator("svg.diagram [data-stage]").evaluate_all(
        """nodes => nodes.map(({dataset, textContent}) =>
            [dataset.step ?? "", dataset.stage, dataset.state, textContent])"""
    )
    return found


def test_the_tour_opens_from_a_disk_with_every_lifecycle(chromium: Browser, tour: Path) -> None:
    traces = Recording.load(tour).traces
    with opened(chromium, tour.as_uri()) as (page, _):
        page.get_by_text("recording of demo").wait_for()
        shown = sum(not each.path.startswith("/static/") for each in traces)
        expect(page.locator(".list header [role=status]")).to_have_text(f"{shown} requests")
        for theme, trace in itertools.product(THEMES, traces):
            page.emulate_media(color_scheme=theme)
            choose(page, trace)
            steps = {step for step, *_ in drawn(page) if step != ""}
            assert {str(step.id) for step in trace.steps if step.stage == "view"} <= steps
            assert len(steps) >= 5, trace.path


def test_every_view_is_there_and_none_needs_a_server(chromium: Browser, tour: Path) -> None:
    with opened(chromium, tour.as_uri()) as (page, _):
        choose(page, of_path(tour, "/tour/collected"))
        page.get_by_role("button", name="More").click()
        menu = page.locator("#view-menu [data-view-name]")
        menu.first.wait_for()
        titles = [
            re.sub(r"\d+$|\d*none$", "", text)
            for where in (page.get_by_role("tab"), menu)
            for text in where.all_text_contents()
        ]
        page.keyboard.press("Escape")
        assert not {"Profile", "Breakpoints"} & set(titles)
        assert {"Diagram", "SQL", "Templates", "Logs", "App"} <= set(titles)
        for title in dict.fromkeys(titles):
            pick_view(page, title)
            shown = page.get_by_role("tabpanel", name=title)
            expect(shown.locator(".loading")).to_have_count(0)
            expect(shown).not_to_be_empty()
            expect(page.get_by_role("alert")).to_have_count(0)
        for absent in ("Clear", "Pause", "Follow", "Talk", "Preserve log"):
            expect(page.get_by_role("button", name=absent, exact=True)).to_have_count(0)
        assert page.locator("a[href^=vscode], .editor").count() == 0
        for key in "xubrneR":
            page.keyboard.press(key)
        expect(page.locator("[data-trace]").first).to_be_visible()
        page.keyboard.press("?")
        keys = page.get_by_label("Keyboard shortcuts and legend")
        expect(keys).to_contain_text("next view")
        for absent in ("clear all", "breakpoint at", "held request: "):
            expect(keys).not_to_contain_text(absent)


def test_a_step_has_its_code_and_its_sentence(chromium: Browser, tour: Path) -> None:
    with opened(chromium, tour.as_uri()) as (page, _):
        trace = of_path(tour, "/tour/collected")
        choose(page, trace, trace.find(stage="view")[0].id)
        step = page.get_by_label("Step", exact=True)
        expect(step.locator("pre.source")).to_contain_text("def collected")
        expect(step.locator(".said")).to_contain_text("collected")
        assert violations(page) == []
        pick_view(page, "SQL")
        page.locator('[data-view="sql"] tbody tr').first.click()
        expect(page.get_by_label("Statement").locator(".py-k").first).to_be_visible()
        page.get_by_role("button", name="Copy as runnable SQL").wait_for()
        crash = of_path(tour, "/tour/crash")
        pick_view(page, "Diagram")
        choose(page, crash)
        pick_view(page, "Exceptions")
        frame = page.locator('[data-view="exception"] pre.source .py-k').first
        expect(frame).to_be_visible()
        pick_view(page, "Diagram")
        choose(page, crash, 0)
        expect(step).to_contain_text("def __call__")


def test_like_requests_are_compared(chromium: Browser, tour: Path) -> None:
    document = Recording.load(tour).to_dict()
    pair = document["prepared"]["comparisons"][0]
    by_id = {each["id"]: each for each in document["traces"]}
    one, other = (by_id[pair[name]]["path"] for name in "ab")
    with opened(chromium, f"{tour.as_uri()}#{pair['b']}") as (page, _):
        page.locator("svg.diagram").wait_for()
        page.keyboard.press("c")
        compared = page.locator('[data-view="compare"]')
        expect(compared.get_by_role("heading").first).to_have_text(pair["verdict"])
        expect(compared.locator(".pick").nth(0)).to_contain_text(one)
        expect(compared.locator(".pick").nth(1)).to_contain_text(other)
        for absent in ("Swap A and B", "Send again", "Copy as cURL"):
            expect(compared.get_by_role("button", name=absent)).to_have_count(0)
        assert violations(page) == []
        page.keyboard.press("Escape")
        # Of others there is none.
        there = {frozenset((each["a"], each["b"])) for each in document["prepared"]["comparisons"]}
        rows = page.locator("[data-trace]")
        shown = rows.evaluate_all("rows => rows.map(({dataset}) => dataset.trace)")
        other = next(each for each in shown if {each, pair["b"]} not in there and each != pair["b"])
        page.locator(f'[data-trace="{other}"]').click(modifiers=["Control"])
        expect(page.get_by_role("alert")).to_contain_text("drop the file on it")
        page.get_by_role("button", name="Close").click()
        page.locator("svg.diagram").wait_for()


def test_the_stage_plays_to_the_end(chromium: Browser, tour: Path) -> None:
    with opened(chromium, tour.as_uri(), size=(1920, 1080)) as (page, _):
        choose(page, of_path(tour, "/tour/redirect"))
        page.keyboard.press("f")
        page.locator(".stage svg.diagram").wait_for()
        page.keyboard.press("Home")
        caption = page.locator(".stage-foot .caption")
        expect(caption).to_contain_text("The WSGI server calls the app")
        page.keyboard.press(" ")
        expect(caption).to_contain_text(
            "The layers open down the left side", timeout=PATIENCE * 1000
        )
        clock = page.locator(".playback .clock").inner_text()
        position, count = re.findall(r"\d+", clock)
        assert position == count
        page.keyboard.press("Escape")
        page.locator(".stage").wait_for(state="detached")


@pytest.mark.parametrize("size", [(1440, 900), (1920, 1080), (390, 844)])
def test_it_is_accessible_at_each_size(
    chromium: Browser, tour: Path, size: tuple[int, int]
) -> None:
    with opened(chromium, tour.as_uri(), size=size) as (page, _):
        page.locator("svg.diagram").wait_for()
        page.wait_for_function("() => document.documentElement.scrollWidth <= innerWidth")
        assert violations(page) == []


def test_the_address_leads_to_a_request_and_a_step(chromium: Browser, tour: Path) -> None:
    trace = of_path(tour, "/tour/redirect")
    step = trace.find(stage="view")[0].id
    with opened(chromium, f"{tour.as_uri()}?view=steps#{trace.id}/{step}") as (page, _):
        page.locator(f'[data-view="steps"] .picked[data-step="{step}"]').wait_for()
    # What a server's panel would show there, a recording has not.
    for address in (
        "#gone",
        "?view=breakpoints",
        "?view=profile",
        f"?compare={trace.id}..{trace.id}",
    ):
        with opened(chromium, f"{tour.as_uri()}{address}") as (page, _):
            page.locator("svg.diagram").wait_for()


def test_one_request_has_no_list(chromium: Browser, tour: Path, tmp_path: Path) -> None:
    whole = Recording.load(tour)
    file = tmp_path / "one.html"
    Recording.of(whole.traces[:1]).save(file)
    with opened(chromium, file.as_uri()) as (page, _):
        page.locator("svg.diagram").wait_for()
        expect(page.locator(".list, .field")).to_have_count(0)
        controls = page.get_by_label("Controls").bounding_box()
        assert controls is not None
        assert controls["x"] + controls["width"] > 1400
        choose(page, whole.traces[0], whole.traces[0].find(stage="view")[0].id)
        page.get_by_text("This code is not in the recording.").wait_for()
    Recording.of([]).save(file)
    with opened(chromium, file.as_uri()) as (page, _):
        page.get_by_text("This recording has no requests").wait_for()


def test_a_part_is_saved_again(chromium: Browser, tour: Path) -> None:
    whole = Recording.load(tour)
    with opened(chromium, tour.as_uri()) as (page, _):
        rows = page.locator("[data-trace]")
        rows.first.wait_for()
        page.get_by_role("button", name="Share").click()
        page.get_by_label("selected ones").check()
        picks = page.get_by_role("list", name="Listed requests").get_by_role("checkbox")
        picks.nth(0).check()
        picks.nth(2).check()
        with page.expect_download() as download:
            page.get_by_role("button", name="JSON for the panel").click()
        page.get_by_text("Recording of 2 requests saved").wait_for()
        assert download.value.suggested_filename == "2-requests.json"
        part = Recording.from_bytes(Path(download.value.path()).read_bytes())
    assert len(part.traces) == 2
    assert all(each in whole.traces for each in part.traces)
    assert part.app == whole.app
    assert set(part.sources) < set(whole.sources)


POLYGLOT = (
    "</script><img src=x onerror=alert(1)><!--<script>alert(2)</script>\u2028'\"`${alert(3)}"
    "javascript:alert(4)\0\u202e"
)


def test_hostile_texts_are_text_wherever_they_are(
    chromium: Browser, tour: Path, tmp_path: Path
) -> None:
    document = Recording.load(tour).to_dict()

    def poisoned(value: t.Any, key: str = "") -> t.Any:
        if isinstance(value, dict):
            return {name: poisoned(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [poisoned(each, key) for each in value]
        kept = ("id", "stage", "state", "outcome", "kind", "format", "file", "endpoint", "rule")
        is_text = isinstance(value, str) and key not in (*kept, "url_rule", "server_error_by")
        return f"{value}{POLYGLOT}" if is_text else value

    names = ("/tour/collected", "/tour/crash", "/tour/stream", "/shop/")
    document["traces"] = [each for each in document["traces"] if each["path"] in names]
    hostile = poisoned(document)
    for trace in hostile["traces"]:
        for step in trace["steps"]:
            step["detail"] = {**step["detail"], "__proto__": {"x": POLYGLOT}, POLYGLOT: POLYGLOT}
    file = tmp_path / "hostile.html"
    Recording.from_bytes(json.dumps(hostile).encode()).save(file)
    with opened(chromium, file.as_uri()) as (page, _):
        for trace in Recording.load(file).traces:
            page.evaluate("to => { location.hash = to }", trace.id)
            page.locator(f'[aria-current="true"][data-trace="{trace.id}"]').wait_for()
            for title in ("Steps", "SQL", "Request", "Response", "Logs", "Exceptions", "App"):
                pick_view(page, title)
                expect(page.locator(".loading")).to_have_count(0)
                expect(page.get_by_role("heading", name="This recording cannot")).to_have_count(0)
        assert page.evaluate("() => ({}).x === undefined && document.images.length === 0")


def damaged(tour: Path, file: Path, change: t.Callable[[str], str]) -> str:
    """Change the data in a recording's page; return the address of the result."""
    head, mark, rest = tour.read_text("utf-8").partition('id="lifecycle-recording">')
    data, end, script = rest.partition("</script>")
    file.write_text(f"{head}{mark}{change(data)}{end}{script}", "utf-8")
    return file.as_uri()


def edited(change: t.Callable[[t.Any], t.Any]) -> t.Callable[[str], str]:
    def edit(data: str) -> str:
        document = json.loads(data)
        change(document)
        return json.dumps(document).replace("<", r"\u003c")

    return edit


DAMAGES: dict[str, tuple[t.Callable[[str], str], str]] = {
    "empty": (lambda _: "", "it is not JSON, or cut off"),
    "cut": (lambda data: data[: len(data) // 2], "it is not JSON, or cut off"),
    "a list": (lambda _: "[]", "it takes an object."),
    "newer": (edited(lambda each: each.update(version=2)), "it has version 2 of the format"),
    "no traces": (edited(lambda each: each.pop("traces")), "traces is missing."),
    "another stage": (
        edited(lambda each: each["traces"][0]["steps"][1].update(stage="<b>")),
        'traces[0].steps[1].stage is "<b>"; it takes one of',
    ),
    "another parent": (
        edited(lambda each: each["traces"][0]["steps"][1].update(parent=99)),
        "traces[0].steps[1].parent is 99",
    ),
    "another app": (edited(lambda each: each["app"].pop("rules")), "app.rules is missing."),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_page_says_so(chromium: Browser, tour: Path, tmp_path: Path, name: str) -> None:
    change, says = DAMAGES[name]
    with opened(chromium, damaged(tour, tmp_path / "damaged.html", change)) as (page, _):
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("This recording cannot be shown: ")
        expect(alert).to_contain_text(says)


def test_a_page_that_a_browser_saved_opens_again(
    chromium: Browser, tour: Path, tmp_path: Path
) -> None:
    file = tmp_path / "saved.html"
    with opened(chromium, tour.as_uri()) as (page, _):
        page.locator("svg.diagram").wait_for()
        # As "Save page as … complete" writes it.
        file.write_text(page.evaluate("() => document.documentElement.outerHTML"), "utf-8")
    # What it saved has the styles that were set by script as attributes.
    with opened(chromium, file.as_uri(), browser_says="inline style") as (page, _):
        # What was saved of the diagram would be there without any script.
        pick_view(page, "Steps")
        page.locator('[data-view="steps"] tbody tr').first.wait_for()
        pick_view(page, "Diagram")
        expect(page.locator("svg.diagram")).to_have_count(1)
    assert Recording.load(file) == Recording.load(tour)


def test_a_notebook_shows_a_trace_in_a_frame_without_rights(
    chromium: Browser, tour: Path, tmp_path: Path
) -> None:
    trace = Recording.load(tour).traces[0]
    file = tmp_path / "notebook.html"
    shown = trace._repr_html_()
    file.write_text(f'<!doctype html><link rel="icon" href="data:,"><body>{shown}</body>', "utf-8")
    with opened(chromium, file.as_uri()) as (page, asked):
        frame = page.frame_locator("iframe")
        frame.locator("svg.diagram").wait_for()
        frame.get_by_role("tab", name="Steps").click()
        frame.locator('[data-view="steps"] tbody tr').first.wait_for()
        # Its origin is its own: it reaches neither the notebook nor what the browser stores of it.
        inner = page.frames[1]
        assert inner.evaluate("() => origin") == "null"
        asked[:] = [each for each in asked if each != "about:srcdoc"]


class Pages(t.NamedTuple):
    """A folder with pages, and its address on this machine."""

    folder: Path
    url: str


@pytest.fixture(scope="module")
def pages(tour: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    folder = tmp_path_factory.mktemp("pages")
    shutil.copy(SCRIPT, folder / "recording.js")
    whole = Recording.load(tour)
    whole.save(folder / "tour.json")
    Recording.of([each for each in whole.traces if each.path == "/tour/collected"]).save(
        folder / "one.json.gz"
    )
    (folder / "broken.json").write_text('{"format": "flask-')
    (folder / "bomb.json.gz").write_bytes(gzip.compress(b" " * 110_000_000, 1))
    with (folder / "huge.json").open("wb") as huge:
        huge.truncate(150_000_000)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: t.Any) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Pages(folder, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()


@contextmanager
def page_with(
    chromium: Browser,
    pages: Pages,
    body: str,
    policy: str = "",
    browser_says: str = "nothing",
    charset: str = "utf-8",
) -> Iterator[Page]:
    """Open a plain page with some elements, under a policy that does not know of them.

    :param browser_says: what may be on the console: of the browser itself, not of ours.
    """
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">' if policy else ""
    (pages.folder / "index.html").write_text(
        f'<!doctype html><html lang="en"><head><meta charset="{charset}"><title>Docs</title>{meta}'
        '<link rel="icon" href="data:,"><script src="recording.js"></script></head>'
        f"<body><main><h1>Docs</h1><input aria-label='Own'>{body}</main></body></html>"
    )
    context = new_context(chromium, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text))
    page.goto(pages.url)
    yield page
    context.close()
    assert [each for each in faults if browser_says not in each] == []


POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:; trusted-types 'none'"
)


def test_a_page_has_several_recordings_each_by_itself(chromium: Browser, pages: Pages) -> None:
    body = (
        '<lifecycle-recording id="a" src="one.json.gz" step="9"></lifecycle-recording>'
        '<lifecycle-recording id="b" src="one.json.gz" view="sql"></lifecycle-recording>'
    )
    with page_with(chromium, pages, body, POLICY) as page:
        one, other = page.locator("#a"), page.locator("#b")
        expect(one.locator('svg.diagram .node.cur[data-step="9"]')).to_have_count(1)
        other.locator('[data-view="sql"] tbody tr').first.wait_for()
        expect(one.locator('[data-view="sql"]')).to_have_count(0)
        # Attributes go on with it, as slides do.
        page.evaluate("() => document.querySelector('#a').setAttribute('step', '12')")
        expect(one.locator('svg.diagram .node.cur[data-step="12"]')).to_have_count(1)
        page.evaluate("() => document.querySelector('#a').setAttribute('view', 'timeline')")
        one.locator('[data-view="timeline"]').wait_for()
        other.locator('[data-view="sql"]').wait_for()
        # Keys belong to the element that has the focus, and letters to the page's own fields.
        clock = one.locator(".playback .clock")
        before = (clock.inner_text(), other.locator(".playback .clock").inner_text())
        page.get_by_label("Own").press("v")
        page.get_by_label("Own").press("ArrowLeft")
        one.locator('[data-view="timeline"]').wait_for()
        assert clock.inner_text() == before[0]
        one.get_by_role("tab", name="Diagram").click()
        one.locator("figure").press("ArrowRight")
        expect(clock).not_to_have_text(before[0])
        assert other.locator(".playback .clock").inner_text() == before[1]
        assert page.evaluate("() => [document.title, location.hash, localStorage.length]") == [
            *("Docs", "", 0),
        ]
        # Moved and removed, it is drawn anew, and leaves nothing.
        page.evaluate("() => document.body.append(document.querySelector('#a'))")
        one.locator('[data-view="timeline"]').wait_for()
        page.evaluate("() => document.querySelector('#a').remove()")
        other.locator('[data-view="sql"]').wait_for()


def test_its_texts_are_right_on_a_page_that_is_not_in_utf_8(
    chromium: Browser, pages: Pages
) -> None:
    body = '<lifecycle-recording src="one.json.gz"></lifecycle-recording>'
    with page_with(chromium, pages, body, charset="windows-1252") as page:
        element = page.locator("lifecycle-recording")
        element.locator("svg.diagram").wait_for()
        texts = element.evaluate("element => element.shadowRoot.textContent")
        assert "·" in texts
        assert "Â" not in texts


def accessible(page: Page) -> bool:
    """Run axe; elements of the same kind have landmarks of the same names."""
    return [each for each in violations(page) if "landmark-unique" not in each] == []


def test_the_page_in_the_docs(chromium: Browser, pages: Pages) -> None:
    for name in ("recording-demo.html", "recording-demo.json"):
        shutil.copy(ROOT / "docs" / name, pages.folder / name)
    with page_with(chromium, pages, "") as page:
        page.goto(f"{pages.url}/recording-demo.html")
        one, sql, narrow = page.locator("lifecycle-recording").all()
        expect(one.locator('svg.diagram .node.cur[data-stage="view"]')).to_have_count(1)
        sql.locator('[data-view="sql"] tbody tr').first.wait_for()
        narrow.locator('svg.diagram[aria-label$=" /admin/orders"]').wait_for()
        assert accessible(page)


def test_an_element_shows_one_of_several_and_fits_its_width(
    chromium: Browser, pages: Pages, tour: Path
) -> None:
    trace = of_path(tour, "/tour/redirect")
    body = (
        '<lifecycle-recording id="all" src="tour.json" style="width: 600px"></lifecycle-recording>'
        f'<lifecycle-recording id="one" src="tour.json#{trace.id}"></lifecycle-recording>'
    )
    with page_with(chromium, pages, body) as page:
        page.locator('#one svg.diagram[aria-label$=" /tour/redirect"]').wait_for()
        expect(page.locator("#one .list")).to_have_count(0)
        element = page.locator("#all")
        element.locator("svg.diagram").wait_for()

        def foot(of: Locator) -> float:
            box = of.bounding_box()
            assert box is not None
            return box["y"] + box["height"]

        # The list is a sheet at its own foot, not the page's; it slides there.
        wait_for(lambda: foot(element) - 60 < foot(element.locator(".list")) <= foot(element))
        assert element.locator("svg.diagram").evaluate("each => each.clientWidth") <= 600
        assert accessible(page)


WRONG = {
    "broken.json": "it is not JSON, or cut off",
    "bomb.json.gz": "it is larger than 100 MB, the most that is read.",
    "huge.json": "it is larger than 100 MB, the most that is read.",
    "recording.js": "it is not JSON, or cut off",
    "<b>.json": "the server answers 404.",
    "http://127.0.0.1:9/<b>.json": "it could not be loaded.",
}


def test_an_element_says_what_is_wrong(chromium: Browser, pages: Pages) -> None:
    body = "".join(
        f'<lifecycle-recording src="{html.escape(src)}"></lifecycle-recording>' for src in WRONG
    )
    with page_with(chromium, pages, body, "", "Failed to load resource") as page:
        alerts = page.locator("lifecycle-recording").get_by_role("alert")
        for at, (src, says) in enumerate(WRONG.items()):
            expect(alerts.nth(at)).to_contain_text(f"{src} cannot be shown: {says}")


@pytest.mark.parametrize("path", sorted(SAVED.glob("*/*.json")), ids=lambda path: path.stem)
def test_what_older_panels_saved_is_drawn_the_same_everywhere(
    chromium: Browser, panel: Panel, tmp_path: Path, path: Path
) -> None:
    recording = Recording.load(path)
    [trace] = recording.traces
    file = tmp_path / "old.html"
    recording.save(file)
    with opened(chromium, file.as_uri()) as (page, _):
        page.locator("svg.diagram").wait_for()
        in_file = drawn(page)
    steps = {step for step, *_ in in_file if step != ""}
    assert {str(step.id) for step in trace.steps if step.stage != "signal"} - steps <= {
        str(step.id) for step in trace.steps if step.parent is not None
    }
    drop(panel.page, path.name, path.read_bytes())
    panel.page.get_by_text(f"Imported from {path.name}").wait_for()
    panel.page.locator(f'svg.diagram[aria-label$=" {trace.path}"]').wait_for()
    assert [each[:3] for each in drawn(panel.page)] == [each[:3] for each in in_file]


def test_requests_of_files_are_compared(panel: Panel, tour: Path) -> None:
    page = panel.page
    first = of_path(tour, "/tour/collected")
    panel.fetch("/tour/collected")
    part = Recording.of([first, of_path(tour, "/tour/crash")])
    drop(page, "part.json", part.to_bytes())
    # What is brought last stands first.
    page.get_by_text("Imported from part.json").wait_for()
    drop(page, "other.html", part.to_html())
    page.get_by_text("Imported from other.html").wait_for()
    files = page.locator(".row", has_text="/tour/collected").and_(
        page.locator('[data-trace^="imported"]')
    )
    expect(files).to_have_count(2)
    heading = page.locator('[data-view="compare"]').get_by_role("heading").first
    # With the app's own, and with one of another file.
    files.nth(0).click()
    page.keyboard.press("c")
    heading.wait_for()
    picks = page.locator(".pick")
    expect(picks.nth(0)).to_contain_text("in other.html")
    expect(picks.nth(1).locator("small").first).not_to_contain_text(" in ")
    assert violations(page) == []
    page.keyboard.press("Escape")
    files.nth(1).click(modifiers=["Control"])
    heading.wait_for()
    for nth, name in enumerate(("other.html", "part.json")):
        expect(picks.nth(nth)).to_contain_text(f"in {name}")
    page.get_by_role("button", name="Swap A and B").click()
    expect(picks.nth(0)).to_contain_text("in part.json")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Share").click()
    page.get_by_role("dialog", name="Share").get_by_text("Compare", exact=True).last.wait_for()


def drop(page: Page, name: str, data: bytes) -> None:
    page.evaluate(
        """([name, text]) => {
            const bytes = Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], name));
            dispatchEvent(new DragEvent('drop', {dataTransfer: transfer, cancelable: true}));
        }""",
        # As one text: a list of numbers takes Playwright very long.
        [name, b64encode(data).decode()],
    )


def test_firefox_opens_it_too(tour: Path, pages: Pages, tmp_path: Path) -> None:
    trace = of_path(tour, "/tour/collected")
    view = trace.find(stage="view")[0].id
    firefox = Firefox(tmp_path)
    has = "return document.querySelector(arguments[0]) !== null"
    try:
        firefox.open(f"{tour.as_uri()}#{trace.id}/{view}")
        firefox.wait(has, f'svg.diagram[aria-label$=" {trace.path}"] [data-step="{view}"]')
        firefox.wait(
            "return document.querySelector('pre.source')?.textContent.includes('def collected')"
            " === true"
        )
        for name in ("timeline", "steps", "sql", "logs", "app"):
            firefox.open(f"{tour.as_uri()}?view={name}#{trace.id}")
            firefox.wait(has, f'[data-view="{name}"] :is(tr, li)')
        alerts = firefox.run("return [...document.querySelectorAll('[role=alert]')].length")
        assert alerts == 0
        (pages.folder / "firefox.html").write_text(
            '<script src="recording.js"></script><lifecycle-recording src="one.json.gz">'
        )
        firefox.open(f"{pages.url}/firefox.html")
        firefox.wait(
            "return document.querySelector('lifecycle-recording').shadowRoot"
            ".querySelector('svg.diagram [data-stage=view]') !== null"
        )
    finally:
        firefox.close()

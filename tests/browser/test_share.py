"""What is taken along from a request is what was there, and what is brought is shown or refused."""

from __future__ import annotations

import json
import re
import struct
import typing as t
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, Route, WebSocketRoute, expect

from flask_lifecycle.recording import Recording
from tests.helpers.browser import Panel, answered, both_themes, new_context, open_view, violations
from tests.helpers.har import faults

PATH = "/admin/orders/42"


def share(panel: Panel) -> t.Any:
    """Open the menu, whose chunk comes when it is first asked for."""
    panel.page.get_by_role("button", name="Share").click()
    menu = panel.page.get_by_role("dialog", name="Share")
    menu.wait_for()
    return menu


def is_left(panel: Panel) -> None:
    """Wait until the menu is gone, and can be asked for again."""
    button = panel.page.get_by_role("button", name="Share")
    expect(button).to_have_attribute("aria-expanded", "false")


def saved(panel: Panel, title: str) -> bytes:
    """Pick one of the menu's files; return what was downloaded."""
    menu = share(panel)
    with panel.page.expect_download() as download:
        menu.get_by_role("button", name=title).first.click()
    data = Path(download.value.path()).read_bytes()
    panel.page.keyboard.press("Escape")
    is_left(panel)
    return data


@pytest.fixture
def asked(panel: Panel) -> Panel:
    panel.fetch(PATH)
    panel.shows(PATH)
    panel.shows_whole(PATH)
    # It takes some of the diagram's room.
    panel.page.get_by_label("Replay").locator(".bar").wait_for()
    return panel


def test_a_link_opens_the_same_step_in_the_same_view(asked: Panel) -> None:
    page = asked.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_view(asked, "Timeline")
    page.locator('[data-view="timeline"] [data-stage="view"]').click()
    step = page.locator('[data-view="timeline"] .picked').get_attribute("data-step")
    menu = share(asked)
    assert violations(asked) == []
    menu.get_by_role("button", name="Copy link").click()
    page.get_by_text("Link copied").wait_for()
    address = page.evaluate("() => navigator.clipboard.readText()")
    other = page.context.new_page()
    other.goto(address)
    other.locator(f'[data-view="timeline"] .picked[data-step="{step}"]').wait_for()
    other.get_by_label("Step", exact=True).wait_for()


def test_a_command_that_repeats_it(asked: Panel) -> None:
    page = asked.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    share(asked).get_by_role("button", name="Copy as cURL").click()
    page.get_by_text("Command copied").wait_for()
    command = page.evaluate("() => navigator.clipboard.readText()")
    assert command.startswith(f"curl {asked.server.url}{PATH} ")
    assert "--header 'Accept-Language: " in command
    assert "session" not in command


def test_the_menu_leaves_the_other_views_as_they_are(asked: Panel) -> None:
    share(asked)
    asked.page.keyboard.press("Escape")
    is_left(asked)
    asked.page.get_by_role("tab", name="Timeline").click()
    expect(asked.page.locator(".bar-of.done").first).to_be_visible()


def test_archives_of_one_and_of_all_that_are_listed(asked: Panel) -> None:
    one = json.loads(saved(asked, "HAR for"))
    assert faults(one) == []
    (entry,) = one["log"]["entries"]
    assert entry["request"]["url"] == f"{asked.server.url}{PATH}"
    page = asked.page
    page.get_by_label("Filter", exact=True).fill(f"path:{PATH}")
    expect(page.locator(".list header [role=status]")).to_contain_text(" of ")
    listed = page.locator("[data-trace]").evaluate_all("rows => rows.map(r => r.dataset.trace)")
    several = json.loads(saved(asked, "HAR of"))
    assert faults(several) == []
    assert listed != []
    ids = [entry["_lifecycle"]["id"] for entry in several["log"]["entries"]]
    assert set(listed) <= set(ids)
    assert all(entry["request"]["url"].startswith(f"{asked.server.url}{PATH}")
               for entry in several["log"]["entries"])  # fmt: skip


def test_no_step_is_missing_from_what_is_saved_at_once(panel: Panel) -> None:
    trace = panel.fetch(PATH)
    panel.shows(PATH)
    steps = len(panel.shows_whole(PATH)["steps"])
    panel.fetch("/shop/")
    page = panel.page
    silent: list[bool] = []
    asked: list[Route] = []

    def half(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        socket.on_message(lambda message: None if silent else server.send(message))

    def late(route: Route) -> None:
        if asked:
            route.continue_()
        asked.append(route)

    page.route_web_socket("**/socket.io/**", half)
    page.route(f"**/api/traces/{trace}", late)
    page.reload()
    panel.shows("/shop/")
    # It can no longer say which steps it wants; those that it asks for are on their way.
    silent.append(True)
    page.locator(f'.row[data-trace="{trace}"]').click()
    expect(page.locator("#tab-steps .count")).to_have_count(0)
    [whole] = Recording.from_bytes(saved(panel, "JSON for the panel")).traces
    assert len(whole.steps) == steps
    asked[0].continue_()
    expect(page.locator("#tab-steps .count")).to_have_text(str(steps))


@both_themes
def test_the_diagram_stands_alone_as_svg(asked: Panel, chromium: Browser, tmp_path: Path) -> None:
    file = tmp_path / "diagram.svg"
    file.write_bytes(saved(asked, "SVG"))
    assert not re.search(r"url\(\s*[\"']?https?:|<script|@import", file.read_text())
    context = new_context(chromium)
    alone = context.new_page()
    asks: list[str] = []
    alone.on("request", lambda request: asks.append(request.url))
    alone.goto(file.as_uri())
    assert asks == [file.as_uri()]
    look = """(name) => {
        const found = [...document.querySelectorAll('[data-stage="view"]')];
        const text = found.flatMap(g => [...g.querySelectorAll('text, tspan')])[0];
        const style = getComputedStyle(text);
        return [style.fill, style.fontSize, style.fontWeight, text.textContent];
    }"""
    assert alone.evaluate(look) == asked.page.evaluate(look)
    ground = alone.evaluate("() => getComputedStyle(document.querySelector('rect')).fill")
    assert ground == asked.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    context.close()


def test_the_diagram_as_png(asked: Panel) -> None:
    data = saved(asked, "PNG")
    assert data.startswith(b"\x89PNG\r\n")
    width, height = struct.unpack(">II", data[16:24])
    box = asked.page.locator("svg.diagram").get_attribute("viewBox") or ""
    shown = [float(each) for each in box.split()]
    assert (width, height) == (
        pytest.approx(2 * shown[2], abs=2), pytest.approx(2 * (shown[3] + 32), abs=2),
    )  # fmt: skip


def test_paper_bears_the_diagram_alone(asked: Panel) -> None:
    page = asked.page
    page.emulate_media(media="print")
    expect(page.locator("svg.diagram")).to_be_visible()
    for away in (".top", ".list", ".tabs", ".playback"):
        expect(page.locator(away)).to_be_hidden()
    # Dark ink, also where the screen is dark.
    expect(page.locator(".head h1")).to_have_css("color", "rgb(19, 24, 32)")
    page.emulate_media(media="screen")
    expect(page.locator(".top")).to_be_visible()


def dropped(page: Page, name: str, text: str) -> None:
    page.evaluate(
        """([name, text]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([text], name, {type: 'application/json'}));
            dispatchEvent(new DragEvent('drop', {dataTransfer: transfer, cancelable: true}));
        }""",
        [name, text],
    )


def test_requests_are_brought_back_from_their_files(asked: Panel, tmp_path: Path) -> None:
    page = asked.page
    own = page.locator('.row[aria-current="true"]')
    trace = own.get_attribute("data-trace")
    data = saved(asked, "JSON for the panel")
    [kept] = Recording.from_bytes(data).traces
    file = tmp_path / "kept.json"
    file.write_bytes(data)
    asked.fetch("/shop/")
    share(asked)
    page.get_by_label("Files with recordings").set_input_files([file, file])
    is_left(asked)
    imported = page.locator(".row.imported")
    expect(imported).to_have_count(2)
    expect(imported.first).to_have_attribute("aria-current", "true")
    page.get_by_text("Imported from kept.json").wait_for()
    page.locator(f'svg.diagram[aria-label$=" {PATH}"]').wait_for()
    open_view(asked, "Steps")
    rows = page.locator('[data-view="steps"] tbody tr')
    expect(rows).to_have_count(len(kept.steps))
    rows.nth(1).click()
    page.get_by_label("Step", exact=True).wait_for()
    assert violations(asked) == []
    assert Recording.from_bytes(saved(asked, "JSON for the panel")) == Recording.from_bytes(data)
    assert Recording.from_bytes(saved(asked, "HTML one file")) == Recording.from_bytes(data)

    # It is gone through again as any other.
    open_view(asked, "Diagram")
    page.get_by_role("button", name="Step back").click()
    expect(page.locator(".caption")).to_contain_text("The WSGI server calls the app")
    page.keyboard.press("Escape")

    open_view(asked, "SQL")
    page.locator('[data-view="sql"] tbody tr').first.click()
    page.get_by_label("Statement").wait_for()
    open_view(asked, "Profile")
    page.get_by_text("It came from a file").wait_for()

    # They are rows like the one that they were, and none of them is it.
    like = page.locator(f'[data-trace="{trace}"]')
    for each in imported.all():
        said = (each.text_content() or "").replace("imported", "")
        assert said == like.text_content()
        assert each.locator(".strip rect").count() == like.locator(".strip rect").count() > 2
    page.keyboard.press("j")
    expect(imported.nth(1)).to_have_attribute("aria-current", "true")
    page.keyboard.press("j")
    page.get_by_text("Imported from kept.json").wait_for(state="detached")
    page.keyboard.press("k")
    expect(imported.nth(1)).to_have_attribute("aria-current", "true")
    page.get_by_label("Filter", exact=True).fill("is:imported bp:admin sql:>2 g:user ")
    expect(page.locator(".row")).to_have_count(2)
    expect(page.locator(".list header [role=status]")).to_contain_text("2 of ")
    page.get_by_label("Filter", exact=True).blur()
    with answered(page, "DELETE", "traces"):
        page.keyboard.press("x")
    imported.first.wait_for(state="detached")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"id": "a"', "it is not JSON"),
        ("[1]", "it is JSON, but not of a recording: it takes an object."),
        ('{"format": "flask-lifecycle", "version": 2}', "it has version 2 of the format"),
        ('{"log": {"version": "1.2"}}', "it is an HTTP archive (HAR)"),
        ("<b>hi</b>", "it is HTML, but has no recording in it."),
    ],
)
def test_a_broken_file_is_refused_by_name(asked: Panel, text: str, says: str) -> None:
    page = asked.page
    dropped(page, "<b>broken</b>.json", text)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(re.compile(r"^<b>broken</b>\.json cannot be opened: "))
    expect(alert).to_contain_text(says)
    expect(page.locator(f'svg.diagram[aria-label$=" {PATH}"]')).to_have_count(1)
    alert.get_by_role("button", name="Close").click()
    alert.wait_for(state="detached")


def test_names_of_any_kind_are_shown_as_text(asked: Panel) -> None:
    page = asked.page
    [trace] = json.loads(saved(asked, "JSON for the panel"))["traces"]
    odd = [
        "<img src=x onerror=alert(1)>",
        "שלום עולם",
        "👩‍💻🧬",
        "x" * 100_000,
        "a\u202eb\x00c\ud800",
    ]
    for step, name in zip(trace["steps"][2:], odd, strict=False):
        step["name"] = name
    trace["path"] = "/" + "y" * 100_000
    dialogs: list[str] = []

    def refuse(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    dropped(page, "odd.json", json.dumps(trace))
    page.get_by_text("Imported from odd.json").wait_for()
    for view in ("Diagram", "Timeline", "Steps", "Request", "Response"):
        open_view(asked, view)
        page.wait_for_function("() => document.documentElement.scrollWidth <= 1440")
    open_view(asked, "Steps")
    for name in odd[:3]:
        page.locator('[data-view="steps"] .what', has_text=name).first.wait_for()
    page.locator('[data-view="steps"] tbody tr').nth(5).click()
    page.get_by_label("Step", exact=True).wait_for()
    assert dialogs == []


def listed(panel: Panel) -> list[str]:
    ids: list[str] = panel.page.locator("[data-trace]").evaluate_all(
        "rows => rows.map(row => row.dataset.trace)"
    )
    return ids


def test_recordings_of_this_request_of_picked_ones_and_of_all_that_are_listed(
    panel: Panel, tmp_path: Path
) -> None:
    page = panel.page
    ids = [panel.fetch(path) for path in ("/shop/", PATH, "/tour/stock")]
    panel.shows_row("/tour/stock")
    one = Recording.from_bytes(saved(panel, "HTML one file"))
    assert [each.id for each in one.traces] == ids[2:]
    assert one.app is not None
    assert one.sources != ()

    menu = share(panel)
    menu.get_by_label("selected ones").check()
    expect(menu.get_by_role("button", name="HTML one file")).to_be_disabled()
    menu.get_by_role("checkbox", name=f"GET {PATH}").first.check()
    menu.get_by_role("checkbox", name="GET /shop/").first.check()
    with page.expect_download() as download:
        menu.get_by_role("button", name="HTML one file").click()
    assert download.value.suggested_filename == "2-requests.html"
    file = tmp_path / "picked.html"
    download.value.save_as(file)
    assert {each.id for each in Recording.load(file).traces} == set(ids[:2])
    page.keyboard.press("Escape")
    is_left(panel)

    page.get_by_label("Filter", exact=True).fill("path:/tour/stock ")
    expect(page.locator(".list header [role=status]")).to_contain_text(" of ")
    menu = share(panel)
    menu.get_by_label(re.compile(r"all \d+ listed")).check()
    with page.expect_download() as download:
        menu.get_by_role("button", name="JSON for the panel").click()
    found = Recording.from_bytes(Path(download.value.path()).read_bytes())
    assert {each.id for each in found.traces} >= set(listed(panel))
    assert {each.path for each in found.traces} == {"/tour/stock"}


def test_a_page_with_several_requests_is_opened_with_its_app_and_code(
    panel: Panel, tmp_path: Path
) -> None:
    page = panel.page
    ids = [panel.fetch(path) for path in ("/shop/", PATH)]
    panel.shows_row(PATH)
    made = panel.app.request.post(
        f"{panel.server.url}/_lifecycle/api/recordings", data={"ids": ids, "as": "html"}
    )
    assert made.ok, made.text()
    file = tmp_path / "two.html"
    file.write_bytes(made.body())
    share(panel)
    page.get_by_label("Files with recordings").set_input_files([file])
    is_left(panel)
    expect(page.locator(".row.imported")).to_have_count(2)
    page.get_by_text("Imported from two.html").wait_for()
    page.locator(f'svg.diagram[aria-label$=" {PATH}"]').wait_for()
    # The functions that did not run are known from the app in the file.
    page.locator('svg.diagram [data-stage="before_request"] .f').first.click()
    code = page.get_by_label("Step", exact=True).locator("pre.source")
    expect(code).to_contain_text("def ")


def test_a_huge_file_is_refused_by_its_size(asked: Panel) -> None:
    posted: list[str] = []
    asked.page.on("request", lambda request: posted.append(request.url))
    asked.page.evaluate(
        """() => {
            const file = new File(["{}"], "huge.json");
            Object.defineProperty(file, "size", {value: 1e9});
            const transfer = {files: [file]};
            const drop = new Event("drop", {cancelable: true});
            Object.defineProperty(drop, "dataTransfer", {value: transfer});
            dispatchEvent(drop);
        }"""
    )
    alert = asked.page.get_by_role("alert")
    expect(alert).to_contain_text(
        "huge.json cannot be opened: it has 1,000 MB; at most 100 are read."
    )
    assert not [each for each in posted if "recordings" in each]

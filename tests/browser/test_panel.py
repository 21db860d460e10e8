from __future__ import annotations

import gzip
import json
import typing as t
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from .conftest import ROOT, Panel, Server


def _when(panel: Panel, expression: str) -> t.Any:
    """Wait in the page's own frames until this is neither null nor false (its CSP has no eval)."""
    return panel.page.evaluate(
        """() => new Promise((resolve, reject) => {
            const look = (left) => {
              const value = EXPRESSION;
              if (value !== null && value !== false) resolve(value);
              else if (left === 0) reject(new Error("it never came"));
              else requestAnimationFrame(() => look(left - 1));
            };
            look(900);
        })""".replace("EXPRESSION", expression)
    )


def test_a_typical_request(panel: Panel) -> None:
    panel.fetch("/admin/orders/42")
    panel.shows("/admin/orders/42")
    panel.node("view", "done").wait_for()
    assert panel.node("before_request", "done").count() == 5
    assert panel.node("after_request", "done").count() == 4
    assert panel.node("sql", "done").count() >= 3
    assert panel.node("template", "done").count() == 2  # the page, and the base that it extends
    assert panel.node("teardown_appcontext", "done").count() == 1
    assert panel.page.locator('[data-view="diagram"] [data-state="skipped"]').count() == 0


def test_what_comes_to_draw_a_live_request_is_small(panel: Panel) -> None:
    assets = ROOT / "flask_lifecycle" / "panel" / "dist" / "assets"
    panel.fetch("/admin/orders/42")
    panel.shows("/admin/orders/42")
    panel.page.locator(".playback").wait_for()
    script = "performance.getEntriesByType('resource').map(each => each.name.split('/').pop())"
    loaded = {name for name in panel.page.evaluate(script) if (assets / name).is_file()}
    assert len(loaded) >= 3
    zipped = sum(len(gzip.compress((assets / name).read_bytes())) for name in loaded)
    # 45.8 kB are measured.
    assert zipped <= 46_500


def test_a_404(panel: Panel) -> None:
    panel.fetch("/admin/ordrs/42")
    panel.shows("/admin/ordrs/42")
    panel.node("url_match", "raised").wait_for()
    panel.node("dispatch", "raised").wait_for()
    panel.node("error_handler", "done").wait_for()
    panel.node("view", "skipped").wait_for()
    assert "NotFound waits until dispatch" in (
        panel.page.locator("svg.diagram").text_content() or ""
    )
    assert panel.page.locator(".lbl", has_text="Blueprint").count() == 0


def test_an_exception(panel: Panel) -> None:
    panel.fetch("/admin/orders/42/ship", "POST")
    panel.shows("/admin/orders/42/ship")
    panel.node("view", "raised").wait_for()
    panel.node("error_handler", "done").wait_for()
    assert panel.node("after_request", "done").count() == 4


def test_a_short_circuit(panel: Panel) -> None:
    panel.fetch("/admin/orders/42?anon=1")
    panel.shows("/admin/orders/42")
    panel.node("before_request", "short_circuit").wait_for()
    panel.node("before_request", "skipped").wait_for()
    panel.node("dispatch", "skipped").wait_for()
    panel.node("view", "skipped").wait_for()
    assert panel.node("after_request", "done").count() == 4


def test_a_stream(panel: Panel) -> None:
    panel.fetch("/admin/orders/export.csv")
    panel.shows("/admin/orders/export.csv")
    panel.page.locator(".vbox.body").wait_for()
    panel.node("body", "done").first.wait_for()
    assert panel.page.locator(".seg.chunk").count() >= 2


def test_a_request_is_drawn_while_it_runs(panel: Panel) -> None:
    # Frames are watched in the page itself; both clocks are the browser's.
    panel.page.evaluate(
        """() => {
            window.seen = null;
            const look = () => {
              const row = document.querySelector('.row[aria-current="true"]');
              const node = document.querySelector('[data-stage="view"][data-state="running"]');
              if (node && row && row.textContent.includes("/tour/slow")) window.seen = Date.now();
              else requestAnimationFrame(look);
            };
            requestAnimationFrame(look);
        }"""
    )
    panel.page.bring_to_front()
    panel.app.evaluate(
        """() => {
            window.answered = null;
            fetch("/tour/slow?seconds=5").then(() => { window.answered = Date.now(); });
        }"""
    )
    _when(panel, "window.seen")
    panel.node("view", "running").wait_for()
    assert panel.node("before_request", "done").count() == 3
    panel.node("make_response", "pending").wait_for()
    for clock in ('.row[aria-current="true"] .d', ".playback .clock"):
        text = f"document.querySelector('{clock}').innerText"
        _when(panel, f"{text} !== {panel.page.evaluate(text)!r}")
    assert panel.node("view", "running").count() == 1
    panel.node("view", "done").wait_for()
    panel.node("make_response", "done").wait_for()
    panel.app.wait_for_function("window.answered")
    assert panel.page.evaluate("window.seen") < panel.app.evaluate("window.answered")


def test_a_click_shows_the_steps_details(panel: Panel) -> None:
    panel.fetch("/admin/orders/42")
    panel.shows("/admin/orders/42")
    panel.page.locator('[data-stage="before_request"]', has_text="load_user").click()
    details = panel.page.locator('[data-view="step"]')
    details.wait_for()
    text = details.inner_text()
    assert "load_user" in text
    assert "demo/__init__.py:" in text
    assert "the app" in text
    panel.page.keyboard.press("Escape")
    details.wait_for(state="detached")


def test_a_late_viewer_gets_the_kept_requests(
    panel: Panel, chromium: Browser, server: Server
) -> None:
    trace = panel.fetch("/shop/")
    context = chromium.new_context()
    late = context.new_page()
    late.goto(f"{server.url}/_lifecycle/")
    late.locator(f'[data-trace="{trace}"]').wait_for()
    ids = late.eval_on_selector_all("[data-trace]", "rows => rows.map(row => row.dataset.trace)")
    assert len(ids) == len(set(ids)) > 1
    context.close()


def test_the_page_outlives_the_server(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = Server(tmp_path_factory.mktemp("restarted"))
    server.start()
    context = chromium.new_context()
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.goto(f"{server.url}/_lifecycle/")
    page.locator(".live.live").wait_for()
    urllib.request.urlopen(f"{server.url}/shop/").close()
    row = page.locator(".row", has_text="/shop/")
    row.wait_for()
    server.stop()
    page.locator(".live.lost").wait_for()
    row.wait_for()  # what is known stays on the page
    server.start()
    page.locator(".live.live").wait_for()
    urllib.request.urlopen(f"{server.url}/shop/?again").close()
    row.wait_for()
    assert page.locator(".row").count() == 1
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
    assert panel.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_replay_goes_through_the_request_step_by_step(panel: Panel) -> None:
    panel.fetch("/admin/orders/42")
    panel.shows("/admin/orders/42")
    panel.node("view", "done").wait_for()
    page = panel.page
    page.keyboard.press("Home")
    panel.node("view", "pending").wait_for()
    while panel.node("view", "running").count() == 0:
        page.keyboard.press("PageDown")
    assert panel.node("before_request", "done").count() == 5
    assert panel.node("after_request", "pending").count() == 4
    assert "The view show of blueprint admin.orders ran" in page.locator(".caption").inner_text()
    page.keyboard.press("ArrowLeft")
    panel.node("view", "pending").wait_for()
    page.get_by_label("Pace").select_option("even")
    page.get_by_role("button", name="Play").click()
    panel.node("view", "running").wait_for()
    page.keyboard.press("End")
    panel.node("view", "done").wait_for()


def test_the_stage_shows_the_diagram_and_a_caption_alone(panel: Panel) -> None:
    panel.fetch("/admin/orders/42")
    panel.shows("/admin/orders/42")
    panel.node("view", "done").wait_for()
    page = panel.page
    page.keyboard.press("f")
    page.locator(".stage").wait_for()
    assert page.get_by_label("Requests", exact=True).count() == 0
    size = page.locator(".caption").evaluate("(p) => getComputedStyle(p).fontSize")
    assert size == "27px"
    page.keyboard.press("Home")
    page.keyboard.press("z")
    _when(panel, "document.querySelector('.camera').style.transform.includes('scale(1.7)')")
    page.keyboard.press("Escape")
    page.get_by_label("Requests", exact=True).wait_for()
    panel.node("view", "done").wait_for()


def test_a_step_shows_its_source(panel: Panel) -> None:
    panel.fetch("/admin/orders/42")
    panel.shows("/admin/orders/42")
    panel.node("view", "done").click()
    source = panel.page.locator(".source").first
    source.wait_for()
    assert "def show(id: int) -> str:" in source.inner_text()
    assert source.locator(".py-k").first.inner_text() == "def"
    line = source.locator(".line").first.get_attribute("data-line")
    assert f"demo/admin.py:{line}" in panel.page.locator(".details").inner_text()


def test_the_timeline_has_every_step(panel: Panel) -> None:
    panel.fetch("/admin/orders/42")
    panel.shows("/admin/orders/42")
    panel.node("view", "done").wait_for()
    page = panel.page
    page.keyboard.press("v")
    page.locator('[data-view="timeline"]').wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Share").click()
        page.get_by_role("button", name="JSON all").click()
    steps = json.loads(Path(download.value.path()).read_text())["steps"]
    rows = page.locator('[data-view="timeline"] [data-step]')
    assert rows.count() == len(steps)
    assert [row.get_attribute("data-stage") for row in rows.all()] == [s["stage"] for s in steps]
    page.locator('[data-view="timeline"] [data-stage="view"]').click()
    page.get_by_label("Step", exact=True).wait_for()


def test_help_says_what_keys_do_and_turns_them_off(panel: Panel) -> None:
    page = panel.page
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    page.get_by_label("Single keys are on").uncheck()
    page.get_by_role("button", name="Close").click()
    panel.fetch("/admin/orders/42")
    panel.shows("/admin/orders/42")
    page.keyboard.press("v")
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    assert page.locator('[data-view="timeline"]').count() == 0

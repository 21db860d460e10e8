"""One panel for the workers of a server and for another service, on real servers."""

from __future__ import annotations

import os
import re
import signal
import threading
import typing as t
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.helpers.browser import pick_view, violations
from tests.helpers.servers import FLASK_RUN, NOT_UP, PATIENCE, Server, wait_for

STOCK = """
import os, time
from flask import Flask
from flask_lifecycle import Lifecycle

app = Flask("stock")
app.config["LIFECYCLE_HISTORY"] = "{history}"
Lifecycle(app)

@app.get("/")
def index():
    return ""

@app.get("/stock/<sku>")
def stock(sku):
    while sku == "slow" and not os.path.exists("{gate}"):
        time.sleep(0.02)
    return "3 left"
"""
SHOP = """
import logging, os, time, urllib.request
from flask import Flask
from flask_lifecycle import Lifecycle

app = Flask("shop")
app.debug = True
app.config["LIFECYCLE_HISTORY"] = "{history}"
Lifecycle(app)
log = logging.getLogger("shop")

@app.get("/")
def index():
    return str(os.getpid())

@app.get("/order/<sku>")
def order(sku):
    with urllib.request.urlopen("http://{stock}/stock/" + sku) as answer:
        return answer.read()

@app.get("/wait")
def wait():
    while not os.path.exists("{gate}"):
        log.warning("tick")
        time.sleep(0.05)
    return ""
"""
GUNICORN = ["gunicorn", "--workers", "3", "--worker-class", "gthread", "--threads", "40"]


class Services(t.NamedTuple):
    shop: Server
    stock: Server
    gate: Path

    def send(self, path: str) -> None:
        """Send a request to the shop, which may hang."""
        url = f"http://{self.shop.address}{path}"

        def send() -> None:
            # Its worker may be killed.
            with suppress(*NOT_UP):
                urllib.request.urlopen(url, timeout=PATIENCE).close()

        threading.Thread(target=send, daemon=True).start()


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("services")
    gate = folder / "gate"
    made: dict[str, Server] = {}
    values = {"history": folder / "history.sqlite", "gate": gate}
    for name, command, app in (
        ("stock", FLASK_RUN, STOCK),
        ("shop", [*GUNICORN, "--bind", "127.0.0.1:{port}", "app:app"], SHOP),
    ):
        (folder / name).mkdir()
        address = {key: server.address for key, server in made.items()}
        made[name] = Server(folder / name, command, app.format(**values, **address))
    yield Services(**made, gate=gate)
    gate.touch()
    for server in made.values():
        server.stop()
        assert server.tracebacks() == []


@pytest.fixture
def page(context: BrowserContext, services: Services) -> Page:
    services.gate.unlink(missing_ok=True)
    page = context.new_page()
    page.goto(f"http://{services.shop.address}/_lifecycle/")
    page.locator('[class="live live"]').wait_for()
    return page


def rows(page: Page, path: str, state: str) -> Locator:
    return page.locator(f'.row[data-state="{state}"]').filter(has_text=path)


def pids_of(rows: Locator) -> set[int]:
    """Return whose rows these are: all of them as they are at one moment."""
    titles = rows.locator(".pb").evaluate_all("all => all.map(({title}) => title)")
    return {int(each.split()[1]) for each in titles}  # "Process 123 of shop on …"


def grow(count: Locator) -> None:
    def steps() -> int:
        return int(count.inner_text().replace(",", ""))

    before = steps()
    wait_for(lambda: steps() > before + 3)


def test_each_worker_is_seen_at_work_and_as_it_dies(services: Services, page: Page) -> None:
    waiting = rows(page, "/wait", "running")
    for sent in range(1, 40):
        services.send("/wait")
        expect(waiting).to_have_count(sent)
        if len(pids_of(waiting)) == 3:
            break
    pids = pids_of(waiting)
    assert len(pids) == 3, "each worker got one"
    badges = {*waiting.locator(".pb").all_inner_texts()}
    assert badges >= {"shop w1", "shop w2", "shop w3"} or badges == {"w1", "w2", "w3"}
    expect(page.locator("p.restarted")).to_have_count(0)
    expect(page.get_by_role("note")).to_have_count(0)

    # The steps of each advance, whichever worker serves the panel.
    for pid in pids:
        of_it = page.locator(f'.pb[title^="Process {pid} of shop on "]')
        waiting.filter(has=of_it).first.click()
        expect(waiting.filter(has=of_it).first).to_have_attribute("aria-current", "true")
        grow(page.locator("#tab-steps .count"))
        expect(page.locator('[data-view="diagram"] [data-stage="view"]').first).to_be_visible()

    victim = pids.pop()
    cut = page.locator(".row").filter(has_text="cut off after")
    os.kill(victim, signal.SIGKILL)
    expect(cut.first).to_be_visible()
    assert pids_of(cut) == {victim}
    cut.first.click()
    expect(page.locator(".facts")).to_contain_text("the process ended")
    services.gate.touch()
    expect(waiting).to_have_count(0)
    # Another worker has taken its place: that is no restart of the app.
    wait_for(lambda: int(services.shop.get("/")) not in {*pids, victim})
    expect(page.locator("p.restarted")).to_have_count(0)

    pid = pids.pop()
    page.get_by_role("combobox", name="Filter").fill(f"process:{pid} path:/wait ")
    wait_for(lambda: pids_of(page.locator(".row")) == {pid})


def test_what_a_service_asks_of_another_stands_under_it_while_it_runs(
    services: Services, page: Page
) -> None:
    services.send("/order/slow")
    calling, called = rows(page, "/order/slow", "running"), rows(page, "/stock/slow", "running")
    expect(called).to_have_class(re.compile(r"\bd1\b"))
    expect(called.locator(".pb")).to_have_text("stock")
    # It is not followed: the request that sent it is.
    expect(calling).to_have_attribute("aria-current", "true")
    expect(page.locator(".of-app")).to_have_text("shop")
    link = page.locator('[data-view="diagram"] [data-opens]')
    expect(link).to_have_attribute("aria-label", re.compile("request inside: GET /stock/slow"))
    # It grows all the while.
    link.dispatch_event("click")
    expect(called).to_have_attribute("aria-current", "true")
    expect(page.locator(".of-app")).to_have_text("stock")
    # The app that serves the panel has other functions.
    view = page.locator('[data-view="diagram"] [data-stage="view"]')
    expect(view.first).to_have_attribute("data-state", "running")
    services.gate.touch()
    expect(rows(page, "/stock/slow", "done")).to_have_class(re.compile(r"\bd1\b"))
    page.get_by_role("button", name="sent by GET /order/slow of shop").click()
    expect(rows(page, "/order/slow", "done")).to_have_attribute("aria-current", "true")
    # Its step is picked, and leads back.
    page.locator(".pairs-of").get_by_role("button", name="GET /stock/slow").click()
    expect(rows(page, "/stock/slow", "done")).to_have_attribute("aria-current", "true")

    field = page.get_by_role("combobox", name="Filter")
    field.fill("app:st")
    field.press("Tab")
    expect(page).to_have_url(re.compile("q=app%3Astock"))
    expect(page.locator(".row").first).to_contain_text("/stock/")
    expect(page.locator(".row").filter(has_text="/order/")).to_have_count(0)
    pick_view(page, "App")
    expect(page.locator(".tools .of-app")).to_have_text("of shop, which serves this panel")


def test_names_of_processes_are_legible(services: Services, page: Page) -> None:
    services.shop.get("/order/1")
    expect(rows(page, "/stock/1", "done")).to_be_visible()
    assert violations(page) == []

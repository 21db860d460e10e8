"""What the app has registered, and what a request would meet, before any request."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.helpers.browser import Panel, new_context, open_view, violations
from tests.helpers.computed import computing
from tests.helpers.servers import Server


def hooks(panel: Panel, phase: str) -> list[str]:
    card = panel.page.locator(".phase", has=panel.page.get_by_role("heading", name=phase))
    names = card.locator("[data-hook]")
    names.first.wait_for()
    return t.cast("list[str]", names.evaluate_all("(all) => all.map((each) => each.dataset.hook)"))


def test_a_rules_pipeline_is_what_a_request_then_meets(panel: Panel) -> None:
    page = panel.page
    open_view(panel, "App")
    page.get_by_label("Path or words").fill("orders <int")
    page.locator(".rule", has_text="admin.orders.show").click()
    page.get_by_role("heading", name="GET /admin/orders/<int:id>", exact=True).wait_for()
    before, after = hooks(panel, "Before the view"), hooks(panel, "After the view")
    place = page.locator('[data-hook="require_admin"] .place')
    expect(place).to_have_attribute("title", re.compile("demo/admin.py:"))
    expect(place).to_have_attribute("href", re.compile("^vscode://file/"))
    page.locator('.drawn [data-stage="view"][data-state="pending"]').wait_for()
    # All of the outermost band is in sight, without the gutters.
    assert page.locator(".drawn .band").first.evaluate(
        """(band) => {
            const [box, around] = [band, band.closest(".drawn")]
                .map((each) => each.getBoundingClientRect());
            return around.left <= box.left && box.right < around.right;
        }"""
    )
    assert violations(panel) == []

    panel.fetch("/admin/orders/42")
    panel.shows_row("/admin/orders/42")
    open_view(panel, "Steps")
    # The last one: all are there.
    page.locator('[data-view="steps"] [data-stage="body_close"]').wait_for()

    def ran(*stages: str) -> list[str]:
        rows = ", ".join(f'[data-view="steps"] [data-stage="{stage}"] .what' for stage in stages)
        return page.locator(rows).all_inner_texts()

    assert ran("url_value_preprocessor", "before_request") == before
    assert ran("after_request") == after


def test_a_rule_is_kept_in_the_address(panel: Panel) -> None:
    page = panel.page
    open_view(panel, "App")
    page.locator(".rule", has_text="admin.orders.show").click()
    page.get_by_label("Method").select_option("PUT")
    picked = page.get_by_role("heading", name="PUT /admin/orders/<int:id>", exact=True)
    picked.wait_for()
    page.wait_for_url(lambda url: "PUT" in url)
    address = page.url
    page.get_by_label("Path or words").fill("sign")
    page.locator(".rule", has_text="shop.sign_in").click()
    other = page.get_by_role("heading", name="PUT /shop/sign-in", exact=True)
    other.wait_for()
    page.get_by_role("button", name="About the app").click()
    page.reload()
    page.get_by_role("region", name="About the app").wait_for()

    page.go_back()
    other.wait_for()
    expect(page.get_by_label("Path or words")).to_have_value("sign")
    page.go_back()
    page.go_back()
    page.wait_for_url(address)
    picked.wait_for()
    expect(page.get_by_label("Method")).to_have_value("PUT")
    page.go_back()
    page.go_back()
    page.get_by_role("tab", name="Diagram", selected=True).wait_for()
    page.go_forward()
    page.go_forward()
    picked.wait_for()

    page.goto("about:blank")
    page.goto(address)
    picked.wait_for()
    page.locator('.rule[aria-current="true"]', has_text="admin.orders.show").wait_for()
    page.goto(address.replace("orders.show", "orders.gone"))
    page.get_by_text("The app has no rule /admin/orders/<int:id> admin.orders.gone now.").wait_for()


def test_one_who_goes_back_at_once_finds_each_address_as_it_was(panel: Panel) -> None:
    page = panel.page
    open_view(panel, "App")
    page.wait_for_url("**?view=app")
    before, method = page.url, page.get_by_label("Method").input_value()
    page.locator(".rule", has_text="admin.orders.show").click()
    page.wait_for_url(lambda url: "orders.show" in url)
    page.clock.install()
    # So far ahead that it is still to come when the page hears of it, but no connection is lost.
    page.clock.pause_at(page.evaluate("() => Date.now() + 30_000"))
    # The address is to follow, when the timers have their turn.
    page.get_by_label("Method").select_option("PUT")
    page.get_by_role("heading", name="PUT /admin/orders/<int:id>", exact=True).wait_for()
    assert "PUT" not in page.url
    page.go_back()
    expect(page.get_by_label("Method")).to_have_value(method)
    page.clock.run_for(1000)
    assert page.evaluate("() => location.href") == before


def test_a_path_is_tried(panel: Panel) -> None:
    page = panel.page
    open_view(panel, "App")
    page.get_by_label("Path or words").fill("/admin/ordrs/42")
    page.get_by_text("404: no rule matches").wait_for()
    near = page.get_by_role("list", name="Similar rules").locator(".rule").first
    expect(near).to_contain_text("/admin/orders/<int:id>")
    expect(near).to_contain_text("it has “orders”, not “ordrs”")
    near.click()
    page.wait_for_url(lambda url: "admin.orders.show" in url)
    page.get_by_role("heading", name="GET /admin/orders/<int:id>", exact=True).wait_for()
    page.get_by_label("Path or words").fill("/admin/orders/42")
    page.get_by_text("It matches admin.orders.show with id = 42.").wait_for()
    page.get_by_label("Method").select_option("DELETE")
    page.get_by_text("405: the path exists only for").wait_for()
    page.get_by_label("Path or words").fill("/shop")
    page.get_by_label("Method").select_option("GET")
    page.get_by_text("Flask redirects to").wait_for()


def test_a_method_that_is_not_taken_meets_the_apps_hooks_alone(panel: Panel) -> None:
    page = panel.page
    open_view(panel, "App")
    page.locator(".rule", has_text="admin.orders.show").click()
    page.get_by_label("Method").select_option("PUT")
    page.get_by_role("heading", name="Not the view").wait_for()
    assert "require_admin" not in hooks(panel, "Before the view")
    page.get_by_label("Method").select_option("OPTIONS")
    page.get_by_text("Flask answers OPTIONS itself").wait_for()
    # Where none was picked, it is one that the rule takes; and no hook has a line without a word.
    page.get_by_label("Method").select_option("GET")
    page.locator(".rule", has_text="tour.buy").click()
    expect(page.get_by_label("Method")).to_have_value("POST")
    page.locator('.drawn [data-stage="view"][data-state="pending"]').wait_for()
    apart = page.locator(".phase .of").evaluate_all(
        """(all) => all.map((of) => {
            const [by, dot] = [...of.children].map((each) => each.getBoundingClientRect());
            return dot === undefined ? 0 : Math.abs(dot.top + dot.bottom - by.top - by.bottom) / 2;
        })"""
    )
    assert max(apart) < 5


def test_it_opens_with_the_method_of_the_selected_request(panel: Panel) -> None:
    page = panel.page
    panel.fetch("/shop/sign-in", "POST")
    panel.shows_row("/shop/sign-in")
    open_view(panel, "App")
    page.get_by_role("heading", name="POST /shop/sign-in", level=2).wait_for()
    page.get_by_label("Method").select_option("GET")
    page.get_by_role("heading", name="GET /shop/sign-in", level=2).wait_for()
    page.locator(".rule", has_text="admin.orders.show").click()
    page.get_by_role("heading", name="GET /admin/orders/<int:id>", exact=True).wait_for()


def test_what_was_never_asked_for(panel: Panel) -> None:
    page = panel.page
    open_view(panel, "App")
    page.get_by_label("never requested").check()
    never = page.locator(".rule", has_text="shop.add_to_basket")
    never.wait_for()
    panel.fetch("/shop/book/1/basket", "POST")
    never.wait_for(state="detached")
    page.locator(".rule", has_text="/shop/sign-out").wait_for()


def test_what_the_app_is_made_of(panel: Panel) -> None:
    page = panel.page
    open_view(panel, "App")
    page.get_by_role("button", name="About the app").click()
    about = page.get_by_role("region", name="About the app")
    expect(about).to_contain_text("admin.orders")
    expect(about).to_contain_text("flask-lifecycle")
    secret = about.locator("tr", has=page.get_by_role("rowheader", name="SECRET_KEY", exact=True))
    expect(secret.locator(".mask")).to_have_count(1)
    assert violations(panel) == []


MANY = """
from flask import Flask
from flask_lifecycle import Lifecycle

app = Flask(__name__)
app.debug = True
for number in range(1000):
    app.add_url_rule(f"/rule/{number}/<int:id>", f"view_{number}", lambda id: "")
app.add_url_rule("/", "index", lambda: "hello")
Lifecycle(app)
"""


@pytest.fixture
def many(chromium: Browser, tmp_path: Path) -> Iterator[Page]:
    command = ["flask", "run", "--debug", "--port", "{port}", "--no-reload"]
    server = Server(tmp_path, command, MANY)
    context = new_context(chromium)
    page = context.new_page()
    page.goto(f"http://{server.address}/_lifecycle/?view=app&rule=/rule/999/<int:id>+view_999")
    yield page
    context.close()
    server.stop()


def test_a_thousand_rules(many: Page) -> None:
    page = many
    page.get_by_role("button", name="Rules (1,002)").wait_for()
    page.get_by_role("heading", name="GET /rule/999/<int:id>", exact=True).wait_for()
    page.get_by_text("more; add words to narrow the list").wait_for()
    assert page.locator(".rule").count() <= 200
    assert page.evaluate("document.querySelectorAll('*').length") < 3000
    for words, drawn in (("v", 200), ("view_77", 11), ("view_777", 1)):
        page.get_by_label("Path or words").fill(words)
        expect(page.locator(".rule")).to_have_count(drawn)
    with computing(page) as seconds:
        page.evaluate(
            """async () => {
                const field = document.querySelector('[aria-label="Path or words"]');
                const shown = () => document.querySelectorAll('.rule').length;
                const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
                for (const text of ['v', 'vi', 'view_77', 'view_777']) {
                    field.value = text;
                    field.dispatchEvent(new InputEvent('input', {bubbles: true}));
                    await frame();
                }
                while (shown() !== 1) await frame();
            }"""
        )
        assert seconds() < 0.5
    page.get_by_role("heading", name="GET /rule/777/<int:id>", exact=True).wait_for()
    page.get_by_label("Path or words").fill("/rule/555/4")
    page.get_by_text("It matches view_555 with id = 4.").wait_for()
    expect(page.locator(".rule")).to_have_count(0)

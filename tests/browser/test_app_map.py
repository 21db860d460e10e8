"""What the app has registered, and what a request would meet, before any request."""

from __future__ import annotations

from .conftest import Panel, both_themes
from .test_accessible import violations
from .test_views import open_view


def hooks(panel: Panel, phase: str) -> list[str]:
    card = panel.page.locator(".phase", has=panel.page.get_by_role("heading", name=phase))
    names = card.locator("[data-hook]")
    return [name.get_attribute("data-hook") or "" for name in names.all()]


@both_themes
def test_a_rules_pipeline_is_what_a_request_then_meets(panel: Panel) -> None:
    page = panel.page
    open_view(panel, "App")
    page.get_by_label("Path or words").fill("orders <int")
    page.locator(".rule", has_text="admin.orders.show").click()
    page.get_by_role("heading", name="GET /admin/orders/<int:id>", exact=True).wait_for()
    before, after = hooks(panel, "Before the view"), hooks(panel, "After the view")
    place = page.locator('[data-hook="require_admin"] .place')
    assert "demo/admin.py:" in (place.get_attribute("title") or "")
    assert (place.get_attribute("href") or "").startswith("vscode://file/")
    page.locator('.drawn [data-stage="view"][data-state="pending"]').wait_for()
    assert violations(panel) == []

    panel.fetch("/admin/orders/42")
    panel.shows_row("/admin/orders/42")
    open_view(panel, "Steps")
    page.locator('[data-view="steps"] [data-stage="view"]').wait_for()

    def ran(*stages: str) -> list[str]:
        rows = page.locator('[data-view="steps"] tbody tr')
        return [
            row.locator(".what").inner_text()
            for row in rows.all()
            if row.get_attribute("data-stage") in stages
        ]

    assert ran("url_value_preprocessor", "before_request") == before
    assert ran("after_request") == after


def test_a_rule_is_kept_in_the_address(panel: Panel) -> None:
    page = panel.page
    open_view(panel, "App")
    page.locator(".rule", has_text="admin.orders.show").click()
    page.get_by_label("Method").select_option("PUT")
    picked = page.get_by_role("heading", name="PUT /admin/orders/<int:id>", exact=True)
    picked.wait_for()
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
    assert page.get_by_label("Path or words").input_value() == "sign"
    while page.url != address:
        page.go_back()
    picked.wait_for()
    assert page.get_by_label("Method").input_value() == "PUT"
    page.go_back()
    page.go_back()
    page.get_by_role("tab", name="Diagram", selected=True).wait_for()
    page.go_forward()
    page.go_forward()
    picked.wait_for()

    page.goto("about:blank")
    page.goto(address)
    picked.wait_for()
    assert page.locator('.rule[aria-current="true"]', has_text="admin.orders.show").is_visible()
    page.goto(address.replace("orders.show", "orders.gone"))
    page.get_by_text("The app has no rule /admin/orders/<int:id> admin.orders.gone now.").wait_for()


def test_a_path_is_tried(panel: Panel) -> None:
    page = panel.page
    open_view(panel, "App")
    page.get_by_label("Path or words").fill("/admin/ordrs/42")
    page.get_by_text("404: no rule matches").wait_for()
    near = page.get_by_role("list", name="Rules that nearly match").locator(".rule").first
    assert "/admin/orders/<int:id>" in near.inner_text()
    assert "it says “orders”, not “ordrs”" in near.inner_text()
    near.click()
    page.get_by_role("heading", name="GET /admin/orders/<int:id>", exact=True).wait_for()
    page.get_by_label("Path or words").fill("/admin/orders/42")
    page.get_by_text("It matches admin.orders.show with id = 42.").wait_for()
    page.get_by_label("Method").select_option("DELETE")
    page.get_by_text("405: the path is there for").wait_for()
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
    page.get_by_text("Flask answers OPTIONS by itself").wait_for()


def test_what_was_never_asked_for(panel: Panel) -> None:
    page = panel.page
    open_view(panel, "App")
    page.get_by_label("never asked for").check()
    never = page.locator(".rule", has_text="tour.after_this")
    if never.count():  # another test may have asked for it
        panel.fetch("/tour/after-this")
        never.wait_for(state="detached")
    page.locator(".rule", has_text="/shop/sign-out").wait_for()


@both_themes
def test_what_the_app_is_made_of(panel: Panel) -> None:
    page = panel.page
    open_view(panel, "App")
    page.get_by_role("button", name="About the app").click()
    about = page.get_by_role("region", name="About the app")
    text = about.inner_text()
    assert "admin.orders" in text
    assert "flask-lifecycle" in text
    secret = about.locator("tr", has=page.get_by_role("rowheader", name="SECRET_KEY", exact=True))
    assert secret.locator(".mask").count() == 1
    assert violations(panel) == []

"""The panel and the toolbar of an app that is not at the root, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.helpers.apps import TOKEN
from tests.helpers.mounted import mounted
from tests.helpers.servers import FLASK_RUN
from tests.helpers.toolbar import Seen, bar, facts, follows, unfold


@pytest.mark.parametrize(
    ("way", "when"),
    [
        ("dispatched", "before"),
        ("dispatched", "after"),
        ("nested", "after"),
        ("named", "before"),
        ("named", "after"),
        ("keeping", "after"),
        ("proxied", "before"),
        ("proxied", "after"),
    ],
)
def test_the_panel_is_live_where_the_page_says(
    context: BrowserContext, tmp_path: Path, way: str, when: str
) -> None:
    with mounted(tmp_path, way, when, FLASK_RUN) as app:
        panel = Seen(context)
        sockets: list[str] = []
        panel.page.on("websocket", lambda ws: sockets.append(ws.url))
        panel.goto(f"{app.url}/_lifecycle/?token={TOKEN}")
        assert panel.page.url == f"{app.url}/_lifecycle/"
        assert [(each.get("name"), each.get("path")) for each in context.cookies()] == [
            ("lifecycle_token", f"{app.root}/_lifecycle")
        ]
        expect(panel.page.locator(".live")).to_have_text("live")

        shown = Seen(context).goto(f"{app.url}/")
        expect(facts(shown.page)).to_contain_text("200")
        missed = shown.page.evaluate(
            "async (url) => (await (await fetch(url)).json()).missed", f"{app.url}/data"
        )
        assert missed == []
        unfold(shown.page)
        follows(shown.page, f"200 {app.kept}/", f"200 {app.kept}/data")
        # One asked before the panel was opened: whether the server is up.
        expect(panel.page.locator(".row", has_text="/data")).to_have_count(2)
        # A busy machine may not open the first one in time.
        assert {each.partition("?")[0] for each in sockets} == {
            f"ws://{app.address}{app.root}/_lifecycle/socket.io/"
        }
        with context.expect_page() as opened:
            bar(shown.page).get_by_role("link", name="Open this request in the panel").click()
        opened.value.locator('.row[aria-current="true"]').wait_for()
        assert opened.value.url.startswith(f"{app.url}/_lifecycle/")

        listed = context.request.get(f"{app.url}/_lifecycle/api/traces").json()
        paths = [each["path"] for each in listed["traces"]]
        assert f"{app.kept}/" in paths
        assert [each for each in paths if "_lifecycle" in each] == []
        assert (panel.said, shown.said) == ([], [])

"""Files of a replay that play by themselves: opened on their own, without the panel or a server."""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path

from playwright.sync_api import Browser

from tests.helpers.browser import Panel, new_context
from tests.helpers.servers import PATIENCE, wait_for

PATH = "/admin/orders/42"
MOST_BYTES = 2_000_000
# The visible counter: how far the replay is.
COUNTER = """() => [...document.querySelectorAll(".cnt")]
    .filter((each) => getComputedStyle(each).visibility === "visible")
    .map((each) => each.textContent).join()"""


def saved(panel: Panel, name: str, folder: Path) -> Path:
    """Share the replay of a request as a file."""
    panel.fetch(PATH)
    panel.shows(PATH)
    panel.shows_whole(PATH)
    page = panel.page
    page.get_by_role("button", name="Share").click()
    # A GIF is drawn picture by picture before, and each is compressed.
    with page.expect_download(timeout=PATIENCE * 1000) as download:
        page.get_by_role("dialog", name="Share").get_by_role("button", name=name).click()
    target = folder / download.value.suggested_filename
    download.value.save_as(target)
    return target


def test_the_animated_svg_plays_on_its_own(panel: Panel, chromium: Browser, tmp_path: Path) -> None:
    file = saved(panel, "Animated SVG", tmp_path)
    assert file.suffix == ".svg"
    text = file.read_text()
    assert len(text) < MOST_BYTES
    assert not re.search(r"<script|@import|https?://(?!www\.w3\.org/2000/svg)", text)
    page = new_context(chromium, reduced_motion="no-preference").new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    seen = {page.evaluate(COUNTER)}
    wait_for(lambda: len(seen | {page.evaluate(COUNTER)}) > 1)
    picture = page.screenshot()
    wait_for(lambda: page.screenshot() != picture)
    assert asked == [file.as_uri()]
    page.context.close()


def test_it_stands_still_for_who_wants_no_motion(
    panel: Panel, chromium: Browser, tmp_path: Path
) -> None:
    file = saved(panel, "Animated SVG", tmp_path)
    page = new_context(chromium, reduced_motion="reduce").new_page()
    page.goto(file.as_uri())
    position, count = page.evaluate(COUNTER).split(" / ")
    assert position == count
    running = "document.getAnimations().filter((each) => /^t\\d/.test(each.animationName)).length"
    assert page.evaluate(running) == 0
    page.context.close()


def test_it_plays_as_an_image_of_a_page(panel: Panel, chromium: Browser, tmp_path: Path) -> None:
    file = saved(panel, "Animated SVG", tmp_path)
    (tmp_path / "page.html").write_text(f'<img src="{file.name}" width="600">')
    page = new_context(chromium).new_page()
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_function("document.images[0].naturalWidth > 600")
    picture = page.screenshot()
    wait_for(lambda: page.screenshot() != picture)
    page.context.close()


def test_the_gif_plays(panel: Panel, tmp_path: Path) -> None:
    file = saved(panel, "GIF", tmp_path)
    data = file.read_bytes()
    assert data.startswith(b"GIF89a")
    assert len(data) < 4 * MOST_BYTES
    found = panel.app.evaluate(
        """async (text) => {
            const data = Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
            const decoder = new ImageDecoder({data, type: "image/gif"});
            await decoder.completed;
            await decoder.tracks.ready;
            const {frameCount, repetitionCount} = decoder.tracks.selectedTrack;
            const frames = [];
            for (const frameIndex of [0, frameCount - 1]) {
                const {image} = await decoder.decode({frameIndex});
                frames.push([image.displayWidth, image.displayHeight, image.duration]);
            }
            return {frameCount, forever: repetitionCount === Infinity, frames};
        }""",
        # As one text: a list of numbers takes Playwright very long.
        b64encode(data).decode(),
    )
    assert found["frameCount"] > 20
    assert found["forever"]
    assert found["frames"][0][0] >= 1000
    assert all(duration > 0 for _, _, duration in found["frames"])

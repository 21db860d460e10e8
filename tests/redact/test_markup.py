"""Pages are masked in the time that their length takes."""

from __future__ import annotations

import time

from flask_lifecycle.redact import Redactor


def test_the_fields_of_a_page_take_no_longer_than_its_other_tags() -> None:
    def time_of(text: str) -> float:
        took = []
        for _ in range(3):
            begun = time.thread_time()
            Redactor().text(text)
            took.append(time.thread_time() - begun)
        return min(took)

    page = '<form enctype="multipart/form-data"><input name=q><p>session</p></form>\n' * 50
    assert time_of(page) < 5 * time_of(page.replace("name=", "size=")) + 0.005  # some 1 ms

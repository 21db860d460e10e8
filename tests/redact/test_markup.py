"""Pages are masked in the time that their length takes."""

from __future__ import annotations

from flask_lifecycle.redact import Redactor
from tests.helpers.growth import takes_less


def test_the_fields_of_a_page_take_no_longer_than_its_other_tags() -> None:
    page = '<form enctype="multipart/form-data"><input name=q><p>session</p></form>\n' * 50
    other = page.replace("name=", "size=")
    # Some milliseconds, and less is noise.
    assert takes_less(lambda: Redactor().text(page), 5, lambda: Redactor().text(other), floor=0.001)

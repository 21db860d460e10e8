from __future__ import annotations

import json

import pytest

from flask_lifecycle.recording.json_text import read_json, write_json


@pytest.mark.parametrize(
    "half", [r"\ud800", r"\uD800", r"\udfff", r"\uDFFF", r"\udBff", r"a\uDc00"]
)
def test_half_of_a_pair_is_read_as_its_escape(half: str) -> None:
    assert read_json(f'["{half}"]') == [half]


def test_pairs_and_escaped_backslashes_are_read_as_they_are() -> None:
    assert read_json(r'["\ud83d\ude00", "\uD83D\uDE00", "\\ud800"]') == ["😀", "😀", r"\ud800"]


def test_what_is_written_is_ascii_on_one_line_and_read_again() -> None:
    value = {"é\u2028": ["</script>", "\udce9", 1.5, None, True]}
    text = write_json(value)
    assert text.isascii()
    assert text.isprintable()
    assert read_json(text) == {"é\u2028": ["</script>", r"\udce9", 1.5, None, True]}
    assert text == json.dumps(read_json(text), separators=(",", ":"))
    with pytest.raises(ValueError):
        write_json(float("nan"))

from __future__ import annotations

from io import BytesIO, TextIOWrapper

import pytest
from rich.text import Text

from flask_lifecycle.cli.output import Output, code, escaped, fitted

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\u2066\u200f\ud800\r\n\x00\u2028"


def written(*lines: Text | str, encoding: str = "utf-8", markdown: bool = False) -> str:
    raw = BytesIO()
    stream = TextIOWrapper(raw, encoding=encoding, newline="")
    output = Output(stream)
    if markdown:
        output.markdown(map(str, lines))
    else:
        output.lines(lines)
    stream.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("markdown", [False, True])
def test_what_a_terminal_would_act_on_is_replaced(markdown: bool) -> None:
    text = written(f"a{HOSTILE}b", HOSTILE, markdown=markdown)
    assert text.startswith("a\N{REPLACEMENT CHARACTER}]0;owned")
    controls = {each for each in HOSTILE if not each.isprintable()} - {"\n"}
    assert len(controls) > 8
    assert not controls & set(text)
    # Those of a text are replaced, too: a line stays one.
    assert text.count("\n") == 2


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437"])
def test_characters_that_an_encoding_lacks_are_written_with_others(encoding: str) -> None:
    text = written("├ 12 µs ✕ 本 … −1 → 2", encoding=encoding)
    assert text.endswith("\n")
    assert "本" not in text
    assert len(text) == len("├ 12 µs ✕ 本 … −1 → 2\n")
    if encoding == "ascii":
        assert text == "| 12 us x ? ~ -1 > 2\n"


def test_a_number_stays_with_its_unit() -> None:
    output = Output(TextIOWrapper(BytesIO()))
    lines = output.wrapped(Text("it took 1.25 ms in the view"), 12)
    assert [line.plain.rstrip() for line in lines] == ["it took", "1.25 ms in", "the view"]


def test_wide_characters_take_two_columns() -> None:
    assert fitted(Text("本本本"), 5).cell_len == 5
    assert fitted(Text("a"), 3, right=True).plain == "  a"


def test_markdown_means_nothing_in_a_text() -> None:
    assert escaped("snake_case <b> [a](b) *c* _d_ | `e` ~~f~~ &amp;") == (
        r"snake_case \<b\> \[a\](b) \*c\* \_d\_ \| \`e\` \~~f\~~ \&amp;"
    )
    assert code("a`b") == "`ab`"
    assert code("") == ""

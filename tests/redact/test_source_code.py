"""Literals of secrets in code are masked, and nothing else of it."""

from __future__ import annotations

import pytest

from flask_lifecycle.redact import MASK, Redactor

redactor = Redactor()


@pytest.mark.parametrize(
    "code",
    [
        'conn = "host=h password=hunter2 user=x"',
        "url = f'/x?api_key=hunter2&b={b}'",
        'PASSWORDS = [\n    "hunter2",\n    "hunter2",\n]',
        "API_KEYS: list[str] = ('hunter2', 'hunter2')",
        "{'passwords': ['hunter2', 'hunter2']}",
    ],
)
def test_literals_in_lists_and_in_literals_are_masked(code: str) -> None:
    assert redactor.lines(code) == code.replace("hunter2", MASK)


@pytest.mark.parametrize(
    "code",
    [
        "login(user, password=password, token=a.token)",
        'say("token=%s password={}", f"token={token} {password=}")',
        "titles = ['a', 'b']; x = {'a': 'b', 'key': ['c']}",
        "tokens = [make(x) for x in y]; passwords = {}; sessions = []",
    ],
)
def test_code_without_literals_of_secrets_is_left_as_it_is(code: str) -> None:
    assert redactor.lines(code) == code


def test_lines_of_code_stay_as_many() -> None:
    code = 'a = 1\npassword = """\nx\ny\n"""\nk = """-----BEGIN PRIVATE KEY-----\nab\ncd"""\nb = 2'
    shown = redactor.lines(code)
    assert shown.count("\n") == code.count("\n")
    assert not {"x", "y", "ab", "cd"} & set(shown.split())

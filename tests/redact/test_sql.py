"""Statements and their parameters are masked by the columns that they set."""

from __future__ import annotations

import typing as t

import pytest

from flask_lifecycle.redact import MASK, Redactor

redactor = Redactor()


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("update u set password = :new where id = :id", {"new": "S", "id": 1}),
        ("update u set password = %(p)s, a = %(a)s", {"p": "S", "a": 1}),
        ("exec x @password = @h, @id = @i", {"h": "S", "i": 1}),
        ("update u set password = :p::text where a = :a", {"p": "S", "a": 1}),
        ("select id from u where token = crypt(?, token) and id = ?", ("S", 1)),
        ("insert into u (a, password) values (lower(?), crypt(?, gen_salt('bf')))", (1, "S")),
        ("insert into u (a, password, b) values (?, ?, now()), (?, ?, ?)", (1, "S", 2, "S", 3)),
        ("insert into u (a, pin) values (?, ?) on conflict (a) do update set pin=?", (1, "S", "S")),
        ("insert into u (a,pin) values (%s,%s) on duplicate key update pin=%s", (1, "S", "S")),
        ("update u set a = $2, password = $1, old = $1", ("S", 2)),
        ("update u set a = ? where x between ? and ? and password = ?", (1, 2, 3, "S")),
        ("insert into u (a, password) select ?, ? from b where c = ?", (1, "S", 3)),
        ("select 1 from u where id in (select id from v where token = ? and x = ?)", ("S", 1)),
        ("update settings set value = ? where name = 'smtp_password'", ("S",)),
        ("update settings set value = ? where id = ? and name = ?", ("S", 1, "smtp_password")),
        ("insert into settings (name, value) values (?, ?)", ("api_token", "S")),
        ("insert into s (key, val) values (:a, :b)", {"a": "api_token", "b": "S"}),
        ("insert into settings (name, value) values (?, ?)", ("page_size", "20")),
        ("select * from u where data->>'password' = ? and data->>'name' = ?", ("S", "bob")),
        ("update u set a = ?, data = jsonb_set(data, '{password}', ?)", ("x", "S")),
        ("select 1 from u where json_extract(data, '$.user.token') = ? and a = ?", ("S", 2)),
    ],
)
def test_parameters_are_tied_to_their_columns(statement: str, values: t.Any) -> None:
    shown = redactor.parameters(statement, values)
    named = type(values) is dict
    expected = (
        {name: MASK if each == "S" else each for name, each in values.items()}
        if named
        else [MASK if each == "S" else each for each in values]
    )
    assert shown == expected


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER ROLE x PASSWORD 'hunter2'",
        "CREATE USER x IDENTIFIED BY hunter2",
        'create user x identified by "hunter2"',
        "PRAGMA key = 'hunter2'",
        "pragma key = hunter2",
        "select crypt('hunter2', salt) from t",
        "COPY u (name, password) FROM stdin;\nbob\thunter2\n\\.",
        "create user mapping for a server s options (user 'b', password 'hunter2')",
    ],
)
def test_literals_of_statements_that_have_a_secret_are_masked(statement: str) -> None:
    assert "hunter2" not in redactor.sql(statement)

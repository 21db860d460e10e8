"""What controls a transaction is told from a statement by its text."""

from __future__ import annotations

import time

import pytest

from flask_lifecycle.trace.transactions import kind_of


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("BEGIN", "begin"),
        ("begin immediate;", "begin"),
        ("/* a; b */ -- c; d\n BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY", "begin"),
        ("START TRANSACTION", "begin"),
        ("BEGIN TRAN one", "begin"),
        ("XA START 'x'", "begin"),
        ("COMMIT", "commit"),
        ("\ufeff\n;COMMIT AND CHAIN /* traceparent='x' */".lstrip("\ufeff"), "commit"),
        ("COMMIT PREPARED 'x;y'", "commit"),
        ("END TRANSACTION", "commit"),
        ("end", "commit"),
        ("ROLLBACK WORK", "rollback"),
        ("ABORT", "rollback"),
        ("ROLLBACK TO one", "rollback_to"),
        ("rollback transaction to savepoint one", "rollback_to"),
        ('SAVEPOINT "a;b"', "savepoint"),
        ("SAVE TRANSACTION one", "savepoint"),
        ("RELEASE one", "release"),
        ("PREPARE TRANSACTION 'x'", "prepare"),
        ("XA PREPARE 'x'", "prepare"),
        ("XA RECOVER", "statement"),
        ("PREPARE one AS SELECT 1", "statement"),
        ("BEGIN; INSERT INTO a VALUES (1); COMMIT", "statement"),
        ("BEGIN pay(1); END;", "statement"),
        ("BEGIN TRY SELECT 1 END TRY", "statement"),
        ("COMMITTED", "statement"),
        ("select 'COMMIT'", "statement"),
        ("", "statement"),
        ("/* COMMIT", "statement"),
        ("-- COMMIT", "statement"),
    ],
)
def test_the_kind_is_told_by_the_text(text: str, kind: str) -> None:
    assert kind_of(text)[0] == kind


def test_what_changes_rows_is_told_by_its_first_word() -> None:
    assert kind_of(" /* x */ Insert into a values (1)") == ("statement", True)
    assert kind_of("REPLACE INTO a VALUES (1)") == ("statement", True)
    assert kind_of("WITH one AS (SELECT 1) INSERT INTO a SELECT * FROM one") == ("statement", False)


@pytest.mark.parametrize(
    "text", ["/**/" * 50_000 + "1", "--\n" * 50_000, "/*" * 50_000, " " * 10**6]
)
def test_no_text_takes_long(text: str) -> None:
    begun = time.thread_time()
    kind_of(text)
    assert time.thread_time() - begun < 1  # some ms; any power of the length takes hours

"""What it takes to mask one text, in µs: ``python -m benchmarks.masking``.

Of each kind, no text is met twice: what is remembered of texts helps none of them. Medians over
the turns.
"""

from __future__ import annotations

import json
import random
import statistics
import time
import typing as t

from flask_lifecycle.redact import Redactor

TURNS = 15
TEXTS = 100
WORDS = ("alpha", "river", "stone", "garden", "window", "market", "silver", "planet", "coffee")

chance = random.Random(7)


def word() -> str:
    return chance.choice(WORDS)


def whole() -> int:
    return chance.randrange(10**5)


def sentence(length: int) -> str:
    return " ".join(word() for _ in range(length // 4))[: length - 1] + "."


def page(size: int) -> str:
    row = '<p class="card {}-{}" id="item-{}"><a href="/{}/{}?page=2">{} {}</a></p>\n'
    written = f"<!doctype html><title>{word()}</title><body>"
    while len(written) < size:
        written += row.format(word(), word(), whole(), word(), whole(), word(), word())
    return written[:size]


def document(size: int) -> str:
    items: list[dict[str, t.Any]] = []
    while len(json.dumps(items)) < size:
        items.append({"id": whole(), "name": f"{word()} {word()}", "tags": [word(), word()]})
    return json.dumps(items)


def statement() -> str:
    table = f"{word()}_{whole()}"
    return f"SELECT {table}.id, {table}.{word()} FROM {table} WHERE {table}.id = ? LIMIT ?"


KINDS: dict[str, tuple[str, t.Callable[[], str]]] = {
    "a word": ("text", lambda: f"{word()}{whole()}"),
    "a path": ("text", lambda: f"/{word()}/{whole()}/{word()}-{word()}"),
    "a whole number": ("text", lambda: str(whole() * 17)),
    "a query string": ("query", lambda: f"page={whole()}&sort={word()}"),
    "a header's date": ("query", lambda: f"Sun, 29 Nov 2026 21:30:00 GMT+{whole()}"),
    "a sentence of 100 bytes": ("text", lambda: sentence(100)),
    "a line of a log": ("text", lambda: f"loaded {whole()} of {word()} in {whole()} ms: ok"),
    "a statement of SQL": ("sql", statement),
    "JSON of 1 kB": ("text", lambda: document(1000)),
    "HTML of 4 kB": ("text", lambda: page(4000)),
}


def main() -> None:
    for name, (how, make) in KINDS.items():
        mask = getattr(Redactor(), how)
        took = []
        for _ in range(TURNS):
            texts = [make() for _ in range(TEXTS)]
            begun = time.thread_time_ns()
            for text in texts:
                mask(text)
            took.append((time.thread_time_ns() - begun) / 1000 / TEXTS)
        print(f"{name:24} {statistics.median(took):7.1f} µs")


if __name__ == "__main__":
    main()

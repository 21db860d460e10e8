"""Fuzz the masking, by coverage: ``python tests/fuzz/fuzz_redact.py -max_total_time=180``.

It takes atheris, which is not among what the tests install.
"""

from __future__ import annotations

import json
import sys

import atheris

with atheris.instrument_imports(include=["flask_lifecycle.redact"]):
    from flask_lifecycle.redact import MASK, Redactor

redactor = Redactor(("pin",))
SECRET = "zqx7Kq2Vw9Lm4Rt8zqx"


def one(data: bytes) -> None:
    given = atheris.FuzzedDataProvider(data)
    before, after = given.ConsumeUnicode(300), given.ConsumeUnicode(300)
    for mask in (redactor.text, redactor.sql, redactor.query):
        once = mask(before)
        # What a query's value hides may have stood between two names.
        assert mask(once) == once or mask == redactor.query, before
        assert len(mask(before * 40)) <= 4096
    quote = given.PickValueInList(["", "'", '"'])
    held = f"{before}\npassword={quote}{SECRET}{quote}\n{after}"
    assert SECRET not in redactor.text(held), held
    assert SECRET not in redactor.text(f"{before} x://u:{SECRET}@h {after}")
    assert SECRET not in redactor.query(f"{before.replace('=', '')}&token={SECRET}&{after}")
    value = {before: [{"Password": SECRET}, (after, SECRET[:0])], "pairs": [("Cookie", SECRET)]}
    shown = json.dumps(redactor.value(value), allow_nan=False, ensure_ascii=False)
    assert SECRET not in shown
    assert MASK in shown
    shown.encode()


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()

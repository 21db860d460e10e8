"""One token for all processes of a server, each of which imports the app by itself."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from tests.helpers import ROOT

SCRIPT = textwrap.dedent("""
    import os, sys
    read, write = os.pipe()
    for _ in range(2):
        if not os.fork():
            from flask_lifecycle import run_token
            os.write(write, f"{run_token.run_token()} {run_token.is_alone()}\\n".encode())
            os._exit(0)
    for _ in range(2):
        os.wait()
    sys.stdout.write(os.read(read, 4096).decode())
""")


def told(seed: str, change: str = "") -> set[str]:
    environ = {name: value for name, value in os.environ.items() if "LIFECYCLE" not in name}
    script = SCRIPT.replace("import run_token\n", f"import run_token\n        {change}\n")
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.splitlines())


@pytest.mark.parametrize("seed", ["random", "0", "1"])
def test_forked_processes_make_one_and_another_run_makes_another(seed: str) -> None:
    first, second = told(seed), told(seed)
    assert len(first) == len(second) == 1
    assert first != second
    token, alone = first.pop().split()
    assert len(token) == 43
    assert alone == "False"


def test_with_nothing_in_common_each_knows_that_it_is_alone() -> None:
    found = told("1", "run_token._seed_of_program = lambda: None")
    assert len(found) == 2
    assert all(each.endswith(" True") for each in found)

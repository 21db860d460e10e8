"""Steps as they are written: the flat lists of several threads become one."""

from __future__ import annotations

from flask_lifecycle.trace.log import WIDTH, merge, packed

# A step of the request's own, inside it a function; in another thread, inside that function, two.
OWN = [10, -1, 1.0, 9.0, 11, 0, 2.0, 8.0]
OTHER = [12, -2 - WIDTH, 3.0, 6.0, 13, 0, 4.0, 5.0]
LATE = [14, 0, 7.0, 7.5]


def test_what_is_packed_can_be_read_again() -> None:
    kept = packed(2).pack(*OWN)
    assert list(packed(2).unpack(kept)) == OWN


def test_steps_of_threads_are_put_in_order_of_beginning() -> None:
    steps, places = merge([OWN + LATE, OTHER])
    assert steps[::WIDTH] == [10, 11, 12, 13, 14]
    parents = [parent // WIDTH for parent in steps[1::WIDTH]]
    assert parents == [-1, 0, 1, 2, 0]
    assert places[0, 2 * WIDTH] == 4 * WIDTH

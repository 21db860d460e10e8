"""What scripts sent by themselves, and what a person led to."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from flask_lifecycle.panel.background import Scripts, reports_input
from flask_lifecycle.toolbar.inject import CARRIED, SHOWN

POLL = "always"


def sent(
    times: Iterable[float],
    inputs: Iterable[float] = (),
    *,
    late: float = 0.05,
    reports: bool = True,
    arrived: float | None = 0.0,
) -> list[str | None]:
    """Return what each request counts as; a page reports input with a delay."""
    scripts = Scripts()
    found: dict[float, str | None] = {}
    events = [*((at, None) for at in times), *((at + late, at) for at in inputs)]
    for at, acted in sorted(events, key=lambda event: event[0]):
        if acted is not None:
            found.update(dict.fromkeys(scripts.acted(acted)))
        else:
            found[at] = scripts.sent("/", "/x", at, request=at, arrived=arrived, reports=reports)
    return list(found.values())


@pytest.mark.parametrize("reports", [True, False])
@pytest.mark.parametrize("times", [(10.0, 13.1), (10.0, 12.0, 13.5, 16.2), (1.5, 4.9, 6.0)])
def test_a_button_that_is_pressed_again_is_no_poll(times: tuple[float, ...], reports: bool) -> None:
    presses = [at - 0.2 for at in times] if reports else []
    first = None if reports or times[0] > 3 else "loading"
    assert sent(times, presses, reports=reports) == [first, *[None] * (len(times) - 1)]


@pytest.mark.parametrize("reports", [True, False])
@pytest.mark.parametrize("every", [0.5, 2.0, 30.0])
def test_a_timer_is_a_poll(every: float, reports: bool) -> None:
    times = [every * (beat + 1) + 0.02 * (beat % 2) for beat in range(5)]
    first = "loading" if every <= 3 else None
    assert sent(times, reports=reports) == [first, *[POLL] * 4]


def test_what_comes_again_without_input_is_a_poll_though_off_its_beat() -> None:
    assert sent([0.1, 4.0, 11.0, 12.5]) == ["loading", POLL, POLL, POLL]


def test_a_timer_stays_one_while_somebody_types() -> None:
    typing = [number * 0.7 for number in range(1, 30)]
    assert sent([2.0, 4.0, 6.0, 8.0], [each for each in typing if each > 2.5])[1:] == [POLL] * 3


def test_the_button_of_a_polled_list_is_a_persons_and_the_timer_goes_on() -> None:
    assert sent([5.0, 10.0, 12.3, 15.0, 20.0], [12.2]) == [None, POLL, None, POLL, POLL]


def test_one_click_leads_to_one_request_of_those_that_also_come_by_themselves() -> None:
    fast = [0.2 * beat + 0.03 * (beat % 3) for beat in range(1, 20)]
    assert sent(fast, [2.9]).count(None) <= 1
    scripts = Scripts()

    def counts_as(wanted: str, at: float) -> str | None:
        return scripts.sent("/", wanted, at, request=0, arrived=0.0, reports=True)

    counts_as("timer", 1.0)
    scripts.acted(1.5)
    assert counts_as("button", 1.51) is None
    assert counts_as("timer", 1.6) == POLL


def test_a_click_while_the_page_loads_is_a_persons() -> None:
    assert sent([0.8], [0.7]) == [None]
    assert sent([0.8]) == ["loading"]


@pytest.mark.parametrize(("later", "counts_as"), [(0.1, None), (0.9, POLL)])
def test_a_click_while_the_page_loads_led_to_what_came_first(
    later: float, counts_as: str | None
) -> None:
    scripts = Scripts()
    scripts.acted(1.0)
    assert scripts.sent("/", "/x", 1.1, request=1, arrived=0.5, reports=True) is None
    at = 1.1 + later
    assert scripts.sent("/", "/y", at, request=2, arrived=0.5, reports=True) == counts_as
    again = scripts.sent("/", "/y", at + 1.2, request=3, arrived=0.5, reports=True)
    assert again == counts_as


def test_a_report_may_come_after_what_it_led_to() -> None:
    assert sent([0.8, 6.0, 9.5], [0.7, 5.9, 9.4], late=0.9) == [None, None, None]
    # The second one has no report of its own.
    assert sent([0.8, 1.3], [0.7], late=0.2) == [None, None]
    # A timer's own beat is no doubtful case.
    assert sent([2.0, 4.0, 6.0], [5.9], late=0.9) == ["loading", POLL, POLL]


def test_input_long_ago_led_to_nothing() -> None:
    assert sent([1.0, 9.0], [2.0]) == ["loading", POLL]


def test_a_page_that_is_loaded_again_begins_again() -> None:
    scripts = Scripts()
    for _ in range(2):
        assert scripts.sent("/", "/x", 9, request=9, arrived=None, reports=True) is None
        assert scripts.sent("/", "/x", 12, request=12, arrived=None, reports=True) == POLL
        scripts.forget("/")


def test_what_is_remembered_is_bounded() -> None:
    scripts = Scripts()
    for number in range(2_000):
        scripts.sent("/", number, number, request=number, arrived=None, reports=True)
    assert len(scripts._sent) == 500


def test_a_page_reports_input_if_its_toolbar_came() -> None:
    assert reports_input(SHOWN, 999)
    assert reports_input(CARRIED, 0.1)
    assert not reports_input(CARRIED, 999)
    assert not reports_input("no room", 0)
    assert not reports_input(None, 0)

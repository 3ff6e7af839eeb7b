"""Silence is judged by what is usual for one seller and type."""

from datetime import UTC, datetime, timedelta

import pytest

from sellerbus.notifications.arrivals import ArrivalRow
from sellerbus.notifications.rhythm import State, standing

LAST = datetime(2026, 3, 20, 12, tzinfo=UTC)
HOUR = 3600


def row(gaps: dict[str, int], *, history: timedelta = timedelta(days=30)) -> ArrivalRow:
    return ArrivalRow("S1", "ORDER_CHANGE", LAST - history, LAST, gaps)


@pytest.mark.parametrize(
    ("quiet", "state"),
    [
        (timedelta(0), State.REGULAR),
        (timedelta(hours=9, minutes=15), State.REGULAR),
        (timedelta(hours=9, minutes=15, seconds=1), State.SILENT),
        (timedelta(days=400), State.SILENT),
    ],
)
def test_half_as_long_again_as_the_longest_gap_and_a_quarter_of_an_hour(
    quiet: timedelta, state: State
) -> None:
    found = standing(row({"2026-03-19": 6 * HOUR, "2026-03-20": HOUR}), LAST + quiet)
    assert (found.state, found.quiet) == (state, quiet)
    assert (found.usual, found.allowed) == (timedelta(hours=6), timedelta(hours=9, minutes=15))


def test_a_gap_counts_for_two_weeks_before_the_last_arrival_however_long_it_is_silent() -> None:
    gaps = {"2026-03-05": 100 * HOUR, "2026-03-06": 10 * HOUR, "2026-03-20": HOUR}
    for quiet in (timedelta(hours=1), timedelta(days=100)):
        assert standing(row(gaps), LAST + quiet).usual == timedelta(hours=10)


@pytest.mark.parametrize(
    ("gaps", "history"),
    [({}, timedelta(days=30)), ({"2026-03-20": HOUR}, timedelta(days=3) - timedelta(seconds=1))],
)
def test_with_too_little_history_nothing_is_silent(gaps: dict[str, int], history: timedelta) -> None:
    found = standing(row(gaps, history=history), LAST + timedelta(days=50))
    assert (found.state, found.allowed) == (State.LEARNING, None)


def test_three_days_are_enough() -> None:
    learnt = row({"2026-03-20": HOUR}, history=timedelta(days=3))
    assert standing(learnt, LAST + timedelta(hours=2)).state is State.SILENT


def test_an_arrival_ahead_of_the_clock_is_no_negative_quiet() -> None:
    assert standing(row({"2026-03-20": HOUR}), LAST - timedelta(seconds=5)).quiet == timedelta(0)

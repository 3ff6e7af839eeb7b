"""Several functions whose clocks differ spend one quota: never more than there is, and hardly ever less."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sellerbus.api.shared_throttle import SLACK_SECONDS
from tests.unit.api.quota_fleet import AHEAD_SECONDS, START, Fleet

plans = st.tuples(st.sampled_from([0.5, 1.0, 5.0, 20.0, 33.0]), st.integers(1, 20))
skews = st.lists(st.floats(-5000, 5000), min_size=1, max_size=6)


def fleet(
    plan: tuple[float, int], skews: list[float], count: int, seed: int, delay: float = 0.0, doubled: int = 0
) -> Fleet:
    rate, burst = plan
    # Long enough for a hundred bookings after the quarter that spends the burst, and for the seconds that
    # a clock may stand still while it is bounded to be a small part of it.
    seconds = max(60.0, 4 * burst / rate + 140 * count / rate + AHEAD_SECONDS)
    fleet = Fleet(rate, burst, skews, count, seed, seconds, delay=delay, doubled=doubled)
    fleet.run()
    return fleet


@settings(max_examples=60, deadline=None)
@given(plans, skews, st.integers(1, 12), st.integers(0, 9999))
def test_clocks_that_differ_cost_a_few_seconds_of_the_rate_once(
    plan: tuple[float, int], skews: list[float], count: int, seed: int
) -> None:
    it = fleet(plan, skews, count, seed)
    # Once an answer has bounded it, no clock is more than one second behind or two ahead of the true time.
    assert it.overdraft() <= 3.0 * it.rate + 1e-6
    assert it.used() >= 0.95


@settings(max_examples=60, deadline=None)
@given(plans, st.integers(1, 6), st.integers(1, 12), st.integers(0, 9999))
def test_clocks_that_agree_never_overdraw_however_late_calls_arrive_within_the_slack(
    plan: tuple[float, int], participants: int, count: int, seed: int
) -> None:
    rate, burst = plan
    delay = min(SLACK_SECONDS, (burst - 1) / rate)
    it = fleet(plan, [0.0] * participants, count, seed, delay=delay)
    # 1e-4 of a turn: due times are floats of microseconds.
    assert it.overdraft() <= 1e-4
    assert it.used() >= 0.95


@settings(max_examples=30, deadline=None)
@given(plans, st.integers(1, 6), st.integers(1, 20), st.integers(0, 9999))
def test_updates_carried_out_twice_never_overdraw(
    plan: tuple[float, int], participants: int, doubled: int, seed: int
) -> None:
    it = fleet(plan, [0.0] * participants, 1, seed, doubled=doubled)
    assert it.overdraft() <= 1e-4


def test_contention_costs_hardly_more_than_a_call_a_grant() -> None:
    it = Fleet(rate=20.0, burst=10, skews=[0.0] * 8, count=1, seed=7, seconds=60.0)
    it.run()
    assert it.calls / it.grants <= 1.1


def test_the_measure_sees_an_overdraft() -> None:
    greedy = Fleet(rate=1.0, burst=2, skews=[], count=1, seed=0, seconds=10.0)
    greedy.arrivals = [START, START + 5, START + 5.5, START + 5.6, START + 5.7]
    assert 1.0 < greedy.overdraft() < 2.0

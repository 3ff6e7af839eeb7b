"""The throttle of one process: what it grants, when, and what it learns."""

from __future__ import annotations

import threading

import pytest

from sellerbus.api.throttle import LocalThrottle, Plan, Throttle
from tests.unit.api.wire import Time

KEY = ("getSubscription", "A1")


def reserve(throttle: Throttle, key: tuple[str, str] = KEY, most: float = 2.0, rate: float = 1.0) -> float:
    """The seconds until one more turn is due; below 0 those after which asking again is worthwhile."""
    turn = throttle.reserve(key, rate=rate, burst=5, most_seconds=most)
    return max(0.0, turn.first_due - throttle.now()) if turn.granted else -turn.wait_seconds


def test_grants_the_burst_then_the_rate() -> None:
    throttle = LocalThrottle(Time().clock)
    assert [reserve(throttle) for _ in range(7)] == pytest.approx([0, 0, 0, 0, 0, 1, 2])


def test_beyond_the_limit_nothing_is_reserved() -> None:
    time = Time()
    throttle = LocalThrottle(time.clock)
    for _ in range(7):
        reserve(throttle)
    assert reserve(throttle) == pytest.approx(-1)
    time.now += 1
    assert reserve(throttle) == pytest.approx(2)


def test_refills_up_to_the_burst_only() -> None:
    time = Time()
    throttle = LocalThrottle(time.clock)
    reserve(throttle)
    time.now += 3600
    assert [reserve(throttle) for _ in range(6)] == pytest.approx([0, 0, 0, 0, 0, 1])


def test_parties_and_operations_have_their_own_buckets() -> None:
    throttle = LocalThrottle(Time().clock)
    for _ in range(5):
        reserve(throttle)
    assert reserve(throttle, ("getSubscription", "A2")) == 0
    assert reserve(throttle, ("createSubscription", "A1")) == 0


def test_a_refusal_empties_the_bucket() -> None:
    throttle = LocalThrottle(Time().clock)
    assert throttle.refused(KEY, rate=0.5, burst=5) == pytest.approx(2)
    assert reserve(throttle, rate=0.5) == pytest.approx(2)


def test_a_refusal_that_names_a_time_closes_the_bucket_until_then() -> None:
    throttle = LocalThrottle(Time().clock)
    assert throttle.refused(KEY, rate=0.5, burst=5, retry_after=30) == pytest.approx(30)
    assert reserve(throttle, rate=0.5) == pytest.approx(-28)


def test_a_refusal_gives_nothing_that_was_given_out() -> None:
    throttle = LocalThrottle(Time().clock)
    throttle.reserve(KEY, rate=1.0, burst=5, count=20, most_seconds=60)
    assert throttle.refused(KEY, rate=1.0, burst=5) == pytest.approx(16)


def test_turns_are_booked_together() -> None:
    time = Time()
    throttle = LocalThrottle(time.clock)
    turns = throttle.reserve(KEY, rate=1.0, burst=5, count=8, most_seconds=10)
    assert (turns.granted, turns.count, turns.interval_seconds) == (True, 8, 1.0)
    due = [max(time.now, turns.first_due + i * turns.interval_seconds) - time.now for i in range(8)]
    assert due == pytest.approx([0, 0, 0, 0, 0, 1, 2, 3])
    assert reserve(throttle, most=10) == pytest.approx(4)


def test_several_turns_or_none() -> None:
    throttle = LocalThrottle(Time().clock)
    throttle.reserve(KEY, rate=1.0, burst=5, count=8, most_seconds=10)
    refused = throttle.reserve(KEY, rate=1.0, burst=5, count=8, most_seconds=10)
    assert (refused.granted, refused.count) == (False, 0)
    assert refused.wait_seconds == pytest.approx(1)
    assert reserve(throttle, most=10) == pytest.approx(4)


def test_no_more_turns_than_an_untouched_bucket_yields() -> None:
    throttle = LocalThrottle(Time().clock)
    turns = throttle.reserve(KEY, rate=1.0, burst=5, count=100, most_seconds=3)
    assert turns.count == 8
    assert LocalThrottle(Time().clock).reserve(KEY, rate=0.01, burst=1, count=9, most_seconds=0).count == 1


def test_slack_never_takes_the_last_turn() -> None:
    assert Plan.of(10.0, 10, 0.5) == Plan(100_000, 500_000)
    assert Plan.of(20.0, 10, 0.5) == Plan(50_000, 50_000)
    assert Plan.of(0.0167, 1, 0.5).capacity == Plan.of(0.0167, 1).capacity


def test_learned_rate_counts() -> None:
    throttle = LocalThrottle(Time().clock)
    for _ in range(5):
        reserve(throttle)
    throttle.learn(KEY, 10.0, rate=1.0)
    assert reserve(throttle) == pytest.approx(0.1)


def test_a_change_of_the_rate_leaves_as_many_turns_as_there_were() -> None:
    throttle = LocalThrottle(Time().clock)
    reserve(throttle)
    reserve(throttle)
    throttle.learn(KEY, 0.5, rate=1.0)
    assert [reserve(throttle) for _ in range(4)] == pytest.approx([0, 0, 0, 2])


@pytest.mark.parametrize("nonsense", [0.0, -1.0, 1e-9, 1e9, float("inf"), float("nan")])
def test_nonsense_is_not_learned(nonsense: float) -> None:
    throttle = LocalThrottle(Time().clock)
    for _ in range(5):
        reserve(throttle)
    throttle.learn(KEY, nonsense, rate=1.0)
    assert reserve(throttle) == pytest.approx(1)


def test_a_clock_set_back_takes_nothing_away() -> None:
    time = Time()
    throttle = LocalThrottle(time.clock)
    reserve(throttle)
    time.now -= 1000
    assert [reserve(throttle) for _ in range(4)] == [0, 0, 0, 0]


def test_threads_never_get_more_than_there_is() -> None:
    throttle = LocalThrottle(Time().clock)
    granted: list[float] = []
    threads = [
        threading.Thread(target=lambda: granted.extend(reserve(throttle, most=0.0) for _ in range(50)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(1 for seconds in granted if seconds == 0) == 5

"""The token bucket: what it grants, when, and what it learns."""

from __future__ import annotations

import threading

import pytest

from sellerbus.api.throttle import LocalThrottle
from tests.unit.api.wire import Time

KEY = ("getSubscription", "A1")


def reserve(throttle: LocalThrottle, key: tuple[str, str] = KEY, most: float = 2.0) -> float:
    return throttle.reserve(key, rate=1.0, burst=5, most_seconds=most)


def test_grants_the_burst_then_the_rate() -> None:
    throttle = LocalThrottle(Time().clock)
    assert [reserve(throttle) for _ in range(7)] == pytest.approx([0, 0, 0, 0, 0, 1, 2])


def test_beyond_the_limit_nothing_is_reserved() -> None:
    time = Time()
    throttle = LocalThrottle(time.clock)
    for _ in range(7):
        reserve(throttle)
    assert reserve(throttle) == pytest.approx(3)
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
    assert throttle.reserve(KEY, rate=0.5, burst=5, most_seconds=2) == pytest.approx(2)


def test_learned_rate_counts() -> None:
    throttle = LocalThrottle(Time().clock)
    for _ in range(5):
        reserve(throttle)
    throttle.learn(KEY, 10.0)
    assert reserve(throttle) == pytest.approx(0.1)


@pytest.mark.parametrize("nonsense", [0.0, -1.0, float("inf"), float("nan")])
def test_nonsense_is_not_learned(nonsense: float) -> None:
    throttle = LocalThrottle(Time().clock)
    for _ in range(5):
        reserve(throttle)
    throttle.learn(KEY, nonsense)
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

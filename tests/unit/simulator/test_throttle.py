import pytest

from simulator.operations import SANDBOX_RATE, Rate
from simulator.throttle import BucketKey, Throttle
from tests.unit.simulator.amazon import FakeClock

KEY = BucketKey("app", "SELLER1", "getSubscription")


def taken(throttle: Throttle, key: BucketKey, attempts: int) -> int:
    return sum(throttle.take(key) for _ in range(attempts))


def test_a_bucket_holds_the_burst_and_fills_at_the_rate() -> None:
    clock = FakeClock()
    throttle = Throttle(clock)
    assert taken(throttle, KEY, 8) == 5
    clock.now += 0.9
    assert taken(throttle, KEY, 1) == 0
    clock.now += 0.2
    assert taken(throttle, KEY, 2) == 1
    clock.now += 1000
    assert taken(throttle, KEY, 8) == 5


def test_a_refused_request_pays_nothing() -> None:
    clock = FakeClock()
    throttle = Throttle(clock)
    taken(throttle, KEY, 50)
    clock.now += 1
    assert throttle.take(KEY)


@pytest.mark.parametrize(
    "other",
    [
        BucketKey("other app", "SELLER1", "getSubscription"),
        BucketKey("app", "SELLER2", "getSubscription"),
        BucketKey("app", "SELLER1", "getSubscriptions"),
        BucketKey("app", "SELLER1", "getSubscription", sandbox=True),
    ],
)
def test_buckets_are_apart(other: BucketKey) -> None:
    throttle = Throttle(FakeClock())
    taken(throttle, KEY, 50)
    assert throttle.take(other)


def test_a_rate_that_is_set_counts_at_once_for_everybody() -> None:
    throttle = Throttle(FakeClock())
    taken(throttle, KEY, 50)
    throttle.set_rate("getSubscription", Rate(0.1, 2))
    assert taken(throttle, KEY, 50) == 2
    assert throttle.rate("getSubscription", sandbox=True) == Rate(0.1, 2)
    assert throttle.rate("getSubscriptions", sandbox=True) == SANDBOX_RATE


def test_a_clock_that_goes_back_neither_gives_nor_takes() -> None:
    clock = FakeClock()
    throttle = Throttle(clock)
    taken(throttle, KEY, 5)
    clock.now -= 100
    assert not throttle.take(KEY)
    clock.now += 1
    assert throttle.take(KEY)


@pytest.mark.parametrize(("per_second", "burst"), [(0, 5), (-1, 5), (1, 0)])
def test_a_rate_that_lets_nothing_through_is_refused(per_second: float, burst: int) -> None:
    with pytest.raises(ValueError, match="usage plan"):
        Rate(per_second, burst)

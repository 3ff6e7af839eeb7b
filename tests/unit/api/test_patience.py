"""Riding out a used-up quota: naps of two seconds at most, and never past the time that remains."""

from __future__ import annotations

import pytest

from sellerbus.api.errors import RetryableError, ThrottledError
from sellerbus.api.patience import patiently


class Clock:
    def __init__(self, remaining: float = 100.0) -> None:
        self.remaining = remaining
        self.naps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.remaining -= seconds

    def run(self, *outcomes: BaseException | str) -> str:
        left = iter(outcomes)

        def work() -> str:
            outcome = next(left)
            if isinstance(outcome, str):
                return outcome
            raise outcome

        return patiently(work, remaining_seconds=lambda: self.remaining, sleep=self.sleep)


def throttled(seconds: float) -> ThrottledError:
    return ThrottledError("getDestinations", seconds)


def test_it_waits_as_long_as_is_said_in_naps() -> None:
    clock = Clock()
    assert clock.run(throttled(5.0), throttled(1.5), "done") == "done"
    assert clock.naps == [2.0, 2.0, 1.0, 1.5]


def test_a_wait_of_no_length_is_no_tight_loop() -> None:
    clock = Clock()
    assert clock.run(throttled(0.0), "done") == "done"
    assert sum(clock.naps) > 0.1


def test_a_wait_that_does_not_fit_is_not_begun() -> None:
    clock = Clock(remaining=5.1)
    with pytest.raises(ThrottledError) as raised:
        clock.run(throttled(2.0), throttled(3.0), "done")
    assert raised.value.seconds == 3.0
    assert clock.naps == [2.0]


def test_what_is_no_matter_of_quota_is_raised_at_once() -> None:
    clock = Clock()
    with pytest.raises(RetryableError):
        clock.run(RetryableError("getDestinations", "500"), "done")
    assert clock.naps == []

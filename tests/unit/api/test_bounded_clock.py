"""A clock that is believed as far as another's answers allow."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from sellerbus.api.bounded_clock import BoundedClock

START = 1_700_000_000.25


class World:
    """True time, an own clock that is off, and a monotonic one that never is."""

    def __init__(self, skew: float) -> None:
        self.true = START
        self.skew = skew
        self.clock = BoundedClock(lambda: self.true + self.skew, lambda: self.true - 5.0)

    def answer(self, seconds: float = 0.0, stale: int = 0) -> None:
        """One request, answered in the middle of the `seconds` that it takes with a Date so many s old."""
        sent_at = self.clock.own()
        self.true += seconds / 2
        headers = {"date": formatdate(int(self.true) - stale, usegmt=True)}
        self.true += seconds / 2
        self.clock.saw(sent_at, headers)

    @property
    def error(self) -> float:
        return self.clock.now() - self.true


@pytest.mark.parametrize("skew", [0.0, 0.2, -0.2])
@pytest.mark.parametrize("stale", [0, 1])
def test_a_clock_that_may_be_right_is_left_alone(skew: float, stale: int) -> None:
    world = World(skew)
    world.answer(stale=stale)
    assert world.error == pytest.approx(skew)


@pytest.mark.parametrize("skew", [3600.0, -3600.0, 2.5, -2.5])
def test_a_clock_that_is_wrong_is_bounded(skew: float) -> None:
    world = World(skew)
    assert world.error == pytest.approx(skew)
    world.answer(seconds=0.1)
    assert abs(world.error) <= 2.05


@pytest.mark.parametrize("skew", [3600.0, -3600.0])
def test_many_answers_bound_it_narrowly(skew: float) -> None:
    world = World(skew)
    for _ in range(100):
        world.true += 0.0937
        world.answer(seconds=0.02)
    assert -0.1 <= world.error <= 1.1


def test_nothing_is_known_before_an_answer_tells_the_time() -> None:
    world = World(0.0)
    assert not world.clock.trusted
    world.clock.saw(world.clock.own(), {})
    world.clock.saw(world.clock.own(), {"date": "yesterday"})
    assert not world.clock.trusted
    world.answer()
    assert world.clock.trusted
    world.true += 86_400
    assert world.clock.trusted


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_a_clock_that_was_set_is_not_trusted_until_the_next_answer(step: float) -> None:
    world = World(0.0)
    world.answer()
    world.skew = step
    assert not world.clock.trusted
    world.answer()
    assert world.clock.trusted
    assert abs(world.error) <= 2.0

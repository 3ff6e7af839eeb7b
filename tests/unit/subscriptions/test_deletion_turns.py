"""Turns for deletions: booked together, carried by a job, forfeited when late, waited for where one must."""

from __future__ import annotations

import pytest

from sellerbus.api.booking import Booking
from sellerbus.api.errors import ThrottledError
from sellerbus.notifications.deletion_turns import (
    HORIZON_SECONDS,
    LATE_SECONDS,
    MOST_TURNS,
    DeletionsWaitError,
    DeletionTurns,
)
from tests.unit.api.wire import Time


class Api:
    """Books what it is told to; `first_after` seconds from now, None where there is nothing in time."""

    def __init__(self, time: Time, first_after: float | None = 0.0) -> None:
        self.time = time
        self.first_after = first_after
        self.asked: list[tuple[int, float]] = []
        self.used: list[Booking] = []

    def book_deletions(self, count: int, most_seconds: float) -> Booking:
        self.asked.append((count, most_seconds))
        if self.first_after is None:
            raise ThrottledError("deleteSubscriptionById", 700)
        return Booking("delete", "", count, self.time.now + self.first_after, 1.0)

    def use(self, booking: Booking) -> None:
        self.used.append(booking)


class Setting:
    def __init__(
        self,
        first_after: float | None = 0.0,
        *,
        booked: Booking | None = None,
        look_seconds: float = 0.0,
        patient: bool = False,
    ) -> None:
        self.time = Time(ends_at=1_000_100.0)
        self.api = Api(self.time, first_after)
        self.turns = DeletionTurns(
            self.api,
            booked=booked,
            look_seconds=look_seconds,
            patient_seconds=self.time.remaining if patient else None,
            clock=self.time.clock,
            sleep=self.time.sleep,
        )


def booking(count: int, after: float) -> Booking:
    return Booking("delete", "", count, 1_000_000.0 + after, 1.0)


def test_nothing_to_delete_books_nothing() -> None:
    it = Setting()
    it.turns.want(0)
    assert it.api.asked == []


def test_all_are_booked_at_once_and_the_horizon_is_that_of_the_first() -> None:
    it = Setting(first_after=2.0)
    it.turns.want(8)
    for _ in range(8):
        it.turns.take()
    assert it.api.asked == [(8, HORIZON_SECONDS + 7)]
    assert it.time.slept == [], "the client waits for turns that are near"


def test_turns_that_come_later_are_carried_back() -> None:
    it = Setting(first_after=2.1)
    it.turns.look_seconds = 4.5
    with pytest.raises(DeletionsWaitError) as caught:
        it.turns.want(8)
    assert caught.value.booking == booking(8, 2.1)
    assert (caught.value.count, caught.value.look_seconds) == (8, 4.5)


def test_beyond_the_horizon_nothing_is_booked() -> None:
    it = Setting(first_after=None)
    with pytest.raises(DeletionsWaitError) as caught:
        it.turns.want(8)
    assert caught.value.booking is None
    assert caught.value.count == 8


def test_no_booking_lasts_longer_than_a_run() -> None:
    it = Setting()
    it.turns.want(1000)
    assert it.api.asked[0][0] == MOST_TURNS


def test_carried_turns_are_used_and_no_others_asked_for() -> None:
    carried = booking(2, 0.0)
    it = Setting(booked=carried)
    assert it.api.used == [carried]
    it.turns.want(2)
    for _ in range(2):
        it.turns.take()
        carried.spend()
    assert it.api.asked == []


def test_what_is_carried_is_spent_before_the_rest_is_booked() -> None:
    carried = booking(2, 0.0)
    it = Setting(booked=carried)
    it.turns.want(5)
    for _ in range(3):
        it.turns.take()
        if carried.count:
            carried.spend()
    assert [count for count, _ in it.api.asked] == [3]


def test_an_early_run_naps_for_its_turns_and_a_much_too_early_one_goes_back_with_them() -> None:
    it = Setting(booked=booking(2, 7.0))
    it.turns.want(2)
    assert it.time.slept == [2.0, 2.0, 1.0]
    much = Setting(booked=booking(2, 11.0))
    with pytest.raises(DeletionsWaitError) as caught:
        much.turns.want(2)
    assert caught.value.booking == booking(2, 11.0)


def test_turns_that_are_late_are_forfeited() -> None:
    carried = booking(8, -LATE_SECONDS - 2.5)
    it = Setting(booked=carried)
    it.turns.want(8)
    assert carried.count == 5, "three were due too long ago"
    late = Setting(booked=booking(8, -100.0), first_after=None)
    with pytest.raises(DeletionsWaitError):
        late.turns.want(8)
    assert late.api.asked


def test_a_burst_that_is_due_at_once_is_not_late() -> None:
    """The throttle gives a full bucket's turns due times that lie before the booking."""
    it = Setting(first_after=-3.5)
    it.turns.want(8)
    assert it.turns.left == 8
    it.time.now += LATE_SECONDS + 0.1
    assert it.turns.left == 4, "those that were due when they were booked, or soon after"


def test_who_waits_without_turns_asks_for_them_first_and_begins_when_they_are_near() -> None:
    near = Setting(first_after=5.0, look_seconds=4.0)
    near.turns.book_ahead(8)
    assert near.api.asked == [(8, HORIZON_SECONDS + 7)]
    near.turns.want(8)
    assert near.time.now == 1_000_003.0
    far = Setting(first_after=90.0, look_seconds=4.0)
    with pytest.raises(DeletionsWaitError) as caught:
        far.turns.book_ahead(8)
    assert caught.value.booking == booking(8, 90.0)
    assert caught.value.look_seconds == 4.0


def test_who_is_patient_naps_until_the_turn_and_books_within_its_time() -> None:
    it = Setting(first_after=30.0, patient=True)
    it.turns.want(8)
    assert it.api.asked == [(8, 100.0)]
    assert it.time.now == pytest.approx(1_000_028.0)
    assert max(it.time.slept) <= 2.0
    over = Setting(first_after=None, patient=True)
    with pytest.raises(ThrottledError):
        over.turns.want(8)


def test_a_deletion_that_nobody_had_foreseen_gets_a_turn_of_its_own() -> None:
    it = Setting()
    it.turns.take()
    assert [count for count, _ in it.api.asked] == [1]

"""Turns booked ahead: spent before others, when they are due, also in a later invocation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sellerbus.api import errors, operations
from sellerbus.api.booking import Booking
from tests.unit.api.test_client import GOOD, SELLER, Setting, setting
from tests.unit.api.wire import reply

KEY = "notifications/v1 getSubscriptions"


def book(it: Setting, count: int, most_seconds: float = 60.0) -> Booking:
    return it.client.book(operations.GET_SUBSCRIPTIONS, seller=SELLER, count=count, most_seconds=most_seconds)


def test_booked_turns_are_spent_one_a_call() -> None:
    it = setting(reply(200, GOOD))
    booking = book(it, 6)
    assert (booking.operation, booking.seller_id, booking.count) == (KEY, "A1", 6)
    for _ in range(6):
        it.listing()
    assert booking.count == 0
    assert it.time.slept == pytest.approx([1.0])
    it.listing()
    assert it.time.slept == pytest.approx([1.0, 1.0])


def test_booked_turns_are_of_one_operation_and_one_seller() -> None:
    it = setting(reply(200, {"payload": []}))
    booking = book(it, 6)
    it.client.call(operations.GET_DESTINATIONS)
    assert booking.count == 6


def test_a_turn_that_is_due_later_is_kept() -> None:
    it = setting(reply(200, GOOD))
    it.client.use(Booking(KEY, "A1", 2, it.time.now + 30, 1.0))
    with pytest.raises(errors.ThrottledError) as caught:
        it.listing()
    assert caught.value.seconds == pytest.approx(30)
    it.time.now += 29
    it.listing()
    assert it.time.slept == pytest.approx([1.0])
    assert len(it.wire.sent) == 1


def test_the_earliest_of_several_bookings_goes_first() -> None:
    it = setting(reply(200, GOOD))
    late = Booking(KEY, "A1", 1, it.time.now + 1.5, 1.0)
    early = Booking(KEY, "A1", 1, it.time.now + 0.5, 1.0)
    it.client.use(late)
    it.client.use(early)
    it.listing()
    assert (late.count, early.count) == (1, 0)
    it.listing()
    assert it.time.slept == pytest.approx([0.5, 1.0])


def test_a_booking_that_cannot_be_had_tells_when() -> None:
    it = setting(reply(200, GOOD))
    book(it, 60)
    with pytest.raises(errors.ThrottledError) as caught:
        book(it, 10)
    assert caught.value.seconds == pytest.approx(5)


def test_a_booking_is_no_larger_than_what_an_untouched_quota_yields() -> None:
    assert book(setting(reply(200, GOOD)), 10, most_seconds=3).count == 8


def test_a_booking_takes_a_seller_where_the_operation_does() -> None:
    it = setting(reply(200, GOOD))
    with pytest.raises(ValueError, match="getSubscriptions is called with a seller"):
        it.client.book(operations.GET_SUBSCRIPTIONS, count=1, most_seconds=1)


def test_a_turn_that_amazon_refused_is_still_ours() -> None:
    it = setting(reply(429), reply(429), reply(200, GOOD))
    booking = book(it, 40)
    it.listing()
    assert booking.count == 39
    # Each refusal puts the next turn off by an interval, not behind the forty that were booked.
    assert sum(it.time.slept) == pytest.approx(2.0)


def test_a_booking_that_is_refused_for_good_goes_back_with_its_turns() -> None:
    it = setting(reply(429))
    booking = book(it, 8)
    with pytest.raises(errors.ThrottledError) as caught:
        it.listing()
    assert booking.count == 8
    assert caught.value.seconds == pytest.approx(booking.wait_seconds(it.time.now)) == pytest.approx(1.0)


def test_a_booking_travels_as_json() -> None:
    it = setting(reply(200, GOOD))
    booking = book(it, 6)
    it.listing()
    carried = Booking.from_document(json.loads(json.dumps(booking.to_document())))
    assert carried == booking
    later = setting(reply(200, GOOD))
    later.client.use(carried)
    for _ in range(5):
        later.listing()
    assert carried.count == 0


def test_waits_for_nothing_when_nothing_is_left() -> None:
    assert Booking(KEY, "A1", 0, 1000.0, 1.0).wait_seconds(0.0) == 0.0
    assert Booking(KEY, "A1", 1, 1000.0, 1.0).wait_seconds(990.0) == 10.0
    assert Booking(KEY, "A1", 1, 1000.0, 1.0).wait_seconds(1010.0) == 0.0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("operation", None),
        ("sellerId", 7),
        ("count", -1),
        ("count", True),
        ("count", 1.5),
        ("firstDue", "soon"),
        ("firstDue", float("nan")),
        ("intervalSeconds", float("inf")),
    ],
)
def test_what_is_no_booking_is_named(field: str, value: Any) -> None:
    document = Booking(KEY, "A1", 1, 1000.0, 1.0).to_document() | {field: value}
    with pytest.raises(ValueError, match=field):
        Booking.from_document(document)

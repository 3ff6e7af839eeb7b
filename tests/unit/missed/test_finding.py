"""Who is looked at, for what, in which order, and what becomes of the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from sellerbus.api.errors import CredentialsError, RetryableError
from sellerbus.missed.finding import Failed, MissedEvents, Run, by_type
from sellerbus.missed.looking import Found
from sellerbus.missed.marks import Key, Mark
from sellerbus.missed.subjects import Subject, marketplaces_wanted
from sellerbus.notifications.wanted import Destinations, Wanted, WantedSubscription
from sellerbus.sellers.rows import ACTIVE, PAUSED, REVOKED, Seller
from tests.unit.missed.world import NOON, US

CA = "A2EUQ1WTGCTBG2"
ORDERS = WantedSubscription("ORDER_CHANGE", "1.0")
FEEDS = WantedSubscription("FEED_PROCESSING_FINISHED", "2020-09-04")


def seller(seller_id: str, status: str = ACTIVE, types: tuple[str, ...] | None = None) -> Seller:
    return Seller(seller_id, "na", (US, CA), status, NOON.isoformat(), NOON.isoformat(), b"", types)


def directive(**event_filter: Any) -> Mapping[str, object]:
    return {"eventFilter": {"eventFilterType": "ORDER_CHANGE", **event_filter}}


@dataclass
class Scene:
    """looked: seller, subject and payload version, in order. answers: what a look raises, by seller."""

    sellers_: list[Seller]
    wanted: tuple[WantedSubscription, ...] = (ORDERS, FEEDS)
    marks_: dict[Key, Mark] = field(default_factory=dict)
    answers: dict[str, Exception] = field(default_factory=dict)
    arrivals: dict[Key, datetime] = field(default_factory=dict)
    seconds: float = 1000.0
    looked: list[tuple[str, str, str]] = field(default_factory=list)
    places: list[tuple[str, ...]] = field(default_factory=list)
    since: list[datetime] = field(default_factory=list)
    forgotten: list[Key] = field(default_factory=list)

    def sellers(self) -> Iterable[Seller]:
        return self.sellers_

    def all(self) -> Iterable[Mark]:
        return list(self.marks_.values())

    def forget(self, mark: Mark) -> None:
        self.forgotten.append(mark.key)

    def orders(self, seller: Seller, marketplace_ids: tuple[str, ...]) -> Subject:
        self.places.append(marketplace_ids)
        return _Named("orders")

    def feeds(self, seller: Seller) -> Subject:
        return _Named("feeds")

    def look(
        self, seller_id: str, subject: Subject, payload_version: str, mark: Mark | None, first_since: datetime
    ) -> Found:
        self.looked.append((seller_id, subject.name, payload_version))
        self.since.append(first_since)
        self.seconds -= 1
        if seller_id in self.answers:
            raise self.answers[seller_id]
        return Found(seller_id, subject.name, checked=1)

    def run(self) -> Run:
        return MissedEvents(
            sellers=self,
            marks=self,
            looker=self,
            subjects=self,
            last_arrival=lambda *key: self.arrivals.get(key),
            remaining_seconds=lambda: self.seconds,
            now=NOON.timestamp,
            threads=1,
        ).find(Wanted(Destinations("d"), "keep", self.wanted))


class _Named:
    def __init__(self, name: str) -> None:
        self.name = name
        self.settle = timedelta()

    def page(self, look: Any) -> Any:
        raise AssertionError("nobody asks here")


def test_active_sellers_are_looked_at_for_what_is_wanted_for_them() -> None:
    scene = Scene([seller("A1"), seller("A2", PAUSED), seller("A3", types=("FEED_PROCESSING_FINISHED",))])
    run = scene.run()
    assert scene.looked == [
        ("A1", "orders", "1.0"),
        ("A1", "feeds", "2020-09-04"),
        ("A3", "feeds", "2020-09-04"),
    ]
    assert (len(run.found), run.failed, run.left) == (3, (), 0)


def test_nothing_is_looked_for_that_is_not_wanted() -> None:
    scene = Scene([seller("A1")], wanted=(WantedSubscription("ANY_OFFER_CHANGED", "1.0"),))
    assert scene.run().found == ()
    assert scene.looked == []


@pytest.mark.parametrize(
    ("rows", "places"),
    [
        ([ORDERS], (US, CA)),
        ([replace(ORDERS, directive={"filterExpression": "x == 1"})], ()),
        ([replace(ORDERS, directive=directive(orderChangeTypes=["BuyerRequestedChange"]))], ()),
        ([replace(ORDERS, directive=directive(orderChangeTypes=["OrderStatusChange"]))], (US, CA)),
        ([replace(ORDERS, directive=directive(marketplaceIds=[CA, "A1AM78C64UM0Y8"]))], (CA,)),
        ([], ()),
    ],
)
def test_where_a_directive_leaves_orders_out_they_are_no_missed_ones(
    rows: list[WantedSubscription], places: tuple[str, ...]
) -> None:
    assert marketplaces_wanted(rows, (US, CA)) == places
    scene = Scene([seller("A1")], wanted=tuple(rows))
    scene.run()
    assert scene.places == ([places] if places else [])


def test_feeds_that_an_expression_limits_are_not_looked_for() -> None:
    scene = Scene([seller("A1")], wanted=(replace(FEEDS, directive={"filterExpression": "x == 1"}),))
    scene.run()
    assert scene.looked == []


def test_who_was_longest_not_looked_at_comes_first_and_the_rest_is_next_time() -> None:
    names = ("A1", "A2", "A3", "A4")
    scene = Scene([seller(name) for name in names], wanted=(FEEDS,), seconds=3)
    for name, hours in (("A1", 1), ("A2", 3), ("A4", 2)):
        mark = Mark(name, "feeds", NOON, NOON - timedelta(hours=hours))
        scene.marks_[mark.key] = mark
    run = scene.run()
    assert [name for name, _, _ in scene.looked] == ["A3", "A2", "A4"]
    assert run.left == 1


def test_who_is_not_looked_at_begins_anew_when_that_changes() -> None:
    scene = Scene([seller("A1"), seller("A2", REVOKED), seller("A3", PAUSED)], wanted=(FEEDS,))
    for name, subject in (("A1", "feeds"), ("A1", "orders"), ("A2", "feeds"), ("A4", "feeds")):
        scene.marks_[(name, subject)] = Mark(name, subject, NOON, NOON)
    scene.run()
    assert scene.forgotten == [("A1", "orders"), ("A2", "feeds"), ("A4", "feeds")]


@pytest.mark.parametrize(
    ("arrival", "since"),
    [
        (None, NOON),
        (NOON + timedelta(hours=1), NOON + timedelta(hours=1)),
        # The row was changed since, as when the seller was paused: before that nothing was to be notified.
        (NOON - timedelta(hours=1), NOON),
    ],
)
def test_a_first_look_begins_at_the_last_arrival(arrival: datetime | None, since: datetime) -> None:
    scene = Scene([seller("A1")], wanted=(ORDERS,))
    if arrival:
        scene.arrivals[("A1", "ORDER_CHANGE")] = arrival
    scene.run()
    assert scene.since == [since]


def test_what_goes_wrong_for_one_seller_holds_up_no_other() -> None:
    scene = Scene([seller("A1"), seller("A2")], wanted=(FEEDS,))
    scene.answers["A1"] = error = RetryableError("getFeeds", "busy", status=503)
    run = scene.run()
    assert run.failed == (Failed("A1", "FEED_PROCESSING_FINISHED", error),)
    assert [found.seller_id for found in run.found] == ["A2"]


def test_without_the_applications_credentials_nobody_else_is_tried() -> None:
    scene = Scene([seller("A1"), seller("A2"), seller("A3")], wanted=(FEEDS,))
    scene.answers["A1"] = CredentialsError("token", "refused")
    run = scene.run()
    assert (len(run.failed), run.left) == (1, 2)


def test_counts_are_told_by_type_also_where_there_are_none() -> None:
    found = Found("A1", "ORDER_CHANGE", checked=3)
    assert by_type(Run((found, found), (), 0)) == {"ORDER_CHANGE": (6, 0), "FEED_PROCESSING_FINISHED": (0, 0)}

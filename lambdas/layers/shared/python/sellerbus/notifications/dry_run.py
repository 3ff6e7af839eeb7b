"""The look that every run of the reconciler begins with, without what follows it: what would a run do?

It works on a copy of what is remembered of the seller, takes no lease, and reaches nothing that changes
anything: what a run would do next fails here as a defect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn, Protocol

from sellerbus.api.booking import Booking
from sellerbus.api.errors import PermanentError, SellingPartnerError
from sellerbus.api.lwa import SellerGrant
from sellerbus.api.notifications import Subscription
from sellerbus.notifications.deletion_turns import DeletionTurns
from sellerbus.notifications.jobs import SellerJob
from sellerbus.notifications.reconciliation import SellerRun
from sellerbus.notifications.seller_record import Record
from sellerbus.notifications.subscriptions import Create, TypePlan
from sellerbus.notifications.type_run import TypeRun
from sellerbus.notifications.wanted import Wanted


class Listings(Protocol):
    """The part of the Notifications API that is used."""

    def subscriptions(self, seller: SellerGrant, notification_type: str) -> tuple[Subscription, ...]: ...

    def book_listings(self, seller: SellerGrant, count: int, most_seconds: float) -> Booking: ...


@dataclass(frozen=True)
class PlannedType:
    """What a run would do for one type.

    unlisted: ids that it would delete though Amazon does not list them. refused_before: the payloadVersions
    among those to create that others' subscriptions kept out in the last run.
    """

    plan: TypePlan
    unlisted: tuple[str, ...]
    refused_before: frozenset[str]


@dataclass(frozen=True)
class Looked:
    """What a run would do for each type, and what Amazon has.

    refused: the types that Amazon refuses to list, with its reasons. listed: every listing by type. record:
    what a run would know of the seller after its look.
    """

    types: tuple[PlannedType, ...]
    refused: dict[str, SellingPartnerError]
    listed: dict[str, tuple[Subscription, ...]]
    record: Record


def look(
    api: Listings,
    grant: SellerGrant,
    wanted: Wanted,
    record: Record,
    *,
    clear: bool,
    further_types: tuple[str, ...] = (),
) -> Looked:
    """Look as a run does. record: a copy that nobody else uses. further_types: listed without a plan.

    Raises what a run raises at once, and what may be better at the next try.
    """
    listings = _ListingsOnly(api)
    run = SellerRun(listings, record, DeletionTurns(listings), report=_never, begin=_never)
    looked = run.look(grant, wanted, SellerJob(grant.seller_id), clear=clear)
    for error in run.errors.values():
        if not isinstance(error, PermanentError):
            raise error
    for name in further_types:
        if name not in listings.seen:
            listings.subscriptions(grant, name)
    types = tuple(_planned(each, record) for each in looked)
    return Looked(types, dict(run.errors), listings.seen, record)


def _planned(run: TypeRun, record: Record) -> PlannedType:
    name = run.notification_type
    versions = {step.wanted.payload_version for step in run.plan.steps if isinstance(step, Create)}
    others = {item.payload_version for item in run.plan.foreign}
    before = {version for version in versions & others if f"{name} {version}" in record.blocked}
    return PlannedType(run.plan, tuple(run.unlisted), frozenset(before))


class _ListingsOnly:
    """The reconciler's API without what changes anything. seen: every listing by type."""

    def __init__(self, api: Listings) -> None:
        self._api = api
        self.seen: dict[str, tuple[Subscription, ...]] = {}

    def subscriptions(self, seller: SellerGrant, notification_type: str) -> tuple[Subscription, ...]:
        found = self._api.subscriptions(seller, notification_type)
        self.seen[notification_type] = found
        return found

    def book_listings(self, seller: SellerGrant, count: int, most_seconds: float) -> Booking:
        return self._api.book_listings(seller, count, most_seconds)

    def create_subscription(self, *_: object, **__: object) -> NoReturn:
        raise AssertionError("a dry run was about to create a subscription")

    def delete_subscription(self, *_: object) -> NoReturn:
        raise AssertionError("a dry run was about to delete a subscription")

    def book_deletions(self, *_: object) -> NoReturn:
        raise AssertionError("a dry run was about to book deletions")

    def use(self, booking: Booking) -> NoReturn:
        raise AssertionError(f"a dry run was about to use a booking of {booking.operation}")


def _never(*_: object) -> NoReturn:
    raise AssertionError("a dry run was about to write something down")

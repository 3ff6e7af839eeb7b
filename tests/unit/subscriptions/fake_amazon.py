"""Amazon's Notifications API in memory, with its rules, and with faults before and after each call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from sellerbus.api.booking import Booking
from sellerbus.api.errors import ConflictError, NotFoundError, ThrottledError
from sellerbus.api.lwa import SellerGrant
from sellerbus.api.notifications import Destination, EventBridgeResource, Subscription
from sellerbus.notifications.wanted import canonical

Moment = Literal["before", "after"]
Fault = Callable[[int, str, Moment], BaseException | None]


def no_fault(number: int, operation: str, moment: Moment) -> BaseException | None:
    return None


class KilledError(BaseException):
    """The process ended here. Nothing catches it, as nothing catches a kill."""


def seller(name: str = "A1") -> SellerGrant:
    return SellerGrant(name, lambda: f"Atzr|{name}", "v1")


@dataclass
class FakeAmazon:
    """side_by_side: whether subscriptions with differing filter expressions of one version may coexist.

    excluding: whether a subscription keeps another one out, where they would by version and directive.
    fault is asked before and after every call, with the call's number (from 0) and operation.
    turns_after: seconds until the first turn of a booking of deletions; None where none are to be had.
    interval: seconds between these turns.
    """

    side_by_side: bool = True
    fault: Fault = no_fault
    held: dict[tuple[str, str], list[Subscription]] = field(default_factory=dict)
    destination_rows: list[Destination] = field(default_factory=list)
    unique_names: bool = True
    lagging_listings: int = 0
    excluding: Callable[[Subscription, Subscription], bool] = lambda one, other: True
    calls: list[str] = field(default_factory=list)
    made: int = 0
    clock: Callable[[], float] = lambda: 0.0
    turns_after: float | None = 0.0
    interval: float = 0.0
    bookings: list[Booking] = field(default_factory=list)
    listings_booked: list[int] = field(default_factory=list)

    @property
    def changes(self) -> list[str]:
        return [call for call in self.calls if not call.startswith("get")]

    def put(self, seller_id: str, notification_type: str, *rows: Subscription) -> None:
        """Place rows that Amazon's rules allow; the others are left out."""
        for row in rows:
            held = self.held.setdefault((seller_id, notification_type), [])
            if not any(self._excludes(row, other) for other in held):
                held.append(row)

    def of(self, seller_id: str, notification_type: str) -> list[Subscription]:
        return self.held.get((seller_id, notification_type), [])

    def subscriptions(self, seller: SellerGrant, notification_type: str) -> tuple[Subscription, ...]:
        with_end = self._called("getSubscriptions")
        found = tuple(self.of(seller.seller_id, notification_type))
        with_end()
        return found

    def create_subscription(
        self,
        seller: SellerGrant,
        notification_type: str,
        *,
        payload_version: str,
        destination_id: str,
        directive: Mapping[str, object] | None,
    ) -> Subscription:
        with_end = self._called("createSubscription")
        self.made += 1
        row = Subscription(f"new-{self.made}", payload_version, destination_id, directive)
        if any(self._excludes(row, other) for other in self.of(seller.seller_id, notification_type)):
            raise ConflictError("createSubscription", "Subscription already exist", status=409)
        self.held.setdefault((seller.seller_id, notification_type), []).append(row)
        with_end()
        return row

    def book_listings(self, seller: SellerGrant, count: int, most_seconds: float) -> Booking:
        self.listings_booked.append(count)
        return Booking("getSubscriptions", seller.seller_id, count, self.clock(), 1.0)

    def book_deletions(self, count: int, most_seconds: float) -> Booking:
        if self.turns_after is None:
            raise ThrottledError("deleteSubscriptionById", 500.0)
        booking = Booking("deleteSubscriptionById", "", count, self.clock() + self.turns_after, self.interval)
        self.bookings.append(booking)
        return booking

    def use(self, booking: Booking) -> None:
        self.bookings.append(booking)

    def delete_subscription(self, notification_type: str, subscription_id: str) -> None:
        """As the client: a deletion takes a turn that is due, whoever booked it."""
        turn = next((booking for booking in self.bookings if booking.count), None)
        assert turn is not None, "a deletion without a turn"
        assert turn.wait_seconds(self.clock()) <= 2, "a deletion long before its turn"
        turn.spend()
        with_end = self._called("deleteSubscriptionById")
        for (_, held_type), rows in self.held.items():
            for row in rows:
                if held_type == notification_type and row.subscription_id == subscription_id:
                    rows.remove(row)
                    with_end()
                    return
        raise NotFoundError("deleteSubscriptionById", "no such subscription", status=404)

    def destinations(self) -> tuple[Destination, ...]:
        with_end = self._called("getDestinations")
        found = tuple(self.destination_rows)
        if self.lagging_listings > 0:
            self.lagging_listings -= 1
            found = ()
        with_end()
        return found

    def get_destination(self, destination_id: str) -> Destination:
        with_end = self._called("getDestination")
        for row in self.destination_rows:
            if row.destination_id == destination_id:
                with_end()
                return row
        raise NotFoundError("getDestination", "no such destination", status=404)

    def create_destination(self, *, name: str, queue_arn: str) -> Destination:
        return self._create(Destination("", name, queue_arn=queue_arn))

    def create_event_bridge_destination(self, *, name: str, account_id: str, region: str) -> Destination:
        source = f"aws.partner/sellingpartnerapi.amazon.com/{account_id}/application"
        return self._create(
            Destination("", name, event_bridge=EventBridgeResource(source, account_id, region))
        )

    def _create(self, wanted: Destination) -> Destination:
        with_end = self._called("createDestination")
        for row in self.destination_rows:
            same = (row.queue_arn, row.event_bridge) == (wanted.queue_arn, wanted.event_bridge)
            if same or (self.unique_names and row.name == wanted.name):
                raise ConflictError("createDestination", "conflicts with the current state", status=409)
        self.made += 1
        made = replace(wanted, destination_id=f"destination-{self.made}")
        self.destination_rows.append(made)
        with_end()
        return made

    def delete_destination(self, destination_id: str) -> None:
        with_end = self._called("deleteDestination")
        left = [row for row in self.destination_rows if row.destination_id != destination_id]
        if len(left) == len(self.destination_rows):
            raise NotFoundError("deleteDestination", "no such destination", status=404)
        self.destination_rows = left
        with_end()

    def _called(self, operation: str) -> Callable[[], None]:
        number = len(self.calls)
        self._fault(number, operation, "before")
        self.calls.append(operation)
        return lambda: self._fault(number, operation, "after")

    def _fault(self, number: int, operation: str, moment: Moment) -> None:
        error = self.fault(number, operation, moment)
        if error is not None:
            raise error

    def _excludes(self, one: Subscription, other: Subscription) -> bool:
        if one.payload_version != other.payload_version:
            return False
        filtered = any((row.directive or {}).get("filterExpression") for row in (one, other))
        differing = canonical(one.directive) != canonical(other.directive)
        return self.excluding(one, other) and not (self.side_by_side and filtered and differing)


def kill_at(number: int, moment: Moment) -> Fault:
    """End the process before or after the call with that number."""
    return lambda at, _, when: KilledError() if (at, when) == (number, moment) else None

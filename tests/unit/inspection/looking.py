"""An Amazon that can only be looked at, and an inspector before it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from sellerbus.api.booking import Booking
from sellerbus.api.lwa import Grant, SellerGrant
from sellerbus.api.notifications import Destination, Subscription
from sellerbus.notifications.authorisations import Authorisations
from sellerbus.notifications.inspection import Inspector
from sellerbus.notifications.seller_record import Record, StateView
from sellerbus.notifications.wanted import KEEP, Destinations, Wanted, WantedSubscription
from tests.unit.subscriptions.fake_registry import FakeRegistry, row

SELLER = "A1SELLER"
ORDERS, PRICES = "ORDER_CHANGE", "PRICING_HEALTH"


def subscription(name: str, destination: str = "ours", version: str = "1.0") -> Subscription:
    return Subscription(name, version, destination)


@dataclass
class Amazon:
    """Answers listings; what would change something fails. faults: what to raise, by type or question."""

    held: dict[str, list[Subscription]] = field(default_factory=dict)
    destination_rows: list[Destination] = field(default_factory=list)
    faults: dict[str, Exception] = field(default_factory=dict)
    booking_fault: Exception | None = None
    listed: list[str] = field(default_factory=list)
    sent: list[dict[str, str]] = field(default_factory=list)

    def subscriptions(self, seller: SellerGrant, notification_type: str) -> tuple[Subscription, ...]:
        self.listed.append(notification_type)
        if notification_type in self.faults:
            raise self.faults[notification_type]
        return tuple(self.held.get(notification_type, ()))

    def book_listings(self, seller: SellerGrant, count: int, most_seconds: float) -> Booking:
        if self.booking_fault is not None:
            raise self.booking_fault
        return Booking("getSubscriptions", seller.seller_id, count, 0.0, 1.0)

    def destinations(self) -> tuple[Destination, ...]:
        if "destinations" in self.faults:
            raise self.faults["destinations"]
        return tuple(self.destination_rows)

    def get_destination(self, destination_id: str) -> Destination:
        if "destination" in self.faults:
            raise self.faults["destination"]
        return next(item for item in self.destination_rows if item.destination_id == destination_id)

    def send_test_notification(self, **request: str) -> None:
        if "test" in self.faults:
            raise self.faults["test"]
        self.sent.append(request)

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"the inspector was about to call {name}")


class ReadOnlyRegistry(FakeRegistry):
    def set_status(self, *_: object, **__: object) -> NoReturn:
        raise AssertionError("the inspector was about to change a seller's row")

    delete_removed = change = set_status


@dataclass
class ReadOnlyStates:
    """Gives copies, as a table does; it has no lease to give."""

    records: dict[str, Record] = field(default_factory=dict)
    busy_until: float | None = None

    def show(self, seller_id: str) -> StateView:
        lease = {"leaseUntil": {"N": str(self.busy_until)}} if self.busy_until else {}
        return StateView.from_item({"sellerId": {"S": seller_id}, **lease})

    def record(self, seller_id: str) -> Record:
        return copy.deepcopy(self.records.get(seller_id, Record()))


@dataclass
class Tokens:
    """Login with Amazon: refuses whom it is told to, by scope or seller id."""

    refusals: dict[str, Exception] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def token(self, grant: Grant, remaining_seconds: Callable[[], float]) -> str:
        name = grant if isinstance(grant, str) else grant.seller_id
        self.asked.append(name)
        assert remaining_seconds() > 0
        if name in self.refusals:
            raise self.refusals[name]
        return "Atza|token"


@dataclass
class Looking:
    tokens: Tokens = field(default_factory=Tokens)
    amazon: Amazon = field(default_factory=Amazon)
    states: ReadOnlyStates = field(default_factory=ReadOnlyStates)
    registry: ReadOnlyRegistry = field(default_factory=lambda: ReadOnlyRegistry({SELLER: row(SELLER)}))
    wanted: Wanted = field(
        default_factory=lambda: Wanted(
            Destinations("ours", "ours-bridge"),
            KEEP,
            (WantedSubscription(ORDERS, "1.0"), WantedSubscription(PRICES, "1.0")),
        )
    )
    application: Callable[[], str] = lambda: "application-1"
    sandbox: bool = False

    def ask(self, request: str, **given: Any) -> dict[str, Any]:
        inspector = Inspector(
            registry=self.registry,
            states=self.states,
            api=self.amazon,
            application=self.application,
            wanted=lambda: self.wanted,
            authorisations=lambda: Authorisations(
                tokens=self.tokens,
                registry=self.registry,
                remaining_seconds=lambda: 30.0,
                notices=lambda: self.tokens.notices,
            ),
            sandbox=self.sandbox,
            clock=lambda: 1000.0,
        )
        return inspector.answer({"request": request, **given})

    def plan(self, seller_id: str = SELLER, **given: Any) -> Mapping[str, Any]:
        """Return the plan by notification type."""
        answer = self.ask("subscriptions", sellerId=seller_id, **given)
        assert "error" not in answer, answer
        return {item["notificationType"]: item for item in answer["plan"]}

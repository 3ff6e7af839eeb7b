"""Customers' orders, as Amazon keeps them, and what control has said of messages about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum


class Status(Enum):
    """`FulfillmentStatus` of the model orders_2026-01-01.json; version 0 has another name for each."""

    PENDING_AVAILABILITY = "PENDING_AVAILABILITY"
    PENDING = "PENDING"
    UNSHIPPED = "UNSHIPPED"
    PARTIALLY_SHIPPED = "PARTIALLY_SHIPPED"
    SHIPPED = "SHIPPED"
    CANCELLED = "CANCELLED"
    UNFULFILLABLE = "UNFULFILLABLE"


class FulfilledBy(Enum):
    MERCHANT = "MERCHANT"
    AMAZON = "AMAZON"


class Form(Enum):
    """Where getMessagingActionsForOrder puts the schemas of its actions.

    `embedded` is as Amazon was seen to answer (in `_embedded.schema`), `payload` as the model has it (in
    `_embedded.schema.payload`), `links` as the model's sandbox answers: no `_embedded` at all.
    """

    EMBEDDED = "embedded"
    PAYLOAD = "payload"
    LINKS = "links"


@dataclass
class Item:
    """`price` is of one piece. The flags say which kinds of messages such an item is a reason for."""

    item_id: str
    asin: str
    sku: str
    title: str
    quantity: int
    price: Decimal
    shipped: int = 0
    customized: bool = False
    digital: bool = False
    home_service: bool = False


@dataclass(frozen=True)
class Buyer:
    """Nobody: every buyer of the simulation lives at Amazon's address in Seattle."""

    name: str = "Alex Example"
    email: str = "buyer@marketplace.example.com"
    company: str | None = None
    address_line: str = "410 Terry Ave N"
    city: str = "Seattle"
    state: str = "WA"
    postal_code: str = "98109"
    country: str = "US"
    phone: str = "+1 206 555 0100"


@dataclass(frozen=True)
class Package:
    reference: str
    carrier: str
    tracking_number: str
    shipped_at: float
    quantities: tuple[tuple[str, int], ...]


@dataclass
class MessageSettings:
    """What control has said of messages about one order; without a word the order's state decides.

    `offered` are the action names that Amazon lists; `hidden` of them have x-ui-hidden, `disabled` ones a
    reason. `once` are those that may be sent once only, and `gone_when_sent` has them leave the list then,
    where they would be disabled.
    """

    form: Form = Form.EMBEDDED
    offered: tuple[str, ...] | None = None
    hidden: frozenset[str] = frozenset()
    disabled: dict[str, str] = field(default_factory=dict)
    once: frozenset[str] = frozenset()
    gone_when_sent: bool = False


@dataclass
class Order:
    """One order. Times are seconds since the epoch; `shipped_at` is when the last piece went."""

    order_id: str
    sequence: int
    seller_id: str
    region: str
    marketplace_id: str
    status: Status
    fulfilled_by: FulfilledBy
    created_at: float
    updated_at: float
    items: list[Item]
    currency: str
    locale: str | None
    buyer: Buyer = field(default_factory=Buyer)
    shipped_at: float | None = None
    packages: list[Package] = field(default_factory=list)
    regulated: bool = False
    verification: dict[str, object] = field(default_factory=dict)
    messages: MessageSettings = field(default_factory=MessageSettings)

    @property
    def total(self) -> Decimal:
        return sum((item.price * item.quantity for item in self.items), Decimal())

    @property
    def shipped_pieces(self) -> int:
        return sum(item.shipped for item in self.items)

    @property
    def unshipped_pieces(self) -> int:
        return sum(item.quantity for item in self.items) - self.shipped_pieces

    def has_become(self, status: Status, now: float) -> None:
        """Its pieces follow: shipped wholly, partly or not at all."""
        self.status, self.updated_at = status, now
        if status is Status.SHIPPED:
            self.shipped_at = now
            for item in self.items:
                item.shipped = item.quantity
        elif status is not Status.PARTIALLY_SHIPPED:
            self.shipped_at = None
            for item in self.items:
                item.shipped = 0


class OrderBook:
    """All orders. An order id is looked up for a seller in a region only, as those have no others."""

    def __init__(self) -> None:
        self._orders: dict[tuple[str, str, str], Order] = {}

    def __iter__(self) -> Iterator[Order]:
        return iter(self._orders.values())

    def __len__(self) -> int:
        return len(self._orders)

    def add(self, order: Order) -> None:
        self._orders[(order.region, order.seller_id, order.order_id)] = order

    def of(self, region: str, seller_id: str, order_id: str) -> Order | None:
        return self._orders.get((region, seller_id, order_id))

    def sellers(self, region: str, seller_id: str) -> list[Order]:
        """A seller's orders, oldest first."""
        found = [held for held in self if (held.region, held.seller_id) == (region, seller_id)]
        return sorted(found, key=lambda order: (order.created_at, order.sequence))

    def named(self, order_id: str, seller_id: str | None, region: str | None) -> list[Order]:
        return [
            order
            for order in self
            if order.order_id == order_id
            and seller_id in (None, order.seller_id)
            and region in (None, order.region)
        ]

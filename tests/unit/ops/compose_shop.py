"""A stage to compose messages for, without any AWS: its sellers, their orders and what those allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

from ops.cells import Found
from ops.compose_letter import Letter
from ops.errors import FAILED, CommandError
from ops.message_actions_answers import Action, Actions, Limits, Order, Orders
from ops.message_actions_whom import Whom
from ops.stage import Cell
from sellerbus.messaging.templates import Template

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
US, CANADA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"
ORDER, OTHER_ORDER, UNLISTED = "902-6786204-8179805", "902-1111111-1111111", "902-9999999-9999999"
RULE = "800 character limit. Only links related to order completion are allowed, no HTML or email addresses."


@dataclass(frozen=True)
class _Cell:
    region: str = "na"
    stage_name: str = "example"


def limits(maximum: int | None, *, minimum: int = 0, required: bool = True, description: str = "") -> Limits:
    return Limits(minimum, maximum, required, description)


def kind(name: str, title: str, **changes: Any) -> Action:
    """A type that is possible and takes nothing, but for `changes`."""
    found = Action(name, name, title, "", True, None, False, False, None, None, False, "embedded")
    return replace(found, **changes)


CUSTOMIZATION = kind(
    "confirmCustomizationDetails",
    "Confirm customization details",
    description="Ask your customer to verify the customization input provided.",
    text=limits(800, minimum=1, description=RULE),
    attachments=limits(5, description="You can upload text files and PDFs."),
)
DETAILS = kind("confirmOrderDetails", "Confirm order details", text=limits(2000, minimum=1))
WARRANTY = kind("warranty", "Send warranty information", attachments=limits(5, minimum=1), coverage=True)
INVOICE = kind("invoice", "Send invoice", attachments=limits(5, minimum=1))
DELIVERY = kind(
    "confirmDeliveryDetails", "Confirm delivery details", allowed=False, why="it is delivered already"
)
HIDDEN = kind("negativeFeedbackRemoval", "Request to update negative feedback", hidden=True)


def order(order_id: str, status: str = "UNSHIPPED") -> Order:
    return Order(order_id, "2026-11-19T09:00:00Z", status, "MERCHANT", 2, "34.50 USD")


@dataclass
class Shop:
    """Answers as `compose_asking.Desk`. asked: what was, in order. failures: what is said, by what fails."""

    marketplaces: tuple[str, ...] = (US,)
    seller_ids: tuple[str, ...] = ("A2BAZU3EXAMPLE",)
    listed: tuple[Order, ...] = (order(ORDER), order(OTHER_ORDER, "SHIPPED"))
    allowed: tuple[Action, ...] = (CUSTOMIZATION, DETAILS, WARRANTY, INVOICE, DELIVERY, HIDDEN)
    locale: str | None = "en-US"
    ready: Sequence[Template] = ()
    before: str | None = None
    complete: bool = True
    days: int = 30
    asked: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)

    def sellers(self) -> Sequence[Found]:
        return [Found(cast("Cell", _Cell()), name, "active") for name in self.seller_ids]

    def whom(self, seller: Found) -> Whom:
        return Whom(seller.cell, seller.seller_id, self.marketplaces)

    def orders(self, whom: Whom, marketplace_id: str, *, fresh: bool) -> Orders:
        self._ask("orders", f"orders of {marketplace_id}{' anew' if fresh else ''}")
        return Orders(self.listed, self.complete, "2026-11-22T08:58:00Z")

    def actions(self, whom: Whom, marketplace_id: str, order_id: str) -> Actions:
        self._ask("actions", f"actions of {order_id}")
        return Actions(self.locale, self.allowed)

    def templates(self, letter: Letter) -> Sequence[Template]:
        self._ask("templates", "templates")
        return self.ready

    def same(self, letter: Letter) -> str | None:
        self._ask("same", "same")
        return self.before

    def now(self) -> datetime:
        return NOW

    def _ask(self, what: str, words: str) -> None:
        self.asked.append(words)
        if what in self.failures:
            raise CommandError(self.failures[what], FAILED)

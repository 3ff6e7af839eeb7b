"""What the tests of looking up orders share: a registry, and Amazon's answers by script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sellerbus.api.orders import Order, OrderPage, Total
from sellerbus.aws.task_table import TaskTable
from sellerbus.messaging.looking import OrderLookUp
from sellerbus.messaging.orders import RecentOrders
from sellerbus.sellers.rows import Seller
from tests.fake_table import FakeTable
from tests.unit.subscriptions.fake_registry import row

SELLER = "A1SELLER"
US = "ATVPDKIKX0DER"
ORDER_ID = "902-6786204-8179805"
NOW = 1_782_000_000.0  # 2026-06-21T00:00:00Z


def order(number: int, purchased_at: str = "2026-06-20T10:00:00Z") -> Order:
    return Order(f"902-6786204-{number:07}", purchased_at, "UNSHIPPED", "MERCHANT", 1, Total("12.50", "USD"))


@dataclass
class Amazon:
    """pages: what page after page answers or raises; one more is asked for while the last isn't given.

    The first page is not the oldest orders in their order: else the rest would be asked for in parts.
    """

    pages: list[list[Order] | Exception] = field(default_factory=list)
    offered: object = None
    locale_told: str | None = "en-US"
    locales: int = 0
    error: Exception | None = None
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    sellers: list[str] = field(default_factory=list)

    def orders(self, seller: Seller) -> Amazon:
        self.sellers.append(seller.seller_id)
        return self

    def messaging(self, seller: Seller) -> Amazon:
        return self.orders(seller)

    def page(
        self, marketplace_id: str, created_after: str, token: str = "", *, created_before: str = ""
    ) -> OrderPage:
        assert created_before == ""
        self.calls.append((marketplace_id, created_after, token))
        if self.error:
            raise self.error
        number = int(token or "0")
        page = self.pages[number]
        if isinstance(page, Exception):
            raise page
        return OrderPage(tuple(page), str(number + 1) if number + 1 < len(self.pages) else "")

    def actions(self, order_id: str, marketplace_id: str) -> Mapping[str, object]:
        self.calls.append((order_id, marketplace_id))
        if self.error:
            raise self.error
        assert isinstance(self.offered, dict)
        return self.offered

    def locale(self, order_id: str, marketplace_id: str) -> str | None:
        self.locales += 1
        return self.locale_told


@dataclass
class Registry:
    rows: dict[str, Seller] = field(default_factory=lambda: {SELLER: row(SELLER)})

    def find(self, seller_id: str) -> Seller | None:
        return self.rows.get(seller_id)

    def add_again(self, seller: Seller) -> str:
        return f"add {seller.seller_id} again"

    def becomes(self, **changes: Any) -> None:
        self.rows[SELLER] = replace(self.rows[SELLER], **changes)


class Scene:
    def __init__(self, *pages: list[Order] | Exception) -> None:
        self.amazon, self.registry, self.dynamodb = Amazon(list(pages)), Registry(), FakeTable()
        self.now = NOW
        table = TaskTable(self.dynamodb.client, "messages", sleep=lambda seconds: None)
        self.recent = RecentOrders(table, now=lambda: self.now)
        self.look_up = OrderLookUp(registry=self.registry, amazon=self.amazon, recent=self.recent)

    def ask(self, request: str, **more: Any) -> dict[str, Any]:
        return self.look_up.answer({"request": request, "sellerId": SELLER, "marketplaceId": "US", **more})

    def ids(self, **more: Any) -> list[str]:
        return [each["amazonOrderId"] for each in self.ask("orders", **more)["orders"]]

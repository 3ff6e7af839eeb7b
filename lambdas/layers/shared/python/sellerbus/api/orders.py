"""A seller's orders without anything of their buyers, from the Orders API: versions 2026-01-01 and v0.

Source: Amazon's models orders_2026-01-01.json and ordersV0.json. What an answer may tell of buyers and
recipients is not read. v0's words for status and channel become those of 2026-01-01.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sellerbus.api import operations
from sellerbus.api.answers import Answer
from sellerbus.api.caller import Caller
from sellerbus.api.lwa import SellerGrant
from sellerbus.api.operation import Operation, Query
from sellerbus.api.order_fields import part, part_of, required, rows_in, told

V2026: Final = "2026-01-01"
V0: Final = "v0"
PAGE_SIZE: Final = "100"
# Not BUYER, not RECIPIENT, not PACKAGES: those tell of the buyer.
_INCLUDED: Final = ("FULFILLMENT", "PROCEEDS")

_STATUSES_V0: Final = {
    "PendingAvailability": "PENDING_AVAILABILITY",
    "Pending": "PENDING",
    "Unshipped": "UNSHIPPED",
    "PartiallyShipped": "PARTIALLY_SHIPPED",
    "Shipped": "SHIPPED",
    "InvoiceUnconfirmed": "SHIPPED",
    "Canceled": "CANCELLED",
    "Unfulfillable": "UNFULFILLABLE",
}
_FULFILLED_BY_V0: Final = {"AFN": "AMAZON", "MFN": "MERCHANT"}


@dataclass(frozen=True)
class Total:
    """amount: a decimal number as Amazon wrote it. currency: three letters (ISO 4217)."""

    amount: str
    currency: str


@dataclass(frozen=True)
class Order:
    """What lets a person tell an order from others. purchased_at: ISO 8601 as Amazon wrote it.

    status: a FulfillmentStatus of 2026-01-01, or what Amazon calls it; "" where it is not told.
    fulfilled_by: "AMAZON" or "MERCHANT"; None where it is not told, as are items and total.
    """

    order_id: str
    purchased_at: str
    status: str
    fulfilled_by: str | None
    items: int | None
    total: Total | None


@dataclass(frozen=True)
class OrderPage:
    """next_token: "" on the last page."""

    orders: tuple[Order, ...]
    next_token: str


class OrdersApi:
    """One seller's orders. version: V2026 or V0."""

    def __init__(self, client: Caller, seller: SellerGrant, version: str) -> None:
        self._client = client
        self._seller = seller
        self._is_v0 = version == V0

    def page(
        self, marketplace_id: str, created_after: str, token: str = "", *, created_before: str = ""
    ) -> OrderPage:
        """Return a page of the orders created since a time (ISO 8601). Raises what the client raises.

        token: the page before's; the other parameters must then be those that it was asked for with.
        created_before: "" for up to now, else a time at least two minutes ago.
        """
        page = self._page_v0 if self._is_v0 else self._page_2026
        return page(marketplace_id, created_after, created_before, token)

    def _page_2026(
        self, marketplace_id: str, created_after: str, created_before: str, token: str
    ) -> OrderPage:
        operation = operations.SEARCH_ORDERS
        query: Query = {
            "marketplaceIds": [marketplace_id],
            "createdAfter": created_after,
            **({"createdBefore": created_before} if created_before else {}),
            "maxResultsPerPage": PAGE_SIZE,
            "includedData": _INCLUDED,
            **({"paginationToken": token} if token else {}),
        }
        answer = self._client.call(operation, seller=self._seller, query=query)
        rows = rows_in(operation, answer, answer.body.get("orders"), "orders")
        return OrderPage(
            tuple(_order_2026(operation, answer, row) for row in rows),
            told(part(answer.body, "pagination"), "nextToken"),
        )

    def _page_v0(self, marketplace_id: str, created_after: str, created_before: str, token: str) -> OrderPage:
        operation = operations.GET_ORDERS_V0
        query: Query = {
            "MarketplaceIds": [marketplace_id],
            # The token holds the other parameters.
            **(
                {"NextToken": token}
                if token
                else {
                    "CreatedAfter": created_after,
                    **({"CreatedBefore": created_before} if created_before else {}),
                    "MaxResultsPerPage": PAGE_SIZE,
                }
            ),
        }
        answer = self._client.call(operation, seller=self._seller, query=query)
        payload = part(answer.body, "payload")
        rows = rows_in(operation, answer, payload.get("Orders"), "orders")
        return OrderPage(tuple(_order_v0(operation, answer, row) for row in rows), told(payload, "NextToken"))


def _order_2026(operation: Operation, answer: Answer, row: Mapping[str, object]) -> Order:
    fulfillment = part(row, "fulfillment")
    items = row.get("orderItems")
    return Order(
        required(operation, answer, row, "orderId"),
        required(operation, answer, row, "createdTime"),
        told(fulfillment, "fulfillmentStatus"),
        told(fulfillment, "fulfilledBy") or None,
        _sum([part_of(each).get("quantityOrdered") for each in items]) if isinstance(items, list) else None,
        _total(part(part(row, "proceeds"), "grandTotal"), "amount", "currencyCode"),
    )


def _order_v0(operation: Operation, answer: Answer, row: Mapping[str, object]) -> Order:
    status, channel = told(row, "OrderStatus"), told(row, "FulfillmentChannel")
    return Order(
        required(operation, answer, row, "AmazonOrderId"),
        required(operation, answer, row, "PurchaseDate"),
        _STATUSES_V0.get(status, status),
        _FULFILLED_BY_V0.get(channel, channel) or None,
        _sum([row.get("NumberOfItemsShipped"), row.get("NumberOfItemsUnshipped")]),
        _total(part(row, "OrderTotal"), "Amount", "CurrencyCode"),
    )


def _sum(counts: list[object]) -> int | None:
    """None where one of them is not told."""
    known = [each for each in counts if isinstance(each, int) and not isinstance(each, bool)]
    return sum(known) if len(known) == len(counts) else None


def _total(money: Mapping[str, object], amount: str, currency: str) -> Total | None:
    """None for an order that is still pending, which has no total yet."""
    total = Total(told(money, amount), told(money, currency))
    return total if total.amount and total.currency else None

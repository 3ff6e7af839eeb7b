"""Which orders of a seller changed in a time, and what state they are in: nothing of their buyers.

Source: Amazon's models orders_2026-01-01.json (searchOrders) and ordersV0.json (getOrders). What an answer
tells of buyers and recipients is not read, nor asked for where it can be left out. The words for status and
fulfilment are v0's, which Amazon's notifications have as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from sellerbus.api import operations
from sellerbus.api.answers import Answer
from sellerbus.api.operation import Operation, Query
from sellerbus.api.order_fields import part, required, rows_in, told
from sellerbus.api.orders import V0

PAGE_SIZE: Final = "100"
SETTLED_SECONDS: Final = 120.0
"""Amazon lists no change that is younger than this."""

# FULFILLMENT alone: the other datasets tell of the buyer, or of money.
_INCLUDED: Final = ("FULFILLMENT",)
_STATUSES: Final = {
    "PENDING_AVAILABILITY": "PendingAvailability",
    "PENDING": "Pending",
    "UNSHIPPED": "Unshipped",
    "PARTIALLY_SHIPPED": "PartiallyShipped",
    "SHIPPED": "Shipped",
    "CANCELLED": "Canceled",
    "UNFULFILLABLE": "Unfulfillable",
}
_FULFILLED_BY: Final = {"AMAZON": "AFN", "MERCHANT": "MFN"}


class Caller(Protocol):
    def call(self, operation: Operation, query: Query) -> Answer: ...


@dataclass(frozen=True)
class OrderItem:
    """shipped: pieces; None where Amazon didn't tell. sku: "" where the product has none."""

    item_id: str
    sku: str
    quantity: int
    shipped: int | None


@dataclass(frozen=True)
class ChangedOrder:
    """Times are ISO 8601 as Amazon wrote them. items: empty in v0, whose lists have none.

    fulfilled_by: "AFN", "MFN", or "" where it is not told, as marketplace_id may be. order_type: as v0 tells.
    """

    order_id: str
    updated_at: str
    purchased_at: str
    status: str
    fulfilled_by: str
    marketplace_id: str
    order_type: str
    items_shipped: int | None
    items_unshipped: int | None
    items: tuple[OrderItem, ...]


@dataclass(frozen=True)
class ChangedOrders:
    """One page. next_token: "" on the last."""

    orders: tuple[ChangedOrder, ...]
    next_token: str


class ChangedOrdersApi:
    """One seller's changed orders. version: as sellerbus.api.orders has them."""

    def __init__(self, caller: Caller, version: str) -> None:
        self._caller = caller
        self._is_v0 = version == V0

    def page(self, marketplace_ids: Sequence[str], since: str, until: str, token: str = "") -> ChangedOrders:
        """Return a page of the orders changed from `since` to `until` (ISO 8601), both included.

        until: at least SETTLED_SECONDS ago. token: the page before's; the rest is then as it was for that.
        Raises what the caller raises.
        """
        page = self._page_v0 if self._is_v0 else self._page_2026
        return page(list(marketplace_ids), since, until, token)

    def _page_2026(self, marketplace_ids: list[str], since: str, until: str, token: str) -> ChangedOrders:
        operation = operations.SEARCH_ORDERS
        query: Query = {
            "marketplaceIds": marketplace_ids,
            "lastUpdatedAfter": since,
            "lastUpdatedBefore": until,
            "maxResultsPerPage": PAGE_SIZE,
            "includedData": _INCLUDED,
            **({"paginationToken": token} if token else {}),
        }
        answer = self._caller.call(operation, query)
        rows = rows_in(operation, answer, answer.body.get("orders"), "orders")
        return ChangedOrders(
            tuple(_order_2026(operation, answer, row) for row in rows),
            told(part(answer.body, "pagination"), "nextToken"),
        )

    def _page_v0(self, marketplace_ids: list[str], since: str, until: str, token: str) -> ChangedOrders:
        operation = operations.GET_ORDERS_V0
        query: Query = {
            "MarketplaceIds": marketplace_ids,
            # The token holds the other parameters.
            **(
                {"NextToken": token}
                if token
                else {
                    "LastUpdatedAfter": since,
                    "LastUpdatedBefore": until,
                    "MaxResultsPerPage": PAGE_SIZE,
                }
            ),
        }
        answer = self._caller.call(operation, query)
        payload = part(answer.body, "payload")
        rows = rows_in(operation, answer, payload.get("Orders"), "orders")
        return ChangedOrders(
            tuple(_order_v0(operation, answer, row) for row in rows), told(payload, "NextToken")
        )


def _order_2026(operation: Operation, answer: Answer, row: Mapping[str, object]) -> ChangedOrder:
    fulfillment = part(row, "fulfillment")
    status, fulfilled_by = told(fulfillment, "fulfillmentStatus"), told(fulfillment, "fulfilledBy")
    items = tuple(
        _item(each) for each in rows_in(operation, answer, row.get("orderItems"), "an order's items")
    )
    shipped = None if any(item.shipped is None for item in items) else sum(i.shipped or 0 for i in items)
    ordered = sum(item.quantity for item in items)
    return ChangedOrder(
        order_id=required(operation, answer, row, "orderId"),
        updated_at=required(operation, answer, row, "lastUpdatedTime"),
        purchased_at=required(operation, answer, row, "createdTime"),
        status=_STATUSES.get(status, status),
        fulfilled_by=_FULFILLED_BY.get(fulfilled_by, ""),
        marketplace_id=told(part(row, "salesChannel"), "marketplaceId"),
        # An order of what can't be bought yet has a status of its own; 2026-01-01 tells no type.
        order_type="Preorder" if status == "PENDING_AVAILABILITY" else "StandardOrder",
        items_shipped=shipped,
        items_unshipped=None if shipped is None else ordered - shipped,
        items=items,
    )


def _item(row: Mapping[str, object]) -> OrderItem:
    fulfillment = part(row, "fulfillment")
    return OrderItem(
        told(row, "orderItemId"),
        told(part(row, "product"), "sellerSku"),
        _count(row, "quantityOrdered") or 0,
        _count(fulfillment, "quantityFulfilled"),
    )


def _order_v0(operation: Operation, answer: Answer, row: Mapping[str, object]) -> ChangedOrder:
    return ChangedOrder(
        order_id=required(operation, answer, row, "AmazonOrderId"),
        updated_at=required(operation, answer, row, "LastUpdateDate"),
        purchased_at=required(operation, answer, row, "PurchaseDate"),
        status=required(operation, answer, row, "OrderStatus"),
        fulfilled_by=told(row, "FulfillmentChannel"),
        marketplace_id=told(row, "MarketplaceId"),
        order_type=told(row, "OrderType") or "StandardOrder",
        items_shipped=_count(row, "NumberOfItemsShipped"),
        items_unshipped=_count(row, "NumberOfItemsUnshipped"),
        items=(),
    )


def _count(row: Mapping[str, object], name: str) -> int | None:
    value = row.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None

"""What requests for lists of orders must look like, in both versions, and which orders they mean. Pure.

Source: the parameters of the models ordersV0.json and orders_2026-01-01.json. That a list ends two minutes
before the request where nothing else is said is Amazon's default for CreatedBefore; that the tokens of pages
hold the filters, so that others beside them say nothing, is assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from simulator.errors import invalid
from simulator.order_book import FulfilledBy, Order, Status
from simulator.query import Query
from simulator.regions import MARKETPLACES

MAXIMUM_LISTED = 50
LARGEST_PAGE = 100
SETTLED_SECONDS = 120

V0_STATUSES = {
    Status.PENDING_AVAILABILITY: "PendingAvailability",
    Status.PENDING: "Pending",
    Status.UNSHIPPED: "Unshipped",
    Status.PARTIALLY_SHIPPED: "PartiallyShipped",
    Status.SHIPPED: "Shipped",
    Status.CANCELLED: "Canceled",
    Status.UNFULFILLABLE: "Unfulfillable",
}
V0_CHANNELS = {FulfilledBy.MERCHANT: "MFN", FulfilledBy.AMAZON: "AFN"}
INCLUDED_DATA = (
    *("BUYER", "RECIPIENT", "PROCEEDS", "EXPENSE", "PROMOTION", "CANCELLATION", "FULFILLMENT", "PACKAGES"),
    *("TAX", "PAYMENT", "FULFILLMENT_ORDERS"),
)
# What a buyer in this simulation never does: these filters leave no order.
_V0_OF_NONE = (
    *("EasyShipShipmentStatuses", "ElectronicInvoiceStatuses", "ActualFulfillmentSupplySourceId"),
    *("StoreChainStoreId", "EarliestDeliveryDateBefore", "EarliestDeliveryDateAfter"),
    *("LatestDeliveryDateBefore", "LatestDeliveryDateAfter"),
)
_V0_BESIDE_SELLER_ORDER_ID = (
    *("FulfillmentChannels", "OrderStatuses", "PaymentMethods", "LastUpdatedAfter", "LastUpdatedBefore"),
    "BuyerEmail",
)
_ONE_OF = "one of {} and {} is required, and both cannot be given"


@dataclass(frozen=True)
class OrderFilter:
    """What a list shall hold; empty means everything. Times are seconds since the epoch, both inclusive.

    `by_update` compares the time of the last update, not that of the order.
    """

    marketplace_ids: tuple[str, ...]
    since: float
    until: float
    by_update: bool
    statuses: tuple[str, ...] = ()
    fulfilled_by: tuple[str, ...] = ()
    order_ids: tuple[str, ...] = ()
    buyer_email: str | None = None
    page_size: int = LARGEST_PAGE
    nothing: bool = False

    def fits(self, order: Order) -> bool:
        time = order.updated_at if self.by_update else order.created_at
        return (
            not self.nothing
            and self.since <= time <= self.until
            and (not self.marketplace_ids or order.marketplace_id in self.marketplace_ids)
            and (not self.statuses or order.status.value in self.statuses)
            and (not self.fulfilled_by or order.fulfilled_by.value in self.fulfilled_by)
            and (not self.order_ids or order.order_id in self.order_ids)
            and self.buyer_email in (None, order.buyer.email)
        )


def v0_filter(query: Sequence[tuple[str, str]], region: str, now: float) -> OrderFilter | str:
    """The query of getOrders: a filter, or the NextToken of one."""
    asked = Query(query)
    marketplaces = _marketplaces(asked, "MarketplaceIds", region)
    if not marketplaces:
        raise invalid("MarketplaceIds: Missing or invalid request parameter")
    if token := asked.text("NextToken"):
        return token
    if "SellerOrderId" in asked:
        for name in _V0_BESIDE_SELLER_ORDER_ID:
            if name in asked:
                raise invalid(f"SellerOrderId and {name} cannot both be given")
    payment = asked.list("PaymentMethods", allowed=("COD", "CVS", "Other"))
    ids = asked.list("AmazonOrderIds", MAXIMUM_LISTED)
    seller_order_id = asked.text("SellerOrderId")
    found = _window(asked, "CreatedAfter", "CreatedBefore", "LastUpdatedAfter", "LastUpdatedBefore", now)
    in_store = asked.flag("IsISPU")
    return replace(
        found,
        marketplace_ids=marketplaces,
        statuses=_named(asked, "OrderStatuses", {name: held.value for held, name in V0_STATUSES.items()}),
        fulfilled_by=_named(
            asked, "FulfillmentChannels", {name: held.value for held, name in V0_CHANNELS.items()}
        ),
        order_ids=ids or ((seller_order_id,) if seller_order_id else ()),
        buyer_email=asked.text("BuyerEmail"),
        page_size=asked.integer("MaxResultsPerPage", 1, LARGEST_PAGE, LARGEST_PAGE),
        nothing=in_store
        or any(name in asked for name in _V0_OF_NONE)
        or bool(payment and "Other" not in payment),
    )


def order_filter(query: Sequence[tuple[str, str]], region: str, now: float) -> OrderFilter | str:
    """The query of searchOrders: a filter, or the paginationToken of one."""
    asked = Query(query)
    if token := asked.text("paginationToken"):
        return token
    found = _window(asked, "createdAfter", "createdBefore", "lastUpdatedAfter", "lastUpdatedBefore", now)
    return replace(
        found,
        marketplace_ids=_marketplaces(asked, "marketplaceIds", region),
        statuses=asked.list("fulfillmentStatuses", allowed=[held.value for held in Status]),
        fulfilled_by=asked.list("fulfilledBy", allowed=[held.value for held in FulfilledBy]),
        page_size=asked.integer("maxResultsPerPage", 1, LARGEST_PAGE, LARGEST_PAGE),
    )


def included_data(query: Sequence[tuple[str, str]]) -> frozenset[str]:
    return frozenset(Query(query).list("includedData", allowed=INCLUDED_DATA))


def _window(
    asked: Query, after: str, before: str, updated_after: str, updated_before: str, now: float
) -> OrderFilter:
    if (after in asked) == (updated_after in asked):
        raise invalid(_ONE_OF.format(after, updated_after))
    by_update = updated_after in asked
    first, last = (updated_after, updated_before) if by_update else (after, before)
    for name in (before,) if by_update else (updated_before,):
        if name in asked:
            raise invalid(f"{name} cannot be given with {first}")
    since, until = asked.time(first), asked.time(last)
    latest = now - SETTLED_SECONDS
    if until is not None and until > latest:
        raise invalid(f"{last} must be at least two minutes before the time of the request")
    if since is not None and until is not None and until < since:
        raise invalid(f"{last} must not be before {first}")
    return OrderFilter((), since or 0.0, latest if until is None else until, by_update)


def _marketplaces(asked: Query, name: str, region: str) -> tuple[str, ...]:
    given = asked.list(name, MAXIMUM_LISTED)
    for marketplace_id in given:
        if marketplace_id not in MARKETPLACES[region]:
            raise invalid(f"{name}: {marketplace_id} is not a marketplace of this endpoint")
    return given


def _named(asked: Query, name: str, values: dict[str, str]) -> tuple[str, ...]:
    return tuple(values[given] for given in asked.list(name, allowed=values))

"""A seller's recent orders, newest first, kept for some minutes: a listing costs much of a small quota.

What is kept, and answered, has nothing of the buyers in it. The row: pk `orders/<sellerId>/<marketplaceId>`,
sk `recent`, orders (gzip of their JSON documents), days, complete, readAt (ISO 8601), expiresAt (seconds
since 1970; DynamoDB may delete later than that).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from sellerbus.api.orders import Order
from sellerbus.aws.task_table import Key, Write
from sellerbus.messaging.order_pages import Orders, iso, recent_orders, time_of

KEPT_SECONDS: Final = 300
MOST_ORDERS: Final = 5_000
"""Kept, they are about a third of the 400 KB that a row may have; answered, a fifth of Lambda's 6 MB."""


class Table(Protocol):
    """The part of sellerbus.aws.task_table.TaskTable used here."""

    def get(self, key: Key) -> dict[str, Any] | None: ...

    def write(self, *writes: Write) -> None: ...


@dataclass(frozen=True)
class Listing:
    """orders: documents {amazonOrderId, purchasedAt, status, fulfilledBy, items, total {amount, currency}}.

    complete: whether all of the time asked for are there. read_at: when Amazon was asked, ISO 8601.
    """

    orders: tuple[Mapping[str, Any], ...]
    complete: bool
    read_at: str

    def to_document(self) -> dict[str, Any]:
        return {"orders": list(self.orders), "complete": self.complete, "readAt": self.read_at}


class RecentOrders:
    """now: seconds since 1970."""

    def __init__(self, table: Table, *, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now

    def read(
        self,
        api: Callable[[], Orders],
        seller_id: str,
        marketplace_id: str,
        days: int,
        *,
        fresh: bool = False,
    ) -> Listing:
        """Return the orders of the last `days`, those kept where they are young enough and not `fresh`.

        api: called only where Amazon has to be asked. Where quota or time end after the first page, what was
        read is the answer, not complete. Raises what the client raises, and StoreUnavailableError.
        """
        key = (f"orders/{seller_id}/{marketplace_id}", "recent")
        if not fresh and (kept := self._kept(key, days)):
            return kept
        listing = self._asked(api(), marketplace_id, days)
        row = {
            "orders": gzip.compress(json.dumps(listing.orders).encode()),
            "days": days,
            "complete": listing.complete,
            "readAt": listing.read_at,
            "expiresAt": int(self._now()) + KEPT_SECONDS,
        }
        self._table.write(Write.put(key, row))
        return listing

    def _kept(self, key: Key, days: int) -> Listing | None:
        row = self._table.get(key)
        if row is None or row["expiresAt"] <= self._now() or row["days"] < days:
            return None
        since = self._since(days)
        orders = (each for each in json.loads(gzip.decompress(row["orders"])) if _time(each) >= since)
        return Listing(tuple(orders), row["complete"], row["readAt"])

    def _asked(self, api: Orders, marketplace_id: str, days: int) -> Listing:
        read_at = datetime.fromtimestamp(self._now(), UTC)
        found, complete = recent_orders(api, marketplace_id, self._since(days), read_at, MOST_ORDERS)
        documents = sorted(_documents(found), key=_time, reverse=True)
        is_all = complete and len(documents) <= MOST_ORDERS
        return Listing(tuple(documents[:MOST_ORDERS]), is_all, iso(read_at))

    def _since(self, days: int) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC) - timedelta(days=days)


def _documents(orders: Sequence[Order]) -> list[dict[str, Any]]:
    # An order that was made while the pages were read can stand on two of them.
    once = {order.order_id: order for order in orders}
    return [
        {
            "amazonOrderId": order.order_id,
            "purchasedAt": order.purchased_at,
            "status": order.status,
            "fulfilledBy": order.fulfilled_by,
            "items": order.items,
            "total": order.total and {"amount": order.total.amount, "currency": order.total.currency},
        }
        for order in once.values()
    ]


def _time(document: Mapping[str, Any]) -> datetime:
    return time_of(document["purchasedAt"])

"""Reads a seller's recent orders, so that it is the newest that are there where quota or time end too early.

Amazon lists the oldest order first (amzn/selling-partner-api-docs, issue 3751), and takes some twenty pages
at once. So what doesn't fit on the first page is read in parts, the newest first: parts of the time that
hold some pages, by what the first page tells of how often orders come.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from sellerbus.api.errors import RetryableError, ThrottledError
from sellerbus.api.orders import Order, OrderPage

_FIRST_PART_PAGES: Final = 4
_LEAST_PART: Final = timedelta(hours=1)
"""Amazon wants the end of a part to be two minutes ago at least."""


class Orders(Protocol):
    """The part of sellerbus.api.orders.OrdersApi used here."""

    def page(
        self, marketplace_id: str, created_after: str, token: str = "", *, created_before: str = ""
    ) -> OrderPage: ...


def recent_orders(
    api: Orders, marketplace_id: str, since: datetime, now: datetime, most: int
) -> tuple[list[Order], bool]:
    """Return the orders since a time, some of them twice, and whether they are all that there are.

    most: how many are enough. Raises what the client raises for the first page, and for a later one that is
    refused for good.
    """
    first = api.page(marketplace_id, iso(since))
    found = list(first.orders)
    try:
        for after, before, token in _parts(first, since, now):
            more = token
            while True:
                if len(found) >= most:
                    return found, False
                page = api.page(marketplace_id, after, more, created_before=before)
                found += page.orders
                more = page.next_token
                if not more:
                    break
    except (ThrottledError, RetryableError):
        return found, False
    return found, True


def _parts(first: OrderPage, since: datetime, now: datetime) -> Iterator[tuple[str, str, str]]:
    """What is to be read after the first page: created after, created before, token."""
    if not first.next_token:
        return
    times = [time_of(order.purchased_at) for order in first.orders]
    if times != sorted(times) or not times or times[0] == times[-1]:
        yield iso(since), "", first.next_token
        return
    newest_read, end, before = times[-1], now, ""
    length = max(_FIRST_PART_PAGES * (newest_read - times[0]), _LEAST_PART)
    while end > newest_read:
        start = max(end - length, newest_read)
        after = iso(start)
        yield after, before, ""
        end, before, length = start, after, 2 * length


def time_of(text: str) -> datetime:
    """The earliest time for one that can't be read: the order is listed all the same, as the last."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def iso(time: datetime) -> str:
    """Whole seconds, in UTC."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

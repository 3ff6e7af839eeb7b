"""What Amazon is asked for, page by page: a seller's changed orders, and its feeds.

A subject has questions that are asked one after the other, each to its last page. A page tells the changes in
it, where to go on, and since when the next look must begin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from sellerbus.api.changed_orders import SETTLED_SECONDS, ChangedOrders
from sellerbus.api.recent_feeds import MOST_TYPES, RecentFeeds
from sellerbus.feeds.catalogue import FEED_TYPES
from sellerbus.missed.change import (
    FEED_PROCESSING_FINISHED,
    ORDER_CHANGE,
    Change,
    feed_finished,
    iso,
    order_change,
)
from sellerbus.missed.marks import Look
from sellerbus.notifications.wanted import WantedSubscription

ORDERS: Final = "orders"
FEEDS: Final = "feeds"
TYPES: Final[Mapping[str, str]] = {ORDERS: ORDER_CHANGE, FEEDS: FEED_PROCESSING_FINISHED}
"""The notification type of each subject."""

LONGEST_OPEN: Final = timedelta(days=3)
"""A feed that hasn't ended by then is followed no longer: Amazon ends them within hours."""

# A little more than Amazon's two minutes, since clocks differ.
_ORDERS_SETTLE: Final = timedelta(seconds=SETTLED_SECONDS + 30)
_LIVE_TYPES: Final = tuple(sorted(name for name, row in FEED_TYPES.items() if row.removed is None))
FEED_QUESTIONS: Final = tuple(
    _LIVE_TYPES[start : start + MOST_TYPES] for start in range(0, len(_LIVE_TYPES), MOST_TYPES)
)
"""Amazon wants to be told the feed types, and takes so many at once."""


class Orders(Protocol):
    """See sellerbus.api.changed_orders.ChangedOrdersApi."""

    def page(
        self, marketplace_ids: Sequence[str], since: str, until: str, token: str = ""
    ) -> ChangedOrders: ...


class Feeds(Protocol):
    """See sellerbus.api.recent_feeds.RecentFeedsApi."""

    def page(self, feed_types: Sequence[str], created_since: str, token: str = "") -> RecentFeeds: ...


@dataclass(frozen=True)
class Page:
    """look: where to go on; None after the last page of the last question.

    left_out: changes that Amazon's list tells too little of to make a notification.
    """

    changes: tuple[Change, ...]
    look: Look | None
    next_since: datetime
    left_out: int = 0


class Subject(Protocol):
    """What is looked for of one seller."""

    @property
    def name(self) -> str: ...

    @property
    def settle(self) -> timedelta:
        """The least age of a change that can be asked for."""

    def page(self, look: Look) -> Page:
        """Ask for one page. Raises what the API raises."""


class OrderSubject:
    """marketplace_ids: those of the seller from which notifications are wanted."""

    name = ORDERS
    settle = _ORDERS_SETTLE

    def __init__(self, api: Orders, seller_id: str, marketplace_ids: Sequence[str]) -> None:
        self._api = api
        self._seller_id = seller_id
        self._marketplaces = tuple(marketplace_ids)

    def page(self, look: Look) -> Page:
        found = self._api.page(self._marketplaces, iso(look.since), iso(look.until), look.token)
        changes = [order_change(self._seller_id, order) for order in found.orders]
        known = tuple(change for change in changes if change is not None)
        return Page(
            known,
            replace(look, token=found.next_token) if found.next_token else None,
            look.until,
            left_out=len(changes) - len(known),
        )


class FeedSubject:
    """Amazon filters feeds by when they were created, not by when they ended: so the next look begins with
    the oldest that hasn't ended, or has just now.
    """

    name = FEEDS
    settle = timedelta()

    def __init__(self, api: Feeds, seller_id: str) -> None:
        self._api = api
        self._seller_id = seller_id

    def page(self, look: Look) -> Page:
        # Times of creation come in whole seconds; which way Amazon rounds is not said.
        since = iso(look.since - timedelta(seconds=1))
        found = self._api.page(FEED_QUESTIONS[look.question], since, look.token)
        ended = [feed for feed in found.feeds if feed.has_ended and _time(feed.ended_at) < look.until]
        open_since = [_time(feed.created_at) for feed in found.feeds if feed not in ended]
        look = replace(look, open_since=min([*open_since, look.open_since or look.until]))
        changes = tuple(feed_finished(self._seller_id, feed) for feed in ended)
        next_look = None
        if found.next_token:
            next_look = replace(look, token=found.next_token)
        elif look.question + 1 < len(FEED_QUESTIONS):
            next_look = replace(look, question=look.question + 1, token="")
        earliest = look.until - LONGEST_OPEN
        return Page(changes, next_look, max(earliest, min(look.until, look.open_since or look.until)))


def marketplaces_wanted(rows: Sequence[WantedSubscription], of_seller: Sequence[str]) -> tuple[str, ...]:
    """Return the marketplaces from which changes of an order's state are wanted; none where that can't be
    known (a filterExpression leaves out what it leaves out), or they aren't wanted.
    """
    wanted: set[str] = set()
    for row in rows:
        directive = row.directive or {}
        if directive.get("filterExpression"):
            continue
        event_filter = directive.get("eventFilter")
        event_filter = event_filter if isinstance(event_filter, Mapping) else {}
        types, places = event_filter.get("orderChangeTypes"), event_filter.get("marketplaceIds")
        if isinstance(types, list | tuple) and types and "OrderStatusChange" not in types:
            continue
        wanted |= (
            set(of_seller) & set(places) if isinstance(places, list | tuple) and places else {*of_seller}
        )
    return tuple(each for each in of_seller if each in wanted)


def is_wanted_whole(rows: Sequence[WantedSubscription]) -> bool:
    """Whether a type is wanted without a directive that leaves some out."""
    return any(not row.directive for row in rows)


def _time(text: str) -> datetime:
    """Raises ValueError for what is no time."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)

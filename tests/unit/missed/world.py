"""A seller at Amazon, what was notified of it, and a look at both that can be killed at every call."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sellerbus.api.changed_orders import ChangedOrder, ChangedOrders, OrderItem
from sellerbus.api.errors import PermanentError, ThrottledError
from sellerbus.api.recent_feeds import RecentFeed, RecentFeeds
from sellerbus.missed.change import iso
from sellerbus.missed.looking import Found, Looker
from sellerbus.missed.marks import Key, Mark
from sellerbus.missed.sending import NotificationSender
from sellerbus.missed.subjects import FeedSubject, OrderSubject, Subject
from sellerbus.missed.told import ToldThings
from sellerbus.notifications.catalogue import describe
from sellerbus.notifications.envelope import parse_envelope
from sellerbus.notifications.ordering import sighting_of

SELLER_ID = "A3TH9S8BH6GOGM"
US = "ATVPDKIKX0DER"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LEDGER = "ledger"


class KilledError(BaseException):
    """The function is gone."""


def order(order_id: str, at: datetime, status: str = "Shipped", **more: Any) -> ChangedOrder:
    fields: dict[str, Any] = {
        "order_id": order_id,
        "updated_at": iso(at),
        "purchased_at": iso(at - timedelta(days=1)),
        "status": status,
        "fulfilled_by": "MFN",
        "marketplace_id": US,
        "order_type": "StandardOrder",
        "items_shipped": 2,
        "items_unshipped": 0,
        "items": (OrderItem("1", "TEA", 2, 2),),
        **more,
    }
    return ChangedOrder(**fields)


def feed(feed_id: str, created: datetime, ended: datetime | None, status: str = "DONE") -> RecentFeed:
    return RecentFeed(
        feed_id,
        "JSON_LISTINGS_FEED",
        status if ended else "IN_PROGRESS",
        iso(created),
        iso(ended or created),
        "document-1" if ended else "",
    )


@dataclass
class MissedWorld:
    """calls: what was called, in order. kill_at: the call (from 0) that is the last, done or not (`after`).

    turns: how many calls to Amazon spare quota allows. tokens_end: Amazon knows no page's token any more.
    """

    now: datetime = NOON
    page_size: int = 2
    turns: int = 1000
    tokens_end: bool = False
    orders: list[ChangedOrder] = field(default_factory=list)
    feeds: list[RecentFeed] = field(default_factory=list)
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    queue: list[str] = field(default_factory=list)
    marks: dict[Key, Mark] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    kill_at: int | None = None
    after: bool = False

    def calling(self, name: str, act: Callable[[], Any]) -> Any:
        number = len(self.calls)
        self.calls.append(name)
        if number == self.kill_at and not self.after:
            raise KilledError
        answer = act()
        if number == self.kill_at:
            raise KilledError
        return answer

    def notify(self, notification: Mapping[str, Any]) -> None:
        """What process_notifications leaves behind of a notification."""
        envelope = parse_envelope(json.dumps(notification))
        sighting = sighting_of(envelope, describe(envelope))
        assert sighting is not None
        row = self.told.get(sighting.key)
        if row is None or int(row["eventTime"]["N"]) <= sighting.event_time:
            self.told[sighting.key] = {
                "pk": {"S": sighting.key},
                "eventTime": {"N": str(sighting.event_time)},
                **({"toldState": {"S": sighting.state}} if sighting.state else {}),
            }

    def work_off(self) -> list[dict[str, Any]]:
        """Process what lies in the queue; the published notifications, each id once."""
        published = {parse_envelope(body).notification_id: json.loads(body) for body in self.queue}
        self.queue.clear()
        for notification in published.values():
            self.notify(notification)
        return list(published.values())

    # DynamoDB and SQS, as far as they are used.

    def batch_get_item(self, **request: Any) -> Mapping[str, Any]:
        def act() -> Mapping[str, Any]:
            keys = [key["pk"]["S"] for key in request["RequestItems"][LEDGER]["Keys"]]
            assert len(keys) == len(set(keys)) <= 100
            return {"Responses": {LEDGER: [self.told[key] for key in keys if key in self.told]}}

        answer: Mapping[str, Any] = self.calling("BatchGetItem", act)
        return answer

    def get_queue_attributes(self, **request: Any) -> Mapping[str, Any]:
        raise AssertionError(request)

    def send_message_batch(self, **request: Any) -> Mapping[str, Any]:
        assert request["QueueUrl"] == "notifications"
        assert len(request["Entries"]) <= 10

        def act() -> Mapping[str, Any]:
            self.queue += [entry["MessageBody"] for entry in request["Entries"]]
            return {}

        answer: Mapping[str, Any] = self.calling("SendMessageBatch", act)
        return answer

    def write(self, mark: Mark) -> Mark | None:
        def act() -> Mark | None:
            stands = self.marks.get(mark.key)
            if (stands.version if stands else "") != mark.version:
                return None
            written = replace(mark, version=f"v{len(self.calls)}")
            self.marks[mark.key] = written
            return written

        written: Mark | None = self.calling("PutItem", act)
        return written

    # Amazon.

    def asked(self, name: str, token: str, act: Callable[[], Any]) -> Any:
        if self.turns == 0:
            raise ThrottledError(name, 60)
        self.turns -= 1
        if token and self.tokens_end:
            raise PermanentError(name, "the token has expired", status=400)
        return self.calling(name, act)

    def look(
        self, subject: str, *, settle: timedelta = timedelta(minutes=30), since: datetime | None = None
    ) -> Found:
        looker = Looker(
            told=ToldThings(self, LEDGER, sleep=lambda _: None),
            sender=NotificationSender(self, "notifications"),
            marks=self,
            settle=settle,
            now=self.now.timestamp,
        )
        asks: Subject = (
            OrderSubject(_Orders(self), SELLER_ID, [US])
            if subject == "orders"
            else FeedSubject(_Feeds(self), SELLER_ID)
        )
        version = "1.0" if subject == "orders" else "2020-09-04"
        mark = self.marks.get((SELLER_ID, subject))
        return looker.look(SELLER_ID, asks, version, mark, since or NOON - timedelta(hours=2))


class _Orders:
    def __init__(self, world: MissedWorld) -> None:
        self._world = world

    def page(self, marketplace_ids: Sequence[str], since: str, until: str, token: str = "") -> ChangedOrders:
        def act() -> ChangedOrders:
            found = [each for each in self._world.orders if since <= each.updated_at <= until]
            start = int(token or 0)
            end = start + self._world.page_size
            return ChangedOrders(tuple(found[start:end]), str(end) if end < len(found) else "")

        assert list(marketplace_ids) == [US]
        page: ChangedOrders = self._world.asked("searchOrders", token, act)
        return page


class _Feeds:
    def __init__(self, world: MissedWorld) -> None:
        self._world = world

    def page(self, feed_types: Sequence[str], created_since: str, token: str = "") -> RecentFeeds:
        def act() -> RecentFeeds:
            found = [
                each
                for each in self._world.feeds
                if each.created_at >= created_since and each.feed_type in feed_types
            ]
            start = int(token or 0)
            end = start + self._world.page_size
            return RecentFeeds(tuple(found[start:end]), str(end) if end < len(found) else "")

        assert len(feed_types) <= 10
        page: RecentFeeds = self._world.asked("getFeeds", token, act)
        return page

"""Feeds and messages that are not at their end: how many, how old, and how many need a person.

Source: DynamoDB API, Query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from sellerbus.aws.errors import aws_call
from sellerbus.aws.items import attribute, plain
from sellerbus.feeds.task import TaskState
from sellerbus.messaging import task as messages
from sellerbus.watching.gauges import SECONDS, Gauge

OPEN_FEEDS: Final = frozenset(TaskState) - {TaskState.ENDED}
OPEN_MESSAGES: Final = frozenset(messages.MessageState) - messages.ENDED


class QueryingDynamoDb(Protocol):
    """The part of boto3's DynamoDB client used here."""

    def query(self, **request: Any) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Open:
    """How many tasks are in some states. oldest_at: since when the oldest is there, s since 1970."""

    count: int = 0
    oldest_at: float | None = None

    def __add__(self, other: Open) -> Open:
        times = [each for each in (self.oldest_at, other.oldest_at) if each is not None]
        return Open(self.count + other.count, min(times, default=None))


class TaskStates:
    """The index of a table's tasks by their state, the oldest first; it may be some seconds old."""

    def __init__(self, client: QueryingDynamoDb, table_name: str, index_name: str) -> None:
        self._client = client
        self._table = table_name
        self._index = index_name

    def open(self, states: Iterable[str]) -> Open:
        """Return the tasks that are in any of the states. Raises StoreUnavailableError."""
        return sum((self._in(state) for state in sorted(states)), Open())

    def _in(self, state: str) -> Open:
        request: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": self._index,
            "KeyConditionExpression": "#state = :state",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {":state": attribute(str(state))},
            "ProjectionExpression": "createdAt",
        }
        found = Open()
        while True:
            with aws_call("Query"):
                page = self._client.query(**request)
            items = page.get("Items", [])
            found += Open(len(items), _seconds(items[0]) if items else None)
            if not page.get("LastEvaluatedKey"):
                return found
            request = {**request, "ExclusiveStartKey": page["LastEvaluatedKey"]}


def feed_gauges(states: TaskStates, now: Callable[[], float]) -> list[Gauge]:
    """now: seconds since 1970. The oldest feed's age counts from when it was handed over; without any: 0."""
    found = states.open(OPEN_FEEDS)
    age = 0.0 if found.oldest_at is None else max(now() - found.oldest_at, 0.0)
    return [
        Gauge("OpenFeeds", found.count),
        Gauge("OldestOpenFeed", round(age), SECONDS),
        Gauge("UncertainFeeds", states.open([TaskState.UNCERTAIN]).count),
    ]


def message_gauges(states: TaskStates) -> list[Gauge]:
    return [
        Gauge("OpenMessages", states.open(OPEN_MESSAGES).count),
        Gauge("UncertainMessages", states.open([messages.MessageState.UNCERTAIN]).count),
    ]


def _seconds(item: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(plain(item["createdAt"])).timestamp()

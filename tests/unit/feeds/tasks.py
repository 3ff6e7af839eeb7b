"""Tasks and their store, as tests of feed tasks use them."""

from __future__ import annotations

from typing import Any

from sellerbus.aws.task_table import TaskTable
from sellerbus.feeds.task import FeedTask, Source, iso
from sellerbus.feeds.task_store import TaskStore
from tests.fake_table import FakeTable

NOW = 1_800_000_000.0
SELLER = "A2EW6EXAMPLE11"
TYPE = "JSON_LISTINGS_FEED"
MARKETPLACE = "ATVPDKIKX0DER"


class Clock:
    """A clock that is set by hand; seconds since 1970. Sleeping moves it."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def task(task_id: str = "t1", *, handed_over: float = NOW, **changes: Any) -> FeedTask:
    """A task as it was handed over."""
    at = iso(handed_over)
    values: dict[str, Any] = {
        "task_id": task_id,
        "seller_id": SELLER,
        "feed_type": TYPE,
        "marketplace_ids": (MARKETPLACE,),
        "content_type": "application/json; charset=UTF-8",
        "source": Source("inbox", f"feeds/{SELLER}/{TYPE}/{task_id}.json", "v1"),
        "origin": "inbox",
        "request_hash": "0" * 64,
        "handed_over_at": at,
        "created_at": at,
        "updated_at": at,
    }
    return FeedTask(**{**values, **changes})


def store_on(table: FakeTable, clock: Clock) -> TaskStore:
    """The task store on a fake table."""
    return TaskStore(TaskTable(table.client, "tasks", sleep=clock.sleep), now=clock)

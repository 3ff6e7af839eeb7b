"""Open tasks are counted by what the stores write, not by what a test makes up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.aws.task_table import TaskTable
from sellerbus.feeds.task import Outcome, TaskState
from sellerbus.messaging.task import MessageState
from sellerbus.messaging.task_store import MessageStore
from sellerbus.watching.gauges import Gauge
from sellerbus.watching.open_tasks import Open, TaskStates, feed_gauges, message_gauges
from tests.fake_table import FakeTable
from tests.fakes import client_error
from tests.unit.feeds.tasks import NOW, Clock, store_on, task
from tests.unit.messaging.message_rows import row


class Paged:
    """A table that answers two items at a time."""

    def __init__(self, table: FakeTable) -> None:
        self._table = table
        self.requests: list[Mapping[str, Any]] = []

    def query(self, **request: Any) -> Mapping[str, Any]:
        self.requests.append(request)
        return self._table.query(**request, Limit=2)


def states(table: FakeTable) -> TaskStates:
    return TaskStates(Paged(table), "tasks", "byState")


def gauges(found: list[Gauge]) -> dict[str, float]:
    return {each.name: each.value for each in found}


def test_feeds_are_open_until_they_end_and_as_old_as_their_handing_over() -> None:
    table, clock = FakeTable(), Clock()
    store = store_on(table, clock)
    for number, age in enumerate((60, 9 * 3600, 3600, 120, 20 * 3600, 180)):
        store.create(task(f"t{number}", handed_over=NOW - age))
    store.change(store.get("t0"), state=TaskState.WAITING)
    store.change(store.get("t1"), state=TaskState.UNCERTAIN)
    store.end(store.get("t4"), Outcome.FAILED)
    assert gauges(feed_gauges(states(table), clock)) == {
        "OpenFeeds": 5,
        "OldestOpenFeed": 9 * 3600,
        "UncertainFeeds": 1,
    }


def test_without_any_feed_all_are_measured_as_nothing() -> None:
    found = feed_gauges(states(FakeTable()), Clock())
    assert gauges(found) == {"OpenFeeds": 0, "OldestOpenFeed": 0, "UncertainFeeds": 0}
    assert {each.name: each.unit for each in found}["OldestOpenFeed"] == "Seconds"


def test_messages_are_open_until_they_end() -> None:
    table, clock = FakeTable(), Clock()
    store = MessageStore(TaskTable(table.client, "messages", sleep=clock.sleep), now=clock)
    for number in range(4):
        store.create(row(f"m{number}"), same_message_seconds=0)
    store.change(store.get("m1"), state=MessageState.UNCERTAIN)
    store.change(store.get("m2"), state=MessageState.FAILED)
    assert gauges(message_gauges(states(table))) == {"OpenMessages": 3, "UncertainMessages": 1}


def test_no_text_is_asked_for() -> None:
    paged = Paged(FakeTable())
    TaskStates(paged, "messages", "byState").open([MessageState.ACCEPTED])
    (request,) = paged.requests
    assert (request["IndexName"], request["ProjectionExpression"]) == ("byState", "createdAt")


def test_the_oldest_of_several_states_counts() -> None:
    assert Open() + Open(1, 5.0) + Open(2, 3.0) == Open(3, 3.0)


def test_a_table_that_does_not_answer_is_no_table_without_tasks() -> None:
    table = FakeTable()

    def fail(operation: str, request: Mapping[str, Any]) -> None:
        raise client_error(operation, "ThrottlingException")

    table.fault = fail
    with pytest.raises(StoreUnavailableError, match="ThrottlingException"):
        feed_gauges(states(table), Clock())

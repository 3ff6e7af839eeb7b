"""The registry's stream: one message per changed seller, and none lost when the queue refuses."""

from __future__ import annotations

from typing import Any

import pytest

from lambdas.queue_seller_changes import handler as module
from sellerbus.notifications.jobs import QueueError, SellerJob
from sellerbus.runtime import bootstrap
from tests.unit.subscriptions.fake_registry import FakeQueue
from tests.unit.subscriptions.handlers import Context, set_environment


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> FakeQueue:
    set_environment(monkeypatch)
    queue = FakeQueue()
    monkeypatch.setattr(bootstrap, "subscription_queue", lambda url: queue)
    return queue


def run(*changes: tuple[str, str]) -> dict[str, Any]:
    records = [
        {
            "eventName": kind,
            "dynamodb": {"Keys": {"sellerId": {"S": seller_id}}, "SequenceNumber": str(number)},
        }
        for number, (kind, seller_id) in enumerate(changes, start=9)
    ]
    return module.handler({"Records": records}, Context())  # type: ignore[arg-type]


def test_one_message_per_changed_seller(queue: FakeQueue) -> None:
    answer = run(("INSERT", "A1"), ("MODIFY", "A2"), ("MODIFY", "A1"))
    assert queue.jobs == [SellerJob("A1"), SellerJob("A2")]
    assert answer == {"batchItemFailures": []}


def test_a_seller_whose_row_is_gone_is_queued_too(queue: FakeQueue) -> None:
    """Somebody may have deleted the row by hand: what is on record at Amazon goes without it."""
    run(("REMOVE", "A1"), ("REMOVE", "A2"), ("INSERT", "A2"))
    assert queue.jobs == [SellerJob("A1"), SellerJob("A2")]


def test_the_stream_goes_on_from_the_earliest_that_was_refused(queue: FakeQueue) -> None:
    queue.fault = QueueError([SellerJob("A3"), SellerJob("A2")], "InternalError")
    answer = run(("INSERT", "A1"), ("INSERT", "A2"), ("INSERT", "A3"), ("MODIFY", "A2"))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "10"}]}


def test_another_fault_fails_the_batch(queue: FakeQueue) -> None:
    queue.fault = ConnectionError("no queue")
    with pytest.raises(ConnectionError):
        run(("INSERT", "A1"))

"""A function's queue: when messages come back, and where those go that no retry helps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.aws.message_queue import Message, MessageQueue
from tests.unit.feeds.inbox_world import QUEUE_URL, World


def message(receive_count: int = 1) -> Message:
    return Message("m1", "r1", "body", receive_count)


def test_a_failed_message_waits_longer_each_time() -> None:
    waits = [message(count).retry_seconds for count in (1, 2, 3, 8, 9, 1000)]
    assert waits == [5, 10, 20, 640, 900, 900]


# SQS takes no more than twelve hours, which count from the receiving: some minutes less are left.
@pytest.mark.parametrize(("asked", "hidden"), [(-1, 0), (7, 7), (10**6, 11 * 3600 + 2700)])
def test_a_message_is_hidden_as_long_as_sqs_allows(asked: int, hidden: int) -> None:
    world = World()
    world.queue.hide(message(), asked)
    assert world.hidden == [hidden]


def test_the_dead_letter_queue_is_looked_up_once() -> None:
    world = World()
    calls: list[str] = []
    world.fault = calls.append
    world.queue.reject(message(), "why", "x" * 5000)
    world.queue.reject(message(), "why", "")
    assert calls == ["GetQueueAttributes", "GetQueueUrl", "SendMessage", "SendMessage"]
    assert [len(letter["detail"]) for letter in world.dead_letters] == [1000, 3]
    assert world.dead_letters[0]["sourceMessageId"] == "m1"


def test_a_queue_without_a_dead_letter_queue_rejects_nothing() -> None:
    class Bare:
        def get_queue_attributes(self, **_: Any) -> Mapping[str, Any]:
            return {}

    client: Any = Bare()
    with pytest.raises(StoreUnavailableError, match="NoRedrivePolicy"):
        MessageQueue(client, QUEUE_URL).reject(message(), "why", "detail")


def test_a_record_of_lambdas_event_is_a_message() -> None:
    record: dict[str, Any] = {
        "messageId": "m1",
        "receiptHandle": "r1",
        "body": "body",
        "attributes": {"ApproximateReceiveCount": "3", "SentTimestamp": "1795341451503"},
    }
    assert Message.of_record(record) == replace(message(3), sent_at=1795341451.503)
    del record["attributes"]["SentTimestamp"]
    assert Message.of_record(record) == message(3)

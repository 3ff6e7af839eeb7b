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


def put_back(**attributes: str) -> Message:
    told = {name: {"stringValue": value, "dataType": "String"} for name, value in attributes.items()}
    return Message.of_record(
        {
            "messageId": "m2",
            "receiptHandle": "r2",
            "body": "body",
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "5000"},
            "messageAttributes": told,
        }
    )


def test_a_message_that_was_put_back_is_still_the_first_one() -> None:
    again = put_back(originalMessageId="m1", originalSentTimestamp="3000")
    assert (again.message_id, again.identity, again.sent_at) == ("m2", "m1", 3.0)
    assert put_back().identity == "m2"


# Anybody who may send to the queue may send attributes.
@pytest.mark.parametrize("told", ["9000", "-1", "soon", ""])
def test_no_attribute_makes_a_message_younger_than_it_is(told: str) -> None:
    assert put_back(originalSentTimestamp=told).sent_at == 5.0


def test_a_message_without_a_usable_first_id_has_its_own() -> None:
    assert [put_back(originalMessageId=told).identity for told in ("", "x" * 101)] == ["m2", "m2"]


def test_a_rejected_message_takes_its_first_id_along() -> None:
    world = World()
    world.queue.reject(put_back(originalMessageId="m1"), "why", "detail")
    world.queue.reject(message(), "why", "detail")
    assert [letter.get("originalMessageId") for letter in world.dead_letters] == ["m1", None]

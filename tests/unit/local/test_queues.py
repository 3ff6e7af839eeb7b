"""A careful consumer's reading: copies are told apart from the queue's own redeliveries."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.queues import (
    Delivery,
    Received,
    dead_letters,
    drain,
    drain_until,
    parse_event,
    queue_depth,
)


def message(message_id: str, notification_id: str, *, stale: bool = False) -> dict[str, Any]:
    detail = {
        "eventId": f"event of {notification_id}",
        "notificationId": notification_id,
        "notificationType": "ORDER_CHANGE",
        "stale": stale,
    }
    return {
        "MessageId": message_id,
        "ReceiptHandle": f"r{message_id}",
        "Body": json.dumps({"source": "sellerbus.notifications", "detail": detail}),
    }


def drifted(message_id: str) -> dict[str, Any]:
    event = {
        "source": "sellerbus.subscriptions",
        "detail-type": "SubscriptionDrifted",
        "detail": {"eventId": "e", "notificationType": "ORDER_CHANGE", "drift": "missing"},
    }
    return {"MessageId": message_id, "ReceiptHandle": f"r{message_id}", "Body": json.dumps(event)}


def delivery(message_id: str, notification_id: str, *, stale: bool = False) -> Delivery:
    read = parse_event(message(message_id, notification_id, stale=stale))
    assert isinstance(read, Delivery)
    return read


class FakeSqs:
    """Gives out its messages once, at most `per_answer` at a time."""

    def __init__(self, *messages: dict[str, Any], per_answer: int = 10) -> None:
        self.waiting = list(messages)
        self.deleted: list[str] = []
        self._per_answer = per_answer

    def receive_message(self, **arguments: Any) -> dict[str, Any]:
        assert arguments["MessageAttributeNames"] == ["All"]
        given, self.waiting = self.waiting[: self._per_answer], self.waiting[self._per_answer :]
        return {"Messages": given} if given else {}

    def delete_message_batch(self, **arguments: Any) -> None:
        self.deleted += [entry["ReceiptHandle"] for entry in arguments["Entries"]]

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {
            "Attributes": {
                "ApproximateNumberOfMessages": "1",
                "ApproximateNumberOfMessagesNotVisible": "2",
                "ApproximateNumberOfMessagesDelayed": "4",
            }
        }


def test_drain_takes_and_deletes_everything() -> None:
    sqs = FakeSqs(message("1", "a"), message("2", "b"), message("3", "c"), per_answer=2)
    received = Received()

    assert drain(sqs, "url", received) == 3

    assert list(received.by_notification) == ["a", "b", "c"]
    assert sqs.deleted == ["r1", "r2", "r3"]


def test_two_messages_with_one_event_are_a_double_delivery() -> None:
    received = Received([delivery("1", "a"), delivery("2", "a")])

    assert received.twice == ["event of a"]


def test_one_message_received_twice_is_not() -> None:
    received = Received([delivery("1", "a"), delivery("1", "a")])

    assert received.twice == []


def test_drain_until_says_what_is_missing() -> None:
    sqs = FakeSqs(message("1", "a"))
    seen: list[tuple[int, int]] = []

    missing = drain_until(
        sqs,
        "url",
        Received(),
        wanted=["a", "b"],
        deadline_seconds=0,
        progress=lambda done, total: seen.append((done, total)),
    )

    assert missing == {"a", "b"} or missing == {"b"}
    assert seen[0] == (0, 2)


def test_drain_until_ends_when_all_have_come() -> None:
    received = Received()

    assert not drain_until(
        FakeSqs(message("1", "a"), message("2", "b")), "url", received, wanted=["a", "b"], deadline_seconds=30
    )
    assert [delivery.message_id for delivery in received.deliveries] == ["1", "2"]


def test_depth_counts_hidden_and_delayed_messages_too() -> None:
    assert queue_depth(FakeSqs(), "url") == 7


def test_a_dead_letter_carries_its_reason() -> None:
    letter = {
        "MessageId": "1",
        "ReceiptHandle": "r1",
        "Body": "nonsense",
        "MessageAttributes": {"reason": {"StringValue": "NOT_JSON"}, "detail": {"StringValue": "line 1"}},
    }
    redriven = {"MessageId": "2", "ReceiptHandle": "r2", "Body": "{}"}

    first, second = dead_letters(FakeSqs(letter, redriven), "url", wanted=2, deadline_seconds=0)

    assert (first.reason, first.detail, first.body) == ("NOT_JSON", "line 1", "nonsense")
    assert (second.reason, second.detail) == ("", "")


def test_a_message_that_is_no_event_of_ours_is_an_error() -> None:
    with pytest.raises(KeyError):
        parse_event({"MessageId": "1", "Body": "{}"})


def test_stale_is_read_from_the_event() -> None:
    assert delivery("1", "a", stale=True).stale is True
    assert delivery("1", "a").stale is False


def test_what_sellerbus_says_of_its_own_work_is_no_notification() -> None:
    received = Received()

    assert drain(FakeSqs(message("1", "a"), drifted("2"), drifted("3")), "url", received) == 3

    assert list(received.by_notification) == ["a"]
    assert received.twice == []
    assert [(one.source, one.kind, one.detail["drift"]) for one in received.operational] == [
        ("sellerbus.subscriptions", "SubscriptionDrifted", "missing")
    ] * 2

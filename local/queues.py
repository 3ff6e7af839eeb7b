"""Reads the queues at the end of the line as a careful consumer does: copies are told apart by event id."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

NOTIFICATIONS = "sellerbus.notifications"
"""The source of the events that are Amazon's notifications; others are about Sellerbus's own work."""


@dataclass(frozen=True)
class Delivery:
    """One SQS message of the consumer's queue, with what its event says."""

    message_id: str
    event_id: str
    notification_id: str
    notification_type: str
    stale: bool
    event: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class OperationalEvent:
    """An event about Sellerbus's own work; `kind` is its detail-type."""

    message_id: str
    source: str
    kind: str
    detail: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class DeadLetter:
    """One message of a dead-letter queue with the reason it carries."""

    message_id: str
    reason: str
    detail: str
    body: str


@dataclass
class Received:
    """Everything taken from the consumer's queue so far."""

    deliveries: list[Delivery] = field(default_factory=list)
    """The notifications."""
    operational: list[OperationalEvent] = field(default_factory=list)
    """What Sellerbus says of its own work."""

    @property
    def by_notification(self) -> dict[str, list[Delivery]]:
        """The deliveries of each notificationId."""
        grouped: dict[str, list[Delivery]] = defaultdict(list)
        for delivery in self.deliveries:
            grouped[delivery.notification_id].append(delivery)
        return dict(grouped)

    @property
    def twice(self) -> list[str]:
        """The event ids that came in more than one SQS message.

        The same SQS message received twice is the queue's own doing and is not counted.
        """
        messages: dict[str, set[str]] = defaultdict(set)
        for delivery in self.deliveries:
            messages[delivery.event_id].add(delivery.message_id)
        return sorted(event_id for event_id, ids in messages.items() if len(ids) > 1)


def drain(sqs: Any, queue_url: str, received: Received, *, wait_seconds: int = 1) -> int:
    """Takes what the consumer's queue holds, deletes it and adds it to `received`; returns how many came.

    `sqs` is a boto3 client. Waits at most `wait_seconds` for a first message.
    """
    count = 0
    for message in _take_all(sqs, queue_url, wait_seconds):
        event = parse_event(message)
        if isinstance(event, Delivery):
            received.deliveries.append(event)
        else:
            received.operational.append(event)
        count += 1
    return count


def drain_until(
    sqs: Any,
    queue_url: str,
    received: Received,
    *,
    wanted: Iterable[str],
    deadline_seconds: float,
    progress: Callable[[int, int], None] | None = None,
) -> set[str]:
    """Drains until every notificationId of `wanted` has come or the time is over; returns what is missing."""
    missing = set(wanted)
    total = len(missing)
    deadline = time.monotonic() + deadline_seconds
    while True:
        missing -= received.by_notification.keys()
        if progress is not None:
            progress(total - len(missing), total)
        if not missing or time.monotonic() > deadline:
            return missing
        drain(sqs, queue_url, received)


def queue_depth(sqs: Any, queue_url: str) -> int:
    """How many messages a queue holds: visible, in flight and delayed."""
    attributes = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
    names = (
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    )
    return sum(int(attributes.get(name, 0)) for name in names)


def dead_letters(sqs: Any, queue_url: str, *, wanted: int, deadline_seconds: float) -> list[DeadLetter]:
    """Takes the messages of a dead-letter queue until at least `wanted` have come or the time is over."""
    found: list[DeadLetter] = []
    deadline = time.monotonic() + deadline_seconds
    while True:
        found += [parse_dead_letter(message) for message in _take_all(sqs, queue_url, 1)]
        if len(found) >= wanted or time.monotonic() > deadline:
            return found


def parse_event(message: dict[str, Any]) -> Delivery | OperationalEvent:
    """Reads an SQS message whose body is one of this project's events. Raises KeyError or ValueError."""
    event = json.loads(message["Body"])
    detail = event["detail"]
    if event["source"] != NOTIFICATIONS:
        return OperationalEvent(message["MessageId"], event["source"], event["detail-type"], detail)
    return Delivery(
        message_id=message["MessageId"],
        event_id=detail["eventId"],
        notification_id=detail["notificationId"],
        notification_type=detail["notificationType"],
        stale=bool(detail["stale"]),
        event=event,
    )


def parse_dead_letter(message: dict[str, Any]) -> DeadLetter:
    """Reads a message of the dead-letter queue; one that came by its receives carries no reason."""
    attributes = message.get("MessageAttributes", {})
    return DeadLetter(
        message_id=message["MessageId"],
        reason=attributes.get("reason", {}).get("StringValue", ""),
        detail=attributes.get("detail", {}).get("StringValue", ""),
        body=message["Body"],
    )


def _take_all(sqs: Any, queue_url: str, wait_seconds: int) -> list[dict[str, Any]]:
    taken: list[dict[str, Any]] = []
    while True:
        answer = sqs.receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=0 if taken else wait_seconds,
            MessageAttributeNames=["All"],
        )
        messages = answer.get("Messages", [])
        if not messages:
            return taken
        sqs.delete_message_batch(
            QueueUrl=queue_url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages)
            ],
        )
        taken += messages

"""Looks into a queue and leaves everything in it."""

from __future__ import annotations

import json
from typing import Any

_HIDDEN_SECONDS = 30
"""For how long a message is hidden at most, should this program be killed while it looks."""


def look(sqs: Any, queue_url: str) -> list[dict[str, Any]]:
    """The visible messages of a queue, as ReceiveMessage gives them; all of them stay. `sqs` is a client.

    A look counts as a receive: a message that must not be received more often is replaced by a copy, so that
    looking never moves anything to the dead-letter queue.
    """
    receives = _maximum_receives(sqs, queue_url)
    found: dict[str, dict[str, Any]] = {}
    try:
        while messages := _receive(sqs, queue_url):
            found |= {message["MessageId"]: message for message in messages}
    finally:
        for message in found.values():
            _put_back(sqs, queue_url, message, receives)
    return list(found.values())


def _maximum_receives(sqs: Any, queue_url: str) -> int | None:
    attributes = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["RedrivePolicy"]).get(
        "Attributes", {}
    )
    policy = attributes.get("RedrivePolicy")
    return int(json.loads(policy)["maxReceiveCount"]) if policy else None


def _receive(sqs: Any, queue_url: str) -> list[dict[str, Any]]:
    answer = sqs.receive_message(
        QueueUrl=queue_url,
        MaxNumberOfMessages=10,
        WaitTimeSeconds=0,
        VisibilityTimeout=_HIDDEN_SECONDS,
        MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["ApproximateReceiveCount"],
    )
    return list(answer.get("Messages", []))


def _put_back(sqs: Any, queue_url: str, message: dict[str, Any], receives: int | None) -> None:
    handle = message["ReceiptHandle"]
    if receives is None or int(message["Attributes"]["ApproximateReceiveCount"]) < receives:
        sqs.change_message_visibility(QueueUrl=queue_url, ReceiptHandle=handle, VisibilityTimeout=0)
        return
    # The copy first: killed in between, there are two of it, and not none.
    sqs.send_message(
        QueueUrl=queue_url,
        MessageBody=message["Body"],
        MessageAttributes=message.get("MessageAttributes", {}),
    )
    sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=handle)

"""What Sellerbus tells of message tasks on the stage's bus. docs/events.md is the contract.

The row says what became of the task, and that it is still to be told, before the event is published; then
that it was told. A crash in between tells it again, with the same eventId. No event has a message's text, its
attachments or their names.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sellerbus.api.redaction import redact, shorten
from sellerbus.aws.event_publisher import OperationalEvent
from sellerbus.messaging.task import MessageState, MessageTask

SOURCE: Final = "sellerbus.messages"
REQUESTED: Final = "MessageRequested"

SENT: Final = "MessageSent"
REFUSED: Final = "MessageRefused"
NOT_ALLOWED: Final = "MessageNotAllowed"
UNCERTAIN: Final = "MessageUncertain"
FAILED: Final = "MessageFailed"

LONGEST_REASON: Final = 1000

_NAMESPACE: Final = uuid.UUID("8d5b1a52-6f0e-5c86-9c0a-5a9b7d1e4f27")

OF_STATE: Final[Mapping[MessageState, str]] = {
    MessageState.SENT: SENT,
    MessageState.REFUSED: REFUSED,
    MessageState.NOT_ALLOWED: NOT_ALLOWED,
    MessageState.UNCERTAIN: UNCERTAIN,
    MessageState.FAILED: FAILED,
}
"""The event of each state that is told of."""

METRICS: Final[Mapping[str, str]] = {
    SENT: "MessagesSent",
    REFUSED: "MessagesRefused",
    NOT_ALLOWED: "MessagesNotAllowed",
    UNCERTAIN: "MessagesUncertain",
    FAILED: "MessagesFailed",
}
"""The metric that counts each event."""


def of_task(task: MessageTask, detail_type: str) -> OperationalEvent:
    """The event of a task as its row is."""
    return OperationalEvent(
        SOURCE,
        detail_type,
        {
            "eventId": event_id(task.task_id, detail_type, task.attempts),
            "taskId": task.task_id,
            "askedTaskId": task.asked_task_id,
            "sellerId": task.seller_id,
            "region": task.region,
            "marketplaceId": task.marketplace_id,
            "amazonOrderId": task.amazon_order_id,
            "messageType": task.message_type,
            "state": str(task.state),
            "reason": None if task.reason is None else told(task.reason),
            "findings": [dict(each) for each in task.findings] or None,
            "allowed": None if task.allowed is None else list(task.allowed),
            "attempts": task.attempts,
            "sentAt": task.sent_at,
        },
    )


def refused_request(
    task_id: str, known: Mapping[str, str | None], reason: str, findings: Sequence[Mapping[str, Any]] = ()
) -> OperationalEvent:
    """The event of a request that can become no row.

    task_id: the one asked for, or made of what delivered the request. known: sellerId and amazonOrderId, and
    region, marketplaceId and messageType where they could be read.
    """
    names = ("sellerId", "region", "marketplaceId", "amazonOrderId", "messageType")
    return OperationalEvent(
        SOURCE,
        REFUSED,
        {
            "eventId": event_id(task_id, REFUSED, 0),
            "taskId": task_id,
            "askedTaskId": None,
            **{name: known.get(name) for name in names},
            "state": str(MessageState.REFUSED),
            "reason": told(reason),
            "findings": [dict(each) for each in findings] or None,
            "allowed": None,
            "attempts": 0,
            "sentAt": None,
        },
    )


def event_id(task_id: str, detail_type: str, attempts: int) -> str:
    """The same for each telling of the same thing; a second attempt's end is told under another id."""
    return str(uuid.uuid5(_NAMESPACE, "\n".join((task_id, detail_type, str(attempts)))))


def told(reason: str) -> str:
    """A reason as events and rows tell it: one line, no tokens, no queries of URLs."""
    return shorten(redact(reason), LONGEST_REASON)

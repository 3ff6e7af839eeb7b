"""What a message of the task queue hands over: a request, and what delivered it. Pure.

EventBridge delivers the whole event MessageRequested, whose detail is the request; applications and the
command line send the request itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sellerbus.aws.json_object import json_object
from sellerbus.messaging.content import content_document
from sellerbus.messaging.message_events import REQUESTED, SOURCE
from sellerbus.messaging.request import TASK_ID, MessageRequest
from sellerbus.messaging.task import MessageTask

EVENT: Final = "event"
SQS: Final = "sqs"
_LONGEST_ON_THE_BUS_SECONDS: Final = 86_400


class UnusableBodyError(ValueError):
    """The body holds no request. reason: for machines."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True)
class HandedOver:
    """source_id: the same at each delivery, and the task's id where the request gives none.

    handed_over_at: seconds since 1970; None where that is not told.
    """

    request: object
    origin: str
    source_id: str
    handed_over_at: float | None = None

    @property
    def refused_task_id(self) -> str:
        """The id under which it is kept where the one that it asks for is another task's."""
        return f"refused-{_short_hash(self.source_id)}"


def handed_over(body: str, message_id: str, sent_at: float | None = None) -> HandedOver:
    """Read a message's body. message_id: SQS's. sent_at: when the queue got it, in seconds since 1970.

    Raises UnusableBodyError.
    """
    try:
        found = json_object(body)
    except ValueError as error:
        raise UnusableBodyError("no-json", f"the message is no JSON object: {error}") from None
    if "detail-type" not in found:
        return HandedOver(found, SQS, _source_id(SQS, message_id), sent_at)
    if (found.get("source"), found["detail-type"]) != (SOURCE, REQUESTED):
        raise UnusableBodyError("event-form", f"it is an event, but no {REQUESTED} of {SOURCE}")
    event_id = found.get("id")
    if not isinstance(event_id, str) or not event_id:
        raise UnusableBodyError("event-form", "the event has no id")
    at = _event_time(_seconds(found.get("time")), sent_at)
    return HandedOver(found.get("detail"), EVENT, _source_id(EVENT, event_id), at)


def request_hash(request: MessageRequest) -> str:
    """What tells one request from another: sha256 in hex of what it asks for, with pointers as they were
    given.
    """
    told = {
        "sellerId": request.seller_id,
        "marketplaceId": request.marketplace_id,
        "amazonOrderId": request.amazon_order_id,
        "messageType": request.message_type,
        "content": content_document(request.content),
    }
    canonical = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def others(first: MessageTask, asked: MessageTask) -> str:
    """Name what of a request is not as the first task with its id has it; no value is told."""
    pairs: Mapping[str, tuple[Any, Any]] = {
        "sellerId": (first.seller_id, asked.seller_id),
        "marketplaceId": (first.marketplace_id, asked.marketplace_id),
        "amazonOrderId": (first.amazon_order_id, asked.amazon_order_id),
        "messageType": (first.message_type, asked.message_type),
    }
    names = [name for name, (there, here) in pairs.items() if there != here]
    return (
        f"the task id {first.task_id} was given before, to a message with another "
        f"{' and another '.join(names) or 'content'}: choose another id, or none"
    )


def _source_id(origin: str, delivered_as: str) -> str:
    own = f"{origin}-{delivered_as}"
    return own if TASK_ID.fullmatch(own) else f"{origin}-{_short_hash(delivered_as)}"


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _event_time(told: float | None, sent_at: float | None) -> float | None:
    """When the bus got the event: its publisher may tell any time, and the bus tries for a day at most."""
    if told is None or sent_at is None:
        return sent_at if told is None else told
    return min(max(told, sent_at - _LONGEST_ON_THE_BUS_SECONDS), sent_at)


def _seconds(time: object) -> float | None:
    try:
        return datetime.fromisoformat(str(time)).timestamp()
    except ValueError:
        return None

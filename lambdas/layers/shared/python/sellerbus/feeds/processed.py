"""Takes in that Amazon has finished a feed: FEED_PROCESSING_FINISHED, as it comes from the stage's bus.

It may come before the feed is bound to its task, before the task waits, twice, after the wait is over, or for
a feed that is no task's. So it is written down first, and only then does it look who waits; whoever begins to
wait keeps the token first, and only then looks what is written down (following.py): one of the two sees the
other, whatever the order.

Source: Amazon's schema FeedProcessingFinishedNotification; docs/events.md for the envelope.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Protocol

from sellerbus.api.feed_status import ENDS
from sellerbus.feeds.task import AWAIT, FeedTask, TaskState
from sellerbus.feeds.task_store import FeedRow

COLLECT: Final = {"next": "collect"}
"""The output that the waiting step is answered with."""


class UnusableNotificationError(Exception):
    """The message is no FEED_PROCESSING_FINISHED from the bus; its text says what is wrong with it."""


class Noted(Enum):
    """What a notification came to."""

    TOLD = "the task that waited goes on"
    NOT_AWAITED = "written down; the task looks itself"
    FOREIGN = "written down; the feed is no task's yet"
    IGNORED = "no feed of a seller's has ended"


@dataclass(frozen=True)
class Finished:
    """What a notification says. seller_id: None for a vendor's feed. event_id: of the event it came as."""

    seller_id: str | None
    feed_id: str
    processing_status: str
    result_feed_document_id: str | None
    event_id: str | None = None


@dataclass(frozen=True)
class Report:
    """What became of one notification, for the log. differs: another end was written down before."""

    noted: Noted
    finished: Finished
    task_id: str | None = None
    differs: str | None = None


class Store(Protocol):
    """What is used of task_store.TaskStore."""

    def note_processed(
        self, seller_id: str, feed_id: str, processing_status: str, result_feed_document_id: str | None
    ) -> FeedRow: ...

    def find(self, task_id: str) -> FeedTask | None: ...


class Tokens(Protocol):
    """aws.task_tokens.TaskTokens."""

    def succeed(self, token: str, output: Mapping[str, Any]) -> bool: ...


def finished(body: str) -> Finished:
    """Read a message of the queue: an event of the stage's bus. Raises UnusableNotificationError."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise UnusableNotificationError("the message is not JSON") from None
    detail = _object(event, "detail", "the message")
    payload = _object(detail, "payload", "detail")
    told = _object(payload, "feedProcessingFinishedNotification", "detail.payload")
    feed_id, status = told.get("feedId"), told.get("processingStatus")
    if not isinstance(feed_id, str) or not feed_id or not isinstance(status, str):
        raise UnusableNotificationError("the notification has no feedId or no processingStatus")
    return Finished(
        _text(told.get("sellerId")) or _text(detail.get("sellerId")),
        feed_id,
        status,
        _text(told.get("resultFeedDocumentId")),
        _text(detail.get("eventId")),
    )


def _object(parent: Any, name: str, where: str) -> Mapping[str, Any]:
    found = parent.get(name) if isinstance(parent, dict) else None
    if not isinstance(found, dict):
        raise UnusableNotificationError(f"{where} has no object `{name}`")
    return found


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


class ProcessedFeeds:
    """Writes ends down, and tells the task that waits for one."""

    def __init__(self, *, store: Store, tokens: Tokens) -> None:
        self._store = store
        self._tokens = tokens

    def take(self, notification: Finished) -> Report:
        """Take one in; again and again does no harm. Raises StoreUnavailableError."""
        seller_id, status = notification.seller_id, notification.processing_status
        if seller_id is None or status not in ENDS:
            return Report(Noted.IGNORED, notification)
        row = self._store.note_processed(
            seller_id, notification.feed_id, status, notification.result_feed_document_id
        )
        differs = row.processing_status if row.processing_status != status else None
        # The row was read after it was written: a task that is bound later finds the end in it.
        task = self._store.find(row.task_id) if row.task_id else None
        if task is None:
            return Report(Noted.FOREIGN, notification, differs=differs)
        # A second feed of a late answer is bound to the task, too: its end is not what is waited for.
        followed = task.feed_id == notification.feed_id
        waits = followed and task.state is TaskState.PROCESSING and task.token_step == AWAIT
        told = waits and task.token is not None and self._tokens.succeed(task.token, COLLECT)
        return Report(Noted.TOLD if told else Noted.NOT_AWAITED, notification, task.task_id, differs)

"""Writes published events into the archive: one object for each batch that the archive's queue delivers.

An object is whole or not there, and its events are acknowledged after it is there: a crash in between writes
them again, under another name (archive.py says how readers see to that).

Source: Amazon S3 API, PutObject; EventBridge user guide, "Event structure".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from sellerbus.aws.errors import aws_call
from sellerbus.notifications.archive import ArchivedEvent, line_of, moment, object_key, write_lines


class S3Client(Protocol):
    """The part of boto3's S3 client that writes the archive."""

    def put_object(self, **request: Any) -> Mapping[str, Any]: ...


class NoEventError(ValueError):
    """A message that is no event of a notification; the text repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class Archived:
    """What became of a batch: the name of its object, None where there was nothing to write.

    refused: message id -> why it is no event.
    """

    key: str | None
    events: int
    refused: Mapping[str, str]


class ArchiveWriter:
    """Writes batches. now: seconds since 1970. unique: a new UUID."""

    def __init__(
        self,
        client: S3Client,
        bucket_name: str,
        *,
        now: Callable[[], float],
        unique: Callable[[], str],
    ) -> None:
        self._client = client
        self._bucket_name = bucket_name
        self._now = now
        self._unique = unique

    def write(self, bodies: Mapping[str, str]) -> Archived:
        """Write a batch: message id -> body.

        Raises StoreUnavailableError where the object may not be there.
        """
        events: dict[str, ArchivedEvent] = {}
        refused: dict[str, str] = {}
        for message_id, body in bodies.items():
            try:
                event = read_event(body)
            except NoEventError as error:
                refused[message_id] = str(error)
            else:
                events.setdefault(event.event_id, event)
        if not events:
            return Archived(None, 0, refused)
        written_at = datetime.fromtimestamp(self._now(), UTC)
        key = object_key(written_at, list(events.values()), self._unique())
        with aws_call("PutObject"):
            self._client.put_object(
                Bucket=self._bucket_name,
                Key=key,
                Body=write_lines(list(events.values())),
                ContentType="application/x-ndjson",
                # Not ContentEncoding: clients would unpack it unasked, and the name says what it is.
            )
        return Archived(key, len(events), refused)


def read_event(body: str) -> ArchivedEvent:
    """Read a message as a rule of EventBridge sends it: the whole event. Raises NoEventError."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise NoEventError("the message is not JSON") from None
    detail = event.get("detail") if isinstance(event, dict) else None
    if not isinstance(detail, dict):
        raise NoEventError("the message is no event with a detail")
    event_id, kind = _text(detail, "eventId"), _text(detail, "notificationType")
    published_at = _text(event, "time")
    try:
        moment(published_at)
    except (ValueError, OverflowError):
        raise NoEventError("the event's time is no time") from None
    archived = ArchivedEvent(
        event_id=event_id,
        notification_id=_text(detail, "notificationId"),
        notification_type=kind,
        seller_id=detail.get("sellerId"),
        marketplace_id=detail.get("marketplaceId"),
        published_at=published_at,
        detail=detail,
    )
    try:
        # JSON can say half a surrogate pair, escaped: written with the others it would fail the whole batch.
        if "\\u" in body:
            line_of(archived).encode()
    except UnicodeEncodeError:
        raise NoEventError("the event has text that is no Unicode") from None
    return archived


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise NoEventError(f"the event lacks {name}")
    return value

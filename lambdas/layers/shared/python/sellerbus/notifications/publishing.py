"""From a notification to an event on the bus. docs/events.md is this module's contract with consumers.

EventBridge takes ten entries and a bounded number of bytes per call, nests JSON to a thousand levels and
knows 64-bit integers. A notification that doesn't fit is kept in S3 exactly as Amazon sent it, and its
event points there.

Source: EventBridge API, PutEvents; EventBridge user guide, "Calculating PutEvents event entry size".
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sellerbus.aws.errors import aws_call
from sellerbus.notifications.catalogue import Subject
from sellerbus.notifications.envelope import Envelope
from sellerbus.notifications.origin import Origin

EVENT_SOURCE: Final = "sellerbus.notifications"
CANARY_SOURCE: Final = "sellerbus.canary"
"""No rule on notifications, and so no consumer and no archive, gets to see the canary."""
MOST_ENTRIES: Final = 10


class EventBridgeClient(Protocol):
    """The part of boto3's EventBridge client used here."""

    def put_events(self, **request: Any) -> Mapping[str, Any]:
        """EventBridge API: PutEvents."""
        ...


class S3Client(Protocol):
    """The part of boto3's S3 client used here."""

    def put_object(self, **request: Any) -> Mapping[str, Any]:
        """S3 API: PutObject."""
        ...


@dataclass(frozen=True, slots=True)
class Event:
    """One entry for the bus; `detail` is JSON text."""

    event_id: str
    notification_type: str
    detail: str
    source: str = EVENT_SOURCE

    @property
    def size_bytes(self) -> int:
        """The entry's size as EventBridge counts it."""
        return len(self.source) + len(self.notification_type) + len(self.detail.encode())


@dataclass(frozen=True, slots=True)
class PublishFailure:
    """That the bus did not take an entry, with EventBridge's error code."""

    code: str


def build_event(
    envelope: Envelope,
    subject: Subject,
    event_id: str,
    *,
    stale: bool,
    payload_location: Mapping[str, Any] | None = None,
) -> Event | None:
    """The event of a notification, or None where the bus cannot carry its payload.

    With a `payload_location` the payload stays out, and the answer is never None. Size is for the caller
    to compare: an event that is too large is built again with a location.
    """
    detail = {
        "eventId": event_id,
        "correlationId": event_id,
        "notificationId": envelope.notification_id,
        "notificationIdDerived": envelope.notification_id_is_derived,
        "notificationType": envelope.notification_type,
        "payloadVersion": envelope.payload_version,
        "sellerId": subject.seller_id,
        "marketplaceId": subject.marketplace_id,
        "eventTime": envelope.event_time,
        "publishTime": envelope.publish_time,
        "entity": {"kind": subject.entity.kind, "id": subject.entity.id} if subject.entity else None,
        "stale": stale,
        "origin": envelope.origin.value,
        "payload": None if payload_location else envelope.payload,
        "payloadLocation": payload_location,
    }
    if not (envelope.numbers_are_exact or payload_location):
        return None
    text = json.dumps(detail, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        # Half a surrogate pair: JSON can say it, UTF-8 can't.
        return None
    source = CANARY_SOURCE if envelope.origin is Origin.CANARY else EVENT_SOURCE
    return Event(event_id, envelope.notification_type, text, source)


def chunked(events: Sequence[Event], maximum_bytes: int) -> Iterator[list[Event]]:
    """Split events, in order, into calls that EventBridge takes; none may exceed `maximum_bytes` alone."""
    chunk: list[Event] = []
    chunk_bytes = 0
    for event in events:
        if chunk and (len(chunk) == MOST_ENTRIES or chunk_bytes + event.size_bytes > maximum_bytes):
            yield chunk
            chunk, chunk_bytes = [], 0
        chunk.append(event)
        chunk_bytes += event.size_bytes
    if chunk:
        yield chunk


class EventBus:
    """The custom EventBridge bus."""

    def __init__(self, client: EventBridgeClient, name: str) -> None:
        self._client = client
        self._name = name

    def publish(self, events: Sequence[Event]) -> list[str | PublishFailure]:
        """Put one chunk of events; per event the bus's own id of it, or why it was not taken.

        Raises StoreUnavailableError where the call failed or its answer was lost: the bus may then have
        taken any of them.
        """
        with aws_call("PutEvents"):
            answer = self._client.put_events(
                Entries=[
                    {
                        "EventBusName": self._name,
                        "Source": event.source,
                        "DetailType": event.notification_type,
                        "Detail": event.detail,
                    }
                    for event in events
                ]
            )
        # HTTP 200 says nothing yet: entries fail one by one, and answers stand in the entries' order.
        return [
            entry["EventId"] if entry.get("EventId") else PublishFailure(entry.get("ErrorCode", "Unknown"))
            for _, entry in zip(events, answer["Entries"], strict=True)
        ]


class PayloadStore:
    """The S3 bucket of notifications that don't fit on the bus."""

    def __init__(self, client: S3Client, bucket_name: str) -> None:
        self._client = client
        self._bucket_name = bucket_name

    def keep(self, event_id: str, body: str) -> Mapping[str, Any]:
        """Store a notification as received; the answer is the event's `payloadLocation`.

        The name holds the content's digest: a copy that is spelled otherwise doesn't replace what an event
        points to. Raises StoreUnavailableError.
        """
        # SQS takes no lone surrogates, so every body can be encoded.
        content = body.encode()
        digest = hashlib.sha256(content).hexdigest()
        key = f"payloads/{event_id}/{digest}.json"
        with aws_call("PutObject"):
            self._client.put_object(
                Bucket=self._bucket_name, Key=key, Body=content, ContentType="application/json"
            )
        return {
            "bucket": self._bucket_name,
            "key": key,
            "bytes": len(content),
            "sha256": digest,
        }

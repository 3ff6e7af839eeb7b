"""Publishes archived events again, on the bus or to one queue.

A replayed event is the first one over again, with its eventId, so that whoever has handled it knows it; what
is new is `replay` in its detail: {"id", "at"}. The same replay sends the same events in the same order.

Source: EventBridge API, PutEvents (ten entries, 256 KiB a call, entries fail one by one); SQS API,
SendMessageBatch (ten messages, 256 KiB a call).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from sellerbus.notifications.archive import ArchivedEvent
from sellerbus.notifications.publishing import EVENT_SOURCE

MOST_ENTRIES: Final = 10
MOST_BYTES: Final = 256 * 1024
_OVERHEAD_BYTES: Final = 1024
"""Of an entry beside its detail: source, type, and for a queue the event around it."""
_ATTEMPTS: Final = 6
_NEVER_TAKEN: Final = frozenset(
    {
        *("ValidationException", "RequestEntityTooLarge", "RequestEntityTooLargeException"),
        *("InvalidMessageContents", "AWS.SimpleQueueService.BatchRequestTooLong", "BatchRequestTooLong"),
    }
)
"""What a call of one event is refused with for that event's sake, as for its size."""
_NAMESPACE: Final = uuid.UUID("6f1a52b4-6a0e-5c0f-9b6f-6d3b6f0d9a55")


@dataclass(frozen=True)
class Replayed:
    """An event on its way. detail: JSON text."""

    event: ArchivedEvent
    detail: str

    @property
    def size_bytes(self) -> int:
        return len(self.detail.encode()) + _OVERHEAD_BYTES


class Target(Protocol):
    """Where events go: the bus or a queue."""

    def send(self, events: Sequence[Replayed]) -> Sequence[str | None]:
        """Send up to ten; return for each the error code where it was not taken, else None."""
        ...


class Bus:
    """The stage's event bus. Each answer stands in the place of its entry."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def send(self, events: Sequence[Replayed]) -> Sequence[str | None]:
        entries = [
            {
                "EventBusName": self._name,
                "Source": EVENT_SOURCE,
                "DetailType": each.event.notification_type,
                "Detail": each.detail,
            }
            for each in events
        ]
        answer = self._client.put_events(Entries=entries)
        return [None if entry.get("EventId") else _code(entry) for entry in answer["Entries"]]


class Queue:
    """One queue, which gets what a rule of the bus would have sent it."""

    def __init__(self, client: Any, url: str, *, account: str, aws_region: str, at: str) -> None:
        self._client = client
        self._url = url
        self._around = {"version": "0", "source": EVENT_SOURCE, "account": account, "time": at}
        self._around |= {"region": aws_region}

    def send(self, events: Sequence[Replayed]) -> Sequence[str | None]:
        entries = [{"Id": str(number), "MessageBody": self._body(each)} for number, each in enumerate(events)]
        answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        taken = {one["Id"] for one in answer.get("Successful", ())}
        codes = {one["Id"]: str(one["Code"]) for one in answer.get("Failed", ())}
        return [
            None if str(number) in taken else codes.get(str(number), "Unknown")
            for number in range(len(events))
        ]

    def _body(self, each: Replayed) -> str:
        detail = json.loads(each.detail)
        identity = str(uuid.uuid5(_NAMESPACE, f"{detail['replay']['id']} {each.event.event_id}"))
        event = {
            **self._around,
            "id": identity,
            "detail-type": each.event.notification_type,
            "resources": [],
            "detail": detail,
        }
        return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


@dataclass
class Progress:
    """How far a replay got. passed: events of it that were dealt with, sent or not, in their order."""

    passed: int = 0
    sent: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)


def replayed(event: ArchivedEvent, replay_id: str, at: str) -> Replayed:
    """Return the event as it is sent again."""
    detail: Mapping[str, Any] = {**event.detail, "replay": {"id": replay_id, "at": at}}
    return Replayed(event, json.dumps(detail, ensure_ascii=False, separators=(",", ":")))


def replay_id(words: str, since: datetime, until: datetime) -> str:
    """Return the id of a replay of these events: the same for the same ones."""
    return str(uuid.uuid5(_NAMESPACE, f"{words} {since.isoformat()} {until.isoformat()}"))


def batches(events: Iterable[Replayed]) -> Iterator[list[Replayed]]:
    """Split events, in order, into calls that EventBridge and SQS take."""
    batch: list[Replayed] = []
    size = 0
    for event in events:
        if batch and (len(batch) == MOST_ENTRIES or size + event.size_bytes > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += event.size_bytes
    if batch:
        yield batch


def send_all(
    events: Iterable[Replayed],
    target: Target,
    progress: Progress,
    *,
    pace: Callable[[int], None],
    wait: Callable[[float], object],
    told: Callable[[], None],
) -> None:
    """Send all events; `progress` says at any time how far it got.

    pace: is told how many are sent next, and waits. What is not taken is tried again with growing pauses;
    what is not taken then is noted in progress.failed, and the others go on. Raises ClientError and
    BotoCoreError where a call as a whole fails, unless for the sake of the only event in it: nothing of its
    batch counts as passed.
    """
    for batch in batches(events):
        pace(len(batch))
        left = batch
        codes: Sequence[str | None] = ()
        for attempt in range(_ATTEMPTS):
            codes = _sent(target, left)
            left, codes = _refused(left, codes)
            if not left or _NEVER_TAKEN.issuperset(codes):
                break
            if attempt < _ATTEMPTS - 1:
                wait(min(0.2 * 2**attempt, 5.0))
        progress.sent += len(batch) - len(left)
        progress.failed += [(each.event.event_id, str(code)) for each, code in zip(left, codes, strict=True)]
        progress.passed += len(batch)
        told()


def _sent(target: Target, events: Sequence[Replayed]) -> Sequence[str | None]:
    """Send; an event that is alone in its call and never taken is refused as one among others would be.

    One that was as large as the bus takes is larger now, by `replay`: it would end every replay at its place.
    """
    try:
        return target.send(events)
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code"))
        if len(events) > 1 or code not in _NEVER_TAKEN:
            raise
        return [code]


def _refused(
    events: Sequence[Replayed], codes: Sequence[str | None]
) -> tuple[list[Replayed], list[str | None]]:
    pairs = [(each, code) for each, code in zip(events, codes, strict=True) if code is not None]
    return [each for each, _ in pairs], [code for _, code in pairs]


def _code(entry: Mapping[str, Any]) -> str:
    return str(entry.get("ErrorCode") or "Unknown")


AWS_ERRORS: Final = (ClientError, BotoCoreError)

"""Publishes what Sellerbus itself has to tell, on the stage's bus. docs/events.md is the contract.

Events are published before what they tell of is acted on: a crash in between repeats them, with the same
eventId, in place of losing them.

Source: EventBridge API, PutEvents.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from sellerbus.aws.errors import StoreUnavailableError, aws_call

MOST_ENTRIES: Final = 10


@dataclass(frozen=True)
class OperationalEvent:
    """detail has everything but correlationId and detectedAt, which the publisher adds.

    What is told of a task belongs to the task, by its taskId; anything else is told of once, by its eventId.
    """

    source: str
    detail_type: str
    detail: Mapping[str, object]


class EventBridgeClient(Protocol):
    """The part of boto3's EventBridge client used here."""

    def put_events(self, **request: Any) -> Mapping[str, Any]:
        """EventBridge API: PutEvents."""
        ...


class OperationalEvents:
    """Publishes on one bus. now: seconds since 1970."""

    def __init__(self, client: EventBridgeClient, bus_name: str, *, now: Callable[[], float]) -> None:
        self._client = client
        self._bus_name = bus_name
        self._now = now

    def publish(self, events: Sequence[OperationalEvent]) -> None:
        """Put all events on the bus. Raises StoreUnavailableError where it may lack one."""
        detected_at = datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="milliseconds")
        entries = [
            {
                "EventBusName": self._bus_name,
                "Source": event.source,
                "DetailType": event.detail_type,
                "Detail": json.dumps(
                    {
                        **event.detail,
                        "correlationId": event.detail.get("taskId") or event.detail.get("eventId"),
                        "detectedAt": detected_at,
                    },
                    separators=(",", ":"),
                ),
            }
            for event in events
        ]
        for start in range(0, len(entries), MOST_ENTRIES):
            with aws_call("PutEvents"):
                answer = self._client.put_events(Entries=entries[start : start + MOST_ENTRIES])
            # HTTP 200 says nothing yet: entries fail one by one.
            if answer.get("FailedEntryCount"):
                codes = {entry["ErrorCode"] for entry in answer["Entries"] if entry.get("ErrorCode")}
                raise StoreUnavailableError("PutEvents", ", ".join(sorted(codes)) or "an unknown error")

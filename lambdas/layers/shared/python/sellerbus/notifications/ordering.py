"""The ordering guard: which notifications come late for the thing they describe.

SQS's standard queues give no order. For types whose notifications describe the state of one thing, a row
per (type, seller, thing) keeps the newest eventTime that was seen; an older one is still published, but
marked stale. Nothing is dropped and nothing waits.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sellerbus.aws.transactions import Applied, DynamoDbClient, write_each
from sellerbus.notifications.catalogue import Subject
from sellerbus.notifications.envelope import Envelope

NEWEST_CONDITION: Final = "attribute_not_exists(pk) OR eventTime <= :eventTime"


@dataclass(frozen=True, slots=True)
class Sighting:
    """That a thing was described at a time. `key` names type, seller and thing; `event_time` is in µs."""

    key: str
    event_time: int


def sighting_of(envelope: Envelope, subject: Subject) -> Sighting | None:
    """What the guard has to know of a notification; None where it has no entity or no readable time."""
    if subject.entity is None or envelope.event_time is None:
        return None
    moment = _microseconds(envelope.event_time)
    if moment is None:
        return None
    name = "\n".join(
        (
            envelope.notification_type,
            subject.seller_id or "",
            subject.entity.kind,
            subject.entity.id,
        )
    )
    # A digest keeps identifiers of orders and products out of the table's keys, and keys short.
    return Sighting(f"entity#{hashlib.sha256(name.encode()).hexdigest()}", moment)


class OrderingGuard:
    """The newest eventTime per thing, in the ledger's table. One round trip, or two where some are late."""

    def __init__(
        self,
        client: DynamoDbClient,
        table_name: str,
        *,
        retention_seconds: int,
        now: Callable[[], int],
        sleep: Callable[[float], None],
    ) -> None:
        self._client = client
        self._table_name = table_name
        self._retention_seconds = retention_seconds
        self._now = now
        self._sleep = sleep

    def stale(self, sightings: Sequence[Sighting | None]) -> list[bool]:
        """Record the sightings; for each, whether a newer one of the same thing is known.

        Equal times are not stale, and a sighting that is recorded again gives the same answer unless a
        newer one has come in between. Raises StoreUnavailableError.
        """
        newest: dict[str, int] = {}
        for sighting in sightings:
            if sighting is not None:
                newest[sighting.key] = max(sighting.event_time, newest.get(sighting.key, sighting.event_time))
        outcomes = write_each(
            self._client,
            [self._update(key, event_time) for key, event_time in newest.items()],
            sleep=self._sleep,
        )
        for key, outcome in zip(list(newest), outcomes, strict=True):
            if not isinstance(outcome, Applied):
                newest[key] = int(outcome.item["eventTime"]["N"])
        return [sighting is not None and sighting.event_time < newest[sighting.key] for sighting in sightings]

    def _update(self, key: str, event_time: int) -> Mapping[str, Any]:
        return {
            "TableName": self._table_name,
            "Key": {"pk": {"S": key}},
            "UpdateExpression": "SET eventTime = :eventTime, expiresAt = :expiresAt",
            "ConditionExpression": NEWEST_CONDITION,
            "ExpressionAttributeValues": {
                ":eventTime": {"N": str(event_time)},
                ":expiresAt": {"N": str(self._now() // 1000 + self._retention_seconds)},
            },
        }


def _microseconds(event_time: str) -> int | None:
    try:
        moment = datetime.fromisoformat(event_time)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return round((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)
    except (ValueError, OverflowError):
        return None

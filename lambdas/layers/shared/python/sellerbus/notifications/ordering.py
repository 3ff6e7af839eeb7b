"""The ordering guard: which notifications come late for the thing they describe.

SQS's standard queues give no order. For types whose notifications describe the state of one thing, a row
per (type, seller, thing) keeps the newest eventTime that was seen; an older one is still published, but
marked stale. Nothing is dropped and nothing waits.

The row also keeps the state that the newest notification told, of the types that tell one (catalogue.py):
whoever asks Amazon for the state sees by it whether there was a notification (sellerbus/missed).
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sellerbus.aws.transactions import Applied, DynamoDbClient, write_each
from sellerbus.notifications.catalogue import Subject, described_state
from sellerbus.notifications.envelope import Envelope

NEWEST_CONDITION: Final = "attribute_not_exists(pk) OR eventTime <= :eventTime"


@dataclass(frozen=True, slots=True)
class Sighting:
    """That a thing was described at a time. `key` names type, seller and thing; `event_time` is in µs."""

    key: str
    event_time: int
    state: str | None = None


def sighting_of(envelope: Envelope, subject: Subject) -> Sighting | None:
    """What the guard has to know of a notification; None where it has no entity or no readable time."""
    if subject.entity is None or envelope.event_time is None:
        return None
    moment = microseconds(envelope.event_time)
    if moment is None:
        return None
    entity = subject.entity
    key = thing_key(envelope.notification_type, subject.seller_id, entity.kind, entity.id)
    return Sighting(key, moment, described_state(envelope))


def thing_key(notification_type: str, seller_id: str | None, kind: str, identity: str) -> str:
    """The key of a thing's row."""
    name = "\n".join((notification_type, seller_id or "", kind, identity))
    # A digest keeps identifiers of orders and products out of the table's keys, and keys short.
    return f"entity#{hashlib.sha256(name.encode()).hexdigest()}"


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
        seen: dict[str, Sighting] = {}
        for sighting in sightings:
            if sighting is not None:
                known = seen.get(sighting.key, sighting)
                seen[sighting.key] = sighting if sighting.event_time >= known.event_time else known
        outcomes = write_each(
            self._client, [self._update(sighting) for sighting in seen.values()], sleep=self._sleep
        )
        newest = {key: sighting.event_time for key, sighting in seen.items()}
        for key, outcome in zip(list(newest), outcomes, strict=True):
            if not isinstance(outcome, Applied):
                newest[key] = int(outcome.item["eventTime"]["N"])
        return [sighting is not None and sighting.event_time < newest[sighting.key] for sighting in sightings]

    def _update(self, sighting: Sighting) -> Mapping[str, Any]:
        told = {} if sighting.state is None else {":toldState": {"S": sighting.state}}
        return {
            "TableName": self._table_name,
            "Key": {"pk": {"S": sighting.key}},
            "UpdateExpression": "SET eventTime = :eventTime, expiresAt = :expiresAt"
            + "".join(f", {name[1:]} = {name}" for name in told),
            "ConditionExpression": NEWEST_CONDITION,
            "ExpressionAttributeValues": {
                ":eventTime": {"N": str(sighting.event_time)},
                ":expiresAt": {"N": str(self._now() // 1000 + self._retention_seconds)},
                **told,
            },
        }


def microseconds(event_time: str) -> int | None:
    """A notification's time in µs since 1970; None where it can't be read."""
    try:
        moment = datetime.fromisoformat(event_time)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return round((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)
    except (ValueError, OverflowError):
        return None

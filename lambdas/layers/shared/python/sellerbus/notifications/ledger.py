"""The ledger of notifications: what makes copies one, and a crash harmless.

One row per notificationId. A holder claims it under a lease, publishes, and completes it. The conditions
below are the protocol; docs/reliability.md says what they guarantee, tests/unit/notifications/
test_protocol.py runs the real code through all interleavings and shows that no condition can be spared.

    row             meaning
    status          PENDING (claimed, perhaps published) or COMPLETE (published; final)
    token           whose claim it is: unique, and later claims sort after earlier ones
    leaseUntil      ms since 1970; before that only the holder of the token may publish
    contentHash     set by the first claim and never changed
    givenBack       only where the holder has ended its claim itself: no other is counted as abandoned
    eventId         UUIDv5 of the notificationId: all publishes of a notification carry the same
    attempts, messageIds, firstSeenAt, claimedAt, completedAt, busEventId    for the reader of the log
    pendingShard    only on PENDING rows: makes them findable through the index `pending`
    expiresAt       s since 1970, TTL, only on COMPLETE rows (and rows the sweeper has given up)
"""

import uuid
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sellerbus.aws.transactions import Applied, Item, Refused, write_each
from sellerbus.notifications.abandoned import ReadingDynamoDbClient, abandoned_rows

PENDING_SHARDS: Final = 8
"""The index of pending rows is spread over this many keys, each good for 1,000 writes a second."""

EVENT_ID_NAMESPACE: Final = uuid.UUID("5c2a5d3e-8b0f-5f1c-9a86-1d0e7d0c6b5e")

_PREFIX: Final = "notification#"

CLAIM_CONDITION: Final = (
    "attribute_not_exists(pk) OR (#status = :pending AND leaseUntil < :now AND contentHash = :contentHash)"
)
# Not fenced by the token: a slow holder that did publish may say so even after its lease, because
# whoever holds the row now would publish the same event once more.
COMPLETE_CONDITION: Final = "#status = :pending AND contentHash = :contentHash"
RELEASE_CONDITION: Final = "#status = :pending AND #token = :token"


@dataclass(frozen=True, slots=True)
class Claim:
    """A wish to publish one notification. `token` comes from `new_token` and serves one claim only."""

    notification_id: str
    notification_type: str
    content_hash: str
    message_id: str
    token: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """It is ours until the lease ends."""


@dataclass(frozen=True, slots=True)
class AlreadyComplete:
    """It has been published: a copy."""


@dataclass(frozen=True, slots=True)
class HeldByOther:
    """Another delivery is at it. `until`: when its lease ends, ms since 1970."""

    until: int


@dataclass(frozen=True, slots=True)
class ContentDiffers:
    """The same notificationId was claimed before with other content."""


ClaimOutcome = Claimed | AlreadyComplete | HeldByOther | ContentDiffers


def event_id(notification_id: str) -> str:
    """The id that every publish of this notification carries."""
    return str(uuid.uuid5(EVENT_ID_NAMESPACE, notification_id))


def new_token(now: int) -> str:
    """A token for one claim; later ones sort after earlier ones (`now`: ms since 1970)."""
    return f"{now:013d}-{uuid.uuid4().hex}"


class Ledger:
    """The rows of notifications in DynamoDB. All times are ms since 1970, from `now`.

    Every method takes many notifications, no id twice, and needs one round trip, or two where some
    conditions don't hold. Raises StoreUnavailableError where the outcome is not known for all of them.
    """

    def __init__(
        self,
        client: ReadingDynamoDbClient,
        table_name: str,
        *,
        completed_retention_seconds: int,
        now: Callable[[], int],
        sleep: Callable[[float], None],
    ) -> None:
        self._client = client
        self._table_name = table_name
        self._completed_retention_seconds = completed_retention_seconds
        self._now = now
        self._sleep = sleep

    def claim(self, claims: Sequence[Claim], lease_until: int) -> list[ClaimOutcome]:
        """Try to take each notification until `lease_until`."""
        now = self._now()
        outcomes = self._write([self._claim_update(claim, now, lease_until) for claim in claims])
        return [
            Claimed() if isinstance(outcome, Applied) else _why_refused(outcome.item, claim)
            for claim, outcome in zip(claims, outcomes, strict=True)
        ]

    def abandoned(self, notification_ids: Sequence[str]) -> set[str]:
        """See abandoned.py. Raises StoreUnavailableError."""
        names = {f"{_PREFIX}{name}": name for name in notification_ids}
        found = abandoned_rows(self._client, self._table_name, list(names), self._now())
        return {names[key] for key in found}

    def complete(self, completions: Sequence[tuple[Claim, str]]) -> list[bool]:
        """Record each (claim, bus event id) as published; True where the row is now COMPLETE."""
        now = self._now()
        outcomes = self._write(
            [self._complete_update(claim, bus_event_id, now) for claim, bus_event_id in completions]
        )
        return [isinstance(outcome, Applied) or _is_complete(outcome.item) for outcome in outcomes]

    def release(self, claims: Sequence[Claim]) -> None:
        """Give claims back, so that a redelivery need not wait for the lease. What is not ours stays."""
        now = self._now()
        self._write(
            [
                self._update(
                    claim,
                    "SET leaseUntil = :now, givenBack = :yes",
                    RELEASE_CONDITION,
                    names=("status", "token"),
                    values={
                        ":now": {"N": str(now)},
                        ":pending": {"S": "PENDING"},
                        ":token": {"S": claim.token},
                        ":yes": {"BOOL": True},
                    },
                )
                for claim in claims
            ]
        )

    def _write(self, updates: Sequence[Mapping[str, Any]]) -> list[Applied | Refused]:
        return write_each(self._client, updates, sleep=self._sleep)

    def _claim_update(self, claim: Claim, now: int, lease_until: int) -> Mapping[str, Any]:
        return self._update(
            claim,
            "SET #status = :pending, #token = :token, leaseUntil = :leaseUntil,"
            " contentHash = if_not_exists(contentHash, :contentHash),"
            " eventId = if_not_exists(eventId, :eventId),"
            " firstSeenAt = if_not_exists(firstSeenAt, :now),"
            " claimedAt = :now, notificationType = :notificationType, pendingShard = :pendingShard"
            " REMOVE expiresAt, givenBack"
            " ADD attempts :one, messageIds :messageIds",
            CLAIM_CONDITION,
            names=("status", "token"),
            values={
                ":pending": {"S": "PENDING"},
                ":token": {"S": claim.token},
                ":leaseUntil": {"N": str(lease_until)},
                ":now": {"N": str(now)},
                ":contentHash": {"S": claim.content_hash},
                ":eventId": {"S": event_id(claim.notification_id)},
                ":notificationType": {"S": claim.notification_type},
                ":pendingShard": {"N": str(zlib.crc32(claim.notification_id.encode()) % PENDING_SHARDS)},
                ":one": {"N": "1"},
                ":messageIds": {"SS": [claim.message_id]},
            },
        )

    def _complete_update(self, claim: Claim, bus_event_id: str, now: int) -> Mapping[str, Any]:
        return self._update(
            claim,
            "SET #status = :complete, completedAt = :now, expiresAt = :expiresAt, busEventId = :busEventId"
            " REMOVE pendingShard",
            COMPLETE_CONDITION,
            names=("status",),
            values={
                ":pending": {"S": "PENDING"},
                ":complete": {"S": "COMPLETE"},
                ":contentHash": {"S": claim.content_hash},
                ":now": {"N": str(now)},
                ":expiresAt": {"N": str(now // 1000 + self._completed_retention_seconds)},
                ":busEventId": {"S": bus_event_id},
            },
        )

    def _update(
        self,
        claim: Claim,
        expression: str,
        condition: str,
        *,
        names: Sequence[str],
        values: Mapping[str, Mapping[str, Any]],
    ) -> Mapping[str, Any]:
        return {
            "TableName": self._table_name,
            "Key": {"pk": {"S": f"{_PREFIX}{claim.notification_id}"}},
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {f"#{name}": name for name in names},
            "ExpressionAttributeValues": dict(values),
        }


def _why_refused(item: Item, claim: Claim) -> ClaimOutcome:
    if item["token"]["S"] == claim.token:
        # Our own write went through and only its answer was lost.
        return Claimed()
    if item["contentHash"]["S"] != claim.content_hash:
        return ContentDiffers()
    if _is_complete(item):
        return AlreadyComplete()
    return HeldByOther(until=int(item["leaseUntil"]["N"]))


def _is_complete(item: Item) -> bool:
    return bool(item) and item["status"]["S"] == "COMPLETE"

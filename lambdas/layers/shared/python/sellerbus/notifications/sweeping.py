"""Finds notifications that were claimed and never completed.

A row that stays PENDING past its lease has its message still in the queue (it will be taken up), in the
dead-letter queue (an operator redrives it), or nowhere (an operator purged a queue). Which of these can't
be asked of SQS, but after the longest time a message can live in both queues it is the last: the row is
then given up, loudly, so that no row is stuck for ever.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

from sellerbus.aws.errors import aws_call
from sellerbus.aws.transactions import Item
from sellerbus.notifications.ledger import PENDING_SHARDS

MOST_NAMED: Final = 20
_ABANDONED_RETENTION_SECONDS: Final = 90 * 86_400


class DynamoDbQueryClient(Protocol):
    """The part of boto3's DynamoDB client used here."""

    def query(self, **request: Any) -> Mapping[str, Any]:
        """DynamoDB API: Query."""
        ...

    def update_item(self, **request: Any) -> Mapping[str, Any]:
        """DynamoDB API: UpdateItem."""
        ...


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a sweep saw. Ids are notificationIds, at most MOST_NAMED of each kind; ages in seconds."""

    waiting: int
    oldest_seconds: int
    waiting_ids: tuple[str, ...]
    abandoned: int
    abandoned_ids: tuple[str, ...]


class LedgerSweeper:
    """Looks through the index of PENDING rows. `now` gives ms since 1970."""

    def __init__(
        self,
        client: DynamoDbQueryClient,
        table_name: str,
        index_name: str,
        *,
        lifetime_seconds: int,
        now: Callable[[], int],
    ) -> None:
        self._client = client
        self._table_name = table_name
        self._index_name = index_name
        self._lifetime_ms = lifetime_seconds * 1000
        self._now = now

    def sweep(self) -> SweepReport:
        """Count the rows past their lease, and give up those whose message cannot exist any more.

        Raises StoreUnavailableError; running it again is harmless.
        """
        now = self._now()
        waiting: list[str] = []
        abandoned: list[str] = []
        oldest_ms = 0
        for row in self._past_lease(now):
            name = row["pk"]["S"].removeprefix("notification#")
            if int(row["claimedAt"]["N"]) + self._lifetime_ms < now:
                if self._give_up(row, now):
                    abandoned.append(name)
            else:
                waiting.append(name)
                oldest_ms = max(oldest_ms, now - int(row["firstSeenAt"]["N"]))
        return SweepReport(
            waiting=len(waiting),
            oldest_seconds=oldest_ms // 1000,
            waiting_ids=tuple(waiting[:MOST_NAMED]),
            abandoned=len(abandoned),
            abandoned_ids=tuple(abandoned[:MOST_NAMED]),
        )

    def _past_lease(self, now: int) -> Iterator[Item]:
        for shard in range(PENDING_SHARDS):
            start: Mapping[str, Any] = {}
            while True:
                with aws_call("Query"):
                    page = self._client.query(
                        TableName=self._table_name,
                        IndexName=self._index_name,
                        KeyConditionExpression="pendingShard = :shard AND leaseUntil < :now",
                        ExpressionAttributeValues={":shard": {"N": str(shard)}, ":now": {"N": str(now)}},
                        **start,
                    )
                yield from page["Items"]
                if not page.get("LastEvaluatedKey"):
                    break
                start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _give_up(self, row: Item, now: int) -> bool:
        """Take a row out of the index; False where somebody has claimed it meanwhile."""
        with aws_call("UpdateItem"):
            try:
                self._client.update_item(
                    TableName=self._table_name,
                    Key={"pk": row["pk"]},
                    # It stays PENDING: should the message turn up after all, it is claimed as ever.
                    UpdateExpression="SET abandonedAt = :now, expiresAt = :expiresAt REMOVE pendingShard",
                    ConditionExpression="#status = :pending AND leaseUntil = :leaseUntil",
                    ExpressionAttributeNames={"#status": "status"},
                    ExpressionAttributeValues={
                        ":pending": {"S": "PENDING"},
                        ":leaseUntil": row["leaseUntil"],
                        ":now": {"N": str(now)},
                        ":expiresAt": {"N": str(now // 1000 + _ABANDONED_RETENTION_SECONDS)},
                    },
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                    raise
                return False
        return True

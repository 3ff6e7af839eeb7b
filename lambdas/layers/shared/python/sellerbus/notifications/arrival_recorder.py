"""Notes when notifications came, in the rows that arrivals.py tells.

Source: DynamoDB API, GetItem and UpdateItem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

from sellerbus.aws.errors import aws_call
from sellerbus.aws.items import attribute
from sellerbus.notifications.arrivals import KEPT_DAYS, ArrivalRow, Key, iso, oldest_day, row_key, row_of
from sellerbus.notifications.catalogue import describe
from sellerbus.notifications.origin import Origin
from sellerbus.notifications.results import Result


class WritingDynamoDb(Protocol):
    """The part of boto3's DynamoDB client that noting needs."""

    def get_item(self, **request: Any) -> Mapping[str, Any]: ...

    def update_item(self, **request: Any) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Arrival:
    """That a notification of a type came for a seller. at_ms: ms since 1970."""

    seller_id: str
    notification_type: str
    at_ms: int


class ArrivalRecorder:
    """Notes arrivals: of a seller and type one look and one write per interval, whatever comes.

    One instance serves all invocations of a function instance: it remembers what was noted, and what is due
    and could not be. What comes within the interval is left out: the row is behind by that much at the most.
    now: seconds since 1970.
    """

    def __init__(
        self, client: WritingDynamoDb, table_name: str, *, interval_seconds: int, now: Callable[[], float]
    ) -> None:
        self._client = client
        self._table = table_name
        self._interval = timedelta(seconds=interval_seconds)
        self._now = now
        self._noted: dict[Key, datetime] = {}
        self._pending: dict[Key, datetime] = {}

    def note(self, arrivals: Iterable[Arrival], may_go_on: Callable[[], bool]) -> int:
        """Note what is due, oldest first, as long as there is time; the rest with the next call.

        may_go_on: asked before each look and write. Returns how many rows were written. Raises
        StoreUnavailableError; what was not noted is tried again with the next call.
        """
        for arrival in arrivals:
            key = (arrival.seller_id, arrival.notification_type)
            at = datetime.fromtimestamp(arrival.at_ms / 1000, UTC)
            if self._is_due(key, at):
                self._pending[key] = max(at, self._pending.get(key, at))
        written = 0
        for at, key in sorted((at, key) for key, at in self._pending.items()):
            if not may_go_on():
                break
            written += self._note(key, at)
        return written

    def _is_due(self, key: Key, at: datetime) -> bool:
        noted = self._noted.get(key)
        return noted is None or at - noted >= self._interval

    def _note(self, key: Key, at: datetime) -> bool:
        row = self._find(key)
        if row is not None and at - row.last_at < self._interval:
            # Another instance has noted one. From that on it is counted, so that the row never lags by more.
            self._settle(key, row.last_at)
            return False
        if not self._write(key, row, at):
            # Somebody else did so since: it is looked at again with the next call.
            return False
        self._settle(key, at)
        return True

    def _settle(self, key: Key, noted: datetime) -> None:
        self._noted[key] = noted
        del self._pending[key]

    def _find(self, key: Key) -> ArrivalRow | None:
        with aws_call("GetItem"):
            answer = self._client.get_item(TableName=self._table, Key=row_key(key), ConsistentRead=True)
        return row_of(answer["Item"]) if answer.get("Item") else None

    def _write(self, key: Key, row: ArrivalRow | None, at: datetime) -> bool:
        values = {
            "at": iso(at),
            "now": iso(datetime.fromtimestamp(self._now(), UTC)),
            "gaps": {} if row is None else _with_gap(row, at),
            "expiresAt": round((at + timedelta(days=KEPT_DAYS)).timestamp()),
        }
        if row is None:
            condition = "attribute_not_exists(sellerId)"
        else:
            condition = "lastArrivalAt = :seen"
            values["seen"] = iso(row.last_at)
        with aws_call("UpdateItem"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=row_key(key),
                    UpdateExpression=_NOTE,
                    ConditionExpression=condition,
                    ExpressionAttributeValues={f":{name}": attribute(each) for name, each in values.items()},
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                    raise
                return False
        return True


_NOTE: Final = (
    "SET lastArrivalAt = :at, firstArrivalAt = if_not_exists(firstArrivalAt, :at), longestGaps = :gaps, "
    "updatedAt = :now, expiresAt = :expiresAt"
)


def arrivals_of(results: Iterable[Result]) -> list[Arrival]:
    """Return what came from Amazon in a batch, whatever became of it, as of when it came into the queue.

    What names no seller isn't there, nor what Sellerbus made itself.
    """
    return [
        Arrival(seller_id, result.envelope.notification_type, result.delivery.sent_at_ms)
        for result in results
        if result.envelope is not None
        and result.envelope.origin is Origin.AMAZON
        and (seller_id := describe(result.envelope).seller_id)
    ]


def _with_gap(row: ArrivalRow, at: datetime) -> dict[str, int]:
    """The row's gaps with the one that this arrival ends, without those that don't count any more."""
    oldest, today = oldest_day(at), at.date().isoformat()
    gap = round((at - row.last_at).total_seconds())
    kept = {day: seconds for day, seconds in row.longest_gaps.items() if day >= oldest}
    return {**kept, today: max(gap, kept.get(today, 0))}

"""When notifications came, by seller and type: what rhythm.py judges silence by.

A row of the table Arrivals, which is never further behind than the recorder's interval:

sellerId, notificationType   the key
firstArrivalAt               ISO 8601 in UTC, as all times here
lastArrivalAt                the last arrival that was noted
longestGaps                  day (YYYY-MM-DD, in UTC) -> the longest time in seconds between two arrivals of
                             which the second was on that day; the last GAP_DAYS days before lastArrivalAt
silenceToldOf                the lastArrivalAt after which a silence was told; absent where none was
updatedAt                    when it was written
expiresAt                    s since 1970, TTL: of sellers and types that are gone for good

A gap is measured between what was noted, so it may be told too long by the interval, never too short.

Source: DynamoDB API, GetItem, Query, Scan and UpdateItem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

from sellerbus.aws.errors import aws_call
from sellerbus.aws.items import attribute, plain_item
from sellerbus.notifications.catalogue import describe
from sellerbus.notifications.origin import Origin
from sellerbus.notifications.results import Result

GAP_DAYS: Final = 14
KEPT_DAYS: Final = 180

Key = tuple[str, str]
"""Seller and notification type."""


class ReadingDynamoDb(Protocol):
    """The part of boto3's DynamoDB client that reading needs."""

    def get_item(self, **request: Any) -> Mapping[str, Any]: ...

    def query(self, **request: Any) -> Mapping[str, Any]: ...

    def scan(self, **request: Any) -> Mapping[str, Any]: ...


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


@dataclass(frozen=True, slots=True)
class ArrivalRow:
    """What is known of one seller's notifications of one type; see the module. Gaps are in seconds."""

    seller_id: str
    notification_type: str
    first_at: datetime
    last_at: datetime
    longest_gaps: Mapping[str, int]
    silence_told_of: datetime | None = None

    @property
    def key(self) -> Key:
        return (self.seller_id, self.notification_type)


class ArrivalRows:
    """Reads rows. Raises StoreUnavailableError."""

    def __init__(self, client: ReadingDynamoDb, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def find(self, seller_id: str, notification_type: str) -> ArrivalRow | None:
        """Return the row as it is now (a consistent read), None where nothing ever came."""
        with aws_call("GetItem"):
            answer = self._client.get_item(
                TableName=self._table, Key=row_key((seller_id, notification_type)), ConsistentRead=True
            )
        return row_of(answer["Item"]) if answer.get("Item") else None

    def of_seller(self, seller_id: str) -> list[ArrivalRow]:
        """Return a seller's rows by type."""
        pages = self._pages(
            "Query",
            KeyConditionExpression="sellerId = :seller",
            ExpressionAttributeValues={":seller": attribute(seller_id)},
        )
        return [row_of(item) for item in pages]

    def all(self) -> Iterator[ArrivalRow]:
        """Yield every row, in no order, page by page; a row may be some seconds old."""
        return map(row_of, self._pages("Scan"))

    def _pages(self, operation: str, **request: Any) -> Iterator[Mapping[str, Any]]:
        call = self._client.query if operation == "Query" else self._client.scan
        start: dict[str, Any] = {}
        while True:
            with aws_call(operation):
                page = call(TableName=self._table, **request, **start)
            yield from page.get("Items", [])
            if not page.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


class ArrivalRecorder:
    """Notes arrivals: of a seller and type one look and one write per interval, whatever comes.

    One instance serves all invocations of a function instance: it remembers what it has noted, and what it
    has not. Should the instance end before that is noted, the row stays behind by the interval at the most.
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
            self._pending[key] = max(at, self._pending.get(key, at))
        due = sorted((at, key) for key, at in self._pending.items() if self._is_due(key, at))
        written = 0
        for at, key in due:
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
        if self._pending[key] <= noted:
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


def oldest_day(last_at: datetime) -> str:
    """Return the first day whose gaps still count with such a last arrival."""
    return (last_at - timedelta(days=GAP_DAYS)).date().isoformat()


def row_key(key: Key) -> dict[str, Any]:
    """Return the row's key as DynamoDB takes it."""
    return {"sellerId": attribute(key[0]), "notificationType": attribute(key[1])}


def row_of(item: Mapping[str, Any]) -> ArrivalRow:
    """Read an item as DynamoDB gives it."""
    values = plain_item(item)
    told = values.get("silenceToldOf")
    return ArrivalRow(
        seller_id=values["sellerId"],
        notification_type=values["notificationType"],
        first_at=datetime.fromisoformat(values["firstArrivalAt"]),
        last_at=datetime.fromisoformat(values["lastArrivalAt"]),
        longest_gaps=values["longestGaps"],
        silence_told_of=datetime.fromisoformat(told) if told else None,
    )


def iso(at: datetime) -> str:
    """Return a time as the rows have it, in milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")

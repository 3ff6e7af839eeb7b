"""When notifications came, by seller and type: what rhythm.py judges silence by.

A row of the table Arrivals, which arrival_recorder.py keeps no further behind than its interval:

sellerId, notificationType   the key
firstArrivalAt               ISO 8601 in UTC, as all times here
lastArrivalAt                the last arrival that was noted
longestGaps                  day (YYYY-MM-DD, in UTC) -> the longest time in seconds between two arrivals of
                             which the second was on that day; the last GAP_DAYS days before lastArrivalAt
silenceToldOf                the lastArrivalAt after which a silence was told; absent where none was
updatedAt                    when it was written
expiresAt                    s since 1970, TTL: of sellers and types that are gone for good

A gap is measured between what was noted, so it may be told too long by the interval, never too short.

Source: DynamoDB API, GetItem, Query and Scan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from sellerbus.aws.errors import aws_call
from sellerbus.aws.items import attribute, plain_item

GAP_DAYS: Final = 14
KEPT_DAYS: Final = 180

Key = tuple[str, str]
"""Seller and notification type."""


class ReadingDynamoDb(Protocol):
    """The part of boto3's DynamoDB client that reading needs."""

    def get_item(self, **request: Any) -> Mapping[str, Any]: ...

    def query(self, **request: Any) -> Mapping[str, Any]: ...

    def scan(self, **request: Any) -> Mapping[str, Any]: ...


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

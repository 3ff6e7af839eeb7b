"""How far was looked, by seller and subject: what makes a look go on where the last one ended.

A row of the table:

sellerId, subject        the key; a subject is what is looked for, "orders" or "feeds"
since                    ISO 8601: everything before was looked at
until, question, token   of a look that was cut off: its end, which of its questions it is at, and the page
openSince                of such a look: what the next one must not begin after; absent for nothing
lookedAt                 when it was written; the next run begins with the row of which this is longest ago
version                  changes with every write, so that of two runs beside each other only one writes
expiresAt                s since 1970, TTL: of sellers that are gone

Source: DynamoDB API, Scan, PutItem and DeleteItem.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

from sellerbus.aws.errors import aws_call
from sellerbus.aws.items import attribute, plain_item

KEPT_SECONDS: Final = 60 * 86_400

Key = tuple[str, str]
"""Seller and subject."""


@dataclass(frozen=True)
class Look:
    """A look at [since, until). question, token: where it is. open_since: see the module's openSince."""

    since: datetime
    until: datetime
    question: int = 0
    token: str = ""
    open_since: datetime | None = None


@dataclass(frozen=True)
class Mark:
    """A row. cut_off: the look to go on with; None where the last one came to its end."""

    seller_id: str
    subject: str
    since: datetime
    looked_at: datetime
    cut_off: Look | None = None
    version: str = ""

    @property
    def key(self) -> Key:
        return (self.seller_id, self.subject)


class DynamoDbClient(Protocol):
    """The part of boto3's DynamoDB client used here."""

    def scan(self, **request: Any) -> Mapping[str, Any]: ...

    def put_item(self, **request: Any) -> Mapping[str, Any]: ...

    def delete_item(self, **request: Any) -> Mapping[str, Any]: ...


class Marks:
    """The table. Raises StoreUnavailableError. now: seconds since 1970."""

    def __init__(self, client: DynamoDbClient, table_name: str, *, now: Callable[[], float]) -> None:
        self._client = client
        self._table = table_name
        self._now = now

    def all(self) -> Iterator[Mark]:
        """Yield every row as it is now, in no order."""
        start: dict[str, Any] = {}
        while True:
            with aws_call("Scan"):
                page = self._client.scan(TableName=self._table, ConsistentRead=True, **start)
            yield from map(_mark, page.get("Items", []))
            if not page.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def write(self, mark: Mark) -> Mark | None:
        """Write a row in place of the version that `mark` has; "" where there is none yet.

        Returns it with its new version; None where another run has written it meanwhile, who is further on.
        """
        written = replace(mark, version=uuid.uuid4().hex)
        seen = "attribute_not_exists(sellerId)" if not mark.version else "version = :seen"
        with aws_call("PutItem"):
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=_item(written, expires_at=round(self._now()) + KEPT_SECONDS),
                    ConditionExpression=f"{seen} OR version = :own",
                    ExpressionAttributeValues={
                        # A repetition below us finds its own write.
                        ":own": attribute(written.version),
                        **({":seen": attribute(mark.version)} if mark.version else {}),
                    },
                )
            except ClientError as error:
                if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                    return None
                raise
        return written

    def forget(self, mark: Mark) -> None:
        """Delete a row: the seller is looked at anew, from then on."""
        with aws_call("DeleteItem"):
            self._client.delete_item(
                TableName=self._table,
                Key={"sellerId": attribute(mark.seller_id), "subject": attribute(mark.subject)},
            )


def _item(mark: Mark, *, expires_at: int) -> dict[str, Any]:
    look = mark.cut_off
    values: dict[str, Any] = {
        "sellerId": mark.seller_id,
        "subject": mark.subject,
        "since": _iso(mark.since),
        "lookedAt": _iso(mark.looked_at),
        "version": mark.version,
        "expiresAt": expires_at,
    }
    if look:
        values |= {
            "since": _iso(look.since),
            "until": _iso(look.until),
            "question": look.question,
            "token": look.token,
            **({"openSince": _iso(look.open_since)} if look.open_since else {}),
        }
    return {name: attribute(value) for name, value in values.items()}


def _mark(item: Mapping[str, Any]) -> Mark:
    values = plain_item(item)
    since = datetime.fromisoformat(values["since"])
    open_since = values.get("openSince")
    cut_off = (
        Look(
            since,
            datetime.fromisoformat(values["until"]),
            values["question"],
            values["token"],
            datetime.fromisoformat(open_since) if open_since else None,
        )
        if "until" in values
        else None
    )
    return Mark(
        values["sellerId"],
        values["subject"],
        since,
        datetime.fromisoformat(values["lookedAt"]),
        cut_off,
        values["version"],
    )


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")

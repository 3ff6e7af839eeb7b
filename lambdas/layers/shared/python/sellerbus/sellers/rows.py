"""The rows of the seller registry, to be read: no token is decrypted here, and none is needed.

A row: sellerId, region (na, eu, fe), marketplaceIds, status, refreshToken (KMS ciphertext under the
encryption context {"sellerId": id}, so that one seller's is of no use in another's row), notificationTypes
(the seller's own list; absent means all that are configured), createdAt and updatedAt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

ACTIVE: Final = "active"
PAUSED: Final = "paused"
REVOKED: Final = "revoked"
REMOVING: Final = "removing"
STATUSES: Final = (ACTIVE, PAUSED, REVOKED, REMOVING)


class SellerError(Exception):
    """A seller could not be found, added or changed; the message says which and why."""


class UnknownSellerError(SellerError):
    """The registry does not have the seller."""

    def __init__(self, seller_id: str) -> None:
        self.seller_id = seller_id
        super().__init__(f"seller {seller_id} is not in the registry")


class ReadingDynamoDb(Protocol):
    """The part of the boto3 client that is used."""

    def get_item(self, **arguments: Any) -> Any: ...

    def scan(self, **arguments: Any) -> Any: ...


@dataclass(frozen=True)
class Seller:
    """One row. updated_at changes with every write: it tells one version of the row from another.

    notification_types: the seller's own list; None means all that are configured.
    """

    seller_id: str
    region: str
    marketplace_ids: tuple[str, ...]
    status: str
    created_at: str
    updated_at: str
    sealed_token: bytes = field(repr=False)
    notification_types: tuple[str, ...] | None = None


@dataclass(frozen=True)
class SellerOverview:
    """What of a row is no secret; see Seller."""

    seller_id: str
    region: str
    status: str
    notification_types: tuple[str, ...] | None = None


class SellerRows:
    """Reads the rows as they are now (consistent reads)."""

    def __init__(self, dynamodb: ReadingDynamoDb, table_name: str) -> None:
        self._reader = dynamodb
        self._table = table_name

    def get(self, seller_id: str) -> Seller:
        """Return the row; raises UnknownSellerError."""
        found = self.find(seller_id)
        if found is None:
            raise UnknownSellerError(seller_id)
        return found

    def find(self, seller_id: str) -> Seller | None:
        """Return the row as it is now (a consistent read), None where there is none."""
        item = self._reader.get_item(
            TableName=self._table, Key={"sellerId": {"S": seller_id}}, ConsistentRead=True
        ).get("Item")
        return seller_of(item) if item else None

    def sellers(self) -> Iterator[Seller]:
        """Yield every row, in no order, page by page."""
        return map(seller_of, self._items())

    def ids(self) -> Iterator[tuple[str, str]]:
        """Yield id and status of every seller, in no order; the tokens are not even read."""
        rows = self._items(
            ProjectionExpression="sellerId, #status", ExpressionAttributeNames={"#status": "status"}
        )
        return ((item["sellerId"]["S"], item["status"]["S"]) for item in rows)

    def overviews(self) -> Iterator[SellerOverview]:
        """Yield every row without its token, in no order; a role may be let read only these attributes."""
        rows = self._items(
            Select="SPECIFIC_ATTRIBUTES",
            ProjectionExpression="sellerId, #region, #status, notificationTypes",
            ExpressionAttributeNames={"#region": "region", "#status": "status"},
        )
        return (
            SellerOverview(item["sellerId"]["S"], item["region"]["S"], item["status"]["S"], _own_types(item))
            for item in rows
        )

    def _items(self, **projection: Any) -> Iterator[Mapping[str, Any]]:
        start: dict[str, Any] = {}
        while True:
            page = self._reader.scan(TableName=self._table, ConsistentRead=True, **projection, **start)
            yield from page.get("Items", [])
            if not page.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def seller_of(item: Mapping[str, Any]) -> Seller:
    return Seller(
        seller_id=item["sellerId"]["S"],
        region=item["region"]["S"],
        marketplace_ids=_names(item["marketplaceIds"]),
        status=item["status"]["S"],
        created_at=item["createdAt"]["S"],
        updated_at=item["updatedAt"]["S"],
        sealed_token=bytes(item["refreshToken"]["B"]),
        notification_types=_own_types(item),
    )


def _own_types(item: Mapping[str, Any]) -> tuple[str, ...] | None:
    return _names(item["notificationTypes"]) if "notificationTypes" in item else None


def _names(attribute: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(entry["S"] for entry in attribute["L"])

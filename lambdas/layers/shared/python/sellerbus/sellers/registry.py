"""The sellers that Sellerbus works for: a DynamoDB table whose refresh tokens are encrypted one by one.

Listing and looking up decrypt nothing. A row's attributes are told in rows.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from sellerbus.api.lwa import SellerGrant
from sellerbus.sellers import advice
from sellerbus.sellers.rows import (
    ACTIVE,
    REMOVING,
    STATUSES,
    ReadingDynamoDb,
    Seller,
    SellerError,
    SellerRows,
    UnknownSellerError,
    seller_of,
)

_SELLER_ID = re.compile(r"[A-Z0-9]{5,20}")


class SellerExistsError(SellerError):
    """The registry has the seller already. `status` is its status."""

    def __init__(self, seller_id: str, status: str) -> None:
        self.seller_id = seller_id
        self.status = status
        super().__init__(f"seller {seller_id} is in the registry already (status {status})")


class UnreadableTokenError(SellerError):
    """The refresh token in the row cannot be decrypted for this seller."""


class UnknownStatusError(SellerError):
    """The row has a status that nobody here writes. mend: the command that writes it anew."""

    def __init__(self, seller_id: str, status: str, mend: str) -> None:
        super().__init__(
            f"seller {seller_id} has the unknown status {status!r}: {', '.join(STATUSES)}. Write the row "
            f"anew: {mend}"
        )


class DynamoDb(ReadingDynamoDb, Protocol):
    """The part of the boto3 client that is used."""

    @property
    def exceptions(self) -> Any: ...

    def update_item(self, **arguments: Any) -> Any: ...

    def delete_item(self, **arguments: Any) -> Any: ...


class Kms(Protocol):
    """The part of the boto3 client that is used."""

    @property
    def exceptions(self) -> Any: ...

    def encrypt(self, **arguments: Any) -> Any: ...

    def decrypt(self, **arguments: Any) -> Any: ...


def checked_seller_id(text: str) -> str:
    """Return the seller id (merchant token) in `text`; raises ValueError where it can be none."""
    seller_id = text.strip()
    if not _SELLER_ID.fullmatch(seller_id):
        raise ValueError(
            f"{text!r} is no seller id: it is the merchant token, 5 to 20 capital letters and digits "
            "(Seller Central, Account Info, Your Merchant Token)"
        )
    return seller_id


class SellerRegistry(SellerRows):
    """Reads and writes the rows. Every write is one call: a crash leaves the old row or the new."""

    def __init__(
        self,
        *,
        dynamodb: DynamoDb,
        kms: Kms,
        table_name: str,
        key_id: str,
        stage: str,
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__(dynamodb, table_name)
        self._dynamodb = dynamodb
        self._kms = kms
        self._key = key_id
        self._stage = stage
        self._clock = clock

    def add(
        self,
        seller_id: str,
        *,
        region: str,
        marketplace_ids: Sequence[str],
        refresh_token: str,
        notification_types: Sequence[str] | None = None,
        replace: bool = False,
    ) -> Seller:
        """Write an active seller and return its row.

        notification_types: the seller's own list; None means all that are configured, also with `replace`.
        Raises SellerExistsError where the registry has the seller, unless `replace`: then token, region,
        marketplaces and own list are replaced, and the seller is active again whatever it was. Raises
        ValueError for an own list without a type.
        """
        if notification_types is not None and not notification_types:
            raise ValueError(f"seller {seller_id}: an own list names at least one type; to want none, pause")
        sealed = self._kms.encrypt(
            KeyId=self._key,
            Plaintext=refresh_token.encode(),
            EncryptionContext={"sellerId": seller_id},
        )["CiphertextBlob"]
        now = self._now()
        condition = {} if replace else {"ConditionExpression": "attribute_not_exists(sellerId)"}
        own_list, own_values = "REMOVE notificationTypes", {}
        if notification_types is not None:
            own_list = ", notificationTypes = :types"
            own_values = {":types": _texts(notification_types)}
        try:
            written = self._dynamodb.update_item(
                TableName=self._table,
                Key={"sellerId": {"S": seller_id}},
                UpdateExpression=(
                    "SET #region = :region, marketplaceIds = :marketplaces, #status = :active, "
                    "refreshToken = :token, updatedAt = :now, createdAt = if_not_exists(createdAt, :now) "
                    f"{own_list}"
                ),
                ExpressionAttributeNames={"#region": "region", "#status": "status"},
                ExpressionAttributeValues={
                    ":region": {"S": region},
                    ":marketplaces": _texts(marketplace_ids),
                    ":active": {"S": ACTIVE},
                    ":token": {"B": sealed},
                    ":now": {"S": now},
                    **own_values,
                },
                ReturnValues="ALL_NEW",
                **condition,
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            found = self.find(seller_id)
            if found is not None and found.sealed_token == sealed:
                # An answer was lost and the call repeated below us: the row is this very write.
                return found
            raise SellerExistsError(seller_id, found.status if found else "unknown") from None
        return seller_of(written["Attributes"])

    def add_again(self, seller: Seller) -> str:
        """Return the command that mends the row, whole."""
        return advice.add_again(seller.seller_id, self._stage, seller.marketplace_ids)

    def refresh_token(self, seller: Seller) -> str:
        """Decrypt the seller's refresh token; raises UnreadableTokenError where it is not this seller's."""
        try:
            opened = self._kms.decrypt(
                KeyId=self._key,
                CiphertextBlob=seller.sealed_token,
                EncryptionContext={"sellerId": seller.seller_id},
            )
        except (
            self._kms.exceptions.InvalidCiphertextException,
            self._kms.exceptions.IncorrectKeyException,
        ) as error:
            raise UnreadableTokenError(
                f"the refresh token of seller {seller.seller_id} cannot be decrypted "
                f"({type(error).__name__}): it was not written for this seller and key. "
                f"Write it anew: {self.add_again(seller)}"
            ) from error
        return bytes(opened["Plaintext"]).decode()

    def grant(self, seller: Seller) -> SellerGrant:
        """Return what the API client needs to call for the seller; decrypts only when that is needed."""
        return SellerGrant(
            seller.seller_id,
            lambda: self.refresh_token(seller),
            version=hashlib.sha256(seller.sealed_token).hexdigest(),
        )

    def set_status(self, seller_id: str, status: str, *, seen: Seller | None = None) -> Seller:
        """Set the status and return the row; with `seen`, only while the row is still that version.

        Raises UnknownSellerError, also where the row is another version than `seen`.
        """
        if status not in STATUSES:
            raise ValueError(f"{status!r} is no status: {', '.join(STATUSES)}")
        condition = "attribute_exists(sellerId)"
        now = self._now()
        values = {":status": {"S": status}, ":now": {"S": now}}
        if seen is not None:
            condition += " AND updatedAt = :seen"
            values[":seen"] = {"S": seen.updated_at}
        try:
            written = self._dynamodb.update_item(
                TableName=self._table,
                Key={"sellerId": {"S": seller_id}},
                UpdateExpression="SET #status = :status, updatedAt = :now",
                ConditionExpression=condition,
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            found = self.find(seller_id)
            if found is not None and (found.status, found.updated_at) == (status, now):
                # An answer was lost and the call repeated below us: the row is this very write.
                return found
            raise UnknownSellerError(seller_id) from None
        return seller_of(written["Attributes"])

    def delete_removed(self, seller_id: str) -> bool:
        """Delete the row if its status is still `removing`; False where somebody brought the seller back."""
        try:
            self._dynamodb.delete_item(
                TableName=self._table,
                Key={"sellerId": {"S": seller_id}},
                ConditionExpression="attribute_not_exists(sellerId) OR #status = :removing",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={":removing": {"S": REMOVING}},
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _now(self) -> str:
        # Microseconds: updatedAt tells the versions of a row apart.
        return self._clock().astimezone(UTC).isoformat(timespec="microseconds")


def _texts(values: Sequence[str]) -> dict[str, Any]:
    return {"L": [{"S": value} for value in values]}

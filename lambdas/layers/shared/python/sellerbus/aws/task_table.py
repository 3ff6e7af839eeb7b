"""A table of tasks: items read consistently, and writes that are carried out together or not.

Every write is a transaction with a token of its own, so that the SDK's repetition of a write whose answer was
lost is recognised by DynamoDB, and is no failed condition.

Source: DynamoDB API, GetItem, Query and TransactWriteItems.
"""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

from sellerbus.aws.errors import StoreUnavailableError, aws_call
from sellerbus.aws.items import attribute, plain_item

_CONFLICT_ATTEMPTS: Final = 6
_TRANSIENT_REASONS: Final = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)

Key = tuple[str, str]
"""pk and sk."""


class DynamoDbClient(Protocol):
    """The part of boto3's DynamoDB client used here."""

    def get_item(self, **request: Any) -> Mapping[str, Any]: ...

    def query(self, **request: Any) -> Mapping[str, Any]: ...

    def transact_write_items(self, **request: Any) -> Mapping[str, Any]: ...


class RefusedError(Exception):
    """A condition did not hold, and nothing was written. items: what stands there, by key; {} for nothing."""

    def __init__(self, items: Mapping[Key, Mapping[str, Any]]) -> None:
        self.items = dict(items)
        super().__init__(f"the condition on {', '.join(' '.join(key) for key in self.items)} did not hold")


class Write:
    """One action of a transaction: `:names` in expressions stand for the values given, which are plain ones,
    `#names` for the attributes of the name, which may be a word of DynamoDB's own.
    """

    def __init__(self, kind: str, key: Key, request: Mapping[str, Any]) -> None:
        self.kind = kind
        self.key = key
        self.request = request

    @classmethod
    def put(cls, key: Key, item: Mapping[str, Any], *, condition: str = "", **values: Any) -> Write:
        """Write a whole item, in place of what is there."""
        whole = {name: attribute(value) for name, value in item.items()}
        return cls("Put", key, {"Item": {**_key(key), **whole}, **_condition(condition, values)})

    @classmethod
    def update(cls, key: Key, expression: str, *, condition: str = "", **values: Any) -> Write:
        """Change attributes of an item, which is made where there is none."""
        return cls(
            "Update",
            key,
            {"Key": _key(key), "UpdateExpression": expression, **_condition(condition, values, expression)},
        )

    @classmethod
    def delete(cls, key: Key, *, condition: str = "", **values: Any) -> Write:
        return cls("Delete", key, {"Key": _key(key), **_condition(condition, values)})

    @classmethod
    def check(cls, key: Key, *, condition: str, **values: Any) -> Write:
        """Write nothing; the others are written only where the condition holds."""
        return cls("ConditionCheck", key, {"Key": _key(key), **_condition(condition, values)})


class TaskTable:
    """Raises StoreUnavailableError where DynamoDB does not do it now, or may have done it unseen."""

    def __init__(self, client: DynamoDbClient, table_name: str, *, sleep: Callable[[float], None]) -> None:
        self._client = client
        self._table = table_name
        self._sleep = sleep

    def get(self, key: Key) -> dict[str, Any] | None:
        """Return an item as it is now, as plain values; None where there is none."""
        with aws_call("GetItem"):
            answer = self._client.get_item(TableName=self._table, Key=_key(key), ConsistentRead=True)
        return plain_item(answer["Item"]) if answer.get("Item") else None

    def items(self, pk: str, prefix: str, *, below: str = "", page: int = 1000) -> Iterator[dict[str, Any]]:
        """Yield a partition's items by sk: those that begin with `prefix`, and only those before `below`."""
        condition, values = "pk = :pk AND begins_with(sk, :prefix)", {":pk": pk, ":prefix": prefix}
        if below:
            # From the prefix on and up to `below`: what is greater than both is another prefix's.
            condition, values = "pk = :pk AND sk BETWEEN :prefix AND :below", {**values, ":below": below}
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": {name: attribute(value) for name, value in values.items()},
            "ConsistentRead": True,
            "Limit": page,
        }
        while True:
            with aws_call("Query"):
                answer = self._client.query(**request)
            for item in answer.get("Items", []):
                found = plain_item(item)
                if found["sk"] != below:
                    yield found
            if not answer.get("LastEvaluatedKey"):
                return
            request = {**request, "ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def write(self, *writes: Write) -> None:
        """Carry all of them out, or none. Raises RefusedError too.

        Where another transaction is at the same items, it is tried again for about a second.
        """
        request = {
            "TransactItems": [
                {
                    each.kind: {
                        "TableName": self._table,
                        **each.request,
                        **({} if "ConditionExpression" not in each.request else _TELL),
                    }
                }
                for each in writes
            ]
        }
        for attempt in range(1, _CONFLICT_ATTEMPTS + 1):
            reasons = self._transact(request)
            if reasons is None:
                return
            refused = {
                write.key: plain_item(reason.get("Item") or {})
                for write, reason in zip(writes, reasons, strict=True)
                if reason["Code"] == "ConditionalCheckFailed"
            }
            if refused:
                raise RefusedError(refused)
            codes = sorted({reason["Code"] for reason in reasons} - {"None"})
            if attempt == _CONFLICT_ATTEMPTS or not _TRANSIENT_REASONS.issuperset(codes):
                raise StoreUnavailableError("TransactWriteItems", ",".join(codes) or "TransactionCanceled")
            self._sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 (jitter, not a secret)

    def _transact(self, request: Mapping[str, Any]) -> Sequence[Mapping[str, Any]] | None:
        """None where all was written, else the cancellation reason of each action."""
        with aws_call("TransactWriteItems"):
            try:
                self._client.transact_write_items(**request, ClientRequestToken=str(uuid.uuid4()))
            except ClientError as error:
                if error.response["Error"]["Code"] != "TransactionCanceledException":
                    raise
                reasons: Sequence[Mapping[str, Any]] = error.response["CancellationReasons"]
                return reasons
        return None


_TELL: Final = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
_NAME: Final = re.compile(r"#(\w+)")


def _key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def _condition(condition: str, values: Mapping[str, Any], expression: str = "") -> dict[str, Any]:
    texts = f"{condition} {expression}"
    names = {f"#{name}": name for name in _NAME.findall(texts)}
    found: dict[str, Any] = {"ConditionExpression": condition} if condition else {}
    if names:
        found["ExpressionAttributeNames"] = names
    if values:
        found["ExpressionAttributeValues"] = {f":{name}": attribute(value) for name, value in values.items()}
    return found

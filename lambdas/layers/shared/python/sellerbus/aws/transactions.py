"""Many conditional DynamoDB writes in one round trip, each judged alone.

DynamoDB's own batch write knows no conditions, and its transaction is all or nothing. Here a transaction
that is cancelled is sent again without the writes whose conditions failed, so that each write ends as if
it had been sent alone: one round trip where every condition holds, two where some don't.

Source: DynamoDB API, TransactWriteItems (100 actions, CancellationReasons in the order of the actions).
"""

import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

from sellerbus.aws.errors import StoreUnavailableError, aws_call

MOST_WRITES: Final = 100
_CONFLICT_ATTEMPTS: Final = 6
_TRANSIENT_REASONS: Final = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)

Item = Mapping[str, Mapping[str, Any]]
"""A DynamoDB item as the low-level client gives it: attribute name to typed value."""


class DynamoDbClient(Protocol):
    """The part of boto3's DynamoDB client that the stores here use."""

    def transact_write_items(self, **request: Any) -> Mapping[str, Any]:
        """DynamoDB API: TransactWriteItems."""
        ...


@dataclass(frozen=True, slots=True)
class Applied:
    """The condition held and the write is done."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The condition did not hold; `item` is what stands there, empty where nothing does."""

    item: Item


def write_each(
    client: DynamoDbClient,
    updates: Sequence[Mapping[str, Any]],
    *,
    sleep: Callable[[float], None],
) -> list[Applied | Refused]:
    """Carry out conditional updates of different items; the outcomes stand in the order of `updates`.

    Each update is the `Update` action of TransactWriteItems. A write that met another transaction on the
    same item is tried again a few times within about a second. Raises StoreUnavailableError where the
    table does not take the writes or the answer was lost: some of them may then have been carried out.
    """
    outcomes: list[Applied | Refused] = []
    for start in range(0, len(updates), MOST_WRITES):
        outcomes += _write_chunk(client, updates[start : start + MOST_WRITES], sleep)
    return outcomes


def _write_chunk(
    client: DynamoDbClient, updates: Sequence[Mapping[str, Any]], sleep: Callable[[float], None]
) -> list[Applied | Refused]:
    outcomes: dict[int, Applied | Refused] = {}
    conflicts = 0
    while len(outcomes) < len(updates):
        indices = [index for index in range(len(updates)) if index not in outcomes]
        reasons = _transact(client, [updates[index] for index in indices])
        if reasons is None:
            outcomes.update((index, Applied()) for index in indices)
            continue
        refused = {
            index: Refused(reason.get("Item") or {})
            for index, reason in zip(indices, reasons, strict=True)
            if reason["Code"] == "ConditionalCheckFailed"
        }
        outcomes.update(refused)
        if refused:
            continue
        conflicts += 1
        codes = sorted({reason["Code"] for reason in reasons} - {"None"})
        if conflicts == _CONFLICT_ATTEMPTS or not _TRANSIENT_REASONS.issuperset(codes):
            raise StoreUnavailableError("TransactWriteItems", ",".join(codes) or "TransactionCanceled")
        sleep(random.uniform(0, 0.02 * 2**conflicts))  # noqa: S311 (jitter, not a secret)
    return [outcomes[index] for index in range(len(updates))]


def _transact(
    client: DynamoDbClient, updates: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]] | None:
    """None where all was written, else the cancellation reason of each write."""
    request = {
        "TransactItems": [
            {"Update": {**update, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}} for update in updates
        ],
        # Given here and not left to botocore, so that a retry after a lost answer is the same request.
        "ClientRequestToken": str(uuid.uuid4()),
    }
    with aws_call("TransactWriteItems"):
        try:
            client.transact_write_items(**request)
        except ClientError as error:
            if error.response["Error"]["Code"] != "TransactionCanceledException":
                raise
            reasons: Sequence[Mapping[str, Any]] = error.response["CancellationReasons"]
            return reasons
    return None

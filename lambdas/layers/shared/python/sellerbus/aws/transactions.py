"""Many conditional DynamoDB writes in one round trip, each judged alone.

DynamoDB's own batch write knows no conditions, and its transaction is all or nothing. Here a transaction
that is cancelled is sent again without the writes whose conditions failed, so that each write ends as if
it had been sent alone: one round trip where every condition holds, two where some don't. Writes that must
stand or fall together are a unit; units are judged alone in the same way.

Source: DynamoDB API, TransactWriteItems (100 actions, 4 MB, CancellationReasons in the order of the actions).
"""

import random
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

from sellerbus.aws.errors import StoreUnavailableError, aws_call

MOST_WRITES: Final = 100
MOST_BYTES: Final = 3_500_000
"""Of one transaction's items; DynamoDB takes 4 MB, and counts names and types too."""
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


@dataclass(frozen=True, slots=True)
class Unit:
    """Actions of TransactWriteItems that are carried out together or not at all, each of another item.

    actions: as in TransactItems, {"Put": ...}, {"Update": ...} or {"Delete": ...}. size_bytes: about what the
    items take, where that is more than a little.
    """

    actions: tuple[Mapping[str, Mapping[str, Any]], ...]
    size_bytes: int = 0


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
    return write_units(client, [Unit(({"Update": update},)) for update in updates], sleep=sleep)


def write_units(
    client: DynamoDbClient, units: Sequence[Unit], *, sleep: Callable[[float], None]
) -> list[Applied | Refused]:
    """Carry out each unit where all its conditions hold; the outcomes stand in the order of `units`.

    No item may be in two units. Refused has what stands in place of the unit's first item whose condition
    did not hold. Tries again and raises as write_each does.
    """
    outcomes: list[Applied | Refused] = []
    for chunk in _chunked(units):
        outcomes += _write_chunk(client, chunk, sleep)
    return outcomes


def _chunked(units: Sequence[Unit]) -> Iterator[list[Unit]]:
    chunk: list[Unit] = []
    actions = size_bytes = 0
    for unit in units:
        full = actions + len(unit.actions) > MOST_WRITES or size_bytes + unit.size_bytes > MOST_BYTES
        if chunk and full:
            yield chunk
            chunk, actions, size_bytes = [], 0, 0
        chunk.append(unit)
        actions += len(unit.actions)
        size_bytes += unit.size_bytes
    if chunk:
        yield chunk


def _write_chunk(
    client: DynamoDbClient, units: Sequence[Unit], sleep: Callable[[float], None]
) -> list[Applied | Refused]:
    outcomes: dict[int, Applied | Refused] = {}
    conflicts = 0
    while len(outcomes) < len(units):
        indices = [index for index in range(len(units)) if index not in outcomes]
        reasons = _transact(client, [units[index] for index in indices])
        if reasons is None:
            outcomes.update((index, Applied()) for index in indices)
            continue
        refused = _refused(units, indices, reasons)
        outcomes.update(refused)
        if refused:
            continue
        conflicts += 1
        codes = sorted({reason["Code"] for reason in reasons} - {"None"})
        if conflicts == _CONFLICT_ATTEMPTS or not _TRANSIENT_REASONS.issuperset(codes):
            raise StoreUnavailableError("TransactWriteItems", ",".join(codes) or "TransactionCanceled")
        sleep(random.uniform(0, 0.02 * 2**conflicts))  # noqa: S311 (jitter, not a secret)
    return [outcomes[index] for index in range(len(units))]


def _refused(
    units: Sequence[Unit], indices: Sequence[int], reasons: Sequence[Mapping[str, Any]]
) -> dict[int, Applied | Refused]:
    """The units with a condition that did not hold."""
    of_action = [index for index in indices for _ in units[index].actions]
    refused: dict[int, Applied | Refused] = {}
    for index, reason in zip(of_action, reasons, strict=True):
        if reason["Code"] == "ConditionalCheckFailed":
            refused.setdefault(index, Refused(reason.get("Item") or {}))
    return refused


def _transact(client: DynamoDbClient, units: Sequence[Unit]) -> Sequence[Mapping[str, Any]] | None:
    """None where all was written, else the cancellation reason of each action."""
    request = {
        "TransactItems": [
            {name: {**action, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}
            for unit in units
            for each in unit.actions
            for name, action in each.items()
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

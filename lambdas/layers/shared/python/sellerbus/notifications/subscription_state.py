"""What is remembered of each seller beside the registry: who works on it now, and what was ever made for it.

    row             meaning
    sellerId        key
    holder          token of the run that works on the seller
    leaseUntil      s since 1970: before that no other run begins; absent between runs
    types           the types for which a creation was begun; written before the first creation is sent
    subscriptions   "TYPE id": the subscriptions to our destinations that are known to be there
    closed          the stack is being deleted and the seller is cleared: no job makes anything any more
    application     client id with which the subscriptions were made
    settled         "TYPE digest": what was wanted of a type when a run last ended with all of it done; taken
                    away before a run changes anything of the type: what differs while it is there
                    was changed behind our back
    blocked         "TYPE payloadVersion": what another destination's subscription kept out in the last such
                    run
    finishedAt      when the last run ended, ISO 8601 in UTC
    lastError       why it failed, shortened, without secrets; absent after a run that succeeded. Of a
                    revoked seller what Amazon said then
    lastErrorBrief  the same in a few words
    requests        the last requests of operators that a run has done: id, endedAt (s since 1970), error; for
                    an hour. An operator who asks for a run waits for the own id: the end of a run that began
                    before says nothing of it
    lastHolder      who released the row last: tells a repeated release from one that comes too late

The row serves those that can't be listed any more: a revoked authorisation, a row gone from the registry, a
type that nobody wants any longer. It is no part of the registry, because every write there queues the seller.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from sellerbus.notifications.seller_record import Record, StateView, settled_texts

LEASE_MARGIN_SECONDS: Final = 60.0
"""After a run's own time: a call that is on its way, the last writes, and clocks that differ."""

_FREE: Final = "attribute_not_exists(leaseUntil) OR leaseUntil < :now"
_OURS: Final = "holder = :holder"
# Or released by ourselves already: then an answer was lost, and the call was repeated below us.
_OURS_TO_RELEASE: Final = "holder = :holder OR lastHolder = :holder"
_OURS_TO_DELETE: Final = "attribute_not_exists(sellerId) OR holder = :holder"


class SellerBusyError(Exception):
    """Another run works on the seller, or was killed in it; `seconds`: when the lease ends at the latest."""

    def __init__(self, seller_id: str, seconds: float) -> None:
        self.seller_id = seller_id
        self.seconds = seconds
        super().__init__(
            f"another run works on seller {seller_id}; it ends within {max(0.0, seconds):.0f} seconds"
        )


class LeaseLostError(Exception):
    """Another run has begun on the seller, because this one took longer than its lease."""


class DynamoDb(Protocol):
    """The part of the boto3 client that is used."""

    @property
    def exceptions(self) -> Any: ...

    def get_item(self, **arguments: Any) -> Any: ...

    def update_item(self, **arguments: Any) -> Any: ...

    def delete_item(self, **arguments: Any) -> Any: ...

    def scan(self, **arguments: Any) -> Any: ...


@dataclass(frozen=True)
class Lease:
    """The right to work on a seller until `until` (s since 1970). `record` is changed by the run."""

    seller_id: str
    holder: str
    until: float
    record: Record


class SubscriptionStates:
    """The rows. Whoever holds a lease is the only one to write the seller's row, and gives it back."""

    def __init__(self, dynamodb: DynamoDb, table_name: str, *, now: Callable[[], float]) -> None:
        self._dynamodb = dynamodb
        self._table = table_name
        self._now = now

    def take(self, seller_id: str, seconds: float) -> Lease:
        """Begin a run that ends within `seconds`. Raises SellerBusyError."""
        holder = uuid.uuid4().hex
        now = self._now()
        until = now + seconds + LEASE_MARGIN_SECONDS
        try:
            row = self._dynamodb.update_item(
                TableName=self._table,
                Key=_key(seller_id),
                UpdateExpression="SET holder = :holder, leaseUntil = :until",
                ConditionExpression=_FREE,
                ExpressionAttributeValues={
                    ":holder": {"S": holder},
                    ":until": {"N": f"{until:.3f}"},
                    ":now": {"N": f"{now:.3f}"},
                },
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )["Attributes"]
        except self._dynamodb.exceptions.ConditionalCheckFailedException as error:
            row = error.response.get("Item") or {}
            if row.get("holder") != {"S": holder}:
                ends = float(row["leaseUntil"]["N"]) if "leaseUntil" in row else until
                raise SellerBusyError(seller_id, ends - now) from None
        return Lease(seller_id, holder, until, Record.from_item(row))

    def begin(self, lease: Lease, types: Iterable[str] = (), *, unsettled: Iterable[str] = ()) -> None:
        """Note types before the first creation for them is sent, or before the first change of settled ones.

        Killed after that, the run leaves differences that are its own. Raises LeaseLostError.
        """
        record = lease.record
        added = sorted(set(types))
        ending = {name: record.settled[name] for name in unsettled if name in record.settled}
        changes = {}
        if added:
            changes["ADD #types :types"] = {":types": {"SS": added}}
        if ending:
            changes["DELETE settled :ending"] = {":ending": {"SS": settled_texts(ending)}}
        if not changes:
            return
        self._change(
            lease,
            _OURS,
            UpdateExpression=" ".join(changes),
            ExpressionAttributeValues={
                name: each for values in changes.values() for name, each in values.items()
            },
            **({"ExpressionAttributeNames": {"#types": "types"}} if added else {}),
        )
        record.types |= set(added)
        record.settled = {name: record.settled[name] for name in record.settled if name not in ending}

    def leave(self, lease: Lease) -> None:
        """End the run and keep its record; where it is empty the row goes. Raises LeaseLostError."""
        record = lease.record
        if record.empty:
            self._refusable(
                lease,
                self._dynamodb.delete_item,
                ConditionExpression=_OURS_TO_DELETE,
                ExpressionAttributeValues={":holder": {"S": lease.holder}},
            )
            return
        attributes = record.to_attributes()
        values = {f":{name}": value for name, value in attributes.items() if value}
        sets = [
            "lastHolder = :holder",
            "finishedAt = :finished",
            *(f"#{name} = :{name}" for name, value in attributes.items() if value),
        ]
        removed = [f"#{name}" for name, value in attributes.items() if not value]
        finished = datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="milliseconds")
        self._change(
            lease,
            _OURS_TO_RELEASE,
            UpdateExpression=f"SET {', '.join(sets)} REMOVE {', '.join([*removed, 'holder', 'leaseUntil'])}",
            ExpressionAttributeNames={f"#{name}": name for name in attributes},
            ExpressionAttributeValues={**values, ":finished": {"S": finished}},
        )

    def seller_ids(self) -> Iterator[str]:
        """Yield the sellers of whom something is remembered, page by page."""
        return (item["sellerId"]["S"] for item in self._items(ProjectionExpression="sellerId"))

    def record(self, seller_id: str) -> Record:
        """Return what is remembered of a seller, to look at: without a lease it may change meanwhile."""
        return Record.from_item(self._item(seller_id) or {})

    def show(self, seller_id: str) -> StateView | None:
        """Return what a person may want to know of a seller; None where nothing is remembered."""
        item = self._item(seller_id)
        return StateView.from_item(item) if item else None

    def all(self) -> Iterator[StateView]:
        """Yield every row as a view, in no order, page by page."""
        return map(StateView.from_item, self._items())

    def _item(self, seller_id: str) -> Mapping[str, Any] | None:
        answer = self._dynamodb.get_item(TableName=self._table, Key=_key(seller_id), ConsistentRead=True)
        item: Mapping[str, Any] | None = answer.get("Item")
        return item

    def _items(self, **projection: Any) -> Iterator[Mapping[str, Any]]:
        start: dict[str, Any] = {}
        while True:
            page = self._dynamodb.scan(TableName=self._table, ConsistentRead=True, **projection, **start)
            yield from page.get("Items", [])
            if not page.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _change(
        self,
        lease: Lease,
        condition: str,
        *,
        ExpressionAttributeValues: dict[str, Any],  # noqa: N803 - DynamoDB's name
        **update: Any,
    ) -> None:
        self._refusable(
            lease,
            self._dynamodb.update_item,
            ConditionExpression=condition,
            ExpressionAttributeValues={**ExpressionAttributeValues, ":holder": {"S": lease.holder}},
            **update,
        )

    def _refusable(self, lease: Lease, call: Callable[..., Any], **arguments: Any) -> None:
        try:
            call(TableName=self._table, Key=_key(lease.seller_id), **arguments)
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            raise LeaseLostError(
                f"another run has begun on seller {lease.seller_id}: this one took longer than its lease"
            ) from None


def _key(seller_id: str) -> dict[str, Any]:
    return {"sellerId": {"S": seller_id}}

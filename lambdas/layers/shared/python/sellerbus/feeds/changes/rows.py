"""The rows of listing changes, and of the groups they are gathered in. gathering.py says how they go.

    pk                                       sk                       row
    listing-change/<sellerId>/<changeId>     change                   a change, from its arrival to its result
    listing-changes/<sellerId>/<marketplace> open/<order>/<changeId>  its message, while it waits for a feed
    the same                                 group                    what is under way for all of them

A row of a change stays while it is open or in a feed, and KEPT_DAYS after its result: so long its id can't be
used for another.

Source: DynamoDB API, TransactWriteItems.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sellerbus.aws.items import plain_item
from sellerbus.aws.task_table import Key, TaskTable, Write
from sellerbus.aws.transactions import Applied, DynamoDbClient, Unit, write_units
from sellerbus.feeds.changes.change import Group, ListingChange
from sellerbus.feeds.changes.document import Entry, OpenChange
from sellerbus.feeds.task import iso

OPEN: Final = "OPEN"
IN_FEED: Final = "IN_FEED"
KEPT_DAYS: Final = 100

_OPEN_PREFIX: Final = "open/"
# What an item takes beside its message: keys, names, the row of the change.
_ROWS_BYTES: Final = 1500


class StrayChangeError(Exception):
    """A change that this feed has is another feed's by its row: the rows were changed by hand."""

    def __init__(self, change_id: str, task_id: str, other: str) -> None:
        super().__init__(
            f"change {change_id} is in the feed of task {task_id}, and its row says {other or 'nothing'}: "
            "look what changed the row, and which of the two feeds Amazon has"
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """The change is open now: it was written, or was there before with the same content (`again`)."""

    again: bool


@dataclass(frozen=True, slots=True)
class Known:
    """The same change was handed over before, and is in a feed or has its result."""


@dataclass(frozen=True, slots=True)
class Differs:
    """The id is another change's."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a change. state: see results.py; details: what else its row tells of it."""

    change_id: str
    state: str
    details: Mapping[str, Any]


class ChangeRows:
    """now: seconds since 1970. Raises StoreUnavailableError where DynamoDB does not do it now."""

    def __init__(
        self,
        client: DynamoDbClient,
        table_name: str,
        table: TaskTable,
        *,
        now: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._client = client
        self._table_name = table_name
        self._table = table
        self._now = now
        self._sleep = sleep

    def keep(self, changes: Sequence[ListingChange]) -> list[Kept | Known | Differs]:
        """Write each change with its message, unless its id is known; each (seller, id) may come once."""
        outcomes = self._write([self._kept(change) for change in changes])
        found: list[Kept | Known | Differs] = []
        for change, outcome in zip(changes, outcomes, strict=True):
            if isinstance(outcome, Applied):
                found.append(Kept(again=False))
                continue
            there = plain_item(outcome.item)
            if there.get("contentSha256") != change.content_sha256:
                found.append(Differs())
            else:
                found.append(Kept(again=True) if there["state"] == OPEN else Known())
        return found

    def _kept(self, change: ListingChange) -> Unit:
        order = f"{change.order:013d}"
        row = {
            "state": OPEN,
            "sellerId": change.group.seller_id,
            "changeId": change.change_id,
            "marketplaceId": change.group.marketplace_id,
            "sku": change.sku,
            "order": order,
            "handedOverAt": iso(change.order / 1000),
            "contentSha256": change.content_sha256,
        }
        message = {"changeId": change.change_id, "sku": change.sku, "message": change.message}
        return self._unit(
            Write.put(
                change_key(change.group.seller_id, change.change_id),
                row,
                condition="attribute_not_exists(pk)",
            ),
            Write.put(open_key(change.group, order, change.change_id), message),
            size_bytes=change.size_bytes + _ROWS_BYTES,
        )

    def open_changes(self, group: Group) -> Iterator[OpenChange]:
        """Yield the open changes as they are now, the oldest first."""
        for item in self._table.items(group_key(group)[0], _OPEN_PREFIX):
            order = item["sk"].split("/")[1]
            yield OpenChange(order, item["changeId"], item["sku"], item["message"])

    def into_feed(self, group: Group, task_id: str, entries: Sequence[Entry]) -> None:
        """Let the changes be the feed's: no longer open. To be repeated after a crash.

        Raises StrayChangeError.
        """
        outcomes = self._write([self._taken(group, task_id, entry) for entry in entries])
        left: list[Unit] = []
        for entry, outcome in zip(entries, outcomes, strict=True):
            if isinstance(outcome, Applied):
                continue
            there = plain_item(outcome.item)
            if there.get("taskId") != task_id:
                raise StrayChangeError(entry.change_id, task_id, str(there.get("taskId", "")))
            if there["state"] != IN_FEED:
                # Its feed ended before it was taken, and it has its result.
                left.append(self._unit(Write.delete(open_key(group, entry.order, entry.change_id))))
        self._write(left)

    def _taken(self, group: Group, task_id: str, entry: Entry) -> Unit:
        return self._unit(
            Write.update(
                change_key(group.seller_id, entry.change_id),
                "SET #state = :inFeed, taskId = :task, messageId = :message",
                condition="#state = :open",
                open=OPEN,
                inFeed=IN_FEED,
                task=task_id,
                message=entry.message_id,
            ),
            Write.delete(open_key(group, entry.order, entry.change_id)),
        )

    def end(self, seller_id: str, task_id: str, results: Iterable[Result]) -> None:
        """Write the results; a change that has its result keeps it."""
        self._write([self._ended(seller_id, task_id, result) for result in results])

    def _ended(self, seller_id: str, task_id: str, result: Result) -> Unit:
        return self._unit(
            Write.update(
                change_key(seller_id, result.change_id),
                "SET #state = :state, taskId = :task, details = :details, endedAt = :endedAt, "
                "expiresAt = :expiresAt",
                condition="attribute_exists(pk) AND attribute_not_exists(endedAt)",
                state=result.state,
                task=task_id,
                details=result.details,
                endedAt=iso(self._now()),
                expiresAt=round(self._now()) + KEPT_DAYS * 86_400,
            )
        )

    def reported(self, task_id: str) -> int:
        """How many changes of the task's feed have been told their result."""
        row = self._table.get(_reported_key(task_id))
        return 0 if row is None else int(row["reported"])

    def set_reported(self, task_id: str, reported: int) -> None:
        expires_at = round(self._now()) + KEPT_DAYS * 86_400
        self._table.write(Write.put(_reported_key(task_id), {"reported": reported, "expiresAt": expires_at}))

    def _unit(self, *writes: Write, size_bytes: int = 0) -> Unit:
        return Unit(
            tuple({each.kind: {"TableName": self._table_name, **each.request}} for each in writes), size_bytes
        )

    def _write(self, units: Sequence[Unit]) -> Sequence[Any]:
        return write_units(self._client, units, sleep=self._sleep)


def group_key(group: Group) -> Key:
    return (f"listing-changes/{group.seller_id}/{group.marketplace_id}", "group")


def open_key(group: Group, order: str, change_id: str) -> Key:
    return (group_key(group)[0], f"{_OPEN_PREFIX}{order}/{change_id}")


def change_key(seller_id: str, change_id: str) -> Key:
    return (f"listing-change/{seller_id}/{change_id}", "change")


def _reported_key(task_id: str) -> Key:
    return (f"feed-task/{task_id}", "changes")

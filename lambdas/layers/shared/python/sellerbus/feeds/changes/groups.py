"""What is under way for each group of listing changes: the promise that it will be closed, and its batch.

A promise is a message on the queue that comes when the group shall be looked at. Whoever writes changes makes
sure of one before the changes are acknowledged; whoever looks, and leaves something open, makes the next. The
row has the promise that counts (`close`), and whether its message was sent (`closeSent`): a crash between the
two is made up for by whoever comes next, and the worst is a message too many, which is told by its promise.

    close        <ms since 1970>-<random>: when, and which promise; absent where nothing is open
    closeSent    the promise whose message was sent
    held         set where the group was looked at, and waits for its lane rather than for its window
    heldSince    since when it waits so, ms since 1970
    arrivals     counts the writes of changes: a promise is withdrawn only if none came since the look
    openChanges, openBytes    about what is open; what counts is read when the group is closed
    batches      how many batches were made
    batch, batchChanges, batchBytes    the batch in the works: its task id, its size
    lastTask, lastAt    the last batch that was handed over, and when, ms since 1970

Every write is an UpdateItem of this one row: many functions write it at once, and none has to try again.

Source: DynamoDB API, UpdateItem.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

from sellerbus.aws.errors import aws_call
from sellerbus.aws.items import attribute, plain_item
from sellerbus.feeds.changes.change import Group
from sellerbus.feeds.changes.rows import group_key

_NAME: Final = re.compile(r"#(\w+)")
_CONDITION_FAILED: Final = "ConditionalCheckFailedException"


class UpdateClient(Protocol):
    """The part of boto3's DynamoDB client used here; each method is the API operation of its name."""

    def get_item(self, **request: Any) -> Mapping[str, Any]: ...

    def update_item(self, **request: Any) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group as it stood when it was read or written; see the module's docstring. Times are ms."""

    group: Group
    close: str | None = None
    close_sent: str | None = None
    held: bool = False
    held_since: int | None = None
    arrivals: int = 0
    open_changes: int = 0
    open_bytes: int = 0
    batches: int = 0
    batch: str | None = None
    batch_changes: int = 0
    batch_bytes: int = 0
    last_task: str | None = None
    last_at: int = 0

    @property
    def close_at(self) -> int:
        """When the promise is due; 0 where there is none."""
        return int(self.close.partition("-")[0]) if self.close else 0


class GroupRows:
    """Raises StoreUnavailableError where DynamoDB does not do it now."""

    def __init__(
        self,
        client: UpdateClient,
        table_name: str,
        *,
        new_name: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        self._client = client
        self._table_name = table_name
        self._new_name = new_name

    def read(self, group: Group) -> GroupRow:
        """The group as it is now (a consistent read)."""
        with aws_call("GetItem"):
            answer = self._client.get_item(TableName=self._table_name, Key=_key(group), ConsistentRead=True)
        return _row(group, answer.get("Item", {}))

    def arrived(self, group: Group, changes: int, size_bytes: int, close_at: int) -> GroupRow:
        """Count changes that were written; with a promise for close_at where there is none."""
        row = self._update(
            group,
            "SET #close = if_not_exists(#close, :close) "
            "ADD arrivals :one, openChanges :changes, openBytes :bytes",
            {":close": self._promise(close_at), ":one": 1, ":changes": changes, ":bytes": size_bytes},
        )
        assert row is not None  # noqa: S101 - without a condition nothing can refuse it
        return row

    def promise(self, row: GroupRow, close_at: int, *, held_since: int | None = None) -> GroupRow | None:
        """Put another promise in place of the one that was read; None where that is no more.

        held_since: the group waits for its lane, since then.
        """
        held = {":held": True, ":since": held_since} if held_since is not None else {}
        return self._update(
            row.group,
            "SET #close = :close, held = :held, heldSince = :since"
            if held
            else "SET #close = :close REMOVE held, heldSince",
            {":close": self._promise(close_at), ":before": row.close, **held},
            condition="#close = :before",
        )

    def sent(self, row: GroupRow) -> None:
        """Remember that the promise's message was sent; nothing where there is another by now."""
        self._update(
            row.group,
            "SET closeSent = :close",
            {":close": row.close},
            condition="#close = :close",
        )

    def withdraw(self, row: GroupRow) -> bool:
        """Take the promise back: nothing is open. False where something came since the row was read."""
        done = self._update(
            row.group,
            "SET openChanges = :none, openBytes = :none REMOVE #close, closeSent, held, heldSince",
            {":none": 0, ":before": row.close, ":arrivals": row.arrivals},
            condition="#close = :before AND arrivals = :arrivals AND attribute_not_exists(#batch)",
        )
        return done is not None

    def begin_batch(self, row: GroupRow, task_id: str, changes: int, size_bytes: int) -> bool:
        """Make this the group's batch in the works; False where another has been since the row was read."""
        unchanged = "batches = :batches" if row.batches else "attribute_not_exists(batches)"
        batches = {":batches": row.batches} if row.batches else {}
        done = self._update(
            row.group,
            "SET #batch = :task, batchChanges = :changes, batchBytes = :bytes REMOVE held, heldSince",
            {":task": task_id, ":changes": changes, ":bytes": size_bytes, **batches},
            condition=f"attribute_not_exists(#batch) AND {unchanged}",
        )
        return done is not None

    def end_batch(self, row: GroupRow, now: int) -> None:
        """The batch was handed over, and its changes are no longer open; nothing where it ended before."""
        self._update(
            row.group,
            "SET lastTask = :task, lastAt = :now REMOVE #batch, batchChanges, batchBytes "
            "ADD batches :one, openChanges :changes, openBytes :bytes",
            {
                ":task": row.batch,
                ":now": now,
                ":one": 1,
                ":changes": -row.batch_changes,
                ":bytes": -row.batch_bytes,
            },
            condition="#batch = :task",
        )

    def _promise(self, close_at: int) -> str:
        return f"{close_at:013d}-{self._new_name()}"

    def _update(
        self,
        group: Group,
        expression: str,
        values: Mapping[str, Any],
        *,
        condition: str = "",
    ) -> GroupRow | None:
        """The row after the update; None where the condition did not hold."""
        # close and batch are words of DynamoDB's own.
        names = {f"#{name}": name for name in _NAME.findall(f"{expression} {condition}")}
        request: dict[str, Any] = {
            "TableName": self._table_name,
            "Key": _key(group),
            "UpdateExpression": expression,
            "ExpressionAttributeValues": {name: attribute(value) for name, value in values.items()},
            "ReturnValues": "ALL_NEW",
            **({"ExpressionAttributeNames": names} if names else {}),
            **({"ConditionExpression": condition} if condition else {}),
        }
        with aws_call("UpdateItem"):
            try:
                answer = self._client.update_item(**request)
            except ClientError as error:
                if error.response["Error"]["Code"] != _CONDITION_FAILED:
                    raise
                return None
        return _row(group, answer["Attributes"])


def _key(group: Group) -> Mapping[str, Any]:
    pk, sk = group_key(group)
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _row(group: Group, item: Mapping[str, Any]) -> GroupRow:
    found = plain_item(item)
    return GroupRow(
        group,
        close=found.get("close"),
        close_sent=found.get("closeSent"),
        held=bool(found.get("held")),
        held_since=found.get("heldSince"),
        arrivals=found.get("arrivals", 0),
        open_changes=found.get("openChanges", 0),
        open_bytes=found.get("openBytes", 0),
        batches=found.get("batches", 0),
        batch=found.get("batch"),
        batch_changes=found.get("batchChanges", 0),
        batch_bytes=found.get("batchBytes", 0),
        last_task=found.get("lastTask"),
        last_at=found.get("lastAt", 0),
    )

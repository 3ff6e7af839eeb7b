"""A stage's feed tasks as their table tells them, and where their objects are."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

from ops import cells
from ops.errors import NOT_FOUND, WRONG_INPUT, CommandError
from ops.feed_results import Kept
from ops.stage import TASKS, Cell, Stage
from sellerbus.aws.items import plain_item
from sellerbus.feeds.task import KIND, FeedTask, from_item
from sellerbus.feeds.task_store import KEPT_DAYS, feed_key, place_key, task_key, turn_key

_BY_SELLER: Final = "bySeller"


@dataclass(frozen=True)
class Wanted:
    """Which tasks are listed; None: no matter. since: ISO 8601, by which createdAt is compared as text."""

    state: str | None = None
    outcome: str | None = None
    since: str | None = None

    def conditions(self) -> tuple[list[str], dict[str, str], dict[str, Any]]:
        """The filter's conditions but for the time, with the names and values that they use."""
        conditions, names, values = [], {}, {}
        for name, value in (("state", self.state), ("outcome", self.outcome)):
            if value is not None:
                conditions.append(f"#{name} = :{name}")
                names[f"#{name}"] = name
                values[f":{name}"] = {"S": value}
        return conditions, names, values


class Tasks:
    """One cell's tasks."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self._dynamodb = cell.client("dynamodb")

    @cached_property
    def _table(self) -> str:
        return self.cell.output("TaskTableName", TASKS)

    @cached_property
    def kept(self) -> Kept:
        """What is kept of the tasks in the result bucket."""
        return Kept(self.cell.client("s3"), self.cell.output("ResultBucketName", TASKS))

    def find(self, task_id: str) -> FeedTask | None:
        """Return the task as it is now (a consistent read), None where there is none."""
        item = self._dynamodb.get_item(
            TableName=self._table,
            Key=_key(task_key(task_id)),
            ConsistentRead=True,
        ).get("Item")
        return _task(item) if item else None

    def of_seller(self, seller_id: str, wanted: Wanted) -> Iterator[FeedTask]:
        """Yield a seller's tasks, the newest first, page by page."""
        conditions, names, values = wanted.conditions()
        key = "sellerId = :seller"
        values[":seller"] = {"S": seller_id}
        if wanted.since is not None:
            key += " AND createdAt >= :since"
            values[":since"] = {"S": wanted.since}
        arguments: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": _BY_SELLER,
            "KeyConditionExpression": key,
            "ExpressionAttributeValues": values,
            "ScanIndexForward": False,
        }
        yield from self._pages(self._dynamodb.query, arguments, conditions, names)

    def resubmissions(self, task: FeedTask, *, pages: int) -> Iterator[FeedTask]:
        """Yield the tasks that submitted this one's feed again, the oldest first; reads so many pages."""
        arguments = {
            "TableName": self._table,
            "IndexName": _BY_SELLER,
            "KeyConditionExpression": "sellerId = :seller AND createdAt >= :since",
            "ExpressionAttributeValues": {
                ":seller": {"S": task.seller_id},
                ":since": {"S": task.created_at},
                ":first": {"S": task.task_id},
            },
        }
        yield from self._pages(
            self._dynamodb.query, arguments, ["resubmissionOf = :first"], {}, most_pages=pages
        )

    def feed(self, seller_id: str, feed_id: str) -> Mapping[str, Any]:
        """Return what is known of a feed of Amazon's: processingStatus, notifiedAt; {} where nothing is."""
        key = _key(feed_key(seller_id, feed_id))
        return plain_item(
            self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item", {})
        )

    def all(self, wanted: Wanted) -> Iterator[FeedTask]:
        """Yield every seller's tasks in no order: reads the whole table, page by page."""
        conditions, names, values = wanted.conditions()
        conditions.append("kind = :kind")
        values[":kind"] = {"S": KIND}
        if wanted.since is not None:
            conditions.append("createdAt >= :since")
            values[":since"] = {"S": wanted.since}
        arguments = {"TableName": self._table, "ExpressionAttributeValues": values}
        yield from self._pages(self._dynamodb.scan, arguments, conditions, names)

    def turn(self, task: FeedTask) -> Mapping[str, Any]:
        """Return the lane's row that says whose turn it is: holder, heldSince, nextAt; {} for nobody's."""
        key = _key(turn_key(task))
        return plain_item(
            self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item", {})
        )

    def in_front(self, task: FeedTask) -> int:
        """Return how many tasks wait for their turn in front of this one."""
        lane, place = place_key(task)
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :lane AND sk BETWEEN :first AND :place",
            ExpressionAttributeValues={
                ":lane": {"S": lane},
                ":first": {"S": "waiting/"},
                ":place": {"S": place},
            },
            Select="COUNT",
            ConsistentRead=True,
        )
        # The task itself is the last of them.
        return max(0, sum(int(page["Count"]) for page in pages) - 1)

    def _pages(
        self,
        read: Any,
        arguments: Mapping[str, Any],
        conditions: list[str],
        names: Mapping[str, str],
        *,
        most_pages: int | None = None,
    ) -> Iterator[FeedTask]:
        more = dict(arguments)
        if conditions:
            more["FilterExpression"] = " AND ".join(conditions)
        if names:
            more["ExpressionAttributeNames"] = names
        for _ in itertools.count() if most_pages is None else range(most_pages):
            page = read(**more)
            yield from map(_task, page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            more["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def console_link(self, task: FeedTask) -> str | None:
        """Return the address of the execution in the AWS console; None on the emulator, which has none."""
        if not task.execution_arn or self.cell.settings.emulator:
            return None
        region = self.cell.settings.aws_region
        return (
            f"https://{region}.console.aws.amazon.com/states/home?region={region}"
            f"#/v2/executions/details/{task.execution_arn}"
        )


def _task(item: Mapping[str, Any]) -> FeedTask:
    return from_item(plain_item(item))


def _key(key: tuple[str, str]) -> dict[str, dict[str, str]]:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def deployed(stage: Stage, region: str | None) -> list[Tasks]:
    """Return the tasks of the cells that have them by now; raises CommandError where none has."""
    places = cells.chosen(stage, region)
    found = [cell for cell in places if cell.outputs(TASKS) is not None]
    if not found:
        # Says which stack is missing and how it is deployed.
        places[0].output("TaskTableName", TASKS)
    return [Tasks(cell) for cell in found]


def locate(stage: Stage, task_id: str, region: str | None) -> tuple[Tasks, FeedTask]:
    """Return the task and its cell's tasks; raises CommandError where it is nowhere, or in several cells."""
    found = [(tasks, task) for tasks in deployed(stage, region) if (task := tasks.find(task_id)) is not None]
    if not found:
        where = f"region {region} of stage {stage.name}" if region else f"stage {stage.name}"
        raise CommandError(
            f"There is no feed task {task_id} in {where}. Tasks that ended are kept for {KEPT_DAYS} days. "
            f"See: bin/sellerbus feeds list --stage {stage.name}",
            NOT_FOUND,
        )
    if len(found) > 1:
        regions = " and ".join(tasks.cell.region for tasks, _ in found)
        raise CommandError(
            f"Feed task {task_id} is in several regions of stage {stage.name}: {regions}. "
            "Say which with --region.",
            WRONG_INPUT,
        )
    return found[0]


def ending(task: FeedTask) -> str | None:
    """Return the outcome of a task that has ended; before that a row may have one already."""
    return str(task.outcome) if task.is_ended and task.outcome is not None else None


def standing(task: FeedTask) -> str:
    """Return the outcome of a task that has ended, else its state."""
    return ending(task) or str(task.state)


def newest(tasks: Iterator[FeedTask], limit: int) -> list[FeedTask]:
    """Return the newest of tasks that come in no order, the newest first; holds no more than so many."""
    return heapq.nlargest(limit, tasks, key=lambda task: (task.created_at, task.task_id))


def first(tasks: Iterator[FeedTask], limit: int) -> list[FeedTask]:
    return list(itertools.islice(tasks, limit))


def now() -> datetime:
    return datetime.now(UTC)

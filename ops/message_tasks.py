"""A stage's message tasks as their table tells them."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

from ops import cells
from ops.errors import NOT_FOUND, WRONG_INPUT, CommandError
from ops.stage import TASKS, Cell, Stage
from sellerbus.aws.items import plain_item
from sellerbus.messaging.task import KIND, NOT_SENT, MessageState, MessageTask, from_item, seconds
from sellerbus.messaging.task_rows import KEPT_DAYS, content_key, task_key

_BY_SELLER: Final = "bySeller"
_MOST_KEYS: Final = 100
"""What BatchGetItem takes."""


@dataclass(frozen=True)
class Wanted:
    """Which tasks are listed; None: no matter. since: ISO 8601, by which createdAt is compared as text."""

    state: str | None = None
    message_type: str | None = None
    order_id: str | None = None
    since: str | None = None

    def conditions(self) -> tuple[list[str], dict[str, str], dict[str, Any]]:
        """The filter's conditions but for the time, with the names and values that they use."""
        found = {
            "state": self.state,
            "messageType": self.message_type,
            "amazonOrderId": self.order_id,
        }
        conditions, names, values = ["#kind = :kind"], {"#kind": "kind"}, {":kind": {"S": KIND}}
        for name, value in found.items():
            if value is not None:
                conditions.append(f"#{name} = :{name}")
                names[f"#{name}"] = name
                values[f":{name}"] = {"S": value}
        return conditions, names, values


class MessageTasks:
    """One cell's message tasks."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self._dynamodb = cell.client("dynamodb")

    @cached_property
    def _table(self) -> str:
        return self.cell.output("MessageTableName", TASKS)

    def find(self, task_id: str) -> MessageTask | None:
        """Return the task as it is now (a consistent read), None where there is none."""
        item = self._item(task_key(task_id))
        return from_item(item) if item else None

    def find_all(self, task_ids: Iterable[str]) -> dict[str, MessageTask]:
        """Return those of the tasks that are there, as they are now, by their ids."""
        found = map(_task, self._items(task_key(task_id) for task_id in task_ids))
        return {task.task_id: task for task in found}

    def same_of_all(self, content_hashes: Iterable[str], now: float) -> dict[str, MessageTask]:
        """Return by content hash the task that `same` tells of, where there is one."""
        held = {
            _hash_of(row): row
            for row in map(plain_item, self._items(content_key(each) for each in content_hashes))
        }
        there = self.find_all(str(row["taskId"]) for row in held.values())
        found = {each: (row, there.get(str(row["taskId"]))) for each, row in held.items()}
        return {each: task for each, (row, task) in found.items() if task and self._repeats(row, task, now)}

    def same(self, content_hash: str, now: float) -> str | None:
        """Return the id of the task with this very message if it may still be sent, or came or was sent
        within `same_message_hours` of `now` (seconds since 1970).
        """
        row = self._item(content_key(content_hash))
        task = self.find(str(row["taskId"])) if row else None
        return task.task_id if task and self._repeats(row, task, now) else None

    def of_seller(self, seller_id: str, wanted: Wanted) -> Iterator[MessageTask]:
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
            "FilterExpression": " AND ".join(conditions),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ScanIndexForward": False,
        }
        yield from _pages(self._dynamodb.query, arguments)

    def all(self, wanted: Wanted) -> Iterator[MessageTask]:
        """Yield every seller's tasks in no order: reads the whole table, page by page."""
        conditions, names, values = wanted.conditions()
        if wanted.since is not None:
            conditions.append("createdAt >= :since")
            values[":since"] = {"S": wanted.since}
        arguments = {
            "TableName": self._table,
            "FilterExpression": " AND ".join(conditions),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
        yield from _pages(self._dynamodb.scan, arguments)

    def _repeats(self, row: Mapping[str, Any], task: MessageTask, now: float) -> bool:
        """Whether the same message again is a repetition of the task's, as the stage will have it.

        row: the content's, whose last task it is.
        """
        before = now - self.cell.settings.messages.same_message_hours * 3600
        if float(row["since"]) > before:
            return True
        if task.state in NOT_SENT:
            return False
        return task.sent_at is None or seconds(task.sent_at) > before

    def _items(self, keys: Iterable[tuple[str, str]]) -> Iterator[dict[str, Any]]:
        """Yield the rows that are there, in no order (consistent reads)."""
        left = list(dict.fromkeys(keys))
        while left:
            request: Mapping[str, Any] = {
                self._table: {"Keys": [_key(key) for key in left[:_MOST_KEYS]], "ConsistentRead": True}
            }
            left = left[_MOST_KEYS:]
            while request:
                answer = self._dynamodb.batch_get_item(RequestItems=request)
                yield from answer["Responses"].get(self._table, ())
                request = answer.get("UnprocessedKeys") or {}

    def _item(self, key: tuple[str, str]) -> dict[str, Any]:
        answer = self._dynamodb.get_item(TableName=self._table, Key=_key(key), ConsistentRead=True)
        return plain_item(answer.get("Item") or {})


def _pages(read: Any, arguments: Mapping[str, Any]) -> Iterator[MessageTask]:
    more = dict(arguments)
    while True:
        page = read(**more)
        yield from map(_task, page["Items"])
        if "LastEvaluatedKey" not in page:
            return
        more["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _task(item: Mapping[str, Any]) -> MessageTask:
    return from_item(plain_item(item))


def _hash_of(row: Mapping[str, Any]) -> str:
    return str(row["pk"]).removeprefix(content_key("")[0])


def _key(key: tuple[str, str]) -> dict[str, dict[str, str]]:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def deployed(stage: Stage, region: str | None) -> list[MessageTasks]:
    """Return the tasks of the cells that have them by now; raises CommandError where none has."""
    places = cells.chosen(stage, region)
    found = [cell for cell in places if cell.outputs(TASKS) is not None]
    if not found:
        # Says which stack is missing and how it is deployed.
        places[0].output("MessageTableName", TASKS)
    return [MessageTasks(cell) for cell in found]


def locate(stage: Stage, task_id: str, region: str | None) -> tuple[MessageTasks, MessageTask]:
    """Return the task and its cell's tasks; raises CommandError where it is nowhere, or in several cells."""
    found = [(tasks, task) for tasks in deployed(stage, region) if (task := tasks.find(task_id)) is not None]
    if not found:
        where = f"region {region} of stage {stage.name}" if region else f"stage {stage.name}"
        raise CommandError(
            f"There is no message task {task_id} in {where}. Tasks that ended are kept for {KEPT_DAYS} days. "
            "A request that was refused before it became a task lies in the dead-letter queue "
            "(MessageTaskDeadLetterQueueUrl) with the reason; where it names seller and order, the event "
            f"MessageRefused tells it too. See: bin/sellerbus messages list --stage {stage.name}",
            NOT_FOUND,
        )
    if len(found) > 1:
        regions = " and ".join(tasks.cell.region for tasks, _ in found)
        raise CommandError(
            f"Message task {task_id} is in several regions of stage {stage.name}: {regions}. "
            "Say which with --region.",
            WRONG_INPUT,
        )
    return found[0]


def settled(task: MessageTask) -> bool:
    """Whether nothing more happens to the task by itself."""
    return task.is_ended or task.state is MessageState.UNCERTAIN


def newest(tasks: Iterator[MessageTask], limit: int) -> list[MessageTask]:
    """Return the newest of tasks that come in no order, the newest first; holds no more than so many."""
    return heapq.nlargest(limit, tasks, key=age)


def age(task: MessageTask) -> tuple[str, str]:
    """What tasks are sorted by: when they were made, and the id."""
    return task.created_at, task.task_id


def first(tasks: Iterator[MessageTask], limit: int) -> list[MessageTask]:
    return list(itertools.islice(tasks, limit))


def now() -> datetime:
    return datetime.now(UTC)


def words(task: MessageTask) -> str:
    """Return what is said of a task in a sentence: its state, and why."""
    return f"{task.state}: {task.reason}" if task.reason else str(task.state)


def rules(findings: Sequence[Mapping[str, Any]], severity: str) -> list[str]:
    """Return the rules of the findings of that severity, each once."""
    return list(dict.fromkeys(str(each["rule"]) for each in findings if each.get("severity") == severity))

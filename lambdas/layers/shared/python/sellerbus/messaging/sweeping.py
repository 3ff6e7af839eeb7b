"""Looks after tasks that nothing moves on any more: their message is gone, their end was never told, or their
content is too old.

Every task that is not at its end is in the index `open`, with the time from which on it is looked after
(task_store.py). A task that is put back while its message is there too is worked on as if it had been
delivered twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from sellerbus.aws.errors import StoreUnavailableError, aws_call
from sellerbus.aws.items import attribute, plain_item
from sellerbus.messaging.accept_results import defect
from sellerbus.messaging.task import OPEN, MessageState, MessageTask, iso
from sellerbus.messaging.task_rows import TaskChangedError
from sellerbus.messaging.task_store import MessageStore

LEAST_SECONDS: Final = 20.0
"""A task is not begun with less time left."""
_MOST_NAMED: Final = 20


class QueryingDynamoDb(Protocol):
    """The part of boto3's DynamoDB client used here."""

    def query(self, **request: Any) -> Mapping[str, Any]: ...


class Queue(Protocol):
    """send_queue.SendQueue."""

    def put(self, task_id: str, seller_id: str) -> None: ...


class OpenTasks:
    """The index of the rows that the sweeper must see."""

    def __init__(self, client: QueryingDynamoDb, table_name: str, index_name: str) -> None:
        self._client = client
        self._table = table_name
        self._index = index_name

    def due(self, at: str) -> Iterator[str]:
        """Yield the ids of the tasks that are due at a time (ISO 8601), the longest first.

        Raises StoreUnavailableError.
        """
        request: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": self._index,
            "KeyConditionExpression": "sweep = :open AND sweepAt <= :at",
            "ExpressionAttributeValues": {":open": attribute(OPEN), ":at": attribute(at)},
        }
        while True:
            with aws_call("Query"):
                answer = self._client.query(**request)
            for item in answer.get("Items", []):
                yield plain_item({"pk": item["pk"]})["pk"].partition("/")[2]
            if not answer.get("LastEvaluatedKey"):
                return
            request = {**request, "ExclusiveStartKey": answer["LastEvaluatedKey"]}


@dataclass
class Swept:
    """What a sweep did. sent_again, erased: how many; task_ids: the first of those put back.

    failures: why some could not be looked after, which come again; defects: how many of these a repetition
    won't mend. complete: whether all were seen.
    """

    sent_again: int = 0
    erased: int = 0
    task_ids: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    defects: int = 0
    complete: bool = True


class MessageSweeper:
    """now: seconds since 1970. remaining_seconds: of the function."""

    def __init__(
        self,
        *,
        store: MessageStore,
        tasks: OpenTasks,
        queue: Queue,
        now: Callable[[], float],
        remaining_seconds: Callable[[], float],
    ) -> None:
        self._store = store
        self._tasks = tasks
        self._queue = queue
        self._now = now
        self._remaining = remaining_seconds

    def sweep(self) -> Swept:
        """Look after every task that is due. Raises StoreUnavailableError where they can't be found."""
        swept = Swept()
        for task_id in self._tasks.due(iso(self._now())):
            if self._remaining() < LEAST_SECONDS:
                swept.complete = False
                break
            try:
                self._look_after(task_id, swept)
            except TaskChangedError:
                # Somebody is at work on it.
                continue
            except StoreUnavailableError as error:
                swept.failures[task_id] = str(error)
            except Exception as error:  # noqa: BLE001 - a row that can't be read is the first each time
                swept.failures[task_id] = defect(error)
                swept.defects += 1
        return swept

    def _look_after(self, task_id: str, swept: Swept) -> None:
        task = self._store.find(task_id)
        if task is None or task.sweep_at is None or task.sweep_at > iso(self._now()):
            # The index is behind the row.
            return
        too_old = task.content is not None and self._now() >= task.content_until
        if self._needs_work(task):
            self._queue.put(task.task_id, task.seller_id)
            swept.sent_again += 1
            swept.task_ids = [*swept.task_ids, task.task_id][:_MOST_NAMED]
        # Last: cut off before, it is looked after again.
        self._store.change(task, **({"content": None, "uploads": ()} if too_old else {}))
        swept.erased += too_old

    def _needs_work(self, task: MessageTask) -> bool:
        return task.untold is not None or task.state in {MessageState.ACCEPTED, MessageState.SENDING}

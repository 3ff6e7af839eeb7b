"""Tells the bus what the row says became of a task, and then the row that it was told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sellerbus.aws.event_publisher import OperationalEvent
from sellerbus.messaging.message_events import METRICS, of_task
from sellerbus.messaging.steps import Count
from sellerbus.messaging.task import MessageTask
from sellerbus.messaging.task_store import MessageStore


class Events(Protocol):
    """aws.event_publisher.OperationalEvents."""

    def publish(self, events: Sequence[OperationalEvent]) -> None: ...


class Teller:
    """Killed between the event and the row it tells again, with the same event id, and counts again."""

    def __init__(self, *, store: MessageStore, events: Events, count: Count) -> None:
        self._store = store
        self._events = events
        self._count = count

    def tell(self, task: MessageTask) -> MessageTask:
        """Publish what is untold of the task; return its row then.

        Raises StoreUnavailableError: it is told later; and TaskChangedError: it was told, and somebody else
        has written the row.
        """
        if task.untold is None:
            return task
        self._events.publish([of_task(task, task.untold)])
        self._count(METRICS[task.untold], 1)
        return self._store.change(task, untold=None)

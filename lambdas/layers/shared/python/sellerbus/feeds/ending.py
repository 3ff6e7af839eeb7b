"""Ends a task in the order that loses nothing: the metric, the event, the lane, the row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from sellerbus.aws.event_publisher import OperationalEvent
from sellerbus.feeds import feed_events
from sellerbus.feeds.task import FeedTask, Outcome
from sellerbus.feeds.task_store import TaskStore

Count = Callable[[str, float], None]
"""Counts a metric, at once: what follows may be cut off."""


class Events(Protocol):
    """aws.event_publisher.OperationalEvents."""

    def publish(self, events: Sequence[OperationalEvent]) -> None: ...


def end_task(
    store: TaskStore,
    events: Events,
    count: Count,
    task: FeedTask,
    outcome: Outcome,
    reason: str | None,
    **changes: Any,
) -> FeedTask:
    """End the task, telling the bus. Raises TaskChangedError: the event may have been told then.

    A task that has ended already stays as it is, and nothing is told.
    """
    if task.is_ended:
        return task
    reason = None if reason is None else feed_events.told(reason)
    event = feed_events.ended(replace(task, outcome=outcome, reason=reason, **changes))
    events.publish([event])
    ended = store.end(task, outcome, reason=reason, **changes)
    count(feed_events.metric_of(event), 1)
    return ended

"""What a task waits for, as its row tells an operator: {reason, until}, until in whole seconds since 1970.

Written when a wait begins, or is for another reason, and not each time that somebody looks whether it is
over; gone with the write that takes the task on (task_store.py).
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from typing import Any, Final

from sellerbus.feeds.feed_events import told
from sellerbus.feeds.task import FeedTask
from sellerbus.feeds.task_store import TaskChangedError, TaskStore

SETTLING: Final = "createFeed's answer was lost: getFeeds is asked for its feed once that must show there"
_SHORT_SECONDS: Final = 2.0
"""A wait that is over before anybody has read of it."""


def quota(operation: str) -> str:
    """The reason where Amazon's quota is used up: without the seconds, which are others at each try."""
    return f"Amazon's quota of {operation} is used up"


def wait(reason: str, until: float) -> Mapping[str, Any]:
    """The field `waits`."""
    return {"reason": told(reason), "until": math.ceil(until)}


def another_wait(task: FeedTask, reason: str, until: float, now: float) -> Mapping[str, Any] | None:
    """The field as it is to be written; None where the row tells of this wait already."""
    found, known = wait(reason, until), task.waits or {}
    under_way = known.get("reason") == found["reason"] and known.get("until", 0) > now
    return None if under_way else {"waits": found}


def keep_wait(store: TaskStore, task: FeedTask, reason: str, seconds: float, now: float) -> None:
    """Write why a step of the task is to come again after `seconds`. Raises StoreUnavailableError."""
    if seconds <= _SHORT_SECONDS:
        return

    def kept(found: FeedTask) -> Mapping[str, Any] | None:
        return another_wait(found, reason, now + seconds, now) if found.state is task.state else None

    # Who was quicker so often has taken the task on.
    with contextlib.suppress(TaskChangedError):
        store.update(task.task_id, kept)

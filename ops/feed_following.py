"""Waits for a feed task: until it is taken up, and until it has ended or needs a person."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from ops import feed_waits, live, times
from ops.errors import FAILED, PARTLY
from ops.feed_tasks import Tasks, standing
from sellerbus.feeds.task import FeedTask, Outcome, TaskState

TAKEN_UP_SECONDS: Final = 120.0
"""S3's event, the queue and the function take a few seconds as a rule."""

_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 15.0
_GROWTH: Final = 1.2

Sleep = Callable[[float], object]
Found = TypeVar("Found")


def taken_up(
    tasks: Tasks, task_id: str, *, sleep: Sleep, seconds: float = TAKEN_UP_SECONDS
) -> FeedTask | None:
    """Return the task as soon as there is one; None where there is none in time."""
    return _until(lambda: tasks.find(task_id), lambda task: task is not None, sleep, seconds)


def measured(tasks: Tasks, task: FeedTask, *, sleep: Sleep, seconds: float = 30.0) -> FeedTask:
    """Return the task when the digest of its content is known, or as it is when the time is over."""
    if task.content_sha256 or task.is_ended:
        return task
    found = _until(
        lambda: tasks.find(task.task_id),
        lambda now: now is not None and (now.content_sha256 is not None or now.is_ended),
        sleep,
        seconds,
    )
    return found or task


def settled(task: FeedTask) -> bool:
    """Whether nothing more happens to the task by itself."""
    return task.is_ended or task.state is TaskState.UNCERTAIN


def follow(tasks: Tasks, task: FeedTask, *, sleep: Sleep, seconds: float) -> FeedTask:
    """Follow a task, showing its states, until it has ended, needs a person, or the time is over."""
    with live.states(task.task_id) as shown:

        def look() -> FeedTask:
            now = tasks.find(task.task_id) or task
            shown.reached(_told(now), f"feed {now.feed_id}" if now.feed_id else "")
            return now

        return _until(look, settled, sleep, seconds)


def _told(task: FeedTask) -> str:
    """The state, and what keeps the task from its next step where it says so."""
    why, until = feed_waits.reason(task), feed_waits.until(task)
    time = f"; it goes on about {times.absolute(until)}" if until else ""
    return f"{standing(task)}: {why}{time}" if why else standing(task)


def exit_code(task: FeedTask) -> int:
    """Return the code with which a command ends that has waited for the task."""
    if not task.is_ended or task.outcome is Outcome.COMPLETED_WITH_ERRORS:
        return PARTLY
    return 0 if task.outcome is Outcome.COMPLETED else FAILED


def _until(look: Callable[[], Found], enough: Callable[[Found], bool], sleep: Sleep, seconds: float) -> Found:
    """Look, ever less often, until it is enough or the time is over; return what was seen last."""
    left, pause = seconds, _FIRST_PAUSE_SECONDS
    while True:
        began = time.monotonic()
        found = look()
        if enough(found) or left <= 0:
            return found
        waited = min(pause, left)
        sleep(waited)
        # What is waited counts even where the clock says less: a test's sleep takes no time.
        left -= max(waited, time.monotonic() - began)
        pause = min(pause * _GROWTH, _LONGEST_PAUSE_SECONDS)

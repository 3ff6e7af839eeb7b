"""What a feed task waits for: what its row says of it, else where it stands in its lane."""

from __future__ import annotations

from datetime import datetime

from ops import console, times
from ops.feed_tasks import Tasks
from sellerbus.api.redaction import redact
from sellerbus.feeds.task import FeedTask
from sellerbus.feeds.turns import PAUSE


def reason(task: FeedTask) -> str | None:
    """Return why the task does not go on, as its row says it; None where it says nothing."""
    told = None if task.is_ended else task.waits
    return redact(str(told["reason"])) if told and told.get("reason") else None


def until(task: FeedTask) -> datetime | None:
    """Return about when the task goes on, as its row says it."""
    told = None if task.is_ended else task.waits
    return times.at(float(told["until"])) if told and told.get("until") is not None else None


def told(task: FeedTask, now: datetime) -> str | None:
    """Return what the row says of the wait, in words; None where it says nothing."""
    why, at = reason(task), until(task)
    if why is None or at is None:
        return why
    return f"{why}; it goes on about {times.absolute(at)} ({coming(at, now)})"


def coming(at: datetime, now: datetime) -> str:
    """Return how long it is until then; the row is not written again at each try."""
    return times.relative(at, now) if at > now else "any moment"


def place(tasks: Tasks, task: FeedTask) -> str:
    """Return how many are in front of the task in its lane, as the end of a sentence."""
    in_front = tasks.in_front(task)
    are = "is" if in_front == 1 else "are"
    feeds = console.counted(in_front, "feed")
    return f"; {feeds} of this seller and type {are} in front of it" if in_front else ""


def lane(tasks: Tasks, task: FeedTask, now: datetime) -> str:
    """Return what a task waits for that waits for its turn: the lane's row is newer than the task's."""
    turn = tasks.turn(task)
    holder = turn.get("holder")
    if holder and holder != task.task_id:
        return f"for its turn, which feed task {holder} has now"
    if turn.get("nextAt"):
        at = times.at(float(turn["nextAt"]))
        if at > now:
            return f"for {times.absolute(at)} ({times.relative(at, now)}): {turn.get('restsFor') or PAUSE}"
    return told(task, now) or "for its turn"

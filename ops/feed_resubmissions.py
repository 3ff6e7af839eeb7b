"""Which tasks submitted a task's feed again, as far as the index bySeller shows."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from botocore.exceptions import ClientError

from ops import console, times
from ops.feed_tasks import Tasks, standing
from sellerbus.feeds.task import FeedTask

_MOST: Final = 5
_PAGES: Final = 5
"""Pages of the index that are read, a megabyte each: a thousand tasks or more since this one."""

_NO_RIGHT: Final = frozenset({"AccessDeniedException", "AccessDenied"})


def of(tasks: Tasks, task: FeedTask) -> list[FeedTask] | None:
    """Return the resubmissions of a task, the oldest first; None where the index may not be read."""
    try:
        return list(tasks.resubmissions(task, pages=_PAGES))
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NO_RIGHT:
            raise
        return None


def words(tasks: Tasks, task: FeedTask, now: datetime) -> str | None:
    """Return the resubmissions of a task that has ended in words; None where there are none."""
    if not task.is_ended:
        return None
    found = of(tasks, task)
    if found is None:
        return "not known: your AWS rights don't cover the index bySeller"
    return listed(found, now) or None


def listed(found: list[FeedTask], now: datetime) -> str:
    """Return the newest of some tasks in words."""
    more = f"{len(found) - _MOST} older ones, " if len(found) > _MOST else ""
    return more + ", ".join(
        f"{task.task_id} ({standing(task)}, {times.relative(times.moment(task.handed_over_at), now)})"
        for task in found[-_MOST:]
    )


def confirm(tasks: Tasks, task: FeedTask, task_id: str | None, now: datetime, *, yes: bool) -> None:
    """Ask before what was submitted again already is submitted once more; raises CommandError for a no.

    task_id: the id that is asked for; one that is there already makes nothing new, whatever comes of it.
    """
    found = of(tasks, task)
    if found is None:
        console.say(
            "Whether this was submitted again before was not looked up: the index bySeller may not be read "
            "with your AWS rights."
        )
    elif found and task_id not in [each.task_id for each in found]:
        console.say(
            f"Task {task.task_id} was submitted again already, as {listed(found, now)}. What both hold is "
            "carried out twice."
        )
        console.confirmed("Submit it once more?", yes=yes)

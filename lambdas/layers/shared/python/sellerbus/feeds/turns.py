"""The turn of a lane: at most one task has it, and while it calls createFeed nobody can take it away.

    attribute of the turn's row   meaning
    holder, heldSince             the task that has the turn, and since when; absent while the lane is free
    nextAt, restsFor              no other turn begins before this second, and why, in words
    gapSeconds, holdsUntilEnd     as the stage was configured when the turn was taken
    openAttempt                   the holder's attempt at createFeed that is made, or whose outcome is unknown

The functions give the lane's part of a transaction with the task's own row, so that both say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sellerbus.aws.task_table import TaskTable, Write
from sellerbus.feeds.task import FeedTask
from sellerbus.feeds.task_store import place_key, turn_key

DOUBT_SECONDS: Final = 120.0
"""The least pause after an attempt that is left in doubt. A feed of it that shows late must not fall into the
window of the next attempt, which reaches back by a minute and by how far Amazon's clock may be wrong.
"""


PAUSE: Final = "feeds of this type are not submitted more often (feeds.seconds_between)"
DOUBT: Final = (
    "what became of an earlier task's createFeed is not known, and its feed may still show: the next feed is "
    "submitted when it can't be taken for that one any more"
)
"""What a lane rests for."""


FREE: Final = (
    "attribute_not_exists(holder) AND attribute_not_exists(openAttempt) "
    "AND (attribute_not_exists(nextAt) OR nextAt <= :now)"
)
OPENING: Final = "holder = :me AND attribute_not_exists(openAttempt)"


@dataclass(frozen=True)
class Turn:
    """The lane's row. Times are seconds since 1970."""

    holder: str | None = None
    held_since: float = 0.0
    next_at: float = 0.0
    rests_for: str | None = None
    gap_seconds: float = 0.0
    holds_until_end: bool = True


def turn_of(table: TaskTable, task: FeedTask) -> Turn:
    """Return the lane's row as it is now."""
    row = table.get(turn_key(task)) or {}
    return Turn(
        row.get("holder"),
        float(row.get("heldSince", 0.0)),
        float(row.get("nextAt", 0.0)),
        row.get("restsFor"),
        float(row.get("gapSeconds", 0.0)),
        bool(row.get("holdsUntilEnd", True)),
    )


def turn_taken(
    task: FeedTask, now: float, gap_seconds: float, *, holds_until_end: bool
) -> tuple[Write, Write]:
    """The lane's part of a task's becoming SUBMITTING: the turn, and its place among those that wait."""
    taken = Write.update(
        turn_key(task),
        "SET holder = :me, heldSince = :now, gapSeconds = :gap, holdsUntilEnd = :holds",
        condition=FREE,
        me=task.task_id,
        now=now,
        gap=gap_seconds,
        holds=holds_until_end,
    )
    return taken, Write.delete(place_key(task))


def turn_lost(task: FeedTask, turn: Turn) -> Write:
    """Free the lane of a holder that makes no use of it any more. task: any of the lane."""
    return Write.update(
        turn_key(task),
        "REMOVE holder, heldSince",
        condition="holder = :other AND heldSince = :since AND attribute_not_exists(openAttempt)",
        other=turn.holder,
        since=turn.held_since,
    )


def attempt_opened(task: FeedTask, attempt: int) -> Write:
    """The lane's part of the intent to call createFeed: only the holder's, and one at a time."""
    return Write.update(
        turn_key(task),
        "SET openAttempt = :attempt",
        condition=OPENING,
        me=task.task_id,
        attempt=attempt,
    )


def attempt_closed(task: FeedTask) -> Write:
    """The attempt came to nothing, or was refused; the turn stays the task's. task: as it was before."""
    condition, values = _held(task)
    return Write.update(turn_key(task), "REMOVE openAttempt", condition=condition, **values)


def feed_submitted(task: FeedTask, turn: Turn, now: float) -> Write:
    """The task has its feed. task: as it was before."""
    condition, values = _held(task)
    freed = "" if turn.holds_until_end else ", holder, heldSince"
    return Write.update(
        turn_key(task),
        f"SET nextAt = :next, restsFor = :why REMOVE openAttempt{freed}",
        condition=condition,
        **values,
        next=now + turn.gap_seconds,
        why=PAUSE,
    )


def left_in_doubt(task: FeedTask, turn: Turn, now: float, settle_seconds: float) -> Write:
    """A person decides; the lane goes on once nothing new of the task can show. task: as it was before."""
    condition, values = _held(task)
    shows_until = now
    if task.call_is_open:
        left = max(task.submission.lease_until or now, now) + settle_seconds
        shows_until = task.submission.settle_until or left
    pause_until, doubt_until = now + turn.gap_seconds, max(now, shows_until) + DOUBT_SECONDS
    return Write.update(
        turn_key(task),
        "SET nextAt = :next, restsFor = :why REMOVE openAttempt, holder, heldSince",
        condition=condition,
        **values,
        next=max(pause_until, doubt_until),
        why=DOUBT if doubt_until > pause_until else PAUSE,
    )


def _held(task: FeedTask) -> tuple[str, dict[str, object]]:
    if task.call_is_open:
        return (
            "holder = :me AND openAttempt = :attempt",
            {"me": task.task_id, "attempt": task.submission.attempt},
        )
    return "holder = :me AND attribute_not_exists(openAttempt)", {"me": task.task_id}

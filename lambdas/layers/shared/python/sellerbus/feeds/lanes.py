"""Lanes: the feeds of one seller and type go one after the other, in the order of their handing over.

A turn is taken with the task's own row in one transaction: the task is SUBMITTING from then on, and so at
most one task of a lane is.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sellerbus.aws.task_table import RefusedError, TaskTable, Write
from sellerbus.feeds.task import FeedTask, TaskState
from sellerbus.feeds.task_store import TaskChangedError, TaskStore, lane_of, place_key, task_key
from sellerbus.feeds.turns import PAUSE, Turn, turn_lost, turn_of, turn_taken
from sellerbus.feeds.waits import another_wait

CHECK_PATIENCE_SECONDS: Final = 1800.0
"""How long a task that is not checked yet holds up those that were handed over after it."""
LONGEST_HOLD_SECONDS: Final = 9 * 3600.0
"""After this a feed that is followed has lost its turn: who follows it lets it go after 8 hours."""
LONGEST_POLL_SECONDS: Final = 300
LONGEST_SLOW_POLL_SECONDS: Final = 3600
"""Behind a holder that has held for longer than a feed takes: at 25,000 events an execution is over."""
LONGEST_WAIT_SECONDS: Final = 6 * 3600


@dataclass(frozen=True)
class _Ahead:
    """Those that come before a task: the first of them, and how many they are."""

    first: FeedTask | None
    count: int


class Lanes:
    """seconds_between: the pause after a feed by its type, with `default`. wait_for_previous: whether a feed
    keeps its turn until it has ended. now: seconds since 1970.
    """

    def __init__(
        self,
        table: TaskTable,
        store: TaskStore,
        *,
        seconds_between: Mapping[str, int],
        wait_for_previous: bool,
        now: Callable[[], float],
    ) -> None:
        self._table = table
        self._store = store
        self._seconds_between = seconds_between
        self._wait_for_previous = wait_for_previous
        self._now = now

    def take(self, task: FeedTask) -> int:
        """Give a WAITING task its turn: 0 where it has it now, else the seconds after which to ask again.

        Raises TaskChangedError, StoreUnavailableError.
        """
        now = self._now()
        gap = self._seconds_between.get(task.feed_type, self._seconds_between["default"])
        turn = self._freed(task, turn_of(self._table, task), now)
        ahead = self._ahead(task, now)
        if turn.holder is not None or turn.next_at > now or ahead.count:
            if turn.holder is None and not ahead.count:
                self._keep_rest(task, turn, now)
            return estimated_wait(turn, ahead, gap, now)
        taken = turn_taken(task, now, gap, holds_until_end=self._wait_for_previous)
        try:
            self._store.change(task, *taken, state=TaskState.SUBMITTING)
        except RefusedError:
            # Another task was quicker.
            return estimated_wait(turn_of(self._table, task), _Ahead(None, 0), gap, now)
        return 0

    def _keep_rest(self, task: FeedTask, turn: Turn, now: float) -> None:
        """Say in the row of the next task why its lane rests; those behind it wait for their turn."""
        changes = another_wait(task, turn.rests_for or PAUSE, turn.next_at, now)
        if changes is not None:
            self._store.change(task, **changes)

    def _ahead(self, task: FeedTask, now: float) -> _Ahead:
        """Who comes before the task. Places of tasks that wait no more are cleared away."""
        first: FeedTask | None = None
        count = 0
        for place in self._table.items(lane_of(task), "waiting/", below=place_key(task)[1]):
            if first is None:
                # It decides whether it is this task's turn; those behind it only make the wait longer.
                first = self._waiting(place["sk"], place["taskId"], task, now)
            count += first is not None
        return _Ahead(first, count)

    def _waiting(self, place: str, task_id: str, behind: FeedTask, now: float) -> FeedTask | None:
        """Return the task of a place, if it holds up those behind it."""
        other = self._store.find(task_id)
        if other is not None and other.state is TaskState.WAITING:
            return other
        if other is not None and other.state is TaskState.RECEIVED:
            return other if now - _created(other) < CHECK_PATIENCE_SECONDS else None
        unchanged = (
            Write.check(task_key(task_id), condition="attribute_not_exists(pk)")
            if other is None
            else Write.check(task_key(task_id), condition="#version = :seen", seen=other.version)
        )
        # Where it changed meanwhile it may wait again: the next to come sees to it.
        with contextlib.suppress(RefusedError):
            self._table.write(Write.delete((lane_of(behind), place)), unchanged)
        return None

    def _freed(self, task: FeedTask, turn: Turn, now: float) -> Turn:
        """Take the turn from a task that has had it for too long and makes no use of it any more."""
        if turn.holder is None or now - turn.held_since < LONGEST_HOLD_SECONDS:
            return turn
        other = self._store.find(turn.holder)
        if other is not None and other.state in {TaskState.WAITING, TaskState.SUBMITTING}:
            return turn
        try:
            self._table.write(turn_lost(task, turn))
        except RefusedError:
            return turn
        return Turn(next_at=turn.next_at, rests_for=turn.rests_for)


def estimated_wait(turn: Turn, ahead: _Ahead, gap: float, now: float) -> int:
    """Seconds after which a task had better ask again.

    A thousand tasks that wait would ask in vain most of the time: each waits for as long as those before it
    need at least. Where somebody has the turn, who is next asks the less often the longer that takes.
    """
    seconds = max(0.0, turn.next_at - now)
    if turn.holder is not None:
        held = now - turn.held_since
        longest = LONGEST_POLL_SECONDS if held < LONGEST_HOLD_SECONDS else LONGEST_SLOW_POLL_SECONDS
        seconds = max(seconds, growing_wait(held, longest))
    behind = ahead.count
    if ahead.first is not None and ahead.first.state is TaskState.RECEIVED:
        # It may yet be refused, and then it takes no time at all.
        seconds = max(seconds, growing_wait(now - _created(ahead.first)))
        behind -= 1
    return max(1, math.ceil(min(seconds + behind * max(gap, 1.0), LONGEST_WAIT_SECONDS)))


def growing_wait(seconds: float, longest: float = LONGEST_POLL_SECONDS) -> int:
    """How long to wait again for what has taken `seconds` already: a quarter more."""
    return math.ceil(min(max(seconds / 4, 1.0), longest))


def _created(task: FeedTask) -> float:
    return datetime.fromisoformat(task.created_at).timestamp()


class TurnTaker:
    """What take_feed_turn does."""

    def __init__(self, store: TaskStore, lanes: Lanes) -> None:
        self._store = store
        self._lanes = lanes

    def take(self, task_id: str) -> Mapping[str, object]:
        """The state machine's step. Raises UnknownTaskError, StoreUnavailableError and, for a task that was
        not checked, ValueError.
        """
        task = self._store.get(task_id)
        if task.is_ended:
            return {"next": task.next_after_end}
        if task.state is TaskState.RECEIVED:
            raise ValueError(f"task {task_id} is not checked yet: check_feed comes before its turn")
        if task.state is not TaskState.WAITING:
            # It has had its turn: submit_feed knows where it goes on.
            return {"next": "submit"}
        try:
            seconds = self._lanes.take(task)
        except TaskChangedError:
            seconds = 1
        return {"next": "wait", "waitSeconds": seconds} if seconds else {"next": "submit"}

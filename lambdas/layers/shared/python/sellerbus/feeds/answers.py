"""Keeps what createFeed answered, or what getFeeds shows in its place.

The task's row, its lane and the feed's binding say the same, in one transaction. What can't be kept without
doubt is told, and left to a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from sellerbus.aws.task_table import RefusedError, TaskTable, Write
from sellerbus.feeds import feed_events
from sellerbus.feeds.ending import Count, Events
from sellerbus.feeds.settlement import Uncertain
from sellerbus.feeds.submission import State, Submission, WrongStateError, accepted, settled
from sellerbus.feeds.task import FeedTask, TaskState, iso
from sellerbus.feeds.task_store import TaskChangedError, TaskStore, feed_key
from sellerbus.feeds.turns import feed_submitted, left_in_doubt, turn_of

_MOST_TRIES: Final = 5
SUBMITTED: Final = "FeedsSubmitted"
ADOPTED: Final = "FeedsAdopted"
"""The metrics of a feed that createFeed answered with, and of one that getFeeds showed."""


class AnswerKeeper:
    """now: seconds since 1970."""

    def __init__(
        self,
        *,
        table: TaskTable,
        store: TaskStore,
        events: Events,
        count: Count,
        now: Callable[[], float],
        settle_seconds: float,
    ) -> None:
        self._table = table
        self._store = store
        self._events = events
        self._count = count
        self._now = now
        self._settle_seconds = settle_seconds

    def accepted(self, task: FeedTask, attempt: int, feed_id: str) -> None:
        """createFeed answered the attempt with a feed; whatever the row says by now, it is not lost.

        Raises StoreUnavailableError: the attempt is open then, and its feed is found by getFeeds.
        """
        for tried in range(1, _MOST_TRIES + 1):
            try:
                self._keep(task, attempt, feed_id)
            except TaskChangedError:
                if tried == _MOST_TRIES:
                    raise
                task = self._store.get(task.task_id)
            else:
                return

    def _keep(self, task: FeedTask, attempt: int, feed_id: str) -> None:
        try:
            submission = accepted(task.submission, attempt, feed_id)
        except WrongStateError:
            self._one_too_many(task, feed_id)
            return
        if task.state is TaskState.UNCERTAIN:
            # It waits for a person, who is told of this feed too: it may not be the only one.
            self._one_too_many(task, feed_id)
        elif task.state is TaskState.WAITING:
            # A person had it submitted again, and it waits for its turn: there is a feed after all.
            reason = f"createFeed answered late with feed {feed_id}, after it was decided to submit again"
            doubt = replace(
                submission, state=State.UNCERTAIN, feed_id=None, answered=(feed_id,), reason=reason
            )
            self.in_doubt(task, doubt, (feed_id,))
        elif submission.state is State.UNCERTAIN:
            self.in_doubt(task, submission, submission.answered)
        elif submission is not task.submission:
            self.submitted(task, submission, SUBMITTED)

    def submitted(self, task: FeedTask, submission: Submission, metric: str) -> None:
        """The task has its feed. Where another task has taken it, nobody knows whose it is.

        metric: SUBMITTED or ADOPTED.
        """
        feed_id = submission.feed_id or ""
        try:
            self._store.change(
                task,
                feed_submitted(task, turn_of(self._table, task), self._now()),
                self._store.binding(task.seller_id, feed_id, task.task_id),
                state=TaskState.PROCESSING,
                submission=submission,
                feed_id=feed_id,
                submitted_at=iso(self._now()),
                notes=(*task.notes, *_notes(task, submission, adopted=metric == ADOPTED)),
                token=None,
                token_step=None,
            )
        except RefusedError as refusal:
            other = refusal.items.get(feed_key(task.seller_id, feed_id))
            if other is None:
                raise
            reason = f"feed {feed_id} can be the task's, but task {other.get('taskId')} has it"
            doubtful = replace(submission, state=State.UNCERTAIN, feed_id=None, reason=reason)
            self.in_doubt(task, doubtful, (feed_id,))
        else:
            self._count(metric, 1)

    def in_doubt(self, task: FeedTask, submission: Submission, candidates: Sequence[str]) -> None:
        """A person decides. Told before it is written; the lane goes on."""
        self._tell(replace(task, reason=submission.reason), candidates)
        decided_just_now = task.state is TaskState.WAITING
        # The step that waited for the decision may not have been told of it: its token is kept then.
        told = {} if decided_just_now else {"token": None, "token_step": None}
        self._store.change(
            task,
            *(() if decided_just_now else (self._lane_left(task),)),
            state=TaskState.UNCERTAIN,
            submission=submission,
            reason=submission.reason,
            candidates=tuple(candidates),
            decision=None,
            **told,
        )

    def _lane_left(self, task: FeedTask) -> Write:
        return left_in_doubt(task, turn_of(self._table, task), self._now(), self._settle_seconds)

    def judged(self, task: FeedTask, verdict: Uncertain) -> None:
        """getFeeds left more than one answer."""
        self.in_doubt(task, settled(task.submission, verdict), verdict.feed_ids)

    def _one_too_many(self, task: FeedTask, feed_id: str) -> None:
        """The task is decided, over or a person's: tell both feeds, and bind this one to the task too."""
        known = dict.fromkeys((*([task.feed_id] if task.feed_id else ()), *task.submission.answered, feed_id))
        if feed_id in task.submission.answered:
            return
        reason = f"createFeed answered late with feed {feed_id}; the task is {task.state.value}"
        if task.feed_id is not None:
            reason += f" with feed {task.feed_id}: there are two feeds"
        self._tell(replace(task, reason=reason), tuple(known))
        changes = {
            "submission": replace(task.submission, answered=(*task.submission.answered, feed_id)),
            "candidates": tuple(known),
            "notes": (*task.notes, reason),
        }
        try:
            self._store.change(task, self._store.binding(task.seller_id, feed_id, task.task_id), **changes)
        except RefusedError:
            # It is another task's by now; the event names it all the same.
            self._store.change(task, **changes)

    def _tell(self, task: FeedTask, candidates: Sequence[str]) -> None:
        self._count("FeedsUncertain", 1)
        # The row's version: the same for a repetition of this very step, another for another doubt.
        self._events.publish([feed_events.uncertain(task, candidates, task.version)])


def _notes(task: FeedTask, submission: Submission, *, adopted: bool) -> Iterator[str]:
    """What an operator may want to know of a submission that did not go straight."""
    if adopted:
        yield "createFeed's answer was lost; the feed was found by looking (getFeeds)"
    unknown_since, opened_at = submission.unknown_since, submission.opened_at
    in_doubt = unknown_since is not None and opened_at is not None and unknown_since < opened_at
    if submission.attempt > 1 and (in_doubt or task.decision is not None):
        yield f"createFeed was called {submission.attempt} times: what an earlier call did was not known"

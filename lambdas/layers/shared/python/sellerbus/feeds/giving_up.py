"""Ends a task whose execution can't go on: a step failed for good, or nobody decided about it.

A task in the middle of createFeed is never ended: whether there is a feed is a person's to find out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, Protocol

from sellerbus.feeds import feed_events
from sellerbus.feeds.answers import AnswerKeeper
from sellerbus.feeds.ending import Count, Events, end_task
from sellerbus.feeds.executions import task_of
from sellerbus.feeds.submission import State, decided
from sellerbus.feeds.task import OVER, FeedTask, Outcome, TaskState
from sellerbus.feeds.task_store import TaskChangedError, TaskStore

UNDECIDED: Final = "nobody decided within 90 days, for which Amazon keeps feeds"
_MOST_TRIES: Final = 5


class Starts(Protocol):
    """executions.Executions."""

    def start_second(self, task_id: str) -> None: ...


class TaskEnder:
    def __init__(
        self,
        *,
        store: TaskStore,
        answers: AnswerKeeper,
        events: Events,
        count: Count,
        executions: Starts,
    ) -> None:
        self._executions = executions
        self._store = store
        self._answers = answers
        self._events = events
        self._count = count

    def give_up(self, task_id: str, error: str, cause: str) -> Mapping[str, object]:
        """A step failed for good. error and cause: as Step Functions tells them.

        Answers ended or report-changes, or decide where a person has to. Raises StoreUnavailableError.
        """
        return self._gave_up(task_id, feed_events.told(f"a step failed for good: {_words(error, cause)}"))

    def broken_off(self, name: str, status: str, cause: str) -> Mapping[str, object]:
        """The execution of that name is over before its end: ABORTED, FAILED or TIMED_OUT.

        Nobody waits for the answer, and so a second execution goes on where a person has to decide, or
        listing changes have to be told. There is no third. Raises StoreUnavailableError.
        """
        task_id, is_second = task_of(name)
        answer = self._gave_up(task_id, feed_events.told(f"its execution is over: {_words(status, cause)}"))
        if answer["next"] == "decide":
            self._store.update(task_id, _nobody_waits)
        if answer["next"] != "ended" and not is_second:
            self._executions.start_second(task_id)
        return answer

    def undecided(self, task_id: str) -> Mapping[str, object]:
        """Nobody decided. Answers ended or report-changes. Raises StoreUnavailableError."""
        return self._repeated(task_id, self._given_up)

    def _gave_up(self, task_id: str, reason: str) -> Mapping[str, object]:
        return self._repeated(task_id, lambda task: self._failed(task, reason))

    def _repeated(self, task_id: str, step: Callable[[FeedTask], FeedTask]) -> Mapping[str, object]:
        for attempt in range(1, _MOST_TRIES + 1):
            task = self._store.find(task_id)
            if task is None:
                return {"next": "ended"}
            try:
                task = step(task)
            except TaskChangedError:
                if attempt == _MOST_TRIES:
                    raise
            else:
                return {"next": task.next_after_end if task.is_ended else "decide"}
        raise AssertionError("unreachable")

    def _failed(self, task: FeedTask, reason: str) -> FeedTask:
        if task.is_ended or task.state is TaskState.UNCERTAIN:
            return task
        if task.call_is_open:
            doubt = f"createFeed may have been carried out; {reason}"
            submission = replace(
                task.submission, state=State.UNCERTAIN, reason=doubt, settle_until=None, lease_until=None
            )
            self._answers.in_doubt(task, submission, task.submission.answered)
            return replace(task, state=TaskState.UNCERTAIN)
        if task.outcome is not None:
            # The end was told already, and could not be written: it stays what it was.
            return end_task(self._store, self._events, self._count, task, task.outcome, task.reason)
        return end_task(self._store, self._events, self._count, task, Outcome.FAILED, reason)

    def _given_up(self, task: FeedTask) -> FeedTask:
        if task.state is not TaskState.UNCERTAIN:
            # Decided, and the state machine was not told; what it waited for is over by now in any case.
            outcome = Outcome.UNSEEN if task.feed_id else Outcome.FAILED
            return end_task(self._store, self._events, self._count, task, outcome, UNDECIDED)
        submission = decided(task.submission, None)
        return end_task(
            self._store,
            self._events,
            self._count,
            task,
            Outcome.GIVEN_UP,
            f"{UNDECIDED}; {task.reason}",
            submission=submission,
        )


def _nobody_waits(task: FeedTask) -> Mapping[str, object] | None:
    waits = task.state is TaskState.UNCERTAIN and task.token_step != OVER
    return {"token": None, "token_step": OVER} if waits else None


def _words(error: str, cause: str) -> str:
    """What a person needs of a failed step: the kind of the exception and its text, not its stack."""
    try:
        told = json.loads(cause)
    except ValueError:
        told = None
    if isinstance(told, dict) and ("errorType" in told or "errorMessage" in told):
        return f"{told.get('errorType') or error}: {told.get('errorMessage') or 'without a text'}"
    return f"{error}: {cause}" if cause else error

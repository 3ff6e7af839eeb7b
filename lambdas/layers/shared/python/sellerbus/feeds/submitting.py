"""Submits a feed: its document first, then createFeed, at most once for a task (submission.py has the rules).

Every call of `submit` takes the task from where it stands: after a wait, a crash or a redrive. The intent is
written, in one transaction with the lane, before createFeed is called; the call is made only while the
intent's lease and the function have time for it and its answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sellerbus.api.errors import SellingPartnerError, ThrottledError
from sellerbus.api.feeds import FeedsApi
from sellerbus.aws.task_table import TaskTable
from sellerbus.feeds import feed_events
from sellerbus.feeds.answers import AnswerKeeper
from sellerbus.feeds.ending import Count, Events, end_task
from sellerbus.feeds.preparing import Preparer
from sellerbus.feeds.settling import Settler
from sellerbus.feeds.submission import State, crashed, not_done, opened, refused, unknown
from sellerbus.feeds.submission_steps import (
    LONGEST_MENDING_SECONDS,
    MEND_SECONDS,
    Amazon,
    EndsError,
    TryLaterError,
    WrongTaskStateError,
    answered_before,
    may_have_been_done,
    seconds_until_next_try,
    waiting,
)
from sellerbus.feeds.task import FeedTask, Outcome, TaskState
from sellerbus.feeds.task_store import TaskChangedError, TaskStore
from sellerbus.feeds.turns import attempt_closed, attempt_opened, turn_of
from sellerbus.feeds.waits import SETTLING, keep_wait, wait
from sellerbus.sellers.rows import SellerError

CALL_SECONDS: Final = 45.0
"""For createFeed and its answer: an access token, a turn of the quota, connecting and reading."""
ANSWER_SECONDS: Final = 14.0
"""For connecting and the answer alone: with less left, createFeed is not called any more."""
LATE_SECONDS: Final = 30.0
"""How far clocks may differ, and how late a kill may come."""
WRITE_SECONDS: Final = 20.0
"""For keeping the answer."""
LONGEST_TRYING_SECONDS: Final = 86_400.0
"""How long a task that has its turn is tried, before it fails for good and lets others go on."""
_BOOKING_SECONDS: Final = 2.0
_MOST_STEPS: Final = 6


@dataclass(frozen=True)
class SubmissionSettings:
    """api_version and silence_seconds are fixed for a task when its submission begins."""

    api_version: str
    settle_seconds: float
    silence_seconds: int
    other_creators: bool


class FeedSubmitter:
    """Made for one invocation. remaining_seconds: of the function. now: seconds since 1970."""

    def __init__(
        self,
        *,
        table: TaskTable,
        store: TaskStore,
        amazon: Amazon,
        preparer: Preparer,
        events: Events,
        settings: SubmissionSettings,
        count: Count,
        now: Callable[[], float],
        remaining_seconds: Callable[[], float],
    ) -> None:
        self._table = table
        self._store = store
        self._amazon = amazon
        self._preparer = preparer
        self._events = events
        self._settings = settings
        self._count = count
        self._now = now
        self._remaining = remaining_seconds
        self.why = ""
        """What the last answer waits for, or why the task ended: for the log."""
        self._answers = AnswerKeeper(
            table=table,
            store=store,
            events=events,
            count=count,
            now=now,
            settle_seconds=settings.settle_seconds,
        )
        self._settler = Settler(
            store=store, answers=self._answers, other_creators=settings.other_creators, count=count, now=now
        )

    def submit(self, task_id: str) -> Mapping[str, object]:
        """The state machine's step.

        Raises UnknownTaskError, StoreUnavailableError and WrongTaskStateError: a repetition is safe.
        """
        for _ in range(_MOST_STEPS):
            task = self._store.get(task_id)
            try:
                answer = self._step(task)
            except TaskChangedError:
                # Another copy of this step, or an operator, was quicker: go on from what they left.
                continue
            except TryLaterError as later:
                self.why = feed_events.told(str(later))
                answer = self._later(task, later)
            except SellerError as error:
                # The refresh token can't be read: a person writes it anew.
                self.why = feed_events.told(str(error))
                answer = self._later(task, TryLaterError(str(error), MEND_SECONDS, endless=True))
            except EndsError as ends:
                self.why = feed_events.told(ends.reason)
                answer = self._end(task_id, ends)
            if answer is not None:
                return answer
        return waiting(1)

    def _step(self, task: FeedTask) -> Mapping[str, object] | None:
        """None where the task is to be read again and gone on with at once."""
        if task.is_ended:
            return {"next": task.next_after_end}
        if task.state is TaskState.UNCERTAIN:
            return {"next": "decide"}
        if task.state in {TaskState.PROCESSING, TaskState.COLLECTING}:
            return {"next": "await", "silenceSeconds": task.silence_seconds or self._settings.silence_seconds}
        if task.state is not TaskState.SUBMITTING:
            raise WrongTaskStateError(task)
        match task.submission.state:
            case State.PENDING:
                return self._attempt(task)
            case State.SUBMITTING if crashed(task.submission, self._now()):
                return self._unknown(task)
            case State.SUBMITTING:
                # Another copy is at it; it ends, or its lease does.
                return waiting((task.submission.lease_until or 0.0) - self._now())
            case State.SETTLING:
                return self._settler.settle(task, lambda: self._api(task, self._remaining))
            case State.REFUSED:
                raise EndsError(Outcome.REFUSED, task.submission.reason or "Amazon refused the feed")
        raise WrongTaskStateError(task)

    def _attempt(self, task: FeedTask) -> Mapping[str, object] | None:
        task = self._begun(task)
        if task.document_id is None:
            document_id = self._preparer.prepare(task, self._api(task, self._remaining))
            task = self._store.change(task, document_id=document_id)
        if self._remaining() < CALL_SECONDS + WRITE_SECONDS:
            return waiting(1)
        deadline = self._now() + CALL_SECONDS

        def left_for_the_call() -> float:
            left = deadline - self._now()
            return left if left >= ANSWER_SECONDS else 0.0

        api = self._api(task, left_for_the_call)
        try:
            # Before the intent, so that an empty quota costs nothing but a wait.
            api.book_creation(_BOOKING_SECONDS)
        except SellingPartnerError as error:
            self._note_throttle(error)
            raise answered_before(error) from None
        submission = opened(task.submission, self._now(), deadline - self._now() + LATE_SECONDS)
        task = self._store.change(task, attempt_opened(task, submission.attempt), submission=submission)
        return self._call(task, api)

    def _begun(self, task: FeedTask) -> FeedTask:
        if task.api_version is not None:
            return task
        return self._store.change(
            task,
            api_version=self._settings.api_version,
            silence_seconds=self._settings.silence_seconds,
        )

    def _call(self, task: FeedTask, api: FeedsApi) -> Mapping[str, object] | None:
        """The one place where createFeed is called."""
        attempt = task.submission.attempt
        try:
            feed_id = api.create(
                task.feed_type, task.marketplace_ids, task.document_id or "", task.feed_options
            )
        except SellingPartnerError as error:
            return self._failed(task, attempt, error)
        self._answers.accepted(task, attempt, feed_id)
        return None

    def _failed(
        self, task: FeedTask, attempt: int, error: SellingPartnerError
    ) -> Mapping[str, object] | None:
        if may_have_been_done(error):
            self.why = feed_events.told(str(error))
            return self._unknown(task)
        self._note_throttle(error)
        meaning = answered_before(error)
        if isinstance(meaning, TryLaterError):
            self._store.change(task, attempt_closed(task), submission=not_done(task.submission, attempt))
            raise meaning from None
        reason = feed_events.told(meaning.reason)
        self._store.change(task, attempt_closed(task), submission=refused(task.submission, attempt, reason))
        return None

    def _unknown(self, task: FeedTask) -> Mapping[str, object]:
        settle = self._settings.settle_seconds
        now = self._now()
        submission = unknown(task.submission, task.submission.attempt, now, settle)
        self._store.change(task, submission=submission, waits=wait(SETTLING, now + settle))
        self._count("FeedsSettling", 1)
        return waiting(settle)

    def _api(self, task: FeedTask, remaining_seconds: Callable[[], float]) -> FeedsApi:
        return self._amazon.api(task, remaining_seconds)

    def _note_throttle(self, error: SellingPartnerError) -> None:
        if isinstance(error, ThrottledError):
            self._count("FeedsThrottled", 1)

    def _later(self, task: FeedTask, later: TryLaterError) -> Mapping[str, object] | None:
        since = self._now() - turn_of(self._table, task).held_since
        longest = LONGEST_MENDING_SECONDS if later.endless else LONGEST_TRYING_SECONDS
        # What is open is not ended: for how long it is looked for is the settler's to say.
        if since > longest and not task.call_is_open:
            why = f"it could not be submitted for {'90 days' if later.endless else '24 hours'}: {later}"
            return self._end(task.task_id, EndsError(Outcome.FAILED, why))
        seconds = seconds_until_next_try(later, since)
        keep_wait(self._store, task, later.reason, seconds, self._now())
        return waiting(seconds)

    def _end(self, task_id: str, ends: EndsError) -> Mapping[str, object] | None:
        """End the task as it is now; None where it has become something else meanwhile."""
        task = self._store.get(task_id)
        if task.state is not TaskState.SUBMITTING or task.call_is_open:
            return None
        try:
            task = end_task(self._store, self._events, self._count, task, ends.outcome, ends.reason)
        except TaskChangedError:
            return None
        return {"next": task.next_after_end}

"""What a person does with a feed task: cancels it, or decides about one that is UNCERTAIN.

    {"request": "cancel", "taskId"}                       -> {"cancelled": "here" | "asked"}
    {"request": "settle", "taskId", "decision", "feedId"?} -> {"state": ...}
        decision: adopt (this feed is the task's), submit-again (there is none), give-up

Both may be repeated. What can't be done is answered with {"error": {"kind", "message", "seconds"?}}: kind is
throttled (ask after so many seconds), retryable, busy, not-found, wrong-state, permanent or bad-request.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from sellerbus.api.errors import NotFoundError, SellingPartnerError, ThrottledError
from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.aws.task_table import RefusedError
from sellerbus.feeds.ending import Count, Events, end_task
from sellerbus.feeds.submission import Submission, decided
from sellerbus.feeds.submission_steps import Amazon, EndsError, TryLaterError, answered_before
from sellerbus.feeds.task import DECIDE, OVER, FeedTask, Outcome, TaskState, iso
from sellerbus.feeds.task_store import TaskChangedError, TaskStore, UnknownTaskError, feed_key
from sellerbus.sellers.rows import SellerError

ADOPT: Final = "adopt"
SUBMIT_AGAIN: Final = "submit-again"
GIVE_UP: Final = "give-up"
DECISIONS: Final = (ADOPT, SUBMIT_AGAIN, GIVE_UP)
USUAL_SILENCE_SECONDS: Final = 900
_MOST_TRIES: Final = 5


class Tokens(Protocol):
    """aws.task_tokens.TaskTokens."""

    def succeed(self, token: str, output: Mapping[str, Any]) -> bool: ...


class NotDoneError(Exception):
    """It can't be done. kind: see the head of this file."""

    def __init__(self, kind: str, message: str, seconds: float | None = None) -> None:
        self.kind = kind
        self.seconds = seconds
        super().__init__(message)


class FeedOperator:
    """Made for one invocation. now: seconds since 1970."""

    def __init__(
        self,
        *,
        store: TaskStore,
        amazon: Amazon,
        tokens: Tokens,
        events: Events,
        count: Count,
        now: Callable[[], float],
        remaining_seconds: Callable[[], float],
    ) -> None:
        self._store = store
        self._amazon = amazon
        self._tokens = tokens
        self._events = events
        self._count = count
        self._now = now
        self._remaining = remaining_seconds

    def answer(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do what is asked; see the head of this file. Raises nothing that the request or Amazon causes."""
        try:
            return self._answered(request)
        except NotDoneError as error:
            seconds = {} if error.seconds is None else {"seconds": math.ceil(error.seconds)}
            return {"error": {"kind": error.kind, "message": str(error), **seconds}}

    def _answered(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        task_id, asked = request.get("taskId"), request.get("request")
        if not isinstance(task_id, str) or asked not in ("cancel", "settle"):
            raise NotDoneError("bad-request", 'request must be "cancel" or "settle", with a taskId')
        for _ in range(_MOST_TRIES):
            try:
                task = self._store.get(task_id)
                return self._cancel(task) if asked == "cancel" else self._settle(task, request)
            except UnknownTaskError as error:
                raise NotDoneError("not-found", str(error)) from None
            except TaskChangedError:
                # A step of the state machine was quicker: look again at what the task is now.
                continue
            except StoreUnavailableError as error:
                raise NotDoneError("retryable", f"{error}; ask again") from None
        raise NotDoneError("busy", f"task {task_id} changes too quickly just now; ask again", 5)

    def _cancel(self, task: FeedTask) -> Mapping[str, Any]:
        if task.is_ended:
            if task.outcome is Outcome.CANCELLED:
                return {"cancelled": "here"}
            raise _wrong_state(task, f"it has ended {task.outcome} already")
        if task.state is TaskState.UNCERTAIN:
            raise _wrong_state(task, "whether there is a feed is not known: settle it first")
        if task.state is TaskState.COLLECTING:
            raise _wrong_state(task, "Amazon is through with its feed")
        if task.state is TaskState.PROCESSING:
            self._ask(task, lambda feeds, feed_id: feeds.cancel(feed_id), task.feed_id or "")
            return {"cancelled": "asked"}
        if task.call_is_open:
            at = max(task.submission.lease_until or 0.0, task.submission.settle_until or 0.0)
            raise NotDoneError(
                "busy",
                f"createFeed was called for task {task.task_id}, and it is not known yet whether there is a "
                "feed; ask again",
                max(1.0, at - self._now()),
            )
        end_task(
            self._store, self._events, self._count, task, Outcome.CANCELLED, "cancelled before its submission"
        )
        return {"cancelled": "here"}

    def _settle(self, task: FeedTask, request: Mapping[str, Any]) -> Mapping[str, Any]:
        choice, feed_id = request.get("decision"), request.get("feedId")
        names_feed = isinstance(feed_id, str) and feed_id not in ("", ".", "..")
        if choice not in DECISIONS or (choice == ADOPT) != names_feed:
            raise NotDoneError(
                "bad-request", f"decision must be one of {', '.join(DECISIONS)}; adopt names a feedId"
            )
        if task.state is not TaskState.UNCERTAIN:
            known = task.decision or {}
            if known.get("choice") != choice or known.get("feedId") != feed_id:
                raise _wrong_state(task, "there is nothing to decide about it")
            # Decided so before, and cut off perhaps before the state machine was told.
            self._go_on(task)
            return {"state": str(task.state)}
        if choice != GIVE_UP and task.token_step == OVER:
            raise _wrong_state(
                task,
                "its execution is over, and nothing would go on with it: redrive the execution (Step "
                "Functions allows that for 14 days) and decide then, or give the task up",
            )
        if choice == ADOPT:
            task = self._adopted(task, str(feed_id))
        elif choice == SUBMIT_AGAIN:
            task = self._to_be_submitted_again(task)
        else:
            task = self._given_up(task)
        self._go_on(task)
        return {"state": str(task.state)}

    def _adopted(self, task: FeedTask, feed_id: str) -> FeedTask:
        feed = self._ask(task, lambda feeds, feed_id: feeds.feed(feed_id), feed_id)
        if feed.feed_type != task.feed_type:
            raise NotDoneError(
                "permanent", f"feed {feed_id} is {feed.feed_type}; the task's is {task.feed_type}"
            )
        silence = task.silence_seconds or USUAL_SILENCE_SECONDS
        try:
            return self._store.change(
                task,
                self._store.binding(task.seller_id, feed_id, task.task_id),
                state=TaskState.PROCESSING,
                submission=decided(task.submission, feed_id),
                feed_id=feed_id,
                submitted_at=iso(self._now()),
                reason=None,
                decision={"choice": ADOPT, "feedId": feed_id, "next": "await", "silenceSeconds": silence},
            )
        except RefusedError as refusal:
            other = refusal.items.get(feed_key(task.seller_id, feed_id), {}).get("taskId")
            raise NotDoneError("permanent", f"feed {feed_id} is task {other}'s already") from None

    def _to_be_submitted_again(self, task: FeedTask) -> FeedTask:
        return self._store.change(
            task,
            self._store.place(task),
            state=TaskState.WAITING,
            submission=decided(task.submission, None, submit_again=True),
            # Uploaded anew: nobody says for how long Amazon keeps a document that no feed uses.
            document_id=None,
            reason=None,
            decision={"choice": SUBMIT_AGAIN, "next": "take-turn"},
        )

    def _given_up(self, task: FeedTask) -> FeedTask:
        submission: Submission = decided(task.submission, None)
        return end_task(
            self._store,
            self._events,
            self._count,
            task,
            Outcome.GIVEN_UP,
            submission.reason,
            submission=submission,
            decision={"choice": GIVE_UP, "next": task.next_after_end},
        )

    def _go_on(self, task: FeedTask) -> None:
        """Let the state machine's step go on that waits for the decision; await-decision does where none does
        yet.
        """
        if task.token is None or task.token_step != DECIDE or task.decision is None:
            return
        output = {name: task.decision[name] for name in ("next", "silenceSeconds") if name in task.decision}
        self._tokens.succeed(task.token, output)

    def _ask(self, task: FeedTask, call: Callable[[Any, str], Any], feed_id: str) -> Any:
        try:
            return call(self._amazon.api(task, self._remaining), feed_id)
        except NotFoundError:
            raise NotDoneError(
                "not-found", f"Amazon knows no feed {feed_id} of seller {task.seller_id}"
            ) from None
        except ThrottledError as error:
            raise NotDoneError("throttled", str(error), error.seconds) from None
        except SellingPartnerError as error:
            kind = "permanent" if isinstance(answered_before(error), EndsError) else "retryable"
            raise NotDoneError(kind, str(error)) from None
        except (TryLaterError, EndsError, SellerError) as error:
            raise NotDoneError("permanent", str(error)) from None


def _wrong_state(task: FeedTask, why: str) -> NotDoneError:
    return NotDoneError("wrong-state", f"task {task.task_id} is {task.state}: {why}")

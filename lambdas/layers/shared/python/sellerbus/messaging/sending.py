"""Sends the message of a task, at most once (task.py has the states, answers.py what an answer may change).

Every call of `send` takes the task from where it stands: at its first delivery, after a wait or a crash. The
gate, ACCEPTED to SENDING, is written before the call; the call is made only while there is time for it and
for keeping its answer, and no layer repeats it once a byte of it was sent.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from sellerbus.messaging.answers import AnswerKeeper, ended_changes
from sellerbus.messaging.attempting import Attempts
from sellerbus.messaging.ending import Teller
from sellerbus.messaging.settling import Settler
from sellerbus.messaging.steps import Amazon, EndsError, TryLaterError, seconds_until_next_try
from sellerbus.messaging.task import MessageState, MessageTask, seconds
from sellerbus.messaging.task_rows import TaskChangedError, TypeInUseError
from sellerbus.messaging.task_store import MessageStore
from sellerbus.sellers.rows import SellerError

_MOST_STEPS: Final = 8
_SHORT_SECONDS: Final = 2.0
"""A wait that is over before anybody has read of it."""
_TYPE_IN_USE_SECONDS: Final = 15.0
_ON_ITS_WAY: Final = frozenset({MessageState.ACCEPTED, MessageState.SENDING})
_CRASHED: Final = "the function that sent it ended before it kept what came of it"


@dataclass(frozen=True)
class Step:
    """What became of a delivery. wait_seconds: when it is to come again; None where it is done.

    state: None for a row that is not there. why: what it waits for, or why it ended.
    """

    wait_seconds: int | None = None
    state: MessageState | None = None
    why: str | None = None


class MessageSender:
    """Made for one invocation. remaining_seconds: of the function. now: seconds since 1970."""

    def __init__(
        self,
        *,
        store: MessageStore,
        amazon: Amazon,
        attempts: Attempts,
        answers: AnswerKeeper,
        settler: Settler,
        teller: Teller,
        give_up_seconds: float,
        now: Callable[[], float],
        remaining_seconds: Callable[[], float],
    ) -> None:
        self._store = store
        self._amazon = amazon
        self._attempts = attempts
        self._answers = answers
        self._settler = settler
        self._teller = teller
        self._give_up_seconds = give_up_seconds
        self._now = now
        self._remaining = remaining_seconds

    def send(self, task_id: str) -> Step:
        """Take the task as far as it goes now. Raises StoreUnavailableError: a repetition is safe."""
        state = None
        for _ in range(_MOST_STEPS):
            task = self._store.find(task_id)
            if task is None:
                return Step(why="there is no such task")
            state = task.state
            try:
                wait = self._step(task)
            except TaskChangedError:
                # Another delivery or a person was quicker: go on from what they left.
                continue
            if wait is not None:
                return wait
        return Step(1, state, "the task changes too quickly just now")

    def _step(self, task: MessageTask) -> Step | None:
        """None where the task is to be read again and gone on with at once."""
        if task.untold is not None:
            self._teller.tell(task)
            return None
        if task.is_ended or task.state is MessageState.UNCERTAIN:
            return Step(state=task.state, why=task.reason)
        try:
            return self._sending(task) if task.state is MessageState.SENDING else self._accepted(task)
        except TryLaterError as later:
            return self._later(task, later)
        except SellerError as error:
            # The refresh token can't be read: a person writes it anew.
            return self._later(task, TryLaterError(str(error), mend=True))
        except EndsError as ends:
            self._end(task, ends)
            return None

    def _sending(self, task: MessageTask) -> Step | None:
        attempt = task.attempt
        if attempt is None:
            raise ValueError(f"task {task.task_id} is SENDING without an attempt")
        if task.settle_at is not None:
            if self._now() < task.settle_at:
                return self._waiting(task, task.settle_at - self._now())
            self._settler.settle(
                task, attempt, lambda: self._amazon.of_seller(task.seller_id).messages(self._remaining)
            )
        elif self._now() < attempt.lease_until:
            # Another delivery is at it; it ends, or its lease does.
            return self._waiting(task, attempt.lease_until - self._now())
        else:
            self._answers.lost(task, attempt, _CRASHED)
        return None

    def _accepted(self, task: MessageTask) -> Step | None:
        if task.content is None:
            raise EndsError(MessageState.FAILED, "its content was erased before it could be sent")
        if self._tried_for(task) > self._give_up_seconds:
            raise EndsError(MessageState.FAILED, self._given_up(task))
        try:
            self._attempts.attempt(task)
        except TypeInUseError as error:
            raise TryLaterError(str(error), self._until_free(error.task_id)) from None
        return None

    def _until_free(self, task_id: str | None) -> float:
        """Seconds until the task that is sending the type may be through with it: looking costs quota."""
        other = self._store.find(task_id) if task_id else None
        if other is None or other.attempt is None or not other.holds_the_type:
            return _TYPE_IN_USE_SECONDS
        until = other.settle_at or other.attempt.lease_until
        return max(_TYPE_IN_USE_SECONDS, until - self._now())

    def _given_up(self, task: MessageTask) -> str:
        why = (task.waits or {}).get("reason") or "it could not be tried"
        return f"it could not be sent for {self._give_up_seconds / 3600:g} hours: {why}"

    def _later(self, task: MessageTask, later: TryLaterError) -> Step:
        """Keep why it waits, and the turn that it has booked."""
        wait = seconds_until_next_try(later, self._tried_for(task))
        found = self._store.get(task.task_id)
        booking = later.booking.to_document() if later.booking and later.booking.count else None
        waits = found.waits or {}
        is_known = waits.get("reason") == later.reason and waits.get("until", 0) > self._now()
        is_long = wait > _SHORT_SECONDS and not is_known
        if found.state in _ON_ITS_WAY and (booking != found.booking or is_long):
            until = math.ceil(self._now() + wait)
            # Who was quicker has taken the task on.
            with suppress(TaskChangedError):
                self._store.change(found, booking=booking, waits={"reason": later.reason, "until": until})
        return Step(math.ceil(wait), found.state, str(later))

    def _end(self, task: MessageTask, ends: EndsError) -> None:
        """End a task that nobody is sending; another delivery may have taken it on."""
        found = self._store.get(task.task_id)
        if found.state is not MessageState.ACCEPTED:
            return
        findings = {"findings": ends.findings} if ends.findings else {}
        allowed = {} if ends.allowed is None else {"allowed": ends.allowed}
        self._store.change(found, **ended_changes(ends.state, ends.reason, **findings, **allowed))

    def _waiting(self, task: MessageTask, wait: float) -> Step:
        return Step(max(1, math.ceil(wait)), task.state, task.reason)

    def _tried_for(self, task: MessageTask) -> float:
        return self._now() - seconds(task.tried_since)

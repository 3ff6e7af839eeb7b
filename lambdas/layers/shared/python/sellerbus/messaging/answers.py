"""Keeps what came of an attempt, in time or late: only the attempt whose token the row has may say it.

An answer is late where the row says something else by then: the lease was over, the task was settled, a
person decided. That the message was sent is taken in as long as the row has the attempt's token and no end
yet; of an older attempt it is kept as a note. That nothing was sent is taken in while that is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.messaging.message_events import OF_STATE, UNCERTAIN, told
from sellerbus.messaging.task import Attempt, MessageState, MessageTask, iso
from sellerbus.messaging.task_rows import TaskChangedError
from sellerbus.messaging.task_store import MessageStore

Step = Callable[[MessageTask], Mapping[str, Any] | None]

_TRIES: Final = 6
_PAUSE_SECONDS: Final = 0.5
_MOST_NOTES: Final = 20
_UNKNOWN: Final = frozenset({MessageState.SENDING, MessageState.UNCERTAIN})


class AnswerKeeper:
    """now: seconds since 1970. settle_seconds: None where what the order offers proves nothing."""

    def __init__(
        self,
        *,
        store: MessageStore,
        now: Callable[[], float],
        sleep: Callable[[float], None],
        settle_seconds: float | None,
    ) -> None:
        self._store = store
        self._now = now
        self._sleep = sleep
        self._settle_seconds = settle_seconds

    def sent(self, task: MessageTask, attempt: Attempt) -> MessageTask:
        """Amazon has answered the attempt with 201."""

        def step(found: MessageTask) -> Mapping[str, Any] | None:
            if found.state is MessageState.SENT:
                return None
            if not found.is_attempt(attempt.token) or found.is_ended:
                return {"notes": noted(found, f"attempt {attempt.number} was answered late: it was sent")}
            return sent_changes(iso(self._now()))

        return self._keep(task, step)

    def refused(
        self, task: MessageTask, attempt: Attempt, state: MessageState, reason: str, **more: Any
    ) -> MessageTask:
        """Amazon has refused the attempt: nothing was sent."""

        def step(found: MessageTask) -> Mapping[str, Any] | None:
            if not _is_open(found, attempt):
                return None
            return ended_changes(state, reason, **more)

        return self._keep(task, step)

    def not_sent(self, task: MessageTask, attempt: Attempt, **more: Any) -> MessageTask:
        """It is proved that nothing was sent, and it may be tried again."""

        def step(found: MessageTask) -> Mapping[str, Any] | None:
            if not _is_open(found, attempt):
                return None
            return {"state": MessageState.ACCEPTED, "settle_at": None, "untold": None, "reason": None, **more}

        return self._keep(task, step)

    def lost(self, task: MessageTask, attempt: Attempt, why: str) -> MessageTask:
        """Nobody knows whether it was sent: it is settled later where that can be, else by a person."""

        def step(found: MessageTask) -> Mapping[str, Any] | None:
            is_known = found.state is not MessageState.SENDING or found.settle_at is not None
            if is_known or not found.is_attempt(attempt.token):
                return None
            if self._settle_seconds is None or not found.holds_the_type:
                return uncertain_changes(why)
            return {"settle_at": self._now() + self._settle_seconds, "reason": told(why)}

        return self._keep(task, step)

    def _keep(self, task: MessageTask, step: Step) -> MessageTask:
        """What is not kept is lost for good: so it is tried several times."""
        for number in range(1, _TRIES + 1):
            try:
                changes = step(task)
                return task if changes is None else self._store.change(task, **changes)
            except TaskChangedError:
                if number == _TRIES:
                    raise
                task = self._store.get(task.task_id)
            except StoreUnavailableError:
                if number == _TRIES:
                    raise
                self._sleep(_PAUSE_SECONDS)
        raise AssertionError("unreachable")


def sent_changes(at: str) -> Mapping[str, Any]:
    """The fields of a task that was sent, at a time."""
    return {
        "state": MessageState.SENT,
        "sent_at": at,
        "reason": None,
        "untold": OF_STATE[MessageState.SENT],
    }


def ended_changes(state: MessageState, reason: str, **more: Any) -> Mapping[str, Any]:
    """The fields of a task that was not sent. state: an end. more: other fields that change with it."""
    return {"state": state, "reason": told(reason), "untold": OF_STATE[state], **more}


def uncertain_changes(why: str) -> Mapping[str, Any]:
    """The fields of a task that a person has to decide about."""
    return {
        "state": MessageState.UNCERTAIN,
        "settle_at": None,
        "reason": told(why),
        "waits": None,
        "untold": UNCERTAIN,
    }


def noted(task: MessageTask, note: str) -> tuple[str, ...]:
    """The task's notes with another, each once."""
    return tuple(dict.fromkeys((*task.notes, told(note))))[-_MOST_NOTES:]


def _is_open(task: MessageTask, attempt: Attempt) -> bool:
    return task.is_attempt(attempt.token) and task.state in _UNKNOWN

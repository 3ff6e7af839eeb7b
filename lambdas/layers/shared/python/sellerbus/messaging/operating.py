"""What a person does with a message task: cancels it, or decides about one that is UNCERTAIN.

    {"request": "cancel", "taskId"}             -> {"state": "FAILED"}     only while it is ACCEPTED
    {"request": "settle", "taskId", "decision"} -> {"state": ...}
        decision: sent (the buyer has it), send-again (the buyer hasn't), give-up

Both may be repeated. What can't be done is answered with {"error": {"kind", "message", "seconds"?}}: kind is
retryable, busy, not-found, wrong-state or bad-request.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.messaging.answers import ended_changes, noted, sent_changes
from sellerbus.messaging.ending import Teller
from sellerbus.messaging.task import GIVE_UP as _GIVE_UP
from sellerbus.messaging.task import MessageState, MessageTask, iso
from sellerbus.messaging.task_rows import TaskChangedError, UnknownTaskError
from sellerbus.messaging.task_store import MessageStore

SENT: Final = "sent"
SEND_AGAIN: Final = "send-again"
GIVE_UP: Final = _GIVE_UP
DECISIONS: Final = (SENT, SEND_AGAIN, GIVE_UP)
CANCEL: Final = "cancel"
_MOST_TRIES: Final = 5


class Queue(Protocol):
    """send_queue.SendQueue."""

    def put(self, task_id: str, seller_id: str) -> None: ...


class NotDoneError(Exception):
    """It can't be done. kind: see the head of this file."""

    def __init__(self, kind: str, message: str, seconds: float | None = None) -> None:
        self.kind = kind
        self.seconds = seconds
        super().__init__(message)


class MessageOperator:
    """now: seconds since 1970."""

    def __init__(
        self, *, store: MessageStore, queue: Queue, teller: Teller, now: Callable[[], float]
    ) -> None:
        self._store = store
        self._queue = queue
        self._teller = teller
        self._now = now

    def answer(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do what is asked; see the head of this file. Raises nothing that the request or AWS causes."""
        try:
            return {"state": str(self._answered(request))}
        except NotDoneError as error:
            seconds = {} if error.seconds is None else {"seconds": math.ceil(error.seconds)}
            return {"error": {"kind": error.kind, "message": str(error), **seconds}}

    def _answered(self, request: Mapping[str, Any]) -> MessageState:
        task_id, asked, decision = (request.get(name) for name in ("taskId", "request", "decision"))
        if not isinstance(task_id, str) or asked not in (CANCEL, "settle"):
            raise NotDoneError("bad-request", 'request must be "cancel" or "settle", with a taskId')
        if asked == "settle" and decision not in DECISIONS:
            raise NotDoneError("bad-request", f"decision must be one of {', '.join(DECISIONS)}")
        for _ in range(_MOST_TRIES):
            try:
                task = self._store.get(task_id)
                task = self._cancelled(task) if asked == CANCEL else self._settled(task, str(decision))
                return self._told(task).state
            except UnknownTaskError as error:
                raise NotDoneError("not-found", str(error)) from None
            except TaskChangedError:
                # Another step was quicker: look again at what the task is now.
                continue
            except StoreUnavailableError as error:
                raise NotDoneError("retryable", f"{error}; ask again") from None
        raise NotDoneError("busy", f"task {task_id} changes too quickly just now; ask again", 5)

    def _cancelled(self, task: MessageTask) -> MessageTask:
        if task.decision == CANCEL:
            return task
        if task.state is MessageState.SENDING:
            attempt = task.attempt
            at = max(task.settle_at or 0.0, attempt.lease_until if attempt else 0.0)
            why = f"task {task.task_id} is being sent, or it is looked for whether it was; ask again"
            raise NotDoneError("busy", why, max(1.0, at - self._now()))
        if task.state is MessageState.UNCERTAIN:
            raise _wrong_state(task, "whether it was sent is not known: settle it")
        if task.state is not MessageState.ACCEPTED:
            raise _wrong_state(task, "it has ended already")
        ended = ended_changes(MessageState.FAILED, "cancelled by a person before it was sent")
        return self._store.change(task, **ended, decision=CANCEL)

    def _settled(self, task: MessageTask, decision: str) -> MessageTask:
        if task.state is not MessageState.UNCERTAIN:
            if task.decision != decision:
                raise _wrong_state(task, "there is nothing to decide about it")
            if task.state is MessageState.ACCEPTED:
                # Decided so before, and cut off perhaps before the task was put back.
                self._queue.put(task.task_id, task.seller_id)
            return task
        if decision == SENT:
            at = iso(task.attempt.started_at if task.attempt else self._now())
            notes = noted(task, "a person has decided that it was sent")
            return self._store.change(task, **sent_changes(at), notes=notes, decision=decision)
        if decision == GIVE_UP:
            reason = f"given up by a person; {task.reason}"
            ended = ended_changes(MessageState.FAILED, reason)
            return self._store.change(task, **ended, decision=decision)
        return self._to_be_sent_again(task)

    def _to_be_sent_again(self, task: MessageTask) -> MessageTask:
        if task.content is None:
            raise _wrong_state(
                task,
                "its content is erased, so it can't be sent again: hand the message over anew, or give up",
            )
        task = self._store.change(
            task,
            state=MessageState.ACCEPTED,
            decision=SEND_AGAIN,
            tried_since=iso(self._now()),
            reason=None,
            untold=None,
            booking=None,
            waits=None,
            notes=noted(task, f"a person has decided after attempt {task.attempts} that it is sent again"),
        )
        self._queue.put(task.task_id, task.seller_id)
        return task

    def _told(self, task: MessageTask) -> MessageTask:
        """What can't be told now is told when the sweeper comes by: the decision stands."""
        try:
            return self._teller.tell(task)
        except (StoreUnavailableError, TaskChangedError):
            return task


def _wrong_state(task: MessageTask, why: str) -> NotDoneError:
    return NotDoneError("wrong-state", f"task {task.task_id} is {task.state}: {why}")

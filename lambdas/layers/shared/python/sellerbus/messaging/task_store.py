"""Reads and writes the rows of message tasks (task_rows.py).

Every write of a task is conditional on the version that was read. What belongs to a task's state goes in the
same transaction: a task that ends loses its content and, where it certainly was not sent, lets the same
message be handed over again; one that leaves SENDING lets others send the order a message of its type.

The index `open` has the rows that the sweeper must see, each with the time from which on: what is still to be
told after some minutes, what is to be sent an hour on at the latest, beyond any wait, and UNCERTAIN ones when
their content is to be erased.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, Final

from sellerbus.aws.task_table import RefusedError, TaskTable, Write
from sellerbus.messaging import same_message
from sellerbus.messaging.same_message import Holder
from sellerbus.messaging.task import (
    NOT_SENT,
    OPEN,
    MessageState,
    MessageTask,
    from_item,
    iso,
    row_name,
    seconds,
    to_item,
    to_stored,
)
from sellerbus.messaging.task_rows import (
    KEPT_DAYS,
    SameMessageError,
    TaskChangedError,
    TypeInUseError,
    UnknownTaskError,
    content_key,
    once_key,
    task_key,
)

UNTOLD_SECONDS: Final = 600.0
"""When the sweeper takes up what was written and never told."""
SWEEP_SECONDS: Final = 3600.0
"""When the sweeper takes up what is to be sent and whose message may be gone."""
SKEW_SECONDS: Final = 10.0
"""How far the clocks of two functions may differ."""
_FREED_KEPT_SECONDS: Final = 86_400
_BEYOND_SECONDS: Final = 900.0
"""How long after the end of a wait its message may still be on its way."""


class MessageStore:
    """now: seconds since 1970. Raises StoreUnavailableError where DynamoDB does not do it now."""

    def __init__(self, table: TaskTable, *, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now

    def create(
        self, task: MessageTask, *, same_message_seconds: float, is_new: bool = False
    ) -> tuple[MessageTask, bool]:
        """Write a new task; return it as its row is and True, or the task that has the id already and False.

        same_message_seconds: for how long after a message was taken, and after it was sent, the very same is
        a repetition; it is one as long as the first may still be sent, and for as long after a person gave
        up one that may have been. Then SameMessageError is raised. is_new: it is none. A task that is refused
        from the beginning holds its message for nobody.
        """
        task = self._watched(self._as_ended(task) if task.is_ended else task)
        put = Write.put(task_key(task.task_id), to_item(task), condition="attribute_not_exists(pk)")
        key, held = content_key(task.content_hash), dict[str, Any]()
        while True:
            contents = [] if task.is_ended else [self._taken(held, task)]
            try:
                self._table.write(put, *contents)
            except RefusedError as refused:
                there = refused.items.get(task_key(task.task_id))
                if there is not None:
                    return from_item(there), False
                held = dict(refused.items[key])
                first = None if is_new else self._repeated(held, self._now() - same_message_seconds)
                if first is not None:
                    raise SameMessageError(first.task_id) from None
            else:
                return task, True

    def _taken(self, held: Mapping[str, Any], task: MessageTask) -> Write:
        key = content_key(task.content_hash)
        return same_message.taken(held, key, task.task_id, now=self._now(), until=self._kept_until())

    def _repeated(self, held: Mapping[str, Any], before: float) -> Holder | None:
        """Of the tasks with the same message the last that may have reached the buyer after a time, or may
        still do so. held: their row.
        """
        found = same_message.holders(held)
        return next((each for each in found if self._counts(each, before)), None)

    def _counts(self, holder: Holder, before: float) -> bool:
        if holder.since > before:
            return True
        first = self.find(holder.task_id)
        if first is None or first.state in NOT_SENT:
            return False
        return first.sent_at is None or seconds(first.sent_at) > before

    def find(self, task_id: str) -> MessageTask | None:
        """Return the task as it is now (a consistent read), None where there is none."""
        item = self._table.get(task_key(task_id))
        return from_item(item) if item else None

    def get(self, task_id: str) -> MessageTask:
        """Return the task as it is now. Raises UnknownTaskError."""
        found = self.find(task_id)
        if found is None:
            raise UnknownTaskError(task_id)
        return found

    def change(self, task: MessageTask, **changes: Any) -> MessageTask:
        """Write the fields that change; return the task as it is then.

        Raises TaskChangedError, and TypeInUseError where another task's message of the type is being sent for
        the order.
        """
        after = replace(task, **changes, version=task.version + 1, updated_at=iso(self._now()))
        if after.is_ended and not task.is_ended:
            after = self._as_ended(after)
        after = self._watched(after)
        more = [*self._type_taken(task, after), *self._message_freed(task, after)]
        key = task_key(task.task_id)
        try:
            self._table.write(_difference(task, after), *more)
        except RefusedError as refused:
            if once_key(task) in refused.items and key not in refused.items:
                raise TypeInUseError(refused.items[once_key(task)].get("taskId")) from None
            # Its message became another task's since it was read: the same as if the row itself had changed.
            raise TaskChangedError(task.task_id) from None
        return after

    def _type_taken(self, before: MessageTask, after: MessageTask) -> list[Write]:
        if before.holds_the_type == after.holds_the_type:
            return []
        key, me, now = once_key(before), before.task_id, self._now()
        free = "attribute_not_exists(taskId) OR taskId = :me"
        if after.attempt is None or before.holds_the_type:
            freed = "SET freedAt = :now, freedBy = :me, expiresAt = :until REMOVE taskId"
            until = round(now) + _FREED_KEPT_SECONDS
            return [Write.update(key, freed, condition=free, me=me, now=now, until=until)]
        # What another task did since the order was looked at isn't in what it offered.
        unseen = "attribute_not_exists(freedAt) OR freedAt < :looked OR freedBy = :me"
        return [
            Write.update(
                key,
                "SET taskId = :me, expiresAt = :until",
                condition=f"({free}) AND ({unseen})",
                me=me,
                until=self._kept_until(),
                looked=after.attempt.looked_at - SKEW_SECONDS,
            )
        ]

    def _message_freed(self, before: MessageTask, after: MessageTask) -> list[Write]:
        if before.is_ended or after.state not in NOT_SENT:
            return []
        key, me = content_key(before.content_hash), before.task_id
        held = self._table.get(key) or {}
        until = self._kept_until()
        if after.is_given_up:
            return [same_message.doubted(held, key, me, now=self._now(), until=until)]
        write = same_message.left(held, key, me, until=until)
        return [] if write is None else [write]

    def _as_ended(self, task: MessageTask) -> MessageTask:
        return replace(
            task,
            content=None,
            uploads=(),
            booking=None,
            waits=None,
            settle_at=None,
            ended_at=iso(self._now()),
            expires_at=self._kept_until(),
        )

    def _watched(self, task: MessageTask) -> MessageTask:
        """The row as the sweeper must see it."""
        at = self._sweep_at(task)
        if at is None:
            return replace(task, sweep=None, sweep_at=None)
        return replace(task, sweep=OPEN, sweep_at=at)

    def _sweep_at(self, task: MessageTask) -> str | None:
        now = self._now()
        if task.untold is not None:
            return iso(now + UNTOLD_SECONDS)
        if task.is_ended:
            return None
        if task.state is MessageState.UNCERTAIN:
            return None if task.content is None else iso(task.content_until)
        waits = [task.settle_at or 0.0, float((task.waits or {}).get("until", 0.0))]
        if task.attempt is not None and task.state is MessageState.SENDING:
            waits.append(task.attempt.lease_until)
        least = max(now + SWEEP_SECONDS / 2, max(waits) + _BEYOND_SECONDS)
        if task.sweep_at is not None and task.sweep_at >= iso(least):
            # Far enough: the index is written only where it must be.
            return task.sweep_at
        return iso(max(now + SWEEP_SECONDS, max(waits) + _BEYOND_SECONDS))

    def _kept_until(self) -> int:
        return round(self._now()) + KEPT_DAYS * 86_400


def _difference(before: MessageTask, after: MessageTask) -> Write:
    """The write that makes the one row the other, if it is still the one."""
    names = [each.name for each in fields(after) if getattr(before, each.name) != getattr(after, each.name)]
    kept = {row_name(name): to_stored(getattr(after, name)) for name in names}
    gone = [f"#{name}" for name, value in kept.items() if value is None]
    there = {name: value for name, value in kept.items() if value is not None}
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in there)
    if gone:
        expression += " REMOVE " + ", ".join(gone)
    return Write.update(
        task_key(before.task_id),
        expression,
        condition="#version = :versionBefore",
        **there,
        versionBefore=before.version,
    )

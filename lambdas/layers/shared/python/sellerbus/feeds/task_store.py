"""Reads and writes the rows of feed tasks and of feeds (task_rows.py).

Every write of a task is conditional on the version that was read. A task leaves its lane in the transaction
that ends it, so that no lane is ever held by a task that is over.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, Final

from sellerbus.aws.task_table import Key, RefusedError, TaskTable, Write
from sellerbus.feeds.task import FeedTask, Outcome, TaskState, from_item, iso, row_name, to_item, to_stored
from sellerbus.feeds.task_errors import FeedTakenError, TaskChangedError, UnknownTaskError
from sellerbus.feeds.task_rows import KEPT_DAYS, FeedRow, feed_key, lane_of, place_key, task_key, turn_key

__all__ = [
    "KEPT_DAYS",
    "FeedRow",
    "FeedTakenError",
    "TaskChangedError",
    "TaskStore",
    "UnknownTaskError",
    "feed_key",
    "lane_of",
    "place_key",
    "task_key",
    "turn_key",
]

_CHANGE_ATTEMPTS: Final = 5
_ITS_COURSE: Final = frozenset({"state", "submission", "document_id", "collect_attempts", "outcome"})
"""The fields whose change takes a task on: what it waited for is over."""


class TaskStore:
    """now: seconds since 1970. Raises StoreUnavailableError where DynamoDB does not do it now."""

    def __init__(self, table: TaskTable, *, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now

    def create(self, task: FeedTask) -> FeedTask | None:
        """Write a new task, with its place in its lane; return the task that has the id already, unchanged.

        A task that is ENDED from the beginning (a refused one) takes no place.
        """
        task = self._as_ended(task) if task.is_ended else task
        writes = [Write.put(task_key(task.task_id), to_item(task), condition="attribute_not_exists(pk)")]
        if not task.is_ended:
            writes.append(self.place(task))
        try:
            self._table.write(*writes)
        except RefusedError as refused:
            there = refused.items.get(task_key(task.task_id))
            return from_item(there) if there else self.get(task.task_id)
        return None

    def find(self, task_id: str) -> FeedTask | None:
        """Return the task as it is now (a consistent read), None where there is none."""
        item = self._table.get(task_key(task_id))
        return from_item(item) if item else None

    def get(self, task_id: str) -> FeedTask:
        """Return the task as it is now. Raises UnknownTaskError."""
        found = self.find(task_id)
        if found is None:
            raise UnknownTaskError(task_id)
        return found

    def change(self, task: FeedTask, *more: Write, **changes: Any) -> FeedTask:
        """Write the fields that change, and `more` in the same transaction; return the task as it is then.

        Raises TaskChangedError, RefusedError where a condition of `more` did not hold, and ValueError for
        state=ENDED, which `end` writes.
        """
        if changes.get("state") is TaskState.ENDED:
            raise ValueError("a task is ended by end(), which leaves the lane too")
        return self._change(task, changes, *more)

    def update(self, task_id: str, step: Callable[[FeedTask], Mapping[str, Any] | None]) -> FeedTask:
        """Change the task as `step` says of the row as it is; again where somebody else was quicker.

        step: returns the fields that change, None for nothing. Raises UnknownTaskError and what it raises.
        """
        for attempt in range(1, _CHANGE_ATTEMPTS + 1):
            task = self.get(task_id)
            changes = step(task)
            if changes is None:
                return task
            try:
                return self.change(task, **changes)
            except TaskChangedError:
                if attempt == _CHANGE_ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def end(
        self, task: FeedTask, outcome: Outcome, *more: Write, reason: str | None = None, **changes: Any
    ) -> FeedTask:
        """End the task, and let its lane go where it holds it. Publish its event before: see ending.py.

        A task that has ended already stays as it is. Raises TaskChangedError, and ValueError while a call of
        createFeed is open: such a task becomes UNCERTAIN first.
        """
        if task.is_ended:
            return task
        if replace(task, **changes).call_is_open:
            raise ValueError(f"task {task.task_id} can't end while createFeed is called for it")
        after = self._as_ended(replace(task, outcome=outcome, reason=reason, **changes))
        changed = {each.name: getattr(after, each.name) for each in fields(after)}
        turn = self._table.get(turn_key(task)) or {}
        lane = [_lane_left(task)] if turn.get("holder") == task.task_id else []
        try:
            return self._change(task, changed, Write.delete(place_key(task)), *lane, *more)
        except RefusedError as refused:
            if turn_key(task) in refused.items:
                raise TaskChangedError(task.task_id) from None
            raise

    def leave_lane(self, task: FeedTask) -> bool:
        """Let the next task of the lane have its turn; False where this one doesn't hold it (any more).

        Refused while a call of createFeed is open in the lane: RefusedError.
        """
        try:
            self._table.write(_lane_left(task))
        except RefusedError as refused:
            if refused.items[turn_key(task)].get("holder") == task.task_id:
                raise
            return False
        return True

    def place(self, task: FeedTask) -> Write:
        """The write that gives a task its place among those that wait for their turn."""
        return Write.put(place_key(task), {"taskId": task.task_id})

    def set_token(self, task: FeedTask, token: str, step: str) -> FeedTask:
        """Keep the token of a state machine's step that waits: task.AWAIT or task.DECIDE."""
        return self.change(task, token=token, token_step=step)

    def bind(self, seller_id: str, feed_id: str, task_id: str) -> None:
        """Make the feed the task's, once and for all. Raises FeedTakenError where it is another's."""
        write = self.binding(seller_id, feed_id, task_id)
        try:
            self._table.write(write)
        except RefusedError as refused:
            raise FeedTakenError(feed_id, str(refused.items[write.key].get("taskId"))) from None

    def binding(self, seller_id: str, feed_id: str, task_id: str) -> Write:
        """The write of `bind`, for a transaction."""
        return Write.update(
            feed_key(seller_id, feed_id),
            "SET taskId = :me, expiresAt = :expiresAt",
            condition="attribute_not_exists(taskId) OR taskId = :me",
            me=task_id,
            expiresAt=self._kept_until(),
        )

    def note_processed(
        self, seller_id: str, feed_id: str, processing_status: str, result_feed_document_id: str | None
    ) -> FeedRow:
        """Keep how a feed ended, whosever it is; the first end that is told stays. Return the row."""
        key = feed_key(seller_id, feed_id)
        document = {} if result_feed_document_id is None else {"document": result_feed_document_id}
        with contextlib.suppress(RefusedError):
            self._table.write(
                Write.update(
                    key,
                    "SET processingStatus = :status, notifiedAt = :now, expiresAt = :expiresAt"
                    + (", resultFeedDocumentId = :document" if document else ""),
                    condition="attribute_not_exists(processingStatus)",
                    status=processing_status,
                    now=iso(self._now()),
                    expiresAt=self._kept_until(),
                    **document,
                )
            )
        found = self.feed_row(seller_id, feed_id)
        return found or FeedRow(seller_id, feed_id)

    def feed_row(self, seller_id: str, feed_id: str) -> FeedRow | None:
        """Return what is known of a feed now; None where nothing is."""
        item = self._table.get(feed_key(seller_id, feed_id))
        if item is None:
            return None
        return FeedRow(
            seller_id,
            feed_id,
            item.get("taskId"),
            item.get("processingStatus"),
            item.get("resultFeedDocumentId"),
            item.get("notifiedAt"),
        )

    def _change(self, task: FeedTask, changes: Mapping[str, Any], *more: Write) -> FeedTask:
        over = {} if _ITS_COURSE.isdisjoint(changes) else {"waits": None}
        after = replace(
            task, **{**over, **changes, "version": task.version + 1, "updated_at": iso(self._now())}
        )
        key = task_key(task.task_id)
        try:
            self._table.write(_difference(key, task, after), *more)
        except RefusedError as refused:
            if key in refused.items:
                raise TaskChangedError(task.task_id) from None
            raise
        return after

    def _as_ended(self, task: FeedTask) -> FeedTask:
        return replace(
            task,
            state=TaskState.ENDED,
            ended_at=task.ended_at or iso(self._now()),
            expires_at=self._kept_until(),
            waits=None,
        )

    def _kept_until(self) -> int:
        return round(self._now()) + KEPT_DAYS * 86_400


def _lane_left(task: FeedTask) -> Write:
    return Write.update(
        turn_key(task),
        "REMOVE holder, heldSince",
        condition="holder = :me AND attribute_not_exists(openAttempt)",
        me=task.task_id,
    )


def _difference(key: Key, before: FeedTask, after: FeedTask) -> Write:
    """The write that makes the one row the other, if it is still the one."""
    names = [each.name for each in fields(after) if getattr(before, each.name) != getattr(after, each.name)]
    kept = {row_name(name): to_stored(getattr(after, name)) for name in names}
    gone = [f"#{name}" for name, value in kept.items() if value is None]
    there = {name: value for name, value in kept.items() if value is not None}
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in there)
    if gone:
        expression += " REMOVE " + ", ".join(gone)
    return Write.update(
        key, expression, condition="#version = :versionBefore", **there, versionBefore=before.version
    )

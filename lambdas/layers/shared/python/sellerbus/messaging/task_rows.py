"""Where the rows of message tasks are, and what the store of them refuses.

pk                                sk        row
message-task/<taskId>             task      the task (task.py)
content/<contentHash>             content   taskId, since: the last task with this very message; earlier:
                                            those before it (same_message.py); expiresAt
once/<sellerId>/<orderId>/<type>  sending   taskId: the one task whose message of a type that Amazon takes
                                            once per order is SENDING; freedAt, freedBy: when the last one
                                            was no more. So what the order offers after a lost answer
                                            can't be another task's doing.
"""

from __future__ import annotations

from typing import Final

from sellerbus.aws.task_table import Key
from sellerbus.messaging.task import MessageTask

KEPT_DAYS: Final = 100
"""How long rows of ended tasks stay. They have no content."""


def task_key(task_id: str) -> Key:
    return (f"message-task/{task_id}", "task")


def content_key(content_hash: str) -> Key:
    return (f"content/{content_hash}", "content")


def once_key(task: MessageTask) -> Key:
    return (f"once/{task.seller_id}/{task.amazon_order_id}/{task.message_type}", "sending")


class TaskChangedError(Exception):
    """Somebody else wrote the task's row since it was read; nothing was written. Read it again."""

    def __init__(self, task_id: str) -> None:
        self.task_id = task_id
        super().__init__(f"task {task_id} was changed by another step meanwhile; read it again")


class UnknownTaskError(Exception):
    """There is no such task."""

    def __init__(self, task_id: str) -> None:
        self.task_id = task_id
        super().__init__(f"there is no task {task_id}; its row may have been removed after {KEPT_DAYS} days")


class SameMessageError(Exception):
    """The very same message is another task's, which was or may still be sent."""

    def __init__(self, task_id: str) -> None:
        self.task_id = task_id
        super().__init__(f"the same message is task {task_id}'s")


class TypeInUseError(Exception):
    """Another task's message of this type is being sent for the order, which takes one only, or was since the
    order was looked at. task_id: the task that is sending it now, None where none is.
    """

    def __init__(self, task_id: str | None) -> None:
        self.task_id = task_id
        who = f"task {task_id} is sending" if task_id else "another task has just been through with"
        super().__init__(f"{who} the order's message of this type")

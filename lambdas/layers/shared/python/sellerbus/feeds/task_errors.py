"""What the rows of tasks and feeds (task_store.py) refuse."""

from __future__ import annotations

from sellerbus.feeds.task_rows import KEPT_DAYS


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


class FeedTakenError(Exception):
    """The feed is another task's."""

    def __init__(self, feed_id: str, task_id: str) -> None:
        self.feed_id = feed_id
        self.task_id = task_id
        super().__init__(f"feed {feed_id} is task {task_id}'s")

"""Whether a group of listing changes gathers on: its next feed would only wait for its turn.

Feeds of a seller go one after the other, and not more often than Amazon advises. While that makes the next
feed wait, more changes may as well join it: a few large feeds in place of many small ones. But others may
stand in the lane as well, and whoever asks for a turn only when the lane is free would never get one:

- the group's last feed still waits for its turn: gather on; a group never has two that wait
- the lane is held, or its pace not over, and nobody waits: gather on; the turn can't come sooner
- else hand over, and take a place in the lane

A feed that is full goes at once: it can't become any larger.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any, Final

from sellerbus.aws.task_table import TaskTable
from sellerbus.feeds.catalogue import JSON_LISTINGS_FEED
from sellerbus.feeds.changes.groups import GroupRow
from sellerbus.feeds.task import TaskState
from sellerbus.feeds.task_store import task_key

LONGEST_POLL_MS: Final = 60_000
LONGEST_HELD_MS: Final = 8 * 3600_000
"""So long Amazon may take for a feed. A group that was held longer is handed over whatever holds the lane."""
LONGEST_ARRIVAL_MS: Final = 15 * 60_000
"""A batch that is no task by now, or one that was never checked, did not arrive: it lies in a dead-letter
queue, and holds up nothing.
"""


class Pace:
    """now: seconds since 1970. window_seconds: how long changes are gathered at least."""

    def __init__(self, table: TaskTable, window_seconds: int, *, now: Callable[[], float]) -> None:
        self._table = table
        self._poll_ms = min(window_seconds * 1000, LONGEST_POLL_MS)
        self._now = now

    def wait_ms(self, row: GroupRow) -> int:
        """In how many milliseconds to look again; 0: hand over now. Raises StoreUnavailableError."""
        now = round(self._now() * 1000)
        if row.held_since is not None and now - row.held_since > LONGEST_HELD_MS:
            return 0
        if self._last_waits(row, now):
            return self._poll_ms
        lane = f"lane/{row.group.seller_id}/{JSON_LISTINGS_FEED}"
        if any(islice(self._table.items(lane, "waiting/", page=1), 1)):
            return 0
        turn: dict[str, Any] = self._table.get((lane, "turn")) or {}
        if turn.get("holder"):
            return self._poll_ms
        return min(self._poll_ms, max(0, round(float(turn.get("nextAt", 0)) * 1000) - now))

    def _last_waits(self, row: GroupRow, now: int) -> bool:
        if row.last_task is None:
            return False
        task = self._table.get(task_key(row.last_task)) or {}
        state = task.get("state", TaskState.RECEIVED)
        if state == TaskState.RECEIVED:
            return now - row.last_at < LONGEST_ARRIVAL_MS
        return bool(state == TaskState.WAITING)

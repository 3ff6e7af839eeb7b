"""Works on many things at once with a few threads, and stops when told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

Stop = threading.Event
"""Tells work that no more results are wanted; waiting for it is waiting that can be cut short."""

_MOST_FAILURES_IN_A_ROW: Final = 20
"""So many say that the cause lies in no item: expired credentials, a right that is missing."""

WORKERS: Final = 8
"""AWS answers in tens of milliseconds, so that a thousand rows take seconds; boto3 keeps ten connections."""


def each(
    items: Iterable[Item],
    work: Callable[[Item, Stop], Result],
    *,
    workers: int = WORKERS,
    stop: Stop | None = None,
) -> Iterator[tuple[Item, Result]]:
    """Yield each item with what `work` returned for it, as they are ready.

    `work` gets an event that is set when no more results are wanted: because the caller set it, stopped
    iterating or was interrupted. Items that are not begun by then are left out. Raises what `work` raises.
    """
    stopped = stop or Stop()
    pool = ThreadPoolExecutor(max_workers=workers)
    try:
        futures = {pool.submit(_unless_stopped, work, item, stopped): item for item in items}
        for future in as_completed(futures):
            result = future.result()
            if result:
                yield futures[future], result[0]
    finally:
        stopped.set()
        pool.shutdown(wait=True, cancel_futures=True)


def _unless_stopped(work: Callable[[Item, Stop], Result], item: Item, stopped: Stop) -> tuple[Result] | None:
    return None if stopped.is_set() else (work(item, stopped),)


class Streak:
    """Counts failures without a success between them. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0

    def grew(self) -> bool:
        """Note a failure; True where there are too many."""
        with self._lock:
            self._count += 1
            return self._count >= _MOST_FAILURES_IN_A_ROW

    def broke(self) -> None:
        with self._lock:
            self._count = 0

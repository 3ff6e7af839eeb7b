"""A clock that stands still while code runs and jumps to whoever wakes next: real code, days in seconds.

Each activity is a greenlet that calls `sleep` where it would wait for the outside world. One runs at a time
and the order is given by time and then by who slept first, so a simulation goes the same way every time.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

import greenlet


class Simulation:
    """`now` is in seconds since 1970."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now
        self._order = itertools.count()
        self._waiting: list[tuple[float, int, greenlet.greenlet]] = []
        self._hub = greenlet.getcurrent()

    def clock(self) -> float:
        return self.now

    def spawn(self, work: Callable[[], None]) -> None:
        """Let `work` begin now, when the others let it."""
        self._wake_at(self.now, greenlet.greenlet(work, self._hub))

    def sleep(self, seconds: float) -> None:
        self._wake_at(self.now + max(0.0, seconds), greenlet.getcurrent())
        self._hub.switch()

    def together(self, works: list[Callable[[], None]]) -> None:
        """Do all beside each other and return when the last is done."""
        left = len(works)
        caller = greenlet.getcurrent()

        def run(work: Callable[[], None]) -> None:
            nonlocal left
            work()
            left -= 1
            if not left:
                self._wake_at(self.now, caller)

        for work in works:
            self.spawn(lambda work=work: run(work))  # type: ignore[misc]
        if works:
            self._hub.switch()

    def run(self) -> None:
        """Go on until nobody waits for a time any more. An exception of an activity comes out here."""
        while self._waiting:
            self.now, _, activity = heapq.heappop(self._waiting)
            activity.switch()

    def _wake_at(self, moment: float, activity: greenlet.greenlet) -> None:
        heapq.heappush(self._waiting, (moment, next(self._order), activity))

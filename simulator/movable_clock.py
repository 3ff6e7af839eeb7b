"""A clock that can be moved on, so that what takes days can be seen in a test."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.mint import Clock


@dataclass
class MovableClock:
    """`ahead_seconds` before the clock that it goes by."""

    clock: Clock
    ahead_seconds: float = 0.0

    def __call__(self) -> float:
        return self.clock() + self.ahead_seconds

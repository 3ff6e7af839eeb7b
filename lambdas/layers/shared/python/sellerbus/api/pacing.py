"""Waiting and time limits of calls: full jitter between repeats, and never past the caller's time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from sellerbus.api.errors import OutOfTimeError

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
LEAST_SECONDS = 0.2
"""With less than this left, a call is not begun."""

BASE_SECONDS = 0.3
LONGEST_SECONDS = 2.0


@dataclass(frozen=True)
class Pace:
    """Clock (wall clock, seconds), sleep and chance, injected so that tests need none of them."""

    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random

    def back_off(
        self, failures: int, remaining_seconds: Callable[[], float], *, least_seconds: float = 0.0
    ) -> bool:
        """Sleep before the next repeat, with full jitter after `least_seconds`.

        False at once where the time is too short, or where `least_seconds` is more than is slept through.
        """
        longest = min(LONGEST_SECONDS, BASE_SECONDS * 2 ** (failures - 1))
        seconds = min(LONGEST_SECONDS, least_seconds + self.chance() * longest)
        if least_seconds > LONGEST_SECONDS or remaining_seconds() - seconds < LEAST_SECONDS:
            return False
        self.sleep(seconds)
        return True


def attempt_timeouts(operation: str, remaining_seconds: Callable[[], float]) -> tuple[float, float]:
    """Return (connect, read) time limits of one attempt within the remaining time; raises OutOfTimeError."""
    remaining = remaining_seconds()
    if remaining < LEAST_SECONDS:
        raise OutOfTimeError(operation, "not called: the time that is left does not cover it")
    connect = min(CONNECT_SECONDS, remaining / 2)
    return connect, min(READ_SECONDS, max(LEAST_SECONDS / 2, remaining - connect))

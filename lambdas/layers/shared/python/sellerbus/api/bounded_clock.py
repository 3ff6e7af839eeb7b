"""The own wall clock, as far as the answers of a service that keeps good time don't prove it wrong."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Final

_STEP_SECONDS: Final = 1.0
"""A wall clock that moved this much more or less than the monotonic one was set."""


class BoundedClock:
    """Seconds since 1970, which no clock that is wrong can make more than about two seconds wrong.

    A `Date` header names the second in which the service answered, or the one before where the service looks
    at its clock once a second, and the answer was made between sending and receiving: each one bounds how far
    the own clock may be off. The bounds of all answers together are kept; within them the own clock is used
    unchanged, else it is moved just to the nearest.
    """

    def __init__(self, clock: Callable[[], float], steady: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._steady = steady
        self._bounds = (-math.inf, math.inf)
        self._lead = clock() - steady()

    @property
    def trusted(self) -> bool:
        """Whether an answer has bounded the own clock since it was last set."""
        steps = self._clock() - self._steady() - self._lead
        return self._bounds[0] > -math.inf and abs(steps) < _STEP_SECONDS

    def now(self) -> float:
        least, most = self._bounds
        return self._clock() + min(max(0.0, least), most)

    def own(self) -> float:
        """Return the own clock's time, to be given to `saw`."""
        return self._clock()

    def saw(self, sent_at: float, headers: Mapping[str, str]) -> None:
        """Note the headers, with names in lower case, of the answer to what was sent at `sent_at`.

        A missing or unreadable Date tells nothing.
        """
        received_at = self._clock()
        try:
            second = parsedate_to_datetime(headers.get("date", "")).timestamp()
        except ValueError:
            return
        least, most = second - received_at, second + 2 - sent_at
        both = max(least, self._bounds[0]), min(most, self._bounds[1])
        # Bounds that exclude each other: the own clock was set, and the older ones are of no use any more.
        self._bounds = both if both[0] <= both[1] else (least, most)
        self._lead = received_at - self._steady()

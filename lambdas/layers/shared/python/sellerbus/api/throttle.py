"""Quota spent turn by turn: what the client asks of a throttle, the rule, and a throttle for one process.

The rule is the generic cell rate algorithm: a token bucket kept as one number, the time `tat` (theoretical
arrival time) until which the turns given out so far use up the rate. `tat` behind the clock is a full bucket;
every turn moves it on by one interval; a turn is due as soon as `tat` is no further ahead of the clock than
the capacity. Because due times are known at once, turns may be given out ahead of time, several together.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

Key = tuple[str, str]
"""An operation's key, and the seller id or "" for the application."""

SECOND: Final = 1_000_000
"""Times are whole microseconds since 1970: with milliseconds, 30 turns a second would lose 2 %."""

RATES: Final = (1 / 86_400, 10_000.0)
"""What is believed of a rate that Amazon tells: from one request a day to ten thousand a second."""


@dataclass(frozen=True)
class Reservation:
    """The answer to a wish for turns.

    granted: `count` turns are the caller's; turn i (0-based) is due at max(now, first_due + i *
        interval_seconds), in seconds since 1970 by the throttle's clock, the last one within the time asked
        for. `count` is less than the wish only where not even a full bucket would yield that many in time.
    used: how much of the burst was given out before, 0 to 1.
    Not granted: nothing is reserved; after wait_seconds the same wish is met if nobody else comes before.
    """

    granted: bool
    wait_seconds: float = 0.0
    first_due: float = 0.0
    interval_seconds: float = 0.0
    count: int = 0
    used: float = 0.0


class Throttle(Protocol):
    """Keeps the rate (requests per second) and burst of each key. Raises RetryableError where it can't."""

    def now(self) -> float:
        """The clock of the due times, in seconds since 1970."""

    def reserve(
        self, key: Key, *, rate: float, burst: int, count: int = 1, most_seconds: float
    ) -> Reservation:
        """Reserve `count` turns, the last of them due within `most_seconds` from now."""

    def refused(self, key: Key, *, rate: float, burst: int, retry_after: float = 0.0) -> float:
        """Amazon answered 429: the bucket is empty there, so it is here. Returns the seconds to a turn.

        retry_after: the seconds that Amazon's answer asked to wait; 0 where it told none.
        """

    def learn(self, key: Key, told: float, *, rate: float) -> None:
        """Remember the rate that a successful answer told; refusals don't tell it. Raises nothing."""


@dataclass(frozen=True)
class Plan:
    """A rate and a burst in microseconds: the interval between turns, and how far `tat` may be ahead."""

    interval: int
    capacity: int

    @classmethod
    def of(cls, rate: float, burst: int, slack_seconds: float = 0.0) -> Plan:
        """slack_seconds is taken off the burst (see shared_throttle), but one turn always remains."""
        interval = math.ceil(SECOND / rate)
        return cls(interval, max(interval, burst * interval - round(slack_seconds * SECOND)))

    def attainable(self, count: int, most: int) -> int:
        """Return how many of `count` turns a full bucket yields within `most`."""
        return max(1, min(count, (self.capacity + most) // self.interval))

    def latest(self, now: int, most: int, count: int) -> int:
        """Return the latest `tat` at which the last of `count` turns is due within `most` from now."""
        return now + most + self.capacity - count * self.interval

    def granted(self, tat: int, count: int, now: int) -> Reservation:
        """Return the reservation of the `count` turns that led to `tat`."""
        first = tat - (count - 1) * self.interval - self.capacity
        ahead = tat - count * self.interval - now
        return Reservation(
            granted=True,
            first_due=first / SECOND,
            interval_seconds=self.interval / SECOND,
            count=count,
            used=min(1.0, max(0.0, ahead / self.capacity)),
        )

    def empty(self, now: int, retry_after: float) -> int:
        """Return the `tat` of an empty bucket, whose next turn is due in an interval, or in `retry_after`."""
        return now + self.capacity + max(0, round(retry_after * SECOND) - self.interval)

    def seconds_to_turn(self, tat: int, now: int) -> float:
        return max(0, tat + self.interval - self.capacity - now) / SECOND


def rescaled(tat: int, now: int, old_rate: float, new_rate: float) -> int:
    """Return `tat` after a change of the rate: as many turns as before are given out ahead of the clock."""
    return now + round((tat - now) * old_rate / new_rate) if tat > now else tat


def believable(rate: float) -> bool:
    return RATES[0] <= rate <= RATES[1]


class LocalThrottle:
    """A throttle that only this process sees, without slack: for tests and measurements. Safe for threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = round(clock() * SECOND)
        self._tats: dict[Key, int] = {}
        self._learned: dict[Key, float] = {}

    def now(self) -> float:
        return self._clock()

    def reserve(
        self, key: Key, *, rate: float, burst: int, count: int = 1, most_seconds: float
    ) -> Reservation:
        with self._lock:
            now, plan = self._look(key, rate, burst)
            most = round(most_seconds * SECOND)
            count = plan.attainable(count, most)
            tat = max(self._tats.get(key, now), now)
            early = tat - plan.latest(now, most, count)
            if early > 0:
                return Reservation(granted=False, wait_seconds=early / SECOND)
            self._tats[key] = tat + count * plan.interval
            return plan.granted(self._tats[key], count, now)

    def refused(self, key: Key, *, rate: float, burst: int, retry_after: float = 0.0) -> float:
        with self._lock:
            now, plan = self._look(key, rate, burst)
            self._tats[key] = max(self._tats.get(key, now), plan.empty(now, retry_after))
            return plan.seconds_to_turn(self._tats[key], now)

    def learn(self, key: Key, told: float, *, rate: float) -> None:
        if not believable(told):
            return
        with self._lock:
            now, known = self._forward(), self._learned.get(key, rate)
            self._tats[key] = rescaled(self._tats.get(key, now), now, known, told)
            self._learned[key] = told

    def _look(self, key: Key, rate: float, burst: int) -> tuple[int, Plan]:
        return self._forward(), Plan.of(self._learned.get(key, rate), burst)

    def _forward(self) -> int:
        """Return the time. A clock set back must not take turns away: what was given out moves with it."""
        now = round(self._clock() * SECOND)
        back = self._last - now
        if back > 0:
            self._tats = {key: tat - back for key, tat in self._tats.items()}
        self._last = now
        return now

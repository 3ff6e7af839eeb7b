"""Spends the quota of an operation: a token bucket per (operation, party), in this process."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

Key = tuple[str, str]
"""Operation name, and seller id or "" for the application."""


class Throttle(Protocol):
    """What the client asks of a throttle; rates are requests per second."""

    def reserve(self, key: Key, *, rate: float, burst: int, most_seconds: float) -> float: ...

    def refused(self, key: Key, *, rate: float, burst: int) -> float: ...

    def learn(self, key: Key, rate: float) -> None: ...


@dataclass
class _Bucket:
    tokens: float
    filled_at: float
    learned_rate: float | None = None


class LocalThrottle:
    """A throttle that only this process sees. Safe for threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[Key, _Bucket] = {}

    def reserve(self, key: Key, *, rate: float, burst: int, most_seconds: float) -> float:
        """Return the seconds after which the call may be made.

        Up to `most_seconds` the turn is reserved for the caller, who waits that long. Beyond, nothing is
        reserved and the caller gives its work back.
        """
        with self._lock:
            bucket, speed = self._filled(key, rate, burst)
            seconds = max(0.0, (1 - bucket.tokens) / speed)
            if seconds <= most_seconds:
                bucket.tokens -= 1
            return seconds

    def refused(self, key: Key, *, rate: float, burst: int) -> float:
        """Amazon answered 429: the bucket is empty there, so it is here. Returns the seconds to a token."""
        with self._lock:
            bucket, speed = self._filled(key, rate, burst)
            bucket.tokens = min(bucket.tokens, 0.0)
            return (1 - bucket.tokens) / speed

    def learn(self, key: Key, rate: float) -> None:
        """Remember the rate that a successful answer told; refusals don't tell it."""
        if not (math.isfinite(rate) and rate > 0):
            return
        with self._lock:
            if key in self._buckets:
                self._buckets[key].learned_rate = rate

    def _filled(self, key: Key, rate: float, burst: int) -> tuple[_Bucket, float]:
        now = self._clock()
        bucket = self._buckets.setdefault(key, _Bucket(tokens=float(burst), filled_at=now))
        speed = bucket.learned_rate or rate
        # A clock set back must not take tokens away.
        bucket.tokens = min(float(burst), bucket.tokens + max(0.0, now - bucket.filled_at) * speed)
        bucket.filled_at = now
        return bucket, speed

"""Usage plans by token bucket, one bucket per (region, application, caller, operation).

Source: "Usage plans and rate limits in the SP-API". A bucket starts full, holds at most `burst` tokens, gains
`per_second` tokens a second and pays one for each request. Operations go by their keys.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.mint import Clock
from simulator.operations import PLANS, SANDBOX_RATE, Rate
from simulator.regions import DEFAULT_REGION


@dataclass(frozen=True)
class BucketKey:
    client_id: str
    caller: str
    operation: str
    sandbox: bool = False
    region: str = DEFAULT_REGION


@dataclass
class _Bucket:
    tokens: float
    filled_at: float


class Throttle:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[BucketKey, _Bucket] = {}
        self._overrides: dict[str, Rate] = {}

    def rate(self, operation: str, *, sandbox: bool = False) -> Rate:
        """The plan in force: what `set_rate` said, else the sandbox's, else the model's."""
        override = self._overrides.get(operation)
        if override:
            return override
        return SANDBOX_RATE if sandbox else PLANS[operation]

    def set_rate(self, operation: str, rate: Rate) -> None:
        """Changes the plan of one operation for everybody; its buckets start full again."""
        self._overrides[operation] = rate
        for key in [key for key in self._buckets if key.operation == operation]:
            del self._buckets[key]

    def take(self, key: BucketKey) -> bool:
        """Pays for one request; False when the bucket is empty, and then nothing is paid."""
        rate = self.rate(key.operation, sandbox=key.sandbox)
        now = self._clock()
        bucket = self._buckets.setdefault(key, _Bucket(float(rate.burst), now))
        gained = max(0.0, now - bucket.filled_at) * rate.per_second
        bucket.tokens = min(float(rate.burst), bucket.tokens + gained)
        bucket.filled_at = now
        if bucket.tokens < 1.0:
            return False
        bucket.tokens -= 1.0
        return True

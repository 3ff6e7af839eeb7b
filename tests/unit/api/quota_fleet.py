"""Several functions that spend one quota, each with its own clock, in a simulated time of their own."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field

from sellerbus.api.bounded_clock import BoundedClock
from sellerbus.api.shared_throttle import DynamoThrottle
from tests.unit.api.quota_table import QuotaTable

KEY = ("feeds/2021-06-30 createFeed", "A1")
START = 1_700_000_000.3
AHEAD_SECONDS = 2.0


@dataclass
class Fleet:
    """Participants that want turns without end, each with a clock that is off by `skews` seconds."""

    rate: float
    burst: int
    skews: list[float]
    count: int
    seed: int
    seconds: float
    delay: float = 0.0
    doubled: int = 0
    ahead: float = AHEAD_SECONDS
    true: float = START
    arrivals: list[float] = field(default_factory=list)
    calls: int = 0
    grants: int = 0

    def run(self) -> None:
        chance = random.Random(self.seed)  # noqa: S311
        table = QuotaTable(lambda: self.true, doubled=self.doubled)
        throttles = [
            DynamoThrottle(
                table,
                "quota",
                application=lambda: "app",
                clock=BoundedClock(lambda skew=skew: self.true + skew, lambda: self.true),  # type: ignore[misc]
            )
            for skew in self.skews
        ]
        agenda = [(START + chance.random() * 0.01, number) for number in range(len(throttles))]
        while agenda:
            self.true, number = heapq.heappop(agenda)
            if self.true > START + self.seconds:
                continue
            throttle = throttles[number]
            turns = throttle.reserve(
                KEY, rate=self.rate, burst=self.burst, count=self.count, most_seconds=self.ahead
            )
            again = self.true + turns.wait_seconds
            for turn in range(turns.count):
                wait = turns.first_due + turn * turns.interval_seconds - throttle.now()
                again = max(again, self.true + wait)
                self.arrivals.append(self.true + max(0.0, wait) + chance.random() * self.delay)
            self.grants += turns.count
            heapq.heappush(agenda, (again + 0.001 + chance.random() * 0.01, number))
        self.arrivals.sort()
        self.calls = len(table.calls)

    def overdraft(self) -> float:
        """How many calls too many arrived in the worst window: more than burst + rate * window."""
        worst = most = 0.0
        for number, arrival in enumerate(self.arrivals):
            most = max(most, self.rate * (arrival - START) - number)
            worst = max(worst, number + 1 - self.rate * (arrival - START) + most - self.burst)
        return worst

    def used(self) -> float:
        """The share of the quota that was used, from the time when the burst is spent."""
        first, last = START + self.seconds / 4, START + self.seconds - self.ahead
        return sum(1 for arrival in self.arrivals if first <= arrival < last) / (self.rate * (last - first))

"""How long the sellers of a large stage take, and what it costs: the real reconciler on a simulated clock.

Simulated are the clock, Amazon with its quotas and latencies, DynamoDB's tables and the subscription queue
with its event source (ten messages a batch, five batches at once). Real is what decides how long it takes:
client, shared throttle, reconciler, and what a job does that must wait.
"""

from __future__ import annotations

import heapq
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, cast

from bench.amazon import BURST, CALL_SECONDS, RATE, Amazon
from bench.processing import Row
from bench.simulation import Simulation
from sellerbus.api.bounded_clock import BoundedClock
from sellerbus.api.client import SellingPartnerClient
from sellerbus.api.lwa import Grant, SellerGrant
from sellerbus.api.notifications import NotificationsApi
from sellerbus.api.pacing import Pace
from sellerbus.api.shared_throttle import DynamoThrottle
from sellerbus.notifications.job_runner import JobRunner, Report
from sellerbus.notifications.jobs import SellerJob
from sellerbus.notifications.seller_reconciler import SellerReconciler
from sellerbus.notifications.seller_record import Record
from sellerbus.notifications.wanted import KEEP, Destinations, Wanted, WantedSubscription
from sellerbus.sellers.rows import Seller
from tests.unit.api.quota_table import QuotaTable
from tests.unit.api.wire import Time
from tests.unit.subscriptions.fake_registry import FakeRegistry
from tests.unit.subscriptions.fake_registry import row as seller_row
from tests.unit.subscriptions.fake_states import FakeEvents, FakeStates
from tests.unit.subscriptions.fake_states import Row as StateRow

SELLERS: Final = 2000
TYPES: Final = tuple(f"TYPE_{number}" for number in range(8))
BATCH: Final = 10
BATCHES_AT_ONCE: Final = 5
MOST_RATIO: Final = 1.2

DYNAMODB_SECONDS: Final = 0.006
LWA_SECONDS: Final = 0.2
POLL_SECONDS: Final = 0.05
FUNCTION_SECONDS: Final = 295.0

WANTED: Final = Wanted(Destinations("new"), KEEP, tuple(WantedSubscription(name, "1.0") for name in TYPES))


@dataclass(frozen=True)
class Figures:
    """Of one scenario; seconds are simulated."""

    seconds: float
    bound_seconds: float
    calls: int
    least_calls: int
    refused: int
    table_calls: int
    sellers: int
    waits: int


class _Tokens:
    """Access tokens name their party; each is asked for once."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._known: set[str] = set()

    def application(self) -> str:
        return "application"

    def token(self, grant: Grant, _: Callable[[], float], **_options: object) -> str:
        party = grant.seller_id if isinstance(grant, SellerGrant) else "application"
        if party not in self._known:
            self._simulation.sleep(LWA_SECONDS)
            self._known.add(party)
        return party

    def forget(self, grant: Grant, refused: str) -> None:
        raise AssertionError(f"{refused} of {grant} was not refused, but is asked for anew")


class _Quota(QuotaTable):
    """The quota table with its latency."""

    simulation: Simulation

    def get_item(self, **arguments: Any) -> Any:
        self.simulation.sleep(DYNAMODB_SECONDS)
        return super().get_item(**arguments)

    def update_item(self, **arguments: Any) -> Any:
        self.simulation.sleep(DYNAMODB_SECONDS)
        return super().update_item(**arguments)


class _States(FakeStates):
    """The states' table with its latency."""

    simulation: Simulation
    calls: int = 0

    def take(self, seller_id: str, seconds: float) -> Any:
        self._called()
        return super().take(seller_id, seconds)

    def begin(self, lease: Any, types: Iterable[str] = (), *, unsettled: Iterable[str] = ()) -> None:
        types, unsettled = tuple(types), tuple(unsettled)
        if types or set(unsettled) & set(lease.record.settled):
            self._called()
        super().begin(lease, types, unsettled=unsettled)

    def leave(self, lease: Any) -> None:
        self._called()
        super().leave(lease)

    def _called(self) -> None:
        self.calls += 1
        self.simulation.sleep(DYNAMODB_SECONDS)


class _Registry(FakeRegistry):
    """The registry's table with its latency."""

    simulation: Simulation
    calls: int = 0

    def find(self, seller_id: str) -> Seller | None:
        self.calls += 1
        self.simulation.sleep(DYNAMODB_SECONDS)
        return super().find(seller_id)


@dataclass
class _Queue:
    """Messages with the time from which they can be received; the longest visible come first."""

    simulation: Simulation
    messages: list[tuple[float, int, str]] = field(default_factory=list)
    sent: int = 0

    def put_later(self, job: SellerJob, seconds: int) -> None:
        self.simulation.sleep(DYNAMODB_SECONDS)
        self.add(job, seconds)

    def add(self, job: SellerJob, seconds: int = 0) -> None:
        self.sent += 1
        heapq.heappush(self.messages, (self.simulation.now + seconds, self.sent, job.to_text()))

    def receive(self) -> list[str]:
        batch: list[str] = []
        while len(batch) < BATCH and self.messages and self.messages[0][0] <= self.simulation.now:
            batch.append(heapq.heappop(self.messages)[2])
        return batch

    def seconds_to_next(self) -> float:
        """How long a poll waits; others may send and take meanwhile."""
        next_at = self.messages[0][0] if self.messages else self.simulation.now + 1
        return min(1.0, max(POLL_SECONDS, next_at - self.simulation.now))


class _DeadLetters:
    def put(self, text: str, reason: str) -> None:
        raise RuntimeError(f"the job {text} was given up: {reason}")


class Stage:
    """Everything of one deployment. old: the destination at which every seller has all types already."""

    def __init__(self, sellers: int, *, old: str | None = None) -> None:
        self.simulation = Simulation()
        self.amazon = Amazon(self.simulation)
        clock = Time(now=self.simulation.now)
        clock.clock = self.simulation.clock  # type: ignore[method-assign]
        self.states = _States(time=clock)
        names = [f"A{number}" for number in range(sellers)]
        self.registry = _Registry({name: seller_row(name) for name in names})
        self.quota = _Quota(self.simulation.clock)
        for table in (self.states, self.registry, self.quota):
            table.simulation = self.simulation
        self.queue = _Queue(self.simulation)
        self.outcomes: Counter[str] = Counter()
        self._left = sellers
        self._chance = random.Random(2).random  # noqa: S311 - a measurement, not a secret
        for name in names:
            if old is not None:
                self._had(name, old)
            self.queue.add(SellerJob(name, retired_destination_ids=(old,) if old else ()))

    def _had(self, seller_id: str, destination_id: str) -> None:
        record = Record(set(TYPES), application="application")
        for name in TYPES:
            record.subscriptions.add((name, self.amazon.put(seller_id, name, destination_id)))
        self.states.rows[seller_id] = StateRow(record)

    def run(self) -> float:
        """Let the event source work until every seller is done; return how long it took in seconds."""
        began = self.simulation.now
        for _ in range(BATCHES_AT_ONCE):
            self.simulation.spawn(self._poll)
        self.simulation.run()
        self._check()
        return self.simulation.now - began

    def _poll(self) -> None:
        """One of the event source's batches at a time, in an environment that stays warm."""
        tokens = _Tokens(self.simulation)
        throttle = DynamoThrottle(
            cast("Any", self.quota),
            "quota",
            application=lambda: "application",
            clock=BoundedClock(self.simulation.clock, self.simulation.clock),
        )
        while self._left:
            batch = self.queue.receive()
            if not batch:
                self.simulation.sleep(self.queue.seconds_to_next())
                continue
            runner = self._runner(tokens, throttle, self.simulation.now + FUNCTION_SECONDS)
            self.simulation.together([partial(self._do, runner, text) for text in batch])

    def _runner(self, tokens: _Tokens, throttle: DynamoThrottle, ends_at: float) -> JobRunner:
        sleep = self.simulation.sleep
        pace = Pace(self.simulation.clock, sleep, self._chance)

        def api(remaining_seconds: Callable[[], float]) -> NotificationsApi:
            client = SellingPartnerClient(
                endpoint="https://amazon.test",
                session=cast("Any", self.amazon),
                tokens=cast("Any", tokens),
                throttle=throttle,
                pace=pace,
                remaining_seconds=remaining_seconds,
            )
            return NotificationsApi(client)

        reconciler = SellerReconciler(
            registry=self.registry,
            states=self.states,
            events=FakeEvents(),
            api=api,
            application=lambda: "application",
            remaining_seconds=lambda: ends_at - self.simulation.now,
            clock=self.simulation.clock,
            sleep=sleep,
        )
        return JobRunner(
            reconciler=reconciler,
            wanted=lambda: WANTED,
            queue=self.queue,
            dead=_DeadLetters(),
            clock=self.simulation.clock,
            chance=self._chance,
        )

    def _do(self, runner: JobRunner, text: str) -> None:
        report: Report = runner.do(text)
        self.outcomes[report.kind] += 1
        if report.kind == "done":
            self._left -= 1
        elif report.kind != "waiting":
            raise RuntimeError(f"{report.kind}: {report.reason}")

    def _check(self) -> None:
        held = Counter(row["destinationId"] for rows in self.amazon.held.values() for row in rows.values())
        if held != {"new": len(self.registry.rows) * len(TYPES)}:
            raise RuntimeError(f"the sellers' subscriptions are not as wanted: {held}")


def onboarding(sellers: int) -> Figures:
    """Sellers who have nothing.

    All quotas are the sellers' own, so the bound is one seller's time, for as many as fit at once: either its
    quota (the last listing's turn, then that listing and its creation) or its calls one after the other,
    whichever is longer, after its access token.
    """
    stage = Stage(sellers)
    seconds = stage.run()
    quota = (len(TYPES) - BURST) / RATE + 2 * CALL_SECONDS
    one = LWA_SECONDS + max(quota, 2 * len(TYPES) * CALL_SECONDS)
    slots = min(BATCH * BATCHES_AT_ONCE, sellers)
    return _figures(stage, seconds, sellers * one / slots, least_calls=2 * len(TYPES))


def destination_replaced(sellers: int) -> Figures:
    """Sellers who have everything at an earlier destination. The bound: all deletions at the one rate."""
    stage = Stage(sellers, old="old")
    seconds = stage.run()
    bound = (sellers * len(TYPES) - BURST) / RATE
    return _figures(stage, seconds, bound, least_calls=3 * len(TYPES))


def _figures(stage: Stage, seconds: float, bound: float, *, least_calls: int) -> Figures:
    sellers = len(stage.registry.rows)
    return Figures(
        seconds=seconds,
        bound_seconds=bound,
        calls=stage.amazon.calls.total(),
        least_calls=least_calls * sellers,
        refused=stage.amazon.refused.total(),
        table_calls=len(stage.quota.calls) + stage.states.calls + stage.registry.calls,
        sellers=sellers,
        waits=stage.outcomes["waiting"],
    )


def quota_bound() -> Iterator[Row]:
    """Simulated time and calls of a large stage against what Amazon's quotas make necessary."""
    scenarios = (
        ("onboarding", onboarding, "quota and call time"),
        ("another destination", destination_replaced, "quota-bound time"),
    )
    for what, scenario, bound in scenarios:
        began = time.perf_counter()
        it = scenario(SELLERS)
        real = time.perf_counter() - began
        name = f"{SELLERS} sellers x {len(TYPES)} types, {what}"
        yield Row(name, it.seconds, "s (simulated)", it.seconds / it.bound_seconds, bound, MOST_RATIO)
        calls = it.calls / it.sellers
        yield Row("  calls to Amazon", calls, "calls/seller", it.calls / it.least_calls, "least calls")
        yield Row("  refused by Amazon (429)", it.refused, "calls", it.refused / it.calls, "all calls", 0.0)
        tables = it.table_calls / it.sellers
        yield Row("  DynamoDB", tables, "calls/seller", it.table_calls / it.calls, "calls to Amazon")
        yield Row(
            "  waits in the queue",
            it.waits / it.sellers,
            "waits/seller",
            it.waits / it.calls,
            "calls to Amazon",
        )
        yield Row("  measured in", real, "s", real / it.seconds, "simulated time")

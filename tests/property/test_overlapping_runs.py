"""Deploys, removals and jobs of the queue in each other's way, and killed anywhere: nobody is left behind."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from sellerbus.api.errors import AuthorizationRevokedError
from sellerbus.notifications.fleet import SellerFleet
from sellerbus.notifications.job_runner import JobRunner
from sellerbus.notifications.jobs import SellerJob
from sellerbus.notifications.seller_record import Record
from sellerbus.notifications.subscription_state import SellerBusyError
from sellerbus.notifications.wanted import REPLACE, Destinations, Wanted, WantedSubscription
from sellerbus.sellers.rows import ACTIVE, PAUSED, REMOVING
from tests.unit.api.wire import Time
from tests.unit.subscriptions.fake_amazon import FakeAmazon, KilledError, Moment
from tests.unit.subscriptions.fake_registry import FakeQueue, FakeRegistry, row
from tests.unit.subscriptions.fake_states import FakeStates, reconciler

OLD = Wanted(
    Destinations("ours"),
    REPLACE,
    (WantedSubscription("ORDER_CHANGE", "1.0"), WantedSubscription("RETIRED", "1.0")),
)
NEW = Wanted(
    Destinations("ours"),
    REPLACE,
    (WantedSubscription("ORDER_CHANGE", "2.0"), WantedSubscription("PRICING_HEALTH", "1.0")),
)


@dataclass
class World:
    """One seller and everything that may work on it. interruptions: what happens before or after a call."""

    amazon: FakeAmazon = field(default_factory=FakeAmazon)
    registry: FakeRegistry = field(default_factory=lambda: FakeRegistry.of(row("A1")))
    time: Time = field(default_factory=lambda: Time(ends_at=1e12))
    queue: FakeQueue = field(default_factory=FakeQueue)
    wanted: Wanted = OLD
    interruptions: dict[tuple[int, Moment], Callable[[], None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.states = FakeStates(self.time)
        self.amazon.fault = self._interrupt

    def _interrupt(self, number: int, operation: str, moment: Moment) -> BaseException | None:
        action = self.interruptions.pop((number, moment), None)
        if action is not None:
            action()
        return None

    def deploy(self) -> None:
        """Killed, it leaves to the queue what CloudFormation's second call would do."""
        fleet = SellerFleet(
            registry=self.registry,
            states=self.states,
            reconciler=lambda remaining, patient: reconciler(
                self.registry, self.amazon, self.states, remaining=remaining, patient=patient
            ),
            queue=self.queue,
            remaining_seconds=lambda: 800.0,
            sleep=self.time.sleep,
        )
        try:
            fleet.bring_all_to(self.wanted)
        except KilledError:
            self.queue.jobs.append(SellerJob("A1"))

    def set_status(self, status: str) -> None:
        """What an operator does; the registry's stream queues the seller."""
        if "A1" in self.registry.rows:
            self.registry.change("A1", status)
            self.queue.jobs.append(SellerJob("A1"))

    def remove(self) -> None:
        self.set_status(REMOVING)

    def pause(self) -> None:
        self.set_status(PAUSED)

    def resume(self) -> None:
        self.set_status(ACTIVE)

    def kill(self) -> None:
        raise KilledError

    def work(self) -> None:
        """Take one job; it comes again where the seller is busy or the run is killed."""
        if not self.queue.jobs:
            return
        job = self.queue.jobs.pop(0)
        try:
            reconciler(self.registry, self.amazon, self.states).run(job, lambda: self.wanted)
        except (SellerBusyError, KilledError):
            self.queue.jobs.append(job)

    def settle(self) -> None:
        """Nothing new happens; time passes, and the jobs that wait are done."""
        self.interruptions.clear()
        while self.queue.jobs:
            self.states.wait_for_leases()
            self.work()
        self.states.wait_for_leases()

    @property
    def held(self) -> set[tuple[str, str]]:
        return {(name, item.payload_version) for (_, name), rows in self.amazon.held.items() for item in rows}

    def assert_consistent(self) -> None:
        status = self.registry.rows["A1"].status if self.registry.rows else "gone"
        expected = {(row.notification_type, row.payload_version) for row in self.wanted.subscriptions}
        assert self.held == (expected if status == ACTIVE else set())
        assert status != REMOVING
        recorded = {entry for state in self.states.rows.values() for entry in state.record.subscriptions}
        assert recorded == {
            (name, item.subscription_id) for (_, name), rows in self.amazon.held.items() for item in rows
        }
        assert bool(self.states.rows) == (status == ACTIVE)


class NoDeadLetters:
    def put(self, text: str, reason: str) -> None:
        raise AssertionError(f"{text} was given up: {reason}")


# A deploy starts threads, which a busy machine may keep waiting: no deadline for an example.
thorough = settings(max_examples=400, deadline=None)

ACTIONS = st.sampled_from(["deploy", "remove", "pause", "resume", "work", "kill"])
MOMENTS = st.tuples(st.integers(0, 14), st.sampled_from(["before", "after"]))


@thorough
@given(
    before=st.booleans(),
    first=st.sampled_from(["deploy", "remove", "pause"]),
    interruptions=st.dictionaries(MOMENTS, st.lists(ACTIONS, min_size=1, max_size=3), max_size=4),
)
def test_whatever_overlaps_or_is_killed_the_end_is_as_the_row_says(
    *, before: bool, first: str, interruptions: dict[tuple[int, Moment], list[str]]
) -> None:
    world = World()
    if before:
        world.deploy()
    world.wanted = NEW
    start = len(world.amazon.calls)

    def all_of(actions: list[str]) -> Callable[[], None]:
        def act() -> None:
            for action in actions:
                getattr(world, action)()

        return act

    world.interruptions = {
        (start + number, moment): all_of(actions) for (number, moment), actions in interruptions.items()
    }
    with contextlib.suppress(KilledError):
        getattr(world, first)()
        world.work()
    world.settle()
    world.assert_consistent()


@thorough
@given(
    number=st.integers(0, 14),
    moment=st.sampled_from(["before", "after"]),
    revoked=st.booleans(),
    gone=st.booleans(),
    wanted_then=st.sampled_from([OLD, NEW]),
)
def test_clearing_leaves_nothing_after_a_deploy_killed_anywhere(
    *, number: int, moment: Moment, revoked: bool, gone: bool, wanted_then: Wanted
) -> None:
    """Also of types that are wanted no more, of revoked sellers, and of those whose row somebody deleted."""
    world = World()
    world.deploy()
    world.wanted = NEW
    world.interruptions = {(len(world.amazon.calls) + number, moment): world.kill}
    world.deploy()
    # A deploy that fails is rolled back before the stack is deleted.
    world.wanted = wanted_then
    if revoked or gone:
        # What a killed run has made is known once a run has ended after it.
        world.settle()
    if gone:
        world.registry.rows.clear()
    if revoked:
        world.amazon.fault = lambda _n, operation, _m: (
            AuthorizationRevokedError("LWA token", "revoked") if operation == "getSubscriptions" else None
        )
    else:
        world.interruptions.clear()
    fleet = SellerFleet(
        registry=world.registry,
        states=world.states,
        reconciler=lambda remaining, patient: reconciler(
            world.registry, world.amazon, world.states, patient=patient
        ),
        queue=world.queue,
        remaining_seconds=lambda: 800.0,
        sleep=world.time.sleep,
    )
    fleet.clear_all(world.wanted)
    assert world.held == set()
    # A job that was on its way comes after it.
    world.queue.jobs.append(SellerJob("A1"))
    world.settle()
    assert world.held == set()
    assert all(record == Record(closed=True) for record in world.states.records.values())


@thorough
@given(
    waits=st.lists(st.sampled_from([0.0, 1.5, 40.0, 200.0, None]), max_size=8),
    late=st.lists(st.sampled_from([0.0, 2.0, 30.0]), max_size=8),
    twice=st.booleans(),
)
def test_whoever_waits_for_turns_ends_as_wanted(
    waits: list[float | None], late: list[float], *, twice: bool
) -> None:
    """Turns come at once, later or not in time; messages come late, or twice."""
    world = World()
    world.deploy()
    world.wanted = NEW
    amazon, time = world.amazon, world.time
    amazon.clock, amazon.interval = time.clock, 1.0
    runner = JobRunner(
        reconciler=reconciler(world.registry, amazon, world.states),
        wanted=lambda: world.wanted,
        queue=world.queue,
        dead=NoDeadLetters(),
        clock=time.clock,
        chance=lambda: 0.0,
    )
    job = SellerJob("A1", ("RETIRED",))
    world.queue.put([job, job] if twice else [job])
    reports = []
    while world.queue.jobs:
        amazon.turns_after = waits.pop(0) if waits else 0.0
        # Each message brings its own turns; those of an earlier one are lost.
        amazon.bookings.clear()
        time.now += world.queue.delays.pop(0) + (late.pop(0) if late else 0.0)
        before = list(amazon.calls), list(world.states.taken)
        next_job = world.queue.jobs.pop(0)
        reports.append(runner.do(next_job.to_text()))
        if next_job.deletions and next_job.booked is None and reports[-1].kind == "waiting":
            assert (amazon.calls, world.states.taken) == before
    assert {report.kind for report in reports} <= {"done", "waiting"}
    world.assert_consistent()
    assert max(time.slept, default=0.0) <= 2.0

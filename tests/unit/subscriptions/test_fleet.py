"""All sellers at deploy time: nobody is lost, nobody fails the others, the time is kept."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from sellerbus.api import errors
from sellerbus.api.lwa import SellerGrant
from sellerbus.api.notifications import Subscription
from sellerbus.notifications.fleet import ClearingIncompleteError, SellerFleet
from sellerbus.notifications.jobs import QueueError, SellerJob
from sellerbus.notifications.seller_record import Record
from sellerbus.notifications.wanted import REPLACE, Destinations, Wanted, WantedSubscription
from sellerbus.sellers.rows import PAUSED, REMOVING, REVOKED
from tests.unit.api.wire import Time
from tests.unit.subscriptions.fake_amazon import FakeAmazon, seller
from tests.unit.subscriptions.fake_registry import FakeQueue, FakeRegistry, row
from tests.unit.subscriptions.fake_states import FakeEvents, FakeStates, reconciler

WANTED = Wanted(
    Destinations("ours"),
    REPLACE,
    (WantedSubscription("ORDER_CHANGE", "1.0"), WantedSubscription("PRICING_HEALTH", "1.0")),
)


class SharedAmazon(FakeAmazon):
    """Safe for the fleet's threads; some sellers' calls fail."""

    def __init__(self, failing: dict[str, Exception] | None = None) -> None:
        super().__init__()
        self.lock = threading.Lock()
        self.failing = failing or {}
        self.on_listing: Callable[[], None] = lambda: None

    def subscriptions(self, seller: SellerGrant, notification_type: str) -> tuple[Subscription, ...]:
        with self.lock:
            self.on_listing()
            if seller.seller_id in self.failing:
                raise self.failing[seller.seller_id]
            return super().subscriptions(seller, notification_type)

    def create_subscription(
        self,
        seller: SellerGrant,
        notification_type: str,
        *,
        payload_version: str,
        destination_id: str,
        directive: Mapping[str, object] | None,
    ) -> Subscription:
        with self.lock:
            return super().create_subscription(
                seller,
                notification_type,
                payload_version=payload_version,
                destination_id=destination_id,
                directive=directive,
            )

    def delete_subscription(self, notification_type: str, subscription_id: str) -> None:
        with self.lock:
            super().delete_subscription(notification_type, subscription_id)


def fleet(
    registry: FakeRegistry,
    amazon: FakeAmazon,
    queue: FakeQueue | None = None,
    time: Time | None = None,
    states: FakeStates | None = None,
    events: FakeEvents | None = None,
) -> SellerFleet:
    clock = time or Time(ends_at=1_000_600.0)
    known = states or FakeStates(clock)
    return SellerFleet(
        registry=registry,
        states=known,
        reconciler=lambda remaining, patient: reconciler(
            registry, amazon, known, events=events, remaining=remaining, patient=patient
        ),
        queue=queue or FakeQueue(),
        remaining_seconds=clock.remaining,
        clock=clock.clock,
        sleep=clock.sleep,
    )


def sellers(count: int) -> FakeRegistry:
    return FakeRegistry.of(*(row(f"A{number}") for number in range(count)))


def held(amazon: FakeAmazon) -> int:
    return sum(map(len, amazon.held.values()))


def test_every_active_seller_is_done() -> None:
    amazon, queue = SharedAmazon(), FakeQueue()
    summary = fleet(sellers(9), amazon, queue).bring_all_to(WANTED)
    assert held(amazon) == 18
    assert queue.jobs == []
    assert summary.text() == "9 sellers, 18 subscriptions in place"


def test_refused_credentials_fail_a_first_deploy_and_are_told_by_a_later_one() -> None:
    amazon, queue = SharedAmazon(), FakeQueue()
    amazon.fault = lambda *_: errors.CredentialsError("LWA token", "refused")
    with pytest.raises(errors.CredentialsError):
        fleet(sellers(2), amazon, queue).bring_all_to(WANTED)
    summary = fleet(sellers(2), amazon, queue).bring_all_to(WANTED, first=False)
    assert "CREDENTIALS ARE REFUSED" in summary.text()
    assert sorted(job.seller_id for job in queue.jobs) == ["A0", "A1"]


def test_no_seller_at_all() -> None:
    assert fleet(FakeRegistry(), SharedAmazon()).bring_all_to(WANTED).text() == (
        "0 sellers, 0 subscriptions in place"
    )


@pytest.mark.parametrize(
    "error",
    [
        errors.RetryableError("getSubscriptions", "down"),
        errors.UnauthorizedError("getSubscriptions", "no", status=403),
        RuntimeError("anything"),
    ],
)
def test_a_failing_seller_is_queued_and_counted_and_fails_nobody(error: Exception) -> None:
    amazon, queue = SharedAmazon({"A1": error}), FakeQueue()
    summary = fleet(sellers(3), amazon, queue).bring_all_to(
        WANTED, retired_types=["OLD"], retired_destination_ids=["d0"]
    )
    assert queue.jobs == [SellerJob("A1", ("OLD",), ("d0",))]
    assert held(amazon) == 4
    assert list(summary.failures) == ["A1"]
    assert summary.text() == "2 sellers, 4 subscriptions in place; 1 sellers queued for later"


def test_not_reached_in_time_is_queued() -> None:
    time = Time(ends_at=1_000_030.0)
    amazon, queue, registry = SharedAmazon(), FakeQueue(), sellers(50)

    def tick() -> None:
        time.now += 1.0

    amazon.on_listing = tick
    summary = fleet(registry, amazon, queue, time).bring_all_to(WANTED)
    done = {name for name, _ in amazon.held}
    queued = {job.seller_id for job in queue.jobs}
    assert 0 < len(done) < 50
    assert done | queued == set(registry.rows)
    assert summary.queued == len(queue.jobs)
    # What is left must cover the queueing.
    assert time.remaining() > 5


def test_bad_credentials_fail_the_deployment() -> None:
    amazon = SharedAmazon({"A0": errors.CredentialsError("LWA token", "bad")})
    with pytest.raises(errors.CredentialsError):
        fleet(sellers(1), amazon).bring_all_to(WANTED)


def test_what_cannot_be_queued_fails_the_deployment() -> None:
    amazon = SharedAmazon({"A0": RuntimeError("x")})
    queue = FakeQueue(fault=QueueError([SellerJob("A0")], "no"))
    with pytest.raises(QueueError):
        fleet(sellers(1), amazon, queue).bring_all_to(WANTED)


def test_other_statuses() -> None:
    registry = FakeRegistry.of(
        row("ACTIVE"), row("PAUSED", PAUSED), row("REVOKED", REVOKED), row("REMOVING", REMOVING)
    )
    amazon, queue = SharedAmazon(), FakeQueue()
    summary = fleet(registry, amazon, queue).bring_all_to(WANTED)
    assert {name for name, _ in amazon.held} == {"ACTIVE"}
    assert [job.seller_id for job in queue.jobs] == ["REMOVING"]
    assert summary.revoked == 1


def test_retired_types_and_destinations_are_moved() -> None:
    amazon = SharedAmazon()
    old = Wanted(Destinations("old"), REPLACE, (*WANTED.subscriptions, WantedSubscription("RETIRED", "1.0")))
    it = fleet(sellers(2), amazon)
    it.bring_all_to(old)
    it.bring_all_to(WANTED, retired_types=["RETIRED"], retired_destination_ids=["old"])
    assert held(amazon) == 4
    assert {item.destination_id for rows in amazon.held.values() for item in rows} == {"ours"}


def test_clearing_takes_all_sellers_whatever_their_status() -> None:
    registry = FakeRegistry.of(row("A1"), row("A2", PAUSED), row("A3", REMOVING))
    amazon = SharedAmazon()
    for name in registry.rows:
        for kind in WANTED.types:
            amazon.create_subscription(
                seller(name), kind, payload_version="1.0", destination_id="ours", directive=None
            )
    summary = fleet(registry, amazon).clear_all(WANTED)
    assert held(amazon) == 0
    assert summary.deleted == 6


def test_a_seller_whose_authorisation_is_revoked_is_marked_counted_and_not_queued() -> None:
    amazon, queue, registry = SharedAmazon(), FakeQueue(), sellers(2)
    amazon.failing["A1"] = errors.AuthorizationRevokedError("LWA token", "revoked")
    summary = fleet(registry, amazon, queue).bring_all_to(WANTED)
    assert (summary.revoked, list(summary.failures), queue.jobs) == (1, ["A1"], [])
    assert registry.rows["A1"].status == REVOKED


def test_a_seller_removed_while_the_deploy_works_is_not_subscribed_again() -> None:
    """The deploy listed the sellers at its start; the removal ended before the seller's turn."""
    amazon, registry, states = SharedAmazon(), sellers(9), FakeStates()

    def remove() -> None:
        registry.rows.pop("A8", None)

    amazon.on_listing = remove
    fleet(registry, amazon, states=states).bring_all_to(WANTED)
    assert {name for name, _ in amazon.held} == {f"A{number}" for number in range(8)}
    assert "A8" not in states.rows


def test_a_seller_that_another_run_works_on_is_queued_by_the_deploy() -> None:
    amazon, queue, states = SharedAmazon(), FakeQueue(), FakeStates()
    states.take("A1", 100)
    summary = fleet(sellers(2), amazon, queue, states=states).bring_all_to(WANTED)
    assert [job.seller_id for job in queue.jobs] == ["A1"]
    assert {name for name, _ in amazon.held} == {"A0"}
    assert summary.failures == {}


def test_clearing_waits_for_a_run_on_its_way() -> None:
    """A job that was in flight when the stack's deletion began has made something after the first look."""
    time = Time(ends_at=1_000_600.0)
    amazon, registry, states = SharedAmazon(), sellers(2), FakeStates(time)
    it = fleet(registry, amazon, time=time, states=states)
    it.bring_all_to(WANTED)
    states.take("A1", 100)
    it.clear_all(WANTED)
    assert held(amazon) == 0
    assert time.now > 1_000_160.0


def test_clearing_takes_revoked_sellers_those_gone_and_types_no_longer_wanted() -> None:
    registry, amazon, states = sellers(3), SharedAmazon(), FakeStates()
    it = fleet(registry, amazon, states=states)
    it.bring_all_to(WANTED)
    amazon.failing["A0"] = errors.AuthorizationRevokedError("LWA token", "revoked")
    registry.change("A0", REVOKED)
    del registry.rows["A1"]
    summary = it.clear_all(Wanted(Destinations("ours"), REPLACE, WANTED.subscriptions[:1]))
    assert held(amazon) == 0
    assert states.records == {f"A{number}": Record(closed=True) for number in range(3)}
    assert (summary.revoked, summary.deleted) == (1, 6)


def test_clearing_reports_the_revoked_and_goes_on() -> None:
    registry = FakeRegistry.of(row("A1"), row("A2"), row("A3", REVOKED))
    amazon, states = SharedAmazon(), FakeStates()
    it = fleet(registry, amazon, states=states)
    it.bring_all_to(WANTED)
    amazon.failing["A2"] = errors.AuthorizationRevokedError("LWA token", "revoked")
    summary = it.clear_all(WANTED)
    assert summary.revoked == 2
    assert held(amazon) == 0


def test_clearing_tries_again_what_failed_for_a_while() -> None:
    amazon = SharedAmazon()
    it = fleet(sellers(3), amazon)
    it.bring_all_to(WANTED)
    amazon.failing["A1"] = errors.ThrottledError("getSubscriptions", 5)
    listings = iter(range(1000))

    def recover() -> None:
        if next(listings) == 6:
            amazon.failing.clear()

    amazon.on_listing = recover
    it.clear_all(WANTED)
    assert held(amazon) == 0


def test_clearing_that_does_not_succeed_tells_how_many_are_left_and_continues() -> None:
    amazon = SharedAmazon()
    it = fleet(sellers(3), amazon)
    it.bring_all_to(WANTED)
    amazon.failing = {"A1": errors.RetryableError("getSubscriptions", "Amazon is down")}
    with pytest.raises(ClearingIncompleteError, match=r"of 1 sellers.*Amazon is down.*Delete again"):
        it.clear_all(WANTED)
    amazon.failing = {}
    it.clear_all(WANTED)
    assert held(amazon) == 0


def test_clearing_out_of_time_is_told_and_never_hangs() -> None:
    time = Time(ends_at=1_000_003.0)
    amazon = SharedAmazon()
    registry = sellers(20)
    fleet(registry, amazon).bring_all_to(WANTED)

    def tick() -> None:
        time.now += 0.5

    amazon.on_listing = tick
    with pytest.raises(ClearingIncompleteError, match="Delete again") as caught:
        fleet(registry, amazon, time=time).clear_all(WANTED)
    assert 0 < caught.value.left < 20
    amazon.on_listing = lambda: None
    fleet(registry, amazon).clear_all(WANTED)
    assert held(amazon) == 0


MOVED = Wanted(Destinations("newer"), REPLACE, WANTED.subscriptions)


def moving(turns_after: float | None, count: int = 9) -> tuple[SellerFleet, SharedAmazon, FakeQueue]:
    """Sellers who have everything at an earlier destination."""
    amazon, queue, time = SharedAmazon(), FakeQueue(), Time(ends_at=1_000_600.0)
    it = fleet(sellers(count), amazon, queue, time)
    it.bring_all_to(WANTED)
    amazon.clock, amazon.turns_after = time.clock, turns_after
    amazon.calls.clear()
    return it, amazon, queue


def test_sellers_whose_turns_come_later_are_queued_with_them() -> None:
    it, amazon, queue = moving(turns_after=90.0)
    summary = it.bring_all_to(MOVED, retired_destination_ids=["ours"], first=False)
    assert amazon.changes == []
    assert summary.queued == 9
    assert summary.failures == {}
    assert {(job.deletions, job.booked is not None) for job in queue.jobs} == {(2, True)}
    assert {job.retired_destination_ids for job in queue.jobs} == {("ours",)}
    assert set(queue.delays) == {90}


def test_turns_that_are_booked_are_queued_before_the_last_seller_is_done() -> None:
    """Otherwise they would be over by then: a deploy may take a quarter of an hour."""
    it, amazon, queue = moving(turns_after=90.0)
    listing = amazon.subscriptions

    def subscriptions(seller: SellerGrant, notification_type: str) -> tuple[Subscription, ...]:
        if seller.seller_id == "A8":
            deadline = time.monotonic() + 5
            while not queue.jobs and time.monotonic() < deadline:
                time.sleep(0.005)
            seen.append(len(queue.jobs))
        return listing(seller, notification_type)

    seen: list[int] = []
    amazon.subscriptions = subscriptions  # type: ignore[method-assign]
    it.bring_all_to(MOVED, retired_destination_ids=["ours"], first=False)
    assert seen[0] > 0
    assert len(queue.jobs) == 9


def test_drift_is_summed_up_also_of_a_seller_whose_mending_waits() -> None:
    amazon, queue, clock = SharedAmazon(), FakeQueue(), Time(ends_at=1_000_600.0)
    it = fleet(sellers(1), amazon, queue, clock)
    it.bring_all_to(WANTED)
    amazon.held[("A0", "ORDER_CHANGE")] = [Subscription("altered", "1.0", "ours", {"eventFilter": {"x": 1}})]
    amazon.clock, amazon.turns_after = clock.clock, 90.0
    summary = it.bring_all_to(WANTED, first=False)
    assert (summary.queued, summary.drifted) == (1, 1)
    assert "1 subscriptions were changed by others" in summary.text()


def test_once_turns_are_too_far_off_nobody_else_is_looked_at() -> None:
    it, amazon, queue = moving(turns_after=None)
    summary = it.bring_all_to(MOVED, retired_destination_ids=["ours"], first=False)
    assert len(amazon.calls) <= 4 * 2, "those whom the four threads had in hand"
    assert summary.queued == len(queue.jobs) == 9
    assert summary.failures == {}
    waiting = [delay for job, delay in zip(queue.jobs, queue.delays, strict=True) if job.deletions]
    assert waiting
    assert all(120 <= delay <= 240 for delay in waiting)
    assert {delay for job, delay in zip(queue.jobs, queue.delays, strict=True) if not job.deletions} == {0}


def test_clearing_naps_for_its_turns_and_looks_once() -> None:
    time = Time(ends_at=1_000_600.0)
    amazon = SharedAmazon()
    it = fleet(sellers(3), amazon, time=time)
    it.bring_all_to(WANTED)
    amazon.clock, amazon.turns_after = time.clock, 30.0
    amazon.calls.clear()
    it.clear_all(WANTED)
    assert held(amazon) == 0
    assert amazon.calls.count("getSubscriptions") == 6
    assert time.slept
    assert max(time.slept) <= 2.0


def test_clearing_does_not_try_a_throttled_seller_before_its_time() -> None:
    time = Time(ends_at=1_000_600.0)
    amazon = SharedAmazon()
    it = fleet(sellers(2), amazon, time=time)
    it.bring_all_to(WANTED)
    amazon.failing["A1"] = errors.ThrottledError("getSubscriptions", 50)
    tries: list[float] = []
    listing = amazon.subscriptions

    def subscriptions(seller: SellerGrant, notification_type: str) -> tuple[Subscription, ...]:
        if seller.seller_id == "A1":
            tries.append(time.now)
            if len(tries) > 8:
                amazon.failing.clear()
        return listing(seller, notification_type)

    amazon.subscriptions = subscriptions  # type: ignore[method-assign]
    it.clear_all(WANTED)
    assert held(amazon) == 0
    # More often than a seller is tried that fails otherwise: it is only the quota.
    waits = [later - earlier for earlier, later in itertools.pairwise(tries[:9])]
    assert all(50 <= seconds <= 52 for seconds in waits)
    assert max(time.slept) <= 2.0


def test_drift_own_lists_and_revocations_are_summed_up() -> None:
    amazon, events, registry = SharedAmazon(), FakeEvents(), sellers(3)
    registry.rows["A2"] = replace(registry.rows["A2"], notification_types=("ORDER_CHANGE", "OTHER"))
    it = fleet(registry, amazon, events=events)
    first = it.bring_all_to(WANTED)
    assert first.not_configured == {"A2": ["OTHER"]}
    amazon.held[("A0", "ORDER_CHANGE")].clear()
    amazon.failing["A1"] = errors.AuthorizationRevokedError("LWA token", "revoked")
    summary = it.bring_all_to(WANTED, first=False)
    assert (summary.drifted, summary.marked, summary.revoked) == (1, 1, 1)
    assert "1 subscriptions were changed by others" in summary.text()
    assert sorted(event.detail_type for event in events.published) == [
        "SellerAuthorizationRevoked",
        "SubscriptionDrifted",
    ]
    assert it.bring_all_to(WANTED, first=False).marked == 0


@pytest.mark.parametrize(
    "error",
    [errors.ThrottledError("getSubscriptions", 5), errors.OutOfTimeError("getSubscriptions", "the end")],
)
def test_a_seller_for_whom_quota_or_time_is_over_is_queued_and_no_failure(error: Exception) -> None:
    queue = FakeQueue()
    summary = fleet(sellers(2), SharedAmazon({"A1": error}), queue).bring_all_to(WANTED)
    assert summary.failures == {}
    assert [job.seller_id for job in queue.jobs] == ["A1"]

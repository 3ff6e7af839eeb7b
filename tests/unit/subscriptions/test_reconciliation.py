"""One seller: what a failing type leaves undone, what the row's status means, what overlaps do."""

from __future__ import annotations

import pytest

from sellerbus.api import errors
from sellerbus.api.errors import SellingPartnerError
from sellerbus.api.notifications import Subscription
from sellerbus.notifications.jobs import SellerJob
from sellerbus.notifications.reconciliation import (
    SellerReconciler,
    SubscriptionsIncompleteError,
    UnsettledError,
    bring_to,
)
from sellerbus.notifications.subscriptions import REPLACE, Wanted, WantedSubscription
from sellerbus.sellers.registry import ACTIVE, PAUSED, REMOVING, REVOKED
from tests.unit.subscriptions.fake_amazon import FakeAmazon, KilledError, Moment, kill_at, no_fault, seller
from tests.unit.subscriptions.fake_registry import FakeRegistry, row

WANTED = Wanted(
    "ours", REPLACE, (WantedSubscription("ORDER_CHANGE", "1.0"), WantedSubscription("PRICING_HEALTH", "1.0"))
)
JOB = SellerJob("A1")


def count(amazon: FakeAmazon, seller_id: str = "A1") -> int:
    return sum(len(rows) for (name, _), rows in amazon.held.items() if name == seller_id)


def failing(operation: str, error: SellingPartnerError, *, first: int = 1) -> FakeAmazon:
    """Amazon, failing the first calls of one operation."""
    failures = iter(range(first))

    def fault(number: int, name: str, moment: Moment) -> BaseException | None:
        if (name, moment) == (operation, "before") and next(failures, None) is not None:
            return error
        return None

    return FakeAmazon(fault=fault)


def test_one_types_refusal_leaves_the_others_done() -> None:
    amazon = failing(
        "createSubscription", errors.UnauthorizedError("createSubscription", "no role", status=403)
    )
    with pytest.raises(SubscriptionsIncompleteError, match=r"A1: 1 types.*ORDER_CHANGE: .*no role") as caught:
        bring_to(amazon, seller(), WANTED, JOB)
    assert list(caught.value.errors) == ["ORDER_CHANGE"]
    assert amazon.of("A1", "PRICING_HEALTH")


@pytest.mark.parametrize(
    "error",
    [
        errors.ThrottledError("getSubscriptions", 5),
        errors.OutOfTimeError("getSubscriptions", "over"),
        errors.AuthorizationRevokedError("LWA token", "revoked"),
        errors.CredentialsError("LWA token", "bad"),
    ],
)
def test_what_every_call_would_meet_ends_the_run(error: SellingPartnerError) -> None:
    amazon = failing("getSubscriptions", error, first=99)
    with pytest.raises(type(error)):
        bring_to(amazon, seller(), WANTED, JOB)
    assert amazon.calls == []


def test_a_404_for_the_listing_means_none() -> None:
    amazon = failing(
        "getSubscriptions", errors.NotFoundError("getSubscriptions", "none", status=404), first=99
    )
    assert bring_to(amazon, seller(), WANTED, JOB).created == 2


def test_a_subscription_that_is_gone_already_is_deleted() -> None:
    amazon = failing(
        "deleteSubscriptionById", errors.NotFoundError("deleteSubscriptionById", "gone", status=404)
    )
    amazon.side_by_side = True
    amazon.put("A1", "ORDER_CHANGE", Subscription("s1", "0.9", "ours"))
    outcome = bring_to(amazon, seller(), WANTED, JOB)
    assert (outcome.created, outcome.deleted) == (2, 0)


def test_a_conflict_that_nothing_explains_is_an_error_not_a_loop() -> None:
    amazon = failing(
        "createSubscription", errors.ConflictError("createSubscription", "exists", status=409), first=99
    )
    with pytest.raises(SubscriptionsIncompleteError):
        bring_to(amazon, seller(), WANTED, JOB)
    assert len(amazon.calls) <= 8


def test_lost_for_ever_is_an_error_not_a_loop() -> None:
    amazon = failing("createSubscription", errors.OutcomeUnknownError("createSubscription", "lost"), first=99)
    with pytest.raises(SubscriptionsIncompleteError, match="lost"):
        bring_to(amazon, seller(), WANTED, JOB)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_lost_answer_is_settled_by_looking(moment: Moment) -> None:
    lost = iter([errors.OutcomeUnknownError("createSubscription", "lost")])

    def fault(number: int, operation: str, when: Moment) -> BaseException | None:
        return next(lost, None) if (operation, when) == ("createSubscription", moment) else None

    amazon = FakeAmazon(fault=fault)
    assert bring_to(amazon, seller(), WANTED, JOB).in_place == 2
    assert count(amazon) == 2


def test_somebody_else_made_it_meanwhile() -> None:
    """Two runs overlap: the other's creation comes between this one's look and its creation."""
    amazon = FakeAmazon()

    def fault(number: int, operation: str, moment: Moment) -> BaseException | None:
        if (operation, moment) == ("createSubscription", "before") and not count(amazon):
            amazon.put("A1", "ORDER_CHANGE", Subscription("theirs", "1.0", "ours"))
        return None

    amazon.fault = fault
    assert bring_to(amazon, seller(), WANTED, JOB).in_place == 2
    assert [item.subscription_id for item in amazon.of("A1", "ORDER_CHANGE")] == ["theirs"]


def reconciler(registry: FakeRegistry, amazon: FakeAmazon) -> SellerReconciler:
    return SellerReconciler(registry=registry, api=amazon, wanted=lambda: WANTED)


def test_an_active_seller_gets_all() -> None:
    amazon = FakeAmazon()
    outcome = reconciler(FakeRegistry.of(row("A1")), amazon).run(JOB)
    assert outcome is not None
    assert outcome.in_place == count(amazon) == 2


def test_a_paused_seller_keeps_the_row_only() -> None:
    amazon, registry = FakeAmazon(), FakeRegistry.of(row("A1"))
    it = reconciler(registry, amazon)
    it.run(JOB)
    registry.change("A1", PAUSED)
    it.run(JOB)
    assert count(amazon) == 0
    assert registry.rows["A1"].status == PAUSED


def test_a_seller_to_be_removed_leaves_nothing() -> None:
    amazon, registry = FakeAmazon(), FakeRegistry.of(row("A1"))
    it = reconciler(registry, amazon)
    it.run(JOB)
    registry.change("A1", REMOVING)
    it.run(JOB)
    assert count(amazon) == 0
    assert registry.rows == {}


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(5))
def test_a_removal_killed_anywhere_is_completed(number: int, moment: Moment) -> None:
    amazon, registry = FakeAmazon(), FakeRegistry.of(row("A1"))
    it = reconciler(registry, amazon)
    it.run(JOB)
    registry.change("A1", REMOVING)
    amazon.fault = kill_at(len(amazon.calls) + number, moment)
    try:
        it.run(JOB)
    except KilledError:
        assert "A1" in registry.rows
        amazon.fault = no_fault
        it.run(JOB)
    assert count(amazon) == 0
    assert registry.rows == {}


@pytest.mark.parametrize("registry", [FakeRegistry(), FakeRegistry.of(row("A1", REVOKED))])
def test_nobody_calls_for_a_seller_that_is_gone_or_revoked(registry: FakeRegistry) -> None:
    amazon = FakeAmazon()
    assert reconciler(registry, amazon).run(JOB) is None
    assert amazon.calls == []


def test_a_revoked_authorisation_marks_the_seller() -> None:
    amazon = failing("getSubscriptions", errors.AuthorizationRevokedError("LWA token", "revoked"), first=99)
    registry = FakeRegistry.of(row("A1"))
    with pytest.raises(errors.AuthorizationRevokedError):
        reconciler(registry, amazon).run(JOB)
    assert registry.rows["A1"].status == REVOKED


def test_a_seller_authorised_again_meanwhile_is_not_marked() -> None:
    registry = FakeRegistry.of(row("A1"))

    def fault(number: int, operation: str, moment: Moment) -> BaseException | None:
        registry.change("A1", ACTIVE)
        return errors.AuthorizationRevokedError("LWA token", "revoked")

    with pytest.raises(Exception, match="A1"):
        reconciler(registry, FakeAmazon(fault=fault)).run(JOB)
    assert registry.rows["A1"].status == ACTIVE


def test_a_revoked_seller_can_still_be_removed() -> None:
    amazon = failing("getSubscriptions", errors.AuthorizationRevokedError("LWA token", "revoked"), first=99)
    registry = FakeRegistry.of(row("A1", REMOVING))
    reconciler(registry, amazon).run(JOB)
    assert registry.rows == {}


def test_brought_back_during_the_removal_the_seller_has_its_subscriptions() -> None:
    registry, amazon = FakeRegistry.of(row("A1", REMOVING)), FakeAmazon()
    looks = iter(range(99))

    def bring_back() -> None:
        if next(looks) == 1:
            registry.rows["A1"] = row("A1", REMOVING)
            registry.change("A1", ACTIVE)

    registry.on_find = bring_back
    outcome = reconciler(registry, amazon).run(JOB)
    assert outcome is not None
    assert count(amazon) == 2


def test_what_changed_during_the_run_is_done_before_it_ends() -> None:
    """The wanted subscriptions change after the first look: the older ones must not be what stays."""
    amazon, registry = FakeAmazon(), FakeRegistry.of(row("A1"))
    newer = Wanted("ours", REPLACE, (WantedSubscription("ORDER_CHANGE", "2.0"),))
    reads = iter([WANTED, newer, newer])
    SellerReconciler(registry=registry, api=amazon, wanted=lambda: next(reads)).run(JOB)
    assert [item.payload_version for item in amazon.of("A1", "ORDER_CHANGE")] == ["2.0"]


def test_a_row_that_never_settles_comes_again() -> None:
    registry = FakeRegistry.of(row("A1"))

    def change() -> None:
        registry.change("A1", ACTIVE)

    registry.on_find = change
    with pytest.raises(UnsettledError):
        reconciler(registry, FakeAmazon()).run(JOB)


def test_an_unknown_status_is_an_error() -> None:
    with pytest.raises(ValueError, match="'asleep'"):
        reconciler(FakeRegistry.of(row("A1", "asleep")), FakeAmazon()).run(JOB)

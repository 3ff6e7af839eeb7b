"""One seller's types: what fails alone, what ends a run, what others' subscriptions make of a plan."""

from __future__ import annotations

import pytest

from sellerbus.api import errors
from sellerbus.api.errors import SellingPartnerError
from sellerbus.api.notifications import Subscription
from sellerbus.notifications.jobs import SellerJob
from sellerbus.notifications.reconciliation import SubscriptionsIncompleteError
from sellerbus.notifications.seller_record import Record
from sellerbus.notifications.wanted import REPLACE, Destinations, Wanted, WantedSubscription
from tests.unit.subscriptions.fake_amazon import FakeAmazon, Moment, seller
from tests.unit.subscriptions.runs import bring_to, delete_recorded

WANTED = Wanted(
    Destinations("ours"),
    REPLACE,
    (WantedSubscription("ORDER_CHANGE", "1.0"), WantedSubscription("PRICING_HEALTH", "1.0")),
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
        bring_to(amazon, seller(), WANTED, JOB, Record())
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
        bring_to(amazon, seller(), WANTED, JOB, Record())
    assert amazon.calls == []


def test_a_404_for_the_listing_means_none() -> None:
    amazon = failing(
        "getSubscriptions", errors.NotFoundError("getSubscriptions", "none", status=404), first=99
    )
    assert bring_to(amazon, seller(), WANTED, JOB, Record()).created == 2


def test_a_subscription_that_is_gone_already_is_deleted() -> None:
    amazon = failing(
        "deleteSubscriptionById", errors.NotFoundError("deleteSubscriptionById", "gone", status=404)
    )
    amazon.side_by_side = True
    amazon.put("A1", "ORDER_CHANGE", Subscription("s1", "0.9", "ours"))
    outcome = bring_to(amazon, seller(), WANTED, JOB, Record())
    assert (outcome.created, outcome.deleted) == (2, 0)


def test_a_conflict_that_nothing_explains_is_an_error_not_a_loop() -> None:
    amazon = failing(
        "createSubscription", errors.ConflictError("createSubscription", "exists", status=409), first=99
    )
    with pytest.raises(SubscriptionsIncompleteError):
        bring_to(amazon, seller(), WANTED, JOB, Record())
    assert len(amazon.calls) <= 8


def test_lost_for_ever_is_an_error_not_a_loop() -> None:
    amazon = failing("createSubscription", errors.OutcomeUnknownError("createSubscription", "lost"), first=99)
    with pytest.raises(SubscriptionsIncompleteError, match="lost"):
        bring_to(amazon, seller(), WANTED, JOB, Record())


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_lost_answer_is_settled_by_looking(moment: Moment) -> None:
    lost = iter([errors.OutcomeUnknownError("createSubscription", "lost")])

    def fault(number: int, operation: str, when: Moment) -> BaseException | None:
        return next(lost, None) if (operation, when) == ("createSubscription", moment) else None

    amazon = FakeAmazon(fault=fault)
    assert bring_to(amazon, seller(), WANTED, JOB, Record()).in_place == 2
    assert count(amazon) == 2


def test_somebody_else_made_it_meanwhile() -> None:
    """Two runs overlap: the other's creation comes between this one's look and its creation."""
    amazon = FakeAmazon()

    def fault(number: int, operation: str, moment: Moment) -> BaseException | None:
        if (operation, moment) == ("createSubscription", "before") and not count(amazon):
            amazon.put("A1", "ORDER_CHANGE", Subscription("theirs", "1.0", "ours"))
        return None

    amazon.fault = fault
    assert bring_to(amazon, seller(), WANTED, JOB, Record()).in_place == 2
    assert [item.subscription_id for item in amazon.of("A1", "ORDER_CHANGE")] == ["theirs"]


def foreign_in_the_way(*, deletion: SellingPartnerError | None = None) -> FakeAmazon:
    amazon = failing("deleteSubscriptionById", deletion) if deletion else FakeAmazon()
    amazon.put("A1", "ORDER_CHANGE", Subscription("theirs", "1.0", "foreign"))
    return amazon


def test_a_foreign_one_is_deleted_only_after_amazon_refused_the_creation() -> None:
    amazon = foreign_in_the_way()
    bring_to(amazon, seller(), WANTED, JOB, Record())
    assert amazon.changes == [
        "createSubscription",
        "createSubscription",
        "deleteSubscriptionById",
        "createSubscription",
    ], "the other type was not held up by it"
    assert [item.destination_id for item in amazon.of("A1", "ORDER_CHANGE")] == ["ours"]


def test_another_applications_is_left_where_it_excludes_nothing() -> None:
    """Amazon may list other applications' subscriptions too; ours is created beside them."""
    amazon = foreign_in_the_way()
    amazon.excluding = lambda one, other: one.destination_id == other.destination_id
    outcome = bring_to(amazon, seller(), WANTED, JOB, Record())
    assert (outcome.in_place, outcome.deleted) == (2, 0)
    assert outcome.foreign == ["ORDER_CHANGE theirs"]


@pytest.mark.parametrize(
    "refusal",
    [
        errors.UnauthorizedError("deleteSubscriptionById", "not yours", status=403),
        errors.NotFoundError("deleteSubscriptionById", "unknown to you", status=404),
    ],
)
def test_a_foreign_one_that_is_not_ours_to_delete_blocks_its_type_alone(refusal: SellingPartnerError) -> None:
    outcome = bring_to(foreign_in_the_way(deletion=refusal), seller(), WANTED, JOB, Record())
    assert outcome.blocked == ["ORDER_CHANGE 1.0"]
    assert outcome.foreign == ["ORDER_CHANGE theirs"]
    assert (outcome.in_place, outcome.deleted) == (1, 0)


def test_a_refusal_to_delete_what_is_ours_is_an_error() -> None:
    amazon = failing(
        "deleteSubscriptionById", errors.UnauthorizedError("deleteSubscriptionById", "no", status=403)
    )
    amazon.put("A1", "ORDER_CHANGE", Subscription("s1", "0.9", "ours"))
    with pytest.raises(SubscriptionsIncompleteError) as caught:
        bring_to(amazon, seller(), WANTED, JOB, Record())
    assert caught.value.permanent


def test_what_was_made_is_recorded_and_of_recorded_types_nothing_unwanted_stays() -> None:
    amazon, record = FakeAmazon(), Record()
    amazon.put("A1", "RETIRED", Subscription("s0", "1.0", "ours"))
    record.types.add("RETIRED")
    bring_to(amazon, seller(), WANTED, JOB, record)
    assert count(amazon) == 2
    assert record.subscriptions == {("ORDER_CHANGE", "new-1"), ("PRICING_HEALTH", "new-2")}
    assert "RETIRED" not in record.types


def test_a_recorded_subscription_is_ours_whatever_its_destination() -> None:
    amazon = FakeAmazon()
    amazon.put("A1", "ORDER_CHANGE", Subscription("s1", "0.9", "an earlier one"))
    record = Record(subscriptions={("ORDER_CHANGE", "s1")})
    bring_to(amazon, seller(), WANTED, JOB, record)
    assert [item.destination_id for item in amazon.of("A1", "ORDER_CHANGE")] == ["ours"]


def test_deleting_what_is_recorded_takes_what_is_gone_as_done_and_one_failure_alone() -> None:
    amazon = failing(
        "deleteSubscriptionById", errors.RetryableError("deleteSubscriptionById", "down", status=500)
    )
    amazon.put("A1", "B", Subscription("s2", "1.0", "ours"))
    record = Record({"A", "B", "C"}, {("A", "s1"), ("B", "s2"), ("C", "s3")})
    with pytest.raises(SubscriptionsIncompleteError) as caught:
        delete_recorded(amazon, "A1", record)
    assert not caught.value.permanent
    assert record == Record({"A", "B", "C"}, {("A", "s1")})
    assert count(amazon) == 0
    delete_recorded(amazon, "A1", record)
    assert record == Record()

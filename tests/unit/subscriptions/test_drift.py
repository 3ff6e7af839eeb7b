"""What counts as drift, and what it is told as."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest

from sellerbus.api import errors
from sellerbus.api.lwa import SellerGrant
from sellerbus.api.notifications import Subscription
from sellerbus.notifications.drift import Finding, find_blocked, find_drift
from sellerbus.notifications.jobs import SellerJob
from sellerbus.notifications.seller_record import Record
from sellerbus.notifications.subscriptions import plan_type
from sellerbus.notifications.wanted import KEEP, REPLACE, Destinations, Wanted, WantedSubscription
from tests.unit.subscriptions.fake_amazon import FakeAmazon, Moment, no_fault, seller
from tests.unit.subscriptions.runs import bring_to

FILTER: dict[str, object] = {"eventFilter": {"eventFilterType": "ORDER_CHANGE"}}
ORDER = WantedSubscription("ORDER_CHANGE", "1.0")
PRICING = WantedSubscription("PRICING_HEALTH", "1.0")
JOB = SellerJob("A1")


def wanted(*rows: WantedSubscription, policy: str = KEEP) -> Wanted:
    return Wanted(Destinations("ours", "bridge"), policy, rows or (ORDER,))


def row(
    name: str,
    destination: str = "ours",
    version: str = "1.0",
    directive: dict[str, object] | None = None,
) -> Subscription:
    return Subscription(name, version, destination, directive)


def found(
    *actual: Subscription, want: Wanted | None = None, lost: str = "", blocked: str = ""
) -> list[tuple[str, str | None, str | None, str]]:
    whole = want or wanted()
    own = frozenset(item.subscription_id for item in actual if item.destination_id in whole.destinations.ids)
    plan = plan_type(
        "ORDER_CHANGE",
        whole.of_type("ORDER_CHANGE"),
        actual,
        destinations=whole.destinations,
        own_subscription_ids=own,
        existing_subscriptions=whole.existing_subscriptions,
    )
    findings = find_drift(plan, whole, lost=lost.split(), known_blocked=blocked.split(","))
    return [(each.drift, each.subscription_id, each.destination_id, each.action) for each in findings]


def test_as_it_was_left_nothing_is_found() -> None:
    assert found(row("s1")) == []
    assert found(row("s1"), row("s9", "foreign", "0.9")) == []


def test_gone() -> None:
    assert found() == [("missing", None, None, "restoring")]


def test_altered() -> None:
    assert found(row("s2", directive=FILTER)) == [("altered", "s2", "ours", "restoring")]


def test_at_another_destination_of_ours() -> None:
    assert found(row("s2", "bridge")) == [("other-destination", "s2", "bridge", "restoring")]


@pytest.mark.parametrize(("policy", "action"), [(KEEP, "reported"), (REPLACE, "restoring")])
def test_anothers_in_its_place_is_left_alone_unless_told(policy: str, action: str) -> None:
    want = wanted(policy=policy)
    assert found(row("s2", "foreign"), want=want) == [("other-destination", "s2", "foreign", action)]


def test_anothers_that_may_stand_beside_it_has_not_taken_its_place() -> None:
    """Those with different filter expressions may exist side by side, so ours is put back."""
    assert found(row("s2", "foreign", directive={"filterExpression": "a"})) == [
        ("missing", None, None, "restoring")
    ]


def test_one_that_nobody_wants() -> None:
    assert found(row("s1"), row("s2", version="0.9")) == [("unexpected", "s2", "ours", "restoring")]


def test_one_change_is_found_once() -> None:
    two = wanted(WantedSubscription("ORDER_CHANGE", "1.0"), WantedSubscription("ORDER_CHANGE", "2.0"))
    assert found(row("s1", directive=FILTER), want=two) == [
        ("altered", "s1", "ours", "restoring"),
        ("missing", None, None, "restoring"),
    ]


def test_what_others_kept_out_before_is_no_news() -> None:
    assert found(row("s2", "foreign"), blocked="ORDER_CHANGE 1.0") == []


def test_the_event_id_tells_findings_apart_and_knows_the_same_one_again() -> None:
    def finding(
        drift: str = "missing", subscription_id: str | None = None, lost: tuple[str, ...] = ("s1",)
    ) -> Finding:
        return Finding("T", "1.0", drift, subscription_id, None, "restoring", lost)

    same = finding()
    assert same.event_id("A1") == finding().event_id("A1")
    others = [
        same.event_id("A1"),
        same.event_id("A2"),
        finding(lost=("s2",)).event_id("A1"),
        finding(drift="altered", subscription_id="s3").event_id("A1"),
    ]
    assert len(set(others)) == len(others)


def test_blocked_names_what_stands_in_the_way() -> None:
    plan = plan_type(
        "ORDER_CHANGE",
        [ORDER],
        [row("s2", "foreign")],
        destinations=Destinations("ours"),
        own_subscription_ids=frozenset(),
        strict=True,
    )
    (finding,) = find_blocked(plan)
    assert (finding.drift, finding.subscription_id, finding.action) == ("other-destination", "s2", "reported")


class Setting:
    """One seller over several runs; `told` are the findings of the last one."""

    def __init__(self, want: Wanted | None = None) -> None:
        self.amazon, self.record = FakeAmazon(), Record()
        self.wanted = want or wanted(ORDER, PRICING)
        self.told: list[str] = []

    def run(self) -> None:
        told: list[Finding] = []
        try:
            self.outcome = bring_to(self.amazon, seller(), self.wanted, JOB, self.record, told=told)
        finally:
            self.told = [f"{each.notification_type} {each.drift} {each.action}" for each in told]


def test_a_first_run_and_a_changed_wish_tell_nothing() -> None:
    it = Setting()
    it.run()
    assert it.told == []
    it.wanted = wanted(WantedSubscription("ORDER_CHANGE", "1.0", FILTER))
    it.run()
    assert it.told == []
    assert it.outcome.drifted == []
    assert it.outcome.deleted == 2


def test_what_was_changed_behind_our_back_is_told_once_and_restored() -> None:
    it = Setting()
    it.run()
    it.amazon.held[("A1", "ORDER_CHANGE")].clear()
    it.run()
    assert it.told == ["ORDER_CHANGE missing restoring"]
    assert len(it.outcome.drifted) == 1
    assert it.outcome.created == 1
    it.run()
    assert it.told == []


def test_a_type_is_told_of_although_another_never_succeeds() -> None:
    it = Setting()
    it.run()
    it.wanted = wanted(ORDER, PRICING, WantedSubscription("REFUSED", "1.0"))
    listing = it.amazon.subscriptions

    def subscriptions(seller: SellerGrant, notification_type: str) -> tuple[Subscription, ...]:
        if notification_type == "REFUSED":
            raise errors.UnauthorizedError("getSubscriptions", "no role", status=403)
        return listing(seller, notification_type)

    it.amazon.subscriptions = subscriptions  # type: ignore[method-assign]
    for _ in range(2):
        it.amazon.held[("A1", "ORDER_CHANGE")].clear()
        with pytest.raises(Exception, match="no role"):
            it.run()
        assert it.told == ["ORDER_CHANGE missing restoring"]


def test_lost_answers_and_refusals_within_a_run_tell_nothing_twice() -> None:
    it = Setting()
    it.run()
    it.amazon.held[("A1", "ORDER_CHANGE")].clear()
    lost = iter([errors.OutcomeUnknownError("createSubscription", "lost")])

    def fault(number: int, operation: str, moment: Moment) -> BaseException | None:
        return next(lost, None) if (operation, moment) == ("createSubscription", "after") else None

    it.amazon.fault = fault
    it.run()
    assert it.told == ["ORDER_CHANGE missing restoring"]


def test_another_destinations_in_the_way_is_told_at_every_run_and_only_once_in_each() -> None:
    it = Setting(wanted(ORDER))
    it.amazon.put("A1", "ORDER_CHANGE", row("theirs", "foreign"))
    for _ in range(3):
        it.run()
        assert it.told == ["ORDER_CHANGE other-destination reported"]
        assert it.outcome.blocked == ["ORDER_CHANGE 1.0"]
        assert it.outcome.drifted == []
    assert [item.subscription_id for item in it.amazon.of("A1", "ORDER_CHANGE")] == ["theirs"]


def test_one_that_was_pointed_elsewhere_is_drift_once_and_then_blocks() -> None:
    it = Setting(wanted(ORDER))
    it.run()
    it.amazon.held[("A1", "ORDER_CHANGE")] = [row("theirs", "foreign")]
    it.run()
    assert it.told == ["ORDER_CHANGE other-destination reported"]
    assert len(it.outcome.drifted) == 1
    it.run()
    assert it.told == ["ORDER_CHANGE other-destination reported"]
    assert it.outcome.drifted == []
    it.amazon.held[("A1", "ORDER_CHANGE")].clear()
    it.run()
    assert it.told == []
    assert it.outcome.in_place == 1


def test_its_own_unfinished_work_is_no_drift() -> None:
    """The change was told of and noted before the run was broken off in the middle of mending it."""
    it = Setting(wanted(ORDER))
    it.run()
    it.amazon.held[("A1", "ORDER_CHANGE")] = [row("s2", "ours", directive=FILTER)]
    it.amazon.fault = lambda _, operation, moment: (
        errors.ThrottledError(operation, 5) if operation == "createSubscription" else None
    )
    with pytest.raises(errors.ThrottledError):
        it.run()
    assert it.told == ["ORDER_CHANGE altered restoring"]
    assert it.amazon.of("A1", "ORDER_CHANGE") == []
    it.amazon.fault = no_fault
    it.run()
    assert it.told == []
    assert it.outcome.in_place == 1


def test_what_a_run_creates_between_its_looks_is_no_drift_and_is_settled() -> None:
    amazon, record, told = FakeAmazon(), Record(), list[Finding]()
    outcome = bring_to(amazon, seller(), wanted(ORDER, PRICING), JOB, record, told=told)
    assert amazon.calls.index("createSubscription") < len(amazon.calls) - 2
    assert (told, outcome.drifted, outcome.created) == ([], [], 2)
    assert set(record.settled) == {"ORDER_CHANGE", "PRICING_HEALTH"}


class Wordy(FakeAmazon):
    """Lists what it made with defaults that nobody asked for."""

    def subscriptions(self, seller: SellerGrant, notification_type: str) -> tuple[Subscription, ...]:
        default: dict[str, object] = {"eventFilter": {"aggregationSettings": {"aggregationTimePeriod": "x"}}}
        found = super().subscriptions(seller, notification_type)
        return tuple(replace(item, directive=default) for item in found)


def test_a_directive_that_amazon_lists_in_other_words_is_neither_replaced_daily_nor_drift() -> None:
    """Amazon has no operation that changes a subscription: the one that was made for a wish is right."""
    it = Setting(wanted(ORDER, PRICING))
    it.amazon = Wordy()
    it.run()
    made = copy.deepcopy(it.amazon.held)
    for _ in range(2):
        it.run()
        assert it.told == []
        assert not it.outcome.changed
        assert it.amazon.held == made
    it.wanted = wanted(WantedSubscription("ORDER_CHANGE", "1.0", FILTER), PRICING)
    it.run()
    assert (it.told, it.outcome.deleted, it.outcome.created) == ([], 1, 1)


def test_another_run_after_an_unknown_outcome_does_not_take_its_own_for_altered() -> None:
    it = Setting(wanted(ORDER, WantedSubscription("ORDER_CHANGE", "2.0")))
    it.amazon = Wordy()
    creations = iter([None, errors.OutcomeUnknownError("createSubscription", "lost")])

    def fault(number: int, operation: str, moment: Moment) -> BaseException | None:
        return next(creations, None) if (operation, moment) == ("createSubscription", "before") else None

    it.amazon.fault = fault
    it.run()
    assert (it.outcome.created, it.outcome.deleted) == (2, 0)

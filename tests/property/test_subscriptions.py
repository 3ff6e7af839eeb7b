"""From any state to the wanted one; then nothing; and through every interruption all the same."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sellerbus.api.errors import OutcomeUnknownError
from sellerbus.api.notifications import Subscription
from sellerbus.notifications.jobs import SellerJob
from sellerbus.notifications.outcome import Outcome
from sellerbus.notifications.seller_record import Record
from sellerbus.notifications.wanted import (
    EVENT_BRIDGE,
    KEEP,
    REPLACE,
    SQS,
    Destinations,
    Wanted,
    WantedSubscription,
    canonical,
)
from tests.unit.subscriptions.fake_amazon import (
    FakeAmazon,
    Fault,
    KilledError,
    Moment,
    kill_at,
    no_fault,
    seller,
)
from tests.unit.subscriptions.runs import bring_to

OURS, BRIDGE, OLD, FOREIGN = "ours", "bridge", "old", "foreign"
DESTINATIONS = Destinations(OURS, BRIDGE)
TYPES = ("ORDER_CHANGE", "PRICING_HEALTH", "RETIRED")
JOB = SellerJob("A1", retired_types=("RETIRED",), retired_destination_ids=(OLD,))

versions = st.sampled_from(["1.0", "2.0"])
directives = st.sampled_from(
    [
        None,
        {},
        {"eventFilter": {"eventFilterType": "ORDER_CHANGE", "marketplaceIds": ["A", "B"]}},
        {"eventFilter": {"marketplaceIds": ["B", "A"], "eventFilterType": "ORDER_CHANGE"}},
        {"eventFilter": {"eventFilterType": "ORDER_CHANGE", "marketplaceIds": ["A"]}},
        {"filterExpression": "a == 1"},
        {"filterExpression": "b == 2"},
    ]
)
vias = st.sampled_from([SQS, EVENT_BRIDGE])
held_rows = st.lists(
    st.tuples(versions, st.sampled_from([OURS, BRIDGE, OLD, FOREIGN]), directives), max_size=5
)


@st.composite
def amazons(draw: st.DrawFn) -> FakeAmazon:
    amazon = FakeAmazon(side_by_side=draw(st.booleans()))
    for name in TYPES:
        for index, (version, destination, directive) in enumerate(draw(held_rows)):
            amazon.put("A1", name, Subscription(f"{name}-{index}", version, destination, directive))
    return amazon


@st.composite
def wanteds(draw: st.DrawFn, policy: str = REPLACE) -> Wanted:
    rows = draw(
        st.lists(
            st.builds(WantedSubscription, st.sampled_from(TYPES[:2]), versions, directives, vias),
            max_size=4,
            # One per type and version: what Amazon takes in any case.
            unique_by=lambda row: (row.notification_type, row.payload_version),
        )
    )
    return Wanted(DESTINATIONS, policy, tuple(rows))


def run(amazon: FakeAmazon, wanted: Wanted) -> Outcome:
    return bring_to(amazon, seller(), wanted, JOB, Record())


def ours(amazon: FakeAmazon, name: str) -> list[tuple[str, str, str]]:
    return sorted(
        (row.payload_version, canonical(row.directive), row.destination_id)
        for row in amazon.of("A1", name)
        if row.destination_id != FOREIGN
    )


def assert_as_wanted(amazon: FakeAmazon, wanted: Wanted) -> None:
    for name in (*wanted.types, "RETIRED"):
        assert ours(amazon, name) == sorted(
            (row.payload_version, canonical(row.directive), wanted.destinations.of(row))
            for row in wanted.of_type(name)
        )


@given(amazon=amazons(), wanted=wanteds())
def test_any_start_reaches_the_wanted_state_and_stays_there(amazon: FakeAmazon, wanted: Wanted) -> None:
    outcome = run(amazon, wanted)
    assert_as_wanted(amazon, wanted)
    assert outcome.in_place == len(wanted.subscriptions)

    amazon.calls.clear()
    again = run(amazon, wanted)
    assert amazon.changes == []
    assert not again.changed
    assert again.in_place == len(wanted.subscriptions)


@given(
    amazon=amazons(), wanted=wanteds(), number=st.integers(0, 25), moment=st.sampled_from(["before", "after"])
)
def test_an_interrupted_run_is_completed_by_the_next(
    amazon: FakeAmazon, wanted: Wanted, number: int, moment: Moment
) -> None:
    amazon.fault = kill_at(number, moment)
    with contextlib.suppress(KilledError):
        run(amazon, wanted)
    amazon.fault = no_fault
    run(amazon, wanted)
    assert_as_wanted(amazon, wanted)
    amazon.calls.clear()
    run(amazon, wanted)
    assert amazon.changes == []


@given(
    amazon=amazons(),
    wanted=wanteds(),
    lost=st.lists(st.sampled_from([None, "before", "after"]), max_size=3).filter(
        lambda it: it.count(None) < 3
    ),
)
def test_lost_answers_of_creations_are_settled_by_looking(
    amazon: FakeAmazon, wanted: Wanted, lost: list[Moment | None]
) -> None:
    """The first creations lose their answers, before or after they were carried out."""
    script = iter(lost)
    moments: dict[int, Moment | None] = {}

    def fault(number: int, operation: str, moment: Moment) -> BaseException | None:
        if operation != "createSubscription":
            return None
        if number not in moments or moment == "before":
            moments[number] = next(script, None)
        return OutcomeUnknownError(operation, "the answer was lost") if moments[number] == moment else None

    amazon.fault = fault
    run(amazon, wanted)
    assert_as_wanted(amazon, wanted)


@given(amazon=amazons(), wanted=wanteds(policy=KEEP))
def test_keep_touches_nothing_of_others_and_reports_it(amazon: FakeAmazon, wanted: Wanted) -> None:
    def others() -> list[Subscription]:
        return [row for name in TYPES for row in amazon.of("A1", name) if row.destination_id == FOREIGN]

    before = others()
    outcome = run(amazon, wanted)
    assert others() == before
    assert outcome.in_place + len(outcome.blocked) == len(wanted.subscriptions)
    looked_at = {*wanted.types, "RETIRED"}
    assert len(outcome.foreign) == sum(
        1 for name in looked_at for row in amazon.of("A1", name) if row.destination_id == FOREIGN
    )


@given(amazon=amazons(), wanted=wanteds())
def test_replace_deletes_of_others_only_what_is_in_the_way(amazon: FakeAmazon, wanted: Wanted) -> None:
    before = {name: list(amazon.of("A1", name)) for name in TYPES}
    run(amazon, wanted)
    for name in TYPES:
        versions_wanted = {row.payload_version for row in wanted.of_type(name)}
        for row in before[name]:
            if row.destination_id == FOREIGN and row.payload_version not in versions_wanted:
                assert row in amazon.of("A1", name)


@given(amazon=amazons(), wanted=wanteds())
def test_clearing_leaves_only_others(amazon: FakeAmazon, wanted: Wanted) -> None:
    everything = Wanted(DESTINATIONS, REPLACE, tuple(WantedSubscription(name, "1.0") for name in TYPES))
    run(amazon, wanted)
    foreign = [row for name in TYPES for row in amazon.of("A1", name) if row.destination_id == FOREIGN]
    bring_to(amazon, seller(), everything, JOB, Record(), clear=True)
    assert [row for name in TYPES for row in amazon.of("A1", name)] == foreign


@given(wanted=wanteds(), number=st.integers(0, 12), moment=st.sampled_from(["before", "after"]))
def test_another_version_is_there_before_the_old_one_goes(
    wanted: Wanted, number: int, moment: Moment
) -> None:
    """A run killed anywhere leaves a subscription to us wherever there was one of another version."""
    amazon = FakeAmazon()
    for name in TYPES[:2]:
        amazon.put("A1", name, Subscription(f"{name}-old", "0.9", OURS))
    amazon.fault = kill_at(number, moment)
    with contextlib.suppress(KilledError):
        run(amazon, wanted)
    for name in wanted.types:
        assert amazon.of("A1", name)


def test_the_fault_hook_itself_can_kill() -> None:
    fault: Fault = kill_at(0, "before")
    with pytest.raises(KilledError):
        run(
            FakeAmazon(fault=fault),
            Wanted(DESTINATIONS, REPLACE, (WantedSubscription("ORDER_CHANGE", "1.0"),)),
        )

"""What the plan for one type says, with its reasons; and how the wanted subscriptions are read."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from sellerbus.api.notifications import Subscription
from sellerbus.notifications.subscriptions import Create, Delete, TypePlan, plan_type
from sellerbus.notifications.wanted import (
    EVENT_BRIDGE,
    KEEP,
    REPLACE,
    Destinations,
    WantedError,
    WantedSubscription,
    canonical,
    parse_wanted,
)

ORDER = WantedSubscription("ORDER_CHANGE", "1.0")
FILTER = {"eventFilter": {"eventFilterType": "ORDER_CHANGE", "marketplaceIds": ["A", "B"]}}


def plan(
    actual: list[Subscription],
    wanted: list[WantedSubscription] | None = None,
    *,
    own: frozenset[str] = frozenset({"ours"}),
    untouchable: frozenset[str] = frozenset(),
    policy: str = REPLACE,
    strict: bool = False,
) -> TypePlan:
    return plan_type(
        "ORDER_CHANGE",
        [ORDER] if wanted is None else wanted,
        actual,
        destinations=Destinations("ours", "bridge"),
        own_subscription_ids=frozenset(item.subscription_id for item in actual if item.destination_id in own),
        untouchable=untouchable,
        existing_subscriptions=policy,
        strict=strict,
    )


def row(name: str, destination: str = "ours", version: str = "1.0", **directive: object) -> Subscription:
    return Subscription(name, version, destination, directive or None)


def steps(it: TypePlan) -> list[str]:
    return [
        f"delete {step.subscription.subscription_id}"
        if isinstance(step, Delete)
        else f"create {step.wanted.payload_version}"
        for step in it.steps
    ]


def test_each_row_is_held_against_the_destination_of_its_kind() -> None:
    bridge = [WantedSubscription("ORDER_CHANGE", "1.0", via=EVENT_BRIDGE)]
    assert plan([row("s1", "bridge")], bridge).kept == (row("s1", "bridge"),)
    own = frozenset({"ours", "bridge"})
    assert steps(plan([row("s1", "bridge")], own=own)) == ["delete s1", "create 1.0"]
    assert steps(plan([row("s1", "ours")], bridge, own=own)) == ["delete s1", "create 1.0"]


def test_missing_is_created() -> None:
    assert plan([]).steps == (Create(ORDER, "is missing"),)


def test_as_wanted_is_kept() -> None:
    it = plan([row("s1")])
    assert it.steps == ()
    assert it.kept == (row("s1"),)


def test_another_destination_of_ours_is_replaced() -> None:
    it = plan([row("s1", "old")], own=frozenset({"old", "ours"}), policy=KEEP)
    assert steps(it) == ["delete s1", "create 1.0"]
    assert isinstance(it.steps[0], Delete)
    assert "destination old" in it.steps[0].reason


def test_another_directive_is_replaced() -> None:
    wanted = [WantedSubscription("ORDER_CHANGE", "1.0", FILTER)]
    it = plan([row("s1")], wanted)
    assert steps(it) == ["delete s1", "create 1.0"]
    assert isinstance(it.steps[0], Delete)
    assert "processingDirective" in it.steps[0].reason


def test_another_version_is_created_first() -> None:
    assert steps(plan([row("s1", version="0.9")])) == ["create 1.0", "delete s1"]


def test_foreign_in_the_way_is_replaced_or_kept_as_told() -> None:
    assert steps(plan([row("s1", "foreign")], strict=True)) == ["delete s1", "create 1.0"]
    kept = plan([row("s1", "foreign")], policy=KEEP, strict=True)
    assert kept.steps == ()
    assert kept.blocked == (ORDER,)
    assert kept.foreign == (row("s1", "foreign"),)


@pytest.mark.parametrize("policy", [KEEP, REPLACE])
def test_a_foreign_one_is_not_in_the_way_until_amazon_says_so(policy: str) -> None:
    it = plan([row("s1", "foreign")], policy=policy)
    assert steps(it) == ["create 1.0"]
    assert it.foreign == (row("s1", "foreign"),)


def test_what_cannot_be_deleted_blocks_and_nothing_else_is_deleted_for_it() -> None:
    it = plan(
        [row("s1", "foreign"), row("s2", "foreign", filterExpression="a")],
        strict=True,
        untouchable=frozenset({"s1"}),
    )
    assert it.steps == ()
    assert it.blocked == (ORDER,)


def test_foreign_in_nobodys_way_is_left_alone() -> None:
    it = plan([row("s1", "foreign", "0.9")])
    assert steps(it) == ["create 1.0"]
    assert it.foreign == (row("s1", "foreign", "0.9"),)


def test_no_longer_wanted_is_deleted_but_never_a_foreign_one() -> None:
    it = plan([row("s1"), row("s2", "foreign")], wanted=[])
    assert steps(it) == ["delete s1"]


def test_duplicates_go_and_the_same_one_stays_every_time() -> None:
    one, two = row("s1", filterExpression="a"), row("s2", filterExpression="a")
    wanted = [WantedSubscription("ORDER_CHANGE", "1.0", {"filterExpression": "a"})]
    assert steps(plan([one, two], wanted)) == steps(plan([two, one], wanted)) == ["delete s2"]


def test_filter_expressions_stand_side_by_side_until_amazon_refuses() -> None:
    foreign = row("s1", "foreign", filterExpression="a")
    assert steps(plan([foreign])) == ["create 1.0"]
    assert steps(plan([foreign], strict=True)) == ["delete s1", "create 1.0"]
    assert plan([foreign], strict=True, policy=KEEP).blocked == (ORDER,)


def test_keep_first_clears_its_own_out_of_the_way() -> None:
    ours, foreign = row("s1", filterExpression="a"), row("s2", "foreign", filterExpression="b")
    it = plan([ours, foreign], strict=True, policy=KEEP)
    assert steps(it) == ["delete s1", "create 1.0"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, {}),
        (None, {"eventFilter": {}}),
        (None, {"eventFilter": {"marketplaceIds": []}}),
        ({"eventFilter": {"marketplaceIds": ["A", "B"]}}, {"eventFilter": {"marketplaceIds": ["B", "A"]}}),
        (
            {"eventFilter": {"orderChangeTypes": ["X", "Y"]}},
            {"eventFilter": {"orderChangeTypes": ["Y", "X"]}},
        ),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"eventFilter": {"aggregationSettings": None, "x": 1}}, {"eventFilter": {"x": 1}}),
    ],
)
def test_directives_that_mean_the_same(one: dict[str, object] | None, other: dict[str, object]) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, {"filterExpression": "a"}),
        ({"filterExpression": "a"}, {"filterExpression": "b"}),
        ({"eventFilter": {"marketplaceIds": ["A"]}}, {"eventFilter": {"marketplaceIds": ["A", "B"]}}),
        ({"x": [1, 2]}, {"x": [2, 1]}),
        ({"x": False}, None),
    ],
)
def test_directives_that_differ(one: dict[str, object] | None, other: dict[str, object] | None) -> None:
    assert canonical(one) != canonical(other)


def document(**changes: object) -> str:
    whole: dict[str, object] = {
        "destinations": {"sqs": "d1", "eventBridge": "d2"},
        "existingSubscriptions": "keep",
        "subscriptions": [
            {"notificationType": "ORDER_CHANGE", "payloadVersion": "1.0", "processingDirective": FILTER},
            {"notificationType": "PRICING_HEALTH", "payloadVersion": "1.0", "via": "eventBridge"},
        ],
    }
    return json.dumps(whole | changes)


def test_the_wanted_are_read() -> None:
    wanted = parse_wanted(document())
    assert (wanted.destinations, wanted.existing_subscriptions) == (Destinations("d1", "d2"), "keep")
    assert wanted.types == ("ORDER_CHANGE", "PRICING_HEALTH")
    assert wanted.of_type("ORDER_CHANGE") == (WantedSubscription("ORDER_CHANGE", "1.0", FILTER),)
    assert [wanted.destinations.of(row) for row in wanted.subscriptions] == ["d1", "d2"]


def test_without_event_bridge_types_there_is_one_destination() -> None:
    rows = [{"notificationType": "X", "payloadVersion": "1"}]
    wanted = parse_wanted(document(destinations={"sqs": "d1"}, subscriptions=rows))
    assert wanted.destinations.ids == ("d1",)
    assert parse_wanted(document()).destinations.ids == ("d1", "d2")


def test_an_own_list_of_types_leaves_the_others_out() -> None:
    wanted = parse_wanted(document())
    assert wanted.limited_to(None) == wanted
    own = wanted.limited_to(("PRICING_HEALTH", "NOT_CONFIGURED"))
    assert own.types == ("PRICING_HEALTH",)
    assert own.destinations == wanted.destinations


def test_the_digest_tells_what_is_wanted_apart_and_nothing_else() -> None:
    wanted = parse_wanted(document())
    digest = wanted.digest_of("ORDER_CHANGE")
    others = replace(wanted, destinations=Destinations("d1", "d3"), existing_subscriptions=REPLACE)
    assert wanted.limited_to(("ORDER_CHANGE",)).digest_of("ORDER_CHANGE") == digest
    assert others.digest_of("ORDER_CHANGE") == digest, "its own destination is the same"

    def changed(**changes: Any) -> str:
        rows = tuple(replace(row, **changes) for row in wanted.subscriptions)
        return replace(wanted, subscriptions=rows).digest_of("ORDER_CHANGE")

    differing = [
        digest,
        replace(wanted, destinations=Destinations("d0", "d2")).digest_of("ORDER_CHANGE"),
        replace(wanted, subscriptions=(*wanted.subscriptions, ORDER)).digest_of("ORDER_CHANGE"),
        changed(directive=None),
        changed(via=EVENT_BRIDGE),
        changed(payload_version="9"),
        wanted.digest_of("NOT_WANTED"),
    ]
    assert len(set(differing)) == len(differing)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("{", "not JSON"),
        ("[]", "the wanted subscriptions is missing or not a JSON object"),
        (document(destinations=None), "destinations is missing or not a JSON object"),
        (document(destinations={"sqs": ""}), "destinations.sqs"),
        (document(destinations={"sqs": "d1", "eventBridge": 1}), "destinations.eventBridge"),
        (document(destinations={"sqs": "d1", "kafka": "d2"}), r"destinations\.kafka is not known"),
        (document(destinationId="d1"), "destinationId is not known: allowed are destinations, existing"),
        (document(destinations={"sqs": "d1"}), r"subscriptions\[1\].via is 'eventBridge', but destinations"),
        (
            document(subscriptions=[{"notificationType": "X", "payloadVersion": "1", "via": "kafka"}]),
            r"subscriptions\[0\].via is 'kafka': allowed are 'sqs' and 'eventBridge'",
        ),
        (
            document(subscriptions=[{"notificationType": "X", "payloadVersion": "1", "filter": {}}]),
            r"subscriptions\[0\].filter is not known",
        ),
        (document(existingSubscriptions="maybe"), "'maybe': allowed are 'replace' and 'keep'"),
        (document(subscriptions=None), "subscriptions is not a list"),
        (document(subscriptions=["x"]), r"subscriptions\[0\] is missing or not a JSON object"),
        (document(subscriptions=[{"notificationType": "X"}]), r"subscriptions\[0\].payloadVersion"),
        (
            document(
                subscriptions=[{"notificationType": "X", "payloadVersion": "1", "processingDirective": "y"}]
            ),
            "processingDirective",
        ),
    ],
)
def test_unusable_wanted_say_where(text: str, where: str) -> None:
    with pytest.raises(WantedError, match=where):
        parse_wanted(text)


def test_one_that_is_trusted_fits_only_where_nothing_else_is_wanted_in_its_place() -> None:
    first = WantedSubscription("ORDER_CHANGE", "1.0", {"filterExpression": "a"})
    second = WantedSubscription("ORDER_CHANGE", "1.0", {"filterExpression": "b"})
    listed = Subscription("s1", "1.0", "ours", {"filterExpression": "a "})

    def steps(*rows: WantedSubscription, trusted: str = "s1") -> int:
        plan = plan_type(
            "ORDER_CHANGE",
            rows,
            [listed],
            destinations=Destinations("ours"),
            own_subscription_ids=frozenset({"s1"}),
            trusted=frozenset({trusted}),
        )
        return len(plan.steps)

    assert steps(first) == 0
    assert steps(first, trusted="s2") == 2
    assert steps(first, second) == 3

"""What the inspector answers: plans as a run would make them, refusals as data; it changes nothing."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sellerbus.api import errors
from sellerbus.api.notifications import Destination, EventBridgeResource, Subscription
from sellerbus.notifications import dry_run, inspection_documents
from sellerbus.notifications.jobs import SellerJob
from sellerbus.notifications.seller_record import Record
from sellerbus.notifications.subscriptions import Delete
from sellerbus.notifications.wanted import KEEP, REPLACE, Destinations, Wanted, WantedSubscription
from sellerbus.sellers.registry import UnreadableTokenError
from tests.unit.inspection.looking import ORDERS, PRICES, SELLER, Looking, subscription
from tests.unit.subscriptions.fake_amazon import FakeAmazon, seller
from tests.unit.subscriptions.fake_registry import row
from tests.unit.subscriptions.runs import bring_to


@pytest.fixture
def it() -> Looking:
    return Looking()


def set_status(it: Looking, status: str) -> None:
    it.registry.rows[SELLER] = row(SELLER, status)


def test_what_is_missing_would_be_created(it: Looking) -> None:
    it.amazon.held[PRICES] = [subscription("sub-1")]
    answer = it.ask("subscriptions", sellerId=SELLER)
    assert answer == {
        "sellerId": SELLER,
        "region": "na",
        "status": "active",
        "working": False,
        "plan": [
            {
                "notificationType": ORDERS,
                "steps": [
                    {
                        "action": "create",
                        "payloadVersion": "1.0",
                        "subscriptionId": None,
                        "destinationId": "ours",
                        "reason": "is missing",
                        "refusedBecauseOf": None,
                    }
                ],
                "kept": [],
                "foreign": [],
                "blocked": [],
            },
            {
                "notificationType": PRICES,
                "steps": [],
                "kept": [
                    {
                        "subscriptionId": "sub-1",
                        "payloadVersion": "1.0",
                        "destinationId": "ours",
                        "processingDirective": None,
                    }
                ],
                "foreign": [],
                "blocked": [],
            },
        ],
        "actual": [
            {
                "notificationType": PRICES,
                "subscriptionId": "sub-1",
                "payloadVersion": "1.0",
                "destinationId": "ours",
                "ours": True,
                "processingDirective": None,
            }
        ],
    }


def test_what_is_outdated_or_anothers_is_told_apart(it: Looking) -> None:
    it.amazon.held[ORDERS] = [
        subscription("sub-1"),
        subscription("sub-2", version="0.9"),
        subscription("sub-3", destination="theirs"),
    ]
    plan = it.plan()[ORDERS]
    assert [(step["action"], step["subscriptionId"]) for step in plan["steps"]] == [("delete", "sub-2")]
    assert [item["subscriptionId"] for item in plan["foreign"]] == ["sub-3"]
    answer = it.ask("subscriptions", sellerId=SELLER)
    assert {item["subscriptionId"]: item["ours"] for item in answer["actual"]} == {
        "sub-1": True, "sub-2": True, "sub-3": False,
    }  # fmt: skip


def test_what_was_refused_the_last_time_is_told(it: Looking) -> None:
    it.states.records[SELLER] = Record(blocked={f"{ORDERS} 1.0"}, application="application-1")
    # Whatever kept it out is gone.
    assert it.plan()[ORDERS]["blocked"] == []
    it.amazon.held[ORDERS] = [subscription("sub-3", destination="theirs")]
    plan = it.plan()[ORDERS]
    assert plan["blocked"] == ["1.0"]
    assert plan["steps"][0]["reason"] == "is missing; Amazon refused it the last time, because of sub-3"
    assert plan["steps"][0]["refusedBecauseOf"] == "sub-3"


def test_one_that_another_stands_in_the_place_of_will_probably_be_refused(it: Looking) -> None:
    it.amazon.held[ORDERS] = [subscription("sub-3", destination="theirs")]
    (step,) = it.plan()[ORDERS]["steps"]
    assert step["reason"] == "is missing; sub-3 stands in its place: Amazon will probably refuse"
    assert step["refusedBecauseOf"] == "sub-3"
    assert it.plan()[PRICES]["steps"][0]["refusedBecauseOf"] is None
    # There it would be replaced.
    it.wanted = replace(it.wanted, existing_subscriptions=REPLACE)
    (step,) = it.plan()[ORDERS]["steps"]
    assert (step["reason"], step["refusedBecauseOf"]) == ("is missing", None)


def test_one_that_may_stand_beside_it_speaks_against_nothing(it: Looking) -> None:
    filtered = {"filterExpression": {"x": 1}}
    it.amazon.held[ORDERS] = [replace(subscription("sub-3", destination="theirs"), directive=filtered)]
    assert it.plan()[ORDERS]["steps"][0]["reason"] == "is missing"
    it.amazon.held[ORDERS] = [subscription("sub-3", destination="theirs", version="0.9")]
    assert it.plan()[ORDERS]["steps"][0]["reason"] == "is missing"


def test_one_that_is_wanted_and_was_lost_is_made_anew_and_not_deleted(it: Looking) -> None:
    it.states.records[SELLER] = Record(subscriptions={(ORDERS, "lost")}, application="application-1")
    assert [step["action"] for step in it.plan()[ORDERS]["steps"]] == ["create"]


def test_one_on_record_is_ours_wherever_it_points(it: Looking) -> None:
    it.amazon.held[ORDERS] = [subscription("sub-1", destination="theirs")]
    it.states.records[SELLER] = Record(subscriptions={(ORDERS, "sub-1")}, application="application-1")
    answer = it.ask("subscriptions", sellerId=SELLER)
    assert answer["actual"][0]["ours"] is True


def test_a_type_that_is_no_longer_wanted_goes(it: Looking) -> None:
    it.amazon.held["FEE_PROMOTION"] = [subscription("sub-9")]
    it.states.records[SELLER] = Record(types={"FEE_PROMOTION"}, application="application-1")
    (step,) = it.plan()["FEE_PROMOTION"]["steps"]
    assert (step["action"], step["subscriptionId"], step["reason"]) == (
        "delete", "sub-9", "is no longer wanted",
    )  # fmt: skip


def test_an_own_list_wants_no_other_type(it: Looking) -> None:
    it.registry.rows[SELLER] = replace(row(SELLER), notification_types=(ORDERS,))
    assert set(it.plan()) == {ORDERS}


@pytest.mark.parametrize("status", ["paused", "removing"])
def test_who_is_paused_or_removed_would_have_everything_deleted(it: Looking, status: str) -> None:
    set_status(it, status)
    it.amazon.held[ORDERS] = [subscription("sub-1"), subscription("sub-3", destination="theirs")]
    it.states.records[SELLER] = Record(
        types={ORDERS}, subscriptions={(ORDERS, "sub-1"), (ORDERS, "sub-2")}, application="application-1"
    )
    plan = it.plan()[ORDERS]
    # One that Amazon doesn't list is deleted by what is on record.
    assert [(step["action"], step["subscriptionId"]) for step in plan["steps"]] == [
        ("delete", "sub-1"),
        ("delete", "sub-2"),
    ]
    assert [item["subscriptionId"] for item in plan["foreign"]] == ["sub-3"]


@pytest.mark.parametrize(("until", "working"), [(1001.0, True), (999.0, False)])
def test_says_that_a_run_is_at_work(it: Looking, until: float, working: bool) -> None:
    it.states.busy_until = until
    assert it.ask("subscriptions", sellerId=SELLER)["working"] is working


def test_further_types_are_listed_and_not_planned(it: Looking) -> None:
    it.amazon.held["FEE_PROMOTION"] = [subscription("sub-9", destination="theirs")]
    answer = it.ask("subscriptions", sellerId=SELLER, notificationTypes=["FEE_PROMOTION", ORDERS])
    assert [item["notificationType"] for item in answer["plan"]] == [ORDERS, PRICES]
    assert [item["subscriptionId"] for item in answer["actual"]] == ["sub-9"]
    assert it.amazon.listed == [ORDERS, PRICES, "FEE_PROMOTION"]


def test_one_type_that_amazon_refuses_to_list_hides_no_other(it: Looking) -> None:
    it.amazon.faults[ORDERS] = errors.UnauthorizedError("getSubscriptions", "no role", status=403)
    it.amazon.held[PRICES] = [subscription("sub-1")]
    plan = it.plan()
    assert plan[ORDERS]["steps"] == []
    assert "403" in plan[ORDERS]["error"]
    assert len(plan[PRICES]["kept"]) == 1


REFUSALS = [
    (errors.ThrottledError("getSubscriptions", 6.2), {"kind": "throttled", "seconds": 7}),
    (errors.OutOfTimeError("getSubscriptions", "no time"), {"kind": "retryable"}),
    (errors.RetryableError("getSubscriptions", "503"), {"kind": "retryable"}),
    (errors.AuthorizationRevokedError("LWA token", "invalid_grant Atzr|abc"), {"kind": "revoked"}),
    (errors.CredentialsError("LWA token", "invalid_client"), {"kind": "permanent"}),
]


@pytest.mark.parametrize(("fault", "expected"), REFUSALS, ids=lambda value: type(value).__name__)
def test_what_amazon_refuses_is_an_answer(
    it: Looking, fault: errors.SellingPartnerError, expected: dict[str, Any]
) -> None:
    for faults in ({ORDERS: fault}, {PRICES: fault}):
        it.amazon.faults = dict(faults)
        answer = it.ask("subscriptions", sellerId=SELLER)
        assert {key: answer["error"].get(key) for key in expected} == expected
        assert "Atzr|" not in json.dumps(answer)


def test_listings_that_cannot_be_booked_are_throttled(it: Looking) -> None:
    it.amazon.booking_fault = errors.ThrottledError("getSubscriptions", 30.0)
    assert it.ask("subscriptions", sellerId=SELLER)["error"]["seconds"] == 30
    assert it.amazon.listed == []


@pytest.mark.parametrize(
    ("status", "kind", "what"),
    [("revoked", "revoked", "add A1SELLER again"), ("mystery", "permanent", "unknown status 'mystery'")],
)
def test_for_whom_nothing_can_be_listed_amazon_is_not_asked(
    it: Looking, status: str, kind: str, what: str
) -> None:
    set_status(it, status)
    error = it.ask("subscriptions", sellerId=SELLER)["error"]
    assert error["kind"] == kind
    assert what in error["message"]
    assert it.amazon.listed == []


def test_a_seller_that_is_not_there(it: Looking) -> None:
    assert it.ask("subscriptions", sellerId="ANOBODY")["error"]["kind"] == "unknown-seller"


def test_with_another_applications_credentials_nobody_is_listed(it: Looking) -> None:
    it.states.records[SELLER] = Record(types={ORDERS}, application="application-0")
    error = it.ask("subscriptions", sellerId=SELLER)["error"]
    assert error["kind"] == "permanent"
    assert "application-0" in error["message"]
    assert it.amazon.listed == []


def test_a_stack_that_is_being_deleted_says_so(it: Looking) -> None:
    it.states.records[SELLER] = Record(closed=True)
    assert "being deleted" in it.ask("subscriptions", sellerId=SELLER)["error"]["message"]


def test_a_token_that_cannot_be_read_is_an_answer(it: Looking) -> None:
    it.amazon.faults[ORDERS] = UnreadableTokenError("the refresh token cannot be decrypted")
    assert it.ask("subscriptions", sellerId=SELLER)["error"]["kind"] == "permanent"


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"request": "sellers"},
        {"request": ["subscriptions"]},
        {"request": "subscriptions"},
        {"request": "subscriptions", "sellerId": SELLER, "notificationTypes": "ORDER_CHANGE"},
        {"request": "subscriptions", "sellerId": SELLER, "notificationTypes": [1]},
        {"request": "destination"},
    ],
)
def test_what_is_no_question_is_answered_and_amazon_not_asked(it: Looking, request_: dict[str, Any]) -> None:
    name = request_.pop("request", None)
    answer = it.ask(name, **request_)
    assert answer["error"]["kind"] == "permanent"
    assert it.amazon.listed == []


def test_a_defect_is_no_answer(it: Looking) -> None:
    it.amazon.faults[ORDERS] = ZeroDivisionError("ours")
    with pytest.raises(ZeroDivisionError):
        it.ask("subscriptions", sellerId=SELLER)


QUEUE = Destination("ours", "sellerbus", queue_arn="arn:aws:sqs:us-east-1:1:queue")
BRIDGE = Destination(
    "ours-bridge", "bridge", event_bridge=EventBridgeResource("aws.partner/x", "1" * 12, "us-east-1")
)
OTHER = Destination("theirs", "of a kind that Amazon may add")


def test_destinations_of_every_kind(it: Looking) -> None:
    it.amazon.destination_rows = [QUEUE, BRIDGE, OTHER]
    answer = it.ask("destinations")
    assert answer["destinations"] == [
        {
            "destinationId": "ours",
            "name": "sellerbus",
            "kind": "sqs",
            "resource": {"sqs": {"arn": "arn:aws:sqs:us-east-1:1:queue"}},
            "ours": True,
        },
        {
            "destinationId": "ours-bridge",
            "name": "bridge",
            "kind": "eventBridge",
            "resource": {
                "eventBridge": {"name": "aws.partner/x", "accountId": "1" * 12, "region": "us-east-1"}
            },
            "ours": True,
        },
        {"destinationId": "theirs", "name": OTHER.name, "kind": "unknown", "resource": {}, "ours": False},
    ]
    one = it.ask("destination", destinationId="ours-bridge")
    assert one["destination"] == answer["destinations"][1]


def test_a_destination_that_is_not_there(it: Looking) -> None:
    it.amazon.faults["destination"] = errors.NotFoundError("getDestination", "none", status=404)
    assert it.ask("destination", destinationId="none")["error"]["kind"] == "not-found"


TEST: dict[str, Any] = {"notificationType": ORDERS, "testScenario": "ANY"}


def test_a_test_notification_goes_to_the_configured_destination(it: Looking) -> None:
    it.sandbox = True
    it.wanted = replace(it.wanted, subscriptions=(WantedSubscription(ORDERS, "1.0", via="eventBridge"),))
    assert it.ask("test-notification", **TEST) == {
        "sent": True, "payloadVersion": "1.0", "destinationId": "ours-bridge",
    }  # fmt: skip
    assert it.amazon.sent == [
        {
            "destination_id": "ours-bridge",
            "notification_type": ORDERS,
            "payload_version": "1.0",
            "scenario": "ANY",
        }
    ]


def test_a_type_that_is_not_configured_needs_all_of_it_named(it: Looking) -> None:
    it.sandbox = True
    given = {**TEST, "notificationType": "FEE_PROMOTION"}
    assert "not configured" in it.ask("test-notification", **given)["error"]["message"]
    it.ask("test-notification", **given, payloadVersion="2.0", destinationId="other")
    assert [(each["payload_version"], each["destination_id"]) for each in it.amazon.sent] == [
        ("2.0", "other")
    ]


def test_several_configured_versions_ask_for_one(it: Looking) -> None:
    it.sandbox = True
    rows = (WantedSubscription(ORDERS, "1.0"), WantedSubscription(ORDERS, "2.0"))
    it.wanted = replace(it.wanted, subscriptions=rows)
    assert "several payloadVersions" in it.ask("test-notification", **TEST)["error"]["message"]
    assert it.ask("test-notification", **TEST, payloadVersion="2.0")["payloadVersion"] == "2.0"


def test_outside_of_the_sandbox_none_is_sent(it: Looking) -> None:
    assert it.ask("test-notification", **TEST)["error"]["kind"] == "not-sandbox"
    assert it.amazon.sent == []


def test_a_test_of_unknown_outcome_is_not_to_be_repeated_unasked(it: Looking) -> None:
    it.sandbox = True
    it.amazon.faults["test"] = errors.OutcomeUnknownError("sendTestNotification", "no complete answer")
    assert it.ask("test-notification", **TEST)["error"]["kind"] == "permanent"


def test_an_answer_that_lambda_would_refuse_is_cut_and_says_so(
    it: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    it.amazon.held[ORDERS] = [subscription(f"sub-{number}", "theirs") for number in range(300)]
    it.amazon.held[PRICES] = [subscription("sub-p")]
    whole = it.ask("subscriptions", sellerId=SELLER)
    assert "cut" not in whole
    monkeypatch.setattr(inspection_documents, "MOST_ANSWER_BYTES", 20_000)
    cut = it.ask("subscriptions", sellerId=SELLER)
    assert cut["cut"] is True
    assert len(json.dumps(cut)) < 20_000
    # The types are all there, and what is to be done for the others.
    assert [item["notificationType"] for item in cut["plan"]] == [ORDERS, PRICES]
    assert cut["plan"][1] == whole["plan"][1]


OURS, FOREIGN = "ours", "foreign"
versions = st.sampled_from(["1.0", "2.0"])
directives = st.sampled_from([None, {"filterExpression": "a == 1"}, {"filterExpression": "b == 2"}])
held = st.lists(st.tuples(versions, st.sampled_from([OURS, FOREIGN]), directives), max_size=4)
wanteds = st.lists(
    st.builds(WantedSubscription, st.sampled_from([ORDERS, PRICES]), versions, directives),
    max_size=3,
    unique_by=lambda item: (item.notification_type, item.payload_version),
)


def among_ours(one: Subscription, other: Subscription) -> bool:
    """Another application's subscriptions exclude nothing here: only a refusal could change the plan."""
    return FOREIGN not in (one.destination_id, other.destination_id)


@dataclass
class Recording(FakeAmazon):
    steps: list[tuple[str, str, str]] = field(default_factory=list)

    def create_subscription(self, *given: Any, **more: Any) -> Subscription:
        self.steps.append(("create", given[1], more["payload_version"]))
        return super().create_subscription(*given, **more)

    def delete_subscription(self, notification_type: str, subscription_id: str) -> None:
        self.steps.append(("delete", notification_type, subscription_id))
        super().delete_subscription(notification_type, subscription_id)


@given(
    rows=st.fixed_dictionaries({ORDERS: held, PRICES: held, "RETIRED": held}),
    wanted=wanteds,
    recorded=st.sets(
        st.sampled_from([(ORDERS, "ORDER_CHANGE-0"), (PRICES, "gone"), ("RETIRED", "RETIRED-0")])
    ),
    clear=st.booleans(),
)
def test_a_run_does_what_the_plan_says_and_the_plan_does_nothing(
    rows: dict[str, list[Any]],
    wanted: list[WantedSubscription],
    recorded: set[tuple[str, str]],
    clear: bool,
) -> None:
    amazon = Recording(excluding=among_ours)
    for name, items in rows.items():
        for index, (version, destination, directive) in enumerate(items):
            amazon.put("A1", name, Subscription(f"{name}-{index}", version, destination, directive))
    record = Record(types={"RETIRED"}, subscriptions=recorded)
    before = copy.deepcopy(amazon.held)
    everything = Wanted(Destinations(OURS), KEEP, tuple(wanted))

    looked = dry_run.look(amazon, seller(), everything, copy.deepcopy(record), clear=clear)
    assert (amazon.steps, amazon.changes, amazon.held) == ([], [], before)

    bring_to(amazon, seller(), everything, SellerJob("A1"), record, clear=clear)
    for each in looked.types:
        name = each.plan.notification_type
        planned = [
            ("delete", name, step.subscription.subscription_id)
            if isinstance(step, Delete)
            else ("create", name, step.wanted.payload_version)
            for step in each.plan.steps
        ]
        planned += [("delete", name, known) for known in each.unlisted]
        # Types that only lack something are done before those whose deletions wait for turns.
        assert [step for step in amazon.steps if step[1] == name] == planned
    assert {step[1] for step in amazon.steps} <= {each.plan.notification_type for each in looked.types}

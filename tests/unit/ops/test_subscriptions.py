"""`sellerbus subscriptions plan|list|test`: what is asked, waited for and shown; nothing is changed."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from ops import amazon, console, parallel
from sellerbus.sellers.advice import REFUSED_BY_AMAZON
from tests.unit.ops.aws import STAGE, DeployedStage, in_a_terminal, notifications, table_width

TOKEN = "Atzr|IwEB0123456789"
PLAN = ("subscriptions", "plan", "--stage", STAGE)


def subscription(name: str, destination: str = "destination-1") -> dict[str, Any]:
    return {
        "subscriptionId": name,
        "payloadVersion": "1.0",
        "destinationId": destination,
        "processingDirective": None,
    }


def step(action: str, subscription_id: str | None, reason: str) -> dict[str, Any]:
    return {
        "action": action,
        "payloadVersion": "1.0",
        "subscriptionId": subscription_id,
        "destinationId": "destination-1",
        "reason": reason,
    }


def type_plan(name: str, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"notificationType": name, "steps": list(steps), "kept": [], "foreign": [], "blocked": [], **more}


CREATION = type_plan("ORDER_CHANGE", step("create", None, "is missing"))
WHOLE = type_plan("PRICING_HEALTH", kept=[subscription("sub-1")])


def answering(*plans: dict[str, Any], actual: tuple[dict[str, Any], ...] = ()) -> Any:
    def answer(request: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "sellerId": request["sellerId"],
            "region": "na",
            "status": "active",
            "working": False,
            "plan": list(plans),
            "actual": list(actual),
        }

    return answer


def refusing(kind: str, message: str = "refused", **more: Any) -> Any:
    return lambda request: {"error": {"kind": kind, "message": message, **more}}


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited; nobody really waits."""
    waited: list[float] = []

    class Stopped(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout or 0.0)
            return False

    monkeypatch.setattr(parallel, "Stop", Stopped)
    monkeypatch.setattr(console, "wait", Stopped().wait)
    return waited


@pytest.fixture
def deployed(stage: DeployedStage) -> DeployedStage:
    for region, country in (("na", "US"), ("eu", "DE")):
        stage.deploy_notifications(region)
        stage.lambdas.answers[f"inspect-{region}"] = answering(CREATION, WHOLE)
        add(stage, f"A{region.upper()}001", country)
    return stage


def add(stage: DeployedStage, seller_id: str, country: str) -> None:
    arguments = ("sellers", "add", seller_id, "--stage", STAGE, "--marketplaces", country)
    assert stage.run(*arguments, piped=TOKEN).code == 0


def asked(stage: DeployedStage) -> list[tuple[str, str]]:
    return sorted((function, request["sellerId"]) for function, request in stage.lambdas.calls)


def test_every_seller_of_all_regions_is_planned_for(deployed: DeployedStage) -> None:
    finished = deployed.run(*PLAN, "--json")
    assert finished.code == 0
    assert asked(deployed) == [("inspect-eu", "AEU001"), ("inspect-na", "ANA001")]
    assert [row["sellerId"] for row in finished.document["sellers"]] == ["ANA001", "AEU001"]
    assert set(finished.document["sellers"][0]) == {"sellerId", "region", "status", "working", "plan"}
    assert finished.document["sellers"][0]["plan"] == [CREATION, WHOLE]
    assert finished.document["failures"] == []
    assert finished.document["summary"] == {
        "sellers": 2, "sellersToChange": 2, "create": 2, "delete": 0, "kept": 2, "foreign": 0, "blocked": 0,
        "refusedTypes": 0, "failed": 0, "probablyRefused": 0,
    }  # fmt: skip


def test_named_sellers_alone_are_planned_for(deployed: DeployedStage) -> None:
    deployed.run(*PLAN, "--seller", "ANA001", "--json")
    assert asked(deployed) == [("inspect-na", "ANA001")]
    deployed.lambdas.calls.clear()
    deployed.run(*PLAN, "--all", "--region", "eu", "--json")
    assert asked(deployed) == [("inspect-eu", "AEU001")]


def test_a_plan_is_a_table_with_a_summary(deployed: DeployedStage) -> None:
    deployed.lambdas.answers["inspect-na"] = answering(
        type_plan(
            "ORDER_CHANGE",
            step("delete", "sub-2", "is a duplicate or outdated"),
            foreign=[subscription("sub-3", "destination-9")],
            blocked=["1.0"],
        ),
        type_plan("PRICING_HEALTH", error="getSubscriptions: 403 Unauthorized"),
    )
    told = deployed.run(*PLAN, "--seller", "ANA001")
    for text in (
        "delete sub-2",
        "is a duplicate or outdated",
        "leave sub-3",
        "is another's",
        "cannot be listed",
        "403 Unauthorized",
        "1 seller, 1 to change: 0 to create, 1 to delete, 0 as wanted, "
        "1 of others left alone, 1 kept out by those",
    ):
        assert text in told.out
    assert told.code == 5


def test_a_creation_that_amazon_will_probably_refuse_is_counted_apart(deployed: DeployedStage) -> None:
    doubtful = {**step("create", None, "is missing; X stands in its place"), "refusedBecauseOf": "X"}
    deployed.lambdas.answers["inspect-na"] = answering(CREATION, type_plan("PRICING_HEALTH", doubtful))
    told = deployed.run(*PLAN, "--seller", "ANA001")
    assert "2 to create (1 of them probably refused), 0 to delete" in told.out


def test_where_nothing_is_to_do_the_summary_stands_alone(deployed: DeployedStage) -> None:
    deployed.lambdas.answers["inspect-na"] = answering(WHOLE)
    told = deployed.run(*PLAN, "--seller", "ANA001")
    assert told.code == 0
    assert told.out.startswith("1 seller, 0 to change")


def test_waits_as_long_as_it_is_told_and_asks_again(deployed: DeployedStage, waits: list[float]) -> None:
    answers = iter([refusing("throttled", seconds=7), refusing("retryable"), answering(CREATION)])
    deployed.lambdas.answers["inspect-na"] = lambda request: next(answers)(request)
    finished = deployed.run(*PLAN, "--seller", "ANA001", "--json")
    assert finished.code == 0
    assert waits == [7.0, 5.0]
    assert finished.document["summary"]["create"] == 1


def test_gives_up_waiting_in_the_end(deployed: DeployedStage, waits: list[float]) -> None:
    deployed.lambdas.answers["inspect-na"] = refusing("throttled", "the quota is used up", seconds=40)
    finished = deployed.run(*PLAN, "--seller", "ANA001", "--json")
    assert finished.code == 1
    assert sum(waits) <= amazon.LONGEST_WAIT_SECONDS
    assert len(waits) == 7
    assert finished.document["failures"] == [
        {"sellerId": "ANA001", "region": "na", "kind": "throttled", "message": "the quota is used up"}
    ]


def test_a_few_faults_in_a_row_are_enough(deployed: DeployedStage, waits: list[float]) -> None:
    deployed.lambdas.answers["inspect-na"] = refusing("retryable")
    assert deployed.run(*PLAN, "--seller", "ANA001").code == 1
    assert len(waits) == 3


def test_one_seller_that_is_refused_hides_no_other(deployed: DeployedStage) -> None:
    deployed.lambdas.answers["inspect-eu"] = refusing("permanent", f"403 for {TOKEN}")
    finished = deployed.run(*PLAN, "--json")
    assert finished.code == 5
    assert [row["sellerId"] for row in finished.document["sellers"]] == ["ANA001"]
    assert finished.document["failures"][0]["message"] == "403 for [token]"
    assert "1 of 2 sellers could not be looked at" in finished.err
    assert "AEU001 (eu): 403 for [token]" in finished.err
    assert TOKEN not in finished.out + finished.err


def test_who_has_revoked_needs_a_person(deployed: DeployedStage) -> None:
    deployed.lambdas.answers["inspect-na"] = refusing("revoked", "has revoked the authorisation")
    assert deployed.run(*PLAN, "--seller", "ANA001").code == 5


def test_who_is_marked_as_revoked_is_not_asked_for(deployed: DeployedStage) -> None:
    deployed.client("dynamodb").update_item(
        TableName="sellers",
        Key={"sellerId": {"S": "ANA001"}},
        UpdateExpression="SET #status = :status",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": {"S": "revoked"}},
    )
    finished = deployed.run(*PLAN, "--json")
    assert finished.code == 0
    assert asked(deployed) == [("inspect-eu", "AEU001")]
    assert [row["kind"] for row in finished.document["failures"]] == ["revoked"]
    assert f"ANA001 (na): nothing can be listed: {REFUSED_BY_AMAZON}" in finished.err
    assert f"bin/sellerbus sellers show ANA001 --stage {STAGE}" in finished.err
    assert deployed.run(*LIST).code == 0
    named = deployed.run(*PLAN, "--seller", "ANA001")
    assert named.code == 5
    assert f"bin/sellerbus sellers add ANA001 --stage {STAGE} --marketplaces US --replace" in named.err
    assert deployed.run(*LIST, "--seller", "ANA001").code == 5


def test_of_many_refusals_a_person_is_told_some(deployed: DeployedStage) -> None:
    for number in range(25):
        add(deployed, f"AEU9{number:02}", "DE")
    deployed.lambdas.answers["inspect-eu"] = refusing("permanent", "is refused")
    finished = deployed.run(*PLAN, "--json")
    assert len(finished.document["failures"]) == 26
    assert finished.err.count("is refused") == 20
    assert "... and 6 more" in finished.err


def test_a_function_that_fails_is_one_line(deployed: DeployedStage) -> None:
    def fail(request: Mapping[str, Any]) -> Any:
        raise ZeroDivisionError(f"with {TOKEN}")

    deployed.lambdas.answers["inspect-na"] = fail
    finished = deployed.run(*PLAN, "--seller", "ANA001")
    assert finished.code == 1
    assert "The function inspect-na failed: ZeroDivisionError: with [token]" in finished.err


def test_a_run_at_work_is_told(deployed: DeployedStage) -> None:
    whole = answering(CREATION)
    deployed.lambdas.answers["inspect-na"] = lambda request: whole(request) | {"working": True}
    assert "A run is at work on ANA001" in deployed.run(*PLAN, "--seller", "ANA001").err


def test_an_answer_that_was_cut_is_told(deployed: DeployedStage) -> None:
    whole = answering(WHOLE)
    deployed.lambdas.answers["inspect-na"] = lambda request: whole(request) | {"cut": True}
    finished = deployed.run(*PLAN, "--seller", "ANA001")
    assert "Too large for one answer" in finished.err


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--seller", "ANA001", "--all"), "exclude each other"),
        (("--seller", "small"), "is no seller id"),
        (("--region", "fe"), "no region fe"),
    ],
)
def test_wrong_input_is_refused_before_anything_is_called(
    stage: DeployedStage, arguments: tuple[str, ...], what: str
) -> None:
    stage.cloudformation.fault = "NothingShallBeCalled"
    finished = stage.run(*PLAN, *arguments)
    assert finished.code == 2
    assert what in finished.err


def test_a_seller_that_is_nowhere(deployed: DeployedStage) -> None:
    finished = deployed.run(*PLAN, "--seller", "ANOBODY")
    assert finished.code == 3
    assert "sellers list" in finished.err


def test_a_stage_without_sellers_says_how_to_add_one(stage: DeployedStage) -> None:
    finished = stage.run(*PLAN)
    assert finished.code == 3
    assert "sellers add" in finished.err


def test_without_the_stack_it_says_how_to_deploy_it(stage: DeployedStage) -> None:
    add(stage, "ANA001", "US")
    finished = stage.run(*PLAN)
    assert finished.code == 3
    assert f"{notifications('na')} is not deployed" in finished.err


LIST = ("subscriptions", "list", "--stage", STAGE)
OURS = {"notificationType": "ORDER_CHANGE", "ours": True, **subscription("sub-1")}
THEIRS = {"notificationType": "ORDER_CHANGE", "ours": False, **subscription("sub-2", "destination-9")}


def test_what_amazon_has_is_listed_ours_and_others(deployed: DeployedStage) -> None:
    deployed.lambdas.answers["inspect-na"] = answering(WHOLE, actual=(OURS, THEIRS))
    finished = deployed.run(*LIST, "--seller", "ANA001", "--json")
    assert finished.code == 0
    assert finished.document["subscriptions"] == [
        {"sellerId": "ANA001", "region": "na", **OURS},
        {"sellerId": "ANA001", "region": "na", **THEIRS},
    ]
    deployed.lambdas.answers["inspect-na"] = naming("destination-9", "their queue", OURS, THEIRS)
    table = deployed.run(*LIST, "--seller", "ANA001").out
    assert "to their queue" in table
    assert "destination-9" in table
    assert "Subscriptions at Amazon for stage example: 2" in table
    assert [line.split("│")[-3].strip() for line in table.splitlines() if "sub-" in line] == [
        "ours",
        "another's",
    ]


def naming(destination_id: str, name: str, *actual: dict[str, Any]) -> Any:
    whole = answering(WHOLE, actual=actual)
    row = {"destinationId": destination_id, "name": name}
    return lambda request: {"destinations": [row]} if request["request"] == "destinations" else whole(request)


def test_a_list_without_names_still_has_the_ids(deployed: DeployedStage) -> None:
    whole, refuse = answering(WHOLE, actual=(THEIRS,)), refusing("permanent", "403")
    deployed.lambdas.answers["inspect-na"] = lambda request: (
        refuse(request) if request["request"] == "destinations" else whole(request)
    )
    finished = deployed.run(*LIST, "--seller", "ANA001")
    assert finished.code == 0
    assert "destination-9" in finished.out
    assert "names of the destinations of na are not shown: 403" in finished.err


ID = "0a1b2c3d-0000-4000-8000-0123456789ab"


@pytest.mark.parametrize("command", [LIST, PLAN])
def test_with_real_ids_it_fits_a_hundred_columns(
    deployed: DeployedStage, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    add(deployed, "A" * 20, "US")
    kind = "EXTERNAL_FULFILLMENT_SHIPMENT_STATUS_CHANGE"
    item = {"notificationType": kind, "ours": True, **subscription(ID, ID.upper())}
    whole = naming(ID.upper(), "sellerbus-example-na", item)
    planned = type_plan(kind, step("delete", ID, f"is in the way of the wanted one: differs in {ID}"))
    deployed.lambdas.answers["inspect-na"] = lambda request: whole(request) | {"plan": [planned]}
    in_a_terminal(monkeypatch, 100)
    table = deployed.run(*command, "--seller", "A" * 20).out
    assert table_width(table) <= 100
    assert ID in table
    if command is LIST:
        assert ID.upper() in table


def test_further_types_are_asked_for(deployed: DeployedStage) -> None:
    deployed.run(*LIST, "--seller", "ANA001", "--type", "fee_promotion", "--type", "ANY_OFFER_CHANGED")
    request = deployed.lambdas.calls[0][1]
    assert request["notificationTypes"] == ["FEE_PROMOTION", "ANY_OFFER_CHANGED"]


def test_a_list_with_refusals_says_so(deployed: DeployedStage) -> None:
    deployed.lambdas.answers["inspect-na"] = refusing("permanent")
    finished = deployed.run(*LIST, "--json")
    assert finished.code == 5
    assert [row["sellerId"] for row in finished.document["failures"]] == ["ANA001"]


TEST = ("subscriptions", "test", "ORDER_CHANGE", "--stage", STAGE, "--scenario", "ANY", "--region", "na")
SENT = {"sent": True, "payloadVersion": "1.0", "destinationId": "destination-1"}


def in_sandbox(stage: DeployedStage) -> None:
    stage.configure(("sandbox: false", "sandbox: true"))


def test_a_test_notification_is_sent_in_the_sandbox(deployed: DeployedStage) -> None:
    in_sandbox(deployed)
    deployed.lambdas.answers["inspect-na"] = lambda request: SENT
    finished = deployed.run(*TEST, "--payload-version", "1.0", "--json")
    assert finished.code == 0
    assert deployed.lambdas.calls == [
        (
            "inspect-na",
            {
                "request": "test-notification",
                "notificationType": "ORDER_CHANGE",
                "testScenario": "ANY",
                "payloadVersion": "1.0",
            },
        )
    ]
    assert finished.document == {
        "stage": STAGE,
        "region": "na",
        "notificationType": "ORDER_CHANGE",
        "testScenario": "ANY",
        **SENT,
    }
    told = deployed.run(*TEST)
    assert "to destination destination-1" in told.out
    assert "process_notifications" in told.err


@pytest.mark.parametrize(
    ("arguments", "sandbox", "what"),
    [
        (TEST, False, "calls Amazon's production"),
        (TEST[:-2], True, "several regions: na, eu"),
        (
            ("subscriptions", "test", "no type", "--stage", STAGE, "--scenario", "ANY"),
            True,
            "no notification",
        ),
        (TEST[:5], True, "--scenario"),
    ],
)
def test_what_cannot_be_tested_is_refused_before_anything_is_called(
    deployed: DeployedStage, arguments: tuple[str, ...], sandbox: bool, what: str
) -> None:
    if sandbox:
        in_sandbox(deployed)
    finished = deployed.run(*arguments)
    assert finished.code == 2
    assert what in finished.err
    assert deployed.lambdas.calls == []


def test_a_refused_test_is_told(deployed: DeployedStage) -> None:
    in_sandbox(deployed)
    deployed.lambdas.answers["inspect-na"] = refusing("permanent", "400 InvalidInput: Invalid payloadVersion")
    finished = deployed.run(*TEST)
    assert finished.code == 1
    assert "Invalid payloadVersion" in finished.err

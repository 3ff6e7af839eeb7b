"""`sellerbus destinations`: where Amazon sends to, and what a person has to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.ops.aws import STAGE, DeployedStage, in_a_terminal, notifications, table_width

SOURCE = "aws.partner/sellingpartnerapi.amazon.com/123456789012/amzn1.sp.solution.1"
QUEUE = {
    "destinationId": "d-queue",
    "name": "sellerbus-example-na",
    "kind": "sqs",
    "resource": {"sqs": {"arn": "arn:aws:sqs:us-east-1:123456789012:a-queue-with-a-long-name"}},
    "ours": True,
}
BRIDGE = {
    "destinationId": "d-bridge",
    "name": "sellerbus-example-na-bridge",
    "kind": "eventBridge",
    "resource": {"eventBridge": {"name": SOURCE, "accountId": "123456789012", "region": "us-east-1"}},
    "ours": True,
}
LIST = ("destinations", "list", "--stage", STAGE)


def answers(*rows: dict[str, Any]) -> Any:
    def answer(request: Mapping[str, Any]) -> dict[str, Any]:
        if request["request"] == "destinations":
            return {"destinations": list(rows)}
        found = next((row for row in rows if row["destinationId"] == request["destinationId"]), None)
        if found is None:
            return {"error": {"kind": "not-found", "message": "getDestination: 404"}}
        return {"destination": found}

    return answer


@pytest.fixture
def deployed(stage: DeployedStage) -> DeployedStage:
    for region in ("na", "eu"):
        stage.deploy_notifications(region)
    stage.lambdas.answers["inspect-na"] = answers(QUEUE, BRIDGE)
    stage.lambdas.answers["inspect-eu"] = answers({**QUEUE, "destinationId": "d-eu", "ours": False})
    stage.events.sources[SOURCE] = "ACTIVE"
    return stage


def show(stage: DeployedStage, destination_id: str, *arguments: str) -> Any:
    return stage.run("destinations", "show", destination_id, "--stage", STAGE, *arguments)


def test_those_of_all_regions_are_listed(deployed: DeployedStage) -> None:
    listed = deployed.run(*LIST, "--json").document
    assert [(row["region"], row["destinationId"]) for row in listed] == [
        ("na", "d-queue"),
        ("na", "d-bridge"),
        ("eu", "d-eu"),
    ]
    assert set(listed[0]) == {"region", "destinationId", "name", "kind", "resource", "ours"}
    table = deployed.run(*LIST).out
    for text in (QUEUE["resource"]["sqs"]["arn"], SOURCE, "ours", "another's"):  # type: ignore[index]
        assert text in table


def test_a_region_alone_and_one_that_is_not_deployed(deployed: DeployedStage) -> None:
    assert [row["region"] for row in deployed.run(*LIST, "--region", "eu", "--json").document] == ["eu"]
    del deployed.cloudformation.stacks[notifications("eu")]
    assert {row["region"] for row in deployed.run(*LIST, "--json").document} == {"na"}
    refused = deployed.run(*LIST, "--region", "eu")
    assert refused.code == 3
    assert notifications("eu") in refused.err


def test_one_is_shown_wherever_it_is(deployed: DeployedStage) -> None:
    finished = show(deployed, "d-eu", "--json")
    assert (finished.code, finished.document["region"]) == (0, "eu")
    assert "eventSourceState" not in finished.document
    told = show(deployed, "d-eu")
    assert "another's" in told.out


def test_one_that_is_not_there(deployed: DeployedStage) -> None:
    finished = show(deployed, "d-none")
    assert finished.code == 3
    assert "destinations list" in finished.err


def test_of_an_event_source_that_is_in_use_nothing_is_left_to_do(deployed: DeployedStage) -> None:
    finished = show(deployed, "d-bridge", "--json")
    assert finished.code == 0
    assert (finished.document["eventSourceState"], finished.document["toDo"]) == ("ACTIVE", [])
    told = show(deployed, "d-bridge").out
    assert SOURCE in told
    assert "nothing" in told


@pytest.mark.parametrize(
    ("state", "what"),
    [("PENDING", "is not associated with an event bus"), ("DELETED", "is deleted"), (None, "is not there")],
)
def test_what_is_left_to_a_person_is_said(deployed: DeployedStage, state: str | None, what: str) -> None:
    deployed.events.sources = {SOURCE: state} if state else {}
    finished = show(deployed, "d-bridge", "--json")
    assert finished.code == 5
    assert finished.document["eventSourceState"] == state
    assert what in finished.err
    assert what in finished.document["toDo"][0]


def test_of_anothers_event_source_nothing_is_asked(deployed: DeployedStage) -> None:
    deployed.lambdas.answers["inspect-na"] = answers({**BRIDGE, "ours": False})
    deployed.events.sources = {SOURCE: "PENDING"}
    assert show(deployed, "d-bridge").code == 0


def test_what_amazon_refuses_is_told(deployed: DeployedStage) -> None:
    refusal = {"kind": "permanent", "message": "LWA token: 401 invalid_client"}
    deployed.lambdas.answers["inspect-na"] = lambda request: {"error": refusal}
    for arguments in (LIST, ("destinations", "show", "d-1", "--stage", STAGE)):
        finished = deployed.run(*arguments)
        assert finished.code == 1
        assert "invalid_client" in finished.err


def test_with_real_ids_it_fits_a_hundred_columns(
    deployed: DeployedStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    identifier = "0a1b2c3d-0000-4000-8000-0123456789ab"
    deployed.lambdas.answers["inspect-na"] = answers({**QUEUE, "destinationId": identifier}, BRIDGE)
    in_a_terminal(monkeypatch, 100)
    table = deployed.run(*LIST).out
    assert table_width(table) <= 100
    assert identifier in table
    assert "sellerbus-example-na" in table

"""One file with three regions of Amazon: three complete sets of stacks that know nothing of each other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.commands import CommandError
from local.deployment import Deployment
from tests.integration.regions import AWS_REGIONS, SELLERS, STAGE, Regions

BY_EVENT_BRIDGE = "LISTINGS_ITEM_STATUS_CHANGE"
TYPES = {
    "na": {"ORDER_CHANGE", "ANY_OFFER_CHANGED"},
    "eu": {"ORDER_CHANGE", BY_EVENT_BRIDGE},
    "fe": {"ORDER_CHANGE", "ANY_OFFER_CHANGED"},
}


@pytest.fixture(scope="module")
def deployed(regions: Regions) -> Iterator[Deployment]:
    """All three regions deployed, each with its seller; what is left of them, test_regions_destroyed sees."""
    yield regions.deployed()
    regions.begin_to_destroy()


def outputs(deployed: Deployment, region: str) -> dict[str, str]:
    """The outputs of one region's stacks."""
    prefix = f"sellerbus-{STAGE}-{region}-"
    found: dict[str, str] = {}
    for name, held in deployed.stack_outputs.items():
        if name.startswith(prefix):
            found |= held
    return found


def sellerbus(deployed: Deployment, *arguments: str) -> Any:
    """What a command prints with --json."""
    output = deployed.commands.sellerbus(*arguments, "--stage", STAGE, "--json").output
    # What is told beside the result, before and after it, comes in the same stream here.
    lines = output.splitlines()
    begins = next(number for number, line in enumerate(lines) if line[:1] in ("{", "["))
    return json.JSONDecoder().raw_decode("\n".join(lines[begins:]))[0]


def by_region(rows: list[dict[str, Any]], name: str) -> dict[str, set[str]]:
    return {region: {row[name] for row in rows if row["region"] == region} for region in AWS_REGIONS}


def test_each_region_has_destinations_of_its_own_in_its_own_aws_region(deployed: Deployment) -> None:
    state = deployed.simulator.state()

    held = by_region(state["destinations"], "destinationId")

    wanted = {region: {outputs(deployed, region)["DestinationId"]} for region in AWS_REGIONS}
    wanted["eu"].add(outputs(deployed, "eu")["EventBridgeDestinationId"])
    assert held == wanted
    for row in state["destinations"]:
        resource = row["resource"]
        place = resource["sqs"]["arn"] if "sqs" in resource else resource["eventBridge"]["region"]
        assert AWS_REGIONS[row["region"]] in place


@pytest.mark.parametrize("region", AWS_REGIONS)
def test_a_seller_is_subscribed_in_the_region_of_its_marketplaces_and_there_only(
    deployed: Deployment, region: str
) -> None:
    seller_id = SELLERS[region].seller_id
    rows = [row for row in deployed.simulator.state()["subscriptions"] if row["sellerId"] == seller_id]

    assert {row["region"] for row in rows} == {region}
    assert {row["notificationType"] for row in rows} == TYPES[region]
    there = outputs(deployed, region)
    for row in rows:
        bridge = row["notificationType"] == BY_EVENT_BRIDGE
        name = "EventBridgeDestinationId" if bridge else "DestinationId"
        assert row["destinationId"] == there[name]


def test_a_filter_names_the_marketplaces_of_its_own_region(deployed: Deployment) -> None:
    rows = [
        row
        for row in deployed.simulator.state()["subscriptions"]
        if row["notificationType"] == "ANY_OFFER_CHANGED"
    ]

    filtered = {row["region"]: row["processingDirective"]["eventFilter"]["marketplaceIds"] for row in rows}
    assert filtered == {"na": ["ATVPDKIKX0DER"], "fe": ["A1VC38T7YXB528"]}


@pytest.mark.parametrize("region", AWS_REGIONS)
def test_each_region_keeps_its_sellers_and_the_credentials_in_its_own_aws_region(
    deployed: Deployment, region: str
) -> None:
    there = outputs(deployed, region)

    def client(service: str) -> Any:
        return deployed.emulator.new_client(service, region=AWS_REGIONS[region])

    rows = client("dynamodb").scan(TableName=there["SellerRegistryTableName"])["Items"]
    assert [row["sellerId"]["S"] for row in rows] == [SELLERS[region].seller_id]
    secret = client("secretsmanager").get_secret_value(SecretId=there["LwaCredentialsSecretArn"])
    assert json.loads(secret["SecretString"])["clientId"] == deployed.simulator.client_id
    assert f":{AWS_REGIONS[region]}:" in there["LwaCredentialsSecretArn"]


def test_the_command_line_sees_all_regions(deployed: Deployment) -> None:
    sellers = sellerbus(deployed, "sellers", "list")
    assert by_region(sellers, "sellerId") == {
        region: {seller.seller_id} for region, seller in SELLERS.items()
    }
    destinations = sellerbus(deployed, "destinations", "list")
    assert by_region(destinations, "destinationId") == by_region(
        deployed.simulator.state()["destinations"], "destinationId"
    )
    plan = sellerbus(deployed, "subscriptions", "plan")
    assert {row["region"] for row in plan["sellers"]} == set(AWS_REGIONS)
    assert (plan["summary"]["create"], plan["summary"]["delete"], plan["failures"]) == (0, 0, [])


def test_a_seller_of_two_regions_is_refused(deployed: Deployment) -> None:
    before = deployed.simulator.state()["subscriptions"]

    with pytest.raises(CommandError, match="region"):
        deployed.commands.sellerbus(
            "sellers", "add", "A0MIXED", "--stage", STAGE, "--marketplaces", "US,DE", stdin="Atzr|token"
        )

    assert deployed.simulator.state()["subscriptions"] == before


def test_nothing_of_one_region_is_called_at_another(deployed: Deployment) -> None:
    made = [entry for entry in deployed.simulator.requests() if entry["operation"] != "lwa"]

    assert {entry["region"] for entry in made} == set(AWS_REGIONS)
    assert [entry for entry in made if entry["status"] != 200] == []


def test_a_new_client_secret_comes_to_one_region_and_is_used_in_all(deployed: Deployment) -> None:
    deployed.simulator.register_application_queue(outputs(deployed, "na")["ApplicationQueueArn"])
    asked = sellerbus(deployed, "secrets", "rotate", "--yes", "--wait", "2")
    assert (asked["region"], asked["everywhere"]) == ("na", True)
    used = {
        region: deployed.emulator.new_client("secretsmanager", region=AWS_REGIONS[region]).get_secret_value(
            SecretId=outputs(deployed, region)["LwaCredentialsSecretArn"]
        )["SecretString"]
        for region in AWS_REGIONS
    }
    assert len({json.loads(text)["clientSecret"] for text in used.values()}) == 1
    assert json.loads(used["na"])["clientSecret"] != deployed.simulator.client_secret
    calls = deployed.simulator.requests("applications/2023-11-30/rotateApplicationClientSecret")
    assert [(call["status"], call["region"]) for call in calls] == [(204, "na")]
    verified = sellerbus(deployed, "secrets", "verify")
    assert [(row["region"], row["versions"][0]["works"]) for row in verified] == [
        (region, True) for region in AWS_REGIONS
    ]

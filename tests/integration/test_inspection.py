"""What operators look at Amazon with: the answers are true, nothing is changed, and nothing could be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cast import SELLERS
from tests.integration.system import System, wanted_types

SELLER = SELLERS[0].seller_id
FUNCTION = "InspectAmazonFunctionName"
STORAGE = {"uploadDocument", "downloadDocument", "uploadAttachment"}


def asked(system: System, request: dict[str, str]) -> Any:
    """The answer, when the quota that the deploy's runs have used is there again."""
    answer: Any = {}

    def answered() -> bool:
        answer.clear()
        answer.update(system.invoke(FUNCTION, request))
        return bool(answer.get("error", {}).get("kind") != "throttled")

    system.wait_for(answered, "an answer that is not throttled", within_seconds=60)
    return answer


def test_a_seller_with_everything_has_an_empty_plan_and_nothing_is_changed(system: System) -> None:
    since = len(system.deployment.simulator.requests())
    before = system.deployment.simulator.state()["subscriptions"]

    answer = asked(system, {"request": "subscriptions", "sellerId": SELLER})

    assert (answer["sellerId"], answer["region"], answer["status"]) == (SELLER, "na", "active")
    assert [plan["steps"] for plan in answer["plan"] if plan["steps"]] == []
    held = {row["notificationType"]: row for row in answer["actual"]}
    assert held.keys() == wanted_types(system)
    assert all(row["ours"] for row in held.values())
    made = {entry["operation"] for entry in system.deployment.simulator.requests()[since:]}
    # Feeds and messages that other tests have handed over go on meanwhile; their operations name their API.
    made = {name for name in made if "/" not in name} - STORAGE
    assert made <= {"lwa", "getSubscriptions", "getDestinations"}
    assert system.deployment.simulator.state()["subscriptions"] == before


def test_the_destinations_are_those_at_amazon(system: System) -> None:
    answer = system.invoke(FUNCTION, {"request": "destinations"})

    ours = {row["destinationId"]: row["kind"] for row in answer["destinations"] if row["ours"]}
    assert ours == {
        system.outputs["DestinationId"]: "sqs",
        system.outputs["EventBridgeDestinationId"]: "eventBridge",
    }
    one = {"request": "destination", "destinationId": system.outputs["DestinationId"]}
    (known,) = [row for row in answer["destinations"] if row["destinationId"] == one["destinationId"]]
    assert system.invoke(FUNCTION, one)["destination"] == known


def test_what_cannot_be_answered_is_said_as_data(system: System) -> None:
    nobody = system.invoke(FUNCTION, {"request": "subscriptions", "sellerId": "A0NOBODY"})
    assert nobody["error"]["kind"] == "unknown-seller"
    production = system.invoke(
        FUNCTION,
        {
            "request": "test-notification",
            "notificationType": "ORDER_CHANGE",
            "payloadVersion": "1.0",
            "testScenario": "any",
        },
    )
    assert production["error"]["kind"] == "not-sandbox"


WRITES: dict[str, tuple[str, Callable[[Any, dict[str, str]], Any]]] = {
    "a row of the registry": (
        "dynamodb",
        lambda client, outputs: client.update_item(
            TableName=outputs["SellerRegistryTableName"],
            Key={"sellerId": {"S": SELLER}},
            UpdateExpression="SET #status = :paused",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":paused": {"S": "paused"}},
        ),
    ),
    "a new seller": (
        "dynamodb",
        lambda client, outputs: client.put_item(
            TableName=outputs["SellerRegistryTableName"], Item={"sellerId": {"S": "A0FORGED"}}
        ),
    ),
    "a seller's removal": (
        "dynamodb",
        lambda client, outputs: client.delete_item(
            TableName=outputs["SellerRegistryTableName"], Key={"sellerId": {"S": SELLER}}
        ),
    ),
    "what is remembered": (
        "dynamodb",
        lambda client, outputs: client.delete_item(
            TableName=outputs["SubscriptionStateTableName"], Key={"sellerId": {"S": SELLER}}
        ),
    ),
    "a job": (
        "sqs",
        lambda client, outputs: client.send_message(
            QueueUrl=outputs["SubscriptionQueueUrl"], MessageBody="{}"
        ),
    ),
    "a notification": (
        "sqs",
        lambda client, outputs: client.send_message(
            QueueUrl=outputs["NotificationQueueUrl"], MessageBody="{}"
        ),
    ),
    "an event": (
        "events",
        lambda client, outputs: client.put_events(
            Entries=[
                {
                    "EventBusName": outputs["EventBusName"],
                    "Source": "sellerbus.sellers",
                    "DetailType": "SellerAuthorizationRevoked",
                    "Detail": "{}",
                }
            ]
        ),
    ),
    "what is wanted": (
        "ssm",
        lambda client, outputs: client.put_parameter(
            Name="/sellerbus-local-na/wanted-subscriptions", Value="{}", Overwrite=True
        ),
    ),
    "the credentials": (
        "secretsmanager",
        lambda client, outputs: client.put_secret_value(
            SecretId=outputs["LwaCredentialsSecretArn"], SecretString="{}"
        ),
    ),
}


@pytest.mark.parametrize("what", WRITES)
def test_it_has_no_right_to_write(system: System, what: str) -> None:
    service, attempt = WRITES[what]
    as_inspector = system.assume_role_of(system.outputs[FUNCTION], service)

    with pytest.raises(ClientError) as refused:
        attempt(as_inspector, system.outputs)

    assert refused.value.response["Error"]["Code"].startswith("AccessDenied")


def test_it_may_read(system: System) -> None:
    """So that the writes are not refused because the role can't be used at all."""
    registry = system.outputs["SellerRegistryTableName"]
    as_inspector = system.assume_role_of(system.outputs[FUNCTION], "dynamodb")

    row = as_inspector.get_item(TableName=registry, Key={"sellerId": {"S": SELLER}})["Item"]

    assert row["status"]["S"] == "active"

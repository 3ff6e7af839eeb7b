"""The simulator's ten operations are those of Amazon's model, and so is what they answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from simulator.operations import NOTIFICATIONS, OPERATIONS, Grant
from tests.unit.simulator.amazon import QUEUE_ARN, Amazon, amazon
from tests.unit.simulator.model import MODEL, MODEL_OPERATIONS, RATE_HEADER, check
from tests.unit.simulator.scene import Scene, destination, set_scene


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture
def scene(simulated: Amazon) -> Scene:
    return set_scene(simulated)


def test_the_ten_operations_are_those_of_the_model() -> None:
    ours = {held.name: (held.method, held.path) for held in NOTIFICATIONS}
    theirs = {name: (method, path) for name, (method, path, _) in MODEL_OPERATIONS.items()}
    assert len(ours) == 10
    assert ours == theirs


@pytest.mark.parametrize("operation", sorted(MODEL_OPERATIONS))
def test_usage_plan_and_grant_are_those_that_the_description_states(operation: str) -> None:
    _, path, said = MODEL_OPERATIONS[operation]
    ours = OPERATIONS[operation]
    plan = re.search(r"\| ---- \| ---- \|\n\| ([\d.]+) \| (\d+) \|", said["description"])
    assert plan, "the description has no usage plan"
    assert (ours.rate.per_second, ours.rate.burst) == (float(plan[1]), int(plan[2]))
    assert (ours.grant is Grant.GRANTLESS) == ("grantless" in said["description"])
    assert ours.sandbox_only == bool(MODEL["paths"][path].get("x-amzn-api-sandbox-only"))


SUCCESSES: dict[str, Callable[[Scene], requests.Response]] = {
    "getSubscriptions": lambda scene: scene.send("getSubscriptions"),
    "getSubscription": lambda scene: scene.send("getSubscription"),
    "createSubscription": lambda scene: scene.send(
        "createSubscription",
        path={"notificationType": "ANY_OFFER_CHANGED"},
        body=scene.subscription(
            processingDirective={
                "eventFilter": {
                    "eventFilterType": "ANY_OFFER_CHANGED",
                    "marketplaceIds": ["ATVPDKIKX0DER"],
                    "aggregationSettings": {"aggregationTimePeriod": "FiveMinutes"},
                    "orderChangeTypes": None,
                },
                "filterExpression": None,
            }
        ),
    ),
    "sendTestNotification": lambda scene: scene.send("sendTestNotification"),
    "getSubscriptionById": lambda scene: scene.send("getSubscriptionById"),
    "deleteSubscriptionById": lambda scene: scene.send("deleteSubscriptionById"),
    "getDestinations": lambda scene: scene.send("getDestinations"),
    "createDestination": lambda scene: scene.send("createDestination"),
    "getDestination": lambda scene: scene.send("getDestination"),
    "deleteDestination": lambda scene: (
        scene.send("deleteSubscriptionById"),
        scene.send("deleteDestination"),
    )[1],
}


@pytest.mark.parametrize("operation", sorted(MODEL_OPERATIONS))
def test_success(scene: Scene, operation: str) -> None:
    answer = SUCCESSES[operation](scene)
    assert answer.status_code == 200, answer.text
    check(operation, answer)
    listed = MODEL_OPERATIONS[operation][2]["responses"]["200"]["headers"]
    if RATE_HEADER in listed:
        assert float(answer.headers[RATE_HEADER]) == 1.0


def test_an_event_bridge_destination_and_its_subscription(scene: Scene) -> None:
    resource = {"eventBridge": {"region": "us-east-1", "accountId": "111122223333"}}
    made = scene.send("createDestination", body={"name": "bus", "resourceSpecification": resource})
    assert made.status_code == 200, made.text
    check("createDestination", made)
    listed = scene.send("getDestinations")
    check("getDestinations", listed)
    assert len(listed.json()["payload"]) == 2
    subscribed = scene.send(
        "createSubscription",
        path={"notificationType": "BRANDED_ITEM_CONTENT_CHANGE"},
        body=scene.subscription(destinationId=made.json()["payload"]["destinationId"]),
    )
    assert subscribed.status_code == 200, subscribed.text
    check("createSubscription", subscribed)


NOT_FOUND: dict[str, dict[str, Any]] = {
    "getSubscription": {"path": {"notificationType": "FEE_PROMOTION"}},
    "getSubscriptionById": {"path": {"subscriptionId": "nobody"}},
    "deleteSubscriptionById": {"path": {"notificationType": "FEE_PROMOTION"}},
    "getDestination": {"path": {"destinationId": "nowhere"}},
    "deleteDestination": {"path": {"destinationId": "nowhere"}},
}


@pytest.mark.parametrize("operation", sorted(NOT_FOUND))
def test_not_found(scene: Scene, operation: str) -> None:
    answer = scene.send(operation, **NOT_FOUND[operation])
    assert answer.status_code == 404, answer.text
    check(operation, answer)
    assert answer.headers[RATE_HEADER] == "1.0"


def test_a_second_subscription_of_a_type_conflicts(scene: Scene) -> None:
    answer = scene.send("createSubscription")
    assert answer.status_code == 409
    check("createSubscription", answer)
    assert answer.json()["errors"] == [
        {
            "code": "StateConflict",
            "message": "The resource specified conflicts with the current state.",
            "details": "Subscription already exist for notification type ORDER_CHANGE",
        }
    ]


def test_a_second_destination_of_a_queue_conflicts(scene: Scene) -> None:
    answer = scene.send("createDestination", body=destination(QUEUE_ARN, name="another name"))
    assert answer.status_code == 409
    check("createDestination", answer)
    assert f"arn {QUEUE_ARN} already exists" in answer.json()["errors"][0]["details"]


def test_a_destination_with_subscriptions_is_not_deleted(scene: Scene) -> None:
    answer = scene.send("deleteDestination")
    assert answer.status_code == 403
    check("deleteDestination", answer)
    assert answer.json()["errors"][0]["details"] == "Destination has subscriptions"
    assert scene.send("getDestination").status_code == 200


def test_pages_hold_every_subscription_once(scene: Scene) -> None:
    for number in range(34):
        made = scene.send(
            "createSubscription",
            path={"notificationType": "FEE_PROMOTION"},
            body=scene.subscription(processingDirective={"filterExpression": f"a == {number}"}),
        )
        assert made.status_code == 200, made.text
    query = {"notificationTypes": "FEE_PROMOTION"}
    first = scene.send("getSubscriptions", query=query)
    token = first.json()["payload"]["nextToken"]
    second = scene.send("getSubscriptions", query={**query, "nextToken": token})
    for page in (first, second):
        check("getSubscriptions", page)
    ids = [
        held["subscriptionId"] for page in (first, second) for held in page.json()["payload"]["subscriptions"]
    ]
    assert len(first.json()["payload"]["subscriptions"]) == 30
    assert len(set(ids)) == len(ids) == 34
    assert "nextToken" not in second.json()["payload"]
    for other in ({"notificationTypes": "ORDER_CHANGE"}, {**query, "payloadVersion": "1.0"}):
        refused = scene.send("getSubscriptions", query={**other, "nextToken": token})
        assert refused.status_code == 400, "a token must not serve another listing"

"""Every static sandbox case of Amazon's model, answered by the simulator as the model says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from simulator.operations import NOTIFICATIONS
from tests.unit.simulator.amazon import QUEUE_ARN, Amazon, amazon
from tests.unit.simulator.model import MODEL_OPERATIONS, check
from tests.unit.simulator.scene import Scene, set_scene


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture
def scene(simulated: Amazon) -> Scene:
    return set_scene(simulated)


NAMES = {held.name for held in NOTIFICATIONS}
STATIC_CASES = [
    (operation, case)
    for operation, (_, _, said) in sorted(MODEL_OPERATIONS.items())
    for response in said["responses"].values()
    for case in response.get("x-amzn-api-sandbox", {}).get("static", [])
]


def test_every_operation_but_the_dynamic_one_has_a_static_case() -> None:
    assert {operation for operation, _ in STATIC_CASES} == NAMES - {"sendTestNotification"}


@pytest.mark.parametrize(("operation", "case"), STATIC_CASES)
def test_static_sandbox_case(scene: Scene, operation: str, case: dict[str, Any]) -> None:
    parameters = {
        name: ",".join(value) if isinstance(value, list) else value
        for name, value in ((name, held["value"]) for name, held in case["request"]["parameters"].items())
    }
    changed: dict[str, Any] = {"query": parameters} if parameters else {}
    answer = scene.send(operation, sandbox=True, **changed)
    assert answer.status_code == 200, answer.text
    assert answer.json() == case["response"]
    check(operation, answer)


def test_the_sandbox_refuses_what_matches_no_case(scene: Scene) -> None:
    answer = scene.send("getSubscriptions", sandbox=True, query={"notificationTypes": "ORDER_CHANGE"})
    assert answer.status_code == 400
    check("getSubscriptions", answer)


def test_the_sandbox_leaves_the_state_alone(scene: Scene) -> None:
    before = scene.amazon.control("GET", "state")
    for operation in sorted(NAMES - {"sendTestNotification"}):
        scene.send(operation, sandbox=True)
    assert scene.amazon.control("GET", "state") == before


def test_the_test_notification_reaches_the_destination(scene: Scene) -> None:
    scene.send("sendTestNotification")
    [(arn, body)] = scene.amazon.queues.sent
    assert arn == QUEUE_ARN
    assert json.loads(body)["NotificationType"] == "ORDER_CHANGE"

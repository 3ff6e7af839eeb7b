"""Invalid input: what the simulator refuses with 400, in the form of Amazon's model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from simulator.operations import OPERATIONS
from tests.unit.simulator.amazon import QUEUE_ARN, Amazon, amazon
from tests.unit.simulator.model import RATE_HEADER, check
from tests.unit.simulator.scene import Scene, set_scene


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture
def scene(simulated: Amazon) -> Scene:
    return set_scene(simulated)


def _other(arn: object = QUEUE_ARN + "3", **more: Any) -> dict[str, Any]:
    return {"body": {"name": "queue", "resourceSpecification": {"sqs": {"arn": arn}}, **more}}


def _directive(**directive: Any) -> Callable[[Scene], dict[str, Any]]:
    return lambda scene: {"body": scene.subscription(payloadVersion="1.0", processingDirective=directive)}


# (name, operation, what is changed, words of the details)
REFUSED: list[tuple[str, str, Callable[[Scene], dict[str, Any]], str]] = [
    ("no type", "getSubscriptions", lambda _: {"query": {}}, "notificationTypes"),
    (
        "two types",
        "getSubscriptions",
        lambda _: {"query": {"notificationTypes": "ORDER_CHANGE,FEE_PROMOTION"}},
        "exactly 1",
    ),
    (
        "small page",
        "getSubscriptions",
        lambda _: {"query": {"notificationTypes": "ORDER_CHANGE", "pageSize": "29"}},
        "pageSize",
    ),
    (
        "large page",
        "getSubscriptions",
        lambda _: {"query": {"notificationTypes": "ORDER_CHANGE", "pageSize": "101"}},
        "pageSize",
    ),
    (
        "made-up token",
        "getSubscriptions",
        lambda _: {"query": {"notificationTypes": "ORDER_CHANGE", "nextToken": "bm8="}},
        "nextToken",
    ),
    ("unknown type", "getSubscription", lambda _: {"path": {"notificationType": "NO_SUCH"}}, "NO_SUCH"),
    (
        "removed type",
        "createSubscription",
        lambda _: {"path": {"notificationType": "ORDER_STATUS_CHANGE"}},
        "ORDER_STATUS_CHANGE",
    ),
    ("unknown type", "getSubscriptionById", lambda _: {"path": {"notificationType": "NO_SUCH"}}, "NO_SUCH"),
    (
        "unknown type",
        "deleteSubscriptionById",
        lambda _: {"path": {"notificationType": "NO_SUCH"}},
        "NO_SUCH",
    ),
    (
        "no JSON",
        "createSubscription",
        lambda _: {"body": None, "data": b"{", "content_type": "application/json"},
        "JSON",
    ),
    ("no object", "createSubscription", lambda _: {"body": [1]}, "object"),
    (
        "no version",
        "createSubscription",
        lambda s: {"body": s.subscription(payloadVersion=None)},
        "payloadVersion",
    ),
    (
        "odd version",
        "createSubscription",
        lambda s: {"body": s.subscription(payloadVersion="9")},
        "payloadVersion 9",
    ),
    (
        "no destination",
        "createSubscription",
        lambda s: {"body": s.subscription(destinationId=None)},
        "destinationId",
    ),
    (
        "unknown destination",
        "createSubscription",
        lambda s: {"body": s.subscription(destinationId="elsewhere")},
        "No destination with id elsewhere for applicationId amzn1.sellerapps.app.",
    ),
    (
        "EventBridge type at a queue",
        "createSubscription",
        lambda _: {"path": {"notificationType": "BRANDED_ITEM_CONTENT_CHANGE"}},
        "eventBridge",
    ),
    (
        "both filters",
        "createSubscription",
        _directive(eventFilter={"eventFilterType": "ORDER_CHANGE"}, filterExpression="a == 1"),
        "mutually exclusive",
    ),
    ("long expression", "createSubscription", _directive(filterExpression="a" * 257), "256"),
    ("arithmetic", "createSubscription", _directive(filterExpression="a.b + 1 == 2"), "arithmetic"),
    ("indexing", "createSubscription", _directive(filterExpression="a.b[0] == 2"), "indexing"),
    ("no filter type", "createSubscription", _directive(eventFilter={}), "eventFilterType"),
    (
        "another's filter",
        "createSubscription",
        _directive(eventFilter={"eventFilterType": "ANY_OFFER_CHANGED"}),
        "does not fit",
    ),
    (
        "another's field",
        "createSubscription",
        _directive(
            eventFilter={
                "eventFilterType": "ORDER_CHANGE",
                "aggregationSettings": {"aggregationTimePeriod": "TenMinutes"},
            }
        ),
        "aggregationSettings",
    ),
    (
        "odd change type",
        "createSubscription",
        _directive(eventFilter={"eventFilterType": "ORDER_CHANGE", "orderChangeTypes": ["Any"]}),
        "orderChangeTypes",
    ),
    ("no name", "createDestination", lambda _: _other(name=None), "name"),
    ("long name", "createDestination", lambda _: _other(name="n" * 257), "256"),
    ("no resource", "createDestination", lambda _: {"body": {"name": "n"}}, "resourceSpecification"),
    ("neither resource", "createDestination", lambda _: _other(resourceSpecification={}), "exactly one"),
    (
        "both resources",
        "createDestination",
        lambda _: _other(
            resourceSpecification={
                "sqs": {"arn": QUEUE_ARN + "3"},
                "eventBridge": {"region": "us-east-1", "accountId": "111122223333"},
            }
        ),
        "exactly one",
    ),
    ("China's partition", "createDestination", lambda _: _other("arn:aws-cn:sqs:cn-north-1:1:q"), "pattern"),
    ("long ARN", "createDestination", lambda _: _other(QUEUE_ARN + "q" * 1000), "1000"),
    ("no text", "createDestination", lambda _: _other(5), "string"),
    ("FIFO", "createDestination", lambda _: _other(QUEUE_ARN + ".fifo"), "FIFO"),
    (
        "short account",
        "createDestination",
        lambda _: _other(resourceSpecification={"eventBridge": {"region": "us-east-1", "accountId": "1"}}),
        "accountId",
    ),
    (
        "no region",
        "createDestination",
        lambda _: _other(resourceSpecification={"eventBridge": {"accountId": "111122223333"}}),
        "region",
    ),
    (
        "no scenario",
        "sendTestNotification",
        lambda s: {
            "body": {"destinationId": s.destination_id, "testNotification": {"payloadVersion": "1.0"}}
        },
        "testScenario",
    ),
    (
        "unknown destination",
        "sendTestNotification",
        lambda _: {
            "body": {"destinationId": "x", "testNotification": {"payloadVersion": "1.0", "testScenario": "A"}}
        },
        "recheck that the AppId",
    ),
]


@pytest.mark.parametrize(
    ("operation", "changed", "words"),
    [pytest.param(*row[1:], id=f"{row[1]}: {row[0]}") for row in REFUSED],
)
def test_invalid_input(
    scene: Scene, operation: str, changed: Callable[[Scene], dict[str, Any]], words: str
) -> None:
    answer = scene.send(operation, **changed(scene))
    assert answer.status_code == 400, answer.text
    check(operation, answer)
    assert answer.json()["errors"][0]["code"] == "InvalidInput"
    assert words in answer.json()["errors"][0]["details"]
    if OPERATIONS[operation].announces_rate:
        assert answer.headers[RATE_HEADER] == "1.0"


def test_a_queue_that_amazon_cannot_read_is_refused(scene: Scene) -> None:
    scene.amazon.queues.unreachable.add(QUEUE_ARN + "2")
    answer = scene.send("createDestination")
    assert answer.status_code == 400, answer.text
    check("createDestination", answer)
    assert scene.amazon.queues.checked[-1] == QUEUE_ARN + "2"
    assert len(scene.send("getDestinations").json()["payload"]) == 1

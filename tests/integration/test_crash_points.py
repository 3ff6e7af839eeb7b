"""The deployed function, killed before and after each call of claim, publish and complete."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.killing_proxy import KillingProxy, KillPoint, killing_proxy
from tests.integration.system import System, order_change

POINTS = [
    KillPoint(call, moment)
    for call, moment in itertools.product(("claim", "publish", "complete"), ("before", "after"))
]
# A crash between the bus's acceptance and the completion costs one more publish, of the same event id.
PUBLISHES = {
    KillPoint("publish", "after"): 2,
    KillPoint("complete", "before"): 2,
}
REDELIVERY_SECONDS = 10


@pytest.fixture
def proxy(system: System) -> Iterator[KillingProxy]:
    """The function's calls to DynamoDB and EventBridge go through the proxy, one message an invocation."""
    functions, sqs = system.client("lambda"), system.client("sqs")
    name = system.outputs["ProcessNotificationsFunctionName"]
    queue = system.outputs["NotificationQueueUrl"]
    before = functions.get_function_configuration(FunctionName=name)["Environment"]
    (mapping,) = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    visibility = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]
    with killing_proxy(system.deployment.emulator) as proxy:
        variables = {
            **before["Variables"],
            # One machine, one clock: the lease of a killed function may end soon after its deadline.
            "LEASE_MARGIN_SECONDS": "2",
            "AWS_ENDPOINT_URL_DYNAMODB": proxy.url,
            "AWS_ENDPOINT_URL_EVENTBRIDGE": proxy.url,
        }
        try:
            functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
            functions.update_event_source_mapping(UUID=mapping["UUID"], BatchSize=1)
            # What a killed function held comes back soon; the lease still has to be waited for.
            sqs.set_queue_attributes(
                QueueUrl=queue, Attributes={"VisibilityTimeout": str(REDELIVERY_SECONDS)}
            )
            yield proxy
        finally:
            functions.update_function_configuration(FunctionName=name, Environment=before)
            functions.update_event_source_mapping(UUID=mapping["UUID"], BatchSize=mapping["BatchSize"])
            sqs.set_queue_attributes(QueueUrl=queue, Attributes=visibility)


def test_a_crash_at_any_call_loses_nothing_and_changes_no_event_id(
    system: System, proxy: KillingProxy
) -> None:
    planned = {f"crash-{point.call}-{point.moment}": point for point in POINTS}
    proxy.plan.update(planned)
    system.publish(*(_notification(key) for key in planned), keep_metadata=True)

    system.await_deliveries(list(planned), within_seconds=120)
    system.settle(within_seconds=180)

    assert proxy.kills == planned, "not every crash happened"
    seen: dict[str, Any] = {key: system.deliveries_of(key) for key in planned}
    assert {key: len(found) for key, found in seen.items()} == {
        key: PUBLISHES.get(point, 1) for key, point in planned.items()
    }
    for key, found in seen.items():
        assert len({delivery.event["detail"]["eventId"] for delivery in found}) == 1
        row = system.ledger_row(f"notification#{key}")
        assert row is not None
        assert row["status"] == {"S": "COMPLETE"}, key
    assert system.take_dead_letters(0) == []


def _notification(notification_id: str) -> dict[str, Any]:
    notification = order_change(notification_id)
    notification["NotificationMetadata"]["NotificationId"] = notification_id
    return notification

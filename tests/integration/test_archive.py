"""What is published lies in the archive within seconds; what is replayed, and the canary, do not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from sellerbus.notifications.archive import Archive, ArchivedEvent
from tests.integration.system import System, order_change


def archived(system: System, *notification_ids: str) -> dict[str, list[ArchivedEvent]]:
    """What the archive has of each notification."""
    archive = Archive(system.client("s3"), system.outputs["ArchiveBucketName"])
    now = datetime.now(UTC)
    found: dict[str, list[ArchivedEvent]] = {}
    for key in archive.keys(now - timedelta(hours=1), now + timedelta(minutes=1)):
        for event in archive.read(key):
            found.setdefault(event.notification_id, []).append(event)
    return {key: found.get(key, []) for key in notification_ids}


def test_a_published_event_is_archived_as_it_came_and_a_replay_of_it_is_not(system: System) -> None:
    (notification_id,) = system.publish(order_change("114-0000071-0000001"))
    system.await_deliveries([notification_id])
    system.wait_for(lambda: bool(archived(system, notification_id)[notification_id]), "the archived event")
    (event,) = archived(system, notification_id)[notification_id]
    (delivery,) = system.deliveries_of(notification_id)
    assert event.detail == delivery.event["detail"]
    assert event.detail["origin"] == "amazon"
    assert event.published_at == delivery.event["time"]
    assert (event.notification_type, event.seller_id) == ("ORDER_CHANGE", "A2EW6EXAMPLE11")

    replayed = {**event.detail, "replay": {"id": "replay-1", "at": "2026-03-02T12:00:00Z"}}
    answer = system.client("events").put_events(
        Entries=[
            {
                "EventBusName": system.outputs["EventBusName"],
                "Source": "sellerbus.notifications",
                "DetailType": event.notification_type,
                "Detail": json.dumps(replayed),
            }
        ]
    )
    assert answer["FailedEntryCount"] == 0
    # The next notification overtakes nothing: when it is archived, the replay would be too.
    (later,) = system.publish(order_change("114-0000071-0000002"))
    system.wait_for(lambda: bool(archived(system, later)[later]), "the next event")
    assert len(archived(system, notification_id)[notification_id]) == 1
    assert len(system.deliveries_of(notification_id)) == 2


def test_the_canary_is_archived_and_delivered_nowhere(system: System) -> None:
    canary = {
        "notificationVersion": "1.0",
        "notificationType": "SELLERBUS_CANARY",
        "payloadVersion": "1.0",
        "eventTime": "2026-03-02T12:00:00Z",
        "payload": {"id": "test"},
        "notificationMetadata": {
            "applicationId": "sellerbus",
            "subscriptionId": "canary",
            "publishTime": "2026-03-02T12:00:00Z",
            "notificationId": "canary-integration-test",
        },
    }
    system.client("sqs").send_message(
        QueueUrl=system.outputs["NotificationQueueUrl"], MessageBody=json.dumps(canary)
    )
    system.settle()
    (later,) = system.publish(order_change("114-0000072-0000001"))
    system.await_deliveries([later])
    system.wait_for(lambda: bool(archived(system, later)[later]), "the next event")
    assert archived(system, "canary-integration-test") == {"canary-integration-test": []}
    assert system.deliveries_of("canary-integration-test") == []

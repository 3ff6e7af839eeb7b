"""The deployed system from outside: what Amazon sees, what a consumer receives, what a second deploy does."""

from __future__ import annotations

import hashlib
import json

import pytest

from local.cast import SELLERS
from local.deployment import Seller
from tests.integration.system import System, order_change, wanted_types

OWN_TYPES = ("FEED_PROCESSING_FINISHED", "ORDER_CHANGE")
LATER_SELLER = Seller("A3LATEREXAMPLE", ("ATVPDKIKX0DER",), OWN_TYPES)


def test_amazon_has_a_destination_with_our_queue_and_one_with_our_event_source(system: System) -> None:
    state = system.deployment.simulator.state()
    resources = {
        held["destinationId"]: held["resource"]
        for held in state["destinations"]
        if held["destinationId"] not in system.foreign
    }

    assert resources.keys() == {system.outputs["DestinationId"], system.outputs["EventBridgeDestinationId"]}
    assert resources[system.outputs["DestinationId"]]["sqs"]["arn"] == system.outputs["NotificationQueueArn"]
    bridge = resources[system.outputs["EventBridgeDestinationId"]]["eventBridge"]
    assert bridge["name"] == system.outputs["PartnerEventSourceName"]


@pytest.mark.parametrize("seller", SELLERS, ids=lambda seller: seller.seller_id)
def test_each_seller_has_exactly_the_subscriptions_of_the_settings(system: System, seller: Seller) -> None:
    wanted = wanted_types(system)

    assert wanted, "the settings want no subscription at all"
    held = system.subscriptions(seller.seller_id)
    assert held.keys() == wanted
    bridged = {
        kind
        for kind, row in held.items()
        if row["destinationId"] == system.outputs["EventBridgeDestinationId"]
    }
    assert bridged == {"LISTINGS_ITEM_STATUS_CHANGE"}
    assert {held[kind]["destinationId"] for kind in wanted - bridged} == {system.outputs["DestinationId"]}


def test_a_notification_comes_through_once(system: System) -> None:
    (notification_id,) = system.publish(order_change("114-0000001-0000001"))

    system.await_deliveries([notification_id])
    system.settle()

    (delivery,) = system.deliveries_of(notification_id)
    detail = delivery.event["detail"]
    assert delivery.event["source"] == "sellerbus.notifications"
    assert delivery.event["detail-type"] == "ORDER_CHANGE"
    assert detail["sellerId"] == "A2EW6EXAMPLE11"
    assert detail["marketplaceId"] == "ATVPDKIKX0DER"
    assert detail["stale"] is False
    assert detail["payload"]["OrderChangeNotification"]["AmazonOrderId"] == "114-0000001-0000001"


def test_copies_are_dropped(system: System) -> None:
    notification_ids = system.publish(
        *(order_change(f"114-0000002-000000{number}") for number in range(4)), copies=5
    )

    system.await_deliveries(notification_ids)
    system.settle()

    assert [len(system.deliveries_of(key)) for key in notification_ids] == [1, 1, 1, 1]


def test_an_earlier_state_that_comes_late_is_marked_stale(system: System) -> None:
    (newer,) = system.publish(order_change("114-0000003-0000001", event_time="2026-03-02T12:00:00.000Z"))
    system.await_deliveries([newer])

    (older,) = system.publish(order_change("114-0000003-0000001", event_time="2026-03-02T11:00:00.000Z"))
    system.await_deliveries([older])

    assert [delivery.stale for delivery in system.deliveries_of(newer)] == [False]
    assert [delivery.stale for delivery in system.deliveries_of(older)] == [True]


def test_one_too_large_for_the_bus_lies_in_s3_and_its_event_points_there(system: System) -> None:
    notification = order_change("114-0000005-0000001")
    notification["Payload"]["OrderChangeNotification"]["Summary"]["note"] = "é" * 150_000
    (notification_id,) = system.publish(notification)
    system.await_deliveries([notification_id])

    (delivery,) = system.deliveries_of(notification_id)
    detail = delivery.event["detail"]
    location = detail["payloadLocation"]
    assert detail["payload"] is None
    assert detail["entity"] == {"kind": "order", "id": "114-0000005-0000001"}
    stored = system.client("s3").get_object(Bucket=location["bucket"], Key=location["key"])["Body"].read()
    assert hashlib.sha256(stored).hexdigest() == location["sha256"]
    assert json.loads(stored)["Payload"] == notification["Payload"]


def test_a_malformed_body_goes_to_the_dead_letters_alone_with_its_reason(system: System) -> None:
    system.publish_body('{"NotificationType": "ORDER_CHANGE", "Pay')
    (notification_id,) = system.publish(order_change("114-0000004-0000001"))

    (letter,) = system.take_dead_letters(1)
    assert letter.body == '{"NotificationType": "ORDER_CHANGE", "Pay'
    assert letter.reason
    assert letter.detail
    system.await_deliveries([notification_id])


def test_a_seller_added_later_gets_its_own_types_without_a_deploy(system: System) -> None:
    assert system.subscribed_types(LATER_SELLER.seller_id) == set()

    system.add_seller(LATER_SELLER)

    assert system.subscribed_types(LATER_SELLER.seller_id) == set(OWN_TYPES)


def test_a_second_deploy_touches_nothing(system: System) -> None:
    second = system.deployment.deploy_again()

    assert second.touched == [], f"defined differently the second time: {second.redefined}"


def test_what_the_templates_ask_for_is_set_although_the_emulator_drops_it(system: System) -> None:
    dynamodb, s3 = system.client("dynamodb"), system.client("s3")

    ttl = dynamodb.describe_time_to_live(TableName=system.outputs["LedgerTableName"])["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expiresAt"}
    encryption = s3.get_bucket_encryption(Bucket=system.outputs["PayloadBucketName"])
    (rule,) = encryption["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == system.outputs["KeyArn"]


def test_no_function_logs_what_a_notification_holds(system: System) -> None:
    (notification_id,) = system.publish(order_change("114-7654321-7654321"))
    system.await_deliveries([notification_id])

    logs = system.client("logs")
    lines = [
        event["message"]
        for group in logs.describe_log_groups()["logGroups"]
        for event in logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
    ]
    assert any("batch processed" in line for line in lines), "these are not the processor's logs"
    assert not [line for line in lines if "114-7654321-7654321" in line], "the log holds an order id"
    assert system.deployment.simulator.client_secret not in json.dumps(lines)

"""Types that Amazon sends by EventBridge only: from the partner's events to the target of our bus."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cast import SELLERS
from tests.integration.system import AMAZON_ACCOUNT, System

SELLER = SELLERS[0].seller_id
TYPE = "LISTINGS_ITEM_STATUS_CHANGE"


def status_change(sku: str, **more: Any) -> dict[str, Any]:
    payload = {
        "SellerId": SELLER,
        "MarketplaceId": "ATVPDKIKX0DER",
        "Asin": "B0EXAMPLE1",
        "Sku": sku,
        "Status": ["BUYABLE"],
        **more,
    }
    return {
        "NotificationVersion": "1.0",
        "NotificationType": TYPE,
        "PayloadVersion": "1.0",
        "EventTime": "2026-03-02T12:05:00.000Z",
        "Payload": payload,
    }


def publish(system: System, envelope: dict[str, Any], *, copies: int = 1) -> str:
    """Has Amazon send to the seller's subscription; returns the notificationId."""
    (answer,) = system.deployment.simulator.publish(
        [{"notification": envelope, "sellerId": SELLER, "copies": copies}]
    )
    assert answer["sent"] == copies
    return str(answer["notificationId"])


def test_the_event_source_has_our_event_bus(system: System) -> None:
    name = system.outputs["PartnerEventSourceName"]
    events = system.client("events")

    assert events.describe_event_source(Name=name)["State"] == "ACTIVE"
    assert events.describe_event_bus(Name=name)["Name"] == name


def test_a_notification_comes_through_once_however_many_events_carry_it(system: System) -> None:
    notification_id = publish(system, status_change("SKU-1"), copies=4)

    system.await_deliveries([notification_id])
    system.settle()

    (delivery,) = system.deliveries_of(notification_id)
    detail = delivery.event["detail"]
    assert delivery.event["source"] == "sellerbus.notifications"
    assert delivery.event["detail-type"] == TYPE
    assert (detail["sellerId"], detail["marketplaceId"]) == (SELLER, "ATVPDKIKX0DER")
    assert detail["entity"] == {"kind": "listing", "id": "SKU-1#ATVPDKIKX0DER"}
    assert detail["payload"] == status_change("SKU-1")["Payload"]


def test_of_one_that_our_bus_cannot_carry_the_notification_alone_lies_in_s3(system: System) -> None:
    envelope = status_change("SKU-2", Number=98765432109876543210)
    notification_id = publish(system, envelope)

    system.await_deliveries([notification_id])

    (delivery,) = system.deliveries_of(notification_id)
    location = delivery.event["detail"]["payloadLocation"]
    stored = system.client("s3").get_object(Bucket=location["bucket"], Key=location["key"])["Body"].read()
    held = json.loads(stored)
    assert held.pop("NotificationMetadata")["NotificationId"] == notification_id
    assert held == envelope


def test_nobody_but_amazon_sends_by_its_event_source(system: System) -> None:
    name = system.outputs["PartnerEventSourceName"]
    detail = json.dumps(status_change("FORGED"))
    ours = system.client("events")

    with pytest.raises(ClientError, match="AccessDenied"):
        ours.put_partner_events(Entries=[{"Source": name, "DetailType": TYPE, "Detail": detail}])
    with pytest.raises(ClientError, match="ValidationException"):
        ours.put_events(Entries=[{"Source": "x", "DetailType": TYPE, "Detail": detail, "EventBusName": name}])
    answer = ours.put_events(Entries=[{"Source": name, "DetailType": TYPE, "Detail": detail}])
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"


def test_the_emulator_makes_no_event_bus_without_an_event_source(system: System) -> None:
    """Else a stack that forgets to wait for it would pass here, and fail in AWS."""
    name = "aws.partner/sellingpartnerapi.amazon.com/000000000000/another-application"
    events = system.client("events")

    with pytest.raises(ClientError, match="ResourceNotFound"):
        events.create_event_bus(Name=name, EventSourceName=name)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        events.describe_event_source(Name=name)
    with pytest.raises(ClientError, match="AccessDenied"):
        events.create_partner_event_source(Name=name, Account="000000000000")
    amazon = system.client("events", account=AMAZON_ACCOUNT)
    taken = system.outputs["PartnerEventSourceName"]
    with pytest.raises(ClientError, match="ResourceAlreadyExists"):
        amazon.create_partner_event_source(Name=taken, Account="000000000000")

"""What Amazon never sent is found by asking it, published with its origin, and found no second time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from local.deployment import Seller
from local.feed_documents import FLAT_FILE_TYPE
from tests.integration.system import System, order_change

US = "ATVPDKIKX0DER"
SELLER = Seller("A6MISSEDEXAMPLE", (US,), ("FEED_PROCESSING_FINISHED", "ORDER_CHANGE"))
FEED_TYPE = "POST_FLAT_FILE_FULFILLMENT_DATA"
MISSED_ORDER, TOLD_ORDER = "903-0000091-0000001", "903-0000091-0000002"
HALF_AN_HOUR_IN_DAYS = 0.5 / 24


def look(system: System) -> dict[str, Any]:
    answer: dict[str, Any] = system.invoke("FindMissedEventsFunctionName", {})
    return answer


def look_back(system: System, subject: str, since: datetime) -> None:
    """As if the last look had been then."""
    system.client("dynamodb").update_item(
        TableName=system.outputs["MissedEventsMarksTableName"],
        Key={"sellerId": {"S": SELLER.seller_id}, "subject": {"S": subject}},
        UpdateExpression="SET since = :since REMOVE #until, question, #token, openSince",
        ExpressionAttributeNames={"#until": "until", "#token": "token"},
        ExpressionAttributeValues={":since": {"S": since.isoformat()}},
    )


def reconciled(system: System) -> dict[str, dict[str, Any]]:
    """The details of the seller's events made up for, by the id of what they are about."""
    system.take()
    return {
        delivery.event["detail"]["entity"]["id"]: delivery.event["detail"]
        for deliveries in system.received.by_notification.values()
        for delivery in deliveries
        if delivery.event["detail"].get("origin") == "reconciled"
        and delivery.event["detail"]["sellerId"] == SELLER.seller_id
    }


def test_an_order_and_a_feed_that_amazon_never_told_are_found_once(system: System) -> None:
    amazon = system.deployment.simulator
    system.add_seller(SELLER)
    system.await_quiet_jobs()
    # From the first look on, something can be missed.
    look(system)

    for order_id in (MISSED_ORDER, TOLD_ORDER):
        amazon.add_order(SELLER.seller_id, US, order_id, daysAgo=HALF_AN_HOUR_IN_DAYS)
    told = order_change(TOLD_ORDER, event_time=datetime.now(UTC).isoformat(timespec="milliseconds"))
    told["Payload"]["OrderChangeNotification"]["SellerId"] = SELLER.seller_id
    (told_id,) = system.publish(told)
    system.await_deliveries([told_id])
    amazon.decide_fate(feedType=FEED_TYPE, sellerId=SELLER.seller_id, notifications=0)
    system.feeds.request(
        "FeedRequested",
        [
            {
                "taskId": "missed-feed",
                "sellerId": SELLER.seller_id,
                "feedType": FEED_TYPE,
                "marketplaceIds": [US],
                "contentType": FLAT_FILE_TYPE,
                "content": "order-id\tquantity\nmissed\t1\n",
            }
        ],
    )
    system.await_tasks("missed-feed", within_seconds=90)
    (feed,) = amazon.feeds(SELLER.seller_id, FEED_TYPE)
    look_back(system, "orders", datetime.now(UTC) - timedelta(hours=1))

    def found_all() -> bool:
        look(system)
        system.settle()
        return {MISSED_ORDER, str(feed["feedId"])} <= reconciled(system).keys()

    # The feed's end has to be some seconds old.
    system.wait_for(found_all, "what was missed", within_seconds=60)

    found = reconciled(system)
    assert found.keys() == {MISSED_ORDER, str(feed["feedId"])}
    order = found[MISSED_ORDER]
    assert (order["notificationType"], order["sellerId"]) == ("ORDER_CHANGE", SELLER.seller_id)
    assert order["payload"]["OrderChangeNotification"]["Summary"]["DestinationPostalCode"] is None
    assert found[str(feed["feedId"])]["notificationType"] == "FEED_PROCESSING_FINISHED"
    assert "buyer" not in str(order).lower()

    # Looked for again, with nothing remembered of the first look, it is found no more.
    for subject in ("orders", "feeds"):
        look_back(system, subject, datetime.now(UTC) - timedelta(hours=1))
    assert look(system)["missed"] == 0
    system.settle()
    events = [
        len(system.deliveries_of(found[key]["notificationId"])) for key in (MISSED_ORDER, str(feed["feedId"]))
    ]
    assert events == [1, 1]

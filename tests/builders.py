"""Notifications as Amazon sends them, in both casings, for tests."""

import json
from typing import Any

ORDER_ID = "903-8868176-2219830"
SELLER_ID = "A3TH9S8BH6GOGM"


def order_change(
    notification_id: str | None = "n-1",
    *,
    event_time: str = "2026-01-11T00:09:53.109Z",
    order_id: str = ORDER_ID,
    status: str = "Unshipped",
) -> dict[str, Any]:
    """An ORDER_CHANGE, PascalCase, version 1.0."""
    metadata: dict[str, Any] = {
        "ApplicationId": "amzn1.sellerapps.app.example",
        "SubscriptionId": "subscription-1",
        "PublishTime": "2026-01-11T00:09:54.000Z",
    }
    if notification_id is not None:
        metadata["NotificationId"] = notification_id
    return {
        "NotificationVersion": "1.0",
        "NotificationType": "ORDER_CHANGE",
        "PayloadVersion": "1.0",
        "EventTime": event_time,
        "Payload": {
            "OrderChangeNotification": {
                "SellerId": SELLER_ID,
                "AmazonOrderId": order_id,
                "Summary": {"MarketplaceId": "ATVPDKIKX0DER", "OrderStatus": status},
            }
        },
        "NotificationMetadata": metadata,
    }


def feed_finished(notification_id: str | None = "n-2", *, feed_id: str = "53347018456") -> dict[str, Any]:
    """A FEED_PROCESSING_FINISHED, camelCase, version 2020-09-04."""
    return {
        "notificationVersion": "2020-09-04",
        "notificationType": "FEED_PROCESSING_FINISHED",
        "payloadVersion": "2020-09-04",
        "eventTime": "2026-01-13T19:42:04.284Z",
        "payload": {
            "feedProcessingFinishedNotification": {
                "sellerId": SELLER_ID,
                "feedId": feed_id,
                "feedType": "JSON_LISTINGS_FEED",
                "processingStatus": "DONE",
            }
        },
        "notificationMetadata": {
            "applicationId": "amzn1.sellerapps.app.example",
            "subscriptionId": "subscription-2",
            "publishTime": "2026-01-13T19:42:05.000Z",
            **({"notificationId": notification_id} if notification_id else {}),
        },
    }


def body(notification: Any) -> str:
    """The SQS message body of a notification."""
    return json.dumps(notification)


def partner_event(notification: Any, *, event_id: str = "e-1", **more: Any) -> dict[str, Any]:
    """The event in which EventBridge delivers a notification from Amazon's partner event source."""
    return {
        "version": "0",
        "id": event_id,
        "detail-type": notification.get("NotificationType") or notification.get("notificationType"),
        "source": "aws.partner/sellingpartnerapi.amazon.com/123456789012/amzn1.sellerapps.app.example",
        "account": "123456789012",
        "time": "2026-01-11T00:09:55Z",
        "region": "us-east-1",
        "resources": [],
        "detail": notification,
        **more,
    }

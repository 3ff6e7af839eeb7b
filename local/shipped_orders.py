"""Small notifications of orders that have been shipped, one for each order."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from local.cast import SELLERS


def shipped(order_id: str, notification_id: str = "00000000-0000-4000-8000-000000000002") -> dict[str, Any]:
    """Amazon's envelope of an order that was shipped just now; the simulator gives it an id of its own."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    seller = SELLERS[0]
    return {
        "NotificationVersion": "1.0",
        "NotificationType": "ORDER_CHANGE",
        "PayloadVersion": "1.0",
        "EventTime": now,
        "Payload": {
            "OrderChangeNotification": {
                "NotificationLevel": "OrderLevel",
                "SellerId": seller.seller_id,
                "AmazonOrderId": order_id,
                "OrderChangeType": "OrderStatusChange",
                "Summary": {"MarketplaceId": seller.marketplace_ids[0], "OrderStatus": "Shipped"},
            }
        },
        "NotificationMetadata": {
            "ApplicationId": "amzn1.sellerapps.app.example",
            "SubscriptionId": "00000000-0000-4000-8000-000000000001",
            "PublishTime": now,
            "NotificationId": notification_id,
        },
    }

"""A change at Amazon that a notification should have told, and the notification that tells it. Pure rules.

The notification is as Amazon would have sent it (Amazon's schemas OrderChangeNotification and
FeedProcessingFinishedNotification), but that it has nothing that Amazon's lists don't tell without the
buyer: no postal code, and under Orders API v0 no items.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sellerbus.api.changed_orders import ChangedOrder, OrderItem
from sellerbus.api.recent_feeds import RecentFeed
from sellerbus.notifications.ordering import thing_key
from sellerbus.notifications.origin import Origin, own_notification

ORDER_CHANGE: Final = "ORDER_CHANGE"
FEED_PROCESSING_FINISHED: Final = "FEED_PROCESSING_FINISHED"

_MERCHANT: Final = "amzn1.merchant.o."


@dataclass(frozen=True)
class Change:
    """at: ISO 8601 as Amazon wrote it. state: in the notification's words. payload: the notification's.

    began_at: when the thing came into being, ISO 8601; "" where that is of no account.
    """

    notification_type: str
    seller_id: str
    entity_kind: str
    entity_id: str
    at: str
    state: str
    payload: Mapping[str, Any]
    pascal_case: bool
    began_at: str = ""

    @property
    def key(self) -> str:
        """The key of the thing's row in the ordering guard."""
        return thing_key(self.notification_type, self.seller_id, self.entity_kind, self.entity_id)

    @property
    def identity(self) -> str:
        """What tells the change from all others: the same for the same state at the same time."""
        text = json.dumps(
            [self.notification_type, self.seller_id, self.entity_id, self.at, self.payload], sort_keys=True
        )
        return hashlib.sha256(text.encode()).hexdigest()[:40]

    @property
    def notification_id(self) -> str:
        return f"{Origin.RECONCILED.value}-{self.identity}"

    def notification(self, payload_version: str, now: datetime) -> dict[str, Any]:
        """Make the envelope that goes into the notification queue."""
        return own_notification(
            Origin.RECONCILED,
            identity=self.identity,
            notification_type=self.notification_type,
            payload_version=payload_version,
            event_time=self.at,
            publish_time=iso(now),
            payload=self.payload,
            notification_version="1.0" if self.pascal_case else payload_version,
            pascal_case=self.pascal_case,
        )


def order_change(seller_id: str, order: ChangedOrder) -> Change | None:
    """The change of an order; None where Amazon's list lacks what every notification has."""
    if not (order.status and order.fulfilled_by and order.marketplace_id):
        return None
    counts = {
        "NumberOfItemsShipped": order.items_shipped,
        "NumberOfItemsUnshipped": order.items_unshipped,
    }
    payload = {
        "OrderChangeNotification": {
            "NotificationLevel": "OrderLevel",
            "SellerId": seller_id,
            "AmazonOrderId": order.order_id,
            "OrderChangeType": "OrderStatusChange",
            "OrderChangeTrigger": {
                "TimeOfOrderChange": order.updated_at,
                "ChangeReason": "Found by Sellerbus: Amazon sent no notification",
            },
            "Summary": {
                "MarketplaceId": order.marketplace_id,
                "OrderStatus": order.status,
                "PurchaseDate": order.purchased_at,
                "DestinationPostalCode": None,
                "FulfillmentType": order.fulfilled_by,
                "OrderType": order.order_type,
                **{name: count for name, count in counts.items() if count is not None},
                "OrderItems": [_item(item) for item in order.items],
            },
        }
    }
    return Change(
        ORDER_CHANGE,
        seller_id,
        "order",
        order.order_id,
        order.updated_at,
        order.status,
        payload,
        pascal_case=True,
        began_at=order.purchased_at,
    )


def feed_finished(seller_id: str, feed: RecentFeed) -> Change:
    """The end of a feed that has ended."""
    document = {"resultFeedDocumentId": feed.result_document_id} if feed.result_document_id else {}
    payload = {
        "feedProcessingFinishedNotification": {
            "sellerId": seller_id,
            "accountId": f"{_MERCHANT}{seller_id}",
            "feedId": feed.feed_id,
            "feedType": feed.feed_type,
            "processingStatus": feed.processing_status,
            **document,
        }
    }
    return Change(
        FEED_PROCESSING_FINISHED,
        seller_id,
        "feed",
        feed.feed_id,
        feed.ended_at,
        feed.processing_status,
        payload,
        False,
    )


def iso(at: datetime) -> str:
    """Write a time as Amazon takes and writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _item(item: OrderItem) -> dict[str, Any]:
    row: dict[str, Any] = {
        "OrderItemId": item.item_id,
        "SellerSKU": item.sku,
        "SupplySourceId": None,
        "Quantity": item.quantity,
    }
    if item.shipped is not None:
        row["OrderItemStatus"] = "Shipped" if item.shipped >= item.quantity else "Unshipped"
        row["QuantityShipped"] = item.shipped
    return row

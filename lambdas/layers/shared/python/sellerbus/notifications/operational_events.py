"""What Sellerbus itself has to tell of sellers and their subscriptions. docs/events.md is the contract."""

from __future__ import annotations

import uuid
from typing import Final

from sellerbus.api.redaction import redact, shorten
from sellerbus.aws.event_publisher import OperationalEvent
from sellerbus.notifications.drift import Finding
from sellerbus.sellers.rows import Seller

SUBSCRIPTIONS_SOURCE: Final = "sellerbus.subscriptions"
SELLERS_SOURCE: Final = "sellerbus.sellers"
DRIFTED: Final = "SubscriptionDrifted"
REVOKED: Final = "SellerAuthorizationRevoked"

LONGEST_REASON: Final = 500

_NAMESPACE: Final = uuid.UUID("b8f1f7a6-3c0c-5b1e-9f57-6f3f4f0f2b15")


def drifted(seller: Seller, finding: Finding) -> OperationalEvent:
    return OperationalEvent(
        SUBSCRIPTIONS_SOURCE,
        DRIFTED,
        {
            "eventId": finding.event_id(seller.seller_id),
            "sellerId": seller.seller_id,
            "region": seller.region,
            "notificationType": finding.notification_type,
            "payloadVersion": finding.payload_version,
            "drift": finding.drift,
            "subscriptionId": finding.subscription_id,
            "destinationId": finding.destination_id,
            "action": finding.action,
        },
    )


def revoked(seller: Seller, token_version: str, reason: str) -> OperationalEvent:
    """token_version tells the authorisation that is revoked from one that the seller gives later."""
    return OperationalEvent(
        SELLERS_SOURCE,
        REVOKED,
        {
            "eventId": str(uuid.uuid5(_NAMESPACE, f"{seller.seller_id} {token_version}")),
            "sellerId": seller.seller_id,
            "region": seller.region,
            "marketplaceIds": list(seller.marketplace_ids),
            "reason": shorten(redact(reason), LONGEST_REASON),
        },
    )

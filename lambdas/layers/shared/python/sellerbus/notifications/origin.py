"""Whose notification it is: Amazon's, or one that Sellerbus has made itself.

What Sellerbus makes goes through the same queue, ledger and bus as Amazon's, in the same envelope; its
metadata say who made it. Amazon's application ids begin with `amzn1.`, so that none of its notifications is
taken for one of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

OWN_APPLICATION: Final = "sellerbus"
"""The applicationId of what Sellerbus makes; its subscriptionId is the origin."""
CANARY_TYPE: Final = "SELLERBUS_CANARY"


class Origin(StrEnum):
    """AMAZON sent it. RECONCILED: Amazon should have and didn't; Sellerbus found it out by asking.

    SYNTHETIC: an operator made it up for a test. CANARY: it only measures the way to the bus.
    """

    AMAZON = "amazon"
    RECONCILED = "reconciled"
    SYNTHETIC = "synthetic"
    CANARY = "canary"


def origin_of(application_id: object, subscription_id: object) -> Origin:
    """Tell the origin by an envelope's metadata. An own one of no known kind is taken for made up."""
    if application_id != OWN_APPLICATION:
        return Origin.AMAZON
    own = (Origin.RECONCILED, Origin.CANARY)
    return next((origin for origin in own if origin == subscription_id), Origin.SYNTHETIC)


def own_notification(
    origin: Origin,
    *,
    identity: str,
    notification_type: str,
    payload_version: str,
    event_time: str,
    publish_time: str,
    payload: Mapping[str, Any],
    notification_version: str = "1.0",
    pascal_case: bool = False,
) -> dict[str, Any]:
    """Make the envelope of an own notification. Times are ISO 8601.

    identity: printable ASCII of at most 200 characters, the same for the same thing, so that the ledger
    knows a copy. pascal_case: as Amazon writes the older types; the payload is the caller's to spell.
    """
    metadata = {
        "applicationId": OWN_APPLICATION,
        "subscriptionId": origin.value,
        "publishTime": publish_time,
        "notificationId": f"{origin.value}-{identity}",
    }
    envelope = {
        "notificationVersion": notification_version,
        "notificationType": notification_type,
        "payloadVersion": payload_version,
        "eventTime": event_time,
        "payload": dict(payload),
        "notificationMetadata": _pascal(metadata) if pascal_case else metadata,
    }
    return _pascal(envelope) if pascal_case else envelope


def _pascal(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name[0].upper() + name[1:]: value for name, value in fields.items()}

"""What every seller shall have at Amazon, as the functions read it. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from stacks.notification_types import default_payload_version, eventbridge_types
from stacks.settings_model import Settings
from stacks.settings_sections import Notification

_MOST_PARAMETER_BYTES = 8192
_DESTINATION_ID_CHARACTERS = 64
# The keys under `destinations`, and an entry's `via`.
QUEUE = "sqs"
EVENT_BRIDGE = "eventBridge"


def wanted_subscriptions(settings: Settings, destinations: Mapping[str, str]) -> dict[str, Any]:
    """{"destinations", "existingSubscriptions", "subscriptions"}, in Amazon's words.

    destinations: the ids at Amazon by QUEUE and, where it is needed, EVENT_BRIDGE; they may be tokens.
    Raises ValueError for more than a Systems Manager parameter holds.
    """
    wanted = {
        "destinations": dict(destinations),
        "existingSubscriptions": settings.existing_subscriptions,
        "subscriptions": [_wanted(notification) for notification in settings.notifications],
    }
    _check_size(wanted, settings)
    return wanted


def _wanted(notification: Notification) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "notificationType": notification.type,
        "payloadVersion": notification.payload_version or default_payload_version(notification.type),
    }
    if notification.processing_directive:
        wanted["processingDirective"] = notification.processing_directive.model_dump(
            mode="json", by_alias=True, exclude_none=True
        )
    if eventbridge_types([notification.type]):
        wanted["via"] = EVENT_BRIDGE
    return wanted


def _check_size(wanted: dict[str, Any], settings: Settings) -> None:
    known = {**wanted, "destinations": dict.fromkeys(wanted["destinations"], "")}
    ids = len(wanted["destinations"]) * _DESTINATION_ID_CHARACTERS
    size = len(json.dumps(known, separators=(",", ":")).encode()) + ids
    if size > _MOST_PARAMETER_BYTES:
        raise ValueError(
            f"The configured notifications of region {settings.region} take {size} bytes, more than the "
            f"{_MOST_PARAMETER_BYTES} that a Systems Manager parameter holds: shorten processing_directive "
            "or split the stage."
        )

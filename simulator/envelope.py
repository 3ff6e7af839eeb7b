"""The envelope of a notification, in both of Amazon's casings. Pure.

Source: "Notification structure" of the Notifications API use case guide and the notification schemas: older
types write NotificationType and NotificationMetadata, newer ones notificationType and notificationMetadata.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.queues import MAXIMUM_MESSAGE_BYTES

# EventBridge takes 256 KiB an event; source and detail-type need some of it.
MAXIMUM_DETAIL_BYTES = 262_144 - 512

_FIELDS = ("NotificationType", "PayloadVersion", "NotificationMetadata")
# What SQS takes in a message body: the characters of XML 1.0.
_REFUSED_CHARACTER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class EnvelopeError(Exception):
    """A notification that cannot be published as it is; the text says what to change."""


@dataclass(frozen=True)
class Metadata:
    application_id: str
    subscription_id: str
    publish_time: str
    notification_id: str


@dataclass(frozen=True)
class Envelope:
    """A notification as given, with its casing found out."""

    content: Mapping[str, Any]
    camel_case: bool

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Envelope:
        pascal = any(name in content for name in _FIELDS)
        camel = any(_camel(name) in content for name in _FIELDS)
        if pascal == camel:
            raise EnvelopeError(
                "the notification must have NotificationType or notificationType, in one casing; "
                "send anything else as a raw body, or with keepMetadata and via: destination"
            )
        return cls(content, camel)

    @property
    def notification_type(self) -> str | None:
        return _text(self.content.get(self._name("NotificationType")))

    @property
    def payload_version(self) -> str | None:
        return _text(self.content.get(self._name("PayloadVersion")))

    @property
    def notification_id(self) -> str | None:
        metadata = self.content.get(self._name("NotificationMetadata"))
        return _text(metadata.get(self._name("NotificationId"))) if isinstance(metadata, dict) else None

    def with_metadata(self, metadata: Metadata) -> dict[str, Any]:
        """The notification with its metadata minted anew; everything else, and the order of fields, stays."""
        name = self._name("NotificationMetadata")
        given = self.content.get(name)
        minted = {
            **(given if isinstance(given, dict) else {}),
            self._name("ApplicationId"): metadata.application_id,
            self._name("SubscriptionId"): metadata.subscription_id,
            self._name("PublishTime"): metadata.publish_time,
            self._name("NotificationId"): metadata.notification_id,
        }
        return {**self.content, name: minted}

    def _name(self, pascal: str) -> str:
        return _camel(pascal) if self.camel_case else pascal


def as_body(content: Mapping[str, Any]) -> str:
    try:
        return json.dumps(content, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise EnvelopeError(f"the notification is not JSON: {error}") from error


def check_body(body: str) -> str:
    """Returns a message body that SQS takes; raises EnvelopeError for one that it refuses."""
    if not body:
        raise EnvelopeError("the body is empty; SQS takes messages of 1 byte or more")
    if refused := _REFUSED_CHARACTER.search(body):
        raise EnvelopeError(f"the body has the character U+{ord(refused.group()):04X}, which SQS refuses")
    size = len(body.encode("utf-8"))
    if size > MAXIMUM_MESSAGE_BYTES:
        raise EnvelopeError(f"the body has {size} bytes; SQS takes at most {MAXIMUM_MESSAGE_BYTES}")
    return body


def check_detail(detail: str) -> str:
    """Returns an event's detail that EventBridge takes; raises EnvelopeError for one that it refuses."""
    size = len(detail.encode("utf-8"))
    if size > MAXIMUM_DETAIL_BYTES:
        raise EnvelopeError(f"the notification has {size} bytes; EventBridge takes {MAXIMUM_DETAIL_BYTES}")
    return detail


def _camel(pascal: str) -> str:
    return pascal[0].lower() + pascal[1:]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None

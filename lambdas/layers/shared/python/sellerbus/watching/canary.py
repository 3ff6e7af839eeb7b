"""A marked notification that goes the way of Amazon's, from the queue to the bus, and is measured at its end.

It proves queue, key, mapping, ledger, bus and a rule on it. It can't prove Amazon's leg: that Amazon has
subscriptions and may send.

Source: SQS API, SendMessage.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from sellerbus.aws.errors import aws_call
from sellerbus.notifications.origin import CANARY_TYPE, Origin, own_notification

_VERSION: Final = "1.0"


class SqsClient(Protocol):
    """The part of boto3's SQS client used here."""

    def send_message(self, **request: Any) -> Mapping[str, Any]: ...


class CanaryError(Exception):
    """An event that claims to be a canary, and is none that was sent here."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A canary on the bus. event_id: of its event, by which the log has its way."""

    event_id: str
    milliseconds: int


class CanarySender:
    """Puts canaries into the notification queue. now: seconds since 1970."""

    def __init__(self, client: SqsClient, queue_url: str, *, now: Callable[[], float]) -> None:
        self._client = client
        self._url = queue_url
        self._now = now

    def send(self, name: str) -> str:
        """Send one, return its notificationId. Raises StoreUnavailableError.

        name: of at most 150 characters. Every call sends another: what says when it was sent can't be the
        same notification as one that says another time.
        """
        sent_at = datetime.fromtimestamp(self._now(), UTC)
        at = sent_at.isoformat(timespec="milliseconds")
        identity = f"{name}-{round(sent_at.timestamp() * 1000)}"
        notification = own_notification(
            Origin.CANARY,
            identity=identity,
            notification_type=CANARY_TYPE,
            payload_version=_VERSION,
            event_time=at,
            publish_time=at,
            payload={"sentAt": at, "id": identity},
        )
        with aws_call("SendMessage"):
            self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps(notification))
        return str(notification["notificationMetadata"]["notificationId"])


def arrived(event: Mapping[str, Any], now: float) -> Arrived:
    """Measure a canary's event from the bus; now: seconds since 1970. Raises CanaryError."""
    try:
        detail = event["detail"]
        sent_at = datetime.fromisoformat(detail["payload"]["sentAt"]).timestamp()
        return Arrived(str(detail["eventId"]), max(round((now - sent_at) * 1000), 0))
    except (KeyError, TypeError, ValueError) as error:
        raise CanaryError(
            f"an event from the canary's source has no canary in it ({type(error).__name__}): somebody else "
            "puts such events on the bus"
        ) from None

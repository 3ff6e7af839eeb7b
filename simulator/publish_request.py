"""What the publisher can be asked to send. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from simulator.fields import FieldError, Fields
from simulator.regions import REGIONS

MAXIMUM_COPIES = 1000


class Via(Enum):
    SUBSCRIPTION = "subscription"
    DESTINATION = "destination"


@dataclass(frozen=True)
class PublishRequest:
    """One thing to publish: a `notification`, or a raw `body` that is sent as it is.

    `via` DESTINATION sends without a subscription. `destination_id` names the destination, or narrows the
    subscriptions, as `region` does. Every copy waits `delay_seconds` and up to `jitter_seconds` more.
    """

    notification: Mapping[str, Any] | None = None
    body: str | None = None
    seller_id: str | None = None
    copies: int = 1
    delay_seconds: float = 0.0
    jitter_seconds: float = 0.0
    keep_metadata: bool = False
    via: Via = Via.SUBSCRIPTION
    destination_id: str | None = None
    region: str | None = None

    def __post_init__(self) -> None:
        if (self.notification is None) == (self.body is None):
            raise ValueError("give exactly one of notification and body")
        if not 1 <= self.copies <= MAXIMUM_COPIES:
            raise ValueError(f"copies must be from 1 to {MAXIMUM_COPIES}, got {self.copies}")
        if self.delay_seconds < 0 or self.jitter_seconds < 0:
            raise ValueError("delaySeconds and jitterSeconds must not be negative")


def read_publish_request(content: object, where: str) -> PublishRequest:
    """The request in a control request's body; raises FieldError, whose text begins with `where`."""
    fields = Fields(content, where)
    via = fields.choice("via", tuple(kind.value for kind in Via))
    try:
        asked = PublishRequest(
            notification=fields.optional_object("notification"),
            body=fields.optional_text("body"),
            seller_id=fields.optional_text("sellerId"),
            copies=fields.integer("copies", 1),
            delay_seconds=fields.number("delaySeconds"),
            jitter_seconds=fields.number("jitterSeconds"),
            keep_metadata=fields.flag("keepMetadata"),
            via=Via(via) if via else Via.SUBSCRIPTION,
            destination_id=fields.optional_text("destinationId"),
            region=fields.choice("region", REGIONS),
        )
    except ValueError as error:
        raise FieldError(f"{where}: {error}") from error
    fields.done()
    return asked

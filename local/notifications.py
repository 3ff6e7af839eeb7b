"""The notifications that the demo publishes: its own, and the examples of Amazon's models where they are.

Where Amazon's models lie is told by SP_API_MODELS, else they are looked for beside the project.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.commands import ROOT

BY_EVENT_BRIDGE = "listings_item_status_change"
"""The notification of a type that Amazon sends by EventBridge only."""

_DATA = Path(__file__).resolve().parent / "data"
_FIRST_WAVE = (
    "report_processing_finished",
    "feed_processing_finished",
    "order_status_change",
    "order_change_shipped",
    "any_offer_changed",
    BY_EVENT_BRIDGE,
)
_LATE = "order_change_unshipped"
"""The same order as order_change_shipped, but an earlier event time: published after it, it is stale."""


LARGE = "any_offer_changed_large"
_BUS_BYTES = 256 * 1024
WITHDRAWN = {"ORDER_STATUS_CHANGE": "withdrawn by Amazon, old subscriptions may still send it"}
"""Types that nobody can subscribe to any more."""
OWN = "demo"
"""The origin of the demo's own notifications."""


@dataclass(frozen=True)
class Notification:
    """One notification as Amazon's envelope, in either casing; `origin` says where it is from."""

    name: str
    origin: str
    envelope: Mapping[str, Any]

    @property
    def notification_type(self) -> str:
        """Amazon's notificationType."""
        return str(self.envelope.get("notificationType") or self.envelope["NotificationType"])

    @property
    def payload_version(self) -> str:
        """Amazon's payloadVersion."""
        return str(self.envelope.get("payloadVersion") or self.envelope["PayloadVersion"])

    @property
    def kibibytes(self) -> int:
        """Its size as the simulator sends it, in whole KiB."""
        return len(json.dumps(self.envelope, ensure_ascii=False).encode("utf-8")) // 1024

    @property
    def casing(self) -> str:
        """Which of Amazon's two envelope casings this is written in."""
        return "camelCase" if "notificationType" in self.envelope else "PascalCase"


@dataclass(frozen=True)
class Malformed:
    """A message body that is no notification; `about` says what is wrong with it."""

    about: str
    body: str


def first_wave(models: Path | None) -> list[Notification]:
    """The demo's own notifications and, where `models` is a folder, every example in Amazon's schemas."""
    own = [*(_own(name) for name in _FIRST_WAVE), large_notification()]
    return own if models is None else own + amazon_examples(models)


def late_notification() -> Notification:
    """The one that tells an earlier state of an order whose later state is in the first wave."""
    return _own(_LATE)


def large_notification() -> Notification:
    """An offer change with so many offers that it exceeds what the event bus carries (256 KiB)."""
    envelope = json.loads((_DATA / "any_offer_changed.json").read_text(encoding="utf-8"))
    change = envelope["Payload"]["AnyOfferChangedNotification"]
    change["OfferChangeTrigger"]["ASIN"] = "B0LARGE001"
    offer = {"SellerId": "A2EW6EXAMPLE11", "SubCondition": "new", "IsFulfilledByAmazon": False}
    change["Offers"] = [offer] * (_BUS_BYTES // len(json.dumps(offer, separators=(",", ":"))))
    return Notification(name=LARGE, origin=OWN, envelope=envelope)


def malformed_bodies() -> list[Malformed]:
    """The bodies that must end in the dead-letter queue."""
    entries = json.loads((_DATA / "malformed.json").read_text(encoding="utf-8"))
    return [Malformed(about=entry["about"], body=entry["body"]) for entry in entries]


def models_folder(environment: Mapping[str, str] | None = None) -> Path | None:
    """Where Amazon's notification schemas are on this machine; None when they aren't."""
    schemas = models_place(environment)
    return schemas if schemas.is_dir() else None


def models_place(environment: Mapping[str, str] | None = None) -> Path:
    """Where they are looked for."""
    environment = os.environ if environment is None else environment
    folder = Path(environment.get("SP_API_MODELS") or ROOT.parent / "shared" / "sp-api-models")
    return folder / "notification-schemas"


def amazon_examples(schemas: Path) -> list[Notification]:
    """Every envelope among the root examples of the schema files in a folder, in the files' order."""
    found = []
    for file in sorted(schemas.glob("*.json")):
        examples = json.loads(file.read_text(encoding="utf-8")).get("examples", [])
        found += [
            Notification(name=f"{file.stem} {number}", origin="Amazon's model", envelope=example)
            for number, example in enumerate(examples, start=1)
            if _is_envelope(example)
        ]
    return found


def publish_requests(
    notifications: Sequence[Notification],
    *,
    subscribed: Mapping[tuple[str, str], str],
    destination_id: str,
    copies: int,
) -> list[dict[str, Any]]:
    """The simulator's publish requests for the notifications.

    `subscribed` maps a notification type and payload version to the seller whose subscription carries it;
    what nobody has subscribed to (a type removed or added since) is sent to the destination itself.
    """
    requests: list[dict[str, Any]] = []
    for notification in notifications:
        request: dict[str, Any] = {"notification": dict(notification.envelope), "copies": copies}
        seller = subscribed.get((notification.notification_type, notification.payload_version))
        if seller is None:
            request |= {"via": "destination", "destinationId": destination_id}
        else:
            request |= {"via": "subscription", "sellerId": seller}
        requests.append(request)
    return requests


def _own(name: str) -> Notification:
    envelope = json.loads((_DATA / f"{name}.json").read_text(encoding="utf-8"))
    return Notification(name=name, origin=OWN, envelope=envelope)


def _is_envelope(example: object) -> bool:
    return isinstance(example, dict) and ("notificationType" in example or "NotificationType" in example)

"""What is made up for is as Amazon would have sent it, by Amazon's schemas."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sellerbus.missed.change import Change, feed_finished, order_change
from sellerbus.notifications.catalogue import describe
from sellerbus.notifications.envelope import parse_envelope
from tests.unit.missed.world import NOON, SELLER_ID, US, feed, order

ROOT = Path(__file__).resolve().parents[2]
MODELS = Path(os.environ.get("SP_API_MODELS") or ROOT.parent / "shared" / "sp-api-models")
SCHEMAS = {
    "ORDER_CHANGE": "OrderChangeNotification.json",
    "FEED_PROCESSING_FINISHED": "FeedProcessingFinishedNotification.json",
}
BUYER = "DestinationPostalCode"


def _schema(notification_type: str) -> Any:
    file = MODELS / "notification-schemas" / SCHEMAS[notification_type]
    if not file.is_file():
        pytest.skip(f"no schema at {file}; set SP_API_MODELS")
    return json.loads(file.read_text(encoding="utf-8"))


def _order(**more: Any) -> Change:
    change = order_change(SELLER_ID, order("903-0000091-0000001", NOON, **more))
    assert change is not None
    return change


CHANGES = [
    *(
        _order(status=status)
        for status in (
            "Pending",
            "Unshipped",
            "PartiallyShipped",
            "Shipped",
            "Canceled",
            "Unfulfillable",
            "PendingAvailability",
        )
    ),
    _order(fulfilled_by="AFN", items=(), items_shipped=None, items_unshipped=None, order_type="Preorder"),
    *(
        feed_finished(SELLER_ID, feed("1", NOON, NOON + timedelta(minutes=1), status=status))
        for status in ("DONE", "FATAL", "CANCELLED")
    ),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change.notification_type} {change.state}")
def test_it_is_valid_by_amazons_schema_and_read_as_amazons(change: Change) -> None:
    notification = change.notification("1.0", NOON)
    jsonschema.Draft7Validator(_schema(change.notification_type)).validate(notification)
    envelope = parse_envelope(json.dumps(notification))
    subject = describe(envelope)
    assert subject.entity is not None
    assert (envelope.notification_type, subject.seller_id) == (change.notification_type, SELLER_ID)
    assert (subject.entity.kind, subject.entity.id) == (change.entity_kind, change.entity_id)
    assert envelope.notification_id == change.notification_id
    if change.notification_type == "ORDER_CHANGE":
        assert subject.marketplace_id == US
        assert envelope.payload["OrderChangeNotification"]["Summary"][BUYER] is None


def test_the_same_change_has_the_same_id_and_another_has_another() -> None:
    ids = [
        change.notification("1.0", NOON)["notificationMetadata"]["notificationId"] for change in CHANGES[-3:]
    ]
    assert len(set(ids)) == 3
    assert _order().notification_id == _order().notification_id
    assert _order().notification_id != _order(items_shipped=1).notification_id

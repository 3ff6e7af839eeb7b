"""Whose a notification is, and on which source its event goes out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sellerbus.notifications.catalogue import describe
from sellerbus.notifications.envelope import parse_envelope
from sellerbus.notifications.origin import CANARY_TYPE, Origin, origin_of, own_notification
from sellerbus.notifications.publishing import build_event
from tests.builders import body, feed_finished, order_change, partner_event

AT = "2026-03-02T12:00:00.000Z"


def _own(origin: Origin, *, pascal_case: bool = False) -> dict[str, Any]:
    return own_notification(
        origin,
        identity="thing-1",
        notification_type=CANARY_TYPE if origin is Origin.CANARY else "ORDER_CHANGE",
        payload_version="1.0",
        event_time=AT,
        publish_time=AT,
        payload={"a": 1},
        pascal_case=pascal_case,
    )


@pytest.mark.parametrize("notification", [order_change(), feed_finished(), partner_event(order_change())])
def test_what_amazon_sends_is_amazons(notification: Any) -> None:
    assert parse_envelope(body(notification)).origin is Origin.AMAZON


@pytest.mark.parametrize("pascal_case", [False, True])
@pytest.mark.parametrize("origin", [Origin.RECONCILED, Origin.SYNTHETIC, Origin.CANARY])
def test_what_sellerbus_makes_says_so_in_either_casing(origin: Origin, pascal_case: bool) -> None:
    notification = _own(origin, pascal_case=pascal_case)
    assert ("NotificationType" in notification) is pascal_case
    envelope = parse_envelope(json.dumps(notification))
    assert envelope.origin is origin
    assert (envelope.notification_id, envelope.event_time) == (f"{origin}-thing-1", AT)
    assert not envelope.notification_id_is_derived


@pytest.mark.parametrize(
    ("application_id", "subscription_id", "origin"),
    [
        ("amzn1.sellerapps.app.1", "reconciled", Origin.AMAZON),
        (None, "canary", Origin.AMAZON),
        (["sellerbus"], "canary", Origin.AMAZON),
        ("sellerbus", "amazon", Origin.SYNTHETIC),
        ("sellerbus", None, Origin.SYNTHETIC),
        ("sellerbus", {}, Origin.SYNTHETIC),
    ],
)
def test_only_the_own_application_speaks_for_itself_and_never_for_amazon(
    application_id: object, subscription_id: object, origin: Origin
) -> None:
    assert origin_of(application_id, subscription_id) is origin


@pytest.mark.parametrize(
    ("origin", "source"),
    [
        (Origin.RECONCILED, "sellerbus.notifications"),
        (Origin.SYNTHETIC, "sellerbus.notifications"),
        (Origin.CANARY, "sellerbus.canary"),
    ],
)
def test_only_the_canary_goes_out_on_another_source(origin: Origin, source: str) -> None:
    envelope = parse_envelope(json.dumps(_own(origin)))
    event = build_event(envelope, describe(envelope), "event-1", stale=False)
    assert event is not None
    assert event.source == source
    assert event.size_bytes == len(source) + len(event.notification_type) + len(event.detail.encode())
    assert json.loads(event.detail)["origin"] == origin

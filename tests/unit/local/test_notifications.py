"""The demo's notifications are what it says they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local.notifications import (
    LARGE,
    Notification,
    amazon_examples,
    first_wave,
    late_notification,
    malformed_bodies,
    models_folder,
    models_place,
    publish_requests,
)


def test_the_first_wave_has_both_casings_and_a_type_that_amazon_has_removed() -> None:
    wave = first_wave(None)

    assert {notification.casing for notification in wave} == {"camelCase", "PascalCase"}
    assert "ORDER_STATUS_CHANGE" in {notification.notification_type for notification in wave}
    assert {notification.origin for notification in wave} == {"demo"}


def test_the_late_one_tells_an_earlier_state_of_an_order_in_the_first_wave() -> None:
    (newer,) = [one for one in first_wave(None) if one.name == "order_change_shipped"]
    late = late_notification()

    assert late.envelope["EventTime"] < newer.envelope["EventTime"]
    for field in ("SellerId", "AmazonOrderId"):
        assert (
            late.envelope["Payload"]["OrderChangeNotification"][field]
            == newer.envelope["Payload"]["OrderChangeNotification"][field]
        )


def test_the_large_one_exceeds_the_bus_and_not_the_queue() -> None:
    (large,) = [one for one in first_wave(None) if one.name == LARGE]

    compact = json.dumps(large.envelope["Payload"], separators=(",", ":"))
    assert 256 * 1024 < len(compact) < len(json.dumps(large.envelope)) < 1024 * 1024


def test_the_malformed_bodies_are_two_and_malformed_each_in_a_way_of_its_own() -> None:
    cut_off, without_type = malformed_bodies()

    with pytest.raises(json.JSONDecodeError):
        json.loads(cut_off.body)
    assert "NotificationType" not in json.loads(without_type.body)


def test_amazons_examples_are_taken_from_every_file_and_nothing_else_is(tmp_path: Path) -> None:
    envelope = {"notificationType": "A_TYPE", "payloadVersion": "1.0", "payload": {}}
    (tmp_path / "b.json").write_text(json.dumps({"examples": [envelope, envelope]}), encoding="utf-8")
    (tmp_path / "a.json").write_text(
        json.dumps({"examples": ["text", {"NotificationType": "B_TYPE"}]}), encoding="utf-8"
    )
    (tmp_path / "c.json").write_text(json.dumps({"title": "no examples"}), encoding="utf-8")

    found = amazon_examples(tmp_path)

    assert [(one.name, one.notification_type) for one in found] == [
        ("a 2", "B_TYPE"),
        ("b 1", "A_TYPE"),
        ("b 2", "A_TYPE"),
    ]
    assert len(first_wave(tmp_path)) == len(first_wave(None)) + 3


def test_models_are_looked_for_where_the_environment_says(tmp_path: Path) -> None:
    assert models_folder({"SP_API_MODELS": str(tmp_path)}) is None
    assert models_place({"SP_API_MODELS": str(tmp_path)}) == tmp_path / "notification-schemas"

    (tmp_path / "notification-schemas").mkdir()

    assert models_folder({"SP_API_MODELS": str(tmp_path)}) == tmp_path / "notification-schemas"


def test_a_subscribed_type_and_version_goes_by_its_subscription_any_other_to_the_destination() -> None:
    def notification(version: str) -> Notification:
        envelope = {"NotificationType": "ORDER_CHANGE", "PayloadVersion": version}
        return Notification(name="x", origin="demo", envelope=envelope)

    requests = publish_requests(
        [notification("1.0"), notification("2.0")],
        subscribed={("ORDER_CHANGE", "1.0"): "SELLER"},
        destination_id="destination",
        copies=2,
    )

    assert requests == [
        {
            "notification": {"NotificationType": "ORDER_CHANGE", "PayloadVersion": "1.0"},
            "copies": 2,
            "via": "subscription",
            "sellerId": "SELLER",
        },
        {
            "notification": {"NotificationType": "ORDER_CHANGE", "PayloadVersion": "2.0"},
            "copies": 2,
            "via": "destination",
            "destinationId": "destination",
        },
    ]

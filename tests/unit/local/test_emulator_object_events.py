"""S3 events of the emulator name the object's version, as AWS's do."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from typing import Any

import pytest

from local.emulator_object_events import fit, with_version_known, with_version_told


def dispatched(version_id: str | None, source: str = "aws.s3") -> Any:
    """The detail of the event with which an object's writing is told."""
    told: list[Any] = []

    def dispatch(event: Mapping[str, Any], view: Any = None) -> None:
        told.append(json.loads(event["Detail"]))

    carry = with_version_told(dispatch)

    def fire(bucket: str, key: str, event_name: str, size: int = 0, version_id: str | None = None) -> None:
        carry({"Source": source, "Detail": json.dumps({"object": {"key": key}})})

    with_version_known(fire)("inbox", "feeds/a", "s3:ObjectCreated:Put", 1, version_id)
    (detail,) = told
    return detail


def test_the_version_is_named_where_there_is_one() -> None:
    assert dispatched("v1") == {"object": {"key": "feeds/a", "version-id": "v1"}}
    assert dispatched(None) == {"object": {"key": "feeds/a"}}


def test_other_events_stay_as_they_are() -> None:
    assert dispatched("v1", source="sellerbus.feeds") == {"object": {"key": "feeds/a"}}


def test_the_emulator_has_the_places_that_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    s3: Any = importlib.import_module("ministack.services.s3")
    eventbridge: Any = importlib.import_module("ministack.services.eventbridge")
    told: list[Any] = []
    monkeypatch.setattr(s3, "_fire_s3_event", s3._fire_s3_event)
    monkeypatch.setattr(
        s3, "_bucket_notifications", {"inbox": "<EventBridgeConfiguration></EventBridgeConfiguration>"}
    )
    monkeypatch.setattr(s3, "_parse_notification_config", lambda bucket: [])
    monkeypatch.setattr(s3, "_notification_bucket_region", lambda bucket: "us-east-1")
    monkeypatch.setattr(eventbridge, "_dispatch_event", told.append)
    fit(s3, eventbridge)
    s3._fire_s3_event("inbox", "feeds/a", "s3:ObjectCreated:Put", etag='"e"', version_id="v1")
    (event,) = told
    assert json.loads(event["Detail"])["object"]["version-id"] == "v1"

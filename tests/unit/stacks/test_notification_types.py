"""The catalogue agrees with itself, and with Amazon's schemas where they are at hand."""

import json
import os
from pathlib import Path

import pytest

from stacks.notification_types import (
    NOTIFICATION_TYPES,
    REMOVED_TYPES,
    Workflow,
    default_payload_version,
    eventbridge_types,
    subscribable_types,
)

_BESIDE_THE_PROJECT = Path(__file__).resolve().parents[4] / "shared" / "sp-api-models"
MODELS = Path(os.environ.get("SP_API_MODELS", _BESIDE_THE_PROJECT))


def test_types_are_known_once() -> None:
    assert not NOTIFICATION_TYPES.keys() & REMOVED_TYPES.keys()
    assert set(REMOVED_TYPES.values()) <= set(subscribable_types())


def test_what_is_registered_in_the_developer_console_takes_no_subscription() -> None:
    assert {"ORDER_CHANGE", "ITEM_PRODUCT_TYPE_CHANGE"} <= set(subscribable_types())
    assert "APPLICATION_OAUTH_CLIENT_NEW_SECRET" not in subscribable_types()
    assert len(subscribable_types()) == 24


def test_six_types_come_by_eventbridge_only() -> None:
    assert eventbridge_types(subscribable_types()) == (
        "BRANDED_ITEM_CONTENT_CHANGE",
        "ITEM_PRODUCT_TYPE_CHANGE",
        "LISTINGS_ITEM_ISSUES_CHANGE",
        "LISTINGS_ITEM_MFN_QUANTITY_CHANGE",
        "LISTINGS_ITEM_STATUS_CHANGE",
        "PRODUCT_TYPE_DEFINITIONS_CHANGE",
    )
    assert eventbridge_types(["ORDER_CHANGE", "BRAND_NEW"]) == ()


def test_a_version_is_assumed_only_where_there_is_one() -> None:
    assert default_payload_version("ORDER_CHANGE") == "1.0"
    assert default_payload_version("FEED_PROCESSING_FINISHED") is None
    assert default_payload_version("BRAND_NEW") is None


def test_what_has_no_sqs_workflow_has_no_filters() -> None:
    for entry in NOTIFICATION_TYPES.values():
        if entry.workflow is not Workflow.SQS:
            assert not entry.filter_expression
            assert entry.event_filter_keys is None


def test_amazons_event_filters_are_the_catalogues() -> None:
    path = MODELS / "notifications" / "notifications.json"
    if not path.is_file():
        pytest.skip(f"Amazon's models are not at {MODELS}")
    definitions = json.loads(path.read_text(encoding="utf-8"))["definitions"]
    (own,) = (part for part in definitions["EventFilter"]["allOf"] if "properties" in part)
    filtered = {name for name, entry in NOTIFICATION_TYPES.items() if entry.event_filter_keys is not None}
    assert filtered == set(own["properties"]["eventFilterType"]["enum"])

"""The examples that `sellerbus notifications send` sends are notifications by Amazon's own schemas."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ops import notification_examples
from ops.notification_examples import Wish
from stacks.notification_types import subscribable_types

SCHEMAS = (
    Path(os.environ.get("SP_API_MODELS", Path(__file__).resolve().parents[3] / "shared" / "sp-api-models"))
    / "notification-schemas"
)
# Amazon's own slips: a type that is called otherwise in its schema, and a root that refers to nothing.
CALLED_OTHERWISE = {"LISTINGS_ITEM_STATUS_CHANGE": "LISTINGS_ITEM_STATUS_CHANGED"}
WITHOUT_DEFINITIONS = ("SHIPMENT_TRACKING_MILESTONE_CHANGED",)


def _schemas() -> dict[str, dict[str, Any]]:
    """The schemas by the notification type that their file's name says."""
    return {_type_of(path): json.loads(path.read_text(encoding="utf-8")) for path in SCHEMAS.glob("*.json")}


def _type_of(path: Path) -> str:
    name = path.stem.removesuffix("Notification").casefold()
    return next(
        (known for known in subscribable_types() if known.replace("_", "").casefold() == name), path.stem
    )


@pytest.fixture(scope="module")
def schemas() -> dict[str, dict[str, Any]]:
    if not SCHEMAS.is_dir():
        pytest.skip(f"Amazon's notification schemas are not there: {SCHEMAS}")
    return _schemas()


def test_there_is_an_example_of_every_type_that_can_be_subscribed_to() -> None:
    assert notification_examples.types() == list(subscribable_types())


def test_every_schema_is_of_a_type_that_has_an_example(schemas: dict[str, dict[str, Any]]) -> None:
    assert schemas.keys() <= set(notification_examples.types())
    assert len(schemas) >= 14


def test_every_example_is_valid(schemas: dict[str, dict[str, Any]]) -> None:
    checked = 0
    for notification_type, schema in schemas.items():
        if notification_type in WITHOUT_DEFINITIONS:
            continue
        document = notification_examples.notification(notification_type, Wish(identity="1"))
        for name in ("NotificationType", "notificationType"):
            if name in document:
                document[name] = CALLED_OTHERWISE.get(notification_type, notification_type)
        root = {**schema, "$ref": schema["#ref"]} if "#ref" in schema else schema
        if "#ref" in root:
            root.pop("type", None)
        faults = [each.message[:200] for each in jsonschema.Draft7Validator(root).iter_errors(document)]
        assert not faults, notification_type
        checked += 1
    assert checked >= 13


def test_a_schema_refuses_what_is_no_example(schemas: dict[str, dict[str, Any]]) -> None:
    """Else the test above could not fail."""
    for notification_type, schema in schemas.items():
        if notification_type in WITHOUT_DEFINITIONS:
            continue
        root = {**schema, "$ref": schema["#ref"]} if "#ref" in schema else schema
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft7Validator(root).validate({"payload": {}, "Payload": {}})

"""Every row of the table of operations says what Amazon's models say, and none is missing."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sellerbus.api import operations
from sellerbus.api.operation import SELLER, Operation
from sellerbus.api.operations import NOTIFICATIONS_SCOPE, OPERATIONS, ROTATION_SCOPE

ROOT = Path(__file__).resolve().parents[2]
MODELS = Path(os.environ.get("SP_API_MODELS") or ROOT.parent / "shared" / "sp-api-models")

# Model file, and the operations of it that the table has; None for all.
WANTED: dict[str, set[str] | None] = {
    "notifications/notifications.json": None,
    "feeds/feeds_2021-06-30.json": None,
    "feeds/feeds_2020-09-04.json": None,
    "messaging/messaging.json": None,
    "uploads/uploads_2020-11-01.json": None,
    "orders/ordersV0.json": {"getOrders", "getOrder"},
    "orders/orders_2026-01-01.json": {"searchOrders"},
    "tokens/tokens_2021-03-01.json": None,
    "application-management/application_2023-11-30.json": None,
}
# Where a model states no usage plan: what Amazon's SDK keeps to, and the plans of the removed version's last
# whole model.
UNSTATED_PLANS = {
    "messaging/v1 sendInvoice": (1.0, 5),
    "feeds/2020-09-04 getFeeds": (0.0222, 10),
    "feeds/2020-09-04 createFeed": (0.0083, 15),
    "feeds/2020-09-04 getFeed": (2.0, 15),
    "feeds/2020-09-04 cancelFeed": (0.0222, 10),
    "feeds/2020-09-04 createFeedDocument": (0.0083, 15),
    "feeds/2020-09-04 getFeedDocument": (0.0222, 10),
}
# The model doesn't say it; Amazon's guide on rotating client secrets does.
GRANTLESS_BY_THE_GUIDE = {"applications/2023-11-30 rotateApplicationClientSecret"}
SCOPES = {"notifications": NOTIFICATIONS_SCOPE, "applications": ROTATION_SCOPE}

pytestmark = pytest.mark.skipif(
    not all((MODELS / name).is_file() for name in WANTED), reason=f"Amazon's models are not in {MODELS}"
)


@dataclass
class Row:
    """An operation as a model has it."""

    method: str
    path: str
    content: dict[str, Any]
    definitions: dict[str, Any]

    @property
    def key(self) -> str:
        return f"{'/'.join(self.path.split('/')[1:3])} {self.content['operationId']}"

    def parameters(self, place: str) -> dict[str, dict[str, Any]]:
        found = self.content.get("parameters", [])
        assert not any("$ref" in row for row in found)
        return {row["name"]: row for row in found if row["in"] == place}

    @property
    def plan(self) -> tuple[float, int] | None:
        stated = re.search(r"\|\s*([\d.]+)\s*\|\s*(\d+)\s*\|", self.content["description"])
        return (float(stated[1]), int(stated[2])) if stated else None

    @property
    def content_of_success(self) -> set[str]:
        """The described properties of the success's body beside errors and warnings."""
        (success,) = [code for code in self.content["responses"] if code.startswith("2")]
        reference = self.content["responses"][success].get("schema", {}).get("$ref", "").rsplit("/", 1)[-1]
        properties = self.definitions.get(reference, {}).get("properties", {})
        return {name for name, value in properties.items() if {"$ref", "type"} & set(value)} - {
            "errors",
            "warnings",
        }


def models() -> dict[str, dict[str, Row]]:
    """The wanted operations by model file and key."""
    found: dict[str, dict[str, Row]] = {}
    for name, wanted in WANTED.items():
        document = (
            json.loads((MODELS / name).read_text(encoding="utf-8")) if (MODELS / name).is_file() else {}
        )
        rows = [
            Row(method.upper(), path, content, document.get("definitions", {}))
            for path, methods in document.get("paths", {}).items()
            for method, content in methods.items()
            if method in ("get", "post", "put", "patch", "delete")
        ]
        found[name] = {row.key: row for row in rows if wanted is None or row.content["operationId"] in wanted}
    return found


ROWS = {key: row for rows in models().values() for key, row in rows.items()}


def test_the_table_has_every_operation_that_is_wanted_and_no_other() -> None:
    assert set(OPERATIONS) == set(ROWS)
    for name, wanted in WANTED.items():
        assert len(models()[name]) == (len(wanted) if wanted else len(models()[name])) > 0, name
    assert len(models()["messaging/messaging.json"]) == 11


def test_no_row_hides_behind_another() -> None:
    rows = [value for value in vars(operations).values() if isinstance(value, Operation)]
    assert len(rows) == len(OPERATIONS) == len({(row.method, row.path) for row in rows})


@pytest.mark.parametrize("key", sorted(OPERATIONS))
def test_row(key: str) -> None:
    operation, row = OPERATIONS[key], ROWS[key]
    assert (operation.method, operation.path) == (row.method, row.path)
    assert set(operation.path_parameters) == set(row.parameters("path"))
    query = row.parameters("query")
    assert operation.query == set(query)
    assert operation.required == {name for name, each in query.items() if each.get("required")}
    assert operation.success == {int(code) for code in row.content["responses"] if code.startswith("2")}
    grantless = "grantless" in row.content["description"].lower() or key in GRANTLESS_BY_THE_GUIDE
    assert operation.grant == (SCOPES[row.path.split("/")[1]] if grantless else SELLER)
    assert operation.answers is bool(row.content_of_success)


@pytest.mark.parametrize("key", sorted(OPERATIONS))
def test_plan(key: str) -> None:
    operation, stated = OPERATIONS[key], ROWS[key].plan
    assert (stated is None) == (key in UNSTATED_PLANS)
    assert (operation.rate, operation.burst) == (stated or UNSTATED_PLANS[key])


def test_lists_are_joined_by_commas() -> None:
    formats = {
        parameter.get("collectionFormat", "csv")
        for row in ROWS.values()
        for parameter in row.parameters("query").values()
        if parameter["type"] == "array"
    }
    assert formats == {"csv"}


def test_only_uploads_have_a_path_in_the_path() -> None:
    assert [row.name for row in OPERATIONS.values() if row.greedy] == ["createUploadDestinationForResource"]


def test_what_is_made_sent_or_rotated_is_not_repeatable() -> None:
    once = {key for key, row in OPERATIONS.items() if not row.repeatable}
    messages = {
        key for key in OPERATIONS if key.startswith("messaging/v1 ") and OPERATIONS[key].method == "POST"
    }
    assert len(messages) == 9
    assert once == messages | {
        "notifications/v1 createSubscription",
        "notifications/v1 createDestination",
        "notifications/v1 sendTestNotification",
        "feeds/2021-06-30 createFeed",
        "feeds/2020-09-04 createFeed",
        "applications/2023-11-30 rotateApplicationClientSecret",
    }

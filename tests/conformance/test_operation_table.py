"""Every row of the table of operations says what Amazon's model says."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from sellerbus.api.operations import NOTIFICATIONS_SCOPE, OPERATIONS, SELLER

ROOT = Path(__file__).resolve().parents[2]
MODELS = Path(os.environ.get("SP_API_MODELS") or ROOT.parent / "shared" / "sp-api-models")
NOTIFICATIONS = MODELS / "notifications" / "notifications.json"

pytestmark = pytest.mark.skipif(not NOTIFICATIONS.is_file(), reason=f"Amazon's models are not in {MODELS}")


def rows() -> dict[str, tuple[str, str, dict[str, Any]]]:
    document = json.loads(NOTIFICATIONS.read_text(encoding="utf-8"))
    return {
        operation["operationId"]: (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post", "put", "patch", "delete")
    }


def test_the_table_has_every_operation_and_no_other() -> None:
    assert set(OPERATIONS) == set(rows())


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_row(name: str) -> None:
    operation = OPERATIONS[name]
    method, path, model = rows()[name]
    parameters = model.get("parameters", [])
    assert (operation.method, operation.path) == (method, path)
    assert set(operation.path_parameters) == {row["name"] for row in parameters if row["in"] == "path"}
    assert set(operation.query) == {row["name"] for row in parameters if row["in"] == "query"}
    assert operation.success == {int(code) for code in model["responses"] if code.startswith("2")}
    grantless = "grantless" in model["description"].lower()
    assert operation.grant == (NOTIFICATIONS_SCOPE if grantless else SELLER)
    plan = re.search(r"\|\s*([\d.]+)\s*\|\s*(\d+)\s*\|", model["description"])
    if plan:
        assert (operation.rate, operation.burst) == (float(plan[1]), int(plan[2]))


def test_only_creations_and_sendings_are_not_repeatable() -> None:
    once = {name for name, operation in OPERATIONS.items() if not operation.repeatable}
    assert once == {"createSubscription", "createDestination", "sendTestNotification"}


def test_an_operation_that_answers_has_a_payload_in_the_model() -> None:
    document = json.loads(NOTIFICATIONS.read_text(encoding="utf-8"))
    for name, (_, _, model) in rows().items():
        reference = model["responses"]["200"]["schema"]["$ref"].rsplit("/", 1)[1]
        payload = document["definitions"][reference].get("properties", {}).get("payload", {})
        assert OPERATIONS[name].answers is bool(payload.get("$ref")), name

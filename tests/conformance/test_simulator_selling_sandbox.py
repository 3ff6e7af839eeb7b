"""Every static sandbox case of the models for orders and messages, answered as the model says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.unit.simulator.amazon import Amazon, amazon
from tests.unit.simulator.selling_models import ROWS, Row

CASES = [
    pytest.param(key, int(status), case, id=f"{key} {status} {number}")
    for key, row in sorted(ROWS.items())
    for status, response in row.said["responses"].items()
    for number, case in enumerate(response.get("x-amzn-api-sandbox", {}).get("static", []))
]


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


def ask(simulated: Amazon, row: Row, given: dict[str, Any]) -> requests.Response:
    places = {"amazonOrderId": "123-1234567-1234567", "orderId": "902-1845936-5435065", "resource": "x"}
    places |= {name: value for name, value in given.items() if name in places}
    query = {
        name: ",".join(value) if isinstance(value, list) else str(value)
        for name, value in given.items()
        if name not in (*places, "body")
    }
    body = given.get("body", {}) if row.method in ("POST", "PATCH") else None
    simulated.control("POST", "reset")
    token = simulated.seller_token()
    return simulated.call(row.method, row.path.format(**places), token, body=body, query=query, sandbox=True)


def test_the_models_have_their_cases() -> None:
    assert len(CASES) == 61
    without = {key for key in ROWS if not any(key == case.values[0] for case in CASES)}
    assert without == {"uploads/2020-11-01/createUploadDestinationForResource"}


@pytest.mark.parametrize(("key", "status", "case"), CASES)
def test_static_sandbox_case(simulated: Amazon, key: str, status: int, case: dict[str, Any]) -> None:
    given = {name: held["value"] for name, held in case["request"].get("parameters", {}).items()}
    answer = ask(simulated, ROWS[key], given)
    assert answer.status_code == status, answer.text
    if status == 204:
        assert answer.content == b""
    else:
        assert answer.json() == case["response"]
    state = simulated.control("GET", "state")
    assert (state["orders"], state["outbox"], state["uploads"]) == ([], 0, 0)


@pytest.mark.parametrize(
    ("key", "given"),
    [
        ("messaging/v1/GetAttributes", {"amazonOrderId": "another"}),
        ("messaging/v1/createConfirmOrderDetails", {"body": {"text": "Another"}}),
        ("orders/2026-01-01/getOrder", {"orderId": "171-9876543-2109876", "includedData": ["BUYER"]}),
        ("orders/v0/getOrders", {"MarketplaceIds": ["ATVPDKIKX0DER"]}),
        ("uploads/2020-11-01/createUploadDestinationForResource", {"contentMD5": "x"}),
    ],
)
def test_the_sandbox_refuses_what_matches_no_case(simulated: Amazon, key: str, given: dict[str, Any]) -> None:
    answer = ask(simulated, ROWS[key], given)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"] == "Could not match input arguments"

"""The simulator's table of the APIs for orders and messages against Amazon's models, and who may call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from simulator.operations import MESSAGING_API, OPERATIONS, ORDERS_API, ORDERS_V0_API, UPLOADS_API
from tests.unit.simulator.amazon import Amazon, amazon
from tests.unit.simulator.message_scene import ORDER_ID, US, MessageScene, set_message_scene
from tests.unit.simulator.model import RATE_HEADER
from tests.unit.simulator.selling_models import MODELS, ROWS, check

MINE = {
    key: operation
    for key, operation in OPERATIONS.items()
    if operation.api in (MESSAGING_API, UPLOADS_API, ORDERS_V0_API, ORDERS_API)
}
# No usage plan in the model; this is that of Amazon's SDK.
UNSTATED = {"messaging/v1/sendInvoice": (1.0, 5)}


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture
def scene(simulated: Amazon) -> MessageScene:
    return set_message_scene(simulated)


def ask(scene: MessageScene, key: str, **more: Any) -> Any:
    """A request of the right path; what stands in it is right for reading operations only."""
    row = ROWS[key]
    resource = f"messaging/v1/orders/{ORDER_ID}/messages/legalDisclosure"
    path = row.path.format(amazonOrderId=ORDER_ID, orderId=ORDER_ID, resource=resource)
    query = {
        "marketplaceIds": US,
        "contentMD5": "x",
        "MarketplaceIds": US,
        "CreatedAfter": "2020-01-01T00:00:00Z",
    }
    if key == "orders/2026-01-01/searchOrders":
        query = {"createdAfter": "2020-01-01T00:00:00Z"}
    elif row.api == ORDERS_API:
        query = {}
    has_body = row.method in ("POST", "PATCH") and row.api != UPLOADS_API
    return scene.call(row.method, path, **{"query": query, "body": {} if has_body else None, **more})


def test_every_operation_is_there_and_no_other() -> None:
    assert set(MINE) == set(ROWS)
    assert {api: sum(row.api == api for row in ROWS.values()) for api in MODELS} == {
        "messaging/v1": 11,
        "uploads/2020-11-01": 1,
        "orders/v0": 10,
        "orders/2026-01-01": 2,
    }


@pytest.mark.parametrize("key", sorted(MINE))
def test_row(key: str) -> None:
    held, row = MINE[key], ROWS[key]
    assert (held.method, held.path.replace("+}", "}"), held.success) == (row.method, row.path, row.success)
    assert held.media_type == row.media_type
    assert (held.rate.per_second, held.rate.burst) == (row.plan or UNSTATED[key])
    assert (row.plan is None) == (key in UNSTATED)
    bodies = [part for part in row.said.get("parameters", []) if part["in"] == "body"]
    assert held.has_body == bool(bodies)


@pytest.mark.parametrize("key", sorted(MINE))
def test_who_may_call_and_how_often(scene: MessageScene, key: str) -> None:
    denied = ask(scene, key, token=scene.amazon.grantless_token())
    assert denied.status_code == 403
    check(key, denied)
    scene.amazon.control("POST", "rates", {"operation": key, "ratePerSecond": 0.25, "burst": 1})
    first = ask(scene, key)
    assert first.status_code in (200, 201, 204, 400, 404), first.text
    assert first.headers[RATE_HEADER] == "0.25"
    second = ask(scene, key)
    assert second.status_code == 429
    check(key, second)
    assert second.json()["errors"][0]["code"] == "QuotaExceeded"


@pytest.mark.parametrize("key", sorted(MINE))
def test_every_refusal_of_the_model_can_be_injected(scene: MessageScene, key: str) -> None:
    for status in ROWS[key].said["responses"]:
        if status[0] != "2":
            scene.amazon.control("POST", "faults", {"operation": key, "status": int(status)})
            answer = ask(scene, key)
            assert answer.status_code == int(status)
            # A fault has no rate to tell, whatever the model lists.
            assert answer.headers["content-type"] == ROWS[key].media_type
            assert answer.json()["errors"][0]["code"]


@pytest.mark.parametrize("key", sorted(key for key, held in MINE.items() if held.has_body))
def test_bodies_of_another_type_are_refused(scene: MessageScene, key: str) -> None:
    answer = ask(scene, key, body=None, data=b"{}", content_type="text/plain")
    assert answer.status_code == 415
    if "415" in ROWS[key].said["responses"]:
        check(key, answer)


@pytest.mark.parametrize("key", sorted(key for key in MINE if "{" in MINE[key].path))
def test_an_order_of_nobody_and_of_another_seller(scene: MessageScene, key: str) -> None:
    token = scene.amazon.seller_token("SELLER2")
    answer = ask(scene, key, token=token, body={"text": "x", "attachments": [], "status": "x"})
    assert answer.status_code in (400, 403, 404)
    check(key, answer)
    assert scene.outbox() == []


def test_the_sandboxed_path_of_another_region_knows_no_order(scene: MessageScene) -> None:
    answer = scene.amazon.call(
        "GET", f"/messaging/v1/orders/{ORDER_ID}", scene.token, query={"marketplaceIds": US}, region="eu"
    )
    assert answer.status_code == 403

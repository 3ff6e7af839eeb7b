"""What changes an order through the simulated Orders API v0: shipments, pick-ups, verifications."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.simulator.amazon import Amazon, amazon
from tests.unit.simulator.message_scene import ORDER_ID, US, MessageScene, set_message_scene
from tests.unit.simulator.order_calls import V0, read, write
from tests.unit.simulator.selling_models import check

NEW = "orders/2026-01-01"


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture
def scene(simulated: Amazon) -> MessageScene:
    return set_message_scene(simulated)


def shipment(scene: MessageScene, quantity: int, order_id: str, **changed: Any) -> dict[str, Any]:
    [item] = read(scene, "getOrderItems", order_id)["OrderItems"]
    package = {
        "packageReferenceId": "1",
        "carrierCode": "UPS",
        "trackingNumber": "1Z",
        "shipDate": "2023-11-14T20:00:00Z",
        "orderItems": [{"orderItemId": item["OrderItemId"], "quantity": quantity}],
        **changed,
    }
    return {"marketplaceId": US, "packageDetail": package}


def test_confirming_shipments_changes_what_may_be_written(scene: MessageScene) -> None:
    order_id = scene.order(items=[{"quantity": 3}])
    assert "confirmOrderDetails" in scene.names(order_id)
    assert write(scene, "confirmShipment", shipment(scene, 2, order_id), order_id).status_code == 204
    assert read(scene, "getOrder", order_id)["OrderStatus"] == "PartiallyShipped"
    too_many = write(scene, "confirmShipment", shipment(scene, 2, order_id), order_id)
    assert too_many.status_code == 400
    assert "1 pieces" in too_many.json()["errors"][0]["details"]
    assert write(scene, "confirmShipment", shipment(scene, 1, order_id), order_id).status_code == 204
    order = read(scene, "getOrder", order_id)
    shipped = (order["OrderStatus"], order["NumberOfItemsShipped"], order["NumberOfItemsUnshipped"])
    assert shipped == ("Shipped", 3, 0)
    assert "confirmOrderDetails" not in scene.names(order_id)
    packages = scene.call("GET", f"/{NEW}/orders/{order_id}", query={"includedData": "PACKAGES"})
    assert len(check(f"{NEW}/getOrder", packages)["order"]["packages"]) == 2
    assert write(scene, "confirmShipment", shipment(scene, 1, order_id), order_id).status_code == 400


@pytest.mark.parametrize(
    "changed",
    [
        {"packageReferenceId": ""},
        {"carrierCode": None},
        {"shipDate": "02/21/2022"},
        {"shipDate": "2023-11-14T20:00:00"},
        {"orderItems": []},
        {"orderItems": [{"orderItemId": "elsewhere", "quantity": 1}]},
        {"orderItems": [{"orderItemId": "x", "quantity": True}]},
        {"orderItems": [{"quantity": 1}]},
    ],
)
def test_shipments_that_are_refused(scene: MessageScene, changed: dict[str, Any]) -> None:
    assert write(scene, "confirmShipment", shipment(scene, 1, ORDER_ID, **changed)).status_code == 400
    assert read(scene, "getOrder")["OrderStatus"] == "Unshipped"


def test_amazon_ships_its_own(scene: MessageScene) -> None:
    order_id = scene.order(fulfilledBy="AMAZON")
    assert write(scene, "confirmShipment", shipment(scene, 1, order_id), order_id).status_code == 400


@pytest.mark.parametrize(
    ("status", "become"),
    [("ReadyForPickup", "Unshipped"), ("PickedUp", "Shipped"), ("RefusedPickup", "Canceled")],
)
def test_picking_up(scene: MessageScene, status: str, become: str) -> None:
    body = {"marketplaceId": US, "shipmentStatus": status}
    assert write(scene, "updateShipmentStatus", body).status_code == 204
    assert read(scene, "getOrder")["OrderStatus"] == become


@pytest.mark.parametrize(
    "body", [{"shipmentStatus": "PickedUp"}, {"marketplaceId": US, "shipmentStatus": "Lost"}, []]
)
def test_pick_ups_that_are_refused(scene: MessageScene, body: object) -> None:
    assert write(scene, "updateShipmentStatus", body).status_code == 400


def verification(**given: Any) -> dict[str, Any]:
    return {"regulatedOrderVerificationStatus": {"externalReviewerId": "r1", **given}}


def test_a_regulated_order_is_verified(scene: MessageScene) -> None:
    order_id = scene.order(regulated=True)
    pending = read(scene, "getOrderRegulatedInfo", order_id)["RegulatedOrderVerificationStatus"]
    assert (pending["Status"], pending["RequiresMerchantAction"]) == ("Pending", True)
    reason = pending["ValidRejectionReasons"][0]
    rejected = verification(status="Rejected", rejectionReasonId=reason["RejectionReasonId"])
    assert write(scene, "updateVerificationStatus", rejected, order_id).status_code == 204
    told = read(scene, "getOrderRegulatedInfo", order_id)["RegulatedOrderVerificationStatus"]
    assert (told["Status"], told["RejectionReason"], told["RequiresMerchantAction"]) == (
        "Rejected",
        reason,
        False,
    )
    code = pending["ValidInterimStatusCodes"][0]["StatusCode"]
    waiting = {"interimStatusDetail": {"statusCode": code, "statusDateTime": "2026-02-26T10:00:00Z"}}
    asked = verification(status="Pending", verificationDetails=waiting)
    assert write(scene, "updateVerificationStatus", asked, order_id).status_code == 204
    assert write(scene, "updateVerificationStatus", verification(), order_id).status_code == 204
    approved = read(scene, "getOrderRegulatedInfo", order_id)["RegulatedOrderVerificationStatus"]
    assert approved["Status"] == "Approved"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "regulatedOrderVerificationStatus"),
        (verification(status="Cancelled"), "Must be one of [Approved, Rejected]"),
        (verification(status="Pending"), "Must be one of [Approved, Rejected]"),
        (verification(status="Rejected"), "rejectionReasonId"),
        (verification(externalReviewerId=None), "externalReviewerId"),
        (verification(verificationDetails="x"), "verificationDetails"),
        (verification(verificationDetails={"prescriptionDetail": {"prescriptionId": "x"}}), "clinicId"),
        (verification(verificationDetails={"approvedAlternativeDetails": []}), "Approved status"),
    ],
)
def test_verifications_that_are_refused(scene: MessageScene, body: object, words: str) -> None:
    order_id = scene.order(regulated=True)
    answer = write(scene, "updateVerificationStatus", body, order_id)
    assert answer.status_code == 400
    assert words in answer.json()["errors"][0]["message"]


def test_an_order_that_is_not_regulated_has_nothing_to_verify(scene: MessageScene) -> None:
    answer = scene.call("GET", f"/{V0}/orders/{ORDER_ID}/regulatedInfo", query={})
    assert answer.status_code == 404
    assert write(scene, "updateVerificationStatus", verification()).status_code == 404

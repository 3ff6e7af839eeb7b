"""The simulator's Messaging API against Amazon's model, its guide and its live example."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.unit.simulator.amazon import Amazon, amazon
from tests.unit.simulator.message_scene import (
    BRAZIL,
    CUSTOMIZATION,
    GERMANY,
    ORDER_ID,
    TEXT,
    US,
    MessageScene,
    set_message_scene,
)
from tests.unit.simulator.selling_models import MODELS, ROWS, check

ACTIONS = "messaging/v1/getMessagingActionsForOrder"
ATTRIBUTES = "messaging/v1/GetAttributes"
# Message type -> the operation that sends it.
SENDERS = {row.path.rsplit("/", 1)[-1]: key for key, row in ROWS.items() if "/messages/" in row.path}
COVERAGE = {
    "coverageStartDate": "2024-01-01T00:00:00+00:00",
    "coverageEndDate": "2026-01-01T00:00:00+00:00",
}


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture
def scene(simulated: Amazon) -> MessageScene:
    return set_message_scene(simulated)


def body(scene: MessageScene, segment: str) -> dict[str, Any]:
    """A message of a type that the model allows."""
    fields = ROWS[SENDERS[segment]].said["parameters"][-1]["schema"]["$ref"].rsplit("/", 1)[-1]
    wanted = {
        "InvoiceRequest": ("attachments",),
        "CreateLegalDisclosureRequest": ("attachments",),
        "CreateWarrantyRequest": ("attachments", "coverage"),
        "CreateConfirmCustomizationDetailsRequest": ("text", "attachments"),
        "CreateDigitalAccessKeyRequest": ("text", "attachments"),
    }.get(fields, ("text",))
    written: dict[str, Any] = {}
    if "text" in wanted:
        written["text"] = "Is this right?"
    if "attachments" in wanted:
        written["attachments"] = [scene.attachment(segment=segment)]
    return written | (COVERAGE if "coverage" in wanted else {})


def test_the_guides_example_reaches_the_buyer(scene: MessageScene) -> None:
    text = "This is the message from the seller to the buyer that will appear in the email to the buyer."
    destination_id = scene.uploaded()
    answer = scene.send(
        CUSTOMIZATION,
        {"text": text, "attachments": [{"uploadDestinationId": destination_id, "fileName": "example.txt"}]},
    )
    assert answer.status_code == 201
    assert check(SENDERS[CUSTOMIZATION], answer) == {}
    [message] = scene.outbox()
    assert (message["text"], message["messageType"], message["locale"]) == (text, CUSTOMIZATION, "en-US")
    assert (message["amazonOrderId"], message["marketplaceId"]) == (ORDER_ID, US)
    assert message["attachments"] == [
        {
            "fileName": "example.txt",
            "uploadDestinationId": destination_id,
            "sizeBytes": len(TEXT),
            "sha256": hashlib.sha256(TEXT).hexdigest(),
        }
    ]


@pytest.mark.parametrize("segment", sorted(SENDERS))
def test_every_type_can_be_sent_and_says_what_is_missing(scene: MessageScene, segment: str) -> None:
    scene.change(offered=["sendInvoice" if segment == "invoice" else segment])
    whole = body(scene, segment)
    assert check(SENDERS[segment], scene.send(segment, whole)) == {}
    [message] = scene.outbox()
    for name, value in COVERAGE.items():
        assert message[name] == (value if segment == "warranty" else None)
    assert len(message["attachments"]) == len(whole.get("attachments", []))
    # Of a legal disclosure the model demands nothing.
    for name in [] if segment == "legalDisclosure" else whole.keys() - COVERAGE.keys():
        if name == "attachments" and "text" in whole:
            continue
        lacking = {field: value for field, value in whole.items() if field != name}
        refused = scene.send(segment, lacking)
        assert refused.status_code == 400
        assert name in check(SENDERS[segment], refused)["errors"][0]["details"]


@pytest.mark.parametrize("segment", sorted(SENDERS))
def test_the_limits_of_the_schemas_are_those_of_the_model(scene: MessageScene, segment: str) -> None:
    scene.change(offered=["sendInvoice" if segment == "invoice" else segment])
    [action] = scene.actions().json()["_embedded"]["actions"]
    live = action["_embedded"]["schema"]["properties"]
    name = ROWS[SENDERS[segment]].said["parameters"][-1]["schema"]["$ref"].rsplit("/", 1)[-1]
    model = MODELS["messaging/v1"]["definitions"][name]["properties"]
    names = {"text": "rawMessageBody"}
    assert set(live) == {names.get(field, field) for field in model}
    if "text" in model:
        assert [live["rawMessageBody"][limit] for limit in ("minLength", "maxLength")] == [
            model["text"][limit] for limit in ("minLength", "maxLength")
        ]
        longest = model["text"]["maxLength"]
        for length, status in ((longest, 201), (longest + 1, 400), (0, 400)):
            # A character that takes two bytes, and two units in UTF-16, is one.
            assert scene.send(segment, {"text": "\U0001f600" * length}).status_code == status
    if "attachments" in model:
        attachments = live["attachments"]
        # The model's maxLength and minLength of lists are meant as numbers of items.
        assert attachments["maxItems"] == model["attachments"]["maxLength"] == 5
        assert attachments.get("minItems") == model["attachments"].get("minLength")
        six = [scene.attachment(segment=segment)] * 6
        text = {"text": "x"} if "text" in model else {}
        assert scene.send(segment, {**text, "attachments": six}).status_code == 400
        assert scene.send(segment, {**text, "attachments": six[:5]}).status_code == 201


def test_the_buyers_language(scene: MessageScene) -> None:
    path = f"/messaging/v1/orders/{ORDER_ID}/attributes"
    assert check(ATTRIBUTES, scene.call("GET", path)) == {"buyer": {"locale": "en-US"}}
    scene.change(locale="zh-CN")
    assert check(ATTRIBUTES, scene.call("GET", path)) == {"buyer": {"locale": "zh-CN"}}
    scene.change(locale=None)
    assert check(ATTRIBUTES, scene.call("GET", path)) == {"buyer": {}}


@pytest.mark.parametrize("marketplaces", ["", f"{US},{BRAZIL}", GERMANY, "NOWHERE"])
@pytest.mark.parametrize("key", [ACTIONS, ATTRIBUTES, SENDERS["warranty"]])
def test_exactly_one_marketplace_of_the_endpoint(scene: MessageScene, key: str, marketplaces: str) -> None:
    query = {"marketplaceIds": marketplaces} if marketplaces else {}
    path = ROWS[key].path.format(amazonOrderId=ORDER_ID)
    answer = scene.call(ROWS[key].method, path, query=query, body={} if "POST" in ROWS[key].method else None)
    assert answer.status_code == 400
    [error] = check(key, answer)["errors"]
    assert error["message"] == "marketplaceIds: Missing or invalid request parameter"


def test_orders_that_are_not_there(scene: MessageScene) -> None:
    assert scene.actions("902-6786204").status_code == 400
    for order_id, marketplace_id in (("902-0000000-0000000", US), (ORDER_ID, BRAZIL)):
        answer = scene.actions(order_id, query={"marketplaceIds": marketplace_id})
        assert answer.status_code == 404
        check(ACTIONS, answer)


@pytest.mark.parametrize(
    "changed",
    [
        {"coverageStartDate": "2024-01-01"},
        {"coverageStartDate": 5},
        {"coverageEndDate": "soon"},
        {"coverageEndDate": "2023-12-31T23:59:59+00:00"},
    ],
)
def test_coverage_must_be_times_in_order(scene: MessageScene, changed: dict[str, Any]) -> None:
    scene.change(offered=["warranty"])
    whole = {"attachments": [scene.attachment(segment="warranty")], **COVERAGE}
    answer = scene.send("warranty", whole | changed)
    assert answer.status_code == 400
    assert next(iter(changed)) in check(SENDERS["warranty"], answer)["errors"][0]["details"]
    assert scene.send("warranty", whole).status_code == 201


@pytest.mark.parametrize("content", [b"null", b"[]", b'"text"', b"{"])
def test_a_body_must_be_an_object(scene: MessageScene, content: bytes) -> None:
    answer = scene.send(CUSTOMIZATION, None, data=content, content_type="application/json")
    assert answer.status_code == 400
    assert "body" in check(SENDERS[CUSTOMIZATION], answer)["errors"][0]["details"]


def test_attachments_must_exist_for_this_message(scene: MessageScene) -> None:
    other_order = scene.order()
    foreign = MessageScene(scene.amazon, scene.amazon.seller_token("SELLER2"), "SELLER2")
    foreign.order(ORDER_ID)
    scene.change(offered=[CUSTOMIZATION, "legalDisclosure"])
    forgotten = scene.uploaded()
    scene.amazon.control("DELETE", f"uploads/{forgotten}")
    wrong = {
        "does not exist": [
            "made-up",
            scene.uploaded(segment="legalDisclosure"),
            scene.uploaded(order_id=other_order),
            foreign.uploaded(),
            forgotten,
        ],
        "has not been uploaded": [scene.invited()["uploadDestinationId"]],
    }
    for words, ids in wrong.items():
        for destination_id in ids:
            attachment = {"uploadDestinationId": destination_id, "fileName": "example.txt"}
            answer = scene.send(CUSTOMIZATION, {"text": "x", "attachments": [attachment]})
            assert answer.status_code == 400
            assert words in check(SENDERS[CUSTOMIZATION], answer)["errors"][0]["details"]
    assert scene.outbox() == []
    late = scene.attachment()
    scene.amazon.clock.now += 24 * 3600
    scene.token = scene.amazon.seller_token()
    answer = scene.send(CUSTOMIZATION, {"text": "x", "attachments": [late]})
    assert "has expired" in answer.json()["errors"][0]["details"]


@pytest.mark.parametrize("attachments", ["x", ["x"], [{"fileName": "a.txt"}], [{"uploadDestinationId": "x"}]])
def test_attachments_must_have_their_fields(scene: MessageScene, attachments: object) -> None:
    answer = scene.send(CUSTOMIZATION, {"text": "x", "attachments": attachments})
    assert answer.status_code == 400
    assert "attachments" in check(SENDERS[CUSTOMIZATION], answer)["errors"][0]["details"]


def test_attachments_of_ten_megabytes_are_too_large(scene: MessageScene) -> None:
    half = bytes(5 * 1024 * 1024)
    first, second, smaller = scene.attachment(half), scene.attachment(half), scene.attachment(half[1:])
    refused = scene.send(CUSTOMIZATION, {"text": "x", "attachments": [first, second]})
    assert refused.status_code == 400
    assert "10 MB" in refused.json()["errors"][0]["details"]
    assert scene.send(CUSTOMIZATION, {"text": "x", "attachments": [first, smaller]}).status_code == 201


@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        ({"cut": "after"}, 1),
        ({"cut": "before"}, 0),
        ({"status": 500, "carriedOut": True}, 1),
        ({"status": 503}, 0),
        ({"status": 429}, 0),
        ({"body": "<html>", "carriedOut": True}, 1),
    ],
)
def test_answers_that_are_lost(scene: MessageScene, fault: dict[str, Any], sent: int) -> None:
    scene.amazon.control("POST", "faults", {"operation": SENDERS["confirmOrderDetails"], **fault})
    try:
        answer = scene.send("confirmOrderDetails", {"text": "x"})
    except requests.ConnectionError:
        assert "cut" in fault
    else:
        assert answer.status_code == fault.get("status", 500)
    assert len(scene.outbox()) == sent
    assert scene.send("confirmOrderDetails", {"text": "y"}).status_code == 201

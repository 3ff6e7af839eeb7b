"""What the simulator lists as possible for an order, in the forms that Amazon and its model have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from simulator.message_actions import ALREADY_SENT
from tests.unit.simulator.amazon import Amazon, amazon
from tests.unit.simulator.message_scene import (
    BRAZIL,
    MessageScene,
    set_message_scene,
)
from tests.unit.simulator.selling_models import LIVE_EXAMPLE, ROWS, check

ACTIONS = "messaging/v1/getMessagingActionsForOrder"
# Message type -> the operation that sends it.
SENDERS = {row.path.rsplit("/", 1)[-1]: key for key, row in ROWS.items() if "/messages/" in row.path}
NOT_ALLOWED = {
    "code": "Unauthorized",
    "message": "Invalid amazonOrderId and template combination.",
    "details": "",
}


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture
def scene(simulated: Amazon) -> MessageScene:
    return set_message_scene(simulated)


def test_the_live_form_is_that_of_amazons_example(scene: MessageScene) -> None:
    order_id = "701-6210829-5037842"
    scene.marketplace_id = BRAZIL
    scene.order(order_id, offered=["updateFeedback", "unexpectedProblem", "sendInvoice"])
    answer = scene.actions(order_id)
    assert answer.status_code == 200
    check(ACTIONS, answer, strict=False)
    assert answer.json() == LIVE_EXAMPLE


@pytest.mark.parametrize("form", ["payload", "links"])
def test_the_other_forms_are_those_of_the_model(scene: MessageScene, form: str) -> None:
    offered = ["warranty", "amazonMotors", "somethingNew"]
    scene.change(form=form, offered=offered, hidden=["warranty"], disabled={"amazonMotors": "Not now."})
    content = check(ACTIONS, scene.actions())
    assert [link["name"] for link in content["_links"]["actions"]] == offered
    if form == "links":
        assert "_embedded" not in content
        return
    schemas = [action["_embedded"]["schema"]["payload"] for action in content["_embedded"]["actions"]]
    assert [schema["x-ui-hidden"] for schema in schemas] == [True, False, False]
    assert [schema["disabledReason"] for schema in schemas] == [None, "Not now.", None]
    assert set(schemas[0]["properties"]) == {"attachments", "coverageStartDate", "coverageEndDate"}
    assert schemas[2]["properties"] == {}


# (what kind of order, what Amazon lists)
BY_STATE: list[tuple[dict[str, Any], set[str]]] = [
    (
        {},
        {
            "confirmCustomizationDetails",
            "confirmDeliveryDetails",
            "legalDisclosure",
            "confirmOrderDetails",
            "unexpectedProblem",
        },
    ),
    (
        {"items": [{}]},
        {"confirmDeliveryDetails", "legalDisclosure", "confirmOrderDetails", "unexpectedProblem"},
    ),
    ({"fulfilledBy": "AMAZON", "items": [{}]}, {"legalDisclosure"}),
    ({"status": "SHIPPED"}, {"legalDisclosure", "unexpectedProblem", "warranty", "updateFeedback"}),
    (
        {"status": "SHIPPED", "items": [{"digital": True}, {"homeService": True}]},
        {
            *("legalDisclosure", "unexpectedProblem", "warranty", "updateFeedback"),
            *("digitalAccessKey", "confirmServiceDetails"),
        },
    ),
]


@pytest.mark.parametrize(("kind", "listed"), BY_STATE)
def test_what_is_listed_follows_from_the_order(
    scene: MessageScene, kind: dict[str, Any], listed: set[str]
) -> None:
    assert set(scene.names(scene.order(**kind))) == listed


def test_invoices_are_for_some_marketplaces(scene: MessageScene) -> None:
    scene.marketplace_id = BRAZIL
    assert "sendInvoice" in scene.names(scene.order())


@pytest.mark.parametrize(
    "change",
    [
        {"status": "PENDING"},
        {"status": "PENDING_AVAILABILITY"},
        {"status": "CANCELLED"},
        {"status": "UNFULFILLABLE"},
        {"offered": []},
    ],
)
def test_where_nothing_is_possible_the_list_is_refused(scene: MessageScene, change: dict[str, Any]) -> None:
    scene.change(**change)
    answer = scene.actions()
    assert answer.status_code == 403
    assert check(ACTIONS, answer)["errors"] == [NOT_ALLOWED]


def test_thirty_days_after_shipping_it_is_over(scene: MessageScene) -> None:
    scene.change(status="SHIPPED")
    scene.change(daysOlder=29.9)
    assert scene.actions().status_code == 200
    scene.change(daysOlder=0.2)
    assert scene.actions().status_code == 403


def test_a_message_that_is_not_listed_or_disabled_is_not_sent(scene: MessageScene) -> None:
    scene.change(offered=["unexpectedProblem"], disabled={"unexpectedProblem": "Too many messages."})
    for segment in ("confirmOrderDetails", "unexpectedProblem"):
        answer = scene.send(segment, {"text": "x"})
        assert answer.status_code == 403
        assert check(SENDERS[segment], answer)["errors"] == [NOT_ALLOWED]
    assert scene.outbox() == []
    scene.change(disabled={}, hidden=["unexpectedProblem"])
    assert scene.send("unexpectedProblem", {"text": "x"}).status_code == 201, "hidden, and possible"


@pytest.mark.parametrize("gone", [True, False])
def test_once_per_order(scene: MessageScene, gone: bool) -> None:
    scene.change(
        offered=["unexpectedProblem", "confirmOrderDetails"], once=["unexpectedProblem"], goneWhenSent=gone
    )
    schema = scene.actions().json()["_embedded"]["actions"][0]["_embedded"]["schema"]
    assert schema["description"].endswith("You may only send this once per order.")
    assert not schema["disabled"]
    assert scene.send("unexpectedProblem", {"text": "x"}).status_code == 201
    assert scene.names() == ["confirmOrderDetails"]
    listed = scene.actions().json()["_embedded"]["actions"]
    assert len(listed) == (1 if gone else 2)
    if not gone:
        assert listed[0]["_embedded"]["schema"]["disabledReason"] == ALREADY_SENT
    assert scene.send("unexpectedProblem", {"text": "again"}).status_code == 403
    for _ in range(2):
        assert scene.send("confirmOrderDetails", {"text": "same"}).status_code == 201
    assert [message["copies"] for message in scene.outbox()] == [1, 2, 2]


def test_withdrawn_actions_are_listed_and_have_no_operation(scene: MessageScene) -> None:
    scene.change(offered=["updateFeedback", "negativeFeedbackRemoval", "amazonMotors"])
    assert len(scene.names()) == 3
    for name in scene.names():
        answer = scene.send(name, {})
        assert answer.status_code == 403
        assert answer.json()["errors"][0]["message"] == "Access to requested resource is denied."
    assert scene.send("sendInvoice", {}).status_code == 403, "its path ends with invoice"

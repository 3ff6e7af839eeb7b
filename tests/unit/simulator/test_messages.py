"""Messages about orders, from the order to the outbox; Amazon's models are not needed for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.simulator.amazon import Amazon, amazon
from tests.unit.simulator.message_scene import CUSTOMIZATION, ORDER_ID, TEXT, MessageScene, set_message_scene


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture
def scene(simulated: Amazon) -> MessageScene:
    return set_message_scene(simulated)


def test_a_message_with_an_attachment_reaches_the_outbox(scene: MessageScene) -> None:
    assert CUSTOMIZATION in scene.names()
    assert scene.send(CUSTOMIZATION, {"text": "x", "attachments": [scene.attachment()]}).status_code == 201
    [message] = scene.outbox(amazonOrderId=ORDER_ID)
    assert message["subject"] == f"Confirm customization details (order {ORDER_ID})"
    assert [file["sizeBytes"] for file in message["attachments"]] == [len(TEXT)]


def test_the_journal_has_no_text_and_no_query(scene: MessageScene) -> None:
    scene.send(CUSTOMIZATION, {"text": "a secret"})
    scene.uploaded()
    journal = str(scene.amazon.control("GET", "requests"))
    assert "messaging/v1/confirmCustomizationDetails" in journal
    assert "uploadAttachment" in journal
    assert "a secret" not in journal
    assert "Signature" not in journal


def test_a_reset_forgets_orders_uploads_and_messages(scene: MessageScene) -> None:
    scene.send(CUSTOMIZATION, {"text": "x", "attachments": [scene.attachment()]})
    scene.amazon.control("POST", "reset")
    state = scene.amazon.control("GET", "state")
    assert (state["orders"], state["uploads"], state["outbox"]) == ([], 0, 0)
    assert scene.amazon.control("GET", "uploads") == []


def test_a_cleared_outbox_lets_a_message_go_again(scene: MessageScene) -> None:
    scene.change(offered=["unexpectedProblem"], once=["unexpectedProblem"])
    assert scene.send("unexpectedProblem", {"text": "x"}).status_code == 201
    assert scene.send("unexpectedProblem", {"text": "x"}).status_code == 403
    assert scene.amazon.control("DELETE", "outbox") == {"cleared": 1}
    assert scene.send("unexpectedProblem", {"text": "x"}).status_code == 201


def test_every_seller_has_orders_of_its_own(scene: MessageScene) -> None:
    other = MessageScene(scene.amazon, scene.amazon.seller_token("SELLER2"), "SELLER2")
    assert other.actions().status_code == 404
    other.order(ORDER_ID, status="SHIPPED")
    assert "warranty" in other.names()
    assert "warranty" not in scene.names()


def test_a_buyer_without_a_language(scene: MessageScene) -> None:
    order_id = scene.order(locale=None)
    assert scene.call("GET", f"/messaging/v1/orders/{order_id}/attributes").json() == {"buyer": {}}

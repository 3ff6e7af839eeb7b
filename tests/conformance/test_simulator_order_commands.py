"""The control API and the commands for orders, the outbox and uploads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from tests.unit.simulator.amazon import Amazon, amazon
from tests.unit.simulator.message_scene import CUSTOMIZATION, ORDER_ID, US, MessageScene, set_message_scene


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture
def scene(simulated: Amazon) -> MessageScene:
    return set_message_scene(simulated)


def command(scene: MessageScene, *arguments: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(app, arguments, env={"SIMULATOR_URL": scene.amazon.url})
    assert result.exit_code == exit_code, result.output
    return result.output


def test_orders_are_added_listed_and_changed(scene: MessageScene) -> None:
    added = json.loads(
        command(
            scene,
            *("orders", "add", "SELLER1", "--status", "SHIPPED", "--days-ago", "3", "--count", "2"),
            *("--digital", "--locale", "de-DE", "--once", "warranty", "--gone-when-sent", "--json"),
        )
    )
    assert len(added) == 2
    assert {(order["status"], order["locale"]) for order in added} == {("SHIPPED", "de-DE")}
    assert "digitalAccessKey" in added[0]["actions"]
    named = command(scene, "orders", "add", "SELLER9", "--id", ORDER_ID, "--marketplace", US)
    assert ORDER_ID in named
    assert "confirmCustomizationDetails" not in named
    listed = command(scene, "orders", "list", "--seller", "SELLER1")
    assert listed.count("SELLER1") == 3
    order_id = added[0]["amazonOrderId"]
    changed = command(
        scene,
        *("orders", "change", order_id, "--offer", "warranty", "--offer", "sendInvoice", "--form", "payload"),
        *("--disable", "sendInvoice=Not here.", "--hide", "warranty", "--days-older", "1", "--json"),
    )
    [order] = json.loads(changed)
    assert (order["actions"], order["disabled"], order["form"]) == (["warranty"], ["sendInvoice"], "payload")
    assert command(scene, "state").count("SELLER9") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "SELLER1", "--status", "LOST"), "--status must be one of"),
        (("add", "SELLER1", "--count", "0"), "--count must be from 1"),
        (("add", "SELLER1", "--count", "2", "--id", "x"), "give --id, or --count"),
        (("add", "SELLER1", "--marketplace", "NOWHERE"), "--marketplace NOWHERE"),
        (("add", "SELLER1", "--form", "xml"), "--form must be one of"),
        (("change", ORDER_ID, "--disable", "warranty"), "is not ACTION=REASON"),
        (
            ("change", ORDER_ID, "--days-older", "-1", "--seller", "SELLER1"),
            "--days-older must not be negative",
        ),
        (("change", ORDER_ID), "give --seller and --region"),
    ],
)
def test_wrong_input_names_the_option(scene: MessageScene, arguments: tuple[str, ...], words: str) -> None:
    scene.amazon.control("POST", "orders", {"sellerId": "SELLER2", "amazonOrderId": ORDER_ID})
    assert words in " ".join(command(scene, "orders", *arguments, exit_code=2).split())


def test_an_order_is_added_once_and_changed_where_it_is(scene: MessageScene) -> None:
    assert "already" in command(scene, "orders", "add", "SELLER1", "--id", ORDER_ID, exit_code=1)
    assert "no order" in command(scene, "orders", "change", "902-0000000-0000000", exit_code=1)


@pytest.mark.parametrize(
    "body",
    [
        {"items": [{"price": "dear"}]},
        {"items": [{"quantity": 0}]},
        {"items": [{"colour": "red"}]},
        {"createdAt": "yesterday"},
        {"createdAt": "2024-01-01T00:00:00"},
        {"disabled": {"warranty": 5}},
        {"offered": "warranty"},
        {"offered": ["invoice"]},
        {"weight": 1},
        {"region": "eu", "marketplaceId": 5},
    ],
)
def test_orders_that_cannot_be_understood(scene: MessageScene, body: dict[str, Any]) -> None:
    url = f"{scene.amazon.url}/_simulator/orders"
    answer = scene.amazon.session.post(url, json={"sellerId": "SELLER1", **body}, timeout=20)
    assert answer.status_code == 400, answer.text
    assert set(answer.json()) == {"error"}
    assert len(scene.amazon.control("GET", "orders")) == 1


def test_an_order_can_be_of_any_time(scene: MessageScene) -> None:
    created = "2023-10-01T12:00:00+02:00"
    [made] = scene.amazon.control("POST", "orders", {"sellerId": "SELLER1", "createdAt": created})
    assert made["createdAt"] == "2023-10-01T10:00:00.000Z"


def test_the_outbox_is_read_and_cleared(scene: MessageScene) -> None:
    assert command(scene, "outbox") == "Outbox: none\n"
    assert command(scene, "outbox", "--whole") == "Outbox: none\n"
    text = "First line\nsecond line" + " and more" * 20
    sent = scene.send(CUSTOMIZATION, {"text": text, "attachments": [scene.attachment()]})
    assert sent.status_code == 201
    scene.change(offered=["warranty"])
    coverage = {"coverageStartDate": "2024-01-01T00:00:00Z"}
    body = {"attachments": [scene.attachment(segment="warranty")], **coverage}
    assert scene.send("warranty", body).status_code == 201
    table = command(scene, "outbox")
    assert "First line second line" in table
    assert "example.txt" in table
    assert text.replace("\n", " ") not in table
    whole = command(scene, "outbox", "--whole", "--order", ORDER_ID)
    assert text in whole
    assert "Covered: 2024-01-01T00:00:00Z to open" in whole
    assert "(no text)" in whole
    assert command(scene, "outbox", "--seller", "SELLER2") == "Outbox: none\n"
    assert len(json.loads(command(scene, "outbox", "--json", "--clear"))) == 2
    assert scene.outbox() == []


def test_uploads_are_listed_and_forgotten(scene: MessageScene) -> None:
    destination_id = scene.uploaded()
    assert destination_id in command(scene, "uploads", "list")
    assert "2" in command(scene, "uploads", "url-lifetime", "2")
    assert "X-Amz-Expires=2&" in scene.invited()["url"]
    assert destination_id in command(scene, "uploads", "forget", destination_id)
    assert "no upload destination" in command(scene, "uploads", "forget", destination_id, exit_code=1)
    command(scene, "uploads", "url-lifetime", "0", exit_code=2)
    made = scene.destination(resource="aplus/2020-11-01/contentDocuments", contentType="image/png").json()
    assert "aplus" in command(scene, "uploads", "forget", made["payload"]["uploadDestinationId"])

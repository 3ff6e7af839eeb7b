"""The function: its environment, what it puts together, and a log without anything of the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambdas.look_up_orders import handler as module
from sellerbus.api.answers import Answer
from sellerbus.api.lwa import SellerGrant
from sellerbus.api.operation import Operation
from sellerbus.runtime import bootstrap, selling_partner
from sellerbus.runtime.config import ConfigurationError
from sellerbus.sellers.rows import Seller
from tests.fake_table import FakeTable
from tests.unit.api.test_orders_api import ROWS
from tests.unit.messaging.look_up import ORDER_ID, SELLER, Registry
from tests.unit.subscriptions.handlers import Context, set_environment


class GrantingRegistry(Registry):
    def grant(self, seller: Seller) -> SellerGrant:
        return SellerGrant(seller.seller_id, lambda: "Atzr|x", "v1")


class Client:
    def __init__(self) -> None:
        self.called: list[str] = []

    def call(self, operation: Operation, *, seller: SellerGrant, **_: Any) -> Answer:
        assert seller.seller_id == SELLER
        self.called.append(operation.key)
        bodies: dict[str, dict[str, Any]] = {
            "searchOrders": {"orders": [ROWS["2026-01-01"]]},
            "getOrders": {"payload": {"Orders": [ROWS["v0"]]}},
            "getMessagingActionsForOrder": {"_links": {"self": {}, "actions": [{"name": "invoice"}]}},
            "GetAttributes": {"buyer": {"locale": "en-US"}},
        }
        return Answer(200, bodies[operation.name], "r")


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    set_environment(monkeypatch)
    monkeypatch.setenv("MESSAGE_TABLE_NAME", "messages")
    monkeypatch.setenv("ORDERS_API_VERSION", "2026-01-01")
    found, registry, table = Client(), GrantingRegistry(), FakeTable()
    monkeypatch.setattr(selling_partner, "amazon_client", lambda *_: found)
    monkeypatch.setattr(selling_partner, "seller_registry", lambda _: registry)
    monkeypatch.setattr(bootstrap, "aws", lambda service: table.client)
    return found


def invoke(**event: Any) -> Any:
    request = {"sellerId": SELLER, "marketplaceId": "US", **event}
    return json.loads(json.dumps(module.handler(request, Context(seconds=60))))  # type: ignore[arg-type]


def test_answers_what_is_asked(client: Client) -> None:
    (found,) = invoke(request="orders")["orders"]
    assert found["amazonOrderId"] == ORDER_ID
    answer = invoke(request="actions", amazonOrderId=ORDER_ID)
    assert (answer["locale"], answer["actions"][0]["name"]) == ("en-US", "invoice")
    assert client.called == [
        "orders/2026-01-01 searchOrders",
        "messaging/v1 getMessagingActionsForOrder",
        "messaging/v1 GetAttributes",
    ]


def test_the_stage_chooses_the_version(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERS_API_VERSION", "v0")
    assert len(invoke(request="orders")["orders"]) == 1
    assert client.called == ["orders/v0 getOrders"]


def test_the_log_has_the_refusal_and_nothing_of_orders(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    invoke(request="orders")
    invoke(request="orders", sellerId="Atzr|pasted-by-mistake")
    logged = [vars(each) for each in caplog.records if "looked up orders" in each.getMessage()]
    assert [(each["orders"], each["complete"], each["refused"]) for each in logged] == [
        (1, True, None), (0, None, "unknown-seller"),
    ]  # fmt: skip
    assert logged[1]["seller_id"] == "[token]"
    assert not any(each in str(logged) for each in (ORDER_ID, "pasted-by-mistake", "12.50"))


def test_an_incomplete_environment_is_an_error(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERS_API_VERSION", "v1")
    with pytest.raises(ConfigurationError, match="must be 2026-01-01 or v0"):
        invoke(request="orders")

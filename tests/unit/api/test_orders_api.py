"""A seller's orders in both versions of the API: one shape, pages, and nothing of the buyers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sellerbus.api.errors import RetryableError
from sellerbus.api.lwa import SellerGrant
from sellerbus.api.orders import V0, V2026, Order, OrderPage, OrdersApi, Total
from tests.unit.api.test_feeds_api import Client as ScriptedClient

SELLER = SellerGrant("A1", lambda: "Atzr|A1", "v1")
US = "ATVPDKIKX0DER"
SINCE = "2026-01-01T00:00:00Z"
MODELS = Path(__file__).resolve().parents[4] / "shared" / "sp-api-models" / "orders"
VERSIONS = pytest.mark.parametrize("version", [V2026, V0])


class Client(ScriptedClient):
    def use(self, booking: object) -> None:
        raise AssertionError("no turns are booked for orders")


ROWS: dict[str, dict[str, Any]] = {
    V2026: {
        "orderId": "902-6786204-8179805",
        "createdTime": "2026-01-02T10:30:00Z",
        "buyer": {"buyerName": "Jane Doe", "buyerEmail": "x@marketplace.amazon.com"},
        "recipient": {"deliveryAddress": {"name": "Jane Doe"}},
        "fulfillment": {"fulfillmentStatus": "PARTIALLY_SHIPPED", "fulfilledBy": "MERCHANT"},
        "orderItems": [{"quantityOrdered": 2}, {"quantityOrdered": 1}],
        "proceeds": {"grandTotal": {"amount": "12.50", "currencyCode": "USD"}},
    },
    V0: {
        "AmazonOrderId": "902-6786204-8179805",
        "PurchaseDate": "2026-01-02T10:30:00Z",
        "BuyerInfo": {"BuyerName": "Jane Doe", "BuyerEmail": "x@marketplace.amazon.com"},
        "ShippingAddress": {"Name": "Jane Doe"},
        "OrderStatus": "PartiallyShipped",
        "FulfillmentChannel": "MFN",
        "NumberOfItemsShipped": 2,
        "NumberOfItemsUnshipped": 1,
        "OrderTotal": {"Amount": "12.50", "CurrencyCode": "USD"},
    },
}
ORDER = Order(
    "902-6786204-8179805", "2026-01-02T10:30:00Z", "PARTIALLY_SHIPPED", "MERCHANT", 3, Total("12.50", "USD")
)


def answer(version: str, rows: list[Any], token: str = "") -> dict[str, Any]:
    if version == V0:
        return {"payload": {"Orders": rows, **({"NextToken": token} if token else {})}}
    return {"orders": rows, **({"pagination": {"nextToken": token}} if token else {})}


def scene(version: str, *answers: Mapping[str, Any]) -> tuple[OrdersApi, Client]:
    client = Client(list(answers))
    return OrdersApi(client, SELLER, version), client


@VERSIONS
def test_an_order_is_the_same_in_both_versions_and_has_nothing_of_its_buyer(version: str) -> None:
    api, _ = scene(version, answer(version, [ROWS[version]]))
    page = api.page(US, SINCE)
    assert page == OrderPage((ORDER,), "")
    assert "Jane" not in repr(page)


def test_no_buyer_data_is_asked_for() -> None:
    api, client = scene(V2026, answer(V2026, []))
    api.page(US, SINCE)
    ((operation, request),) = client.calls
    assert operation.key == "orders/2026-01-01 searchOrders"
    assert request["seller"] is SELLER
    assert operation.asked(request["query"]) == {
        "marketplaceIds": US,
        "createdAfter": SINCE,
        "maxResultsPerPage": "100",
        "includedData": "FULFILLMENT,PROCEEDS",
    }


def test_the_next_page_is_asked_for_as_each_version_wants_it() -> None:
    api, client = scene(V2026, answer(V2026, [], "t/1=="), answer(V2026, []))
    assert api.page(US, SINCE).next_token == "t/1=="
    assert api.page(US, SINCE, "t/1==").next_token == ""
    first, second = (request["query"] for _, request in client.calls)
    # "All other parameters must be provided with the same values."
    assert second == {**first, "paginationToken": "t/1=="}
    api, client = scene(V0, answer(V0, [], "t/1=="), answer(V0, []))
    assert api.page(US, SINCE).next_token == "t/1=="
    assert api.page(US, SINCE, "t/1==").next_token == ""
    queries = [request["query"] for _, request in client.calls]
    assert queries == [
        {"MarketplaceIds": [US], "CreatedAfter": SINCE, "MaxResultsPerPage": "100"},
        {"MarketplaceIds": [US], "NextToken": "t/1=="},
    ]


def test_a_time_may_have_an_end() -> None:
    before = "2026-01-03T00:00:00Z"
    api, client = scene(V2026, answer(V2026, [], "t"), answer(V2026, []))
    api.page(US, SINCE, created_before=before)
    api.page(US, SINCE, "t", created_before=before)
    assert [request["query"]["createdBefore"] for _, request in client.calls] == [before, before]
    api, client = scene(V0, answer(V0, []))
    api.page(US, SINCE, created_before=before)
    assert client.calls[0][1]["query"]["CreatedBefore"] == before


@pytest.mark.parametrize(
    ("version", "changes", "field", "value"),
    [
        (V2026, {"fulfillment": None}, "status", ""),
        (V2026, {"fulfillment": None}, "fulfilled_by", None),
        (V2026, {"orderItems": None}, "items", None),
        (V2026, {"orderItems": [{"quantityOrdered": 2}, {}]}, "items", None),
        (V2026, {"proceeds": None}, "total", None),
        (V0, {"OrderTotal": None}, "total", None),
        (V0, {"OrderTotal": {"Amount": "1.00"}}, "total", None),
        (V0, {"NumberOfItemsShipped": None}, "items", None),
        (V0, {"FulfillmentChannel": None}, "fulfilled_by", None),
        (V0, {"FulfillmentChannel": "AFN"}, "fulfilled_by", "AMAZON"),
        (V0, {"OrderStatus": "Canceled"}, "status", "CANCELLED"),
        (V0, {"OrderStatus": "InvoiceUnconfirmed"}, "status", "SHIPPED"),
        (V0, {"OrderStatus": "NewOne"}, "status", "NewOne"),
    ],
)
def test_what_is_not_told_is_not_guessed(
    version: str, changes: Mapping[str, Any], field: str, value: object
) -> None:
    api, _ = scene(version, answer(version, [{**ROWS[version], **changes}]))
    (order,) = api.page(US, SINCE).orders
    assert getattr(order, field) == value


@VERSIONS
@pytest.mark.parametrize("body", [{}, {"payload": None, "orders": None}, {"payload": {"Orders": {}}}])
def test_an_answer_without_a_list_is_an_error(version: str, body: Mapping[str, Any]) -> None:
    api, _ = scene(version, body)
    with pytest.raises(RetryableError, match="the list of orders is missing"):
        api.page(US, SINCE)


@VERSIONS
@pytest.mark.parametrize("part", [0, 1])
def test_an_order_without_id_or_time_is_an_error(version: str, part: int) -> None:
    name = list(ROWS[version])[part]
    api, _ = scene(version, answer(version, [{**ROWS[version], name: None}]))
    with pytest.raises(RetryableError, match=f"lacks {name}"):
        api.page(US, SINCE)


def test_the_models_own_example_is_read() -> None:
    path = MODELS / "orders_2026-01-01.json"
    if not path.exists():
        pytest.skip(f"Amazon's models are not here ({path.parent.name})")
    model = json.loads(path.read_text(encoding="utf-8"))
    example = model["paths"]["/orders/2026-01-01/orders"]["get"]["responses"]["200"]["examples"]
    api, _ = scene(V2026, example["application/json"])
    (order, *_) = api.page(US, SINCE).orders
    assert (order.order_id, order.purchased_at) == ("123-4567890-1234567", "2024-12-25T10:30:00Z")
    assert "Smith" not in repr(order)

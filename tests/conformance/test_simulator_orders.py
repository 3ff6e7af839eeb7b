"""The simulator's Orders API, in both versions, against Amazon's models."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from simulator.order_rules import INCLUDED_DATA
from tests.unit.simulator.amazon import START, Amazon, amazon
from tests.unit.simulator.message_scene import BRAZIL, ORDER_ID, US, MessageScene, set_message_scene
from tests.unit.simulator.order_calls import V0, read
from tests.unit.simulator.selling_models import check

NEW = "orders/2026-01-01"
BUYERS = ("Alex", "marketplace.example.com", "Seattle", "Terry", "98109", "555")


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture
def scene(simulated: Amazon) -> MessageScene:
    return set_message_scene(simulated)


def at(days_ago: float) -> str:
    """A time before that of the simulated clock."""
    return (datetime.fromtimestamp(START, UTC) - timedelta(days=days_ago)).isoformat()


def listing(scene: MessageScene, api: str, **changed: str | None) -> requests.Response:
    """The orders of the last thirty days, but for what is changed; None leaves a parameter out."""
    query: dict[str, str | None] = {"createdAfter": at(30), "marketplaceIds": US}
    if api == V0:
        query = {"CreatedAfter": at(30), "MarketplaceIds": US}
    given = {name: value for name, value in {**query, **changed}.items() if value is not None}
    return scene.call("GET", f"/{api}/orders", query=given)


def ids(api: str, answer: requests.Response) -> list[str]:
    if api == V0:
        orders = check(f"{V0}/getOrders", answer)["payload"]["Orders"]
        return [order["AmazonOrderId"] for order in orders]
    return [order["orderId"] for order in check(f"{NEW}/searchOrders", answer)["orders"]]


@pytest.mark.parametrize("api", [V0, NEW])
def test_all_pages_hold_every_order_once(scene: MessageScene, api: str) -> None:
    scene.amazon.control("POST", "orders", {"sellerId": "SELLER1", "count": 120, "daysAgo": 2})
    scene.amazon.control("POST", "orders", {"sellerId": "SELLER2", "count": 3})
    pages, token = [], None
    page_size, token_in = (
        ("MaxResultsPerPage", "NextToken") if api == V0 else ("maxResultsPerPage", "paginationToken")
    )
    while True:
        answer = listing(scene, api, **{page_size: "50", token_in: token})
        pages.append(ids(api, answer))
        content = answer.json()
        token = (
            content["payload"].get("NextToken")
            if api == V0
            else content.get("pagination", {}).get("nextToken")
        )
        if token is None:
            break
        # An order that comes while pages are read is on none of them twice.
        scene.order(daysAgo=1.5)
    assert [len(page) for page in pages[:2]] == [50, 50]
    everything = [order_id for page in pages for order_id in page]
    assert len(everything) == len(set(everything)) >= 121
    assert everything[-1] == ORDER_ID, "the newest is the last"


@pytest.mark.parametrize("api", [V0, NEW])
def test_orders_are_listed_when_they_are_two_minutes_old(scene: MessageScene, api: str) -> None:
    young = scene.order(daysAgo=119 / 86_400)
    answer = listing(scene, api)
    assert young not in ids(api, answer)
    before = answer.json()["payload"]["CreatedBefore"] if api == V0 else answer.json()["createdBefore"]
    assert before == "2023-11-14T22:11:20Z"
    scene.amazon.clock.now += 1
    assert young in ids(api, listing(scene, api))


FILTERS: list[tuple[str, dict[str, str | None], set[str]]] = [
    (V0, {}, {"guide", "shipped", "amazon", "pending"}),
    (V0, {"OrderStatuses": "Shipped,Pending"}, {"shipped", "pending"}),
    (V0, {"FulfillmentChannels": "AFN"}, {"amazon"}),
    (V0, {"MarketplaceIds": f"{US},{BRAZIL}"}, {"guide", "shipped", "amazon", "pending", "brazil"}),
    (V0, {"CreatedAfter": at(5)}, {"guide"}),
    (V0, {"CreatedBefore": at(5)}, {"shipped", "amazon", "pending"}),
    (V0, {"CreatedAfter": None, "LastUpdatedAfter": at(5)}, {"guide", "changed"}),
    (V0, {"PaymentMethods": "COD"}, set()),
    (V0, {"PaymentMethods": "COD,Other"}, {"guide", "shipped", "amazon", "pending"}),
    (V0, {"EasyShipShipmentStatuses": "PickedUp"}, set()),
    (V0, {"IsISPU": "true"}, set()),
    (V0, {"BuyerEmail": "somebody@example.com"}, set()),
    (V0, {"AmazonOrderIds": "guide"}, {"guide"}),
    (V0, {"SellerOrderId": "guide"}, {"guide"}),
    (NEW, {"marketplaceIds": None}, {"guide", "shipped", "amazon", "pending", "brazil"}),
    (NEW, {"fulfillmentStatuses": "SHIPPED"}, {"shipped"}),
    (NEW, {"fulfilledBy": "AMAZON"}, {"amazon"}),
    (NEW, {"createdBefore": at(5)}, {"shipped", "amazon", "pending"}),
    (NEW, {"createdAfter": None, "lastUpdatedAfter": at(5)}, {"guide", "changed"}),
]


@pytest.mark.parametrize(("api", "asked", "found"), FILTERS)
def test_filters(scene: MessageScene, api: str, asked: dict[str, str | None], found: set[str]) -> None:
    names = {ORDER_ID: "guide"}
    kinds: dict[str, dict[str, Any]] = {
        "shipped": {"status": "SHIPPED", "daysAgo": 10},
        "amazon": {"fulfilledBy": "AMAZON", "daysAgo": 10},
        "pending": {"status": "PENDING", "daysAgo": 10},
        "brazil": {"marketplaceId": BRAZIL, "daysAgo": 10},
        "changed": {"daysAgo": 40},
    }
    for name, about in kinds.items():
        names[scene.order(**about)] = name
    changed = next(order_id for order_id, name in names.items() if name == "changed")
    scene.amazon.clock.now = START - 3600
    scene.change(changed, status="SHIPPED")
    scene.amazon.clock.now = START
    given = {name: ORDER_ID if value == "guide" else value for name, value in asked.items()}
    assert {names[order_id] for order_id in ids(api, listing(scene, api, **given))} == found


REFUSED: list[tuple[str, dict[str, str | None], str]] = [
    (V0, {"MarketplaceIds": None}, "MarketplaceIds"),
    (V0, {"MarketplaceIds": "A1PA6795UKMFR9"}, "MarketplaceIds"),
    (V0, {"CreatedAfter": None}, "CreatedAfter"),
    (V0, {"LastUpdatedAfter": at(5)}, "LastUpdatedAfter"),
    (V0, {"LastUpdatedBefore": at(5)}, "LastUpdatedBefore"),
    (V0, {"CreatedBefore": at(0)}, "two minutes"),
    (V0, {"CreatedBefore": at(31)}, "CreatedBefore"),
    (V0, {"CreatedAfter": "yesterday"}, "ISO 8601"),
    (V0, {"CreatedAfter": "2023-11-01T00:00:00"}, "offset"),
    (V0, {"OrderStatuses": "SHIPPED"}, "OrderStatuses"),
    (V0, {"MaxResultsPerPage": "101"}, "MaxResultsPerPage"),
    (V0, {"MaxResultsPerPage": "0"}, "MaxResultsPerPage"),
    (V0, {"IsISPU": "perhaps"}, "IsISPU"),
    (V0, {"SellerOrderId": "x", "OrderStatuses": "Shipped"}, "SellerOrderId"),
    (V0, {"AmazonOrderIds": ",".join(["x"] * 51)}, "50"),
    (V0, {"NextToken": "bm8="}, "NextToken"),
    (NEW, {"createdAfter": None}, "createdAfter"),
    (NEW, {"lastUpdatedAfter": at(5)}, "lastUpdatedAfter"),
    (NEW, {"lastUpdatedBefore": at(5)}, "lastUpdatedBefore"),
    (NEW, {"createdBefore": at(0.001)}, "two minutes"),
    (NEW, {"fulfillmentStatuses": "Shipped"}, "fulfillmentStatuses"),
    (NEW, {"fulfilledBy": "MFN"}, "fulfilledBy"),
    (NEW, {"maxResultsPerPage": "0"}, "maxResultsPerPage"),
    (NEW, {"maxResultsPerPage": "101"}, "maxResultsPerPage"),
    (NEW, {"includedData": "EVERYTHING"}, "includedData"),
    (NEW, {"paginationToken": "bm8="}, "paginationToken"),
]


@pytest.mark.parametrize(("api", "asked", "words"), REFUSED)
def test_lists_that_are_refused(
    scene: MessageScene, api: str, asked: dict[str, str | None], words: str
) -> None:
    answer = listing(scene, api, **asked)
    assert answer.status_code == 400
    [error] = check(f"{V0}/getOrders" if api == V0 else f"{NEW}/searchOrders", answer)["errors"]
    assert words in error["details"]


@pytest.mark.parametrize("size", [1, 100])
def test_the_smallest_and_the_largest_page(scene: MessageScene, size: int) -> None:
    scene.amazon.control("POST", "orders", {"sellerId": "SELLER1", "count": 100})
    assert len(ids(V0, listing(scene, V0, MaxResultsPerPage=str(size)))) == size
    assert len(ids(NEW, listing(scene, NEW, maxResultsPerPage=str(size)))) == size


def test_a_token_is_of_one_sellers_list(scene: MessageScene) -> None:
    scene.order()
    token = listing(scene, NEW, maxResultsPerPage="1").json()["pagination"]["nextToken"]
    assert listing(scene, NEW, paginationToken=token, createdAfter=None).status_code == 200
    other = MessageScene(scene.amazon, scene.amazon.seller_token("SELLER2"), "SELLER2")
    assert listing(other, NEW, paginationToken=token).status_code == 400
    assert listing(scene, V0, NextToken=token).status_code == 400


def test_no_buyer_comes_unasked(scene: MessageScene) -> None:
    scene.change(status="SHIPPED")
    others = [name for name in INCLUDED_DATA if name not in ("BUYER", "RECIPIENT")]
    for included in (None, ",".join(others)):
        answer = listing(scene, NEW, includedData=included)
        [order] = check(f"{NEW}/searchOrders", answer)["orders"]
        assert not {"buyer", "recipient"} & set(order)
        assert [word for word in BUYERS if word in answer.text] == []
    whole = scene.call("GET", f"/{NEW}/orders/{ORDER_ID}", query={"includedData": ",".join(INCLUDED_DATA)})
    content = check(f"{NEW}/getOrder", whole)["order"]
    assert [word for word in BUYERS if word not in whole.text] == []
    assert content["proceeds"]["grandTotal"] == {"amount": "19.99", "currencyCode": "USD"}
    assert content["fulfillment"]["fulfillmentStatus"] == "SHIPPED"
    assert content["orderItems"][0]["fulfillment"] == {"quantityFulfilled": 1, "quantityUnfulfilled": 0}
    bare = scene.call("GET", f"/{NEW}/orders/{ORDER_ID}", query={})
    assert not {"fulfillment", "proceeds"} & set(check(f"{NEW}/getOrder", bare)["order"])


def test_version_0_without_a_restricted_token_names_no_buyer(scene: MessageScene) -> None:
    order = read(scene, "getOrder")
    assert order["OrderStatus"] == "Unshipped"
    assert [name for name, value in order.items() if value is True] == []
    assert order["OrderTotal"] == {"CurrencyCode": "USD", "Amount": "19.99"}
    assert read(scene, "getOrderBuyerInfo")["BuyerEmail"] == order["BuyerInfo"]["BuyerEmail"]
    assert read(scene, "getOrderAddress")["ShippingAddress"] == {
        "City": "Seattle",
        "StateOrRegion": "WA",
        "PostalCode": "98109",
        "CountryCode": "US",
    }
    [item] = read(scene, "getOrderItems")["OrderItems"]
    [customized] = read(scene, "getOrderItemsBuyerInfo")["OrderItems"]
    assert item["BuyerInfo"]["BuyerCustomizedInfo"] == customized["BuyerCustomizedInfo"]
    pending = scene.order(status="PENDING")
    assert not {"OrderTotal", "ShippingAddress"} & set(read(scene, "getOrder", pending))
    assert read(scene, "getOrderAddress", pending) == {"AmazonOrderId": pending}

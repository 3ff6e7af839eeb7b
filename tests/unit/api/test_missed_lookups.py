"""What missed events are looked for with: changed orders, recent feeds, and only spare quota."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from sellerbus.api import operations
from sellerbus.api.answers import Answer
from sellerbus.api.booking import Booking
from sellerbus.api.changed_orders import ChangedOrder, ChangedOrders, ChangedOrdersApi, OrderItem
from sellerbus.api.errors import RetryableError, ThrottledError
from sellerbus.api.feeds import V2020, V2021
from sellerbus.api.lwa import SellerGrant
from sellerbus.api.operation import Operation, Query
from sellerbus.api.orders import V0, V2026
from sellerbus.api.recent_feeds import RecentFeed, RecentFeedsApi
from sellerbus.api.spare import SpareCaller
from sellerbus.api.throttle import LocalThrottle

SELLER = SellerGrant("A1", lambda: "Atzr|A1", "v1")
US = "ATVPDKIKX0DER"
SINCE, UNTIL = "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"
ORDER_ID = "902-6786204-8179805"


class Scripted:
    """Answers one after the other; keeps the queries, as they go out."""

    def __init__(self, *bodies: Mapping[str, Any]) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._bodies = list(bodies)

    def call(self, operation: Operation, query: Query) -> Answer:
        self.asked.append((operation.key, operation.asked(query)))
        return Answer(200, self._bodies.pop(0), "request-1")


ROWS: dict[str, dict[str, Any]] = {
    V2026: {
        "orderId": ORDER_ID,
        "createdTime": "2026-01-01T00:00:00Z",
        "lastUpdatedTime": "2026-01-01T00:30:00Z",
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": US},
        "buyer": {"buyerName": "Jane Doe"},
        "recipient": {"deliveryAddress": {"name": "Jane Doe", "postalCode": "98109"}},
        "fulfillment": {"fulfillmentStatus": "PARTIALLY_SHIPPED", "fulfilledBy": "MERCHANT"},
        "orderItems": [
            {
                "orderItemId": "1",
                "quantityOrdered": 3,
                "product": {"sellerSku": "TEA"},
                "fulfillment": {"quantityFulfilled": 2, "quantityUnfulfilled": 1},
            }
        ],
    },
    V0: {
        "AmazonOrderId": ORDER_ID,
        "PurchaseDate": "2026-01-01T00:00:00Z",
        "LastUpdateDate": "2026-01-01T00:30:00Z",
        "MarketplaceId": US,
        "OrderStatus": "PartiallyShipped",
        "FulfillmentChannel": "MFN",
        "OrderType": "StandardOrder",
        "NumberOfItemsShipped": 2,
        "NumberOfItemsUnshipped": 1,
        "BuyerInfo": {"BuyerName": "Jane Doe"},
        "ShippingAddress": {"Name": "Jane Doe", "PostalCode": "98109"},
    },
}
ITEMS = {V2026: (OrderItem("1", "TEA", 3, 2),), V0: ()}


def _orders(version: str, rows: list[Any], token: str = "") -> dict[str, Any]:
    if version == V0:
        return {"payload": {"Orders": rows, **({"NextToken": token} if token else {})}}
    return {"orders": rows, **({"pagination": {"nextToken": token}} if token else {})}


@pytest.mark.parametrize("version", [V2026, V0])
def test_a_changed_order_has_its_state_and_nothing_of_its_buyer(version: str) -> None:
    caller = Scripted(_orders(version, [ROWS[version]], "next"))
    page = ChangedOrdersApi(caller, version).page([US], SINCE, UNTIL)
    order = ChangedOrder(
        order_id=ORDER_ID,
        updated_at="2026-01-01T00:30:00Z",
        purchased_at="2026-01-01T00:00:00Z",
        status="PartiallyShipped",
        fulfilled_by="MFN",
        marketplace_id=US,
        order_type="StandardOrder",
        items_shipped=2,
        items_unshipped=1,
        items=ITEMS[version],
    )
    assert page == ChangedOrders((order,), "next")
    assert not re.search("Jane|98109", repr(page))


def test_no_data_of_buyers_is_asked_for_and_the_window_is() -> None:
    caller = Scripted(_orders(V2026, []), _orders(V2026, []))
    api = ChangedOrdersApi(caller, V2026)
    api.page([US, "A2EUQ1WTGCTBG2"], SINCE, UNTIL)
    api.page([US], SINCE, UNTIL, "token")
    (key, first), (_, second) = caller.asked
    assert key == "orders/2026-01-01 searchOrders"
    assert first == {
        "marketplaceIds": f"{US},A2EUQ1WTGCTBG2",
        "lastUpdatedAfter": SINCE,
        "lastUpdatedBefore": UNTIL,
        "maxResultsPerPage": "100",
        "includedData": "FULFILLMENT",
    }
    assert second == {**first, "marketplaceIds": US, "paginationToken": "token"}


def test_version_0_takes_the_token_in_place_of_the_window() -> None:
    caller = Scripted(_orders(V0, []), _orders(V0, []))
    api = ChangedOrdersApi(caller, V0)
    api.page([US], SINCE, UNTIL)
    api.page([US], SINCE, UNTIL, "token")
    assert [query for _, query in caller.asked] == [
        {
            "MarketplaceIds": US,
            "LastUpdatedAfter": SINCE,
            "LastUpdatedBefore": UNTIL,
            "MaxResultsPerPage": "100",
        },
        {"MarketplaceIds": US, "NextToken": "token"},
    ]


@pytest.mark.parametrize("version", [V2026, V0])
@pytest.mark.parametrize("lacking", ["orderId", "lastUpdatedTime", "AmazonOrderId", "LastUpdateDate", ""])
def test_an_answer_that_is_not_as_the_model_says_is_an_error(version: str, lacking: str) -> None:
    rows = [{key: value for key, value in ROWS[version].items() if key != lacking}]
    body: dict[str, Any] = {} if not lacking else _orders(version, rows)
    if lacking and lacking not in ROWS[version]:
        return
    with pytest.raises(RetryableError, match="not as Amazon's model says"):
        ChangedOrdersApi(Scripted(body), version).page([US], SINCE, UNTIL)


@pytest.mark.parametrize("version", [V2021, V2020])
def test_feeds_of_several_types_are_asked_for_by_when_they_were_created(version: str) -> None:
    name = "payload" if version == V2020 else "feeds"
    done = {
        "feedId": "1",
        "feedType": "T",
        "processingStatus": "DONE",
        "createdTime": SINCE,
        "processingEndTime": UNTIL,
        "resultFeedDocumentId": "document-1",
    }
    running = {"feedId": "2", "feedType": "T", "processingStatus": "IN_QUEUE", "createdTime": SINCE}
    caller = Scripted({name: [done, running], "nextToken": "next"}, {name: []})
    api = RecentFeedsApi(caller, version)
    page = api.page(["T", "U"], SINCE)
    assert page.feeds == (
        RecentFeed("1", "T", "DONE", SINCE, UNTIL, "document-1"),
        RecentFeed("2", "T", "IN_QUEUE", SINCE, SINCE, ""),
    )
    assert [feed.has_ended for feed in page.feeds] == [True, False]
    assert api.page(["T", "U"], SINCE, page.next_token).next_token == ""
    assert caller.asked == [
        (f"feeds/{version} getFeeds", {"feedTypes": "T,U", "createdSince": SINCE, "pageSize": "100"}),
        (f"feeds/{version} getFeeds", {"nextToken": "next"}),
    ]


@pytest.mark.parametrize("body", [{}, {"feeds": [1]}, {"feeds": [{"feedId": "1"}]}])
def test_a_listing_of_feeds_that_is_not_as_the_model_says_is_an_error(body: dict[str, Any]) -> None:
    with pytest.raises(RetryableError, match="not as Amazon's model says"):
        RecentFeedsApi(Scripted(body), V2021).page(["T"], SINCE)


class Client:
    """Spends booked turns, as the client does, and takes none by itself."""

    def __init__(self) -> None:
        self.bookings: list[Booking] = []
        self.calls = 0

    def use(self, booking: Booking) -> None:
        self.bookings.append(booking)

    def call(self, operation: Operation, **asked: Any) -> Answer:
        assert asked["seller"] is SELLER
        self.bookings.pop().spend()
        self.calls += 1
        return Answer(200, json.loads(json.dumps(asked["query"])), None)


def test_calls_end_when_half_of_the_burst_is_left_for_others() -> None:
    now = 1_000_000.0
    throttle, client = LocalThrottle(lambda: now), Client()
    operation, key = operations.GET_FEEDS, (operations.GET_FEEDS.key, "A1")
    caller = SpareCaller(client, throttle, SELLER)
    for _ in range(operation.burst // 2):
        caller.call(operation, {"feedTypes": ["T"]})
    with pytest.raises(ThrottledError):
        caller.call(operation, {"feedTypes": ["T"]})
    assert client.calls == operation.burst // 2
    # The other half is there for whoever needs it at once.
    granted = [
        throttle.reserve(key, rate=operation.rate, burst=operation.burst, most_seconds=0).granted
        for _ in range(operation.burst)
    ]
    assert granted.count(True) == operation.burst - operation.burst // 2


def test_spare_quota_comes_back_at_amazons_rate() -> None:
    now = 1_000_000.0
    throttle, client = LocalThrottle(lambda: now), Client()
    operation = operations.SEARCH_ORDERS
    caller = SpareCaller(client, throttle, SELLER)
    for _ in range(operation.burst // 2):
        caller.call(operation, {"marketplaceIds": [US]})
    with pytest.raises(ThrottledError) as caught:
        caller.call(operation, {"marketplaceIds": [US]})
    assert caught.value.seconds == pytest.approx(1 / operation.rate, rel=0.01)
    now += caught.value.seconds
    caller.call(operation, {"marketplaceIds": [US]})

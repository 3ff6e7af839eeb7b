"""The Notifications API in this project's words: pages, shapes, answers not as the model says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from sellerbus.api.answers import Answer
from sellerbus.api.booking import Booking
from sellerbus.api.errors import OutcomeUnknownError, RetryableError
from sellerbus.api.lwa import SellerGrant
from sellerbus.api.notifications import Destination, EventBridgeResource, NotificationsApi, Subscription
from sellerbus.api.operation import Operation

SELLER = SellerGrant("A1", lambda: "Atzr|A1", "v1")
ROW = {"subscriptionId": "s1", "payloadVersion": "1.0", "destinationId": "d1"}


@dataclass
class Client:
    answers: list[Mapping[str, Any]]
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    used: list[Booking] = field(default_factory=list)

    def call(
        self,
        operation: Operation,
        *,
        seller: SellerGrant | None = None,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Answer:
        self.calls.append((operation.name, {"seller": seller, "path": path, "query": query, "body": body}))
        return Answer(200, self.answers.pop(0) if len(self.answers) > 1 else self.answers[0], "r")

    def book(
        self, operation: Operation, *, seller: SellerGrant | None = None, count: int, most_seconds: float
    ) -> Booking:
        self.calls.append((operation.name, {"seller": seller, "count": count, "most_seconds": most_seconds}))
        return Booking(operation.key, seller.seller_id if seller else "", count, 0.0, 1.0)

    def use(self, booking: Booking) -> None:
        self.used.append(booking)


def test_turns_are_booked_for_the_operations_that_take_many() -> None:
    client = Client([])
    api = NotificationsApi(client)
    deletions, listings = api.book_deletions(8, 60), api.book_listings(SELLER, 3, 30)
    assert client.calls == [
        ("deleteSubscriptionById", {"seller": None, "count": 8, "most_seconds": 60}),
        ("getSubscriptions", {"seller": SELLER, "count": 3, "most_seconds": 30}),
    ]
    assert (deletions.seller_id, listings.seller_id) == ("", "A1")
    api.use(deletions)
    assert client.used == [deletions]


def test_all_pages_are_read() -> None:
    client = Client(
        [
            {"payload": {"subscriptions": [ROW], "nextToken": "t1"}},
            {"payload": {"subscriptions": [], "nextToken": "t2"}},
            {"payload": {"subscriptions": [{**ROW, "subscriptionId": "s2"}]}},
        ]
    )
    found = NotificationsApi(client).subscriptions(SELLER, "ORDER_CHANGE")
    assert [row.subscription_id for row in found] == ["s1", "s2"]
    queries = [call["query"] for _, call in client.calls]
    assert [query.get("nextToken") for query in queries] == [None, "t1", "t2"]
    assert all(query["notificationTypes"] == "ORDER_CHANGE" for query in queries)


def test_a_listing_that_never_ends_is_given_up() -> None:
    client = Client([{"payload": {"subscriptions": [], "nextToken": "again"}}])
    with pytest.raises(RetryableError, match="did not end"):
        NotificationsApi(client).subscriptions(SELLER, "ORDER_CHANGE")


def test_the_directive_is_kept() -> None:
    directive = {"eventFilter": {"eventFilterType": "ORDER_CHANGE"}}
    client = Client([{"payload": {"subscriptions": [{**ROW, "processingDirective": directive}]}}])
    found = NotificationsApi(client).subscriptions(SELLER, "ORDER_CHANGE")
    assert found == (Subscription("s1", "1.0", "d1", directive),)


QUEUE_ROW = {"destinationId": "d1", "name": "n", "resource": {"sqs": {"arn": "arn:aws:sqs:x:1:q"}}}
BRIDGE = {"name": "aws.partner/a/b", "accountId": "123456789012", "region": "eu-west-1"}
BRIDGE_ROW = {"destinationId": "d2", "name": "m", "resource": {"eventBridge": BRIDGE}}
OTHER_ROW = {"destinationId": "d3", "name": "o", "resource": {"kindOfTomorrow": {"x": "y"}}}
QUEUE = Destination("d1", "n", queue_arn="arn:aws:sqs:x:1:q")
EVENT_BRIDGE = Destination(
    "d2", "m", event_bridge=EventBridgeResource("aws.partner/a/b", "123456789012", "eu-west-1")
)


def test_destinations_of_both_kinds_and_one_that_is_not_known_yet() -> None:
    found = NotificationsApi(Client([{"payload": [QUEUE_ROW, BRIDGE_ROW, OTHER_ROW]}])).destinations()
    assert found == (QUEUE, EVENT_BRIDGE, Destination("d3", "o"))


def test_one_destination_by_its_id() -> None:
    client = Client([{"payload": BRIDGE_ROW}])
    assert NotificationsApi(client).get_destination("d2") == EVENT_BRIDGE
    ((name, call),) = client.calls
    assert (name, call["path"], call["seller"]) == ("getDestination", {"destinationId": "d2"}, None)


def test_destinations_of_both_kinds_are_created_as_the_model_says() -> None:
    client = Client([{"payload": QUEUE_ROW}, {"payload": BRIDGE_ROW}])
    api = NotificationsApi(client)
    assert api.create_destination(name="n", queue_arn="arn:aws:sqs:x:1:q") == QUEUE
    made = api.create_event_bridge_destination(name="m", account_id="123456789012", region="eu-west-1")
    assert made == EVENT_BRIDGE
    assert [call["body"] for _, call in client.calls] == [
        {"name": "n", "resourceSpecification": {"sqs": {"arn": "arn:aws:sqs:x:1:q"}}},
        {
            "name": "m",
            "resourceSpecification": {"eventBridge": {"accountId": "123456789012", "region": "eu-west-1"}},
        },
    ]


def test_a_test_notification_is_asked_for_as_the_model_says() -> None:
    client = Client([{}])
    NotificationsApi(client).send_test_notification(
        destination_id="d1", notification_type="ORDER_CHANGE", payload_version="1.0", scenario="1"
    )
    ((name, call),) = client.calls
    assert (name, call["seller"]) == ("sendTestNotification", None)
    assert call["path"] == {"notificationType": "ORDER_CHANGE"}
    assert call["body"] == {
        "destinationId": "d1",
        "testNotification": {"payloadVersion": "1.0", "testScenario": "1"},
    }


def test_creation_sends_a_directive_only_where_there_is_one() -> None:
    client = Client([{"payload": ROW}])
    api = NotificationsApi(client)
    for directive in (None, {"filterExpression": "a == 1"}):
        api.create_subscription(
            SELLER, "ORDER_CHANGE", payload_version="1.0", destination_id="d1", directive=directive
        )
    bodies = [call["body"] for _, call in client.calls]
    assert bodies[0] == {"payloadVersion": "1.0", "destinationId": "d1"}
    assert bodies[1]["processingDirective"] == {"filterExpression": "a == 1"}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"payload": None},
        {"payload": []},
        {"payload": {"subscriptions": {}}},
        {"payload": {"subscriptions": [{"subscriptionId": "s1"}]}},
        {"payload": {"subscriptions": ["s1"]}},
        {"payload": {"subscriptions": [{**ROW, "destinationId": 5}]}},
    ],
)
def test_a_listing_not_as_the_model_says_is_no_empty_list(answer: Mapping[str, Any]) -> None:
    with pytest.raises(RetryableError, match="not as Amazon's model says"):
        NotificationsApi(Client([answer])).subscriptions(SELLER, "ORDER_CHANGE")


@pytest.mark.parametrize("answer", [{}, {"payload": {}}, {"payload": {"subscriptionId": "s"}}])
def test_a_creation_without_its_result_is_in_doubt(answer: Mapping[str, Any]) -> None:
    api = NotificationsApi(Client([answer]))
    with pytest.raises(OutcomeUnknownError):
        api.create_subscription(SELLER, "X", payload_version="1.0", destination_id="d", directive=None)
    with pytest.raises(OutcomeUnknownError):
        api.create_destination(name="n", queue_arn="arn")
    with pytest.raises(OutcomeUnknownError):
        api.create_event_bridge_destination(name="n", account_id="1", region="r")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"payload": {}},
        {"payload": [{"destinationId": "d"}]},
        {"payload": [{"destinationId": "d", "name": "n", "resource": {"sqs": {}}}]},
        {"payload": [{"destinationId": "d", "name": "n", "resource": {"eventBridge": {"name": "p"}}}]},
    ],
)
def test_destinations_not_as_the_model_says(answer: Mapping[str, Any]) -> None:
    with pytest.raises(RetryableError):
        NotificationsApi(Client([answer])).destinations()

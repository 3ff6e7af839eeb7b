"""What reaches which queue, when, and with which ids."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from simulator.publish_request import PublishRequest, Via
from simulator.publisher import Outcome, Publisher, PublishError
from simulator.world import Destination, Subscription
from tests.unit.simulator.amazon import (
    CLIENT_ID,
    QUEUE_ARN,
    FakeClock,
    FakeEventSources,
    FakeQueues,
    make_world,
)

SECOND_ARN = QUEUE_ARN + "2"
ORDER_CHANGE = {
    "NotificationType": "ORDER_CHANGE",
    "PayloadVersion": "1.0",
    "EventTime": "2026-01-01T00:00:00Z",
    "Payload": {"OrderChangeNotification": {"AmazonOrderId": "1"}},
}
HEALTH = {"notificationType": "PRICING_HEALTH", "payloadVersion": "1.0", "payload": {"issueType": "X"}}


class Bench:
    """A publisher, with what it sent and how long it waited."""

    def __init__(self, queues: FakeQueues | None = None) -> None:
        self.world = make_world(FakeClock())
        self.queues = queues or FakeQueues()
        self.event_sources = FakeEventSources()
        self.waited: list[float] = []

        async def sleep(seconds: float) -> None:
            self.waited.append(seconds)

        self.publisher = Publisher(self.world, self.queues, self.event_sources, sleep)

    def destination(self, arn: str = QUEUE_ARN) -> Destination:
        return self.world.add_destination(CLIENT_ID, "n", {"sqs": {"arn": arn}})

    def subscribe(
        self,
        destination: Destination,
        seller_id: str = "SELLER1",
        kind: str = "ORDER_CHANGE",
        version: str = "1.0",
    ) -> Subscription:
        if ("na", seller_id) not in self.world.sellers:
            self.world.authorise(seller_id, CLIENT_ID)
        draft = Subscription("", 0, CLIENT_ID, seller_id, kind, version, destination.destination_id)
        return self.world.add_subscription(draft)

    def publish(self, *orders: PublishRequest, seed: int | None = None) -> list[Outcome]:
        return asyncio.run(self.publisher.publish(orders, seed))

    def sent(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.queues.sent]


def subscribed_bench() -> Bench:
    bench = Bench()
    bench.subscribe(bench.destination())
    return bench


def test_a_notification_arrives_as_given_with_metadata_of_its_subscription() -> None:
    bench = subscribed_bench()
    [subscription] = bench.world.subscriptions.values()
    [outcome] = bench.publish(PublishRequest(notification=ORDER_CHANGE, seller_id="SELLER1"))
    [body] = bench.sent()
    metadata = body.pop("NotificationMetadata")
    assert body == ORDER_CHANGE
    assert metadata == {
        "ApplicationId": bench.world.applications[CLIENT_ID].application_id,
        "SubscriptionId": subscription.subscription_id,
        "PublishTime": "2023-11-14T22:13:20.000Z",
        "NotificationId": outcome.notification_ids[0],
    }
    assert outcome.as_json() == {
        "notificationId": metadata["NotificationId"],
        "notificationIds": [metadata["NotificationId"]],
        "sent": 1,
    }


def test_copies_share_an_id_and_orders_do_not() -> None:
    bench = subscribed_bench()
    outcomes = bench.publish(*[PublishRequest(notification=ORDER_CHANGE, copies=3)] * 50)
    ids = [body["NotificationMetadata"]["NotificationId"] for body in bench.sent()]
    assert len(ids) == 150
    assert len(set(ids)) == 50
    assert all(ids.count(outcome.notification_ids[0]) == 3 == outcome.sent for outcome in outcomes)


def test_every_subscription_of_the_seller_type_and_version_gets_its_own() -> None:
    bench = Bench()
    first, second = bench.destination(), bench.destination(SECOND_ARN)
    ours = [bench.subscribe(first), bench.subscribe(second)]
    bench.subscribe(first, version="2.0")
    bench.subscribe(first, seller_id="SELLER2")
    bench.subscribe(first, kind="PRICING_HEALTH")
    [outcome] = bench.publish(PublishRequest(notification=ORDER_CHANGE, seller_id="SELLER1"))
    assert [arn for arn, _ in bench.queues.sent] == [QUEUE_ARN, SECOND_ARN]
    metadata = [body["NotificationMetadata"] for body in bench.sent()]
    assert [held["SubscriptionId"] for held in metadata] == [held.subscription_id for held in ours]
    assert len({held["NotificationId"] for held in metadata}) == 2
    assert outcome.sent == len(outcome.notification_ids) == 2


def test_a_destination_narrows_the_subscriptions() -> None:
    bench = Bench()
    bench.subscribe(bench.destination())
    second = bench.destination(SECOND_ARN)
    bench.subscribe(second)
    bench.publish(PublishRequest(notification=ORDER_CHANGE, destination_id=second.destination_id))
    assert [arn for arn, _ in bench.queues.sent] == [SECOND_ARN]


def test_via_destination_needs_no_subscription() -> None:
    bench = Bench()
    bench.destination()
    [outcome] = bench.publish(PublishRequest(notification=HEALTH, via=Via.DESTINATION))
    [body] = bench.sent()
    assert body["notificationMetadata"]["notificationId"] == outcome.notification_ids[0]


def test_kept_metadata_is_sent_untouched() -> None:
    bench = subscribed_bench()
    kept = {**ORDER_CHANGE, "NotificationMetadata": {"NotificationId": "mine"}}
    [outcome] = bench.publish(PublishRequest(notification=kept, keep_metadata=True))
    [strange] = bench.publish(PublishRequest(notification={"a": 1}, keep_metadata=True, via=Via.DESTINATION))
    assert bench.sent() == [kept, {"a": 1}]
    assert (outcome.notification_ids, strange.notification_ids) == (["mine"], [])


def test_a_raw_body_is_sent_as_it_is_to_the_only_destination() -> None:
    bench = Bench()
    bench.destination()
    [outcome] = bench.publish(PublishRequest(body="{not json", copies=2))
    assert bench.queues.sent == [(QUEUE_ARN, "{not json")] * 2
    assert outcome.as_json() == {"notificationId": None, "notificationIds": [], "sent": 2}


def test_a_raw_body_of_a_seller_goes_where_the_seller_is_subscribed() -> None:
    bench = Bench()
    bench.destination()
    bench.subscribe(bench.destination(SECOND_ARN))
    bench.publish(PublishRequest(body="x", seller_id="SELLER1"))
    assert bench.queues.sent == [(SECOND_ARN, "x")]


def test_a_seed_shuffles_and_repeats() -> None:
    def bodies(seed: int | None) -> list[str]:
        bench = Bench()
        bench.destination()
        orders = [PublishRequest(body=str(number), copies=2) for number in range(20)]
        outcomes = bench.publish(*orders, seed=seed)
        assert [outcome.sent for outcome in outcomes] == [2] * 20
        return [body for _, body in bench.queues.sent]

    in_order = [str(number) for number in range(20) for _ in range(2)]
    assert bodies(None) == in_order
    assert bodies(3) == bodies(3)
    assert bodies(3) != in_order
    assert bodies(3) != bodies(4)
    assert sorted(bodies(3)) == sorted(in_order)


def test_delays_are_waited_for_and_the_earlier_goes_first() -> None:
    bench = Bench()
    bench.destination()
    bench.publish(
        PublishRequest(body="late", delay_seconds=3),
        PublishRequest(body="now"),
        PublishRequest(body="soon", delay_seconds=1),
    )
    assert [body for _, body in bench.queues.sent] == ["now", "soon", "late"]
    assert bench.waited == [1, 2]


def test_jitter_spreads_copies_within_its_bound() -> None:
    bench = Bench()
    bench.destination()
    bench.publish(PublishRequest(body="x", copies=10, delay_seconds=5, jitter_seconds=2))
    assert len(bench.waited) == 10
    assert bench.waited[0] >= 5
    assert sum(bench.waited) <= 7


REVOKED = "revoked"


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (
            PublishRequest(notification={**ORDER_CHANGE, "PayloadVersion": "9"}),
            "no subscription .* ORDER_CHANGE 9",
        ),
        (PublishRequest(notification=ORDER_CHANGE, seller_id="NOBODY"), "NOBODY"),
        (PublishRequest(notification=ORDER_CHANGE), "several sellers"),
        (PublishRequest(notification=ORDER_CHANGE, seller_id=REVOKED), "revoked"),
        (PublishRequest(notification={"NotificationType": "ORDER_CHANGE"}), "payload version"),
        (PublishRequest(notification={"a": 1}), "casing"),
        (PublishRequest(notification=HEALTH, via=Via.DESTINATION), "3 destinations|2 destinations"),
        (
            PublishRequest(notification=HEALTH, via=Via.DESTINATION, destination_id="x"),
            "no destination with id x",
        ),
        (PublishRequest(body="\x01"), "destinations|SQS"),
    ],
)
def test_what_cannot_be_published_is_refused_before_anything_is_sent(
    order: PublishRequest, words: str
) -> None:
    bench = Bench()
    destination = bench.destination()
    bench.destination(SECOND_ARN)
    for seller_id in ("SELLER1", "SELLER2", REVOKED):
        bench.subscribe(destination, seller_id)
    bench.world.sellers[("na", REVOKED)].revoked = True
    good = PublishRequest(body="x", destination_id=destination.destination_id)
    with pytest.raises(PublishError, match=rf"items\[1\]: .*({words})"):
        bench.publish(good, order)
    assert bench.queues.sent == []


STATUS_CHANGE = {"NotificationType": "LISTINGS_ITEM_STATUS_CHANGE", "PayloadVersion": "1.0", "Payload": {}}
BUS = {
    "accountId": "123456789012",
    "region": "eu-west-1",
    "name": "aws.partner/sellingpartnerapi.amazon.com/x",
}


def bridged_bench() -> tuple[Bench, Destination]:
    bench = Bench()
    destination = bench.world.add_destination(CLIENT_ID, "n", {"eventBridge": BUS})
    bench.subscribe(destination, kind="LISTINGS_ITEM_STATUS_CHANGE")
    return bench, destination


def test_event_bridge_gets_the_notification_as_the_detail_of_an_event() -> None:
    bench, _ = bridged_bench()
    [outcome] = bench.publish(PublishRequest(notification=STATUS_CHANGE, copies=2))
    assert [(name, region) for name, region, _ in bench.event_sources.sent] == [
        (BUS["name"], "eu-west-1")
    ] * 2
    [first, copy] = [event for _, _, event in bench.event_sources.sent]
    assert first == copy
    assert first.detail_type == "LISTINGS_ITEM_STATUS_CHANGE"
    detail = json.loads(first.detail)
    assert detail["NotificationMetadata"]["NotificationId"] == outcome.notification_ids[0]
    assert {**STATUS_CHANGE, "NotificationMetadata": detail["NotificationMetadata"]} == detail
    assert bench.queues.sent == []


def test_kept_metadata_goes_to_event_bridge_untouched() -> None:
    bench, _ = bridged_bench()
    kept = {**STATUS_CHANGE, "NotificationMetadata": {"NotificationId": "mine"}}
    [outcome] = bench.publish(PublishRequest(notification=kept, keep_metadata=True))
    [(_, _, event)] = bench.event_sources.sent
    assert (json.loads(event.detail), outcome.notification_ids) == (kept, ["mine"])


def test_queues_and_event_bridge_get_theirs_in_the_order_that_they_are_due() -> None:
    bench, _ = bridged_bench()
    queue = bench.destination()
    bench.publish(
        PublishRequest(
            notification=HEALTH, via=Via.DESTINATION, destination_id=queue.destination_id, delay_seconds=2
        ),
        PublishRequest(notification=STATUS_CHANGE, delay_seconds=1),
        PublishRequest(body="x", destination_id=queue.destination_id),
    )
    assert bench.waited == [1, 1]
    assert [len(bench.queues.sent), len(bench.event_sources.sent)] == [2, 1]
    assert bench.queues.sent[0][1] == "x"


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"body": "x"}, "takes no raw body"),
        ({"notification": {"a": 1}, "keep_metadata": True, "via": Via.DESTINATION}, "detail-type"),
        ({"notification": {**STATUS_CHANGE, "Payload": "x" * 262_144}}, "EventBridge takes"),
    ],
)
def test_what_event_bridge_cannot_carry_is_refused(order: dict[str, Any], words: str) -> None:
    bench, destination = bridged_bench()
    with pytest.raises(PublishError, match=words):
        bench.publish(PublishRequest(**order, destination_id=destination.destination_id))
    assert bench.event_sources.sent == []


def test_event_bridge_that_refuses_is_reported() -> None:
    bench, _ = bridged_bench()
    bench.event_sources.refused = "no such event source"
    with pytest.raises(PublishError, match="no such event source"):
        bench.publish(PublishRequest(notification=STATUS_CHANGE))


def test_a_seller_of_two_regions_needs_one_named() -> None:
    bench = Bench()
    for region, arn in (("na", QUEUE_ARN), ("eu", SECOND_ARN)):
        destination = bench.world.add_destination(CLIENT_ID, "n", {"sqs": {"arn": arn}}, region)
        bench.world.authorise("SELLER1", CLIENT_ID, region=region)
        draft = Subscription(
            "", 0, CLIENT_ID, "SELLER1", "ORDER_CHANGE", "1.0", destination.destination_id, region=region
        )
        bench.world.add_subscription(draft)
    with pytest.raises(PublishError, match="several regions"):
        bench.publish(PublishRequest(notification=ORDER_CHANGE))
    bench.publish(
        PublishRequest(notification=ORDER_CHANGE, region="eu"), PublishRequest(body="x", region="na")
    )
    assert [arn for arn, _ in bench.queues.sent] == [SECOND_ARN, QUEUE_ARN]


def test_a_queue_that_refuses_is_reported() -> None:
    bench = Bench(FakeQueues(unreachable={QUEUE_ARN}))
    bench.destination()
    with pytest.raises(PublishError, match="cannot be reached"):
        bench.publish(PublishRequest(body="x"))


def test_without_an_aws_endpoint_nothing_is_published() -> None:
    world = make_world(FakeClock())
    world.add_destination(CLIENT_ID, "n", {"sqs": {"arn": QUEUE_ARN}})
    with pytest.raises(PublishError, match="--aws-endpoint"):
        asyncio.run(Publisher(world, None).publish([PublishRequest(body="x")]))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"body": "x", "notification": {}},
        {"body": "x", "copies": 0},
        {"body": "x", "copies": 1001},
        {"body": "x", "delay_seconds": -1},
        {"body": "x", "jitter_seconds": -1},
    ],
)
def test_orders_that_mean_nothing(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"exactly one|copies|negative"):
        PublishRequest(**given)

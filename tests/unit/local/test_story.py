"""Each step of the demo's story falls short when what it claims isn't so."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from local import demo, runs, story, story_of_deliveries, story_of_drift
from local.cast import SELLERS, THIRD_SELLER
from local.commands import Finished
from local.deployment import Deployment, SecondDeploy, Seller
from local.notifications import first_wave, large_notification, malformed_bodies
from local.outcome import FeedCounts, OperationCounts, Outcome, StoryError
from local.queues import Delivery, parse_event
from local.screen import Screen


def event_message(message_id: str, notification_id: str, *, stale: bool = False) -> dict[str, Any]:
    detail = {
        "eventId": f"event-{notification_id}",
        "notificationId": notification_id,
        "notificationType": "ORDER_CHANGE",
        "stale": stale,
    }
    event = {"source": "sellerbus.notifications", "detail": detail}
    return {"MessageId": message_id, "ReceiptHandle": message_id, "Body": json.dumps(event)}


def drift_message(drift: str, action: str, seller_id: str, notification_type: str) -> dict[str, Any]:
    detail = {
        "eventId": drift,
        "drift": drift,
        "action": action,
        "sellerId": seller_id,
        "notificationType": notification_type,
    }
    event = {"source": "sellerbus.subscriptions", "detail-type": "SubscriptionDrifted", "detail": detail}
    return {"MessageId": drift, "ReceiptHandle": drift, "Body": json.dumps(event)}


def dead_letter(body: str, *, reason: str = "not-json", detail: str = "it is not JSON") -> dict[str, Any]:
    attributes = {"reason": {"StringValue": reason}, "detail": {"StringValue": detail}}
    return {
        "MessageId": body,
        "ReceiptHandle": body,
        "Body": body,
        "MessageAttributes": attributes if reason else {},
    }


class FakeSqs:
    def __init__(self) -> None:
        self.queues: dict[str, list[dict[str, Any]]] = {}

    def receive_message(self, **arguments: Any) -> dict[str, Any]:
        queue = self.queues.setdefault(arguments["QueueUrl"], [])
        given, queue[:] = queue[:10], queue[10:]
        return {"Messages": given}

    def delete_message_batch(self, **_: Any) -> None:
        return

    def get_queue_attributes(self, **arguments: Any) -> dict[str, Any]:
        waiting = len(self.queues.get(arguments["QueueUrl"], []))
        return {"Attributes": {"ApproximateNumberOfMessages": str(waiting)}}


@dataclass
class FakeSimulator:
    destinations: list[dict[str, str]] = field(
        default_factory=lambda: [{"destinationId": "d1"}, {"destinationId": "bridge"}]
    )
    subscriptions: list[dict[str, str]] = field(default_factory=list)
    feeds: list[dict[str, str]] = field(default_factory=list)

    def subscribe(self, seller_id: str, *types: str, destination_id: str = "d1") -> None:
        self.subscriptions += [
            {
                "sellerId": seller_id,
                "notificationType": name,
                "payloadVersion": "1.0",
                "destinationId": destination_id,
                "subscriptionId": f"{seller_id} {name}",
            }
            for name in types
        ]

    def add_destination(self, name: str, queue_arn: str) -> str:
        self.destinations.append({"destinationId": "foreign"})
        return "foreign"

    def delete_subscription(self, subscription_id: str) -> None:
        self.subscriptions = [one for one in self.subscriptions if one["subscriptionId"] != subscription_id]

    def move_subscription(self, subscription_id: str, destination_id: str) -> str:
        (held,) = [one for one in self.subscriptions if one["subscriptionId"] == subscription_id]
        held["destinationId"] = destination_id
        return subscription_id

    def state(self) -> dict[str, Any]:
        return {"destinations": self.destinations, "subscriptions": self.subscriptions, "feeds": self.feeds}


@dataclass
class FakeDeployment:
    simulator: FakeSimulator = field(default_factory=FakeSimulator)
    sqs: FakeSqs = field(default_factory=FakeSqs)
    changed: list[str] = field(default_factory=list)
    apply: Callable[[FakeSimulator], object] = lambda _: None
    outputs: dict[str, str] = field(
        default_factory=lambda: {
            "SubscriptionStateTableName": "states",
            "DestinationId": "d1",
            "EventBridgeDestinationId": "bridge",
            "NotificationQueueUrl": "source",
            "NotificationDeadLetterQueueUrl": "dead",
            "ExampleConsumerQueueUrl": "target",
        }
    )
    on_line: Any = None
    added: list[tuple[Seller, bool]] = field(default_factory=list)
    """The sellers, and whether one was replaced."""

    stored: bytes = b""
    ended: bool = True

    def client(self, service: str) -> Any:
        if service == "s3":
            return SimpleNamespace(get_object=lambda **_: {"Body": io.BytesIO(self.stored)})
        if service == "dynamodb":
            return SimpleNamespace(get_item=lambda **_: {"Item": {"finishedAt": {}}} if self.ended else {})
        assert service == "sqs"
        return self.sqs

    def add_seller(self, seller: Seller, *, anew: bool = False) -> None:
        self.added.append((seller, anew))

    def deploy_again(self) -> SecondDeploy:
        return SecondDeploy(touched=self.changed, redefined=self.changed, seconds=1.0)

    def destroy(self) -> Finished:
        return Finished("", 1.0)

    def plan_subscriptions(self, seller_ids: Sequence[str]) -> list[str]:
        return [f"the plan of {len(seller_ids)}"]

    def apply_subscriptions(self, seller_ids: Sequence[str]) -> list[str]:
        self.apply(self.simulator)
        return [f"one of {len(seller_ids)} is kept out"]

    def for_story(self) -> Deployment:
        return cast(Deployment, self)


@pytest.fixture
def deployment() -> FakeDeployment:
    return FakeDeployment()


@pytest.fixture
def screen() -> Screen:
    return Screen(console=Console(file=io.StringIO()))


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "RECONCILE_SECONDS", 0.0)
    monkeypatch.setattr(story_of_drift, "EVENT_SECONDS", 0.0)
    for name in ("DELIVERY_SECONDS", "SETTLE_SECONDS"):
        monkeypatch.setattr(story_of_deliveries, name, 0.0)


@pytest.mark.parametrize("ids", [("d1",), ("d1", "bridge", "d2"), ()])
def test_other_destinations_fall_short(
    deployment: FakeDeployment, screen: Screen, ids: tuple[str, ...]
) -> None:
    deployment.simulator.destinations = [{"destinationId": name} for name in ids]

    with pytest.raises(StoryError, match="exactly the destinations"):
        story.check_subscriptions(deployment.for_story(), screen, Outcome())


def test_a_seller_with_fewer_subscriptions_falls_short(deployment: FakeDeployment, screen: Screen) -> None:
    deployment.simulator.subscribe(SELLERS[0].seller_id, "ORDER_CHANGE", "FEE_PROMOTION")
    deployment.simulator.subscribe(SELLERS[1].seller_id, "ORDER_CHANGE")

    with pytest.raises(StoryError, match="not alike"):
        story.check_subscriptions(deployment.for_story(), screen, Outcome())


def test_no_subscription_at_all_falls_short(deployment: FakeDeployment, screen: Screen) -> None:
    with pytest.raises(StoryError, match="not alike"):
        story.check_subscriptions(deployment.for_story(), screen, Outcome())


def test_subscriptions_are_counted(deployment: FakeDeployment, screen: Screen) -> None:
    for seller in SELLERS:
        deployment.simulator.subscribe(seller.seller_id, "ORDER_CHANGE", "FEE_PROMOTION")
    outcome = Outcome()

    story.check_subscriptions(deployment.for_story(), screen, outcome)

    assert outcome.subscriptions == 4


def published(*notification_ids: str) -> Outcome:
    outcome = Outcome(published=len(notification_ids), messages=2 * len(notification_ids))
    outcome.notifications = dict(zip(notification_ids, first_wave(None), strict=False))
    return outcome


def large_delivery(body: bytes, digest: str | None) -> Outcome:
    outcome = published()
    outcome.notifications["large"] = large_notification()
    location = {"bucket": "b", "key": "k", "sha256": digest} if digest else None
    event = {"detail": {"payload": None, "payloadLocation": location}}
    outcome.received.deliveries.append(Delivery("m", "e", "large", "ANY_OFFER_CHANGED", False, event))
    return outcome


@pytest.mark.parametrize(
    ("body", "digest", "problem"),
    [
        (b"{}", None, "has no payloadLocation"),
        (b"{}", "0" * 64, "not what the event's digest says"),
        (b'{"Payload": {}}', hashlib.sha256(b'{"Payload": {}}').hexdigest(), "not what Amazon sent"),
    ],
)
def test_a_large_one_that_is_not_whole_falls_short(
    deployment: FakeDeployment, screen: Screen, body: bytes, digest: str | None, problem: str
) -> None:
    deployment.stored = body
    with pytest.raises(StoryError, match=problem):
        story_of_deliveries.check_large(deployment.for_story(), screen, large_delivery(body, digest))


def test_a_copy_that_comes_through_falls_short(deployment: FakeDeployment, screen: Screen) -> None:
    deployment.sqs.queues["target"] = [event_message("1", "a"), event_message("2", "a")]
    outcome = published("a")

    with pytest.raises(StoryError, match="more than once: event ids event-a"):
        story_of_deliveries.check_copies(deployment.for_story(), screen, outcome)

    assert outcome.numbers()["delivered_twice"] == 1


def test_a_message_that_stays_in_the_queue_falls_short(deployment: FakeDeployment, screen: Screen) -> None:
    deployment.sqs.queues["source"] = [event_message("1", "a")]

    with pytest.raises(StoryError, match="1 messages are still in the notification queue"):
        story_of_deliveries.check_copies(deployment.for_story(), screen, published("a"))


def test_an_event_that_nobody_published_falls_short(deployment: FakeDeployment, screen: Screen) -> None:
    deployment.sqs.queues["target"] = [event_message("1", "foreign")]

    with pytest.raises(StoryError, match="nobody published"):
        story_of_deliveries.check_copies(deployment.for_story(), screen, published("a"))


@pytest.mark.parametrize(("feed_id", "own"), [("feed1", True), ("feed2", False)])
def test_what_amazon_tells_of_the_storys_own_feeds_is_no_strangers(
    deployment: FakeDeployment, screen: Screen, feed_id: str, own: bool
) -> None:
    message = event_message("1", "of-a-feed")
    event = json.loads(message["Body"])
    finished = {"sellerId": "S", "feedId": feed_id}
    event["detail"]["payload"] = {"feedProcessingFinishedNotification": finished}
    deployment.sqs.queues["target"] = [{**message, "Body": json.dumps(event)}]
    deployment.simulator.feeds = [{"sellerId": "S", "feedId": "feed1"}]
    outcome = published()
    outcome.feeds = {"2021-06-30": FeedCounts()}

    if own:
        story_of_deliveries.check_copies(deployment.for_story(), screen, outcome)
    else:
        with pytest.raises(StoryError, match="nobody published"):
            story_of_deliveries.check_copies(deployment.for_story(), screen, outcome)


def test_what_another_step_has_checked_is_no_strangers(deployment: FakeDeployment, screen: Screen) -> None:
    deployment.sqs.queues["target"] = [event_message("1", "a"), event_message("2", "of-another-step")]
    outcome = published("a")
    outcome.expected.add("of-another-step")

    story_of_deliveries.check_copies(deployment.for_story(), screen, outcome)

    assert outcome.numbers()["delivered_unique"] == 1


def test_what_never_came_is_counted_as_lost() -> None:
    outcome = published("a", "b")
    delivery = parse_event(event_message("1", "a"))
    assert isinstance(delivery, Delivery)
    outcome.received.deliveries.append(delivery)

    assert outcome.lost == ["b"]
    assert (
        outcome.numbers() | {"lost": 1, "delivered_unique": 1, "published": 2, "copies": 2}
        == outcome.numbers()
    )


def test_the_malformed_ones_with_reasons_are_all_that_may_be_dead(
    deployment: FakeDeployment, screen: Screen
) -> None:
    deployment.sqs.queues["dead"] = [dead_letter(one.body) for one in malformed_bodies()]
    outcome = Outcome(malformed=2)

    story_of_deliveries.check_dead_letters(deployment.for_story(), screen, outcome)

    assert outcome.numbers()["dead_lettered"] == 2


@pytest.mark.parametrize(
    ("letters", "complaint"),
    [
        ([], "exactly the 2 malformed bodies"),
        ([*(dead_letter(one.body) for one in malformed_bodies()), dead_letter("{}")], "exactly the 2"),
        ([dead_letter(one.body, reason="") for one in malformed_bodies()], "without reason and detail"),
    ],
    ids=["missing", "one too many", "without reason"],
)
def test_other_dead_letters_fall_short(
    deployment: FakeDeployment, screen: Screen, letters: list[dict[str, Any]], complaint: str
) -> None:
    deployment.sqs.queues["dead"] = letters

    with pytest.raises(StoryError, match=complaint):
        story_of_deliveries.check_dead_letters(deployment.for_story(), screen, Outcome(malformed=2))


def test_a_second_deploy_that_touches_something_falls_short(
    deployment: FakeDeployment, screen: Screen
) -> None:
    deployment.changed = ["stack/Layer"]
    outcome = Outcome()

    with pytest.raises(StoryError, match=r"touched 1 resources.* differently the second time: stack/Layer"):
        story.while_deploying_again()(deployment.for_story(), screen, outcome)

    assert outcome.numbers()["second_deploy_changes"] == 1


def test_a_third_seller_without_subscriptions_falls_short(deployment: FakeDeployment, screen: Screen) -> None:
    deployment.simulator.subscribe(SELLERS[0].seller_id, "ORDER_CHANGE")

    with pytest.raises(StoryError, match=THIRD_SELLER.seller_id):
        story.add_third_seller(deployment.for_story(), screen, Outcome())


def test_a_third_seller_has_subscriptions_for_its_own_types(
    deployment: FakeDeployment, screen: Screen
) -> None:
    deployment.simulator.subscribe(THIRD_SELLER.seller_id, *THIRD_SELLER.notification_types)
    outcome = Outcome()

    story.add_third_seller(deployment.for_story(), screen, outcome)

    assert outcome.numbers()["third_seller_subscriptions"] == len(THIRD_SELLER.notification_types) > 1


def test_a_third_sellers_run_that_does_not_end_falls_short(
    deployment: FakeDeployment, screen: Screen
) -> None:
    deployment.simulator.subscribe(THIRD_SELLER.seller_id, *THIRD_SELLER.notification_types)
    deployment.ended = False

    with pytest.raises(StoryError, match=THIRD_SELLER.seller_id):
        story.add_third_seller(deployment.for_story(), screen, Outcome())


def test_a_subscription_left_after_destroy_falls_short(deployment: FakeDeployment, screen: Screen) -> None:
    deployment.simulator.destinations = []
    deployment.simulator.subscribe(SELLERS[0].seller_id, "ORDER_CHANGE")
    outcome = Outcome()

    with pytest.raises(StoryError, match="still at Amazon"):
        story.destroy(deployment.for_story(), screen, outcome)

    assert outcome.numbers()["left_at_amazon"] == 1


def test_what_is_anothers_may_be_left_and_is_told(deployment: FakeDeployment, screen: Screen) -> None:
    deployment.simulator.destinations = [{"destinationId": "foreign"}]
    deployment.simulator.subscribe(SELLERS[0].seller_id, "ORDER_CHANGE", destination_id="foreign")
    outcome = Outcome(foreign_destination="foreign", drift_reported=1)

    story.destroy(deployment.for_story(), screen, outcome)

    assert outcome.numbers()["left_at_amazon"] == 0
    assert "the other program's destination and subscription stay" in said(screen)


def test_what_is_anothers_and_is_gone_after_destroy_falls_short(
    deployment: FakeDeployment, screen: Screen
) -> None:
    deployment.simulator.destinations = [{"destinationId": "foreign"}]
    outcome = Outcome(foreign_destination="foreign", drift_reported=1)

    with pytest.raises(StoryError, match="of another program's"):
        story.destroy(deployment.for_story(), screen, outcome)


def said(screen: Screen) -> str:
    return cast(io.StringIO, screen.console.file).getvalue()


def bridged(deployment: FakeDeployment, destination_id: str) -> Outcome:
    deployment.simulator.subscribe(
        SELLERS[0].seller_id, "LISTINGS_ITEM_STATUS_CHANGE", destination_id=destination_id
    )
    outcome = Outcome()
    (status_change,) = [one for one in first_wave(None) if one.name == "listings_item_status_change"]
    outcome.notifications = {"bridged": status_change}
    return outcome


def test_what_came_by_event_bridge_is_counted(deployment: FakeDeployment, screen: Screen) -> None:
    outcome = bridged(deployment, "bridge")
    event = parse_event(event_message("1", "bridged"))
    assert isinstance(event, Delivery)
    outcome.received.deliveries.append(event)

    story_of_deliveries.check_event_bridge(deployment.for_story(), screen, outcome)

    assert outcome.numbers()["by_event_bridge"] == 1


def test_a_type_of_event_bridge_that_came_otherwise_or_not_falls_short(
    deployment: FakeDeployment, screen: Screen
) -> None:
    with pytest.raises(StoryError, match="should be subscribed to at the EventBridge"):
        story_of_deliveries.check_event_bridge(deployment.for_story(), screen, bridged(deployment, "bridge"))
    outcome = bridged(deployment, "d1")
    deployment.simulator.subscriptions = deployment.simulator.subscriptions[1:]
    event = parse_event(event_message("1", "bridged"))
    assert isinstance(event, Delivery)
    outcome.received.deliveries.append(event)
    with pytest.raises(StoryError, match="should be subscribed to at the EventBridge"):
        story_of_deliveries.check_event_bridge(deployment.for_story(), screen, outcome)


DELETED = (THIRD_SELLER.seller_id, story_of_drift._DELETED)
MOVED = (THIRD_SELLER.seller_id, story_of_drift._MOVED)
RESTORING = drift_message("missing", "restoring", *DELETED)
REPORTED = drift_message("other-destination", "reported", *MOVED)


def drifting(deployment: FakeDeployment, *events: dict[str, Any]) -> Callable[[FakeSimulator], object]:
    """Subscriptions to change behind the back, the events that come then; and a reconciler that mends."""
    for seller_id, notification_type in (DELETED, MOVED):
        deployment.simulator.subscribe(seller_id, notification_type)
    deployment.sqs.queues["target"] = list(events)
    return lambda simulator: simulator.subscribe(*DELETED)


def test_drift_that_is_mended_and_told(deployment: FakeDeployment, screen: Screen) -> None:
    deployment.apply = drifting(deployment, RESTORING, REPORTED)
    outcome = Outcome()

    story_of_drift.check_drift(deployment.for_story(), screen, outcome)

    assert (outcome.numbers()["drift_restored"], outcome.numbers()["drift_reported"]) == (1, 1)
    assert outcome.foreign_destination == "foreign"
    assert "the plan of 1" in said(screen)
    assert "one of 1 is kept out" in said(screen)
    ((seller, anew),) = deployment.added
    assert anew
    assert MOVED[1] not in seller.notification_types
    assert DELETED[1] in seller.notification_types


def take_over(simulator: FakeSimulator) -> None:
    simulator.subscribe(*DELETED)
    simulator.move_subscription(" ".join(MOVED), "d1")


@pytest.mark.parametrize(
    ("events", "apply", "complaint"),
    [
        ([RESTORING, REPORTED], lambda _: None, "should have one subscription for ORDER_CHANGE"),
        (
            [RESTORING, REPORTED],
            lambda simulator: simulator.subscribe(*DELETED, destination_id="foreign"),
            "came back elsewhere",
        ),
        ([REPORTED], None, "no SubscriptionDrifted event with drift missing"),
        ([RESTORING], None, "no SubscriptionDrifted event with drift other-destination"),
        ([drift_message("missing", "reported", *DELETED), REPORTED], None, "says"),
        ([RESTORING, REPORTED], take_over, "should be left alone"),
    ],
    ids=["not put back", "elsewhere", "untold", "not reported", "said otherwise", "taken over"],
)
def test_other_drift_falls_short(
    deployment: FakeDeployment,
    screen: Screen,
    events: list[dict[str, Any]],
    apply: Callable[[FakeSimulator], object] | None,
    complaint: str,
) -> None:
    mend = drifting(deployment, *events)
    deployment.apply = apply or mend

    with pytest.raises(StoryError, match=complaint):
        story_of_drift.check_drift(deployment.for_story(), screen, Outcome())


def test_the_steps_are_told_in_an_order_that_can_hold() -> None:
    assert [step.__qualname__ for step in story.STEPS] == [
        "deploy_demo_stage",
        "check_subscriptions",
        "while_deploying_again.<locals>.tell",
        "tell_feeds_and_switch",
        "during_rotation.<locals>.tell_both",
        "find_missed",
        "tell_messages",
        "run_canary",
        "redrive",
        "check_copies",
        "tell_of_doctor",
        "destroy",
    ]


class BrokenStart:
    def __call__(self, folder: Path) -> Deployment:
        raise StoryError("the story ends here")


def test_a_story_that_falls_short_ends_with_1_and_says_why_in_the_data(
    tmp_path: Path, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "start_deployment", BrokenStart())
    monkeypatch.setattr(runs, "LOCAL", tmp_path)
    result = tmp_path / "build" / "demo.json"

    assert demo.run_demo(screen, result) == 1

    told = json.loads(result.read_text(encoding="utf-8"))
    assert told["ok"] is False
    assert told["problem"] == "the story ends here"
    assert told["second_deploy_changes"] is None


def test_the_feeds_have_a_table_with_a_column_for_each_version(screen: Screen) -> None:
    outcome = Outcome(
        feeds={"2021-06-30": FeedCounts(errors_listed=37), "2020-09-04": FeedCounts(submitted=6)}
    )

    demo._show(screen, outcome, complete=True, seconds=1.0)

    rows = [line.split("│")[1:-1] for line in said(screen).splitlines() if "feed" in line and "│" in line]
    shown = {name.strip(): [value.strip() for value in values] for name, *values in rows}
    assert shown["feed errors listed"] == ["37", "0"]
    assert shown["feeds submitted"] == ["0", "6"]


def test_how_the_stage_was_operated_has_a_table(screen: Screen) -> None:
    counts = OperationCounts(rotated_regions=2, rotation_seconds=21.04, breaks_named=["SB-A-001", "SB-B-001"])

    demo._show(screen, Outcome(operations=counts), complete=True, seconds=1.0)

    rows = [line.split("│")[1:-1] for line in said(screen).splitlines() if "│" in line]
    shown = {name.strip(): value.strip() for name, value in rows}
    assert shown["rotation seconds"] == "21.0"
    assert shown["breaks named"] == "SB-A-001, SB-B-001"
    assert shown["missed again"] == "-", "nobody has looked"


def test_the_table_tells_the_large_one_and_the_withdrawn_one_from_the_rest(
    screen: Screen,
) -> None:
    outcome = Outcome(published=2, messages=4)
    outcome.notifications = {one.name: one for one in first_wave(None)}

    demo._show(screen, outcome, complete=True, seconds=1.0)

    said = cast(io.StringIO, screen.console.file).getvalue()
    assert f"ANY_OFFER_CHANGED, {large_notification().kibibytes} KiB" in said
    assert "ORDER_STATUS_CHANGE *" in said
    assert "withdrawn by Amazon, old subscriptions may still send it" in said
    assert "subscriptions (two sellers)" in said
    assert "subscriptions (third seller)" in said
    assert {"subscriptions", "third_seller_subscriptions"} <= outcome.numbers().keys()


def test_where_amazons_models_are_looked_for_is_said_when_they_are_not_there(
    deployment: FakeDeployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SP_API_MODELS", str(tmp_path))
    monkeypatch.setattr(story_of_deliveries, "_publish", lambda *_: None)
    monkeypatch.setattr(story_of_deliveries, "_await_deliveries", short_of_time)
    screen = Screen(console=Console(file=io.StringIO(), width=200))

    with pytest.raises(StoryError, match="enough"):
        story_of_deliveries.publish(deployment.for_story(), screen, Outcome())

    said = cast(io.StringIO, screen.console.file).getvalue()
    assert str(tmp_path / "notification-schemas") in said
    assert "SP_API_MODELS" in said


def short_of_time(*_: object) -> None:
    raise StoryError("enough")

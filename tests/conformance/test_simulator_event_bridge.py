"""EventBridge destinations, and what others do to subscriptions: what AWS and the application then see."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.unit.simulator.amazon import QUEUE_ARN, Amazon, amazon
from tests.unit.simulator.model import check
from tests.unit.simulator.scene import Scene, set_scene

TYPE = {"notificationType": "LISTINGS_ITEM_STATUS_CHANGE"}
BRIDGE = {
    "name": "bridge",
    "resourceSpecification": {"eventBridge": {"accountId": "123456789012", "region": "eu-west-1"}},
}


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture
def scene(simulated: Amazon) -> Scene:
    return set_scene(simulated)


def make_bridge(scene: Scene) -> tuple[str, str]:
    made = scene.send("createDestination", body=BRIDGE)
    check("createDestination", made)
    payload = made.json()["payload"]
    return payload["destinationId"], payload["resource"]["eventBridge"]["name"]


def test_a_destination_offers_its_event_source_to_the_account_and_takes_it_back(scene: Scene) -> None:
    destination_id, name = make_bridge(scene)
    application = scene.amazon.control("GET", "state")["applications"][0]["applicationId"]
    assert name == f"aws.partner/sellingpartnerapi.amazon.com/123456789012/{application}"
    assert scene.amazon.event_sources.offered == {(name, "123456789012", "eu-west-1")}
    gone = scene.send("deleteDestination", path={"destinationId": destination_id})
    assert gone.status_code == 200
    assert scene.amazon.event_sources.offered == set()


def test_where_event_bridge_refuses_there_is_no_destination(scene: Scene) -> None:
    scene.amazon.event_sources.refused = "the account is suspended"
    answer = scene.send("createDestination", body=BRIDGE)
    check("createDestination", answer)
    assert (answer.status_code, "suspended" in answer.text) == (400, True)
    assert len(scene.amazon.control("GET", "state")["destinations"]) == 1


def test_what_is_subscribed_to_goes_there(scene: Scene) -> None:
    destination_id, name = make_bridge(scene)
    body = {"payloadVersion": "1.0", "destinationId": destination_id}
    assert scene.send("createSubscription", path=TYPE, body=body).status_code == 200
    notification = {"NotificationType": TYPE["notificationType"], "PayloadVersion": "1.0", "Payload": {}}
    sent = scene.amazon.control("POST", "publish", {"notification": notification, "copies": 2})
    assert sent["sent"] == 2
    assert [(where, region) for where, region, _ in scene.amazon.event_sources.sent] == [
        (name, "eu-west-1")
    ] * 2


def test_a_test_notification_to_event_bridge(scene: Scene) -> None:
    destination_id, _ = make_bridge(scene)
    notification = {"payloadVersion": "1.0", "testScenario": "any"}
    body = {"destinationId": destination_id, "testNotification": notification}
    assert scene.send("sendTestNotification", path=TYPE, body=body).status_code == 200
    ((_, _, event),) = scene.amazon.event_sources.sent
    assert json.loads(event.detail)["NotificationType"] == event.detail_type == TYPE["notificationType"]


def test_a_subscription_deleted_by_others_is_gone_and_no_request_was_made(scene: Scene) -> None:
    scene.amazon.control("DELETE", "requests")
    gone = scene.amazon.control("DELETE", f"subscriptions/{scene.subscription_id}")
    assert gone["subscriptionId"] == scene.subscription_id
    assert scene.amazon.control("GET", "requests") == []
    assert scene.send("getSubscription").status_code == 404


def test_one_moved_by_others_is_another_at_another_destination(scene: Scene) -> None:
    foreign = scene.amazon.control(
        "POST", "destinations", {"name": "theirs", "queueArn": QUEUE_ARN + "-theirs"}
    )
    moved = scene.amazon.control(
        "POST",
        f"subscriptions/{scene.subscription_id}/move",
        {"destinationId": foreign["destinationId"]},
    )
    held = scene.send("getSubscription").json()["payload"]
    assert held["destinationId"] == foreign["destinationId"] != scene.destination_id
    assert held["subscriptionId"] == moved["subscriptionId"] != scene.subscription_id
    assert scene.send("createSubscription").status_code == 409


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("DELETE", "subscriptions/nothing", None, "no subscription nothing"),
        ("POST", "subscriptions/nothing/move", {"destinationId": "x"}, "no subscription nothing"),
        ("POST", "subscriptions/{held}/move", {"destinationId": "x"}, "no destination x"),
        ("POST", "destinations", {"name": "n", "queueArn": "arn", "clientId": "nobody"}, "nobody"),
    ],
)
def test_what_is_not_there_is_told(scene: Scene, method: str, path: str, body: object, words: str) -> None:
    url = f"{scene.amazon.url}/_simulator/{path.format(held=scene.subscription_id)}"
    answer = scene.amazon.session.request(method, url, json=body, timeout=20)
    assert (answer.status_code, words in answer.json()["error"]) == (404, True)
    assert scene.send("getSubscription").status_code == 200


def test_a_destination_of_another_region_takes_no_subscription_of_this_one(scene: Scene) -> None:
    elsewhere = {"name": "n", "queueArn": QUEUE_ARN, "region": "eu"}
    foreign = scene.amazon.control("POST", "destinations", elsewhere)["destinationId"]
    url = f"{scene.amazon.url}/_simulator/subscriptions/{scene.subscription_id}/move"
    answer = scene.amazon.session.post(url, json={"destinationId": foreign}, timeout=20)
    assert answer.status_code == 404

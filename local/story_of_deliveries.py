"""The part of the story between deploy and destroy: what is published, what arrives, what doesn't."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from local.cast import SELLERS
from local.deployment import Deployment
from local.notifications import (
    BY_EVENT_BRIDGE,
    LARGE,
    OWN,
    Malformed,
    Notification,
    first_wave,
    late_notification,
    malformed_bodies,
    models_folder,
    models_place,
    publish_requests,
)
from local.outcome import Outcome, StoryError
from local.queues import dead_letters, drain, drain_until, queue_depth
from local.screen import Screen

COPIES = 2
SHUFFLE_SEED = 3
DELIVERY_SECONDS = 60.0
SETTLE_SECONDS = 120.0


def publish(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """Everything twice and shuffled, two malformed bodies among it; each arrives, then a late one."""
    wave = first_wave(models_folder())
    malformed = malformed_bodies()
    with screen.step(
        "Amazon publishes every notification twice, shuffled, two malformed ones among them"
    ) as step:
        _publish(deployment, outcome, wave, malformed)
        step.result = (
            f"{len(wave)} notifications{_whose(wave)} and {len(malformed)} malformed "
            f"in {outcome.messages} messages"
        )
        if models_folder() is None:
            step.note = (
                "The demo's own notifications alone. The examples of Amazon's models "
                "(github.com/amzn/selling-partner-api-models) come with them where SP_API_MODELS names their "
                f"folder; none is at {models_place()}"
            )
    with screen.step("Each arrives at a target of the event bus") as step:
        _await_deliveries(deployment, outcome, step.progress)
        step.result = f"{len(outcome.received.by_notification)} of {outcome.published}"
    with screen.step(
        "An earlier state of an order arrives after a later one: delivered, marked stale"
    ) as step:
        before = set(outcome.notifications)
        _publish(deployment, outcome, [late_notification()], [])
        outcome.late_id = next(iter(outcome.notifications.keys() - before))
        _await_deliveries(deployment, outcome, step.progress)
        _check_stale(outcome)
        step.result = f"{len(outcome.stale)} stale"


def check_event_bridge(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """What Amazon sends by EventBridge only came by the partner event bus, in the same form as the rest."""
    with screen.step("Those that Amazon sends by EventBridge only came by its partner bus") as step:
        destination_id = deployment.outputs["EventBridgeDestinationId"]
        subscribed = {
            held["notificationType"]
            for held in deployment.simulator.state()["subscriptions"]
            if held["destinationId"] == destination_id
        }
        came = [
            sent.notification_type
            for key, sent in outcome.notifications.items()
            if sent.notification_type in subscribed and key in outcome.received.by_notification
        ]
        if BY_EVENT_BRIDGE.upper() not in came:
            raise StoryError(
                f"{BY_EVENT_BRIDGE.upper()} should be subscribed to at the EventBridge destination "
                f"{destination_id} and have come; subscribed to there: {sorted(subscribed)}",
                "Process",
            )
        outcome.by_event_bridge = len(came)
        step.result = f"{len(came)} of {', '.join(sorted(set(came)))}"


def check_large(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """What the bus can't carry lies whole in S3, and its event says where."""
    with screen.step("One too large for the bus lies in S3 as Amazon sent it: its event says where") as step:
        (key,) = [key for key, sent in outcome.notifications.items() if sent.name == LARGE]
        detail = outcome.received.by_notification[key][0].event["detail"]
        location = detail["payloadLocation"]
        if detail["payload"] is not None or location is None:
            raise StoryError("the event of the large notification has no payloadLocation", "Process")
        stored = deployment.client("s3").get_object(Bucket=location["bucket"], Key=location["key"])
        body = stored["Body"].read()
        if hashlib.sha256(body).hexdigest() != location["sha256"]:
            raise StoryError("the stored notification is not what the event's digest says", "Process")
        if json.loads(body)["Payload"] != outcome.notifications[key].envelope["Payload"]:
            raise StoryError("the stored notification is not what Amazon sent", "Process")
        step.result = f"{len(body) // 1024} KiB"


def check_copies(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """Every copy has been seen and dropped. Told last: a copy that met a live lease waits until that ends."""
    with screen.step("No copy has come through a second time") as step:
        _settle(deployment, outcome, step.progress)
        if outcome.received.twice:
            raise StoryError(
                f"delivered more than once: event ids {', '.join(outcome.received.twice)}", "Process"
            )
        unknown = outcome.received.by_notification.keys() - outcome.notifications.keys()
        unknown -= _of_feeds(deployment, outcome) | outcome.expected
        if unknown:
            raise StoryError(f"events for notifications that nobody published: {sorted(unknown)}", "Process")
        step.result = f"{len(outcome.received.deliveries)} messages for {outcome.published} notifications"


def check_dead_letters(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """The malformed bodies, each alone with its reason, and nothing else."""
    with screen.step("The malformed ones lie in the dead-letter queue with their reasons") as step:
        url = deployment.outputs["NotificationDeadLetterQueueUrl"]
        outcome.dead = dead_letters(
            deployment.client("sqs"), url, wanted=outcome.malformed, deadline_seconds=DELIVERY_SECONDS
        )
        bodies = sorted(letter.body for letter in outcome.dead)
        expected = sorted(malformed.body for malformed in malformed_bodies())
        if bodies != expected:
            raise StoryError(
                f"the dead-letter queue should hold exactly the {len(expected)} malformed bodies, "
                f"but holds {bodies}",
                "Process",
            )
        without_reason = [letter.body for letter in outcome.dead if not (letter.reason and letter.detail)]
        if without_reason:
            raise StoryError(f"dead letters without reason and detail: {without_reason}", "Process")
        step.result = ", ".join(letter.reason for letter in outcome.dead)


def _of_feeds(deployment: Deployment, outcome: Outcome) -> set[str]:
    """The notifications by which Amazon told of the story's own feeds."""
    if not outcome.feeds:
        return set()
    feeds = {(feed["sellerId"], feed["feedId"]) for feed in deployment.simulator.state()["feeds"]}
    found = set()
    for delivery in outcome.received.deliveries:
        payload = delivery.event["detail"].get("payload") or {}
        finished = payload.get("feedProcessingFinishedNotification") or {}
        if (finished.get("sellerId"), finished.get("feedId")) in feeds:
            found.add(delivery.notification_id)
    return found


def _whose(wave: Sequence[Notification]) -> str:
    of_amazon = sum(notification.origin != OWN for notification in wave)
    return f" ({of_amazon} of them examples of Amazon's models)" if of_amazon else ""


def _publish(
    deployment: Deployment,
    outcome: Outcome,
    notifications: Sequence[Notification],
    malformed: Sequence[Malformed],
) -> None:
    destination_id = deployment.outputs["DestinationId"]
    requests = publish_requests(
        notifications,
        subscribed=_subscribed(deployment.simulator.state()),
        destination_id=destination_id,
        copies=COPIES,
    )
    requests += [
        {"body": body.body, "via": "destination", "destinationId": destination_id} for body in malformed
    ]
    answers = deployment.simulator.publish(requests, shuffle_seed=SHUFFLE_SEED)
    for notification, answer in zip(notifications, answers, strict=False):
        outcome.notifications[answer["notificationId"]] = notification
    outcome.copies_each = COPIES
    outcome.published += len(notifications)
    outcome.malformed += len(malformed)
    outcome.messages += sum(answer["sent"] for answer in answers)


def _subscribed(state: dict[str, Any]) -> dict[tuple[str, str], str]:
    # Dealt out in turn, so that both sellers have some.
    held = sorted({(one["notificationType"], one["payloadVersion"]) for one in state["subscriptions"]})
    return {key: SELLERS[number % len(SELLERS)].seller_id for number, key in enumerate(held)}


def _await_deliveries(deployment: Deployment, outcome: Outcome, progress: Callable[[str], None]) -> None:
    missing = drain_until(
        deployment.client("sqs"),
        deployment.outputs["ExampleConsumerQueueUrl"],
        outcome.received,
        wanted=outcome.notifications,
        deadline_seconds=DELIVERY_SECONDS,
        progress=lambda done, total: progress(f"{done} of {total}"),
    )
    if missing:
        names = ", ".join(sorted(outcome.notifications[key].name for key in missing))
        raise StoryError(f"not delivered within {DELIVERY_SECONDS:g} seconds: {names}", "Process")


def _check_stale(outcome: Outcome) -> None:
    if outcome.late_id not in outcome.stale:
        raise StoryError("the earlier state of the order came after the later one unmarked", "Process")
    newer = [key for key, sent in outcome.notifications.items() if sent.name == "order_change_shipped"]
    if set(newer) & set(outcome.stale):
        raise StoryError("the later state of the order is marked stale", "Process")


def _settle(deployment: Deployment, outcome: Outcome, progress: Callable[[str], None]) -> None:
    """Waits until the source queue holds no copy any more, then takes what may still have come."""
    sqs = deployment.client("sqs")
    source = deployment.outputs["NotificationQueueUrl"]
    target = deployment.outputs["ExampleConsumerQueueUrl"]
    deadline = time.monotonic() + SETTLE_SECONDS
    while waiting := queue_depth(sqs, source):
        if time.monotonic() > deadline:
            raise StoryError(
                f"{waiting} messages are still in the notification queue after {SETTLE_SECONDS:g} seconds",
                "Process",
            )
        progress(f"{waiting} copies wait in the notification queue until their lease ends")
        drain(sqs, target, outcome.received)
    while drain(sqs, target, outcome.received):
        progress("taking what has come since")

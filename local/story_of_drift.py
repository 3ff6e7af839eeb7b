"""The part of the story in which others change subscriptions: what is put back, and what is only reported."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from local.cast import THIRD_SELLER
from local.deployment import Deployment
from local.outcome import Outcome, StoryError
from local.queues import OperationalEvent, drain
from local.screen import Screen

EVENT_SECONDS = 30.0
DRIFTED = "SubscriptionDrifted"

_SELLER = THIRD_SELLER.seller_id
_DELETED = "ORDER_CHANGE"
_MOVED = "FBA_OUTBOUND_SHIPMENT_STATUS"
_FOREIGN_QUEUE = "arn:aws:sqs:us-east-1:000000000000:of-another-program"


def check_drift(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """A subscription deleted behind our back comes back; one pointed elsewhere stays, and is told."""
    with screen.step("Behind our back a subscription is deleted, another pointed to another's queue") as step:
        amazon = deployment.simulator
        amazon.delete_subscription(_only(amazon.state(), _DELETED)["subscriptionId"])
        foreign = amazon.add_destination("of-another-program", _FOREIGN_QUEUE)
        outcome.foreign_destination = foreign
        amazon.move_subscription(_only(amazon.state(), _MOVED)["subscriptionId"], foreign)
        deployment.on_line = step.progress
        plan = deployment.plan_subscriptions([_SELLER])
        step.result = "as `sellerbus subscriptions plan` sees it:"
    for line in plan:
        screen.say(f"  {line}")
    with screen.step("`sellerbus subscriptions apply` puts the deleted one back, and an event tells") as step:
        deployment.on_line = step.progress
        said = deployment.apply_subscriptions([_SELLER])
        held = _only(deployment.simulator.state(), _DELETED)
        if held["destinationId"] != deployment.outputs["DestinationId"]:
            raise StoryError(f"the subscription that was deleted came back elsewhere: {held}", "Reconcile")
        event = _await_drift(deployment, outcome, "missing", _DELETED, step.progress)
        if event.detail["action"] != "restoring":
            raise StoryError(f"the event about the deleted subscription says {event.detail}", "Reconcile")
        outcome.drift_restored = 1
        step.result = f"{event.source} / {event.kind}: {event.detail['drift']}"
    with screen.step("The one pointed elsewhere is reported, and left as it is") as step:
        event = _await_drift(deployment, outcome, "other-destination", _MOVED, step.progress)
        held = _only(deployment.simulator.state(), _MOVED)
        if event.detail["action"] != "reported" or held["destinationId"] != foreign:
            raise StoryError(
                f"the subscription of another program should be left alone: {held}, {event.detail}",
                "Reconcile",
            )
        outcome.drift_reported = 1
        step.result = f"{event.source} / {event.kind}: {event.detail['drift']}, {event.detail['action']}"
    for line in said:
        screen.say(f"  {line}")
    with screen.step("An operator leaves that type to the other program: nothing is in the way") as step:
        deployment.on_line = step.progress
        left = tuple(name for name in THIRD_SELLER.notification_types if name != _MOVED)
        deployment.add_seller(replace(THIRD_SELLER, notification_types=left), anew=True)
        step.result = f"{_SELLER} gets {', '.join(left)}"


def _only(state: dict[str, Any], notification_type: str) -> dict[str, Any]:
    found = [
        held
        for held in state["subscriptions"]
        if (held["sellerId"], held["notificationType"]) == (_SELLER, notification_type)
    ]
    if len(found) != 1:
        raise StoryError(
            f"{_SELLER} should have one subscription for {notification_type}, but has {found}", "Reconcile"
        )
    return dict(found[0])


def _await_drift(
    deployment: Deployment,
    outcome: Outcome,
    drift: str,
    notification_type: str,
    progress: Callable[[str], None],
) -> OperationalEvent:
    sqs, queue_url = deployment.client("sqs"), deployment.outputs["ExampleConsumerQueueUrl"]
    deadline = time.monotonic() + EVENT_SECONDS
    while True:
        told = [event for event in outcome.received.operational if event.kind == DRIFTED]
        for event in told:
            about = tuple(event.detail[name] for name in ("drift", "sellerId", "notificationType"))
            if about == (drift, _SELLER, notification_type):
                return event
        progress(f"{len(told)} events of drift so far")
        if not drain(sqs, queue_url, outcome.received) and time.monotonic() > deadline:
            raise StoryError(
                f"no {DRIFTED} event with drift {drift} for {_SELLER} and {notification_type} came within "
                f"{EVENT_SECONDS:g} seconds, only {json.dumps([event.detail for event in told])}",
                "Reconcile",
            )

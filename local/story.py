"""The story of `make demo`: from an empty account to notifications that came through once, and back.

Each step checks what it claims; one that falls short raises StoryError with the name of the function whose
log tells more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from local.deployment import Deployment, Seller
from local.notifications import (
    OWN,
    Malformed,
    Notification,
    first_wave,
    late_notification,
    malformed_bodies,
    models_folder,
    publish_requests,
)
from local.outcome import Outcome
from local.queues import dead_letters, drain, drain_until, queue_depth
from local.screen import Screen

SELLERS = (
    Seller("A2BAZU3EXAMPLE", ("ATVPDKIKX0DER",)),
    Seller("A2EW6EXAMPLE11", ("ATVPDKIKX0DER", "A2EUQ1WTGCTBG2")),
)
THIRD_SELLER = Seller("A3NEWEXAMPLE33", ("A1AM78C64UM0Y8",))
COPIES = 2
SHUFFLE_SEED = 3
DELIVERY_SECONDS = 60.0
SETTLE_SECONDS = 120.0
RECONCILE_SECONDS = 90.0
_NAMED = 5


class StoryError(Exception):
    """A step fell short; `function` is part of the name of the log group that tells more, if one does."""

    def __init__(self, message: str, function: str | None = None) -> None:
        super().__init__(message)
        self.function = function


def deploy_from_nothing(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """Foundation, credentials, two sellers, everything: the order of a real first deploy."""
    with screen.step("Prepare the account for the CDK and synthesise the stacks") as step:
        deployment.on_line = step.progress
        deployment.bootstrap_and_synth()
    with screen.step("cdk deploy Foundation: key, empty credentials secret, seller registry") as step:
        deployment.on_line = step.progress
        deployment.deploy_foundation()
    with screen.step("Store the application's credentials and onboard two sellers with `sellerbus`") as step:
        deployment.on_line = step.progress
        deployment.set_credentials()
        for seller in SELLERS:
            deployment.add_seller(seller)
        step.result = ", ".join(seller.seller_id for seller in SELLERS)
    with screen.step("cdk deploy --all") as step:
        deployment.on_line = step.progress
        outcome.deploy_seconds = deployment.deploy_all().seconds
        step.result = f"{len(deployment.outputs)} outputs"


def check_subscriptions(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """The deploy has made one destination and a subscription per seller and configured type."""
    with screen.step("Amazon has the destination and every seller's subscriptions") as step:
        state = deployment.simulator.state()
        destinations = [held["destinationId"] for held in state["destinations"]]
        if destinations != [deployment.outputs["DestinationId"]]:
            raise StoryError(
                f"Amazon should have exactly the destination {deployment.outputs['DestinationId']}, "
                f"but has {destinations}",
                "ManageDestination",
            )
        held = {seller.seller_id: _types_of(state, seller.seller_id) for seller in SELLERS}
        if not all(held.values()) or len({frozenset(types) for types in held.values()}) != 1:
            raise StoryError(f"the sellers' subscriptions are not alike: {held}", "Subscriptions")
        outcome.subscriptions = sum(len(types) for types in held.values())
        step.result = f"1 destination, {outcome.subscriptions} subscriptions"


def publish(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """Everything twice and shuffled, two malformed bodies among it; each arrives, then a late one."""
    wave = first_wave(models_folder())
    malformed = malformed_bodies()
    with screen.step(
        "Amazon publishes every notification twice, shuffled, two malformed ones among them"
    ) as step:
        _publish(deployment, outcome, wave, malformed)
        of_amazon = sum(notification.origin != OWN for notification in wave)
        step.result = (
            f"{len(wave)} notifications ({of_amazon} of them examples of Amazon's models) "
            f"and {len(malformed)} malformed in {outcome.messages} messages"
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


def check_copies(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """Every copy has been seen and dropped. Told last: a copy that met a live lease waits until that ends."""
    with screen.step("No copy has come through a second time") as step:
        _settle(deployment, outcome, step.progress)
        if outcome.received.twice:
            raise StoryError(
                f"delivered more than once: event ids {', '.join(outcome.received.twice)}", "Process"
            )
        unknown = outcome.received.by_notification.keys() - outcome.notifications.keys()
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


def deploy_again(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """A second `cdk deploy --all`, synthesised anew, touches no resource."""
    with screen.step("cdk deploy --all again changes nothing") as step:
        deployment.on_line = step.progress
        second = deployment.deploy_again()
        outcome.second_deploy_changes = second.touched
        if second.touched:
            raise StoryError(
                f"the second deploy touched {len(second.touched)} resources, among them "
                f"{', '.join(second.touched[:_NAMED])}. Defined differently the second time: "
                f"{', '.join(second.redefined) or 'none'}. Was the source edited meanwhile?"
            )
        step.result = "0 resources touched"


def add_third_seller(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """A seller onboarded without a deploy gets the same subscriptions as the others."""
    with screen.step("A third seller, added without deploying, gets their subscriptions") as step:
        deployment.on_line = step.progress
        deployment.add_seller(THIRD_SELLER)
        wanted = _types_of(deployment.simulator.state(), SELLERS[0].seller_id)
        deadline = time.monotonic() + RECONCILE_SECONDS
        held: set[str] = set()
        while held != wanted:
            if time.monotonic() > deadline:
                raise StoryError(
                    f"{THIRD_SELLER.seller_id} should have subscriptions for {sorted(wanted)} "
                    f"after {RECONCILE_SECONDS:g} seconds, but has {sorted(held)}",
                    "Reconcile",
                )
            time.sleep(0.25)
            held = _types_of(deployment.simulator.state(), THIRD_SELLER.seller_id)
            step.progress(f"{len(held)} of {len(wanted)}")
        outcome.third_seller_subscriptions = len(held)
        step.result = f"{len(held)} subscriptions"


def destroy(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """`cdk destroy --all` leaves nothing at Amazon."""
    with screen.step("cdk destroy --all removes destination and subscriptions at Amazon") as step:
        deployment.on_line = step.progress
        deployment.destroy()
        state = deployment.simulator.state()
        outcome.left_at_amazon = len(state["destinations"]) + len(state["subscriptions"])
        if outcome.left_at_amazon:
            raise StoryError(
                f"still at Amazon: {state['destinations']} and {state['subscriptions']}", "Destination"
            )
        step.result = "nothing is left"


STEPS: Sequence[Callable[[Deployment, Screen, Outcome], None]] = (
    deploy_from_nothing,
    check_subscriptions,
    publish,
    check_dead_letters,
    deploy_again,
    add_third_seller,
    check_copies,
    destroy,
)


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
    # The later seller wins, so that both have some: the types are dealt out in turn.
    held = sorted({(one["notificationType"], one["payloadVersion"]) for one in state["subscriptions"]})
    return {key: SELLERS[number % len(SELLERS)].seller_id for number, key in enumerate(held)}


def _types_of(state: dict[str, Any], seller_id: str) -> set[str]:
    return {one["notificationType"] for one in state["subscriptions"] if one["sellerId"] == seller_id}


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

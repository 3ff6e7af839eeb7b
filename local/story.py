"""The story of `make demo`: from an empty account to notifications, feeds and messages, and back again.

Each step checks what it claims; one that falls short raises StoryError with the name of the function whose
log tells more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from local.cast import INDIAN_SELLER, SELLERS, THIRD_SELLER
from local.demo_stage import EUROPE, use_demo_stage
from local.deployment import Deployment, SecondDeploy, Seller
from local.outcome import Outcome, StoryError
from local.screen import Screen
from local.story_of_deliveries import (
    check_copies,
    check_dead_letters,
    check_event_bridge,
    check_large,
    publish,
)
from local.story_of_doctor import tell_of_doctor
from local.story_of_drift import check_drift
from local.story_of_feeds import VERSIONS, tell_feeds, tell_feeds_and_switch
from local.story_of_messages import tell_messages
from local.story_of_missed import find_missed
from local.story_of_rotation import during_rotation
from local.story_of_upkeep import redrive, run_canary

RECONCILE_SECONDS = 90.0
_NAMED = 5
Step = Callable[[Deployment, Screen, Outcome], None]
"""A part of the story."""


def deploy_demo_stage(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """The demo has a cell in eu beside that of config/local.yaml, with a seller of its own."""
    use_demo_stage(deployment)
    deploy_from_nothing(deployment, screen, outcome, sellers=(*SELLERS, INDIAN_SELLER))


def deploy_from_nothing(
    deployment: Deployment, screen: Screen, outcome: Outcome, sellers: Sequence[Seller] = SELLERS
) -> None:
    """Foundation, credentials, sellers, everything: the order of a real first deploy."""
    with screen.step("Prepare the account for the CDK and synthesise the stacks") as step:
        deployment.on_line = step.progress
        deployment.bootstrap_and_synth()
    with screen.step("cdk deploy Foundation: key, empty credentials secret, seller registry") as step:
        deployment.on_line = step.progress
        deployment.deploy_foundation()
    with screen.step("Store the application's credentials and onboard sellers with `sellerbus`") as step:
        deployment.on_line = step.progress
        deployment.set_credentials_and_sellers(sellers)
        step.result = ", ".join(seller.seller_id for seller in sellers)
    with screen.step("cdk deploy --all") as step:
        deployment.on_line = step.progress
        outcome.deploy_seconds = deployment.deploy_all().seconds
        step.result = f"{len(deployment.outputs)} outputs"


def check_subscriptions(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """The deploy has made both destinations and a subscription per seller and configured type."""
    with screen.step("Amazon has the destinations and every seller's subscriptions") as step:
        state = deployment.simulator.state()
        destinations = {
            held["destinationId"] for held in state["destinations"] if held.get("region") != EUROPE
        }
        wanted = {deployment.outputs[name] for name in ("DestinationId", "EventBridgeDestinationId")}
        if destinations != wanted:
            raise StoryError(
                f"Amazon should have exactly the destinations {sorted(wanted)}, but has "
                f"{sorted(destinations)}",
                "ManageDestination",
            )
        held = {seller.seller_id: _types_of(state, seller.seller_id) for seller in SELLERS}
        if not all(held.values()) or len({frozenset(types) for types in held.values()}) != 1:
            raise StoryError(f"the sellers' subscriptions are not alike: {held}", "Subscriptions")
        outcome.subscriptions = sum(len(types) for types in held.values())
        step.result = (
            f"{outcome.subscriptions} subscriptions to a destination for the queue and one for EventBridge"
        )


def while_deploying_again(*steps: Step) -> Step:
    """Tells the steps while a second `cdk deploy --all`, synthesised anew, touches no resource."""

    def tell(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
        with ThreadPoolExecutor(1) as pool:
            deploying = pool.submit(deployment.deploy_again)
            for each in steps:
                each(deployment, screen, outcome)
            check_deployed_again(deploying, screen, outcome)

    return tell


def check_deployed_again(deploying: Future[SecondDeploy], screen: Screen, outcome: Outcome) -> None:
    """The second deploy, which went on beside the steps before, has changed nothing."""
    with screen.step("Meanwhile a second cdk deploy --all has changed nothing") as step:
        second = deploying.result()
        outcome.second_deploy_changes = second.touched
        if second.touched:
            raise StoryError(
                f"the second deploy touched {len(second.touched)} resources, among them "
                f"{', '.join(second.touched[:_NAMED])}. Defined differently the second time: "
                f"{', '.join(second.redefined) or 'none'}. Was the source edited meanwhile?"
            )
        step.result = f"0 resources touched, in {second.seconds:.0f} seconds"


def add_third_seller(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """A seller onboarded without a deploy, with a list of types of its own, gets subscriptions for those."""
    with screen.step("A third seller, added without deploying, gets the types of its own list") as step:
        deployment.on_line = step.progress
        deployment.add_seller(THIRD_SELLER)
        wanted = set(THIRD_SELLER.notification_types)
        deadline = time.monotonic() + RECONCILE_SECONDS
        while True:
            held = _types_of(deployment.simulator.state(), THIRD_SELLER.seller_id)
            if held == wanted and _has_ended(deployment, THIRD_SELLER.seller_id):
                break
            if time.monotonic() > deadline:
                raise StoryError(
                    f"a run of {THIRD_SELLER.seller_id} should have ended with subscriptions for "
                    f"{sorted(wanted)} after {RECONCILE_SECONDS:g} seconds, but there are {sorted(held)}",
                    "Reconcile",
                )
            step.progress(f"{len(held)} of {len(wanted)}")
            time.sleep(0.25)
        outcome.third_seller_subscriptions = len(held)
        step.result = ", ".join(sorted(held))


def destroy(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """`cdk destroy --all` leaves nothing of ours at Amazon, and what is another's as it is."""
    with screen.step("cdk destroy --all removes our destinations and subscriptions at Amazon") as step:
        deployment.on_line = step.progress
        deployment.destroy()
        state = deployment.simulator.state()
        everything = [*state["destinations"], *state["subscriptions"]]
        ours = [held for held in everything if held["destinationId"] != outcome.foreign_destination]
        outcome.left_at_amazon = len(ours)
        if ours:
            raise StoryError(f"still at Amazon: {ours}", "Destination")
        foreign = len(everything)
        if outcome.drift_reported and foreign != 2:
            raise StoryError(f"of another program's destination and subscription {everything} is left")
        step.result = "nothing of ours is left" + (
            "; the other program's destination and subscription stay" if foreign else ""
        )


STEPS: Sequence[Step] = (
    deploy_demo_stage,
    check_subscriptions,
    while_deploying_again(
        publish,
        check_event_bridge,
        check_large,
        check_dead_letters,
        add_third_seller,
        check_drift,
    ),
    tell_feeds_and_switch,
    during_rotation(tell_feeds(VERSIONS[1])),
    find_missed,
    tell_messages,
    run_canary,
    redrive,
    check_copies,
    tell_of_doctor,
    destroy,
)


def _has_ended(deployment: Deployment, seller_id: str) -> bool:
    """Whether a run of the seller has ended; what is changed at Amazon before that is no drift."""
    state = deployment.client("dynamodb").get_item(
        TableName=deployment.outputs["SubscriptionStateTableName"], Key={"sellerId": {"S": seller_id}}
    )
    return "finishedAt" in state.get("Item", {})


def _types_of(state: dict[str, Any], seller_id: str) -> set[str]:
    return {one["notificationType"] for one in state["subscriptions"] if one["sellerId"] == seller_id}

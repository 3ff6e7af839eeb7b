"""The part of the story in which what Amazon has never told, of an order and of feeds, is found by asking.

The feeds are those of the story whose notification Amazon never sent. The order is made for this.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from local.cast import SELLERS, THIRD_SELLER
from local.deployment import Deployment
from local.functions import invoke
from local.handing_over import SHIPMENTS
from local.outcome import Outcome, StoryError
from local.queues import Delivery, drain
from local.screen import Screen, Step

ORDER = "905-0000000-0000001"
FOUND_SECONDS = 45.0
FIND = "FindMissedEvents"

_LAST_LOOK = timedelta(hours=1)
_HALF_AN_HOUR_IN_DAYS = 0.5 / 24
_SUBJECTS = ((SELLERS[0].seller_id, "feeds"), (THIRD_SELLER.seller_id, "orders"))


def find_missed(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """What Amazon never told comes once, marked as found; looked for again, nothing is found."""
    amazon = deployment.simulator
    with screen.step("Amazon has never told of an order and of a feed: asked for, both are found") as step:
        seller = THIRD_SELLER
        amazon.add_order(
            seller.seller_id,
            seller.marketplace_ids[0],
            ORDER,
            daysAgo=_HALF_AN_HOUR_IN_DAYS,
            status="SHIPPED",
        )
        # A version of the Feeds API lists the feeds that were made with it; a look asks with the present one.
        version = next(reversed(outcome.feeds))
        feeds = [
            str(feed["feedId"])
            for feed in amazon.feeds(SELLERS[0].seller_id, SHIPMENTS)
            if feed["apiVersion"] == version
        ]
        wanted = {ORDER: "ORDER_CHANGE"} | dict.fromkeys(feeds, "FEED_PROCESSING_FINISHED")
        # Looks go by spare quota alone, and a second one an instant later would have none.
        amazon.set_rate(f"feeds/{version}/getFeeds", per_second=5, burst=50)
        _look_back(deployment)
        came = _await_found(deployment, outcome, wanted, step)
        counts = outcome.operations
        counts.missed_found = len(came)
        step.result = ", ".join(
            f"{came[key].event['detail']['notificationType']} of {key}" for key in sorted(came)
        )
    with screen.step("Each is an event, once, of origin `reconciled`; a second look finds nothing") as step:
        _look_back(deployment)
        again = invoke(deployment, f"{FIND}FunctionName", {})
        counts.missed_again = int(again["missed"])
        if again["missed"] or again["left"] or again["checked"] < len(wanted):
            raise StoryError(
                f"a second look should compare the same {len(wanted)} and find none missed: {again}", FIND
            )
        _drain_all(deployment, outcome)
        times = {
            key: len(outcome.received.by_notification[each.notification_id]) for key, each in came.items()
        }
        if set(times.values()) != {1}:
            raise StoryError(f"what was missed should come once each: {times}", FIND)
        outcome.expected |= {each.notification_id for each in came.values()}
        step.result = f"{again['checked']} compared, none missed"


def _look_back(deployment: Deployment) -> None:
    """Has the next look begin an hour ago, as if the last one had been then."""
    then = datetime.now(UTC) - _LAST_LOOK
    for seller_id, subject in _SUBJECTS:
        deployment.client("dynamodb").put_item(
            TableName=deployment.outputs["MissedEventsMarksTableName"],
            Item={
                "sellerId": {"S": seller_id},
                "subject": {"S": subject},
                "since": {"S": then.isoformat()},
                "lookedAt": {"S": then.isoformat()},
                "version": {"S": "an-hour-ago"},
            },
        )


def _await_found(
    deployment: Deployment, outcome: Outcome, wanted: Mapping[str, str], step: Step
) -> dict[str, Delivery]:
    """Looks until all has come, by what it is about; a feed's end must be some seconds old to be missed."""
    deadline = time.monotonic() + FOUND_SECONDS
    found = 0
    while True:
        if found < len(wanted):
            found += int(invoke(deployment, f"{FIND}FunctionName", {})["missed"])
        _drain_all(deployment, outcome)
        came = {_about(each): each for each in outcome.received.deliveries if _origin(each) == "reconciled"}
        told = {key: each.notification_type for key, each in came.items()}
        if told == wanted and found == len(wanted):
            return came
        step.progress(f"{found} found, {len(came)} of {len(wanted)} came")
        if time.monotonic() > deadline or found > len(wanted):
            raise StoryError(
                f"{dict(wanted)} should be found and come, but {found} were found and {told} came", FIND
            )
        time.sleep(0.5)


def _drain_all(deployment: Deployment, outcome: Outcome) -> None:
    while drain(deployment.client("sqs"), deployment.outputs["ExampleConsumerQueueUrl"], outcome.received):
        pass


def _about(delivery: Delivery) -> str:
    entity: dict[str, Any] = delivery.event["detail"].get("entity") or {}
    return str(entity.get("id"))


def _origin(delivery: Delivery) -> str:
    return str(delivery.event["detail"].get("origin"))

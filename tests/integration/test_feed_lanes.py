"""Who waits for whom: feeds of one seller and type go one after the other, and hold up nobody else's."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from local.cast import SELLERS
from local.feed_documents import FLAT_FILE_TYPE
from tests.integration.system import System

pytestmark = pytest.mark.usefixtures("crashed")

BUSY, OTHER = (seller.seller_id for seller in SELLERS)
US = "ATVPDKIKX0DER"
FEED_TYPE = "POST_FLAT_FILE_FULFILLMENT_DATA"
IN_ORDER_TYPE = "POST_FLAT_FILE_PAYMENT_ADJUSTMENT_DATA"
MANY = 60
IN_ORDER = [f"lane-{number}" for number in range(4)]
STANDING = ("WAITING", "PROCESSING")


def request(task_id: str, seller_id: str, feed_type: str) -> dict[str, Any]:
    return {
        "taskId": task_id,
        "sellerId": seller_id,
        "feedType": feed_type,
        "marketplaceIds": [US],
        "contentType": FLAT_FILE_TYPE,
        "content": f"order-id\tquantity\n{task_id}\t1\n",
    }


def hand_over_next(system: System, name: str) -> None:
    """Of what is handed over within one second, whichever SQS delivers first may have its turn first."""
    system.feeds.request("FeedRequested", [request(name, OTHER, IN_ORDER_TYPE)])
    # Behind sixty others, which keep a busy machine at it.
    system.wait_for(lambda: bool(system.feeds.task(name)), f"the task {name}", within_seconds=120)


def cancel(system: System, task_id: str) -> Any:
    return system.invoke("OperateFeedFunctionName", {"request": "cancel", "taskId": task_id})


def test_sixty_feeds_of_one_seller_hold_up_no_other_sellers_feed(system: System) -> None:
    amazon = system.deployment.simulator
    amazon.decide_fate(feedType=FEED_TYPE, sellerId=BUSY, stuckAt="IN_QUEUE")
    many = [f"many-{number:02}" for number in range(MANY)]
    system.feeds.request("FeedRequested", [request(task_id, BUSY, FEED_TYPE) for task_id in many])
    for name in IN_ORDER:
        hand_over_next(system, name)
    rows = system.feeds.await_state(many, *STANDING, within_seconds=90)
    assert {row.get("state") for row in rows.values()} <= set(STANDING)
    system.wait_for(
        lambda: [row.get("state") for row in system.feeds.tasks(many).values()].count("PROCESSING") == 1,
        "the first feed of the lane to be with Amazon",
    )

    system.feeds.request("FeedRequested", [request("others-one", OTHER, FEED_TYPE)])

    row = system.await_tasks("others-one", within_seconds=45)["others-one"]
    assert row["outcome"] == "COMPLETED"
    held = [feed for feed in amazon.feeds(BUSY, FEED_TYPE) if feed["stuck"]]
    assert len(held) == 1, "the busy seller's lane should still be held by its first feed"
    rows = system.feeds.tasks(many)
    (first,) = [task_id for task_id in many if rows[task_id].get("feedId") == held[0]["feedId"]]
    cancelled = {task_id: cancel(system, task_id) for task_id in many}
    assert cancelled.pop(first) == {"cancelled": "asked"}
    assert {answer["cancelled"] for answer in cancelled.values()} == {"here"}
    ended = system.await_tasks(*many)
    assert {row["outcome"] for row in ended.values()} == {"CANCELLED"}
    assert len([feed for feed in amazon.feeds(BUSY, FEED_TYPE) if feed["stuck"]]) == 0


def test_feeds_of_one_lane_go_in_order_and_not_before_the_one_ahead_has_ended(system: System) -> None:
    rows = system.await_tasks(*IN_ORDER)

    feed_ids = [rows[task_id]["feedId"] for task_id in IN_ORDER]
    made = {feed["feedId"]: feed for feed in system.deployment.simulator.feeds(OTHER, IN_ORDER_TYPE)}
    assert [feed_id for feed_id in made if feed_id in feed_ids] == feed_ids
    times = [(made[feed_id]["createdTime"], made[feed_id]["processingEndTime"]) for feed_id in feed_ids]
    assert all(ended <= created for (_, ended), (created, _) in pairwise(times)), times

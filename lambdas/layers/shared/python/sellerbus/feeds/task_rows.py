"""Where the rows of feed tasks, lanes and feeds are.

pk                             sk                        row
feed-task/<taskId>             task                      the task (task.py)
lane/<sellerId>/<feedType>     turn                      see lanes.py
lane/<sellerId>/<feedType>     waiting/<order>/<taskId>  a task that has not had its turn
feed/<sellerId>/<feedId>       feed                      whose task the feed is, and how it ended
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sellerbus.aws.task_table import Key
from sellerbus.feeds.task import FeedTask

KEPT_DAYS: Final = 100
"""How long rows of ended tasks and of feeds stay: longer than the 90 days for which Amazon keeps feeds, and
an execution's name may not be used again.
"""


@dataclass(frozen=True)
class FeedRow:
    """What is known of a feed: whose it is (task_id None: nobody's), and its end where that was told."""

    seller_id: str
    feed_id: str
    task_id: str | None = None
    processing_status: str | None = None
    result_feed_document_id: str | None = None
    notified_at: str | None = None


def task_key(task_id: str) -> Key:
    return (f"feed-task/{task_id}", "task")


def lane_of(task: FeedTask) -> str:
    return f"lane/{task.seller_id}/{task.feed_type}"


def turn_key(task: FeedTask) -> Key:
    return (lane_of(task), "turn")


def place_key(task: FeedTask) -> Key:
    return (lane_of(task), f"waiting/{task.order}/{task.task_id}")


def feed_key(seller_id: str, feed_id: str) -> Key:
    return (f"feed/{seller_id}/{feed_id}", "feed")

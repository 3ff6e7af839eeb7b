"""Puts together the functions that take feeds and check them, from the clients of bootstrap.

What reads documents is imported where it is made: accept_feeds doesn't need its layer.
"""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Final

from sellerbus.aws.event_publisher import OperationalEvents
from sellerbus.aws.message_queue import MessageQueue
from sellerbus.aws.task_table import TaskTable
from sellerbus.documents.limits import Limits
from sellerbus.feeds.task_store import TaskStore
from sellerbus.runtime import bootstrap

if TYPE_CHECKING:
    from sellerbus.feeds.checking import FeedChecker
    from sellerbus.feeds.intake.accepting import FeedAcceptor
    from sellerbus.runtime.task_config import AcceptFeedsConfig, CheckFeedConfig

_REMOVED_ALLOWED: Final = "2020-09-04"
"""The version of the Feeds API in whose time the removed feed types lived."""


@cache
def request_queue(config: AcceptFeedsConfig) -> MessageQueue:
    """Return the queue of what is handed over."""
    return MessageQueue(bootstrap.aws("sqs"), config.feed_request_queue_url)


@cache
def feed_acceptor(config: AcceptFeedsConfig) -> FeedAcceptor:
    """Return what makes tasks of what is handed over."""
    from sellerbus.feeds.executions import Executions
    from sellerbus.feeds.intake.accepting import FeedAcceptor
    from sellerbus.feeds.intake.hand_over import HandOvers
    from sellerbus.feeds.intake.inbox_bucket import InboxBucket
    from sellerbus.feeds.intake.inbox_reading import InboxReader
    from sellerbus.feeds.intake.request_reading import RequestReader

    table = _table(config.task_table_name)
    bucket = InboxBucket(bootstrap.aws("s3"), config.inbox_bucket_name)
    hand_overs = HandOvers(table, now=time.time)
    return FeedAcceptor(
        contents=bucket,
        inbox=InboxReader(bucket, hand_overs, now=_milliseconds),
        requests=RequestReader(bucket, hand_overs),
        tasks=TaskStore(table, now=time.time),
        executions=Executions(bootstrap.aws("stepfunctions"), config.feed_state_machine_arn),
        dead_letters=request_queue(config),
        events=OperationalEvents(bootstrap.aws("events"), config.event_bus_name, now=time.time),
        now=_milliseconds,
        limits=Limits(),
    )


def feed_checker(config: CheckFeedConfig) -> FeedChecker:
    """Return what checks feeds before Amazon is called."""
    from sellerbus.documents.presigned import DocumentHosts
    from sellerbus.documents.storage import PresignedStorage
    from sellerbus.documents.transfer import DocumentTransfer
    from sellerbus.feeds.catalogue import Format
    from sellerbus.feeds.checking import FeedChecker
    from sellerbus.feeds.checks import Rules
    from sellerbus.feeds.findings_store import FindingsStore

    # The check itself tells of a document that is too large: only what it can't pass by is stopped here.
    limits = Limits(content_bytes=4 * config.largest_feed_bytes)
    s3 = bootstrap.aws("s3")
    return FeedChecker(
        tasks=TaskStore(_table(config.task_table_name), now=time.time),
        sellers=bootstrap.seller_rows(config.seller_table_name),
        transfer=DocumentTransfer(
            s3=s3, storage=PresignedStorage(bootstrap.http(), DocumentHosts(())), limits=limits
        ),
        kept_findings=FindingsStore(s3, config.result_bucket_name),
        events=OperationalEvents(bootstrap.aws("events"), config.event_bus_name, now=time.time),
        rules=Rules(
            largest_bytes=config.largest_feed_bytes,
            custom_types={name: Format[form.upper()] for name, form in config.custom_feed_types.items()},
            removed_allowed=config.feeds_api_version == _REMOVED_ALLOWED,
        ),
    )


def _table(name: str) -> TaskTable:
    return TaskTable(bootstrap.aws("dynamodb"), name, sleep=time.sleep)


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000

"""Puts together what follows feeds to their end and collects their reports, from the clients of bootstrap.

What reads documents is imported where it is made: follow_feed and note_feed_processed don't have its layer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from sellerbus.aws.event_publisher import OperationalEvents
from sellerbus.aws.task_table import TaskTable
from sellerbus.aws.task_tokens import TaskTokens
from sellerbus.feeds.processed import ProcessedFeeds
from sellerbus.feeds.task_store import TaskStore
from sellerbus.runtime import bootstrap

if TYPE_CHECKING:
    from sellerbus.api.feeds import FeedsApi
    from sellerbus.feeds.collecting import FeedCollector
    from sellerbus.feeds.following import FeedFollower
    from sellerbus.feeds.task import FeedTask
    from sellerbus.runtime.config import SellerConfig
    from sellerbus.runtime.task_config import (
        CollectFeedReportConfig,
        FollowFeedConfig,
        NoteFeedProcessedConfig,
    )


def processed_feeds(config: NoteFeedProcessedConfig) -> ProcessedFeeds:
    """Return what takes in that feeds have ended."""
    return ProcessedFeeds(store=_store(config.task_table_name), tokens=_tokens())


def feed_follower(config: FollowFeedConfig, remaining_seconds: Callable[[], float]) -> FeedFollower:
    """Return what waits for a feed's end and looks for it."""
    from sellerbus.feeds.following import FeedFollower

    return FeedFollower(
        store=_store(config.task_table_name),
        tokens=_tokens(),
        events=_events(config.event_bus_name),
        feeds=_feeds(config, remaining_seconds),
        silence_seconds=config.silence_seconds,
        now=time.time,
    )


def feed_collector(config: CollectFeedReportConfig, remaining_seconds: Callable[[], float]) -> FeedCollector:
    """Return what collects the report of a feed that has ended, and ends its task."""
    from sellerbus.documents.presigned import DocumentHosts
    from sellerbus.documents.storage import PresignedStorage
    from sellerbus.documents.transfer import DocumentTransfer
    from sellerbus.feeds.collecting import FeedCollector
    from sellerbus.feeds.fetching import ReportFetcher
    from sellerbus.feeds.keeping import ReportKeeper

    store = _store(config.task_table_name)
    s3 = bootstrap.aws("s3")
    storage = PresignedStorage(bootstrap.http(), DocumentHosts(config.document_hosts))
    keeper = ReportKeeper(
        transfer=DocumentTransfer(s3=s3, storage=storage),
        s3=s3,
        bucket=config.result_bucket_name,
        remaining_seconds=remaining_seconds,
    )
    return FeedCollector(
        store=store,
        events=_events(config.event_bus_name),
        fetcher=ReportFetcher(store=store, feeds=_feeds(config, remaining_seconds), keeper=keeper),
        result_bucket=config.result_bucket_name,
        now=time.time,
    )


def _feeds(config: SellerConfig, remaining_seconds: Callable[[], float]) -> Callable[[FeedTask], FeedsApi]:
    """The seller's feeds in the version of the API that the task began with."""
    from sellerbus.api.feeds import FeedsApi
    from sellerbus.runtime import selling_partner

    client = selling_partner.amazon_client(config, remaining_seconds)
    registry = selling_partner.seller_registry(config)

    def feeds(task: FeedTask) -> FeedsApi:
        grant = registry.grant(registry.get(task.seller_id))
        return FeedsApi(client, grant, str(task.api_version))

    return feeds


def _store(table_name: str) -> TaskStore:
    table = TaskTable(bootstrap.aws("dynamodb"), table_name, sleep=time.sleep)
    return TaskStore(table, now=time.time)


def _events(bus_name: str) -> OperationalEvents:
    return OperationalEvents(bootstrap.aws("events"), bus_name, now=time.time)


def _tokens() -> TaskTokens:
    return TaskTokens(bootstrap.aws("stepfunctions"))

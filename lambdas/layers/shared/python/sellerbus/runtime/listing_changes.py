"""Puts together the functions that gather listing changes and tell each of its result."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from sellerbus.aws.event_publisher import OperationalEvents
from sellerbus.aws.message_queue import MessageQueue
from sellerbus.aws.task_table import TaskTable
from sellerbus.feeds.changes.closing import Closer
from sellerbus.feeds.changes.document import Limits
from sellerbus.feeds.changes.gathering import Gatherer
from sellerbus.feeds.changes.groups import GroupRows
from sellerbus.feeds.changes.inbox import ChangesInbox
from sellerbus.feeds.changes.pace import Pace
from sellerbus.feeds.changes.promises import Promises
from sellerbus.feeds.changes.reporting import ChangesReporter
from sellerbus.feeds.changes.rows import ChangeRows
from sellerbus.feeds.task_store import TaskStore
from sellerbus.runtime import bootstrap
from sellerbus.runtime.bootstrap import CallLimits
from sellerbus.runtime.task_config import GatherListingChangesConfig, ReportListingChangesConfig

# A feed's document has up to 10 MiB, and more where the configuration says so.
DOCUMENTS: Final = CallLimits(connect_seconds=2.0, read_seconds=15.0, attempts=2)


def change_queue(config: GatherListingChangesConfig) -> MessageQueue:
    """Return the queue of listing changes, which finds its dead-letter queue by itself."""
    return MessageQueue(bootstrap.aws("sqs"), config.listing_change_queue_url)


def gatherer(
    config: GatherListingChangesConfig, queue: MessageQueue, remaining_seconds: Callable[[], float]
) -> Gatherer:
    """Return what gathers listing changes, and hands over feeds of them."""
    dynamodb = bootstrap.aws("dynamodb")
    table = TaskTable(dynamodb, config.task_table_name, sleep=time.sleep)
    rows = ChangeRows(dynamodb, config.task_table_name, table, now=time.time, sleep=time.sleep)
    groups = GroupRows(dynamodb, config.task_table_name)
    promises = Promises(groups, bootstrap.aws("sqs"), config.listing_change_queue_url, now=time.time)
    limits = Limits(config.most_changes, config.most_bytes)
    return Gatherer(
        rows=rows,
        groups=groups,
        promises=promises,
        closer=Closer(
            groups=groups,
            rows=rows,
            inbox=ChangesInbox(bootstrap.aws("s3", DOCUMENTS), config.inbox_bucket_name),
            promises=promises,
            pace=Pace(table, config.window_seconds, now=time.time),
            limits=limits,
            window_seconds=config.window_seconds,
            remaining_seconds=remaining_seconds,
        ),
        events=OperationalEvents(bootstrap.aws("events"), config.event_bus_name, now=time.time),
        dead_letters=queue,
        limits=limits,
        window_seconds=config.window_seconds,
        remaining_seconds=remaining_seconds,
    )


def changes_reporter(
    config: ReportListingChangesConfig, remaining_seconds: Callable[[], float]
) -> ChangesReporter:
    """Return what tells the changes of a feed of its end."""
    dynamodb = bootstrap.aws("dynamodb")
    table = TaskTable(dynamodb, config.task_table_name, sleep=time.sleep)
    s3 = bootstrap.aws("s3", DOCUMENTS)
    return ChangesReporter(
        store=TaskStore(table, now=time.time),
        rows=ChangeRows(dynamodb, config.task_table_name, table, now=time.time, sleep=time.sleep),
        inbox=ChangesInbox(s3, config.inbox_bucket_name),
        s3=s3,
        events=OperationalEvents(bootstrap.aws("events"), config.event_bus_name, now=time.time),
        remaining_seconds=remaining_seconds,
    )

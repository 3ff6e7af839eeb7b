"""Puts together the functions that watch a stage, from the clients of bootstrap."""

from __future__ import annotations

import time
from functools import cache

from sellerbus.aws.event_publisher import OperationalEvents
from sellerbus.notifications.arrivals import ArrivalRows
from sellerbus.runtime import bootstrap
from sellerbus.runtime.watch_config import RunCanaryConfig, WatchStageConfig
from sellerbus.watching.canary import CanarySender
from sellerbus.watching.open_tasks import TaskStates
from sellerbus.watching.silence import SilenceTeller
from sellerbus.watching.watcher import Watcher


@cache
def watcher(config: WatchStageConfig) -> Watcher:
    """Return what looks at the whole stage."""
    dynamodb = bootstrap.aws("dynamodb")
    return Watcher(
        sellers=bootstrap.seller_rows(config.seller_table_name),
        arrivals=ArrivalRows(dynamodb, config.arrivals_table_name),
        types=config.notification_types,
        teller=SilenceTeller(
            OperationalEvents(bootstrap.aws("events"), config.event_bus_name, now=time.time),
            dynamodb,
            config.arrivals_table_name,
            now=time.time,
        ),
        feeds=TaskStates(dynamodb, config.task_table_name, config.state_index_name),
        messages=TaskStates(dynamodb, config.message_table_name, config.state_index_name),
        secrets=bootstrap.aws("secretsmanager"),
        secret_id=config.lwa_secret_id,
        sns=bootstrap.aws("sns"),
        topic_arns=config.alarm_topic_arns,
        now=time.time,
    )


@cache
def canary_sender(config: RunCanaryConfig) -> CanarySender:
    """Return what sends canaries."""
    return CanarySender(bootstrap.aws("sqs"), config.notification_queue_url, now=time.time)

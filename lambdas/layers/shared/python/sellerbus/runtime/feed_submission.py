"""Puts together what submits feeds: turns, submission, ends and what operators ask.

What reads documents is imported where it is made: only submit_feed has its layer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellerbus.aws.event_publisher import OperationalEvents
from sellerbus.aws.task_table import TaskTable
from sellerbus.aws.task_tokens import TaskTokens
from sellerbus.feeds.lanes import Lanes, TurnTaker
from sellerbus.feeds.task_store import TaskStore
from sellerbus.runtime import bootstrap
from sellerbus.runtime.observability import MetricUnit, count

if TYPE_CHECKING:
    from sellerbus.api.feeds import FeedsApi
    from sellerbus.feeds.giving_up import TaskEnder
    from sellerbus.feeds.operating import FeedOperator
    from sellerbus.feeds.submitting import FeedSubmitter
    from sellerbus.feeds.task import FeedTask
    from sellerbus.runtime.config import SellerConfig
    from sellerbus.runtime.task_config import (
        EndFeedTaskConfig,
        OperateFeedConfig,
        SubmitFeedConfig,
        TakeFeedTurnConfig,
    )

_BYTES: Final = frozenset({"FeedBytesUploaded"})
_PAUSED_SECONDS: Final = 300.0
_LONG_SETTLE_SECONDS: Final = 900.0
"""How long a lane rests after a task was given up in the middle of createFeed."""


def turn_taker(config: TakeFeedTurnConfig) -> TurnTaker:
    """Return what gives tasks their turns."""
    table, store = _table(config.task_table_name), _store(config.task_table_name)
    lanes = Lanes(
        table,
        store,
        seconds_between=config.seconds_between,
        wait_for_previous=config.wait_for_previous,
        now=time.time,
    )
    return TurnTaker(store, lanes)


def feed_submitter(config: SubmitFeedConfig, remaining_seconds: Callable[[], float]) -> FeedSubmitter:
    """Return what submits feeds, for one invocation."""
    from sellerbus.documents.presigned import DocumentHosts
    from sellerbus.documents.storage import PresignedStorage
    from sellerbus.documents.transfer import DocumentTransfer
    from sellerbus.feeds.preparing import Preparer
    from sellerbus.feeds.submitting import FeedSubmitter, SubmissionSettings

    storage = PresignedStorage(bootstrap.http(), DocumentHosts(config.document_hosts))
    transfer = DocumentTransfer(s3=bootstrap.aws("s3"), storage=storage)
    return FeedSubmitter(
        table=_table(config.task_table_name),
        store=_store(config.task_table_name),
        amazon=_SellersAmazon(config),
        preparer=Preparer(transfer, count=_count, remaining_seconds=remaining_seconds),
        events=_events(config.event_bus_name),
        settings=SubmissionSettings(
            api_version=config.feeds_api_version,
            settle_seconds=config.settle_seconds,
            silence_seconds=config.silence_seconds,
            other_creators=config.other_feed_creators,
        ),
        count=_count,
        now=time.time,
        remaining_seconds=remaining_seconds,
    )


def task_ender(config: EndFeedTaskConfig) -> TaskEnder:
    """Return what ends tasks whose execution can't go on."""
    from sellerbus.feeds.answers import AnswerKeeper
    from sellerbus.feeds.executions import Executions
    from sellerbus.feeds.giving_up import TaskEnder

    executions = Executions(bootstrap.aws("stepfunctions"), config.feed_state_machine_arn)
    store, events = _store(config.task_table_name), _events(config.event_bus_name)
    answers = AnswerKeeper(
        table=_table(config.task_table_name),
        store=store,
        events=events,
        count=_count,
        now=time.time,
        settle_seconds=_LONG_SETTLE_SECONDS,
    )
    return TaskEnder(store=store, answers=answers, events=events, count=_count, executions=executions)


def feed_operator(config: OperateFeedConfig, remaining_seconds: Callable[[], float]) -> FeedOperator:
    """Return what does what operators ask, for one invocation."""
    from sellerbus.feeds.operating import FeedOperator

    return FeedOperator(
        store=_store(config.task_table_name),
        amazon=_SellersAmazon(config),
        tokens=TaskTokens(bootstrap.aws("stepfunctions")),
        events=_events(config.event_bus_name),
        count=_count,
        now=time.time,
        remaining_seconds=remaining_seconds,
    )


@dataclass(frozen=True)
class _SellersAmazon:
    """The Feeds API of a task's seller, as the registry has the seller now."""

    config: SellerConfig

    def api(self, task: FeedTask, remaining_seconds: Callable[[], float]) -> FeedsApi:
        """See sellerbus.feeds.submission_steps.Amazon."""
        from sellerbus.api.feeds import FeedsApi
        from sellerbus.feeds.submission_steps import EndsError, TryLaterError
        from sellerbus.feeds.task import Outcome
        from sellerbus.runtime import selling_partner
        from sellerbus.sellers.rows import PAUSED, REMOVING, REVOKED

        registry = selling_partner.seller_registry(self.config)
        seller = registry.find(task.seller_id)
        if seller is None:
            raise EndsError(Outcome.REFUSED, f"seller {task.seller_id} is not in the registry any more")
        if seller.status == PAUSED:
            raise TryLaterError(f"seller {task.seller_id} is paused", _PAUSED_SECONDS, endless=True)
        if seller.status in (REVOKED, REMOVING):
            raise EndsError(Outcome.REFUSED, f"seller {task.seller_id} is {seller.status}")
        client = selling_partner.amazon_client(self.config, remaining_seconds)
        return FeedsApi(client, registry.grant(seller), str(task.api_version))


def _table(table_name: str) -> TaskTable:
    # What waits for longer holds a lane and a lease for nothing.
    return TaskTable(bootstrap.aws("dynamodb", bootstrap.BRISK), table_name, sleep=time.sleep)


def _store(table_name: str) -> TaskStore:
    return TaskStore(_table(table_name), now=time.time)


def _events(bus_name: str) -> OperationalEvents:
    return OperationalEvents(bootstrap.aws("events", bootstrap.BRISK), bus_name, now=time.time)


def _count(metric: str, value: float) -> None:
    count(metric, value, MetricUnit.Bytes if metric in _BYTES else MetricUnit.Count)

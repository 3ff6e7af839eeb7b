"""Collects the report of a feed that Amazon is through with, and ends its task."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from sellerbus.feeds import feed_events
from sellerbus.runtime import config, feed_following
from sellerbus.runtime.observability import LambdaContext, MetricUnit, count, emitted, logger, metrics
from sellerbus.runtime.task_config import CollectFeedReportConfig

if TYPE_CHECKING:
    from sellerbus.feeds.collecting import Collected

MARGIN_SECONDS = 5.0
UNITS = {"ReportBytesDownloaded": MetricUnit.Bytes, "FeedDuration": MetricUnit.Seconds}

log = logger()


@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers with the state machine's next step: wait, ended or report-changes."""
    settings = config.load(CollectFeedReportConfig, os.environ)
    collector = feed_following.feed_collector(
        settings, lambda: context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
    )
    collected = collector.collect(event["taskId"])
    _tell(collected)
    return dict(collected.answer)


def _tell(collected: Collected) -> None:
    task = collected.task
    told = {"task_id": task.task_id, "feed_id": task.feed_id, "remark": collected.remark, **collected.answer}
    if not task.is_ended:
        log.warning("a feed's report is fetched later", attempts=task.collect_attempts, **told)
    elif task.notes:
        log.warning("a feed has ended, with notes", outcome=task.outcome, **told)
    else:
        log.info("a feed has ended", outcome=task.outcome, **told)
    for event in collected.told:
        count(feed_events.metric_of(event), 1)
    with emitted(metrics()) as measured:
        for name, number in collected.counted.items():
            measured.add_metric(name, UNITS.get(name, MetricUnit.Count), number)

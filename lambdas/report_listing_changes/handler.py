"""The task of a feed of listing changes has ended: each of its changes is told what became of it."""

import os
from typing import Any

from sellerbus.runtime import config, listing_changes
from sellerbus.runtime.observability import LambdaContext, MetricUnit, emitted, logger, metrics
from sellerbus.runtime.task_config import ReportListingChangesConfig

MARGIN_SECONDS = 3.0

log = logger()


@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers with the state machine's next step: again or ended."""
    settings = config.load(ReportListingChangesConfig, os.environ)
    reporter = listing_changes.changes_reporter(
        settings, lambda: context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
    )
    told = reporter.report(event["taskId"])
    log.info(
        "listing changes were told their results",
        task_id=told.task.task_id,
        outcome=told.task.outcome,
        told=told.told,
        changes=told.changes,
        counted=dict(told.counted),
    )
    with emitted(metrics()) as measured:
        for name, count in told.counted.items():
            measured.add_metric(name, MetricUnit.Count, count)
    return dict(told.answer)

"""Every quarter of an hour: which notifications were claimed and never completed?"""

import os
from typing import Any

from sellerbus.runtime import bootstrap, config
from sellerbus.runtime.observability import LambdaContext, MetricUnit, emitted, logger, metrics

log = logger()


@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Count rows past their lease, and give up those whose message cannot exist any more."""
    del event, context
    settings = config.load(config.SweepLedgerConfig, os.environ)
    report = bootstrap.ledger_sweeper(settings).sweep()
    if report.abandoned:
        log.error(
            "notifications were claimed, never completed, and their messages are gone",
            abandoned=report.abandoned,
            notification_ids=report.abandoned_ids,
        )
    if report.waiting:
        log.warning(
            "notifications wait to be taken up again, in the queue or in its dead-letter queue",
            waiting=report.waiting,
            oldest_seconds=report.oldest_seconds,
            notification_ids=report.waiting_ids,
        )
    with emitted(metrics()) as measured:
        measured.add_metric("NotificationsAbandoned", MetricUnit.Count, report.abandoned)
        measured.add_metric("NotificationsPastLease", MetricUnit.Count, report.waiting)
        measured.add_metric("OldestNotificationPastLease", MetricUnit.Seconds, report.oldest_seconds)

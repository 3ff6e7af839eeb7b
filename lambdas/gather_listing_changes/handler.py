"""Listing changes, one by one from their queue, gathered into feeds; and the queue's own reminders of it."""

import os
from typing import Any

from sellerbus.feeds.changes.gathering import Delivery, Gathered
from sellerbus.runtime import coming_back, config, listing_changes
from sellerbus.runtime.observability import LambdaContext, MetricUnit, emitted, logger, metrics
from sellerbus.runtime.task_config import GatherListingChangesConfig

MARGIN_SECONDS = 3.0

log = logger()


@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Take in an SQS batch; answers with the messages that SQS shall deliver again."""
    settings = config.load(GatherListingChangesConfig, os.environ)
    queue = listing_changes.change_queue(settings)
    gatherer = listing_changes.gatherer(
        settings, queue, lambda: context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
    )
    deliveries = [Delivery.of_record(record) for record in event["Records"]]
    done = gatherer.gather(deliveries)
    for delivery in deliveries:
        if delivery.message.message_id in done.failed:
            coming_back.hide(queue, delivery.message, delivery.message.retry_seconds, log)
    _tell(done, len(deliveries))
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in done.failed]}


def _tell(done: Gathered, received: int) -> None:
    log.info(
        "listing changes gathered",
        received=received,
        kept=done.kept,
        copies=done.copies,
        failed=len(done.failed),
    )
    for batch in done.batches:
        log.info(
            "a feed of listing changes is handed over",
            correlation_id=batch.task_id,
            task_id=batch.task_id,
            changes=batch.changes,
        )
    for change in done.refused:
        log.warning(
            "a listing change is refused",
            seller_id=change.seller_id,
            change_id=change.change_id,
            rules=sorted({finding.rule for finding in change.findings}),
        )
    for message, reason in done.rejected:
        log.error("a message is put on the dead-letter queue", message_id=message.message_id, reason=reason)
    for message_id, reason in done.failed.items():
        log.warning("a message comes again", message_id=message_id, reason=reason)
    for error in done.errors:
        log.error("a group of listing changes could not be closed", exc_info=error)
    with emitted(metrics()) as measured:
        for name, count in done.counted.items():
            measured.add_metric(name, MetricUnit.Count, count)

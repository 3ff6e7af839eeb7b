"""Amazon's notifications, from the queue to the bus, once each. docs/reliability.md says what that means."""

import os
from collections import Counter
from typing import Any

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.notifications.arrival_recorder import arrivals_of
from sellerbus.notifications.queues import Delivery
from sellerbus.notifications.results import Outcome, Result, defect
from sellerbus.runtime import bootstrap, config
from sellerbus.runtime.observability import LambdaContext, MetricUnit, count, emitted, logger, metrics

log = logger()
METRIC_OF_OUTCOME = {
    Outcome.PUBLISHED: "NotificationsPublished",
    Outcome.COPY: "NotificationCopies",
    Outcome.REJECTED: "NotificationsRejected",
    Outcome.HELD: "NotificationsHeld",
    Outcome.FAILED: "NotificationsFailed",
}
# A look and a write, then the answer to Lambda with time to spare.
LEAST_CALLS_LEFT = 3


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Process an SQS batch; answers with the messages that SQS shall deliver again.

    Source: Lambda developer guide, "Using Lambda with Amazon SQS", ReportBatchItemFailures.
    """
    settings = config.load(config.ProcessNotificationsConfig, os.environ)
    processor = bootstrap.notification_processor(settings)
    results = processor.process(
        [_delivery(record) for record in event["Records"]], context.get_remaining_time_in_millis
    )
    unfinished = [result for result in results if not result.acknowledged]
    try:
        processor.hide(unfinished)
    except StoreUnavailableError as error:
        # Nothing is lost by it: they come back after the queue's own visibility time-out.
        log.warning("could not set when deliveries come back", error=str(error), deliveries=len(unfinished))
    _note_arrivals(settings, results, context)
    _report(results, context.aws_request_id)
    return {"batchItemFailures": [{"itemIdentifier": result.delivery.message_id} for result in unfinished]}


def _delivery(record: dict[str, Any]) -> Delivery:
    return Delivery(
        message_id=record["messageId"],
        receipt_handle=record["receiptHandle"],
        body=record["body"],
        receive_count=int(record["attributes"]["ApproximateReceiveCount"]),
        sent_at_ms=int(record["attributes"]["SentTimestamp"]),
    )


def _note_arrivals(
    settings: config.ProcessNotificationsConfig, results: list[Result], context: LambdaContext
) -> None:
    """Note when what came has come: for whoever watches, and so never at the expense of the batch."""
    least_ms = LEAST_CALLS_LEFT * bootstrap.AT_ONCE.worst_seconds * 1000
    try:
        bootstrap.arrival_recorder(settings).note(
            arrivals_of(results), lambda: context.get_remaining_time_in_millis() > least_ms
        )
    except Exception as error:  # noqa: BLE001 - the batch is settled: failing it would only repeat it
        reason = str(error) if isinstance(error, StoreUnavailableError) else defect(error)
        log.warning("could not note when notifications came", error=reason)
        count("ArrivalsNotNoted", 1)


def _report(results: list[Result], request_id: str) -> None:
    """One line for the batch, one for each delivery that an operator may have to ask about."""
    outcomes = Counter(result.outcome for result in results)
    stale = sum(result.stale for result in results)
    log.info(
        "batch processed",
        request_id=request_id,
        received=len(results),
        stale=stale,
        outcomes={outcome.value: count for outcome, count in outcomes.items()},
    )
    for result in results:
        if result.outcome in (Outcome.REJECTED, Outcome.FAILED):
            log.warning(
                f"notification {result.outcome.value}",
                request_id=request_id,
                reason=result.reason,
                message_id=result.delivery.message_id,
                receive_count=result.delivery.receive_count,
                notification_id=result.envelope.notification_id if result.envelope else None,
                notification_type=result.envelope.notification_type if result.envelope else None,
            )
    with emitted(metrics()) as measured:
        measured.add_metric("NotificationsReceived", MetricUnit.Count, len(results))
        measured.add_metric("NotificationsStale", MetricUnit.Count, stale)
        for outcome, name in METRIC_OF_OUTCOME.items():
            measured.add_metric(name, MetricUnit.Count, outcomes[outcome])

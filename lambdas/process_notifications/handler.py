"""Amazon's notifications, from the queue to the bus, once each. docs/reliability.md says what that means."""

import os
from collections import Counter
from typing import Any

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.notifications.arrival_recorder import arrivals_of
from sellerbus.notifications.ledger import event_id
from sellerbus.notifications.queues import Delivery
from sellerbus.notifications.results import Outcome, Result, defect
from sellerbus.runtime import bootstrap, config, notification_metrics
from sellerbus.runtime.observability import LambdaContext, count, logger

log = logger()
# A look and a write, then the answer to Lambda with time to spare.
LEAST_CALLS_LEFT = 3


@log.inject_lambda_context
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
    _report(results)
    notification_metrics.measure(results)
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


def _report(results: list[Result]) -> None:
    """One line for the batch, one for each delivery that an operator may have to ask about.

    The batch's line names the events that were published: by their ids it is found again.
    """
    outcomes = Counter(result.outcome for result in results)
    stale = sum(result.stale for result in results)
    log.info(
        "batch processed",
        received=len(results),
        stale=stale,
        outcomes={outcome.value: number for outcome, number in outcomes.items()},
        published=[_event_id(result) for result in results if result.outcome is Outcome.PUBLISHED],
    )
    for result in results:
        if result.outcome in (Outcome.REJECTED, Outcome.FAILED):
            log.warning(
                f"notification {result.outcome.value}",
                correlation_id=_event_id(result),
                reason=result.reason,
                message_id=result.delivery.message_id,
                receive_count=result.delivery.receive_count,
                notification_id=result.envelope.notification_id if result.envelope else None,
                notification_type=result.envelope.notification_type if result.envelope else None,
            )


def _event_id(result: Result) -> str | None:
    """The id that everything about the notification carries; None where it could not be read."""
    return event_id(result.envelope.notification_id) if result.envelope else None

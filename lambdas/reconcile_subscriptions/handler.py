"""Subscription queue: one seller per record, brought to what the configuration and the seller's row say.

The records of a batch are done beside each other, because Amazon's quotas are mostly the sellers' own and the
time goes by waiting for its answers. What became of each is logged and counted here, when all are done.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from sellerbus.notifications.job_runner import JobRunner, Report, reason_of
from sellerbus.notifications.outcome import Outcome
from sellerbus.runtime import config, observability, selling_partner
from sellerbus.runtime.observability import MetricUnit

MARGIN_SECONDS: Final = 5.0

logger = observability.logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: observability.LambdaContext) -> dict[str, Any]:
    settings = config.load(config.ReconcileSubscriptionsConfig, os.environ)

    def remaining_seconds() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000 - MARGIN_SECONDS

    runner = selling_partner.job_runner(settings, remaining_seconds)
    records = event["Records"]
    with ThreadPoolExecutor(max_workers=max(1, len(records))) as pool:
        results = list(pool.map(lambda record: _done(runner, record), records))
    failed: list[dict[str, str]] = []
    with observability.emitted(observability.metrics()) as metrics:
        for record, result in zip(records, results, strict=True):
            with observability.correlated(record["messageId"]):
                if isinstance(result, Report):
                    _tell(result, metrics)
                    continue
                # It could not even be sent on: the record itself comes again after the visibility time-out.
                logger.error("A seller's job could not be sent on", reason=reason_of(result), exc_info=result)
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def _done(runner: JobRunner, record: dict[str, Any]) -> Report | Exception:
    try:
        # A run has no id of its own: what it does belongs to the delivery that began it.
        with observability.correlated(record["messageId"]):
            return runner.do(record["body"])
    except Exception as error:  # noqa: BLE001 - told by the caller, for its record alone
        return error


def _tell(report: Report, metrics: observability.Metrics) -> None:
    seller_id, reason = report.seller_id, report.reason
    metrics.add_metric("SubscriptionsDrifted", MetricUnit.Count, len(report.drifted))
    match report.kind:
        case "done" if report.outcome is not None:
            _tell_outcome(seller_id, report.outcome, metrics)
        case "waiting":
            metrics.add_metric("SellersThrottled", MetricUnit.Count, 1)
            logger.info("The quota is used up: the seller comes again", seller_id=seller_id, reason=reason)
        case "busy":
            metrics.add_metric("SellersBusy", MetricUnit.Count, 1)
            logger.info("Another run works on the seller: it comes again", seller_id=seller_id)
        case "revoked":
            metrics.add_metric("SellerAuthorizationsRevoked", MetricUnit.Count, 1)
            logger.warning("A seller's authorisation is revoked", seller_id=seller_id, reason=reason)
        case "failed" | "given-up":
            metrics.add_metric("SellersFailed", MetricUnit.Count, 1)
            logger.error(
                "A seller's subscriptions are not done",
                seller_id=seller_id,
                reason=reason,
                exc_info=report.error,
            )
            if report.kind == "given-up":
                metrics.add_metric("SellersGivenUp", MetricUnit.Count, 1)
                logger.error(
                    "A seller's job is put on the dead-letter queue", seller_id=seller_id, reason=reason
                )
        case _:
            logger.info("Nothing to do for the seller: it is gone or revoked", seller_id=seller_id)


def _tell_outcome(seller_id: str, outcome: Outcome, metrics: observability.Metrics) -> None:
    metrics.add_metric("SellersReconciled", MetricUnit.Count, 1)
    metrics.add_metric("SubscriptionsCreated", MetricUnit.Count, outcome.created)
    metrics.add_metric("SubscriptionsDeleted", MetricUnit.Count, outcome.deleted)
    metrics.add_metric("ForeignSubscriptions", MetricUnit.Count, len(outcome.foreign))
    metrics.add_metric("SubscriptionsBlocked", MetricUnit.Count, len(outcome.blocked))
    metrics.add_metric("SellerAuthorizationsRevoked", MetricUnit.Count, int(outcome.marked))
    logger.info(
        "The seller's subscriptions are done",
        seller_id=seller_id,
        in_place=outcome.in_place,
        # The log's own records have a `created` already.
        subscriptions_created=outcome.created,
        subscriptions_deleted=outcome.deleted,
        foreign=outcome.foreign,
        blocked=outcome.blocked,
        drifted=[f"{each.row}: {each.drift}, {each.action}" for each in outcome.drifted],
    )
    if outcome.not_configured:
        logger.warning(
            "The seller's own list names types that are not configured",
            seller_id=seller_id,
            notification_types=outcome.not_configured,
        )

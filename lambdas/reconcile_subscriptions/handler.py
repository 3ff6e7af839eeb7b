"""Subscription queue: one seller per record, brought to what the configuration and the seller's row say.

A throttled seller comes again after the time that was told, any other failure after a growing wait: the
queue's own visibility time-out is much longer, for it covers a killed function.
"""

from __future__ import annotations

import math
import os
from functools import cache
from typing import Any

from sellerbus.api.errors import AuthorizationRevokedError, ThrottledError
from sellerbus.notifications.jobs import SellerJob
from sellerbus.notifications.reconciliation import Outcome
from sellerbus.runtime import bootstrap, config, observability, selling_partner
from sellerbus.runtime.observability import MetricUnit

MARGIN_SECONDS = 5.0
LONGEST_VISIBILITY_SECONDS = 43_200
FIRST_RETRY_SECONDS = 30
LONGEST_RETRY_SECONDS = 900

logger = observability.logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: observability.LambdaContext) -> dict[str, Any]:
    settings = config.load(config.ReconcileSubscriptionsConfig, os.environ)

    def remaining_seconds() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000 - MARGIN_SECONDS

    reconciler = selling_partner.seller_reconciler(settings, remaining_seconds)
    failed: list[dict[str, str]] = []
    with observability.emitted(observability.metrics()) as metrics:
        for record in event["Records"]:
            try:
                job = SellerJob.from_text(record["body"])
                _tell(job, reconciler.run(job), metrics)
            except ThrottledError as error:
                metrics.add_metric("SellersThrottled", MetricUnit.Count, 1)
                logger.info("The quota is used up: the seller comes again", seconds=error.seconds)
                _put_off(record, error.seconds)
                failed.append({"itemIdentifier": record["messageId"]})
            except AuthorizationRevokedError as error:
                # The row is marked by now: a repeat would change nothing until the seller is added anew.
                logger.warning(
                    "A seller's authorisation is revoked", seller_id=job.seller_id, reason=str(error)
                )
                metrics.add_metric("SellerAuthorizationsRevoked", MetricUnit.Count, 1)
            except Exception as error:
                logger.exception("A seller's subscriptions are not done", reason=_reason(error))
                metrics.add_metric("SellersFailed", MetricUnit.Count, 1)
                _put_off(record, _retry_seconds(record))
                failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def _tell(job: SellerJob, outcome: Outcome | None, metrics: observability.Metrics) -> None:
    if outcome is None:
        logger.info("Nothing to do for the seller: it is gone or revoked", seller_id=job.seller_id)
        return
    metrics.add_metric("SellersReconciled", MetricUnit.Count, 1)
    metrics.add_metric("SubscriptionsCreated", MetricUnit.Count, outcome.created)
    metrics.add_metric("SubscriptionsDeleted", MetricUnit.Count, outcome.deleted)
    metrics.add_metric("ForeignSubscriptions", MetricUnit.Count, len(outcome.foreign))
    logger.info(
        "The seller's subscriptions are done",
        seller_id=job.seller_id,
        in_place=outcome.in_place,
        # The log's own records have a `created` already.
        subscriptions_created=outcome.created,
        subscriptions_deleted=outcome.deleted,
        foreign=outcome.foreign,
        blocked=outcome.blocked,
    )


def _put_off(record: dict[str, Any], seconds: float) -> None:
    visibility = min(LONGEST_VISIBILITY_SECONDS, max(1, math.ceil(seconds)))
    try:
        bootstrap.aws("sqs").change_message_visibility(
            QueueUrl=_queue_url(record["eventSourceARN"]),
            ReceiptHandle=record["receiptHandle"],
            VisibilityTimeout=visibility,
        )
    except Exception as error:  # noqa: BLE001 - without it the record comes again all the same, only later
        logger.warning("The message could not be put off", reason=_reason(error))


def _retry_seconds(record: dict[str, Any]) -> int:
    receives = int(record["attributes"]["ApproximateReceiveCount"])
    return int(min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** min(receives - 1, 10)))


@cache
def _queue_url(arn: str) -> str:
    account, name = arn.split(":")[4:6]
    answer = bootstrap.aws("sqs").get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)
    return str(answer["QueueUrl"])


def _reason(error: Exception) -> str:
    return observability.redact(f"{type(error).__name__}: {error}")

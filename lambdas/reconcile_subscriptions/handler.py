"""Subscription queue: one seller per record, brought to what the configuration and the seller's row say.

What is to come again is sent anew with a delay and a count, so that a seller who waits for quota or for
another run doesn't make the queue look stuck. What no repeat mends goes to the dead-letter queue after a few
attempts, with its reason.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any, Final

from sellerbus.api.errors import AuthorizationRevokedError, PermanentError, ThrottledError
from sellerbus.notifications.jobs import DeadJobs, JobError, SellerJob, SubscriptionQueue
from sellerbus.notifications.reconciliation import Outcome, SubscriptionsIncompleteError
from sellerbus.notifications.seller_reconciler import SellerReconciler
from sellerbus.notifications.subscription_state import SellerBusyError
from sellerbus.runtime import bootstrap, config, observability, selling_partner
from sellerbus.runtime.observability import MetricUnit
from sellerbus.sellers.registry import UnknownStatusError, UnreadableTokenError

MARGIN_SECONDS: Final = 5.0
FIRST_RETRY_SECONDS: Final = 30
LONGEST_RETRY_SECONDS: Final = 240
"""Below what the alarm about the oldest message takes for a queue that is stuck."""

LONGEST_BUSY_SECONDS: Final = 15
"""A run takes seconds as a rule; together the attempts outlast the lease of one that was killed."""

PERMANENT_ATTEMPTS: Final = 3
MOST_ATTEMPTS: Final = 40
"""About two and a half hours: an outage at Amazon may last that long."""

logger = observability.logger()


@dataclass(frozen=True)
class Work:
    """What the records of one batch are done with."""

    settings: config.ReconcileSubscriptionsConfig
    reconciler: SellerReconciler
    queue: SubscriptionQueue
    dead: DeadJobs
    metrics: observability.Metrics


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: observability.LambdaContext) -> dict[str, Any]:
    settings = config.load(config.ReconcileSubscriptionsConfig, os.environ)

    def remaining_seconds() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000 - MARGIN_SECONDS

    failed: list[dict[str, str]] = []
    with observability.emitted(observability.metrics()) as metrics:
        work = Work(
            settings,
            selling_partner.seller_reconciler(settings, remaining_seconds),
            bootstrap.subscription_queue(settings.subscription_queue_url),
            bootstrap.dead_jobs(settings.subscription_dead_letter_queue_url),
            metrics,
        )
        for record in event["Records"]:
            try:
                _do(record["body"], work)
            except Exception as error:
                # It could not even be sent on: the record itself comes again after the visibility time-out.
                logger.exception("A seller's job could not be sent on", reason=_reason(error))
                failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def _do(body: str, work: Work) -> None:
    try:
        job = SellerJob.from_text(body)
    except JobError as error:
        _give_up(body, error, work)
        return
    try:
        outcome = work.reconciler.run(job, lambda: selling_partner.wanted_subscriptions(work.settings))
    except ThrottledError as error:
        work.metrics.add_metric("SellersThrottled", MetricUnit.Count, 1)
        logger.info("The quota is used up: the seller comes again", seller_id=job.seller_id)
        _again(job, error, error.seconds, work)
    except SellerBusyError as error:
        work.metrics.add_metric("SellersBusy", MetricUnit.Count, 1)
        logger.info("Another run works on the seller: it comes again", seller_id=job.seller_id)
        _again(job, error, min(LONGEST_BUSY_SECONDS, error.seconds), work)
    except AuthorizationRevokedError as error:
        # The row is marked by now: a repeat would change nothing until the seller is added anew.
        logger.warning("A seller's authorisation is revoked", seller_id=job.seller_id, reason=str(error))
        work.metrics.add_metric("SellerAuthorizationsRevoked", MetricUnit.Count, 1)
    except Exception as error:
        work.metrics.add_metric("SellersFailed", MetricUnit.Count, 1)
        logger.exception(
            "A seller's subscriptions are not done", seller_id=job.seller_id, reason=_reason(error)
        )
        if _is_permanent(error) and job.attempt >= PERMANENT_ATTEMPTS:
            _give_up(job.afresh.to_text(), error, work)
        else:
            _again(job, error, FIRST_RETRY_SECONDS * 2 ** min(job.attempt - 1, 10), work)
    else:
        _tell(job, outcome, work.metrics)


def _again(job: SellerJob, error: Exception, seconds: float, work: Work) -> None:
    if job.attempt >= MOST_ATTEMPTS:
        _give_up(job.afresh.to_text(), error, work)
        return
    work.queue.put_later(job.next_attempt, min(LONGEST_RETRY_SECONDS, max(1, math.ceil(seconds))))


def _give_up(body: str, error: Exception, work: Work) -> None:
    work.dead.put(body, _reason(error))
    work.metrics.add_metric("SellersGivenUp", MetricUnit.Count, 1)
    logger.error("A seller's job is put on the dead-letter queue", reason=_reason(error))


def _is_permanent(error: Exception) -> bool:
    if isinstance(error, SubscriptionsIncompleteError):
        return error.permanent
    return isinstance(error, PermanentError | UnreadableTokenError | UnknownStatusError)


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


def _reason(error: Exception) -> str:
    return observability.redact(f"{type(error).__name__}: {error}")

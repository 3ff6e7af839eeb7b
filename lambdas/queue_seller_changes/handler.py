"""Stream of the seller registry: each seller that changed is put on the subscription queue once per batch."""

from __future__ import annotations

import os
from typing import Any

from sellerbus.notifications.jobs import QueueError, SellerJob
from sellerbus.runtime import bootstrap, config, observability
from sellerbus.runtime.observability import MetricUnit

logger = observability.logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: observability.LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    settings = config.load(config.QueueSellerChangesConfig, os.environ)
    first_record: dict[str, str] = {}
    for record in event["Records"]:
        change = record["dynamodb"]
        seller_id = change["Keys"]["sellerId"]["S"]
        first_record.setdefault(seller_id, change["SequenceNumber"])
    # Also those whose row is gone: what is on record for them is deleted without their token.
    jobs = [SellerJob(seller_id) for seller_id in first_record]
    with observability.emitted(observability.metrics()) as metrics:
        try:
            bootstrap.subscription_queue(settings.subscription_queue_url).put(jobs)
        except QueueError as error:
            logger.exception(
                "Changed sellers could not be queued", reason=str(error), count=len(error.refused)
            )
            # A stream goes on from the earliest failed record; what is queued twice by that does no harm.
            earliest = min((first_record[job.seller_id] for job in error.refused), key=int)
            return {"batchItemFailures": [{"itemIdentifier": earliest}]}
        logger.info("Changed sellers are queued", count=len(jobs))
        metrics.add_metric("SellerChangesQueued", MetricUnit.Count, len(jobs))
    return {"batchItemFailures": []}

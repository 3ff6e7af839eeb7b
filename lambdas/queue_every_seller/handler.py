"""Daily, and by hand: every seller is put on the subscription queue, to be compared with what is wanted."""

from __future__ import annotations

import os
from typing import Any

from sellerbus.notifications.every_seller import queue_every_seller
from sellerbus.notifications.jobs import request_id_in
from sellerbus.runtime import bootstrap, config, observability
from sellerbus.runtime.observability import MetricUnit

logger = observability.logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: observability.LambdaContext) -> dict[str, int]:  # noqa: ARG001
    """Return how many sellers were queued. Raises where one could not be: done again it does no harm.

    event: of the schedule, or of a person: {"requestId"}, which the runs note at their end.
    """
    settings = config.load(config.QueueEverySellerConfig, os.environ)
    queued = queue_every_seller(
        bootstrap.seller_rows(settings.seller_table_name),
        bootstrap.subscription_states(settings.subscription_state_table_name),
        bootstrap.subscription_queue(settings.subscription_queue_url),
        request_id_in(event),
    )
    total = queued.registered + queued.forgotten
    logger.info(
        "Every seller is queued", sellers=total, registered=queued.registered, forgotten=queued.forgotten
    )
    with observability.emitted(observability.metrics()) as metrics:
        metrics.add_metric("SellersQueued", MetricUnit.Count, total)
    return {"sellersQueued": total}

"""Every few minutes a marked notification into the queue; and from the bus, how long it was on its way."""

import os
import time
from typing import Any

from sellerbus.notifications.publishing import CANARY_SOURCE
from sellerbus.runtime import config, watching
from sellerbus.runtime.observability import (
    LambdaContext,
    MetricUnit,
    correlated,
    emitted,
    logger,
    metrics,
)
from sellerbus.runtime.watch_config import RunCanaryConfig
from sellerbus.watching.canary import arrived

log = logger()


@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Measure the canary that the bus brings; for the schedule, or a call by hand, send one.

    Answers {"milliseconds": of the way} or {"notificationId": of what was sent}.
    """
    if event.get("source") == CANARY_SOURCE:
        return {"milliseconds": _measure(event)}
    settings = config.load(RunCanaryConfig, os.environ)
    notification_id = watching.canary_sender(settings).send(context.aws_request_id)
    with emitted(metrics()) as measured:
        measured.add_metric("CanariesSent", MetricUnit.Count, 1)
    log.info("canary sent", notification_id=notification_id)
    return {"notificationId": notification_id}


def _measure(event: dict[str, Any]) -> int:
    found = arrived(event, time.time())
    with correlated(found.event_id):
        with emitted(metrics()) as measured:
            measured.add_metric("CanaryRoundTrips", MetricUnit.Count, 1)
            measured.add_metric("CanaryRoundTripTime", MetricUnit.Milliseconds, found.milliseconds)
        log.info("canary arrived", milliseconds=found.milliseconds)
    return found.milliseconds

"""Custom resource Custom::SpApiSubscriptions: every active seller's subscriptions as the configuration says.

Property: Wanted (JSON). Attribute: Summary. Sellers that failed or were not reached in time are
put on the subscription queue; the deployment goes on.
"""

from __future__ import annotations

import os
from typing import Any

from sellerbus.notifications.fleet_summary import Summary
from sellerbus.notifications.wanted import Wanted, WantedError, parse_wanted
from sellerbus.runtime import bootstrap, config, custom_resource, observability, selling_partner
from sellerbus.runtime.custom_resource import Request, Result
from sellerbus.runtime.observability import MetricUnit

PHYSICAL_ID = "subscriptions"
FAILED_CREATE_ID = "subscriptions-incomplete"

logger = observability.logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: observability.LambdaContext) -> None:
    custom_resource.answer(
        event, context, work=_work, failed_create_id=FAILED_CREATE_ID, session=bootstrap.http, log=logger
    )


def _work(request: Request) -> Result:
    settings = config.load(config.ManageSubscriptionsConfig, os.environ)
    fleet = selling_partner.seller_fleet(settings, request.remaining_seconds)
    wanted = parse_wanted(request.text("Wanted"))
    if request.request_type == "Delete":
        summary = fleet.clear_all(wanted)
        physical_id = request.physical_id
    else:
        before = _wanted_before(request)
        summary = fleet.bring_all_to(
            wanted,
            retired_types=[name for name in before.types if name not in wanted.types] if before else (),
            retired_destination_ids=[
                name for name in before.destinations.ids if name not in wanted.destinations.ids
            ]
            if before
            else (),
            first=request.request_type == "Create",
        )
        physical_id = PHYSICAL_ID
    _tell(request, summary)
    return Result(physical_id, {"Summary": summary.text()})


def _wanted_before(request: Request) -> Wanted | None:
    text = request.old_properties.get("Wanted")
    try:
        return parse_wanted(text) if isinstance(text, str) else None
    except WantedError:
        # A rollback comes from the properties that failed; they have left nothing behind.
        return None


def _tell(request: Request, summary: Summary) -> None:
    logger.info(
        "The sellers' subscriptions are done",
        request_type=request.request_type,
        summary=summary.text(),
        subscriptions_created=summary.created,
        subscriptions_deleted=summary.deleted,
    )
    for seller_id, reason in summary.failures.items():
        logger.error("A seller's subscriptions are not done", seller_id=seller_id, reason=reason)
    for seller_id, types in summary.not_configured.items():
        logger.warning(
            "A seller's own list names types that are not configured",
            seller_id=seller_id,
            notification_types=types,
        )
    with observability.emitted(observability.metrics()) as metrics:
        metrics.add_metric("SellersQueued", MetricUnit.Count, summary.queued)
        metrics.add_metric("SellersFailed", MetricUnit.Count, len(summary.failures))
        metrics.add_metric("SellerAuthorizationsRevoked", MetricUnit.Count, summary.marked)
        metrics.add_metric("SubscriptionsDrifted", MetricUnit.Count, summary.drifted)
        metrics.add_metric("SubscriptionsBlocked", MetricUnit.Count, summary.blocked)

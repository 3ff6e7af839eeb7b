"""Invoked by operators (`sellerbus subscriptions`, `destinations`): looks at Amazon and changes nothing.

What is asked and answered stands in sellerbus.notifications.inspection.
"""

from __future__ import annotations

import os
from typing import Any

from sellerbus.runtime import config, observability, selling_partner

MARGIN_SECONDS = 5.0

logger = observability.logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: observability.LambdaContext) -> dict[str, Any]:
    settings = config.load(config.InspectAmazonConfig, os.environ)

    def remaining_seconds() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000 - MARGIN_SECONDS

    answer = selling_partner.inspector(settings, remaining_seconds).answer(event)
    refused = answer.get("error", {})
    logger.info(
        "An operator looked at Amazon",
        request=observability.redact(str(event.get("request"))),
        seller_id=observability.redact(str(event.get("sellerId"))),
        refused=refused.get("kind"),
        reason=refused.get("message"),
    )
    return answer

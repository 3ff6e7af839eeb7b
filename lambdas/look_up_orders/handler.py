"""Invoked by operators (`sellerbus messages compose`, `actions`): looks at Amazon and changes nothing.

What is asked and answered stands in sellerbus.messaging.looking.
"""

from __future__ import annotations

import os
from typing import Any

from sellerbus.runtime import config, message_lookup, observability
from sellerbus.runtime.message_config import LookUpOrdersConfig

MARGIN_SECONDS = 5.0

log = observability.logger()


@log.inject_lambda_context
def handler(event: dict[str, Any], context: observability.LambdaContext) -> dict[str, Any]:
    settings = config.load(LookUpOrdersConfig, os.environ)
    look_up = message_lookup.order_look_up(
        settings, lambda: context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
    )
    answer = look_up.answer(event)
    refused = answer.get("error", {})
    log.info(
        "an operator looked up orders",
        request=observability.redact(str(event.get("request"))),
        seller_id=observability.redact(str(event.get("sellerId"))),
        orders=len(answer.get("orders", ())),
        complete=answer.get("complete"),
        refused=refused.get("kind"),
        reason=refused.get("message"),
    )
    return answer

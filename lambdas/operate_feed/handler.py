"""Invoked by operators (`sellerbus feeds cancel`, `settle`).

What is asked and answered stands in sellerbus.feeds.operating.
"""

import os
from typing import Any

from sellerbus.runtime import config, feed_submission, observability
from sellerbus.runtime.task_config import OperateFeedConfig

MARGIN_SECONDS = 5.0

log = observability.logger()


@log.inject_lambda_context
def handler(event: dict[str, Any], context: observability.LambdaContext) -> dict[str, Any]:
    settings = config.load(OperateFeedConfig, os.environ)
    operator = feed_submission.feed_operator(
        settings, lambda: context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
    )
    answer = dict(operator.answer(event))
    refused = answer.get("error", {})
    log.info(
        "an operator asked about a feed task",
        request=observability.redact(str(event.get("request"))),
        task_id=observability.redact(str(event.get("taskId"))),
        decision=observability.redact(str(event.get("decision"))),
        refused=refused.get("kind"),
        reason=refused.get("message"),
    )
    return answer

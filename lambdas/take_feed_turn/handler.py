"""Gives a feed task its turn in its lane, or says when to ask again."""

import os
from typing import Any

from sellerbus.runtime import config, feed_submission
from sellerbus.runtime.observability import LambdaContext, logger
from sellerbus.runtime.task_config import TakeFeedTurnConfig

log = logger()


@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers with the state machine's next step: submit, wait (waitSeconds), ended or report-changes."""
    del context
    settings = config.load(TakeFeedTurnConfig, os.environ)
    answer: dict[str, Any] = dict(feed_submission.turn_taker(settings).take(event["taskId"]))
    log.info("a feed task asked for its turn", task_id=event["taskId"], **answer)
    return answer

"""Submits a feed that has its turn: its document, then createFeed, at most once."""

import os
from typing import Any

from sellerbus.runtime import config, feed_submission
from sellerbus.runtime.observability import LambdaContext, logger
from sellerbus.runtime.task_config import SubmitFeedConfig

MARGIN_SECONDS = 5.0

log = logger()


@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers with the state machine's next step.

    That is await (silenceSeconds), wait (waitSeconds), decide, ended or report-changes.
    """
    settings = config.load(SubmitFeedConfig, os.environ)
    submitter = feed_submission.feed_submitter(
        settings, lambda: context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
    )
    answer = dict(submitter.submit(event["taskId"]))
    told = {"task_id": event["taskId"], "why": submitter.why, **answer}
    if answer["next"] == "decide":
        log.warning("whether there is a feed is not known: a person decides", **told)
    else:
        log.info("a feed was submitted, or is on its way", **told)
    return answer

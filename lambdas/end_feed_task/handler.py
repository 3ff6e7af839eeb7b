"""Ends a feed task whose execution can't go on; one in the middle of createFeed is left to a person."""

import os
from typing import Any

from sellerbus.runtime import config, feed_submission
from sellerbus.runtime.observability import LambdaContext, logger
from sellerbus.runtime.task_config import EndFeedTaskConfig

log = logger()


class UnknownActionError(Exception):
    """The state machine asked for what this function doesn't do."""


@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """action: "give-up" (with error and cause) or "undecided". Answers ended, report-changes or decide."""
    del context
    settings = config.load(EndFeedTaskConfig, os.environ)
    ender = feed_submission.task_ender(settings)
    task_id = event["taskId"]
    match event["action"]:
        case "give-up":
            answer: dict[str, Any] = dict(
                ender.give_up(task_id, str(event.get("error", "")), str(event.get("cause", "")))
            )
        case "undecided":
            answer = dict(ender.undecided(task_id))
        case other:
            raise UnknownActionError(f"end_feed_task has no action {other!r}: deploy the stage again")
    log.error("a feed task can't go on", task_id=task_id, action=event["action"], **answer)
    return answer

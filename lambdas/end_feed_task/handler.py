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
    """Answers ended, report-changes or decide.

    action: "give-up" (taskId, error, cause) and "undecided" (taskId) of the state machine, or "broken-off"
    (execution, status, cause), which a rule makes of Step Functions' own event.
    """
    del context
    settings = config.load(EndFeedTaskConfig, os.environ)
    ender = feed_submission.task_ender(settings)
    match event["action"]:
        case "give-up":
            answer = ender.give_up(event["taskId"], event.get("error", ""), event.get("cause", ""))
        case "undecided":
            answer = ender.undecided(event["taskId"])
        case "broken-off":
            answer = ender.broken_off(event["execution"], event["status"], event["cause"])
        case other:
            raise UnknownActionError(f"end_feed_task has no action {other!r}: deploy the stage again")
    task_id = event.get("taskId") or event["execution"]
    log.error("a feed task can't go on", task_id=task_id, action=event["action"], next=answer["next"])
    return dict(answer)

"""Follows a feed: keeps the token of the step that waits, and asks getFeed after a silence."""

import os
from typing import Any

from sellerbus.feeds import feed_events
from sellerbus.feeds.following import Step
from sellerbus.runtime import config, feed_following
from sellerbus.runtime.observability import LambdaContext, count, logger
from sellerbus.runtime.task_config import FollowFeedConfig

MARGIN_SECONDS = 5.0

log = logger()


class UnknownActionError(Exception):
    """The state machine asked for what this function doesn't do."""


@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """action: "await" or "await-decision" (with a token, whose output is the answer), or "look"."""
    settings = config.load(FollowFeedConfig, os.environ)
    follower = feed_following.feed_follower(
        settings, lambda: context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
    )
    task_id = event["taskId"]
    match event["action"]:
        case "await":
            step = follower.await_end(task_id, event["token"])
        case "await-decision":
            step = follower.await_decision(task_id, event["token"])
        case "look":
            step = follower.look(task_id)
        case other:
            raise UnknownActionError(f"follow_feed has no action {other!r}: deploy the stage again")
    _tell(event["action"], step)
    return dict(step.answer)


def _tell(action: str, step: Step) -> None:
    task = step.task
    told = {"task_id": task.task_id, "feed_id": task.feed_id, "remark": step.remark, **step.answer}
    if step.told:
        log.warning("a feed has not ended in time", action=action, outcome=task.outcome, **told)
    else:
        log.info("a feed is followed", action=action, **told)
    for event in step.told:
        count(feed_events.metric_of(event), 1)

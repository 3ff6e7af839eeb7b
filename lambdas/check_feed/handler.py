"""The first step of a feed task: everything that can be checked before Amazon is called."""

from __future__ import annotations

import os
from typing import Any

from sellerbus.runtime import config, feed_intake, task_config
from sellerbus.runtime.observability import LambdaContext, count, logger

log = logger()


@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Check the task `taskId`; answers with the next step: take-turn, ended or report-changes."""
    del context
    settings = config.load(task_config.CheckFeedConfig, os.environ)
    checked = feed_intake.feed_checker(settings).check(event["taskId"])
    task = checked.task
    findings = task.findings or {}
    log.info(
        "feed checked" if checked.is_new else "feed was checked before",
        task_id=task.task_id,
        seller_id=task.seller_id,
        feed_type=task.feed_type,
        next=checked.next,
        errors=findings.get("errors"),
        warnings=findings.get("warnings"),
        content_bytes=task.content_bytes,
        reason=task.reason if task.is_ended else None,
    )
    if checked.is_new:
        count("FeedsRefused" if task.is_ended else "FeedsAccepted", 1)
    return {"next": checked.next}

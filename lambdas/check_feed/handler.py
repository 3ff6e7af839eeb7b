"""The first step of a feed task: everything that can be checked before Amazon is called."""

from __future__ import annotations

import os
from typing import Any

from sellerbus.runtime import config, feed_intake, task_config
from sellerbus.runtime.observability import LambdaContext, MetricUnit, emitted, logger, metrics

log = logger()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Check the task `taskId`; answers with the next step: take-turn, ended or report-changes."""
    settings = config.load(task_config.CheckFeedConfig, os.environ)
    checked = feed_intake.feed_checker(settings).check(event["taskId"])
    task = checked.task
    findings = task.findings or {}
    log.info(
        "feed checked" if checked.is_new else "feed was checked before",
        request_id=context.aws_request_id,
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
        with emitted(metrics()) as measured:
            name = "FeedsRefused" if task.is_ended else "FeedsAccepted"
            measured.add_metric(name, MetricUnit.Count, 1)
    return {"next": checked.next}

"""Files in the inbox and FeedRequested events: each becomes a task, once. See docs/reliability.md."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

from sellerbus.aws.message_queue import Message
from sellerbus.feeds.intake.accept_results import Result, Verdict
from sellerbus.runtime import coming_back, config, feed_intake, task_config
from sellerbus.runtime.observability import LambdaContext, logger

log = logger()


@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Take an SQS batch; answers with the messages that SQS shall deliver again.

    Source: Lambda developer guide, "Using Lambda with Amazon SQS", ReportBatchItemFailures.
    """
    settings = config.load(task_config.AcceptFeedsConfig, os.environ)
    messages = [Message.of_record(record) for record in event["Records"]]
    results = feed_intake.feed_acceptor(settings).accept(messages, context.get_remaining_time_in_millis)
    unfinished = [result for result in results if not result.is_done]
    queue = feed_intake.request_queue(settings)
    for result in unfinished:
        coming_back.hide(queue, result.message, result.retry_seconds, log)
    _report(results)
    return {"batchItemFailures": [{"itemIdentifier": result.message.message_id} for result in unfinished]}


def _report(results: list[Result]) -> None:
    """One line for the batch, one for each message that an operator may have to ask about."""
    verdicts = Counter(result.verdict.value for result in results)
    log.info("batch of hand-overs taken", verdicts=dict(verdicts))
    for result in results:
        quiet = result.verdict in {Verdict.TAKEN, Verdict.KNOWN, Verdict.NOTHING}
        (log.info if quiet or result.verdict is Verdict.WAITS else log.warning)(
            f"hand-over {result.verdict.value}",
            correlation_id=result.task_id,
            task_id=result.task_id,
            reason=result.reason,
            message_id=result.message.message_id,
            receive_count=result.message.receive_count,
        )

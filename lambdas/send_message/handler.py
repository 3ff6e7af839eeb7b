"""Sends the messages of tasks, each at most once. See docs/reliability.md."""

from __future__ import annotations

import os
from typing import Any, Final

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.aws.message_queue import Message, MessageQueue
from sellerbus.messaging.accept_results import defect
from sellerbus.messaging.send_queue import task_id_of
from sellerbus.messaging.sending import Step
from sellerbus.messaging.task import MessageState
from sellerbus.runtime import coming_back, config, message_config, message_tasks
from sellerbus.runtime.observability import LambdaContext, correlated, logger

MARGIN_SECONDS: Final = 5.0
LEAST_SECONDS: Final = 60.0
"""A task is not begun with less time left: there would be none for its call."""
_UNHAPPY: Final = frozenset({MessageState.UNCERTAIN, MessageState.FAILED})

log = logger()


@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Take each task of an SQS batch as far as it goes; answers with the messages that come again.

    Source: Lambda developer guide, "Using Lambda with Amazon SQS", ReportBatchItemFailures.
    """
    settings = config.load(message_config.SendMessageConfig, os.environ)
    queue = message_tasks.send_queue(settings)

    def remaining() -> float:
        return context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS

    failed = []
    for number, record in enumerate(event["Records"]):
        message = Message.of_record(record)
        if number and remaining() < LEAST_SECONDS:
            wait: int | None = 1
        else:
            wait = _wait_after(message, settings, queue, remaining)
        if wait is not None:
            coming_back.hide(queue, message, wait, log)
            failed.append({"itemIdentifier": message.message_id})
    return {"batchItemFailures": failed}


def _wait_after(
    message: Message, settings: message_config.SendMessageConfig, queue: MessageQueue, remaining: Any
) -> int | None:
    """Work on one task; return the seconds after which its message comes again, None where it is done."""
    task_id = task_id_of(message.body)
    try:
        if task_id is None:
            log.error("a message names no task, and is a dead letter", message_id=message.message_id)
            queue.reject(message, "no-task", "the message is no JSON object with a taskId")
            return None
        with correlated(task_id):
            step = message_tasks.message_sender(settings, remaining).send(task_id)
            _tell(task_id, step)
    except StoreUnavailableError as error:
        log.warning("a task comes again", correlation_id=task_id, task_id=task_id, reason=str(error))
        return message.retry_seconds
    except Exception as error:  # noqa: BLE001 - a defect of ours costs this task, never its batch
        # Its own text, and that of what it came from, may hold content.
        log.error(  # noqa: TRY400
            "a task comes again", correlation_id=task_id, task_id=task_id, reason=defect(error)
        )
        return message.retry_seconds
    return step.wait_seconds


def _tell(task_id: str, step: Step) -> None:
    unhappy = step.state in _UNHAPPY or step.state is None
    (log.warning if unhappy else log.info)(
        "a message waits" if step.wait_seconds is not None else "a message is done with",
        task_id=task_id,
        state=step.state,
        why=step.why,
        wait_seconds=step.wait_seconds,
    )

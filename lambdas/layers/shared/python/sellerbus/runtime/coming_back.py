"""When a message of a queue comes back to a function that can't finish it now."""

from __future__ import annotations

from aws_lambda_powertools import Logger

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.aws.message_queue import Message, MessageQueue


def hide(queue: MessageQueue, message: Message, seconds: int, log: Logger) -> None:
    """Let the message come back after so many seconds; where SQS does not take that, it is only logged.

    Nothing is lost by it: the message comes back after the queue's own visibility time-out.
    """
    try:
        queue.hide(message, seconds)
    except StoreUnavailableError as error:
        log.warning(
            "could not set when a message comes back", message_id=message.message_id, error=str(error)
        )

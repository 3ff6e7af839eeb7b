"""The queue of tasks to be worked on, each by its id alone.

A seller's tasks are a message group of their own: SQS delivers those of others while one seller's many wait
(fair queues).

Source: SQS API, SendMessage; Amazon SQS developer guide, "Amazon SQS fair queues".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from sellerbus.aws.errors import aws_call


class SqsClient(Protocol):
    """The part of boto3's SQS client used here."""

    def send_message(self, **request: Any) -> Mapping[str, Any]: ...


class SendQueue:
    """A task that is put there twice is worked on as if it had been delivered twice."""

    def __init__(self, client: SqsClient, url: str) -> None:
        self._client = client
        self._url = url

    def put(self, task_id: str, seller_id: str) -> None:
        """Let a task be worked on. Raises StoreUnavailableError."""
        with aws_call("SendMessage"):
            self._client.send_message(
                QueueUrl=self._url, MessageBody=json.dumps({"taskId": task_id}), MessageGroupId=seller_id
            )


def task_id_of(body: str) -> str | None:
    """The task of a message on the queue; None where it names none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    task_id = found.get("taskId") if isinstance(found, dict) else None
    return task_id if isinstance(task_id, str) and task_id else None

"""Amazon's side of SQS: the account that SP-API notifications come from.

Source: "Set up notifications using the Amazon SQS workflow". Amazon needs exactly sqs:SendMessage and
sqs:GetQueueAttributes, so this uses nothing else: the queue's URL is built from its ARN, not asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from simulator.aws import AMAZON_ACCOUNT_ID, client

# What one SendMessage or SendMessageBatch call takes.
MAXIMUM_MESSAGE_BYTES = 1_048_576
MAXIMUM_BATCH_MESSAGES = 10


class QueueError(Exception):
    """Amazon cannot reach or use a queue; the text names the queue and what SQS answered."""


class Queues(Protocol):
    def check(self, arn: str) -> None:
        """Raises QueueError unless Amazon's account may read the queue's attributes."""

    def send(self, arn: str, bodies: Sequence[str]) -> None:
        """Sends each body as one message, in order, or raises QueueError."""


class AmazonQueues:
    """Speaks to SQS at `endpoint_url` as Amazon's account."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url

    def check(self, arn: str) -> None:
        try:
            client("sqs", self._endpoint_url, _region(arn)).get_queue_attributes(
                QueueUrl=self._queue_url(arn), AttributeNames=["QueueArn"]
            )
        except (ClientError, BotoCoreError) as error:
            raise QueueError(f"GetQueueAttributes as {AMAZON_ACCOUNT_ID} on {arn}: {error}") from error

    def send(self, arn: str, bodies: Sequence[str]) -> None:
        sqs, url = client("sqs", self._endpoint_url, _region(arn)), self._queue_url(arn)
        try:
            for batch in batches(bodies):
                entries = [{"Id": str(index), "MessageBody": body} for index, body in enumerate(batch)]
                failed = sqs.send_message_batch(QueueUrl=url, Entries=entries).get("Failed", [])
                if failed:
                    raise QueueError(
                        f"SendMessage as {AMAZON_ACCOUNT_ID} on {arn}: {failed[0].get('Message')}"
                    )
        except (ClientError, BotoCoreError) as error:
            raise QueueError(f"SendMessage as {AMAZON_ACCOUNT_ID} on {arn}: {error}") from error

    def _queue_url(self, arn: str) -> str:
        account_id, name = arn.split(":")[4:6]
        return f"{self._endpoint_url}/{account_id}/{name}"


def batches(bodies: Sequence[str]) -> Iterator[list[str]]:
    """Cuts bodies into what one SendMessageBatch takes: 10 messages and 1 MiB together."""
    batch: list[str] = []
    size = 0
    for body in bodies:
        body_bytes = len(body.encode("utf-8"))
        if batch and (len(batch) == MAXIMUM_BATCH_MESSAGES or size + body_bytes > MAXIMUM_MESSAGE_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(body)
        size += body_bytes
    if batch:
        yield batch


def _region(arn: str) -> str:
    return arn.split(":")[3]

"""Amazon's side of SQS: the account that SP-API notifications come from.

Source: "Set up notifications using the Amazon SQS workflow". Amazon needs exactly sqs:SendMessage and
sqs:GetQueueAttributes, so this uses nothing else: the queue's URL is built from its ARN, not asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Protocol
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

AMAZON_ACCOUNT_ID = "437568002678"
# The fixed secret of an emulator that checks signatures; it opens nothing else.
EMULATOR_SECRET = "test"

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
    """Speaks to SQS at `endpoint_url` as Amazon's account.

    At a local emulator an access key id of 12 digits is the calling account.
    """

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url.rstrip("/")

    def check(self, arn: str) -> None:
        try:
            _client(self._endpoint_url, _region(arn)).get_queue_attributes(
                QueueUrl=self._queue_url(arn), AttributeNames=["QueueArn"]
            )
        except (ClientError, BotoCoreError) as error:
            raise QueueError(f"GetQueueAttributes as {AMAZON_ACCOUNT_ID} on {arn}: {error}") from error

    def send(self, arn: str, bodies: Sequence[str]) -> None:
        client, url = _client(self._endpoint_url, _region(arn)), self._queue_url(arn)
        try:
            for batch in batches(bodies):
                entries = [{"Id": str(index), "MessageBody": body} for index, body in enumerate(batch)]
                failed = client.send_message_batch(QueueUrl=url, Entries=entries).get("Failed", [])
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


@cache
def _client(endpoint_url: str, region: str) -> Any:
    # A session of its own, because the default one must not be used by two threads at first.
    return boto3.session.Session().client(
        "sqs",
        endpoint_url=endpoint_url,
        region_name=region,
        aws_access_key_id=AMAZON_ACCOUNT_ID,
        aws_secret_access_key=EMULATOR_SECRET,
        config=Config(
            connect_timeout=5,
            read_timeout=20,
            # A hidden retry would send copies that nobody asked for.
            retries={"total_max_attempts": 1, "mode": "standard"},
        ),
    )


def checked_endpoint(url: str) -> str:
    """The URL of an AWS endpoint, or ValueError; real AWS is refused, where nobody can act as Amazon."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"the AWS endpoint must be a URL such as http://127.0.0.1:4566, got {url!r}")
    if parts.hostname.endswith(("amazonaws.com", "amazonaws.com.cn", "api.aws")):
        raise ValueError(f"the AWS endpoint must be a local emulator, got {url!r}")
    return url

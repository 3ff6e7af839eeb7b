"""The notification queue and its dead-letter queue, as the processor uses them.

Source: SQS API, ChangeMessageVisibilityBatch and SendMessageBatch (ten entries a call).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sellerbus.aws.errors import StoreUnavailableError, aws_call

LONGEST_VISIBILITY_SECONDS: Final = 12 * 3600
_MOST_ENTRIES: Final = 10
_MOST_BATCH_BYTES: Final = 256 * 1024


class SqsClient(Protocol):
    """The part of boto3's SQS client used here."""

    def change_message_visibility_batch(self, **request: Any) -> Mapping[str, Any]:
        """SQS API: ChangeMessageVisibilityBatch."""
        ...

    def send_message_batch(self, **request: Any) -> Mapping[str, Any]:
        """SQS API: SendMessageBatch."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as SQS delivered it this time. `receive_count` is 1 at the first delivery.

    `sent_at_ms`: when it arrived in the queue, ms since 1970; SQS keeps it until it is put into another one.
    """

    message_id: str
    receipt_handle: str
    body: str
    receive_count: int
    sent_at_ms: int


@dataclass(frozen=True, slots=True)
class Rejection:
    """A delivery that can never be published, and why."""

    delivery: Delivery
    reason: str
    detail: str


class NotificationQueue:
    """The queue that Amazon sends to."""

    def __init__(self, client: SqsClient, url: str) -> None:
        self._client = client
        self._url = url

    def hide(self, deliveries: Sequence[tuple[Delivery, int]]) -> None:
        """Keep each delivery invisible for so many seconds from now.

        Raises StoreUnavailableError where some were not hidden: they come back after the queue's own
        visibility time-out.
        """
        for start in range(0, len(deliveries), _MOST_ENTRIES):
            entries = [
                {
                    "Id": str(index),
                    "ReceiptHandle": delivery.receipt_handle,
                    "VisibilityTimeout": min(max(seconds, 0), LONGEST_VISIBILITY_SECONDS),
                }
                for index, (delivery, seconds) in enumerate(deliveries[start : start + _MOST_ENTRIES])
            ]
            with aws_call("ChangeMessageVisibilityBatch"):
                answer = self._client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)
            if answer.get("Failed"):
                raise StoreUnavailableError("ChangeMessageVisibilityBatch", answer["Failed"][0]["Code"])


class DeadLetterQueue:
    """Where a message goes at once that no retry can help."""

    def __init__(self, client: SqsClient, url: str) -> None:
        self._client = client
        self._url = url

    def reject(self, rejections: Sequence[Rejection]) -> set[str]:
        """Send messages on, unchanged, with reason and detail as attributes; the message ids that arrived.

        A crash before the original is acknowledged sends it twice; `sourceMessageId` tells.
        """
        arrived: set[str] = set()
        for chunk in _chunked(rejections):
            entries = [_entry(index, rejection) for index, rejection in enumerate(chunk)]
            try:
                with aws_call("SendMessageBatch"):
                    answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            except StoreUnavailableError:
                # These stay in their queue and come again: the caller sees which are missing.
                continue
            arrived |= {chunk[int(sent["Id"])].delivery.message_id for sent in answer.get("Successful", ())}
        return arrived


def _entry(index: int, rejection: Rejection) -> Mapping[str, Any]:
    attributes = {
        "reason": rejection.reason,
        "detail": rejection.detail,
        "sourceMessageId": rejection.delivery.message_id,
    }
    return {
        "Id": str(index),
        "MessageBody": rejection.delivery.body,
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    }


def _chunked(rejections: Sequence[Rejection]) -> Iterator[list[Rejection]]:
    chunk: list[Rejection] = []
    chunk_bytes = 0
    for rejection in rejections:
        # 1 KiB covers the attributes.
        size = len(rejection.delivery.body.encode()) + 1024
        if chunk and (len(chunk) == _MOST_ENTRIES or chunk_bytes + size > _MOST_BATCH_BYTES):
            yield chunk
            chunk, chunk_bytes = [], 0
        chunk.append(rejection)
        chunk_bytes += size
    if chunk:
        yield chunk

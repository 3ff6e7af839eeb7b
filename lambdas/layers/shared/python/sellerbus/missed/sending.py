"""Found changes on their way into the notification queue, where Amazon's notifications come in.

Source: SQS API, SendMessageBatch (ten entries a call, each told apart), GetQueueAttributes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from sellerbus.aws.errors import StoreUnavailableError, aws_call

MOST_WAITING: Final = 1000
"""With more notifications in the queue than these, our own delay would be taken for Amazon's silence.

What lies there was sent, and nobody has noted it yet: each may be a change that seems to be missed, and that
would be told a second time. A few are always on their way.
"""
_MOST_ENTRIES: Final = 10
_WAITING: Final = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class SqsClient(Protocol):
    """The part of boto3's SQS client used here."""

    def get_queue_attributes(self, **request: Any) -> Mapping[str, Any]: ...

    def send_message_batch(self, **request: Any) -> Mapping[str, Any]: ...


class NotificationSender:
    """Sends notifications of our own."""

    def __init__(self, client: SqsClient, queue_url: str) -> None:
        self._client = client
        self._url = queue_url

    def waiting(self) -> int:
        """Return how many messages the queue has, about, hidden ones too. Raises StoreUnavailableError."""
        with aws_call("GetQueueAttributes"):
            answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=list(_WAITING))
        return sum(int(answer.get("Attributes", {}).get(name, 0)) for name in _WAITING)

    def send(self, notifications: Sequence[Mapping[str, Any]]) -> None:
        """Send all. Raises StoreUnavailableError where the queue may lack one; a repeat makes copies, which
        the ledger knows.
        """
        for start in range(0, len(notifications), _MOST_ENTRIES):
            entries = [
                {"Id": str(index), "MessageBody": json.dumps(notification, separators=(",", ":"))}
                for index, notification in enumerate(notifications[start : start + _MOST_ENTRIES])
            ]
            with aws_call("SendMessageBatch"):
                answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            if answer.get("Failed"):
                raise StoreUnavailableError("SendMessageBatch", answer["Failed"][0]["Code"])

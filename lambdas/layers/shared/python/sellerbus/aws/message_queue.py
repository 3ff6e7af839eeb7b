"""A queue that a function works on, message by message: hiding what must wait, rejecting what no retry helps.

The dead-letter queue is the one that the queue itself names in its redrive policy, so that what is rejected
here and what SQS moves after too many receives meet in one place.

A message that a person puts back from the dead-letter queue is a new one for SQS, with a new id and a new
time. `sellerbus dead-letters redrive` writes the first ones into attributes, so that what is derived from
them stays the same.

Source: SQS API, ChangeMessageVisibility, GetQueueAttributes, GetQueueUrl and SendMessage.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sellerbus.aws.errors import StoreUnavailableError, aws_call

LONGEST_HIDDEN_SECONDS: Final = 12 * 3600 - 900
"""SQS's twelve hours count from the receiving, which was some minutes ago: with more, it hides not at all."""
ORIGINAL_ID: Final = "originalMessageId"
ORIGINAL_SENT: Final = "originalSentTimestamp"
"""Attributes of a message that was put back: its first SQS message id, and its first SentTimestamp."""
_LONGEST_DETAIL: Final = 1000
_LONGEST_ID: Final = 100
_FIRST_RETRY_SECONDS: Final = 5
_LONGEST_RETRY_SECONDS: Final = 900


class SqsClient(Protocol):
    """The part of boto3's SQS client used here; each method is the SQS API operation of its name."""

    def change_message_visibility(self, **request: Any) -> Mapping[str, Any]: ...

    def get_queue_attributes(self, **request: Any) -> Mapping[str, Any]: ...

    def get_queue_url(self, **request: Any) -> Mapping[str, Any]: ...

    def send_message(self, **request: Any) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Message:
    """One message as SQS delivered it this time. receive_count is 1 at the first delivery.

    sent_at: when the queue first got it, in seconds since 1970; None where that is not told.
    original_id: its first message id, where it was put back from the dead-letter queue since.
    """

    message_id: str
    receipt_handle: str
    body: str
    receive_count: int
    sent_at: float | None = None
    original_id: str | None = None

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Message:
        """Return the message of a record in the event that Lambda gets from SQS."""
        attributes = record["attributes"]
        own = record.get("messageAttributes") or {}
        sent_ms = _sent_ms(attributes.get("SentTimestamp"), _text(own, ORIGINAL_SENT))
        return cls(
            message_id=record["messageId"],
            receipt_handle=record["receiptHandle"],
            body=record["body"],
            receive_count=int(attributes["ApproximateReceiveCount"]),
            sent_at=None if sent_ms is None else sent_ms / 1000,
            original_id=_text(own, ORIGINAL_ID),
        )

    @property
    def identity(self) -> str:
        """Return the message id that stays the same when the message is put back: ids are derived from it."""
        return self.original_id or self.message_id

    @property
    def retry_seconds(self) -> int:
        """How long it waits for its next try after a fault: 5 s, doubling, at most 15 minutes."""
        return min(_FIRST_RETRY_SECONDS << min(self.receive_count - 1, 10), _LONGEST_RETRY_SECONDS)


class MessageQueue:
    """One queue, and its dead-letter queue, which is looked up when it is first needed."""

    def __init__(self, client: SqsClient, url: str) -> None:
        self._client = client
        self._url = url
        self._dead_letter_url: str | None = None

    def hide(self, message: Message, seconds: int) -> None:
        """Let the message come back after so many seconds from now. Raises StoreUnavailableError."""
        with aws_call("ChangeMessageVisibility"):
            self._client.change_message_visibility(
                QueueUrl=self._url,
                ReceiptHandle=message.receipt_handle,
                VisibilityTimeout=min(max(seconds, 0), LONGEST_HIDDEN_SECONDS),
            )

    def reject(self, message: Message, reason: str, detail: str) -> None:
        """Send the message on, unchanged, with reason and detail as attributes.

        A crash before the original is acknowledged sends it twice; `sourceMessageId` tells. Raises
        StoreUnavailableError: then it must not be acknowledged.
        """
        attributes = {
            "reason": reason,
            "detail": detail[:_LONGEST_DETAIL] or reason,
            "sourceMessageId": message.message_id,
        }
        if message.original_id is not None:
            attributes[ORIGINAL_ID] = message.original_id
        url = self._dead_letters()
        with aws_call("SendMessage"):
            self._client.send_message(
                QueueUrl=url,
                MessageBody=message.body,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                },
            )

    def _dead_letters(self) -> str:
        if self._dead_letter_url is None:
            with aws_call("GetQueueAttributes"):
                answer = self._client.get_queue_attributes(
                    QueueUrl=self._url, AttributeNames=["RedrivePolicy"]
                )
            policy = answer.get("Attributes", {}).get("RedrivePolicy")
            if not policy:
                raise StoreUnavailableError("GetQueueAttributes", "NoRedrivePolicy")
            *_, account, name = json.loads(policy)["deadLetterTargetArn"].split(":")
            with aws_call("GetQueueUrl"):
                found = self._client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)
            self._dead_letter_url = str(found["QueueUrl"])
        return self._dead_letter_url


def _text(attributes: Mapping[str, Any], name: str) -> str | None:
    """The value of a message attribute in Lambda's event; None where it has none that is usable."""
    found = attributes.get(name)
    value = found.get("stringValue") if isinstance(found, Mapping) else None
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST_ID else None


def _sent_ms(told: object, original: str | None) -> int | None:
    """When the queue first got the message, ms since 1970: anybody may send attributes, so never later."""
    if told is None:
        return None
    sent = int(str(told))
    return min(sent, int(original)) if original and original.isdecimal() else sent

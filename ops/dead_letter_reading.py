"""Dead letters as SQS delivers them: looked at, and left where they lie.

A dead-letter queue has no dead-letter queue of its own: however often its messages are received, they stay.

Source: SQS API, ReceiveMessage, ChangeMessageVisibilityBatch; EventBridge user guide, "Using dead-letter
queues to process undelivered events" (the attributes of what a rule could not deliver).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sellerbus.aws.message_queue import ORIGINAL_ID, ORIGINAL_SENT

TOO_OFTEN: Final = "received-too-often"
"""The reason of what SQS moved by itself: the function failed at it each time."""
HIDDEN_SECONDS: Final = 120
_BATCH: Final = 10
_WAIT_SECONDS: Final = 1
"""A receive that waits asks all of SQS's servers; one that doesn't asks a few, and may find nothing."""
_VARIES: Final = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")


@dataclass(frozen=True)
class Letter:
    """One message. attributes: as SQS gives them. group: its message group, where it has one."""

    message_id: str
    receipt_handle: str
    body: str
    receives: int
    sent_at: datetime | None
    attributes: Mapping[str, Mapping[str, Any]]
    group: str | None

    @property
    def reason(self) -> str:
        """Return why it lies here, as a code."""
        return self.text("reason") or self.text("ERROR_CODE") or TOO_OFTEN

    @property
    def detail(self) -> str:
        """Return why in words, without content; "" where nobody said it."""
        return self.text("detail") or self.text("ERROR_MESSAGE")

    @property
    def original_id(self) -> str:
        """Return the id of the message in its own queue, at the very first."""
        return self.text(ORIGINAL_ID) or self.text("sourceMessageId") or self.message_id

    @property
    def original_sent_ms(self) -> str | None:
        """Return when its own queue first got it, ms since 1970; None where nobody knows any more."""
        told = self.text(ORIGINAL_SENT)
        if told.isdecimal():
            return told
        # What a function sent on was sent anew: this time is the dead-letter queue's.
        if self.text("sourceMessageId") or self.sent_at is None:
            return None
        return str(round(self.sent_at.timestamp() * 1000))

    @property
    def cause(self) -> tuple[str, str]:
        """Return what letters with the same cause have in common."""
        return self.reason, _VARIES.sub("*", self.detail)

    def text(self, name: str) -> str:
        value = self.attributes.get(name, {}).get("StringValue")
        return str(value) if value else ""

    def is_called(self, message_id: str) -> bool:
        return message_id in (self.message_id, self.original_id)


def received(sqs: Any, url: str) -> Iterator[list[Letter]]:
    """Yield what the queue has, up to ten at a time, each hidden for a while; ends when nothing new comes."""
    seen: set[str] = set()
    while True:
        answer = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=_BATCH,
            WaitTimeSeconds=_WAIT_SECONDS,
            VisibilityTimeout=HIDDEN_SECONDS,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount", "MessageGroupId"],
        )
        letters = [_letter(message) for message in answer.get("Messages", ())]
        # After a long look the first ones are visible again.
        if all(letter.message_id in seen for letter in letters):
            put_back(sqs, url, letters)
            return
        seen |= {letter.message_id for letter in letters}
        yield letters


def put_back(sqs: Any, url: str, letters: Sequence[Letter]) -> None:
    """Make letters visible again. One that was hidden for too long is visible already."""
    for start in range(0, len(letters), _BATCH):
        entries = [
            {"Id": str(number), "ReceiptHandle": letter.receipt_handle, "VisibilityTimeout": 0}
            for number, letter in enumerate(letters[start : start + _BATCH])
        ]
        sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)


def look(sqs: Any, url: str, most: int) -> list[Letter]:
    """Return up to about `most` letters, the oldest first; all of them stay."""
    found: dict[str, Letter] = {}
    try:
        for letters in received(sqs, url):
            found |= {letter.message_id: letter for letter in letters}
            if len(found) >= most:
                break
    finally:
        put_back(sqs, url, list(found.values()))
    return oldest_first(found.values())


def oldest_first(letters: Iterable[Letter]) -> list[Letter]:
    never = datetime.max.replace(tzinfo=UTC)
    return sorted(letters, key=lambda letter: (letter.sent_at or never, letter.message_id))


def by_cause(letters: Iterable[Letter]) -> list[list[Letter]]:
    """Return the letters grouped by their cause, the most frequent first."""
    groups: dict[tuple[str, str], list[Letter]] = {}
    for letter in letters:
        groups.setdefault(letter.cause, []).append(letter)
    return sorted(groups.values(), key=len, reverse=True)


def _letter(message: Mapping[str, Any]) -> Letter:
    told = message.get("Attributes", {})
    sent = told.get("SentTimestamp")
    return Letter(
        message_id=str(message["MessageId"]),
        receipt_handle=str(message["ReceiptHandle"]),
        body=str(message["Body"]),
        receives=int(told.get("ApproximateReceiveCount", 0)),
        sent_at=datetime.fromtimestamp(int(sent) / 1000, UTC) if sent else None,
        attributes=message.get("MessageAttributes", {}),
        group=told.get("MessageGroupId"),
    )

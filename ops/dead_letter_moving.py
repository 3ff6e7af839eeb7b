"""Puts dead letters back into the queue they came from, so that a kill at any call loses none.

A letter is sent first and deleted afterwards: killed in between it lies in both queues. SQS takes what is put
back for a new message, with a new id; it carries its first id along, from which the functions derive theirs.

Source: SQS API, SendMessage, DeleteMessage; EventBridge API, PutEvents.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from ops.dead_letter_queues import DeadLetterQueue
from ops.dead_letter_reading import Letter, put_back, received
from sellerbus.aws.message_queue import ORIGINAL_ID, ORIGINAL_SENT

_MOST_ATTRIBUTES: Final = 10
_OF_THE_LAST_FAILURE: Final = frozenset(
    {
        "reason",
        "detail",
        "sourceMessageId",
        "ERROR_CODE",
        "ERROR_MESSAGE",
        "EXHAUSTED_RETRY_CONDITION",
        "RETRY_ATTEMPTS",
        "RULE_ARN",
        "TARGET_ARN",
    }
)
"""What said why it lay there: kept, it would be said of the next failure."""


class Pace(Protocol):
    """Waits before each letter, so that no more than so many are put back in a second."""

    def __call__(self) -> None: ...


@dataclass
class Moved:
    """What became of the letters: moved, left (not wanted), and back (came again while others were moved).

    ids: of those that were moved, both what they were called here and at first.
    """

    moved: int = 0
    left: int = 0
    back: int = 0
    ids: set[str] = field(default_factory=set)


@dataclass
class Done:
    """What was done with one queue's letters. by: letter (one by one), or sqs (its move task)."""

    queue: DeadLetterQueue
    moved: Moved = field(default_factory=Moved)
    by: str = "letter"
    fault: str = ""

    def document(self) -> dict[str, Any]:
        return {
            "region": self.queue.cell.region,
            "queue": self.queue.name,
            "moved": self.moved.moved,
            "left": self.moved.left,
            "failedAgain": self.moved.back,
            "by": self.by,
            "fault": self.fault or None,
        }


def steady(per_second: float, *, now: Callable[[], float], wait: Callable[[float], object]) -> Pace:
    """Return a pace of so many a second. now: a clock in seconds that never goes back."""
    due = now()

    def pace() -> None:
        nonlocal due
        early = due - now()
        if early > 0:
            wait(early)
        due = max(due, now() - 1 / per_second) + 1 / per_second

    return pace


def move(
    sqs: Any,
    *,
    dead_url: str,
    send: Callable[[Letter], str],
    wanted: Callable[[Letter], bool],
    pace: Pace,
    told: Moved,
    enough: Callable[[], bool] = lambda: False,
) -> None:
    """Put back the wanted letters one by one; `told` says at any time how far it got.

    send: puts one where it came from, and returns its new id. enough: whether nothing more is wanted. Raises
    what `send` raises, and ClientError; what was not moved by then stays.
    """
    sent: set[str] = set()
    held: list[Letter] = []
    try:
        for letters in received(sqs, dead_url):
            held += letters
            for letter in letters:
                # What failed again is left: else a letter that always fails went round for ever.
                if letter.message_id in sent or letter.original_id in sent:
                    told.back += 1
                elif not wanted(letter):
                    told.left += 1
                else:
                    pace()
                    new_id = send(letter)
                    sqs.delete_message(QueueUrl=dead_url, ReceiptHandle=letter.receipt_handle)
                    held.remove(letter)
                    sent |= {new_id, letter.original_id}
                    told.moved += 1
                    told.ids |= {letter.message_id, letter.original_id}
            if enough():
                return
    finally:
        put_back(sqs, dead_url, held)


def remove(sqs: Any, dead_url: str, message_ids: Set[str]) -> int:
    """Delete the letters with these ids and return how many there were; raises ClientError.

    They are received for that: a letter is deleted by the receipt of its last delivery.
    """
    held: list[Letter] = []
    removed = 0
    try:
        for letters in received(sqs, dead_url):
            held += letters
            for letter in letters:
                if letter.message_id in message_ids:
                    sqs.delete_message(QueueUrl=dead_url, ReceiptHandle=letter.receipt_handle)
                    held.remove(letter)
                    removed += 1
            if removed == len(message_ids):
                break
    finally:
        put_back(sqs, dead_url, held)
    return removed


def to_queue(sqs: Any, source_url: str) -> Callable[[Letter], str]:
    """Return what puts a letter back into its queue. Raises ClientError."""
    return lambda letter: str(sqs.send_message(QueueUrl=source_url, **sendable(letter))["MessageId"])


def to_bus(events: Any, bus_name: str) -> Callable[[Letter], str]:
    """Return what puts an event on the bus again: the same source, type and detail, so the same eventId.

    Raises NotSentError and ClientError.
    """

    def send(letter: Letter) -> str:
        try:
            event = json.loads(letter.body)
            entry = {
                "EventBusName": bus_name,
                "Source": event["source"],
                "DetailType": event["detail-type"],
                "Detail": json.dumps(event["detail"], ensure_ascii=False, separators=(",", ":")),
            }
        except (ValueError, KeyError, TypeError):
            raise NotSentError(f"Letter {letter.message_id} is no event.") from None
        (answer,) = events.put_events(Entries=[entry])["Entries"]
        if not answer.get("EventId"):
            raise NotSentError(f"The bus did not take {letter.message_id}: {answer.get('ErrorCode')}.")
        return str(answer["EventId"])

    return send


class NotSentError(Exception):
    """A letter could not be put back, and lies where it lay."""


def sendable(letter: Letter) -> dict[str, Any]:
    """Return what SendMessage takes to put the letter back: unchanged, with its first id and time."""
    first: dict[str, Mapping[str, Any]] = {ORIGINAL_ID: _text(letter.original_id)}
    if letter.original_sent_ms is not None:
        first[ORIGINAL_SENT] = _text(letter.original_sent_ms)
    own = {
        name: value
        for name, value in letter.attributes.items()
        if name not in _OF_THE_LAST_FAILURE and name not in first
    }
    attributes = dict(list({**first, **own}.items())[:_MOST_ATTRIBUTES])
    arguments: dict[str, Any] = {"MessageBody": letter.body, "MessageAttributes": attributes}
    if letter.group is not None:
        arguments["MessageGroupId"] = letter.group
    return arguments


def _text(value: str) -> Mapping[str, Any]:
    return {"DataType": "String", "StringValue": value}

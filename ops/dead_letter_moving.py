"""Puts dead letters back into the queue they came from, so that a kill at any call loses none.

A letter is sent first and deleted afterwards: killed in between it lies in both queues. SQS takes what is put
back for a new message, with a new id; it carries its first id along, from which the functions derive theirs.

SQS's own move task does it for a whole queue, without that: only for queues whose functions derive nothing.

Source: SQS API, SendMessage, DeleteMessage; StartMessageMoveTask, ListMessageMoveTasks and
CancelMessageMoveTask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

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
_NO_SUCH_TASK: Final = ("InvalidAction", "UnknownOperation", "UnsupportedOperation", "NotImplemented")
_POLL_SECONDS: Final = 2.0
RUNNING: Final = "RUNNING"


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
    source_url: str,
    wanted: Callable[[Letter], bool],
    pace: Pace,
    told: Moved,
    enough: Callable[[], bool] = lambda: False,
) -> None:
    """Put back the wanted letters one by one; `told` says at any time how far it got.

    enough: whether nothing more is wanted. Raises ClientError; what was not moved by then stays.
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
                    answer = sqs.send_message(QueueUrl=source_url, **sendable(letter))
                    sqs.delete_message(QueueUrl=dead_url, ReceiptHandle=letter.receipt_handle)
                    held.remove(letter)
                    sent |= {str(answer["MessageId"]), letter.original_id}
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


def start_task(sqs: Any, *, dead_arn: str, source_arn: str, per_second: float | None) -> str | None:
    """Have SQS move the whole queue; return the task's handle, None where the service has no such task.

    The destination is said: of letters that a function sent here SQS does not know where they came from.
    """
    arguments: dict[str, Any] = {"SourceArn": dead_arn, "DestinationArn": source_arn}
    if per_second is not None:
        arguments["MaxNumberOfMessagesPerSecond"] = max(1, round(per_second))
    try:
        return str(sqs.start_message_move_task(**arguments)["TaskHandle"])
    except ClientError as error:
        if any(word in error.response["Error"]["Code"] for word in _NO_SUCH_TASK):
            return None
        raise


@dataclass(frozen=True)
class TaskState:
    """Of a move task; status as SQS tells it. to_move: how many there were at its start, about."""

    status: str
    moved: int
    to_move: int
    failure: str


def follow_task(
    sqs: Any,
    dead_arn: str,
    handle: str,
    *,
    wait: Callable[[float], object],
    told: Callable[[TaskState], None],
) -> TaskState:
    """Wait for the task's end; stops it when interrupted. Raises ClientError."""
    try:
        while True:
            state = _task(sqs, dead_arn, handle)
            told(state)
            if state.status != RUNNING:
                return state
            wait(_POLL_SECONDS)
    except KeyboardInterrupt:
        sqs.cancel_message_move_task(TaskHandle=handle)
        raise


def _task(sqs: Any, dead_arn: str, handle: str) -> TaskState:
    answer = sqs.list_message_move_tasks(SourceArn=dead_arn, MaxResults=10)
    results = answer.get("Results", [])
    # SQS tells the handle of running tasks alone; the newest comes first.
    found = next((one for one in results if one.get("TaskHandle") == handle), results[0] if results else {})
    return TaskState(
        status=str(found.get("Status", "UNKNOWN")),
        moved=int(found.get("ApproximateNumberOfMessagesMoved", 0)),
        to_move=int(found.get("ApproximateNumberOfMessagesToMove", 0)),
        failure=str(found.get("FailureReason", "")),
    )


def _text(value: str) -> Mapping[str, Any]:
    return {"DataType": "String", "StringValue": value}

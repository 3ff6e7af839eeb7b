"""SQS's own move task: it puts back a whole queue, by itself and quickly, but tells no message's first id.

Source: SQS API, StartMessageMoveTask, ListMessageMoveTasks and CancelMessageMoveTask.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

_NO_SUCH_TASK: Final = ("InvalidAction", "UnknownOperation", "UnsupportedOperation", "NotImplemented")
_POLL_SECONDS: Final = 2.0
RUNNING: Final = "RUNNING"
COMPLETED: Final = "COMPLETED"


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

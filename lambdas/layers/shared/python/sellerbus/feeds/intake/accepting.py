"""Takes what is handed over: each message of the queue becomes a task with an execution, once, or waits, or
is sent to the dead-letter queue with its reason. No message costs another.

The task's row is written first, then its execution is started, then the message is acknowledged: a crash in
between brings the message again, which finds what is there and goes on. An execution that was started already
is refused by its name, and that is fine.

A task that can't be carried out is created all the same, with its reason: the execution's first step ends it,
so that every refusal is kept and told of in one way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.aws.event_publisher import OperationalEvent
from sellerbus.aws.json_object import is_text
from sellerbus.aws.message_queue import Message
from sellerbus.documents.limits import Limits
from sellerbus.feeds import feed_events
from sellerbus.feeds.intake.accept_results import Result, Verdict, defect
from sellerbus.feeds.intake.feed_requested import UnusableRequestError
from sellerbus.feeds.intake.hand_over import HandOver
from sellerbus.feeds.intake.inbox import UnusableEventError, UnusableKeyError, created_object, feed_key
from sellerbus.feeds.intake.inbox_reading import InboxReader, Nothing, RejectedError, Wait
from sellerbus.feeds.intake.refused_request import RefusedRequest
from sellerbus.feeds.intake.request import TASK_ID
from sellerbus.feeds.intake.request_reading import RequestReader
from sellerbus.feeds.intake.taken_id import others
from sellerbus.feeds.task import CHANGES, FeedTask, Source, TaskState

FEED_REQUESTED: Final = "FeedRequested"
OBJECT_CREATED: Final = "Object Created"
LEAST_TIME_MS: Final = 30_000
"""A message is not begun with less time left: it would be killed within, and come again all the later."""

_FIRST_LOOK_SECONDS: Final = 10


class Tasks(Protocol):
    """The rows of the tasks; see task_store."""

    def create(self, task: FeedTask) -> FeedTask | None: ...


class Executions(Protocol):
    """The state machine of feed tasks; see executions."""

    def start(self, task_id: str) -> None: ...

    def arn(self, task_id: str) -> str: ...


class Contents(Protocol):
    """The inbox bucket; see inbox_bucket."""

    @property
    def name(self) -> str: ...

    def sha256(self, source: Source, limits: Limits) -> str | None: ...


class DeadLetters(Protocol):
    """The queue's other end; see message_queue."""

    def reject(self, message: Message, reason: str, detail: str) -> None: ...


class Events(Protocol):
    """The bus; see event_publisher."""

    def publish(self, events: Sequence[OperationalEvent]) -> None: ...


class _NotYetError(Exception):
    """The first task with the id has not been read yet: nobody can say whether this is the same."""


class FeedAcceptor:
    """One instance serves all invocations of a function instance. now: ms since 1970."""

    def __init__(
        self,
        *,
        contents: Contents,
        inbox: InboxReader,
        requests: RequestReader,
        tasks: Tasks,
        executions: Executions,
        dead_letters: DeadLetters,
        events: Events,
        now: Callable[[], int],
        limits: Limits,
    ) -> None:
        self._contents = contents
        self._inbox = inbox
        self._requests = requests
        self._tasks = tasks
        self._executions = executions
        self._dead_letters = dead_letters
        self._events = events
        self._now = now
        self._limits = limits

    def accept(self, messages: Sequence[Message], remaining_ms: Callable[[], int]) -> list[Result]:
        """Take the messages one by one; one result for each, in their order. Raises nothing."""
        return [
            self._one(message)
            if remaining_ms() >= LEAST_TIME_MS
            else Result(message, Verdict.FAILED, reason="too little time was left to begin it")
            for message in messages
        ]

    def _one(self, message: Message) -> Result:
        try:
            return self._accept(message)
        except StoreUnavailableError as error:
            return Result(message, Verdict.FAILED, reason=str(error), retry_seconds=message.retry_seconds)
        except Exception as error:  # noqa: BLE001 - a defect of ours costs this message, never its batch
            return Result(message, Verdict.FAILED, reason=defect(error), retry_seconds=message.retry_seconds)

    def _accept(self, message: Message) -> Result:
        try:
            read = self._read(message)
        except UnusableRequestError as error:
            if error.task_id is not None:
                request = RefusedRequest(error.task_id, str(error))
                self._events.publish([feed_events.refused_request(request)])
            return self._reject(message, error.reason, str(error))
        except (RejectedError, UnusableKeyError) as error:
            return self._reject(message, error.reason, str(error))
        except UnusableEventError as error:
            return self._reject(message, "event-form", str(error))
        match read:
            case Nothing(why):
                return Result(message, Verdict.NOTHING, reason=why)
            case Wait(until_ms, why):
                # A second more, so that it doesn't come back just before its time is up.
                seconds = max(0, until_ms - self._now()) // 1000 + 1
                return Result(message, Verdict.WAITS, reason=why, retry_seconds=seconds)
            case HandOver():
                return self._take(message, read)

    def _read(self, message: Message) -> HandOver | Wait | Nothing:
        event = _event(message.body)
        if event.get("detail-type") == FEED_REQUESTED:
            return self._requests.read(event)
        if event.get("detail-type") != OBJECT_CREATED:
            raise UnusableEventError("it is neither an object that was created nor a FeedRequested")
        created = created_object(event)
        if created.bucket != self._contents.name:
            text = f"it is of bucket {created.bucket}, and the inbox is {self._contents.name}"
            raise RejectedError("other-bucket", text)
        key = feed_key(created.key, created.size)
        if key is None:
            return Nothing("it is a folder")
        return self._inbox.side_file(key, created) if key.is_side_file else self._inbox.document(key, created)

    def _reject(self, message: Message, reason: str, detail: str) -> Result:
        self._dead_letters.reject(message, reason, detail)
        return Result(message, Verdict.REJECTED, reason=f"{reason}: {detail}")

    def _take(self, message: Message, hand_over: HandOver) -> Result:
        asked = hand_over.asked_task_id
        refusal = None
        if asked is not None and not TASK_ID.fullmatch(asked):
            refusal = (
                f"the task id {asked[:80]!r} must be 1 to 64 letters, digits, _ or -, and begin with "
                "a letter or digit"
            )
            asked = None
        task = self._task(hand_over, asked or hand_over.own_task_id, refusal)
        try:
            is_new, task_id = self._create(hand_over, task)
        except _NotYetError:
            seconds = max(message.retry_seconds, _FIRST_LOOK_SECONDS)
            why = f"the first task {task.task_id} has not been read yet"
            return Result(message, Verdict.WAITS, task.task_id, why, seconds)
        return Result(message, Verdict.TAKEN if is_new else Verdict.KNOWN, task_id)

    def _create(self, hand_over: HandOver, task: FeedTask) -> tuple[bool, str]:
        """Whether the task is new, and its id. Raises _NotYetError."""
        first = self._tasks.create(task)
        if first is None or _same_hand_over(first, task):
            self._start(first or task)
            return first is None, task.task_id
        refusal = self._difference(hand_over, task, first)
        if refusal is None:
            return False, task.task_id
        refused = self._task(hand_over, hand_over.refused_task_id, refusal)
        known = self._tasks.create(refused)
        self._start(known or refused)
        return known is None, refused.task_id

    def _difference(self, hand_over: HandOver, task: FeedTask, first: FeedTask) -> str | None:
        """Why this is not what the first task with its id is; None where it is. Raises _NotYetError."""
        if task.reason is not None:
            return task.reason
        given = f"the task id {task.task_id} was given before"
        advice = "choose another id, or none"
        if first.request_hash != task.request_hash:
            return f"{given}: {others(first, task)}: {advice}"
        if first.content_sha256 is None:
            if first.origin == hand_over.origin == CHANGES:
                # Handed over twice after a crash: its id stands for its content.
                return None
            if first.is_ended:
                return f"{given}, to a feed that ended before its content was read: {advice}"
            raise _NotYetError
        # What is larger than the first is another; so it need not be read to its end.
        known = first.content_bytes
        limits = self._limits if known is None else replace(self._limits, content_bytes=known)
        if self._contents.sha256(hand_over.source, limits) != first.content_sha256:
            return f"{given}: task {task.task_id} has other content: {advice}"
        return None

    def _task(self, hand_over: HandOver, task_id: str, refusal: str | None) -> FeedTask:
        arn = self._executions.arn(task_id)
        return hand_over.task(task_id, now=self._now() / 1000, execution_arn=arn, refusal=refusal)

    def _start(self, task: FeedTask) -> None:
        """Start the execution, unless it has been at work already."""
        if task.state is TaskState.RECEIVED:
            self._executions.start(task.task_id)


def _event(body: str) -> Mapping[str, Any]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise UnusableEventError("the message is no JSON") from None
    if not isinstance(event, dict) or not is_text(event):
        raise UnusableEventError("the message is no JSON object of texts that can be written")
    return event


def _same_hand_over(first: FeedTask, task: FeedTask) -> bool:
    """Whether the row was made of the very same object and request: the message has come again."""
    return (first.source, first.request_hash) == (task.source, task.request_hash)

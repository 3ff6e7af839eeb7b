"""Takes what is handed over: each message of the queue becomes a task, once, or is sent to the dead-letter
queue with its reason. No message costs another.

The task's row is written first, then the task is put on the queue of what is to be sent, then the message is
acknowledged: a crash in between brings the message again, which finds its row and goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.aws.message_queue import Message
from sellerbus.documents.errors import DocumentError
from sellerbus.messaging.accept_results import Result, Verdict, defect
from sellerbus.messaging.answers import ended_changes
from sellerbus.messaging.attachment_files import MissingAttachmentsError
from sellerbus.messaging.checks import not_found, other_region
from sellerbus.messaging.content import MessageContent, content_document
from sellerbus.messaging.ending import Events, Teller
from sellerbus.messaging.finding import Finding, sentences
from sellerbus.messaging.handed_over import HandedOver, UnusableBodyError, handed_over, others, request_hash
from sellerbus.messaging.message_events import refused_request
from sellerbus.messaging.preparing import Files, sources
from sellerbus.messaging.request import MessageRequest, UnusableRequestError, content_hash, read_request
from sellerbus.messaging.steps import Count
from sellerbus.messaging.task import MessageState, MessageTask, iso
from sellerbus.messaging.task_rows import SameMessageError, TaskChangedError
from sellerbus.messaging.task_store import MessageStore

LEAST_TIME_MS: Final = 30_000
"""A message is not begun with less time left: it would be killed within, and come again all the later."""
_DAY_SECONDS: Final = 86_400


class DeadLetters(Protocol):
    """The queue's other end; see message_queue."""

    def reject(self, message: Message, reason: str, detail: str) -> None: ...


class Queue(Protocol):
    """send_queue.SendQueue."""

    def put(self, task_id: str, seller_id: str) -> None: ...


@dataclass(frozen=True)
class AcceptSettings:
    """bucket: the message bucket. same_message_seconds: for how long the same message is a repetition.

    region: the selling region that the cell calls Amazon for; countries: of its marketplaces there.
    """

    bucket: str
    same_message_seconds: float
    content_days: int
    region: str
    countries: tuple[str, ...]


class MessageAcceptor:
    """One instance serves all invocations of a function instance. now: seconds since 1970."""

    def __init__(
        self,
        *,
        files: Files,
        store: MessageStore,
        queue: Queue,
        dead_letters: DeadLetters,
        events: Events,
        teller: Teller,
        settings: AcceptSettings,
        count: Count,
        now: Callable[[], float],
    ) -> None:
        self._files = files
        self._store = store
        self._queue = queue
        self._dead_letters = dead_letters
        self._events = events
        self._teller = teller
        self._settings = settings
        self._count = count
        self._now = now

    def accept(self, messages: Sequence[Message], remaining_ms: Callable[[], int]) -> list[Result]:
        """Take the messages one by one; one result for each, in their order. Raises nothing."""
        return [
            self._one(message) if remaining_ms() >= LEAST_TIME_MS else _unbegun(message)
            for message in messages
        ]

    def _one(self, message: Message) -> Result:
        try:
            return self._accept(message)
        except StoreUnavailableError as error:
            reason = str(error)
        except DocumentError as error:
            # Its own text names the object.
            reason = f"an attachment can't be read: {type(error).__name__}"
        except Exception as error:  # noqa: BLE001 - a defect of ours costs this message, never its batch
            reason = defect(error)
        return Result(message, Verdict.FAILED, reason=reason, retry_seconds=message.retry_seconds)

    def _accept(self, message: Message) -> Result:
        try:
            handed = handed_over(message.body, message.identity, message.sent_at)
        except UnusableBodyError as error:
            return self._reject(message, error.reason, str(error))
        try:
            request = read_request(handed.request, bucket=self._settings.bucket)
        except UnusableRequestError as error:
            if error.known.get("sellerId") and error.known.get("amazonOrderId"):
                task_id = error.known.get("taskId") or handed.source_id
                findings = [each.document() for each in error.faults]
                self._events.publish([refused_request(task_id, error.known, str(error), findings)])
                self._count("MessagesRefused", 1)
            return self._reject(message, "request-form", str(error))
        return self._take(message, handed, request)

    def _reject(self, message: Message, reason: str, detail: str) -> Result:
        self._dead_letters.reject(message, reason, detail)
        return Result(message, Verdict.REJECTED, reason=f"{reason}: {detail}")

    def _take(self, message: Message, handed: HandedOver, request: MessageRequest) -> Result:
        task = self._task(handed, request)
        try:
            first, is_new = self._store.create(
                task,
                same_message_seconds=self._settings.same_message_seconds,
                is_new=request.force or request.task_id is not None,
            )
        except SameMessageError as error:
            self._count("MessagesDuplicate", 1)
            return Result(message, Verdict.DUPLICATE, error.task_id, str(error))
        if is_new:
            return self._go_on(message, first, Verdict.TAKEN)
        if (first.source_id, first.request_hash) == (task.source_id, task.request_hash):
            # The very message has come again, whatever its attachments are by now: it may have been cut off
            # before it went on.
            return self._go_on(message, first, Verdict.KNOWN)
        if _is_same(first, task):
            return Result(message, Verdict.KNOWN, first.task_id)
        refused = replace(
            task,
            task_id=handed.refused_task_id,
            asked_task_id=first.task_id,
            findings=(),
            **ended_changes(MessageState.REFUSED, others(first, task)),
        )
        kept, _ = self._store.create(refused, same_message_seconds=0)
        return self._go_on(message, kept, Verdict.REFUSED)

    def _go_on(self, message: Message, task: MessageTask, verdict: Verdict) -> Result:
        if task.state is MessageState.ACCEPTED:
            self._queue.put(task.task_id, task.seller_id)
            if verdict is Verdict.TAKEN:
                self._count("MessagesAccepted", 1)
        elif task.untold is not None:
            try:
                self._teller.tell(task)
            except TaskChangedError:
                # Somebody else has told it.
                return Result(message, verdict, task.task_id, task.reason)
        refused = task.state is MessageState.REFUSED and verdict is Verdict.TAKEN
        return Result(message, Verdict.REFUSED if refused else verdict, task.task_id, task.reason)

    def _task(self, handed: HandedOver, request: MessageRequest) -> MessageTask:
        """The row of a task; one that is REFUSED where its attachments or its marketplace are not here."""
        now = self._now()
        content, digests, faults = self._pinned(request)
        at = iso(now)
        handed_at = now if handed.handed_over_at is None else min(now, handed.handed_over_at)
        return MessageTask(
            task_id=request.task_id or handed.source_id,
            seller_id=request.seller_id,
            region=request.region,
            marketplace_id=request.marketplace_id,
            amazon_order_id=request.amazon_order_id,
            message_type=request.message_type,
            content=content_document(content),
            content_hash=content_hash(request, digests),
            request_hash=request_hash(request),
            # The days in the queue count: what is promised is how long a text is kept at all.
            content_until=round(handed_at) + self._settings.content_days * _DAY_SECONDS,
            origin=handed.origin,
            source_id=handed.source_id,
            handed_over_at=iso(handed_at),
            created_at=at,
            updated_at=at,
            tried_since=at,
            force=request.force,
            **_refused(faults),
        )

    def _pinned(self, request: MessageRequest) -> tuple[MessageContent, list[str], list[Finding]]:
        """The content with what was read of its attachments, and what tells each of them from others.

        Raises DocumentError.
        """
        content, settings = request.content, self._settings
        unread = [f"not read: {each.key} {each.version_id or ''}" for each in content.attachments]
        if request.region != settings.region:
            return content, unread, [other_region(request.region, settings.region, settings.countries)]
        try:
            files = self._files.read(sources(content, settings.bucket))
        except MissingAttachmentsError as missing:
            return content, unread, [not_found(number) for number in missing.indexes]
        pointers = tuple(
            replace(
                pointer,
                version_id=file.source.location.version_id or None,
                size_bytes=file.size_bytes,
                sha256=None if file.content is None else file.fingerprint,
            )
            for pointer, file in zip(content.attachments, files, strict=True)
        )
        return replace(content, attachments=pointers), [each.fingerprint for each in files], []


def _unbegun(message: Message) -> Result:
    """It is hidden for a while: at once it would come back to functions that are as busy, and SQS counts."""
    why = "too little time was left to begin it"
    return Result(message, Verdict.FAILED, reason=why, retry_seconds=message.retry_seconds)


def _refused(faults: Sequence[Finding]) -> Mapping[str, Any]:
    if not faults:
        return {}
    findings = tuple(each.document() for each in faults)
    return ended_changes(MessageState.REFUSED, sentences(faults), findings=findings)


def _is_same(first: MessageTask, task: MessageTask) -> bool:
    """Whether the first task with the id is of the same message.

    Where the attachments are gone by now, it is the one that was asked for in the same words.
    """
    if first.content_hash == task.content_hash:
        return True
    return task.is_ended and first.request_hash == task.request_hash

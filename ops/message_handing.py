"""Hands messages over: checked here, their files into the message bucket, the request into the queue."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from ops import cells, console, message_following, message_tasks, times
from ops.errors import EXISTS, PARTLY, WRONG_INPUT, CommandError
from ops.message_drafts import Draft, Pointer
from ops.message_tasks import MessageTasks
from ops.message_words import resuming
from ops.stage import TASKS, Cell, Stage
from sellerbus.messaging.finding import ERROR, Finding
from sellerbus.messaging.handed_over import SQS
from sellerbus.messaging.request import MessageRequest
from sellerbus.messaging.task import MessageTask
from sellerbus.sellers.registry import SellerRegistry
from sellerbus.sellers.rows import ACTIVE, PAUSED

_NO_RIGHT: Final = frozenset({"AccessDeniedException", "AccessDenied"})
DERIVED: Final = f"{SQS}-"
"""What the id of a task begins with that was handed over without one; SQS's id of its request follows."""


class RefusedError(Exception):
    """The checks refused the message; it has not left this machine."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        errors = sum(finding.severity == ERROR for finding in findings)
        super().__init__(f"{console.counted(errors, 'error')} {console.was(errors)} found")


@dataclass(frozen=True)
class Checked:
    """A message that may be handed over. findings: the warnings. content_hash: as the stage will have it."""

    draft: Draft
    request: MessageRequest
    findings: tuple[Finding, ...]
    content_hash: str


@dataclass(frozen=True)
class HandedOver:
    """new: False where the task was there already, with the same message."""

    tasks: MessageTasks
    task: MessageTask
    findings: tuple[Finding, ...]
    new: bool


class Door:
    """Where one cell takes messages. Safe for threads once `open` was called."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self._sqs = cell.client("sqs")
        self._s3 = cell.client("s3")

    @cached_property
    def _bucket(self) -> str:
        return self.cell.output("MessageBucketName", TASKS)

    @cached_property
    def _queue(self) -> str:
        return self.cell.output("MessageTaskQueueUrl", TASKS)

    def open(self) -> None:
        """Look up what is needed; raises CommandError where the stage has no messages yet."""
        _ = self._bucket, self._queue

    def hand_in(self, draft: Draft) -> str:
        """Upload the files and send the request; returns the id that its task will have."""
        pointers = [
            self._uploaded(pointer, file.loaded())
            for pointer, file in zip(draft.keys(), draft.files, strict=True)
        ]
        answer = self._sqs.send_message(
            QueueUrl=self._queue,
            MessageBody=json.dumps(draft.document(pointers)),
            # On a standard queue a group orders nothing: it keeps one seller from holding up the others.
            MessageGroupId=draft.seller_id,
        )
        return draft.task_id or f"{DERIVED}{answer['MessageId']}"

    def _uploaded(self, pointer: Pointer, content: bytes) -> Pointer:
        answer: Any = self._s3.put_object(Bucket=self._bucket, Key=pointer.key, Body=content)
        return Pointer(pointer.key, answer.get("VersionId"))


def hand_over(stage: Stage, tasks: MessageTasks, checked: Checked) -> HandedOver:
    """Hand the message over, and wait until its task is there.

    Raises CommandError where the seller is not known, the task id is another message's, or nobody took it up.
    """
    known_seller(stage, tasks.cell, checked.draft.seller_id)
    there = first_task(tasks, checked)
    if there is not None:
        return HandedOver(tasks, there, checked.findings, new=False)
    if checked.draft.force and checked.draft.task_id is None:
        # SendMessage may be repeated by the SDK: nothing else would tell that it is one message.
        checked = replace(checked, draft=replace(checked.draft, task_id=_own_task_id()))
    try:
        task_id = Door(tasks.cell).hand_in(checked.draft)
    except (KeyboardInterrupt, BotoCoreError):
        console.say(_may_be_handed_over(tasks, checked))
        raise
    task = _taken_up(tasks, checked, task_id)
    return HandedOver(tasks, task, checked.findings, new=task.task_id == task_id)


def first_task(tasks: MessageTasks, checked: Checked) -> MessageTask | None:
    """Return the task that this message has already; None where it is new.

    Raises CommandError where the task id is another message's.
    """
    draft = checked.draft
    if draft.task_id is not None:
        there = tasks.find(draft.task_id)
        if there is not None and there.content_hash != checked.content_hash:
            raise taken(tasks, there)
        return there
    if draft.force:
        return None
    same = tasks.same(checked.content_hash, message_tasks.now().timestamp())
    return tasks.find(same) if same is not None else None


def taken(tasks: MessageTasks, there: MessageTask) -> CommandError:
    """The task id is another message's."""
    return CommandError(
        f"The task id {there.task_id} is that of another message, handed over "
        f"{times.absolute(times.moment(there.handed_over_at))}: seller, marketplace, order, type, text, "
        "attachments or dates differ. Nothing becomes of this one: take another id, or none. The other: "
        f"bin/sellerbus messages show {there.task_id} --stage {tasks.cell.stage_name}",
        EXISTS,
    )


def known_seller(stage: Stage, cell: Cell, seller_id: str, registry: SellerRegistry | None = None) -> bool:
    """Raise CommandError where the stage would refuse the seller's messages; return whether that was seen.

    registry: the cell's, where the caller has it. Reading it takes rights that whoever sends messages need
    not have: then the stage checks it.
    """
    try:
        row = (registry or cells.registry(cell)).find(seller_id)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NO_RIGHT:
            raise
        console.say(
            "The seller's row may not be read with your AWS rights: whether the seller is known is checked "
            "by the stage."
        )
        return False
    if row is None:
        raise cells.unknown(stage, seller_id, cell.region)
    if row.status == PAUSED:
        raise CommandError(
            f"Seller {seller_id} is paused: nothing was handed over. Let it go on: "
            f"{resuming(seller_id, stage.name)} (what an application hands over meanwhile waits).",
            WRONG_INPUT,
        )
    if row.status != ACTIVE:
        raise CommandError(
            f"Seller {seller_id} is {row.status}, and the stage sends no messages of such a seller. What can "
            f"be done: bin/sellerbus sellers show {seller_id} --stage {stage.name}",
            WRONG_INPUT,
        )
    return True


def _may_be_handed_over(tasks: MessageTasks, checked: Checked) -> str:
    """What is said where it is not known whether the queue has the message."""
    stage, task_id = tasks.cell.stage_name, checked.draft.task_id
    if task_id is None:
        hours = tasks.cell.settings.messages.same_message_hours
        return (
            "\nWhether the message was handed over is not known. Send it again, without --force: within "
            f"{hours} hours the very same message is taken once."
        )
    return (
        f"\nWhether the message was handed over is not known. If it was, it is task {task_id}: "
        f"bin/sellerbus messages show {task_id} --stage {stage}. With --task-id {task_id} it can be sent "
        "again: it is the same message then."
    )


def _own_task_id() -> str:
    """Return a task id that is nobody's: with the day, so that a person can tell old ones from new."""
    return f"cli-{message_tasks.now():%Y%m%d}-{secrets.token_hex(6)}"


def _taken_up(tasks: MessageTasks, checked: Checked, task_id: str) -> MessageTask:
    show = f"bin/sellerbus messages show {task_id} --stage {tasks.cell.stage_name}"

    def look() -> MessageTask | None:
        found = tasks.find(task_id)
        if found is not None or checked.draft.task_id is not None:
            return found
        # Somebody handed over the same message at the same time, and was first.
        return first_task(tasks, checked)

    try:
        with console.progress(1, f"Waiting until task {task_id} is taken up"):
            task = message_following.until(
                look,
                lambda found: found is not None,
                console.wait,
                message_following.TAKEN_UP_SECONDS,
            )
    except KeyboardInterrupt:
        console.say(f"\nThe message is handed over, and becomes task {task_id} all the same: {show}")
        raise
    if task is None:
        raise CommandError(
            f"The message is handed over, but was not taken up as task {task_id} within "
            f"{message_following.TAKEN_UP_SECONDS:.0f} s. It is not lost; don't hand it over again yet: look "
            f"with `{show}`, then in the log of accept_messages and in the dead-letter queue of the message "
            "tasks.",
            PARTLY,
        )
    if task.content_hash != checked.content_hash:
        raise taken(tasks, task)
    return task


def refused_document(error: RefusedError, task_id: str | None) -> dict[str, Any]:
    """What --json prints of a message that the checks refused here."""
    return {
        "taskId": task_id,
        "handedOver": False,
        "refused": {"findings": [dict(row.document()) for row in error.findings]},
    }

"""Hands a document over: checks it here, puts it into the inbox, waits until it is taken up as a task."""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any, Final, Protocol

from ops import console, feed_following, feed_input, times
from ops.errors import EXISTS, PARTLY, WRONG_INPUT, CommandError
from ops.feed_input import Checked, Content
from ops.feed_tasks import Tasks, now
from ops.feed_upload import Inbox, RefusedContentError
from ops.stage import TASKS, Stage
from sellerbus.feeds.checks import FeedRequest, Rules, Seller, check_request
from sellerbus.feeds.findings import Findings
from sellerbus.feeds.intake.inbox import FEEDS, SIDE_FILE_ENDING
from sellerbus.feeds.intake.request import request_hash
from sellerbus.feeds.task import FeedTask

STDIN: Final = "-"

_HARMLESS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
_LONGEST_NAME: Final = 100


class RefusedError(Exception):
    """The checks refused the feed; it has not left this machine."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        super().__init__(f"{console.counted(findings.errors, 'error')} {console.was(findings.errors)} found")


class Document(Protocol):
    """What is handed over. name: what its object is called."""

    @property
    def name(self) -> str: ...

    def read_through(self, checked: Checked) -> None:
        """Give all of it to the checks."""

    def put(self, inbox: Inbox, checked: Checked, key: str, content_type: str, data: dict[str, str]) -> None:
        """Upload it; checks it on the way where it was not read through before."""


@dataclass(frozen=True)
class FileDocument:
    """A file; it is read twice, once for the checks and once for the upload."""

    file: Path

    @property
    def name(self) -> str:
        return self.file.name

    def read_through(self, checked: Checked) -> None:
        try:
            with self.file.open("rb") as content:
                checked.read_through(feed_input.chunks(content))
        except OSError as error:
            raise CommandError(f"{self.file} cannot be read: {error.strerror}.", WRONG_INPUT) from error

    def put(self, inbox: Inbox, checked: Checked, key: str, content_type: str, data: dict[str, str]) -> None:
        # It was read through before, so that it can be uploaded by several threads.
        del checked
        inbox.put_file(self.file, key, content_type, data)


@dataclass(frozen=True)
class PipedDocument:
    """What comes from a pipe: it can be read once, and nothing of it is kept here."""

    content: Content
    name: str = "stdin"

    def read_through(self, checked: Checked) -> None:
        checked.read_through(feed_input.chunks(self.content))

    def put(self, inbox: Inbox, checked: Checked, key: str, content_type: str, data: dict[str, str]) -> None:
        inbox.put_stream(self.content, checked, key, content_type, data)


def document(file: Path) -> Document:
    """Return what is named on the command line; raises CommandError."""
    if str(file) == STDIN:
        return PipedDocument(sys.stdin.buffer)
    if not file.is_file():
        raise CommandError(f"{file} is no file that can be read.", WRONG_INPUT)
    return FileDocument(file)


@dataclass(frozen=True)
class HandedOver:
    """new: False where the task was there already, with the same content."""

    tasks: Tasks
    task: FeedTask
    findings: Findings
    new: bool


def hand_over(
    stage: Stage,
    tasks: Tasks,
    given: Document,
    request: FeedRequest,
    seller_id: str,
    *,
    origin: str,
    resubmission_of: str | None = None,
) -> HandedOver:
    """Hand the document over, and wait until its task is there.

    Raises RefusedError, and CommandError where the task id is another feed's, or nobody took it up.
    """
    cell = tasks.cell
    allowed = feed_input.rules(cell)
    told = feed_input.KnownByName(seller_id, cell.region, request.marketplace_ids)
    checked = Checked(request, told, allowed)
    if checked.findings.refused or isinstance(given, FileDocument):
        # What needs no AWS comes first.
        given.read_through(checked)
        if checked.findings.refused:
            raise RefusedError(checked.findings)
    row = feed_input.seller(stage, cell, seller_id, request.marketplace_ids)
    _add_what_the_row_tells(request, row, allowed, checked)
    if request.task_id is not None and (there := tasks.find(request.task_id)) is not None:
        if not checked.finished:
            given.read_through(checked)
        return _first(tasks, there, request, seller_id, checked)
    named = request if request.task_id else replace(request, task_id=_own_task_id())
    key = f"{FEEDS}/{seller_id}/{request.feed_type}/{named.task_id}/{_object_name(given.name)}"
    data = feed_input.metadata(
        {
            "task-id": named.task_id,
            "marketplace-ids": ",".join(request.marketplace_ids),
            "feed-options": feed_input.as_json(dict(request.feed_options)) if request.feed_options else None,
            "origin": origin,
            "resubmission-of": resubmission_of,
        }
    )
    inbox = Inbox(cell.client("s3"), cell.output("InboxBucketName", TASKS))
    try:
        given.put(inbox, checked, key, request.content_type, data)
    except RefusedContentError:
        raise RefusedError(checked.findings) from None
    task = _taken_up(tasks, str(named.task_id), f"s3://{inbox.bucket}/{key}")
    if task.source.key == key:
        return HandedOver(tasks, task, checked.findings, new=True)
    # Somebody handed over the same task id at the same time, and was first.
    return _first(tasks, task, named, seller_id, checked)


def _taken_up(tasks: Tasks, task_id: str, place: str) -> FeedTask:
    show = f"bin/sellerbus feeds show {task_id} --stage {tasks.cell.stage_name}"
    try:
        with console.progress(1, f"Waiting until task {task_id} is taken up"):
            task = feed_following.taken_up(tasks, task_id, sleep=console.wait)
    except KeyboardInterrupt:
        console.say(f"\nThe feed is handed over, and becomes task {task_id} all the same: {show}")
        raise
    if task is None:
        raise CommandError(
            f"The feed lies in the inbox ({place}), but was not taken up as task {task_id} within "
            f"{feed_following.TAKEN_UP_SECONDS:.0f} s. It is not lost; don't submit it again yet: look "
            f"with `{show}`, then in the log of accept_feeds and in the dead-letter "
            "queue of the feed requests.",
            PARTLY,
        )
    return task


def _first(
    tasks: Tasks, there: FeedTask, request: FeedRequest, seller_id: str, checked: Checked
) -> HandedOver:
    """Return the task that has the id, if it is this feed's; raises CommandError where it is another's."""
    asked = request_hash(
        seller_id, request.feed_type, request.marketplace_ids, request.content_type, request.feed_options
    )
    differs = ""
    if there.request_hash != asked:
        differs = "its seller, type, marketplaces, content type or options differ"
    else:
        there = feed_following.measured(tasks, there, sleep=console.wait)
        if there.content_sha256 is None and there.is_ended:
            differs = "that one was refused before its content was read"
        elif there.content_sha256 is None:
            raise CommandError(
                f"Task {there.task_id} is there already, but its content is not read yet, so it can't be "
                "told whether it is the same. Nothing was handed over: run the command again.",
                PARTLY,
            )
        elif there.content_sha256 != checked.sha256:
            differs = "its content differs"
    if differs:
        raise CommandError(
            f"The task id {there.task_id} is that of another feed, handed over "
            f"{times.absolute(times.moment(there.handed_over_at))}: "
            f"{differs}. Nothing becomes of this one: take another id, or none. The other: bin/sellerbus "
            f"feeds show {there.task_id} --stage {tasks.cell.stage_name}",
            EXISTS,
        )
    return HandedOver(tasks, there, checked.findings, new=False)


def _add_what_the_row_tells(request: FeedRequest, row: Seller, allowed: Rules, checked: Checked) -> None:
    known = {(finding.rule, finding.where) for finding in checked.findings.kept}
    for finding in check_request(request, row, allowed).kept:
        if (finding.rule, finding.where) not in known:
            checked.findings.add(finding)


def _own_task_id() -> str:
    """Return a task id that is nobody's: with the day, so that a person can tell old ones from new."""
    return f"cli-{now():%Y%m%d}-{secrets.token_hex(6)}"


def _object_name(name: str) -> str:
    """Return a name for the object that says which file it was, and is no side file's."""
    plain = "".join(sign if sign in _HARMLESS else "_" for sign in PurePath(name).name)[-_LONGEST_NAME:]
    while plain.endswith(SIDE_FILE_ENDING):
        plain = plain.removesuffix(SIDE_FILE_ENDING) + ".json"
    return plain or "feed"


def refused_document(error: RefusedError, task_id: str | None) -> dict[str, Any]:
    """What --json prints of a feed that the checks refused here."""
    return {"taskId": task_id, "handedOver": False, "refused": dict(error.findings.document())}

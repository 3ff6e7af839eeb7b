"""`sellerbus feeds resubmit`: the messages of a feed that failed, to be corrected and submitted once more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Final

import typer
from botocore.exceptions import ClientError

from ops import console, feed_handing, feed_input, feed_resubmissions, feed_results, feed_submit, feed_tasks
from ops.cells import RegionName
from ops.errors import NOT_FOUND, WRONG_INPUT, CommandError
from ops.feed_options import TaskId, TimeOut, Wait, Yes
from ops.feed_tasks import Tasks
from ops.options import AsJson, NoInput, StageName, opened
from sellerbus.documents.compression import Unpacked
from sellerbus.documents.limits import Limits
from sellerbus.feeds.catalogue import feed_type
from sellerbus.feeds.checks import FeedRequest
from sellerbus.feeds.resubmission import ResubmissionError, failed_ids, failed_only
from sellerbus.feeds.task import FeedTask

ORIGIN: Final = "resubmit"

_CHUNK_BYTES: Final = 1 << 18
_GONE: Final = frozenset({"NoSuchKey", "NoSuchVersion", "404", "NotFound"})


def resubmit(
    task_id: TaskId,
    stage: StageName,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Write the failed messages to this new file, and submit nothing.",
            show_default=False,
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="Submit this corrected document; - for stdin.", show_default=False),
    ] = None,
    new_task_id: Annotated[
        str | None,
        typer.Option(
            "--task-id",
            help="A task id of your own for the new task: the same command again returns its first task.",
            show_default=False,
            metavar="ID",
        ),
    ] = None,
    yes: Yes = False,
    wait: Wait = False,
    timeout: TimeOut = 60.0,
    region: RegionName = None,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Submit again what failed of a feed: the messages only that the report has errors of.

    As a rule: --output writes them to a file, you correct it, --file submits it. With neither of the two they
    are submitted again as they are, after a confirmation; that helps where the cause was not in them. The new
    task is for the same seller, type, marketplaces and options, and tells whose resubmission it is. Where
    there is a resubmission of the task already, it is named, and --yes or a confirmation is needed.

    Exit codes: 2 nothing of it can be submitted again, or the checks refused it; 3 the document or the
    results are not kept any more; 4 the file is there already; 5 as of `submit`, whose --wait and --json are
    the same. With --output --json prints {"taskId", "output", "bytes", "messages"}.
    """
    del no_input
    if output is not None and file is not None:
        raise CommandError(
            "Give --output, to write what failed, or --file, to submit what you corrected.", WRONG_INPUT
        )
    target = opened(stage)
    tasks, task = feed_tasks.locate(target, task_id, region)
    if not task.is_ended:
        raise CommandError(f"Task {task_id} is {task.state}: it has not ended yet.", WRONG_INPUT)
    if file is not None:
        given = feed_handing.document(file)
        feed_resubmissions.confirm(tasks, task, new_task_id, feed_tasks.now(), yes=yes)
    else:
        failed = _failed(tasks, task)
        if output is not None:
            _write(tasks, task, failed, output, as_json=as_json)
            return
        console.say(
            f"{console.counted(len(failed), 'message')} of task {task_id} failed, and would be submitted "
            "again unchanged. To correct them first: --output FILE, then --file FILE."
        )
        feed_resubmissions.confirm(tasks, task, new_task_id, feed_tasks.now(), yes=yes)
        console.confirmed("Submit them as they are?", yes=yes)
        given = feed_handing.PipedDocument(
            _Stream(_only_failed(tasks, task, failed)), PurePosixPath(task.source.key).name
        )
    request = FeedRequest(
        feed_type=task.feed_type,
        marketplace_ids=task.marketplace_ids,
        content_type=task.content_type,
        feed_options=task.feed_options,
        task_id=new_task_id,
    )
    try:
        feed_submit.run(
            target, tasks, given, request, task.seller_id,
            origin=ORIGIN, resubmission_of=task.task_id, wait=wait, timeout=timeout, as_json=as_json,
        )  # fmt: skip
    except ResubmissionError as error:
        raise _not_cut(task, error) from error


def _failed(tasks: Tasks, task: FeedTask) -> frozenset[int]:
    """Return the ids of the messages that failed; raises CommandError where there are none."""
    if not task.results:
        raise CommandError(
            f"Task {task.task_id} ended {task.outcome} without results, so that it is not known which of its "
            f"messages failed. Submit a corrected document: --file FILE. {task.reason or ''}".rstrip(),
            WRONG_INPUT,
        )
    try:
        found = failed_ids(tasks.kept.lines(task.results))
    except ResubmissionError as error:
        raise _not_cut(task, error) from error
    if not found:
        raise CommandError(
            f"No message of task {task.task_id} failed by itself ({task.outcome}): nothing is to be "
            "submitted again. Where the whole feed failed, correct its document and submit it: --file FILE.",
            WRONG_INPUT,
        )
    return found


def _only_failed(tasks: Tasks, task: FeedTask, failed: frozenset[int]) -> Iterator[bytes]:
    allowed = feed_input.rules(tasks.cell)
    form = feed_type(task.feed_type, allowed.custom_types).format
    with closing(_source(tasks, task)) as body:
        limits = Limits(content_bytes=4 * allowed.largest_bytes)
        content = Unpacked(body.iter_chunks(chunk_size=_CHUNK_BYTES), limits)
        yield from failed_only(content, form, task.content_type, failed)


def _source(tasks: Tasks, task: FeedTask) -> Any:
    """Return the body of the document as it was handed over; raises CommandError."""
    place = task.source
    version = {"VersionId": place.version_id} if place.version_id else {}
    try:
        return tasks.cell.client("s3").get_object(Bucket=place.bucket, Key=place.key, **version)["Body"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise
        raise CommandError(
            f"The document of task {task.task_id} is not kept any more (s3://{place.bucket}/{place.key}): "
            "`retention.feeds_days` of the stage's file says for how long it is. Submit one of your own: "
            "--file FILE.",
            NOT_FOUND,
        ) from None


def _write(tasks: Tasks, task: FeedTask, failed: frozenset[int], output: Path, *, as_json: bool) -> None:
    try:
        written = feed_results.save(_only_failed(tasks, task, failed), output, None)
    except ResubmissionError as error:
        raise _not_cut(task, error) from error
    if as_json:
        console.show_json(
            {"taskId": task.task_id, "output": str(output), "bytes": written, "messages": len(failed)}
        )
    else:
        console.show_line(f"{output}: {console.counted(len(failed), 'message')}, {written:,} bytes")
    console.show_next(
        f"Correct them, then: bin/sellerbus feeds resubmit {task.task_id} --file {output} --stage "
        f"{tasks.cell.stage_name}",
        as_json=as_json,
    )


def _not_cut(task: FeedTask, error: ResubmissionError) -> CommandError:
    return CommandError(
        f"What failed of task {task.task_id} can't be taken out of its document: {error}. Submit a corrected "
        "document: --file FILE.",
        WRONG_INPUT,
    )


@dataclass
class _Stream:
    """Pieces of a document as a stream to read."""

    pieces: Iterator[bytes]
    _left: bytearray = field(default_factory=bytearray)

    def read(self, size: int = -1, /) -> bytes:
        while size < 0 or len(self._left) < size:
            piece = next(self.pieces, None)
            if piece is None:
                break
            self._left += piece
        end = len(self._left) if size < 0 else size
        found = bytes(self._left[:end])
        del self._left[:end]
        return found

"""`sellerbus feeds list|show|errors|report`: what became of feed tasks. Nothing is changed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from ops import (
    console,
    feed_input,
    feed_resubmissions,
    feed_results,
    feed_tables,
    feed_tasks,
    feed_views,
    times,
)
from ops.cells import RegionName
from ops.errors import NOT_FOUND, WRONG_INPUT, CommandError
from ops.feed_options import TaskId, one_of
from ops.feed_results import Row
from ops.feed_submit import checked_seller
from ops.feed_tasks import Tasks, Wanted
from ops.options import AsJson, StageName, opened
from sellerbus.feeds.task import FeedTask, Outcome, TaskState, iso

_TABLE_ROWS: Final = 100


class Format(StrEnum):
    """How errors are printed."""

    table = "table"
    csv = "csv"
    jsonl = "jsonl"


def list_tasks(
    stage: StageName,
    seller: Annotated[
        str | None, typer.Option("--seller", help="Only this seller's.", show_default=False, metavar="ID")
    ] = None,
    state: Annotated[
        str | None,
        typer.Option(help=f"Only those in this state: {', '.join(TaskState)}.", show_default=False),
    ] = None,
    outcome: Annotated[
        str | None,
        typer.Option(help=f"Only those that ended so: {', '.join(Outcome)}.", show_default=False),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="Only those since 2026-11-04, 2026-11-04T12:30 (UTC), or so long ago: 90m, 24h, 7d.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at the most.")] = 50,
    region: RegionName = None,
    as_json: AsJson = False,
) -> None:
    """List feed tasks, the newest first. Without --seller the whole table is read.

    Printed with --json: a list of what `show` prints, but for "waitsFor" and "candidates".
    """
    target = opened(stage)
    now = feed_tasks.now()
    wanted = Wanted(
        # A row may have its outcome before it has ended.
        state=one_of(TaskState, state, "--state") or (str(TaskState.ENDED) if outcome else None),
        outcome=one_of(Outcome, outcome, "--outcome"),
        since=iso(times.since(since, now).timestamp()) if since else None,
    )
    seller_id = checked_seller(seller) if seller else None
    places = feed_tasks.deployed(target, region)
    if seller_id is None:
        console.say("Reading the tasks of all sellers; --seller reads one seller's alone, which is quicker.")
    views = [
        feed_views.View(task, tasks, now)
        for tasks in places
        for task in (
            feed_tasks.newest(tasks.all(wanted), limit)
            if seller_id is None
            else feed_tasks.first(tasks.of_seller(seller_id, wanted), limit)
        )
    ]
    views.sort(key=lambda view: (view.task.created_at, view.task.task_id), reverse=True)
    views = views[:limit]
    if not views and seller_id is not None:
        feed_input.known_seller(target, seller_id, region)
    if as_json:
        console.show_json([view.document() for view in views])
    elif views:
        feed_tables.show_list(stage, views)
    else:
        console.say("There is no such task.")
    if len(views) == limit:
        newest = "This is the newest" if limit == 1 else f"These are the {limit} newest"
        console.say(f"{newest}; there may be more: --limit.")


def show(task_id: TaskId, stage: StageName, region: RegionName = None, as_json: AsJson = False) -> None:
    """Show everything that is known of a task: what it waits for, what a person can do, and its execution.

    Printed with --json: {"taskId", "region", "sellerId", "feedType", "marketplaceIds", "contentType",
    "feedOptions", "origin", "resubmissionOf", "source" {"bucket", "key", "versionId"}, "contentBytes",
    "contentSha256", "state", "outcome", "reason", "apiVersion", "feedId", "processingStatus", "handedOverAt",
    "createdAt", "updatedAt", "submittedAt", "stuckSince", "endedAt", "findings" {"errors", "warnings"},
    "totals", "report" {"bucket", "key", "bytes", "contentType"}, "results" {"bucket", "key", "messages"},
    "notes", "executionArn", "waitsFor", "candidates"}; null is what is not known or not there.
    """
    tasks, task = feed_tasks.locate(opened(stage), task_id, region)
    now = feed_tasks.now()
    view = feed_views.of(tasks, task, now)
    if as_json:
        console.show_json(view.full_document())
        return
    view = replace(view, resubmissions=feed_resubmissions.words(tasks, task, now))
    console.show_facts(f"Feed task {task.task_id} of stage {stage}", view.facts())
    advice = view.advice(stage)
    if advice:
        console.show_line("\n".join(("What you can do:", *(f"- {sentence}" for sentence in advice))))


def errors(
    task_id: TaskId,
    stage: StageName,
    sku: Annotated[str | None, typer.Option(help="Only this SKU's.", show_default=False)] = None,
    code: Annotated[str | None, typer.Option(help="Only those with this code.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Warnings and information as well.")] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=f"How many at the most; without it a table has {_TABLE_ROWS}, the other formats all.",
            show_default=False,
        ),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How they are printed.")] = Format.table,
    region: RegionName = None,
    as_json: AsJson = False,
) -> None:
    """List what Amazon's processing report says of single messages; of a refused task what the checks found.

    csv and jsonl are written line by line as they are read, whatever their number. Exit code 3 where the task
    has neither yet, or they are not kept any more. Printed with --json: {"taskId", "outcome", "totals",
    "messages": [{"messageId", "sku", "code", "severity", "message", "attribute", "details"}]}.
    """
    tasks, task = feed_tasks.locate(opened(stage), task_id, region)
    shown = limit if limit is not None or as_json or form is not Format.table else _TABLE_ROWS
    rows = feed_results.chosen(
        _rows(tasks, task, stage), sku=sku, code=code, everything=everything, limit=shown
    )
    if as_json:
        facts = {
            "taskId": task.task_id,
            "outcome": feed_tasks.ending(task),
            "totals": feed_views.plain(task.totals),
        }
        count = feed_results.write_json(facts, rows, sys.stdout)
    elif form is Format.csv:
        count = feed_results.write_csv(rows, sys.stdout)
    elif form is Format.jsonl:
        count = feed_results.write_lines(rows, sys.stdout)
    else:
        kept = list(rows)
        count = len(kept)
        if kept:
            feed_tables.show_results(
                f"Task {task.task_id}: {feed_views.totals(task.totals) or feed_tasks.standing(task)}", kept
            )
    if task.results and not task.results.get("complete", True):
        console.say("The report could be read only in part: the notes of `feeds show` say why.")
    if not count:
        console.say("Nothing like that is among the results." if sku or code else "There are no errors.")
    elif count == shown:
        first = "This is the first" if shown == 1 else f"These are the first {shown}"
        console.say(f"{first}; there may be more: --limit, or --format csv.")


def report(
    task_id: TaskId,
    stage: StageName,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A new file. Without it stdout.", show_default=False),
    ] = None,
    region: RegionName = None,
    as_json: AsJson = False,
) -> None:
    """Write the processing report as Amazon wrote it, unpacked and decrypted, in its own charset.

    Exit code 3 where there is none; 4 where the file is there already. Printed with --json, which needs
    --output: {"taskId", "output", "bytes", "contentType"}.
    """
    if as_json and output is None:
        raise CommandError(
            "Without --output the report itself goes to stdout: leave out --json.", WRONG_INPUT
        )
    tasks, task = feed_tasks.locate(opened(stage), task_id, region)
    if not task.report:
        raise CommandError(_nothing_kept(task, stage, "report"), NOT_FOUND)
    content_type = str(task.report.get("contentType") or "")
    chunks = tasks.kept.report(task.report)
    if output is None:
        feed_results.to_stdout(chunks, content_type)
        return
    size = task.report.get("bytes")
    written = feed_results.save(chunks, output, None if size is None else int(size))
    if as_json:
        console.show_json(
            {
                "taskId": task.task_id,
                "output": str(output),
                "bytes": written,
                "contentType": content_type or None,
            }
        )
    else:
        console.show_line(f"{output}: {written:,} bytes, {content_type or 'of no told content type'}")


def _rows(tasks: Tasks, task: FeedTask, stage: str) -> Iterator[Row]:
    if task.results:
        return tasks.kept.results(task.results)
    if task.findings and task.findings.get("key"):
        return map(feed_results.of_finding, tasks.kept.findings(task.findings))
    raise CommandError(_nothing_kept(task, stage, "results"), NOT_FOUND)


def _nothing_kept(task: FeedTask, stage: str, what: str) -> str:
    if not task.is_ended:
        return (
            f"Task {task.task_id} is {task.state}, and has no {what} yet: bin/sellerbus feeds show "
            f"{task.task_id} --stage {stage}"
        )
    reason = f" {task.reason}" if task.reason else ""
    return f"Task {task.task_id} ended {task.outcome} without {what}.{reason}"

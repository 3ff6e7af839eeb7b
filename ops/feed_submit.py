"""`sellerbus feeds submit`: a file becomes a feed task."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer
from botocore.exceptions import BotoCoreError, ClientError

from ops import console, feed_following, feed_handing, feed_input, feed_tables, feed_views, seller_input
from ops.errors import WRONG_INPUT, CommandError, aws_not_reached, aws_refusal
from ops.feed_handing import HandedOver, RefusedError
from ops.feed_options import TimeOut, Wait
from ops.feed_results import chosen
from ops.feed_tasks import Tasks, now, standing
from ops.options import AsJson, StageName, opened
from ops.stage import Stage
from sellerbus.feeds.checks import FeedRequest
from sellerbus.feeds.intake.inbox import seller_fault
from sellerbus.feeds.task import FeedTask, TaskState

ORIGIN: Final = "cli"

_FIRST_ERRORS: Final = 10


def submit(
    file: Annotated[Path, typer.Argument(help="The document; - for stdin.", show_default=False)],
    stage: StageName,
    seller: Annotated[
        str,
        typer.Option("--seller", help="The seller id (merchant token).", show_default=False, metavar="ID"),
    ],
    feed_type: Annotated[
        str, typer.Option("--type", help="Amazon's feed type.", show_default=False, metavar="TYPE")
    ],
    marketplaces: Annotated[
        list[str],
        typer.Option(
            "--marketplaces",
            "--marketplace",
            help="Country codes or marketplace ids, separated by commas; may be given several times.",
            show_default=False,
        ),
    ],
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option",
            help="One of the feedOptions that the type takes; may be given several times.",
            show_default=False,
            metavar="NAME=VALUE",
        ),
    ] = None,
    content_type: Annotated[
        str | None,
        typer.Option(
            help="What the document is written in, with its charset. Without it the usual one of the type, "
            "in UTF-8.",
            show_default=False,
        ),
    ] = None,
    task_id: Annotated[
        str | None,
        typer.Option(
            help="A task id of your own, which makes submitting idempotent: the same feed again returns its "
            "first task, another one is refused.",
            show_default=False,
            metavar="ID",
        ),
    ] = None,
    wait: Wait = False,
    timeout: TimeOut = 60.0,
    as_json: AsJson = False,
) -> None:
    """Check a document as the stage would, hand it over, and wait until it is taken up as a task.

    The whole document is checked here first: one that would be refused doesn't leave this machine, and what
    is wrong with it is told. It is then streamed into the stage's inbox. What comes from stdin is checked
    while it is uploaded, and the upload is given up where it is refused.

    Exit codes: 2 refused by the checks made here; 4 --task-id is another feed's; 5 uploaded, but not taken
    up within two minutes. With --wait: 0 COMPLETED; 1 FATAL, REFUSED, CANCELLED, FAILED, UNSEEN or GIVEN_UP;
    5 COMPLETED_WITH_ERRORS, or UNCERTAIN, which a person decides, or not ended in time. Printed with --json:
    what `show` prints, and "handedOver" (false: the task was there already), "localFindings", with --wait
    also "firstErrors" (null: they can't be read); where the checks refused it {"taskId", "handedOver": false,
    "refused": {"errors", "warnings", "findings"}}.
    """
    target = opened(stage)
    cell, chosen_ids = feed_input.marketplaces(target, marketplaces)
    kind = feed_type.strip().upper()
    usual = feed_input.usual_content_type(kind, feed_input.rules(cell))
    request = FeedRequest(
        feed_type=kind,
        marketplace_ids=chosen_ids,
        content_type=content_type or usual,
        feed_options=feed_input.options(option or ()),
        task_id=task_id,
    )
    given = feed_handing.document(file)
    seller_id = checked_seller(seller)
    run(
        target,
        Tasks(cell),
        given,
        request,
        seller_id,
        origin=ORIGIN,
        wait=wait,
        timeout=timeout,
        as_json=as_json,
    )


def checked_seller(text: str) -> str:
    """Return a seller id that can be part of a key in the inbox; raises CommandError."""
    found = seller_input.seller_id(text)
    fault = seller_fault(found)
    if fault:
        raise CommandError(f"--seller: {fault}.", WRONG_INPUT)
    return found


def run(
    target: Stage,
    tasks: Tasks,
    given: feed_handing.Document,
    request: FeedRequest,
    seller_id: str,
    *,
    origin: str,
    resubmission_of: str | None = None,
    wait: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Hand a document over and tell what became of it; raises CommandError where the code is not 0."""
    try:
        handed = feed_handing.hand_over(
            target, tasks, given, request, seller_id, origin=origin, resubmission_of=resubmission_of
        )
    except RefusedError as error:
        if as_json:
            console.show_json(feed_handing.refused_document(error, request.task_id))
        else:
            feed_input.show_findings("What the checks found", error.findings)
        raise CommandError(
            f"The feed was not handed over: {error}. Correct it and submit it again.", WRONG_INPUT
        ) from None
    if not as_json:
        _tell_start(handed)
    task = handed.task
    if wait:
        task = _followed(tasks, task, timeout, target.name)
    if as_json:
        console.show_json(_document(handed, task, waited=wait))
    elif wait:
        _tell_end(tasks, task)
    stage = target.name
    if not wait:
        console.show_next(f"Next: bin/sellerbus feeds show {task.task_id} --stage {stage}", as_json=as_json)
        return
    code = feed_following.exit_code(task)
    if code:
        raise CommandError(_unhappy(task, stage, timeout), code)


def _followed(tasks: Tasks, task: FeedTask, timeout: float, stage: str) -> FeedTask:
    try:
        return feed_following.follow(tasks, task, sleep=console.wait, seconds=timeout * 60)
    except KeyboardInterrupt:
        console.say(
            f"\nYou stopped waiting; task {task.task_id} goes on by itself: "
            f"bin/sellerbus feeds show {task.task_id} --stage {stage}, or cancel it: "
            f"bin/sellerbus feeds cancel {task.task_id} --stage {stage}"
        )
        raise


def _tell_start(handed: HandedOver) -> None:
    task = handed.task
    if handed.findings.warnings:
        feed_input.show_findings("What the checks found: nothing that keeps the feed back", handed.findings)
    if handed.new:
        console.show_line(f"Task {task.task_id}: {standing(task)}")
    else:
        console.show_line(
            f"Task {task.task_id} is there already, with the same content: {standing(task)}. "
            "Nothing was handed over again."
        )


def _tell_end(tasks: Tasks, task: FeedTask) -> None:
    facts = {
        "Outcome" if task.is_ended else "State": standing(task),
        "Reason": task.reason or "",
        "Feed id": task.feed_id or "",
        "Totals": feed_views.totals(task.totals) or "",
        "Notes": " ".join(task.notes),
    }
    console.show_facts(f"Task {task.task_id}", {name: value for name, value in facts.items() if value})
    errors = _first_errors(tasks, task)
    if errors:
        feed_tables.show_results("The first errors", errors)


def _first_errors(tasks: Tasks, task: FeedTask) -> list[Any] | None:
    """Return the first errors; None where they can't be read: how the task ended is known all the same."""
    if not task.results:
        return []
    try:
        rows = tasks.kept.results(task.results)
        return list(chosen(rows, sku=None, code=None, everything=False, limit=_FIRST_ERRORS))
    except CommandError as error:
        why = str(error)
    except ClientError as error:
        why = aws_refusal(error)
    except BotoCoreError as error:
        why = aws_not_reached(error)
    console.say(f"The first errors can't be shown: {why}")
    return None


def _document(handed: HandedOver, task: FeedTask, *, waited: bool) -> dict[str, Any]:
    document = feed_views.of(handed.tasks, task, now()).full_document() | {
        "handedOver": handed.new,
        "localFindings": [dict(row.document()) for row in handed.findings.kept],
    }
    if waited:
        document["firstErrors"] = _first_errors(handed.tasks, task)
    return document


def _unhappy(task: FeedTask, stage: str, timeout: float) -> str:
    show = f"bin/sellerbus feeds show {task.task_id} --stage {stage}"
    if task.is_ended:
        return f"Task {task.task_id} ended {task.outcome}. What can be done: {show}"
    if task.state is TaskState.UNCERTAIN:
        return f"Task {task.task_id} is UNCERTAIN: a person decides. How: {show}"
    return (
        f"Task {task.task_id} has not ended within {timeout:g} minutes; it goes on by itself ({task.state}): "
        f"{show}"
    )

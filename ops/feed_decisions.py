"""`sellerbus feeds cancel|settle`: what a person decides about a feed task, carried out by operate_feed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import typer

from ops import console, feed_tasks, feed_views, guard, times
from ops.amazon import AmazonRefusedError, Function, ask_waiting
from ops.cells import RegionName
from ops.errors import FAILED, PARTLY, WRONG_INPUT, CommandError
from ops.feed_options import TaskId, Yes
from ops.feed_tasks import Tasks
from ops.guard import Confirm
from ops.options import AsJson, NoInput, StageName, opened
from ops.stage import TASKS
from sellerbus.feeds.task import FeedTask, Outcome, TaskState

OPERATE: Final = Function("OperateFeedFunctionName", TASKS)

ADOPT, SUBMIT_AGAIN, GIVE_UP = "adopt", "submit-again", "give-up"
_WRONG_NOW: Final = ("wrong-state", "bad-request")
_BUSY: Final = "busy"
PERMANENT: Final = "permanent"
_CONSEQUENCES: Final = {
    ADOPT: "The task takes feed {feed} for its own and follows it to its end. If that feed is somebody "
    "else's, the task reports that feed's results, and its own document was perhaps never carried out.",
    SUBMIT_AGAIN: "The document is submitted once more. If Amazon did take it the first time, it is carried "
    "out twice.",
    GIVE_UP: "The task ends GIVEN_UP. If Amazon did take the feed, it is carried out and nobody follows it.",
}


def cancel(
    task_id: TaskId,
    stage: StageName,
    confirm: Confirm = None,
    region: RegionName = None,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Cancel a feed task: before Amazon hears of it, or while the feed is IN_QUEUE at Amazon.

    A task that was not submitted yet ends CANCELLED at once. For one that was, Amazon is asked; it cancels
    what it has not begun with, and the task ends when Amazon tells so. Exit code 1 where Amazon refuses; 2
    where the task cannot be cancelled as it stands. Printed with --json: {"taskId", "cancelled": "here" or
    "asked"}.
    """
    del no_input
    target = opened(stage)
    tasks, task = feed_tasks.locate(target, task_id, region)
    if task.is_ended and task.outcome is not Outcome.CANCELLED:
        raise CommandError(
            f"Task {task_id} has ended already, {task.outcome}: nothing was done.", WRONG_INPUT
        )
    if task.state is TaskState.UNCERTAIN:
        raise CommandError(
            f"Task {task_id} is UNCERTAIN: nobody knows whether there is a feed to cancel. Decide first: "
            f"bin/sellerbus feeds settle {task_id} --stage {stage} --help",
            WRONG_INPUT,
        )
    guard.allowed(target, confirm, "Cancelling a feed")
    show = f"bin/sellerbus feeds show {task_id} --stage {stage}"
    try:
        answer = _operated(tasks, {"request": "cancel", "taskId": task_id})
    except AmazonRefusedError as error:
        if error.kind != PERMANENT or task.state is not TaskState.PROCESSING:
            raise
        raise CommandError(
            f"Task {task_id} is not cancelled and goes on: Amazon refused to cancel feed {task.feed_id}. It "
            "cancels what is IN_QUEUE; as a rule it has begun with a feed that it refuses to cancel, and "
            f"nothing stops that any more. Wait for its end: {show}. Amazon's words: {error}",
            error.exit_code,
        ) from error
    if as_json:
        console.show_json({"taskId": task_id, "cancelled": answer.get("cancelled")})
    elif answer.get("cancelled") == "here":
        console.show_line(f"Task {task_id} is cancelled.")
    else:
        console.show_line(f"Amazon was asked to cancel feed {task.feed_id} of task {task_id}, and agreed.")
    if answer.get("cancelled") != "here":
        console.show_next(f"The task ends when Amazon tells so: {show}", as_json=as_json)


def settle(
    task_id: TaskId,
    stage: StageName,
    adopt: Annotated[
        str | None,
        typer.Option(
            "--adopt", metavar="FEED_ID", help="This feed of Amazon's is the task's.", show_default=False
        ),
    ] = None,
    submit_again: Annotated[
        bool, typer.Option("--submit-again", help="There is no feed: submit the document once more.")
    ] = False,
    give_up: Annotated[bool, typer.Option("--give-up", help="End the task without knowing.")] = False,
    yes: Yes = False,
    confirm: Confirm = None,
    region: RegionName = None,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Decide about an UNCERTAIN task: the answer of createFeed was lost, and getFeeds proves nothing.

    Without a decision the task is explained, with the feeds that may be its own. With one it is asked for
    confirmation. --adopt is checked with Amazon: the feed must be there, of the task's type, and no other
    task's. Exit code 2 where the task is not UNCERTAIN; 5 where no decision was given. Printed with --json:
    {"taskId", "state", "decision"}; without a decision what `show` prints.
    """
    chosen = _decision(adopt, submit_again=submit_again, give_up=give_up)
    del no_input
    target = opened(stage)
    tasks, task = feed_tasks.locate(target, task_id, region)
    # A decision may be repeated, in case the state machine was not told of it.
    repeated = chosen is not None and (task.decision or {}).get("choice") == chosen
    if task.state is not TaskState.UNCERTAIN and not repeated:
        raise CommandError(
            f"Task {task_id} is {feed_tasks.standing(task)}: there is nothing to decide about it.",
            WRONG_INPUT,
        )
    if chosen is None:
        if as_json:
            console.show_json(feed_views.of(tasks, task, feed_tasks.now()).full_document())
        else:
            console.show_facts(f"Task {task_id} is UNCERTAIN", _explanation(tasks, task))
        raise CommandError("Decide with --adopt FEED_ID, --submit-again or --give-up.", PARTLY)
    if not as_json and not repeated:
        console.show_facts(f"Task {task_id} is UNCERTAIN", _explanation(tasks, task))
    if adopt and adopt not in feed_views.candidates(task):
        console.say(f"Feed {adopt} is not among those that getFeeds showed as possible; Amazon is asked.")
    console.say(_CONSEQUENCES[chosen].format(feed=adopt))
    guard.allowed(target, confirm, "Deciding about a task")
    console.confirmed(f"Decide {chosen} for task {task_id}?", yes=yes or confirm is not None)
    request: dict[str, Any] = {"request": "settle", "taskId": task_id, "decision": chosen}
    if adopt:
        request["feedId"] = adopt
    answer = _operated(tasks, request)
    if as_json:
        console.show_json({"taskId": task_id, "state": answer.get("state"), "decision": chosen})
    else:
        console.show_line(f"Task {task_id}: {_state_after(chosen, answer.get('state'))}")


def _operated(tasks: Tasks, request: Mapping[str, Any]) -> dict[str, Any]:
    """Have operate_feed do it; raises CommandError."""
    try:
        return ask_waiting(tasks.cell, request, OPERATE)
    except AmazonRefusedError as error:
        if error.kind in _WRONG_NOW:
            raise CommandError(str(error), WRONG_INPUT) from error
        if error.kind == _BUSY and error.seconds:
            raise CommandError(f"{error} in about {times.span(error.seconds)}.", FAILED) from error
        raise


def _decision(adopt: str | None, *, submit_again: bool, give_up: bool) -> str | None:
    given = [
        name
        for name, there in ((ADOPT, adopt is not None), (SUBMIT_AGAIN, submit_again), (GIVE_UP, give_up))
        if there
    ]
    if len(given) > 1:
        raise CommandError(f"Give one decision, not {len(given)}.", WRONG_INPUT)
    if adopt is not None and not adopt.strip():
        raise CommandError("--adopt: name the feed id.", WRONG_INPUT)
    return given[0] if given else None


def _state_after(decision: str, state: object) -> str:
    """Return the state that operate_feed told; of a task that ended, how."""
    if decision == GIVE_UP and state == TaskState.ENDED:
        return str(Outcome.GIVEN_UP)
    return str(state)


def _candidate(tasks: Tasks, task: FeedTask, feed_id: str, now: datetime) -> str:
    """Return a feed's id with what its notification told, where one came."""
    row = tasks.feed(task.seller_id, feed_id)
    if not row.get("processingStatus"):
        return f"{feed_id} (no end of it was told)"
    return f"{feed_id} ({row['processingStatus']}, told {times.both(row.get('notifiedAt'), now)})"


def _explanation(tasks: Tasks, task: FeedTask) -> dict[str, str]:
    now = feed_tasks.now()
    opened_at = task.submission.opened_at
    called = times.absolute(times.at(opened_at)) if opened_at is not None else "-"
    return {
        "Why": task.reason or task.submission.reason or "-",
        "Feed": f"{task.feed_type} of seller {task.seller_id}, {feed_views.countries(task.marketplace_ids)}",
        "createFeed called": f"{console.counted(task.submission.attempt, 'time')}, last {called}",
        "Candidates": "; ".join(_candidate(tasks, task, each, now) for each in feed_views.candidates(task))
        or "none",
        "Since": times.both(task.updated_at, now),
        "To find out": "Seller Central, Inventory or Orders, Upload: the processing status there lists the "
        "feeds with their times. One of this type from the time of the call is this task's.",
    }

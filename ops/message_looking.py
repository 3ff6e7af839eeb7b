"""`sellerbus messages list|show`: what became of message tasks. Nothing is changed."""

from __future__ import annotations

from typing import Annotated

import typer

from ops import console, feed_input, message_tasks, message_views, message_words, seller_input, times
from ops.cells import RegionName
from ops.errors import WRONG_INPUT, CommandError
from ops.feed_options import one_of
from ops.message_options import TaskId
from ops.message_tasks import Wanted
from ops.message_views import View
from ops.options import AsJson, StageName, opened
from sellerbus.messaging.catalogue import MESSAGE_TYPES, WITHDRAWN, known_type
from sellerbus.messaging.task import MessageState, MessageTask, iso


def list_tasks(
    stage: StageName,
    seller: Annotated[
        str | None, typer.Option("--seller", help="Only this seller's.", show_default=False, metavar="ID")
    ] = None,
    order: Annotated[
        str | None,
        typer.Option("--order", help="Only those about this order.", show_default=False, metavar="ORDER"),
    ] = None,
    state: Annotated[
        str | None,
        typer.Option(help=f"Only those in this state: {', '.join(MessageState)}.", show_default=False),
    ] = None,
    message_type: Annotated[
        str | None,
        typer.Option("--type", help="Only those of this message type.", show_default=False, metavar="TYPE"),
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
    """List message tasks, the newest first. Without --seller the whole table is read.

    Printed with --json: a list of what `show` prints.
    """
    target = opened(stage)
    now = message_tasks.now()
    wanted = Wanted(
        state=one_of(MessageState, state, "--state"),
        message_type=_type(message_type),
        order_id=order.strip() if order else None,
        since=iso(times.since(since, now).timestamp()) if since else None,
    )
    seller_id = seller_input.seller_id(seller) if seller else None
    places = message_tasks.deployed(target, region)
    if seller_id is None:
        console.say("Reading the tasks of all sellers; --seller reads one seller's alone, which is quicker.")
    views = [
        View(task, tasks, now)
        for tasks in places
        for task in (
            message_tasks.newest(tasks.all(wanted), limit)
            if seller_id is None
            else message_tasks.first(tasks.of_seller(seller_id, wanted), limit)
        )
    ]
    views.sort(key=lambda view: message_tasks.age(view.task), reverse=True)
    views = views[:limit]
    if not views and seller_id is not None:
        feed_input.known_seller(target, seller_id, region)
    if as_json:
        console.show_json([view.document() for view in views])
    elif views:
        message_views.show_list(stage, views)
    else:
        console.say("There is no such task.")
    if len(views) == limit:
        newest = "This is the newest" if limit == 1 else f"These are the {limit} newest"
        console.say(f"{newest}; there may be more: --limit.")


def show(
    task_id: TaskId,
    stage: StageName,
    content: Annotated[
        bool,
        typer.Option("--content", help="Show the message itself as well, as long as it is kept."),
    ] = False,
    region: RegionName = None,
    as_json: AsJson = False,
) -> None:
    """Show everything that is known of a task: what it waits for, what was found, what a person can do.

    Printed with --json: {"taskId", "askedTaskId", "region", "sellerId", "marketplaceId", "amazonOrderId",
    "messageType", "origin", "force", "state", "reason", "findings" [{"rule", "field", "severity", "text",
    "limit"}], "allowed", "attempts", "decision", "waitsFor", "handedOverAt", "createdAt", "updatedAt",
    "sentAt", "endedAt", "contentKept", "notes"}, with --content also "content" {"text" or "template",
    "attachments", "coverageStartDate", "coverageEndDate"}; null is what is not known or not there.
    """
    tasks, task = message_tasks.locate(opened(stage), task_id, region)
    view = View(task, tasks, message_tasks.now())
    if as_json:
        more = {"content": message_views.plain(task.content)} if content else {}
        console.show_json(view.document() | more)
        return
    console.show_facts(f"Message task {task.task_id} of stage {stage}", view.facts())
    if task.findings:
        message_views.show_findings("What the checks found", task.findings)
    if content:
        show_content(task)
    advice = message_words.advice(task, stage)
    if advice:
        console.show_line("\n".join(("What you can do:", *(f"- {sentence}" for sentence in advice))))


def show_content(task: MessageTask) -> None:
    """Print the message as the request had it."""
    kept = task.content
    if kept is None:
        console.say("The message is not kept any more.")
        return
    template = kept.get("template") or {}
    facts = {
        "Template": template.get("name"),
        **{f"value {name}": value for name, value in sorted((template.get("values") or {}).items())},
        "Attachments": ", ".join(
            f"{each['fileName']} ({each['sizeBytes']:,} bytes)" for each in kept.get("attachments") or ()
        ),
        "Coverage": " to ".join(
            str(kept[name]) for name in ("coverageStartDate", "coverageEndDate") if kept.get(name)
        ),
    }
    console.show_facts("The message", {name: str(value) for name, value in facts.items() if value})
    if kept.get("text") is not None:
        console.show_line(f"\n{kept['text']}\n")


def _type(given: str | None) -> str | None:
    if given is None:
        return None
    found = known_type(given)
    if found is None:
        raise CommandError(
            f"--type {given!r} is none of {', '.join((*MESSAGE_TYPES, *WITHDRAWN))}.", WRONG_INPUT
        )
    return found.name

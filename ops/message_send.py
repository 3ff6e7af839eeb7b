"""`sellerbus messages send`: one message becomes a task."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ops import (
    console,
    message_files,
    message_findings,
    message_following,
    message_handing,
    message_input,
    message_views,
)
from ops.errors import WRONG_INPUT, CommandError
from ops.message_drafts import Draft
from ops.message_handing import HandedOver, RefusedError
from ops.message_options import SellerId, TimeOut, Wait
from ops.message_tasks import MessageTasks, now, words
from ops.message_templates import Templates
from ops.message_views import View
from ops.options import AsJson, StageName, opened
from ops.stage import Stage
from sellerbus.messaging.catalogue import MESSAGE_TYPES
from sellerbus.messaging.task import MessageState, MessageTask


def send(
    stage: StageName,
    seller: SellerId,
    order: Annotated[
        str, typer.Option("--order", help="Amazon's order id.", show_default=False, metavar="ORDER")
    ],
    marketplace: Annotated[
        str,
        typer.Option(
            "--marketplace", help="The order's marketplace: a country code or an id.", show_default=False
        ),
    ],
    message_type: Annotated[
        str,
        typer.Option(
            "--type", help=f"One of {', '.join(MESSAGE_TYPES)}.", show_default=False, metavar="TYPE"
        ),
    ],
    text: Annotated[str | None, typer.Option(help="The text.", show_default=False)] = None,
    text_file: Annotated[
        Path | None,
        typer.Option(help="A file with the text, in UTF-8; - for stdin.", show_default=False, metavar="FILE"),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(help="A template of the stage in place of a text.", show_default=False, metavar="NAME"),
    ] = None,
    value: Annotated[
        list[str] | None,
        typer.Option(
            help="What stands for one of the template's placeholders; may be given several times.",
            show_default=False,
            metavar="NAME=TEXT",
        ),
    ] = None,
    attach: Annotated[
        list[Path] | None,
        typer.Option(
            help="A file for the buyer; may be given several times.", show_default=False, metavar="FILE"
        ),
    ] = None,
    coverage_start: Annotated[
        str | None,
        typer.Option(
            help="From when a warranty covers: 2026-11-04T00:00:00Z.", show_default=False, metavar="TIME"
        ),
    ] = None,
    coverage_end: Annotated[
        str | None, typer.Option(help="Until when it covers.", show_default=False, metavar="TIME")
    ] = None,
    task_id: Annotated[
        str | None,
        typer.Option(
            help="A task id of your own, which makes sending idempotent: the same message again returns its "
            "first task, another one is refused.",
            show_default=False,
            metavar="ID",
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Send it even if the very same message was handed over a while ago."),
    ] = False,
    wait: Wait = False,
    timeout: TimeOut = 15.0,
    as_json: AsJson = False,
) -> None:
    """Check a message to a buyer, hand it over, and wait until it is taken up as a task.

    It is checked here first, by the limits of Amazon's model: one that would be refused doesn't leave this
    machine. What the order itself allows is looked up by the task. Attachments go into the stage's message
    bucket. Without --task-id and --force the very same message within `messages.same_message_hours` counts as
    the one that was handed over before.

    A paused seller's message is refused at once. What an application hands over by queue or event for such a
    seller waits until `sellerbus sellers resume ID --stage S`, for `messages.give_up_hours` at the most.

    Exit codes: 2 refused by the checks made here; 4 --task-id is another message's; 5 handed over, but not
    taken up within two minutes. With --wait: 0 SENT; 1 REFUSED, NOT_ALLOWED or FAILED; 5 UNCERTAIN, which a
    person decides, or not ended in time. Printed with --json: what `show` prints, and "handedOver" (false:
    the task was there already) and "localFindings"; where the checks refused it {"taskId", "handedOver":
    false, "refused": {"findings"}}.
    """
    target = opened(stage)
    cell = message_input.cell_of(target, marketplace)
    files, unreadable = message_files.readable(attach or ())
    draft = Draft(
        seller_id=seller.strip(),
        marketplace=marketplace.strip(),
        amazon_order_id=order.strip(),
        message_type=message_type.strip(),
        text=message_input.text(text, text_file),
        template=template,
        values=message_input.options(value or (), "--value"),
        files=files,
        coverage_start_date=coverage_start,
        coverage_end_date=coverage_end,
        task_id=task_id,
        force=force,
    )
    if draft.values and draft.template is None:
        raise CommandError("--value goes with --template: a text has no placeholders.", WRONG_INPUT)
    if unreadable:
        if not as_json:
            _tell_the_rest(draft, Templates(cell))
        raise CommandError(" ".join(unreadable), WRONG_INPUT)
    run(target, MessageTasks(cell), draft, wait=wait, timeout=timeout, as_json=as_json)


def run(
    target: Stage, tasks: MessageTasks, draft: Draft, *, wait: bool, timeout: float, as_json: bool
) -> None:
    """Hand a message over and tell what became of it; raises CommandError where the code is not 0.

    timeout: minutes.
    """
    try:
        handed = message_handing.hand_over(target, tasks, message_input.checked(draft, Templates(tasks.cell)))
    except RefusedError as error:
        if as_json:
            console.show_json(message_handing.refused_document(error, draft.task_id))
        else:
            found = message_findings.as_given(error.findings, draft.files)
            message_views.show_findings("What the checks found", found)
        raise CommandError(
            f"The message was not handed over: {error}. Correct it and send it again.", WRONG_INPUT
        ) from None
    if not as_json:
        _tell_start(handed, draft, wait=wait)
    task = followed(tasks, handed.task, timeout, target.name) if wait else handed.task
    if as_json:
        console.show_json(_document(handed, task))
    elif wait:
        tell_end(tasks, task)
    if not wait:
        show = f"bin/sellerbus messages show {task.task_id} --stage {target.name}"
        console.show_next(f"Next: {show}", as_json=as_json)
        return
    code = message_following.exit_code(task)
    if code:
        raise CommandError(unhappy(task, target.name, timeout), code)


def _tell_the_rest(draft: Draft, templates: Templates) -> None:
    """Print what else is wrong with a message of whose files not all can be read."""
    try:
        message_input.checked(draft, templates)
    except RefusedError as error:
        found = [each for each in error.findings if each.rule != "attachments-missing"]
        if found:
            given = message_findings.as_given(found, draft.files)
            message_views.show_findings("What the checks found beside", given)


def tell_end(tasks: MessageTasks, task: MessageTask) -> None:
    """Print how the task stands, and what was found."""
    names = ("State", "Reason", "Waiting", "Order allows", "Sent", "Notes")
    facts = View(task, tasks, now()).facts()
    console.show_facts(f"Task {task.task_id}", {name: facts[name] for name in names if name in facts})
    if task.findings:
        message_views.show_findings("What the checks found", task.findings)


def unhappy(task: MessageTask, stage: str, timeout: float) -> str:
    """Return what is said of a task that has not ended SENT. timeout: minutes that were waited."""
    show = f"bin/sellerbus messages show {task.task_id} --stage {stage}"
    if task.is_ended:
        return f"Task {task.task_id} ended {task.state}. What can be done: {show}"
    if task.state is MessageState.UNCERTAIN:
        return (
            f"Task {task.task_id} is UNCERTAIN: a person decides. Whether the buyer has the message, the "
            "order's messages in Seller Central tell; then: "
            f"bin/sellerbus messages settle {task.task_id} --stage {stage}"
        )
    return (
        f"Task {task.task_id} has not ended within {timeout:g} minutes; it goes on by itself ({task.state}): "
        f"{show}"
    )


def followed(tasks: MessageTasks, task: MessageTask, timeout: float, stage: str) -> MessageTask:
    """Follow a task, and say where it is found if the person stops waiting. timeout: minutes."""
    try:
        return message_following.follow(tasks, task, sleep=console.wait, seconds=timeout * 60)
    except KeyboardInterrupt:
        console.say(
            f"\nYou stopped waiting; task {task.task_id} goes on by itself: "
            f"bin/sellerbus messages show {task.task_id} --stage {stage}, or cancel it, as long as Amazon "
            f"was not called: bin/sellerbus messages cancel {task.task_id} --stage {stage}"
        )
        raise


def _tell_start(handed: HandedOver, draft: Draft, *, wait: bool) -> None:
    """wait: the state is told later, when it is known what became of the task."""
    task = handed.task
    if handed.findings:
        message_views.show_findings(
            "What the checks found: nothing that keeps the message back",
            message_findings.as_given(handed.findings, draft.files),
        )
    if handed.new:
        if not wait:
            console.show_line(f"Task {task.task_id}: {words(task)}")
        return
    state = "" if wait else f": {words(task)}"
    again = "" if draft.task_id is not None else " --force sends it once more."
    console.show_line(
        f"Task {task.task_id} is there already, with the same message{state}. "
        f"Nothing was handed over again.{again}"
    )


def _document(handed: HandedOver, task: MessageTask) -> dict[str, Any]:
    return View(task, handed.tasks, now()).document() | {
        "handedOver": handed.new,
        "localFindings": [dict(row.document()) for row in handed.findings],
    }

"""`sellerbus messages cancel|settle`: what a person decides about a message, done by operate_message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from ops import console, guard, message_tasks, message_views, times
from ops.amazon import AmazonRefusedError, Function, ask_waiting
from ops.cells import RegionName
from ops.errors import FAILED, PARTLY, WRONG_INPUT, CommandError
from ops.guard import Confirm
from ops.message_options import TaskId, Yes
from ops.message_tasks import MessageTasks
from ops.message_views import View
from ops.options import AsJson, NoInput, StageName, opened
from ops.stage import TASKS
from sellerbus.messaging.operating import CANCEL, GIVE_UP, SEND_AGAIN, SENT
from sellerbus.messaging.task import MessageState, MessageTask

OPERATE: Final = Function("OperateMessageFunctionName", TASKS)

_WRONG_NOW: Final = ("wrong-state", "bad-request")
_BUSY: Final = "busy"
_CONSEQUENCES: Final = {
    SENT: "The task ends SENT, and its message is erased here. If Amazon did not take it, the buyer never "
    "gets it.",
    SEND_AGAIN: "The message is sent once more. If Amazon did take it the first time, the buyer gets it "
    "twice.",
    GIVE_UP: "The task ends FAILED, and its message is erased here. If Amazon did take it, the buyer has it "
    "all the same.",
}


def cancel(
    task_id: TaskId,
    stage: StageName,
    confirm: Confirm = None,
    region: RegionName = None,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Cancel a message task that Amazon was not called for yet.

    It ends FAILED. Exit code 2 where the task cannot be cancelled as it stands. Printed with --json:
    {"taskId", "state"}.
    """
    del no_input
    target = opened(stage)
    tasks, task = message_tasks.locate(target, task_id, region)
    if task.is_ended and task.decision != CANCEL:
        raise CommandError(f"Task {task_id} has ended already, {task.state}: nothing was done.", WRONG_INPUT)
    if task.state is MessageState.UNCERTAIN:
        raise CommandError(
            f"Task {task_id} is UNCERTAIN: nobody knows whether there is anything left to cancel. Decide: "
            f"bin/sellerbus messages settle {task_id} --stage {stage} --help",
            WRONG_INPUT,
        )
    guard.allowed(target, confirm, "Cancelling a message")
    answer = _operated(tasks, {"request": "cancel", "taskId": task_id})
    if as_json:
        console.show_json({"taskId": task_id, "state": answer.get("state")})
    else:
        console.show_line(f"Task {task_id} is cancelled; nothing was sent.")


def settle(
    task_id: TaskId,
    stage: StageName,
    sent: Annotated[bool, typer.Option("--sent", help="The buyer has it: the task ends SENT.")] = False,
    send_again: Annotated[
        bool, typer.Option("--send-again", help="The buyer does not have it: send it once more.")
    ] = False,
    give_up: Annotated[bool, typer.Option("--give-up", help="End the task without knowing.")] = False,
    yes: Yes = False,
    confirm: Confirm = None,
    region: RegionName = None,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Decide about an UNCERTAIN task: Amazon's answer was lost, and nothing proves whether the buyer has it.

    Without a decision the task is explained. With one it is asked for confirmation. Exit code 2 where the
    task is not UNCERTAIN, or is to be sent again and its message is not kept any more; 5 where no decision
    was given. Printed with --json: {"taskId", "state", "decision"}; without a decision what `show` prints.
    """
    chosen = _decision({SENT: sent, SEND_AGAIN: send_again, GIVE_UP: give_up})
    del no_input
    target = opened(stage)
    tasks, task = message_tasks.locate(target, task_id, region)
    # A decision may be repeated, in case what follows from it was cut off.
    repeated = chosen is not None and task.decision == chosen
    if task.state is not MessageState.UNCERTAIN and not repeated:
        raise CommandError(
            f"Task {task_id} is {task.state}: there is nothing to decide about it.", WRONG_INPUT
        )
    if chosen is None and as_json:
        console.show_json(View(task, tasks, message_tasks.now()).document())
    elif not as_json and not repeated:
        console.show_facts(f"Task {task_id} is UNCERTAIN", _explanation(task))
    if chosen is None:
        raise CommandError("Decide with --sent, --send-again or --give-up.", PARTLY)
    if chosen == SEND_AGAIN and task.content is None and not repeated:
        raise CommandError(
            f"The message of task {task_id} is not kept any more: it can't be sent again. Decide --sent or "
            "--give-up, and hand it over anew if need be.",
            WRONG_INPUT,
        )
    if not repeated:
        console.say(_CONSEQUENCES[chosen])
    guard.allowed(target, confirm, "Deciding about a task")
    if not repeated:
        console.confirmed(f"Decide {chosen} for task {task_id}?", yes=yes or confirm is not None)
    answer = _operated(tasks, {"request": "settle", "taskId": task_id, "decision": chosen})
    if as_json:
        console.show_json({"taskId": task_id, "state": answer.get("state"), "decision": chosen})
    else:
        console.show_line(f"Task {task_id}: {answer.get('state')}")
    if chosen == SEND_AGAIN:
        console.show_next(f"Next: bin/sellerbus messages show {task_id} --stage {stage}", as_json=as_json)


def _operated(tasks: MessageTasks, request: Mapping[str, Any]) -> dict[str, Any]:
    """Have operate_message do it; raises CommandError."""
    try:
        return ask_waiting(tasks.cell, request, OPERATE)
    except AmazonRefusedError as error:
        if error.kind in _WRONG_NOW:
            raise CommandError(str(error), WRONG_INPUT) from error
        if error.kind == _BUSY and error.seconds:
            raise CommandError(f"{error} in about {times.span(error.seconds)}.", FAILED) from error
        raise


def _decision(given: Mapping[str, bool]) -> str | None:
    chosen = [name for name, there in given.items() if there]
    if len(chosen) > 1:
        raise CommandError(f"Give one decision, not {len(chosen)}.", WRONG_INPUT)
    return chosen[0] if chosen else None


def _explanation(task: MessageTask) -> dict[str, str]:
    now = message_tasks.now()
    called = times.both(times.at(task.attempt.started_at).isoformat(), now) if task.attempt else "-"
    until = times.absolute(times.at(task.content_until))
    country = message_views.country(task.marketplace_id)
    return {
        "Why": task.reason or "-",
        "Message": f"{task.message_type} of seller {task.seller_id}, {country}",
        "Order": task.amazon_order_id,
        "Called": f"{console.counted(task.attempts, 'time')}, last {called}",
        "Kept": f"until {until} at the latest" if task.content is not None else "not any more",
        "To find out": "Seller Central, Manage Orders, the order, Contact buyer: its messages are listed "
        "there with their times. One from the time of the call is this task's.",
    }

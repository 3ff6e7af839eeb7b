"""Many messages at once: what is there of them already, and handing in the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from botocore.exceptions import BotoCoreError, ClientError

from ops import message_handing, parallel
from ops.errors import CommandError, aws_not_reached, aws_refusal
from ops.message_handing import Door
from ops.message_plan import Plan, Planned
from ops.message_tasks import MessageTasks, now
from sellerbus.messaging.operating import CANCEL
from sellerbus.messaging.task import MessageState, MessageTask


def look(plan: Plan, *, retry: bool) -> None:
    """Note which of the plan's tasks are there already, and which ids are other messages'.

    What was not sent, and was tried once more in an earlier run, is the task of its last try. retry: try once
    more what was not sent, as a new task. A line without a task id of its own is also the task of the very
    same message that was handed over some other way, by hand or by an application, not long ago.
    """
    for tasks, planned in by_cell(plan.planned.values()):
        left = planned
        while left:
            there = tasks.find_all(each.task_id for each in left)
            left = [each for each in left if _tried_again(each, there.get(each.task_id), retry=retry)]
        _note_same(tasks, [each for each in planned if each.derived and not each.task and not each.fault])


def _note_same(tasks: MessageTasks, planned: Iterable[Planned]) -> None:
    """The stage takes what has a task id for new: so it is for whoever makes one to see that it isn't."""
    by_hash = {each.checked.content_hash: each for each in planned}
    for content_hash, task in tasks.same_of_all(by_hash, now().timestamp()).items():
        by_hash[content_hash].is_task(task)


def may_be_retried(task: MessageTask) -> bool:
    """Whether it is certain that no call of the task's has reached the buyer."""
    never_called = task.state is MessageState.FAILED and task.attempts == 0
    refused = task.state in (MessageState.REFUSED, MessageState.NOT_ALLOWED)
    # Where a person decided, an earlier call may have been carried out after all.
    return (never_called or refused) and task.decision in (None, CANCEL)


def _tried_again(planned: Planned, there: MessageTask | None, *, retry: bool) -> bool:
    """Note the task, or that there is none; True where the one of the next try is to be looked for."""
    before = planned.task
    if there is None:
        # The last try is what the line became, unless there shall be another.
        if before is not None and not retry:
            planned.checked = planned.of_try(planned.number - 1)
        elif before is not None:
            planned.task = None
        return False
    planned.task = None
    _note(planned, there)
    if planned.fault or not planned.derived or not may_be_retried(there):
        return False
    planned.number += 1
    planned.checked = planned.of_try(planned.number)
    return True


def hand_in(plan: Plan, advance: Callable[[], None]) -> bool:
    """Hand in what is not there yet, with a few threads; returns whether it was interrupted.

    Stops where many in a row fail: then the cause lies in no line.
    """
    todo = [each for each in plan.planned.values() if each.task is None and each.fault is None]
    doors = {tasks.cell.region: Door(tasks.cell) for tasks, _ in by_cell(todo)}
    for door in doors.values():
        door.open()
    stop, failing = parallel.Stop(), parallel.Streak()

    def work(each: Planned, _: parallel.Stop) -> str | None:
        try:
            doors[each.tasks.cell.region].hand_in(each.checked.draft)
        except CommandError as error:
            return str(error)
        except (ClientError, BotoCoreError) as error:
            if failing.grew():
                stop.set()
            return aws_refusal(error) if isinstance(error, ClientError) else aws_not_reached(error)
        failing.broke()
        return None

    try:
        for each, fault in parallel.each(todo, work, stop=stop):
            each.fault = fault
            each.handed_over = fault is None
            advance()
    except KeyboardInterrupt:
        return True
    return False


def by_cell(planned: Iterable[Planned]) -> list[tuple[MessageTasks, list[Planned]]]:
    """Return the tasks of each cell together."""
    found: dict[str, tuple[MessageTasks, list[Planned]]] = {}
    for each in planned:
        found.setdefault(each.tasks.cell.region, (each.tasks, []))[1].append(each)
    return list(found.values())


def _note(planned: Planned, there: MessageTask | None) -> None:
    if there is None:
        return
    if there.content_hash != planned.checked.content_hash:
        planned.fault = str(message_handing.taken(planned.tasks, there))
    else:
        planned.task = there


def taken_up(planned: Planned, task: MessageTask) -> None:
    """Note the task that a message became."""
    _note(planned, task)

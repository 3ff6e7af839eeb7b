"""`sellerbus dead-letters redrive`: put letters back into the queue they came from."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence, Set
from typing import Annotated, Final

import typer
from botocore.exceptions import ClientError

from ops import console, dead_letter_queues, guard
from ops.cells import RegionName
from ops.dead_letter_commands import LetterIds, QueueName, Reason
from ops.dead_letter_moving import Done, NotSentError, move, steady, to_bus, to_queue
from ops.dead_letter_queues import DeadLetterQueue
from ops.dead_letter_reading import Letter, by_cause, look
from ops.dead_letter_task import COMPLETED, TaskState, follow_task, start_task
from ops.errors import NOT_FOUND, PARTLY, WRONG_INPUT, CommandError, aws_refusal
from ops.guard import Confirm
from ops.options import AsJson, NoInput, StageName, Yes, opened
from ops.stage import NOTIFICATIONS, Stage

_DEFAULT_PER_SECOND: Final = 20.0
_MOST_LOOKED_AT: Final = 10_000


def redrive(
    stage: StageName,
    queue: QueueName = None,
    ids: LetterIds = None,
    reason: Reason = None,
    everything: Annotated[bool, typer.Option("--all", help="The letters of all queues.")] = False,
    per_second: Annotated[
        float | None,
        typer.Option(
            min=0.2,
            max=500,
            help=f"How many a second at the most; without it {_DEFAULT_PER_SECOND:.0f}.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which would be put back.")] = False,
    yes: Yes = False,
    confirm: Confirm = None,
    region: RegionName = None,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Put dead letters back into the queue they came from, once their cause is mended.

    Examples:
        bin/sellerbus dead-letters redrive --stage production --queue notification --dry-run
        bin/sellerbus dead-letters redrive --stage production --queue notification --per-second 5
        bin/sellerbus dead-letters redrive --stage production --id 5f0c2f31-2c0e-4e8d-9a06-0c1b1f6a8d11

    A letter is sent before it is deleted: whenever this is killed, none is lost, and one at the most is in
    both queues; what was done already is not done again, for it carries its first id along. What fails again
    meanwhile is left. A whole queue is moved by SQS itself, where its functions need no first id. Exit code 3
    where there is no such letter; 5 where not all could be put back. Printed with --json: a list of
    {"region", "queue", "moved", "left", "failedAgain", "by" (letter, or sqs), "fault"}; with --dry-run
    {"region", "queue", "would", "reasons"}.
    """
    del no_input
    target = opened(stage)
    wanted_ids = {each.strip() for each in ids or ()}
    if not (queue or wanted_ids or everything):
        raise CommandError("Say which: --queue NAME, --id ID, or --all.", WRONG_INPUT)
    queues = dead_letter_queues.deployed(target, region, queue)
    if dry_run:
        _foretell(queues, wanted_ids, reason, as_json=as_json)
        return
    guard.allowed(target, confirm, "Putting dead letters back")
    what = console.counted(len(wanted_ids), "letter") if wanted_ids else f"the letters of {_titles(queues)}"
    console.confirmed(
        f"Put back {what}{f' with reason {reason}' if reason else ''}?", yes=yes or confirm is not None
    )
    done: list[Done] = []
    try:
        for each in queues:
            if wanted_ids <= _ids(done) and wanted_ids:
                break
            if each.depth().visible:
                done.append(Done(each))
                _put_back(done[-1], wanted_ids, reason, per_second or _DEFAULT_PER_SECOND)
    finally:
        _show(done, as_json=as_json)
    _conclude(target, done, wanted_ids)


def _put_back(done: Done, ids: Set[str], reason: str | None, per_second: float) -> None:
    """Put back what is wanted of one queue; what AWS refuses is noted, and the other queues go on."""
    queue = done.queue
    try:
        if not ids and reason is None and _is_movable(queue) and _by_sqs(done, per_second):
            return
        with console.progress(queue.depth().visible, f"Putting back {queue.title}") as bar:
            move(
                queue.sqs,
                dead_url=queue.url,
                send=_way_back(queue),
                wanted=_chosen(ids, reason, bar.advance),
                pace=steady(per_second, now=time.monotonic, wait=console.wait),
                told=done.moved,
                enough=lambda: bool(ids) and ids <= done.moved.ids,
            )
    except ClientError as error:
        done.fault = aws_refusal(error)
    except NotSentError as error:
        done.fault = str(error)


def _is_movable(queue: DeadLetterQueue) -> bool:
    """Whether SQS's move task does: it knows queues alone, and no first ids."""
    return not queue.kind.derives_ids and not queue.kind.from_bus


def _way_back(queue: DeadLetterQueue) -> Callable[[Letter], str]:
    if queue.kind.from_bus:
        return to_bus(queue.cell.client("events"), queue.cell.output("EventBusName", NOTIFICATIONS))
    return to_queue(queue.sqs, queue.source_url())


def _by_sqs(done: Done, per_second: float) -> bool:
    """Have SQS move the whole queue, and wait; False where the queue service has no move task."""
    queue = done.queue
    dead_arn = queue.arn()
    handle = start_task(queue.sqs, dead_arn=dead_arn, source_arn=queue.source_arn(), per_second=per_second)
    if handle is None:
        return False
    done.by = "sqs"
    with console.progress(queue.depth().visible, f"SQS moves {queue.title}") as bar:

        def told(state: TaskState) -> None:
            bar.reached(state.moved)
            done.moved.moved = state.moved

        end = follow_task(queue.sqs, dead_arn, handle, wait=console.wait, told=told)
    if end.status != COMPLETED:
        done.fault = f"SQS's move task ended {end.status}: {end.failure or 'no reason was told'}"
    return True


def _chosen(ids: Set[str], reason: str | None, looked: Callable[[], None]) -> Callable[[Letter], bool]:
    def wanted(letter: Letter) -> bool:
        looked()
        return _is_wanted(letter, ids, reason)

    return wanted


def _is_wanted(letter: Letter, ids: Set[str], reason: str | None) -> bool:
    return (not ids or bool(ids & {letter.message_id, letter.original_id})) and reason in (
        None,
        letter.reason,
    )


def _foretell(queues: Sequence[DeadLetterQueue], ids: Set[str], reason: str | None, *, as_json: bool) -> None:
    found = [
        (
            queue,
            [
                letter
                for letter in look(queue.sqs, queue.url, _MOST_LOOKED_AT)
                if _is_wanted(letter, ids, reason)
            ],
        )
        for queue in queues
        if queue.depth().visible
    ]
    if as_json:
        console.show_json(
            [
                {
                    "region": queue.cell.region,
                    "queue": queue.name,
                    "would": len(letters),
                    "reasons": {group[0].reason: len(group) for group in by_cause(letters)},
                }
                for queue, letters in found
            ]
        )
        return
    for queue, letters in found:
        for group in by_cause(letters):
            console.show_line(
                f"{queue.title}: {console.counted(len(group), 'letter')} {group[0].reason}, "
                f"such as {group[0].message_id}"
            )
    total = sum(len(letters) for _, letters in found)
    console.show_line(f"{console.counted(total, 'letter')} would be put back. Nothing was done.")


def _show(done: Sequence[Done], *, as_json: bool) -> None:
    if as_json:
        console.show_json([each.document() for each in done])
        return
    for each in done:
        again = f", {each.moved.back} failed again meanwhile" if each.moved.back else ""
        left = f", {each.moved.left} left" if each.moved.left else ""
        console.show_line(f"{each.queue.title}: {each.moved.moved} put back{left}{again}")


def _conclude(stage: Stage, done: Sequence[Done], ids: Set[str]) -> None:
    """Raise CommandError where not everything that was asked for was put back."""
    faults = [f"{each.queue.title}: {each.fault}" for each in done if each.fault]
    if faults:
        raise CommandError(
            f"Not all could be put back; what is left still lies where it was. {' '.join(faults)}", PARTLY
        )
    missing = sorted(ids - _ids(done))
    if missing:
        raise dead_letter_queues.not_there(missing, stage)
    if not sum(each.moved.moved for each in done):
        raise CommandError("There is no such dead letter: nothing was put back.", NOT_FOUND)
    console.say(f"Whether they come back: bin/sellerbus dead-letters list --stage {stage.name}")


def _ids(done: Sequence[Done]) -> set[str]:
    return {identity for each in done for identity in each.moved.ids}


def _titles(queues: Sequence[DeadLetterQueue]) -> str:
    return queues[0].title if len(queues) == 1 else f"all {len(queues)} queues"

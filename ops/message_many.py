"""`sellerbus messages send-many`: a file of messages, each line a task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from ops import (
    cells,
    console,
    csv_file,
    message_batch,
    message_csv,
    message_following,
    message_handing,
    message_results,
)
from ops.errors import FAILED, PARTLY, WRONG_INPUT, CommandError
from ops.message_beat import Beat
from ops.message_options import TimeOut
from ops.message_plan import (
    FAULTY,
    HANDED_OVER,
    NOT_HANDED_OVER,
    NOT_REACHED,
    NOT_TAKEN_UP,
    READY,
    Plan,
    Planner,
    Result,
)
from ops.message_tasks import settled
from ops.options import AsJson, StageName, opened
from ops.stage import Stage
from sellerbus.messaging.task import MessageState

_AGAIN: Final = "Run the same command again: it goes on where it stopped, and sends nothing twice."
_OPEN: Final = frozenset(
    {NOT_HANDED_OVER, NOT_REACHED, NOT_TAKEN_UP, str(MessageState.ACCEPTED), str(MessageState.SENDING)}
)


def send_many(
    file: Annotated[Path, typer.Argument(help="The file; - for stdin.", show_default=False)],
    stage: StageName,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check all lines and tell what would be sent; change nothing.")
    ] = False,
    skip_faulty: Annotated[
        bool, typer.Option("--skip-faulty", help="Send the others where some lines are refused here.")
    ] = False,
    retry: Annotated[
        bool,
        typer.Option(
            "--retry",
            help="Send those once more that ended REFUSED or NOT_ALLOWED, or FAILED before a call: "
            "lines without a task id of their own.",
        ),
    ] = False,
    results: Annotated[
        Path | None,
        typer.Option(
            help="Where the results go. Without it orders.csv has them in orders.results.csv beside it.",
            show_default=False,
            metavar="FILE",
        ),
    ] = None,
    timeout: TimeOut = 60.0,
    as_json: AsJson = False,
) -> None:
    """Send the messages of a CSV file, and follow each to its end. Run again, it sends nothing twice.

    The first line names the columns: sellerId, amazonOrderId, marketplace, messageType; text or template with
    a column value:<name> for each of its placeholders; attachments (paths from the file's folder, separated
    by semicolons); coverageStartDate, coverageEndDate; taskId. Columns are separated by commas or semicolons;
    the file is UTF-8. A line without a task id gets one that is made of its content, so that the same line
    is always the same task, for the 100 days that tasks are kept; a message that was handed over some other
    way within `messages.same_message_hours` is that task. --retry sends those once more of which it
    is certain that the buyer did not get them; for others give the line a task id of its own.

    The whole file is checked first, by the limits of Amazon's model; where a line is refused nothing is sent,
    but for --skip-faulty. A seller's messages leave at one a second.

    Exit codes: 0 all SENT, or with --dry-run all in order; 2 lines were refused by the checks, or the results
    can't be written, and nothing was sent; 1 nothing could be handed over; 5 some are not SENT: the results
    say which and why. Printed with --json: an object on a line of its own for each line of the file, as soon
    as it is known {"line", "taskId", "sellerId", "amazonOrderId", "messageType", "outcome", "handedOver" (in
    this run), "reason", "findings", "sentAt"}; outcome is the task's state, or READY, FAULTY,
    NOT_HANDED_OVER, NOT_REACHED, NOT_TAKEN_UP, HANDED_OVER.
    """
    target = opened(stage)
    piped = str(file) == csv_file.STDIN
    name = "stdin" if piped else file.name
    lines = message_csv.read(csv_file.decoded(csv_file.content(file), name), name)
    with console.progress(len(lines), "Checking") as bar:
        planner = Planner(target, Path() if piped else file.parent)
        plan = planner.plan(lines, bar.advance)
    _known_sellers(target, plan)
    message_batch.look(plan, retry=retry)
    told_in = results or (None if piped else message_results.results_file(file))
    run = _Run(plan, told_in, as_json=as_json)
    if dry_run:
        run.dry(f"{name}: what would be sent")
        return
    if plan.faulty and not skip_faulty:
        run.refuse(name)
    if told_in is not None:
        message_results.writable(told_in, None if piped else file)
    run.send(f"{name}: what became of each line", target.name, timeout)


class _Run:
    """Carries a plan out and tells of each line once."""

    def __init__(self, plan: Plan, file: Path | None, *, as_json: bool) -> None:
        self._plan = plan
        self._file = file
        self._as_json = as_json
        self._told: dict[int, Result] = {}

    def dry(self, title: str) -> None:
        """Tell what would be sent; raises CommandError where not all of it is in order."""
        self._tell(self._plan.faulty)
        for planned in self._plan.planned.values():
            self._tell(planned.results(otherwise=READY))
        everything = self._finish(title, write=False)
        ready = sum(planned.task is None and not planned.fault for planned in self._plan.planned.values())
        console.say(f"Nothing was changed. {console.counted(ready, 'message')} would be handed over.")
        if self._plan.faulty:
            raise CommandError(message_results.refused_words(len(self._plan.faulty)), WRONG_INPUT)
        if any(planned.fault for planned in self._plan.planned.values()):
            raise CommandError(message_results.counts(everything), PARTLY)

    def refuse(self, name: str) -> None:
        """Tell what is wrong with the file, of which nothing was sent. Raises CommandError."""
        self._tell(self._plan.faulty)
        self._finish(f"{name}: what the checks found", write=False)
        raise CommandError(
            f"{message_results.refused_words(len(self._plan.faulty))} Nothing was sent. Correct them and "
            "run it again, or send the others with --skip-faulty.",
            WRONG_INPUT,
        )

    def send(self, title: str, stage: str, timeout: float) -> None:
        """Hand in what is not there yet and follow all; raises CommandError where not all are SENT."""
        plan = self._plan
        self._tell(plan.faulty)
        todo = [each for each in plan.planned.values() if each.task is None and each.fault is None]
        with console.progress(len(todo), "Handing over") as bar:
            interrupted = message_batch.hand_in(plan, bar.advance)
        for planned in plan.planned.values():
            if planned.fault or (planned.task is not None and settled(planned.task)):
                self._tell(planned.results(otherwise=NOT_REACHED))
        try:
            if not interrupted:
                self._follow(timeout)
        except KeyboardInterrupt:
            interrupted = True
        for planned in plan.planned.values():
            unseen = HANDED_OVER if interrupted else NOT_TAKEN_UP
            self._tell(planned.results(otherwise=unseen if planned.handed_over else NOT_REACHED))
        everything = self._finish(title, write=True)
        if interrupted:
            console.say(f"You stopped it; what was handed over goes on by itself. {_AGAIN}")
            raise KeyboardInterrupt
        if not message_results.all_fine(everything):
            none = not any(each.task or each.handed_over for each in plan.planned.values())
            raise CommandError(
                "\n- ".join(
                    (
                        f"Not all messages are SENT: {message_results.counts(everything)}.",
                        *_advice({result.outcome for result in everything}, stage),
                    )
                ),
                FAILED if none else PARTLY,
            )

    def _follow(self, timeout: float) -> None:
        waiting = {
            (each.tasks.cell.region, each.task_id): each
            for each in self._plan.planned.values()
            if not each.fault and (each.handed_over or (each.task and not settled(each.task)))
        }
        beat = Beat(len(waiting))
        with console.progress(len(waiting), "Sending") as bar:
            places = [
                (tasks, [each.task_id for each in planned])
                for tasks, planned in message_batch.by_cell(waiting.values())
            ]
            for tasks, task in message_following.follow_all(
                places, sleep=console.wait, seconds=timeout * 60, looked=beat.looked
            ):
                planned = waiting[tasks.cell.region, task.task_id]
                message_batch.taken_up(planned, task)
                if planned.fault or settled(task):
                    bar.advance()
                    beat.done += 1
                    self._tell(planned.results(otherwise=NOT_TAKEN_UP))

    def _tell(self, results: Sequence[Result]) -> None:
        for result in results:
            if result.line.number not in self._told:
                self._told[result.line.number] = result
                if self._as_json:
                    message_results.show_line(result)

    def _finish(self, title: str, *, write: bool) -> list[Result]:
        everything = [self._told[number] for number in sorted(self._told)]
        if not self._as_json:
            message_results.show_table(title, everything)
        if write and self._file is not None:
            message_results.write(self._file, everything)
            console.say(f"The results are in {self._file}")
        return everything


def _advice(outcomes: set[str], stage: str) -> Iterator[str]:
    """Yield what a person can do about outcomes other than SENT, a sentence each."""
    if outcomes & _OPEN:
        yield _AGAIN
    if MessageState.UNCERTAIN in outcomes:
        yield f"Decide about those that are UNCERTAIN: bin/sellerbus messages settle TASK --stage {stage}"
    if outcomes & {MessageState.REFUSED, FAULTY}:
        yield "Correct what was refused, and run it again: a changed line is another message."
    if outcomes & {MessageState.REFUSED, MessageState.NOT_ALLOWED, MessageState.FAILED}:
        yield "--retry sends those once more of which it is certain that the buyer did not get them."
    yield f"A task in detail: bin/sellerbus messages show TASK --stage {stage}"


def _known_sellers(stage: Stage, plan: Plan) -> None:
    """Turn what is of sellers that the stage does not work for into faulty lines."""
    faults: dict[tuple[str, str], str] = {}
    for tasks, planned in message_batch.by_cell(plan.planned.values()):
        registry = cells.registry(tasks.cell)
        for seller_id in dict.fromkeys(each.checked.draft.seller_id for each in planned):
            try:
                if not message_handing.known_seller(stage, tasks.cell, seller_id, registry):
                    break
            except CommandError as error:
                faults[tasks.cell.region, seller_id] = str(error)
    for task_id, each in list(plan.planned.items()):
        fault = faults.get((each.tasks.cell.region, each.checked.draft.seller_id))
        if fault is not None:
            plan.faulty += [Result(line, FAULTY, task_id, fault) for line in each.lines]
            del plan.planned[task_id]

"""What is to be sent of a file's lines: each is checked, and becomes a task with an id of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from ops import message_input
from ops.errors import WRONG_INPUT, CommandError
from ops.message_csv import Line
from ops.message_drafts import Draft
from ops.message_files import LocalFile, read_all
from ops.message_handing import Checked, RefusedError
from ops.message_tasks import MessageTasks
from ops.message_templates import Templates
from ops.stage import Stage
from sellerbus.messaging.finding import Finding
from sellerbus.messaging.task import MessageTask

DERIVED: Final = "csv-"
"""What the id of a task begins with whose line has none; the digest of its content follows."""
_DIGEST_SIGNS: Final = 24

READY: Final = "READY"
FAULTY: Final = "FAULTY"
NOT_HANDED_OVER: Final = "NOT_HANDED_OVER"
NOT_REACHED: Final = "NOT_REACHED"
HANDED_OVER: Final = "HANDED_OVER"
"""The command was stopped before it was seen what became of it."""
NOT_TAKEN_UP: Final = "NOT_TAKEN_UP"


@dataclass(frozen=True)
class Result:
    """What became of a line. outcome: the task's state, or one of this module's words."""

    line: Line
    outcome: str
    task_id: str | None = None
    reason: str | None = None
    findings: tuple[Mapping[str, Any], ...] = ()
    handed_over: bool = False
    sent_at: str | None = None

    def document(self) -> dict[str, Any]:
        return {
            "line": self.line.number,
            "taskId": self.task_id,
            "sellerId": self.line.cell("sellerId"),
            "amazonOrderId": self.line.cell("amazonOrderId"),
            "messageType": self.line.cell("messageType"),
            "outcome": self.outcome,
            "handedOver": self.handed_over,
            "reason": self.reason,
            "findings": [dict(each) for each in self.findings],
            "sentAt": self.sent_at,
        }


@dataclass
class Planned:
    """One task, and the lines that are it: the same message may stand in the file more than once.

    before: the very same message was handed over some other way, and is that task.
    """

    lines: list[Line]
    tasks: MessageTasks
    checked: Checked
    derived: bool
    task: MessageTask | None = None
    handed_over: bool = False
    fault: str | None = None
    number: int = 1
    before: bool = False

    def of_try(self, number: int) -> Checked:
        """Return the message with the task id of its first, second ... try."""
        end = f"-{number}" if number > 1 else ""
        task_id = f"{DERIVED}{self.checked.content_hash[:_DIGEST_SIGNS]}{end}"
        return replace(self.checked, draft=replace(self.checked.draft, task_id=task_id))

    def is_task(self, task: MessageTask) -> None:
        """Note that the message is a task with an id that is not the line's."""
        self.checked = replace(self.checked, draft=replace(self.checked.draft, task_id=task.task_id))
        self.task, self.before = task, True

    @property
    def task_id(self) -> str:
        return str(self.checked.draft.task_id)

    def results(self, *, otherwise: str) -> list[Result]:
        """What became of each line; `otherwise` where there is no task."""
        task, first = self.task, self.lines[0].number
        outcome = NOT_HANDED_OVER if self.fault else otherwise
        found = [row.document() for row in self.checked.findings]
        return [
            Result(
                line,
                outcome if task is None or self.fault else str(task.state),
                self.task_id,
                self.fault or (task.reason if task else None) or _same(line, first, before=self.before),
                tuple(task.findings if task and task.findings and not self.fault else found),
                self.handed_over,
                task.sent_at if task and not self.fault else None,
            )
            for line in self.lines
        ]


@dataclass
class Plan:
    """What is to be done: the tasks in the file's order, and the lines that the checks refused."""

    planned: dict[str, Planned] = field(default_factory=dict)
    faulty: list[Result] = field(default_factory=list)


class Planner:
    """Checks the lines of a file. Reads their attachments and templates, and changes nothing."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self._stage = stage
        self._folder = folder
        self._tasks: dict[str, MessageTasks] = {}
        self._templates: dict[str, Templates] = {}

    def plan(self, lines: Sequence[Line], advance: Callable[[], None]) -> Plan:
        """Return the plan; raises CommandError where a region of the file is not there."""
        plan = Plan()
        for line in lines:
            try:
                self._add(plan, line)
            except RefusedError as error:
                plan.faulty.append(_refused(line, error.findings))
            except CommandError as error:
                plan.faulty.append(Result(line, FAULTY, line.cell("taskId"), str(error)))
            advance()
        return plan

    def _add(self, plan: Plan, line: Line) -> None:
        cell = message_input.cell_of(self._stage, line.cells["marketplace"], "marketplace")
        tasks = self._tasks.setdefault(cell.region, MessageTasks(cell))
        templates = self._templates.setdefault(cell.region, Templates(cell))
        checked = message_input.checked(self._draft(line), templates)
        draft = checked.draft
        # Of thousands of messages the attachments are too much to hold: they are read again when it is time.
        slim = replace(
            draft,
            files=tuple(file.checked() for file in draft.files),
            task_id=draft.task_id or f"{DERIVED}{checked.content_hash[:_DIGEST_SIGNS]}",
        )
        planned = Planned([line], tasks, replace(checked, draft=slim), derived=draft.task_id is None)
        first = plan.planned.setdefault(planned.task_id, planned)
        if first is planned:
            return
        if first.checked.content_hash != checked.content_hash:
            raise CommandError(
                f"the task id {planned.task_id} is that of line {first.lines[0].number} too, with another "
                "message",
                WRONG_INPUT,
            )
        first.lines.append(line)

    def _draft(self, line: Line) -> Draft:
        return Draft(
            seller_id=line.cells["sellerId"],
            marketplace=line.cells["marketplace"],
            amazon_order_id=line.cells["amazonOrderId"],
            message_type=line.cells["messageType"],
            text=line.cell("text"),
            template=line.cell("template"),
            values=line.values,
            files=self._files(line),
            coverage_start_date=line.cell("coverageStartDate"),
            coverage_end_date=line.cell("coverageEndDate"),
            task_id=line.cell("taskId"),
        )

    def _files(self, line: Line) -> tuple[LocalFile, ...]:
        return read_all([self._folder / path for path in line.attachments])


def _refused(line: Line, findings: Sequence[Finding]) -> Result:
    errors = tuple(row.document() for row in findings)
    return Result(line, FAULTY, line.cell("taskId"), None, errors)


def _same(line: Line, first: int, *, before: bool) -> str | None:
    if line.number != first:
        return f"the same message as line {first}"
    return "the same message was handed over before, as this task" if before else None

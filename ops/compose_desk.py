"""What composing needs of a deployed stage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from ops import message_actions_whom
from ops.cells import Found
from ops.compose_letter import Letter
from ops.errors import FAILED, WRONG_INPUT, CommandError, aws_not_reached, aws_refusal
from ops.message_actions_answers import Actions, Orders
from ops.message_actions_lookup import LookUp
from ops.message_actions_whom import Whom
from ops.message_handing import Checked, HandedOver, RefusedError, hand_over, known_seller
from ops.message_tasks import MessageTasks
from ops.message_templates import Templates
from ops.stage import Cell, Stage
from sellerbus.messaging.finding import has_errors, sentences
from sellerbus.messaging.request import UnusableRequestError
from sellerbus.messaging.templates import Template, TemplateError, parse


@contextmanager
def _told() -> Iterator[None]:
    """Make what AWS refuses an answer to the person, who has written something and must not lose it."""
    try:
        yield
    except ClientError as error:
        raise CommandError(aws_refusal(error), FAILED) from error
    except BotoCoreError as error:
        raise CommandError(aws_not_reached(error), FAILED) from error


@dataclass
class StageDesk:
    """A stage; what was named on the command line is not asked for. days: how far back orders are shown."""

    stage: Stage
    days: int
    seller: str | None = None
    marketplace: str | None = None
    _sellers: Sequence[Found] = field(default=(), init=False)
    _tasks: dict[str, MessageTasks] = field(default_factory=dict, init=False)

    def sellers(self) -> Sequence[Found]:
        if not self._sellers:
            self._sellers = message_actions_whom.sellers(self.stage, self.seller)
        return self._sellers

    def whom(self, seller: Found) -> Whom:
        found = message_actions_whom.whom(self.stage, seller, self.marketplace)
        # Before anything is written: the stage sends no message of a seller that is paused.
        known_seller(self.stage, found.cell, found.seller_id)
        return found

    def orders(self, whom: Whom, marketplace_id: str, *, fresh: bool) -> Orders:
        with _told():
            return _look_up(whom, marketplace_id).orders(days=self.days, fresh=fresh)

    def actions(self, whom: Whom, marketplace_id: str, order_id: str) -> Actions:
        with _told():
            return _look_up(whom, marketplace_id).actions(order_id)

    def templates(self, letter: Letter) -> Sequence[Template]:
        """Return the stage's templates for the letter's type; those that are none are left out."""
        with _told():
            templates = Templates(self._cell(letter))
            rows = [(row.name, templates.document(row.name)) for row in templates.all()]
        found: list[Template] = []
        for name, document in rows:
            try:
                template = parse(name, document)
            except TemplateError:
                continue
            if letter.action is not None and template.message_type.name == letter.action.name:
                found.append(template)
        return found

    def same(self, letter: Letter) -> str | None:
        try:
            checked = self._checked(letter)
        except RefusedError as error:
            raise CommandError(sentences(error.findings), WRONG_INPUT) from error
        with _told():
            return self.tasks(letter).same(checked.content_hash, self.now().timestamp())

    def hand_over(self, letter: Letter) -> HandedOver:
        """Hand the message over, and wait until its task is there.

        Raises RefusedError where the checks refuse it, and CommandError.
        """
        checked = self._checked(letter)
        findings = letter.findings()
        if has_errors(findings):
            raise RefusedError(findings)
        with _told():
            return hand_over(self.stage, self.tasks(letter), checked)

    def tasks(self, letter: Letter) -> MessageTasks:
        cell = self._cell(letter)
        return self._tasks.setdefault(cell.region, MessageTasks(cell))

    def now(self) -> datetime:
        return datetime.now(UTC)

    def _checked(self, letter: Letter) -> Checked:
        """The letter as it is handed over, checked by what the order itself allows."""
        draft = letter.draft()
        try:
            request = draft.request()
        except UnusableRequestError as error:
            raise RefusedError(error.faults) from error
        return Checked(draft, request, tuple(letter.findings()), draft.content_hash(request))

    def _cell(self, letter: Letter) -> Cell:
        if letter.whom is None:
            raise ValueError("the seller must be decided before")
        return letter.whom.cell


def _look_up(whom: Whom, marketplace_id: str) -> LookUp:
    return LookUp(whom.cell, whom.seller_id, marketplace_id)

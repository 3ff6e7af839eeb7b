"""The order of the steps: past what is answered, back one question at a time, anywhere from the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ops import compose_contents, compose_steps, compose_summary
from ops import message_actions_words as words
from ops.compose_asking import Answer, Asking
from ops.compose_letter import Letter, place, size
from ops.compose_page import Page
from ops.compose_summary import LEAVE, SEND
from ops.errors import CommandError
from sellerbus.messaging.finding import has_errors

SELLER: Final = "seller"
MARKETPLACE: Final = "marketplace"
ORDER: Final = "order"
TYPE: Final = "type"
TEXT: Final = "text"
ATTACHMENTS: Final = "attachments"
COVERAGE: Final = "coverage"
CHECK: Final = "check"

_TEXT_STEP: Final = 3
_ATTACHMENTS_STEP: Final = 4


@dataclass(frozen=True)
class Step:
    """applies: whether this message has it. number: among the steps that are shown, 0 before the first.

    change: the words that offer it once more in the end; "" where it is not offered.
    """

    name: str
    number: int
    question: str
    run: Callable[[Asking, Page, Letter], Answer]
    applies: Callable[[Letter], bool]
    change: str = ""


def _always(_: Letter) -> bool:
    return True


STEPS: Final = (
    Step(SELLER, 0, "Whose order is it?", compose_steps.seller, _always),
    Step(MARKETPLACE, 0, "In which marketplace was it placed?", compose_steps.marketplace, _always),
    Step(ORDER, 1, "Which order is the message about?", compose_steps.order, _always, "Take another order"),
    Step(TYPE, 2, "What is the message for?", compose_steps.kind, _always, "Take another message type"),
    Step(
        TEXT,
        _TEXT_STEP,
        "What do you want to tell the buyer?",
        compose_contents.text,
        lambda letter: letter.takes_text,
        "Change the text",
    ),
    Step(
        ATTACHMENTS,
        _ATTACHMENTS_STEP,
        "What shall be attached?",
        compose_contents.attachments,
        lambda letter: letter.takes_attachments,
        "Change the attachments",
    ),
    Step(
        COVERAGE,
        _ATTACHMENTS_STEP,
        "From when until when does the warranty cover?",
        compose_contents.coverage,
        lambda letter: letter.takes_coverage,
        "Change the dates of the coverage",
    ),
)

# What an answer is worth depends on the answers before it.
_DEPENDS: Final = {
    SELLER: frozenset({MARKETPLACE, ORDER, TYPE, TEXT, ATTACHMENTS, COVERAGE}),
    MARKETPLACE: frozenset({ORDER, TYPE, TEXT, ATTACHMENTS, COVERAGE}),
    ORDER: frozenset({TYPE, TEXT, ATTACHMENTS, COVERAGE}),
    TYPE: frozenset({TEXT, ATTACHMENTS, COVERAGE}),
}


@dataclass
class Flow:
    """One message from its first question to the decision to send it; may be run again after that."""

    asking: Asking
    letter: Letter = field(default_factory=Letter)
    answered: set[str] = field(default_factory=set)

    def run(self, problem: str = "") -> Letter:
        """Return the letter that shall be sent. problem: why the last one could not be.

        Raises KeyboardInterrupt where the person leaves, and CommandError where no question can be asked.
        """
        while True:
            step = next((row for row in self._steps() if row.name not in self.answered), None)
            try:
                if step is None:
                    decision = self._decide(problem)
                    if decision == SEND:
                        return self.letter
                    self._change(decision)
                else:
                    self._ask(step)
            except KeyboardInterrupt:
                self._leave()
            except compose_contents.LeavingError as error:
                self.letter = error.letter
                self._leave()
            problem = ""

    def _ask(self, step: Step, *, from_end: bool = False) -> bool:
        """Ask once; whether it was answered."""
        before = self.letter
        can_go_back = from_end or self._before(step) is not None
        self.letter, goes_on = step.run(
            self.asking, self._page(step.number, step.question, can_go_back), before
        )
        if goes_on:
            if _differs(step.name, before, self.letter):
                self.answered -= _DEPENDS.get(step.name, frozenset())
            self.answered.add(step.name)
        elif not from_end:
            earlier = self._before(step)
            if earlier is not None:
                self.answered.discard(earlier.name)
        return goes_on

    def _change(self, name: str) -> None:
        """Ask for one thing once more; "" is the last question before the end."""
        asked = [step for step in self._steps() if self._asks(step)]
        if name == "":
            self.answered.discard(asked[-1].name)
            return
        # Going back from there leads to the end again, with what is there.
        self._ask(next(step for step in asked if step.name == name), from_end=True)

    def _decide(self, problem: str) -> str:
        findings = self.letter.findings()
        same = None
        if not has_errors(findings):
            try:
                same = self.asking.desk.same(self.letter)
            except CommandError as error:
                problem = problem or f"Whether the same message was sent before can't be told: {error}"
        changes = [(step.name, step.change) for step in self._steps() if step.change]
        decision = compose_summary.decide(
            self.asking.terminal,
            replace(self._page(5, "Is this what the buyer shall get?", can_go_back=True), problem=problem),
            self.letter,
            findings,
            changes,
            same=same,
        )
        if decision == LEAVE:
            raise KeyboardInterrupt
        self.letter = replace(self.letter, force=same is not None)
        return decision

    def _leave(self) -> None:
        """Leave, unless the person does not want to lose what is written."""
        page = self._page(0, "", can_go_back=True)
        if not self.letter.holds_work or compose_summary.sure_to_leave(self.asking.terminal, page):
            raise KeyboardInterrupt

    def _steps(self) -> Sequence[Step]:
        return [step for step in STEPS if step.applies(self.letter)]

    def _before(self, step: Step) -> Step | None:
        """The last question before this one; a step that has one answer only asks none."""
        earlier = [
            row
            for row in self._steps()
            if STEPS.index(row) < STEPS.index(step) and row.name in self.answered and self._asks(row)
        ]
        return earlier[-1] if earlier else None

    def _asks(self, step: Step) -> bool:
        if step.name == SELLER:
            return len(self.asking.desk.sellers()) > 1
        if step.name == MARKETPLACE:
            return self.letter.whom is not None and len(self.letter.whom.marketplace_ids) > 1
        return True

    def _page(self, number: int, question: str, can_go_back: bool) -> Page:
        skipped: set[int] = set()
        if self.letter.action is not None:
            skipped |= {_TEXT_STEP} if not self.letter.takes_text else set()
            attaches = self.letter.takes_attachments or self.letter.takes_coverage
            skipped |= {_ATTACHMENTS_STEP} if not attaches else set()
        told = _told(self.letter, self.answered)
        return Page(number, question, told, frozenset(skipped), can_go_back=can_go_back)


def _differs(name: str, before: Letter, after: Letter) -> bool:
    if name == ORDER:
        return (before.order and before.order.order_id) != (after.order and after.order.order_id)
    if name == TYPE:
        return before.action != after.action
    return (before.whom, before.marketplace_id) != (after.whom, after.marketplace_id)


def _told(letter: Letter, answered: set[str]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    if letter.whom and SELLER in answered:
        rows.append(("Seller", place(letter)))
    if letter.order and ORDER in answered:
        parts = (letter.order.order_id, words.spoken(letter.order.status) if letter.order.status else "")
        rows.append(("Order", "  ".join(part for part in parts if part)))
    if letter.action and TYPE in answered:
        rows.append(("Type", letter.action.title))
    if letter.text.strip() and letter.takes_text and TEXT in answered:
        rows.append(("Text", f"{len(letter.text)} characters"))
    if letter.files and letter.takes_attachments and ATTACHMENTS in answered:
        total = sum(file.size_bytes for file in letter.files)
        rows.append(("Attached", f"{words.counted(len(letter.files))}, {size(total)}"))
    return rows

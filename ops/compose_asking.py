"""What the steps of composing work with: the terminal, and what they ask of the stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ops.cells import Found
from ops.compose_letter import Letter
from ops.compose_terminal import Terminal
from ops.message_actions_answers import Actions, Orders
from ops.message_actions_whom import Whom
from sellerbus.messaging.templates import Template

Answer = tuple[Letter, bool]
"""The letter with what was answered, and whether the person goes on (False: back)."""


class Desk(Protocol):
    """What composing needs of the stage. What it does raises CommandError where that can't be had."""

    @property
    def days(self) -> int:
        """How far back orders are shown."""

    def sellers(self) -> Sequence[Found]:
        """Those that can be chosen; never none."""

    def whom(self, seller: Found) -> Whom:
        """The seller with the marketplaces that can be chosen."""

    def orders(self, whom: Whom, marketplace_id: str, *, fresh: bool) -> Orders: ...

    def actions(self, whom: Whom, marketplace_id: str, order_id: str) -> Actions: ...

    def templates(self, letter: Letter) -> Sequence[Template]:
        """The texts that stand ready for the letter's type."""

    def same(self, letter: Letter) -> str | None:
        """The id of the task with this very message that was or may still be sent; None where it is new."""

    def now(self) -> datetime: ...


@dataclass(frozen=True)
class Asking:
    """Where the questions are asked, and who answers those to the stage."""

    terminal: Terminal
    desk: Desk

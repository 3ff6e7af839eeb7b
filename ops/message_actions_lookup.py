"""Asks the stage's function look_up_orders, which has the tokens, for a seller's orders and their actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from ops import amazon
from ops.errors import FAILED, CommandError
from ops.message_actions_answers import Actions, Orders, UnreadableAnswerError, read_actions, read_orders
from ops.message_actions_whom import country
from ops.message_words import CHECK_THE_ORDER
from ops.stage import TASKS, Cell

LOOK_UP: Final = amazon.Function("LookUpOrdersFunctionName", TASKS)

Read = TypeVar("Read")


@dataclass(frozen=True)
class LookUp:
    """One seller's orders in one marketplace, as Amazon tells them now.

    What it does raises what `Amazon.ask` raises, and CommandError where the answer can't be read.
    """

    cell: Cell
    seller_id: str
    marketplace_id: str

    def orders(self, *, days: int, fresh: bool = False) -> Orders:
        """Return the orders of the last `days`; fresh: not those that were read some minutes ago."""
        return self._read(read_orders, {"request": "orders", "days": days, "fresh": fresh})

    def actions(self, order_id: str) -> Actions:
        """Return what the order's buyer can be sent, and what not and why."""
        try:
            return self._read(read_actions, {"request": "actions", "amazonOrderId": order_id})
        except amazon.AmazonRefusedError as error:
            if error.kind != amazon.NOT_THERE:
                raise
            where = country(self.marketplace_id)
            raise amazon.AmazonRefusedError(
                error.kind, f"{error}. {CHECK_THE_ORDER} ({order_id}, {where}, {self.seller_id})."
            ) from error

    def _read(self, read: Callable[[dict[str, Any]], Read], request: dict[str, Any]) -> Read:
        whose = {"sellerId": self.seller_id, "marketplaceId": self.marketplace_id}
        answer = amazon.ask_waiting(self.cell, request | whose, LOOK_UP)
        try:
            return read(answer)
        except UnreadableAnswerError as error:
            raise CommandError(
                f"The answer of look_up_orders can't be read: {error}. It may be of another version than "
                f"this command line: deploy the stage again: {self.cell.deploying}",
                FAILED,
            ) from error

"""What the integration tests of messages hold in their hands, beside the deployed system."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from local.cast import SELLERS
from local.message_tasks import SOURCE, STANDS, MessageTasks, told
from local.sending_messages import ALL_ACTIONS
from tests.integration.system import System

FIRST, SECOND = (seller.seller_id for seller in SELLERS)
US = "ATVPDKIKX0DER"
TYPE = "confirmOrderDetails"
OPERATIONS = (
    "getMessagingActionsForOrder",
    "GetAttributes",
    "confirmCustomizationDetails",
    "createConfirmDeliveryDetails",
    "createConfirmOrderDetails",
    "createUnexpectedProblem",
    "sendInvoice",
)


@dataclass
class Messages:
    """Hands messages over for orders of their own, and looks at what came of them."""

    system: System
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def tasks(self) -> MessageTasks:
        return MessageTasks.of(self.system.deployment)

    @property
    def amazon(self) -> Any:
        return self.system.deployment.simulator

    def lift_limits(self) -> None:
        """Amazon takes as many messages as the tests hand over; its own limit is one a second."""
        for name in OPERATIONS:
            self.amazon.set_rate(f"messaging/v1/{name}", per_second=50, burst=500)

    def order(self, seller_id: str = FIRST, **more: Any) -> str:
        """A customer orders; returns the order's id."""
        number = next(self._numbers)
        order_id = f"903-{number:07}-{number:07}"
        self.amazon.add_order(seller_id, US, order_id, **{"offered": list(ALL_ACTIONS), **more})
        return order_id

    def request(
        self, task_id: str | None, *, seller_id: str = FIRST, order_id: str | None = None, **fields: Any
    ) -> dict[str, Any]:
        """A request for a short text, unless the fields say otherwise; None in a field leaves it out."""
        wanted = {
            "taskId": task_id,
            "sellerId": seller_id,
            "marketplaceId": US,
            "amazonOrderId": order_id or self.order(seller_id),
            "messageType": TYPE,
            "text": f"Would you like the blue cup or the red one, of {task_id}?",
            **fields,
        }
        return {name: value for name, value in wanted.items() if value is not None}

    def await_stand(self, *task_ids: str, within_seconds: float = 60.0) -> dict[str, dict[str, Any]]:
        """The rows of tasks that stand where nothing but a person moves them; fails naming the others."""
        rows = self.tasks.await_state(task_ids, within_seconds=within_seconds)
        missing = {task_id: told(row) for task_id, row in rows.items() if row.get("state") not in STANDS}
        assert not missing, f"not done within {within_seconds:g} seconds: {missing}"
        return rows

    def states(self, *task_ids: str, within_seconds: float = 60.0) -> dict[str, str]:
        """The states that tasks come to stand in."""
        rows = self.await_stand(*task_ids, within_seconds=within_seconds)
        return {task_id: str(row["state"]) for task_id, row in rows.items()}

    def told_row(self, task_id: str) -> dict[str, Any]:
        """The row of a task that stands, once nothing of it is left to be told."""
        self.await_stand(task_id)
        self.system.wait_for(lambda: "untold" not in self.tasks.task(task_id), f"{task_id} to be told")
        return self.tasks.task(task_id)

    def outbox(self, request: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What the buyer of a request's order has got."""
        return list(self.amazon.outbox(request["sellerId"], request["amazonOrderId"]))

    def await_told(self, wanted: Mapping[str, Sequence[str]], *, within_seconds: float = 40.0) -> None:
        """Waits until the bus has told, of each task id, exactly these detail-types, each in one event."""

        def as_wanted() -> bool:
            self.system.take()
            return self.told(*wanted) == {task_id: sorted(kinds) for task_id, kinds in wanted.items()}

        self.system.wait_for(as_wanted, f"the events {dict(wanted)}", within_seconds=within_seconds)

    def told(self, *task_ids: str) -> dict[str, list[str]]:
        """The detail-types that the bus has told of tasks so far; the same event counts once."""
        events = {
            str(event.detail["eventId"]): (str(event.detail["taskId"]), event.kind)
            for event in self.system.received.operational
            if event.source == SOURCE and event.detail.get("taskId") in task_ids
        }
        return {
            task_id: sorted(kind for found, kind in events.values() if found == task_id)
            for task_id in task_ids
        }

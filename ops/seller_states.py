"""Where sellers stand, by what the runs have left in the table SubscriptionState; read without a lease."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from ops.stage import NOTIFICATIONS, Cell
from sellerbus.notifications.seller_record import StateView
from sellerbus.notifications.subscription_state import SubscriptionStates
from sellerbus.sellers.rows import ACTIVE, PAUSED, REVOKED, Seller

WORKING: Final = "working"
PENDING: Final = "pending"
FAILING: Final = "failing"
BLOCKED: Final = "blocked"
SETTLED: Final = "settled"
STATES: Final = {
    WORKING: "a run is at work on it",
    PENDING: "changed since its last run, never had one, or waits for Amazon's quota",
    FAILING: "the last run could not do everything; it is tried again, or lies in the dead-letter queue",
    BLOCKED: "others' subscriptions keep some out: `subscriptions list` shows whose",
    SETTLED: "the last run left everything as wanted",
    PAUSED: "its subscriptions are deleted, until it is resumed",
    REVOKED: "Amazon refuses the authorisation: `sellers show` tells what to do",
}
"""What each state means, in the words for a person."""

_MOST_LOOKUPS: Final = 25
"""More sellers than these are read in pages of the whole table, which takes fewer calls."""


class States:
    """One cell's table. Where the notifications stack is not deployed there is none, and nothing in it."""

    def __init__(self, cell: Cell) -> None:
        self._states: SubscriptionStates | None = None
        if cell.outputs(NOTIFICATIONS) is not None:
            table = cell.output("SubscriptionStateTableName", NOTIFICATIONS)
            self._states = SubscriptionStates(cell.client("dynamodb"), table, now=time.time)

    def of(self, seller_ids: Sequence[str]) -> dict[str, StateView]:
        """Return the states of these sellers, of each of whom something is remembered."""
        if self._states is None or not seller_ids:
            return {}
        if len(seller_ids) > _MOST_LOOKUPS:
            wanted = frozenset(seller_ids)
            return {name: view for name, view in self.all().items() if name in wanted}
        found = map(self._states.show, seller_ids)
        return {view.seller_id: view for view in found if view is not None}

    def all(self) -> dict[str, StateView]:
        return {} if self._states is None else {view.seller_id: view for view in self._states.all()}


def busy(view: StateView | None, now: datetime) -> bool:
    """Whether a run holds the seller; one that was killed does until its lease ends."""
    return view is not None and view.busy_until is not None and view.busy_until > now.timestamp()


def standing(seller: Seller, view: StateView | None, now: datetime) -> str:
    """Return where the seller stands: one of STATES."""
    if seller.status == REVOKED:
        return REVOKED
    if busy(view, now):
        return WORKING
    if view is None or view.finished_at is None or moment(view.finished_at) < moment(seller.updated_at):
        return PENDING
    if view.last_error:
        return FAILING
    # Without types nothing is wanted: the own list names none that is configured.
    done = view.settled or not view.types if seller.status == ACTIVE else not view.subscriptions
    if not done:
        return PENDING
    if seller.status == PAUSED:
        return PAUSED
    return BLOCKED if view.blocked else SETTLED


def moment(text: str) -> datetime:
    """Return the time that an ISO text names; without a zone it is UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)

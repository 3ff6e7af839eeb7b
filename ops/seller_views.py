"""How `sellerbus sellers` shows sellers: as tables, facts and JSON documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ops import console
from ops.seller_states import FAILING, STATES, busy, standing
from ops.stage import Cell
from sellerbus.api import endpoints
from sellerbus.api.redaction import redact, shorten
from sellerbus.notifications.seller_record import StateView
from sellerbus.sellers.rows import ACTIVE, PAUSED, REVOKED, Seller

_SHORT_ERROR: Final = 60


@dataclass(frozen=True)
class View:
    """A seller as its row and the last run show it. state is None where nothing is remembered of it."""

    cell: Cell
    seller: Seller
    state: StateView | None
    now: datetime

    @property
    def wanted(self) -> int:
        """How many subscriptions the seller shall have: of a paused, revoked or removed one none."""
        if self.seller.status != ACTIVE:
            return 0
        own = self.seller.notification_types
        rows = {str(row.model_dump(mode="json")): row for row in self.cell.settings.notifications}
        return sum(1 for row in rows.values() if own is None or row.type in own)

    @property
    def subscriptions(self) -> tuple[tuple[str, str], ...]:
        return self.state.subscriptions if self.state is not None else ()

    @property
    def count(self) -> str:
        known = len(self.subscriptions)
        if self.seller.status == REVOKED:
            # Nobody knows whether they still stand, and none can be made.
            return f"{known} on record"
        return f"{known} of {self.wanted}" if self.seller.status == ACTIVE else f"{known} left"

    @property
    def blocked(self) -> tuple[str, ...]:
        return self.state.blocked if self.state is not None else ()

    @property
    def _finished_at(self) -> str | None:
        return self.state.finished_at if self.state is not None else None

    @property
    def last_error(self) -> str | None:
        return redact(self.state.last_error) if self.state is not None and self.state.last_error else None

    @property
    def brief_error(self) -> str | None:
        """The last error in a few words, for a column."""
        if self.state is None or not self.last_error:
            return None
        return redact(self.state.last_error_brief or shorten(self.last_error, _SHORT_ERROR))

    @property
    def last_run(self) -> str:
        return self._finished_at[:16].replace("T", " ") if self._finished_at else "none"

    @property
    def standing(self) -> str:
        # Nothing is remembered of a seller that has nothing and shall have nothing.
        if self.state is None and not self.wanted and self.seller.status == PAUSED:
            return PAUSED
        return standing(self.seller, self.state, self.now)

    def document(self) -> dict[str, object]:
        """Without the subscriptions themselves, of which only the number is listed."""
        return {
            **seller_document(self.seller),
            "state": self.standing,
            "subscriptions": len(self.subscriptions),
            "wanted": self.wanted,
            "blocked": list(self.blocked),
            "finishedAt": self._finished_at,
            "lastError": self.last_error,
        }

    def full_document(self) -> dict[str, object]:
        return self.document() | {
            "busy": busy(self.state, self.now),
            "subscriptions": [
                {"notificationType": name, "subscriptionId": known} for name, known in self.subscriptions
            ],
        }

    def facts(self) -> dict[str, str]:
        return seller_facts(self.seller) | {
            "State": self.standing,
            "Subscriptions": self.count,
            **{f"  {name}": known for name, known in self.subscriptions},
            **({"Kept out by others": ", ".join(self.blocked)} if self.blocked else {}),
            "Last run": self._finished_at or "none that is remembered",
            "Last error": self.last_error or "none",
        }


def table(title: str, views: Sequence[View]) -> None:
    """Print the sellers, and what the states mean in which they are."""
    console.show_table(
        title,
        ("Seller", "Region", "Marketplaces", "Status", "Subscriptions", "State", "Last run (UTC)"),
        [_line(view) for view in views],
        prose=("Marketplaces", "State"),
        worded=("Last run (UTC)",),
    )
    present = {view.standing for view in views}
    for state, meaning in STATES.items():
        if state in present:
            console.say(f"{state}: {meaning}.")


def seller_document(seller: Seller) -> dict[str, object]:
    return {
        "sellerId": seller.seller_id,
        "region": seller.region,
        "marketplaceIds": list(seller.marketplace_ids),
        "notificationTypes": None if seller.notification_types is None else list(seller.notification_types),
        "status": seller.status,
        "createdAt": seller.created_at,
        "updatedAt": seller.updated_at,
    }


def seller_facts(seller: Seller) -> dict[str, str]:
    own = seller.notification_types
    return {
        "Region": seller.region,
        "Marketplaces": _countries(seller),
        "Types": "all that are configured" if own is None else ", ".join(own),
        "Status": seller.status,
        "Added": seller.created_at,
        "Updated": seller.updated_at,
    }


def _line(view: View) -> tuple[str, ...]:
    state = view.standing
    if state == FAILING and view.brief_error:
        state = f"{state}: {view.brief_error}"
    return (
        view.seller.seller_id,
        view.seller.region,
        _countries(view.seller),
        view.seller.status,
        view.count,
        state,
        view.last_run,
    )


def _countries(seller: Seller) -> str:
    countries = {row.marketplace_id: row.country for row in endpoints.MARKETPLACES}
    return ", ".join(countries.get(name, name) for name in seller.marketplace_ids)

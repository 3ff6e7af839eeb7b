"""What `look_up_orders` answers: a seller's recent orders, and what an order's buyer can be sent now.

An answer that lacks what it must have, as one of an older deployment may, raises UnreadableAnswerError.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class UnreadableAnswerError(ValueError):
    """The answer is not what it should be; the message names the field and quotes nothing of it."""


@dataclass(frozen=True)
class Order:
    """An order as a person tells it from others; nothing of the buyer. items, total: None where unknown."""

    order_id: str
    purchased_at: str | None
    status: str | None
    fulfilled_by: str | None
    items: int | None
    total: str | None


@dataclass(frozen=True)
class Orders:
    """complete: False where there may be more. read_at: when Amazon was asked."""

    orders: tuple[Order, ...]
    complete: bool
    read_at: str | None


@dataclass(frozen=True)
class Limits:
    """Of a text in characters, of attachments in pieces; None where there is no limit.

    description: Amazon's own words, empty where it gives none.
    """

    minimum: int | None
    maximum: int | None
    required: bool
    description: str


@dataclass(frozen=True)
class Action:
    """A message type for one order. why: why it is not possible now; None where it is.

    operation: None where the API has none for it. text, attachments: None where the type takes none.
    coverage: whether it takes the dates of a warranty; coverage_required: whether it can't be sent without.
    """

    name: str
    operation: str | None
    title: str
    description: str
    allowed: bool
    why: str | None
    hidden: bool
    once_per_order: bool
    text: Limits | None
    attachments: Limits | None
    coverage: bool
    schema: str
    coverage_required: bool = False


@dataclass(frozen=True)
class Actions:
    """locale: the buyer's, None where Amazon doesn't tell it."""

    locale: str | None
    actions: tuple[Action, ...]


def read_orders(answer: Mapping[str, Any]) -> Orders:
    """Return the orders as they came."""
    return Orders(
        orders=tuple(_order(row) for row in _rows(answer, "orders")),
        complete=bool(answer.get("complete", True)),
        read_at=_text(answer, "readAt"),
    )


def read_actions(answer: Mapping[str, Any]) -> Actions:
    """Return what is possible first, each part in Amazon's order."""
    found = [_action(row) for row in _rows(answer, "actions")]
    return Actions(
        locale=_text(answer, "locale"), actions=tuple(sorted(found, key=lambda row: not row.allowed))
    )


def _order(row: Mapping[str, Any]) -> Order:
    return Order(
        order_id=_named(row, "amazonOrderId"),
        purchased_at=_text(row, "purchasedAt"),
        status=_text(row, "status"),
        fulfilled_by=_text(row, "fulfilledBy"),
        items=_number(row, "items"),
        total=_total(row.get("total")),
    )


def _total(value: Any) -> str | None:
    if isinstance(value, Mapping):
        parts = (value.get("amount"), value.get("currency") or value.get("currencyCode"))
        return " ".join(str(part) for part in parts if part) or None
    return str(value) if value not in (None, "") else None


def _action(row: Mapping[str, Any]) -> Action:
    name = _named(row, "name")
    return Action(
        name=name,
        operation=_text(row, "operation"),
        title=_text(row, "title") or name,
        description=_text(row, "description") or "",
        allowed=bool(row.get("allowed")),
        why=_text(row, "why"),
        hidden=bool(row.get("hidden")),
        once_per_order=bool(row.get("oncePerOrder")),
        text=_limits(row, "text"),
        attachments=_limits(row, "attachments"),
        coverage=bool(row.get("coverage")),
        schema=_text(row, "schema") or "model",
        coverage_required=bool(row.get("coverageRequired")),
    )


def _limits(row: Mapping[str, Any], name: str) -> Limits | None:
    found = row.get(name)
    if found is None:
        return None
    if not isinstance(found, Mapping):
        raise UnreadableAnswerError(f"{name} is no object")
    return Limits(
        minimum=_number(found, "minimum"),
        maximum=_number(found, "maximum"),
        required=bool(found.get("required")),
        description=_text(found, "description") or "",
    )


def _rows(answer: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = answer.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise UnreadableAnswerError(f"{name} is no list of objects")
    return rows


def _named(row: Mapping[str, Any], name: str) -> str:
    value = _text(row, name)
    if not value:
        raise UnreadableAnswerError(f"a row has no {name}")
    return value


def _text(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise UnreadableAnswerError(f"{name} is no text")
    return value


def _number(row: Mapping[str, Any], name: str) -> int | None:
    value = row.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise UnreadableAnswerError(f"{name} is no whole number")
    return value

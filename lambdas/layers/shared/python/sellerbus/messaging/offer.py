"""What an order's buyer can be sent, as a person is shown it, and what not and why. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sellerbus.messaging.actions import OfferedAction, action_of_model, offered
from sellerbus.messaging.catalogue import MESSAGE_TYPES, AttachmentRule, TextRule

NOT_OFFERED: Final = "Amazon does not offer it for this order now"
DISABLED: Final = "Amazon has disabled it for this order now, and tells no reason"
UNKNOWN: Final = "Amazon offers it, but its API has no operation that sends it"


def offer_documents(actions: Sequence[OfferedAction]) -> list[dict[str, Any]]:
    """Return what the order offers in its order, each type once, then the types that it does not offer.

    Each is {name, operation, title, description, allowed, why, hidden, oncePerOrder, text, attachments,
    coverage, coverageRequired, schema}; text and attachments are {minimum, maximum, required, description},
    or None where the type takes none; operation is None where none sends it, why where it is allowed.
    """
    actions = tuple(actions)
    rows: dict[str, dict[str, Any]] = {}
    for action in actions:
        known = action.type or action.withdrawn
        name = known.name if known else action.name
        if name not in rows:
            rows[name] = _document(name, offered(actions, name) or action, is_offered=True)
    for name, kind in MESSAGE_TYPES.items():
        if name not in rows:
            rows[name] = _document(name, action_of_model(kind), is_offered=False)
    return list(rows.values())


def _document(name: str, action: OfferedAction, *, is_offered: bool) -> dict[str, Any]:
    why = _why(action, is_offered=is_offered)
    return {
        "name": name,
        "operation": action.type.operation if action.type else None,
        "title": action.title,
        "description": action.description,
        "allowed": why is None,
        "why": why,
        "hidden": action.hidden,
        "oncePerOrder": action.once_per_order,
        "text": _rule(action.text),
        "attachments": _rule(action.attachments),
        "coverage": bool(action.type and action.type.coverage),
        "coverageRequired": bool(action.type and action.type.coverage and action.coverage_required),
        "schema": action.source,
    }


def _why(action: OfferedAction, *, is_offered: bool) -> str | None:
    if not is_offered:
        return NOT_OFFERED
    if action.withdrawn:
        return action.withdrawn.reason
    if action.type is None:
        return UNKNOWN
    return (action.disabled_reason or DISABLED) if action.disabled else None


def _rule(rule: TextRule | AttachmentRule | None) -> Mapping[str, Any] | None:
    if rule is None:
        return None
    return {
        "minimum": rule.minimum,
        "maximum": rule.maximum,
        "required": rule.required,
        "description": rule.description,
    }

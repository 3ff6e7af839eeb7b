"""What an order's actions mean, in words that a seller understands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ops.message_actions_answers import Action, Actions, Limits, Order
from ops.message_actions_whom import country

NO_REASON: Final = "Amazon does not offer it for this order now"

_SOURCES: Final[Mapping[str, str]] = {
    "embedded": "the limits are those that Amazon told for this order",
    "payload": "the limits are those that Amazon told for this order",
    "model": "Amazon told no limits for this order: they are those of its API model",
}


def why_not(action: Action) -> str | None:
    """Return why the type is not possible now; None where it is."""
    return None if action.allowed else action.why or NO_REASON


def takes_text(limits: Limits | None) -> str:
    """Return "text up to 800", "no text"."""
    if limits is None:
        return "no text"
    longest = f" up to {limits.maximum}" if limits.maximum else ""
    return f"text{longest}{'' if limits.required else ', if you like'}"


def fewest_attachments(action: Action) -> int:
    """Return how many a message of the type has at least: without a text they are the message."""
    if action.attachments is None:
        return 0
    return max(action.attachments.minimum or 0, 0 if action.text else 1)


def takes_attachments(action: Action) -> str:
    """Return "1 to 5 attachments", "up to 5 attachments", "no attachments"."""
    if action.attachments is None:
        return "no attachments"
    least, most = fewest_attachments(action), action.attachments.maximum
    if most is None:
        return f"at least {counted(least)}" if least else "attachments"
    if least == most:
        return counted(least)
    return f"{least} to {counted(most)}" if least else f"up to {counted(most)}"


def takes(action: Action) -> str:
    """Return what a message of the type holds, as one phrase."""
    parts = [
        takes_text(action.text) if action.text else "",
        takes_attachments(action) if action.attachments else "",
        _dates(action) if action.coverage else "",
    ]
    return ", ".join(part for part in parts if part) or "nothing to fill in"


def _dates(action: Action) -> str:
    return f"the dates of the coverage{'' if action.coverage_required else ', if you like'}"


def counted(count: int) -> str:
    return f"{count} attachment{'' if count == 1 else 's'}"


def notes(actions: Actions) -> list[str]:
    """Return what is to be said beside the table; nothing of the language where nothing can be written."""
    if not any(row.allowed for row in actions.actions):
        return []
    found = [language(actions.locale)]
    sources = {row.schema for row in actions.actions if row.allowed}
    found += sorted({_SOURCES[name] for name in sources if name in _SOURCES})
    return found


def language(locale: str | None) -> str:
    if locale is None:
        return "Amazon does not tell the buyer's language: write in that of the marketplace"
    return f"the buyer's language is {locale}: Amazon wants the text in it"


def spoken(code: str | None) -> str:
    """Return a code of Amazon's as words: "partially shipped" of PARTIALLY_SHIPPED or PartiallyShipped."""
    if not code:
        return "-"
    if code.isupper() or "_" in code:
        return code.replace("_", " ").lower()
    return "".join(f" {sign.lower()}" if sign.isupper() else sign for sign in code).strip()


def ordered(order: Order) -> str:
    """Return what was bought: "2 items, 34.50 USD"; empty where nothing is known."""
    items = "" if order.items is None else f"{order.items} item{'' if order.items == 1 else 's'}"
    return ", ".join(part for part in (items, order.total or "") if part)


def fulfilled(order: Order) -> str:
    """Return who ships it, where Amazon says so."""
    known = {"AFN": "by Amazon", "AMAZON": "by Amazon", "MFN": "by you", "MERCHANT": "by you"}
    return known.get((order.fulfilled_by or "").upper(), spoken(order.fulfilled_by))


def marketplaces(ids: Sequence[str]) -> str:
    return ", ".join(country(name) for name in ids)

"""What the end of a feed's processing means for its task: the outcome, and why, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sellerbus.feeds.task import Outcome

_OF_STATUS: Final = {
    "DONE": Outcome.COMPLETED,
    "FATAL": Outcome.FATAL,
    "CANCELLED": Outcome.CANCELLED,
}


def outcome_of(processing_status: str, totals: Mapping[str, Any] | None) -> Outcome:
    """Return the outcome of a feed that ended so; totals: as reports.model.Totals.document gives them.

    A DONE feed of which any total, told or counted, shows an error is completed with errors. Raises KeyError
    for a status that is no end.
    """
    outcome = _OF_STATUS[processing_status]
    if outcome is Outcome.COMPLETED and messages_with_errors(totals):
        return Outcome.COMPLETED_WITH_ERRORS
    return outcome


def messages_with_errors(totals: Mapping[str, Any] | None) -> int:
    """How many messages were not carried out; where only single errors are known, how many of these."""
    if not totals:
        return 0
    differing = totals.get("differing") or {}
    for name in ("withErrors", "errors"):
        counts = [totals.get(name), *(differing.get(name) or {}).values()]
        if most := max((count for count in counts if count is not None), default=0):
            return int(most)
    return 0


def reason_of(outcome: Outcome, *, has_report: bool, unread: str | None) -> str | None:
    """Return why; None where nothing is to be said. unread: why the report was not kept or not read whole."""
    match outcome:
        case Outcome.FATAL:
            why = "Amazon did not process the feed (FATAL)"
            why += ": its report tells why" if has_report else ", and gave no report"
        case Outcome.CANCELLED:
            why = "the feed was cancelled before Amazon processed it"
        case Outcome.COMPLETED_WITH_ERRORS:
            why = "Amazon processed the feed and refused some of its messages"
        case _:
            why = "Amazon processed the feed" if unread else ""
    return f"{why}; {unread}" if unread else why or None

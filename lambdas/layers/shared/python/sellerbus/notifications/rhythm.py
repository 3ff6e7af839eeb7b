"""Whether a seller's notifications of a type keep to their own rhythm. Pure rules.

How often notifications come differs by type and by seller from seconds to weeks, so that no common limit
would do. What came so far says what is usual: a silence is one that lasted half as long again as the longest
of the last two weeks. The two weeks are those before the last arrival and not before now: who is silent for
long doesn't get another rhythm by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sellerbus.notifications.arrivals import ArrivalRow, oldest_day

LEAST_HISTORY: Final = timedelta(days=3)
"""From the first arrival to the last. With less of it a night or a weekend would be taken for a silence."""
PATIENCE: Final = 1.5
GRACE: Final = timedelta(minutes=15)
"""How far a row may be behind: the longest interval that may be configured for noting arrivals."""
ANSWERS: Final = frozenset(
    {
        "DATA_KIOSK_QUERY_PROCESSING_FINISHED",
        "FEED_PROCESSING_FINISHED",
        "REPORT_PROCESSING_FINISHED",
    }
)
"""Types that come only when somebody has asked for something: who asks no more hears nothing, rightly."""


class State(StrEnum):
    """LEARNING: too little came yet to say what is usual."""

    LEARNING = "learning"
    REGULAR = "regular"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand with one seller's notifications of one type.

    quiet: since the last arrival. usual: the longest time between two arrivals; allowed: how long it may be
    quiet. Both are None while too little is known.
    """

    state: State
    quiet: timedelta
    usual: timedelta | None = None
    allowed: timedelta | None = None


def standing(row: ArrivalRow, now: datetime) -> Standing:
    """Judge one row at a time."""
    quiet = max(now - row.last_at, timedelta(0))
    gaps = recent_gaps(row)
    if row.last_at - row.first_at < LEAST_HISTORY or not gaps:
        return Standing(State.LEARNING, quiet)
    usual = timedelta(seconds=max(gaps.values()))
    allowed = usual * PATIENCE + GRACE
    return Standing(State.SILENT if quiet > allowed else State.REGULAR, quiet, usual, allowed)


def recent_gaps(row: ArrivalRow) -> dict[str, int]:
    """Return the row's gaps by day, those of the last GAP_DAYS days before its last arrival."""
    oldest = oldest_day(row.last_at)
    return {day: seconds for day, seconds in row.longest_gaps.items() if day >= oldest}


def has_rhythm(notification_type: str) -> bool:
    """Whether notifications of a type come by themselves, so that their absence says something."""
    return notification_type not in ANSWERS

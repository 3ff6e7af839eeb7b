"""Times as a person reads and types them. Rows have ISO 8601 texts in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from ops.errors import WRONG_INPUT, CommandError

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO: Final = re.compile(r"(\d{1,5})\s*([mhdw])")
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def moment(text: str) -> datetime:
    """Return the time that a row tells; raises ValueError."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def at(seconds: float) -> datetime:
    """Return the time that is so many seconds after 1970 began."""
    return datetime.fromtimestamp(seconds, UTC)


def absolute(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def relative(time: datetime, now: datetime) -> str:
    """Return "4 min ago", "in 2 h 5 min" or "now"."""
    seconds = (time - now).total_seconds()
    if abs(seconds) < 1:
        return "now"
    return f"in {span(seconds)}" if seconds > 0 else f"{span(-seconds)} ago"


def both(text: str | None, now: datetime) -> str:
    """Return a row's time as "2026-11-04 12:03:05 UTC, 4 min ago"; what is no time is returned as it is."""
    if not text:
        return "-"
    try:
        time = moment(text)
    except ValueError:
        return text
    return f"{absolute(time)}, {relative(time, now)}"


def span(seconds: float) -> str:
    """Return so many seconds in the two largest units: "45 s", "4 min", "2 h 5 min", "3 d 4 h"."""
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < _DAY:
        return _joined(whole // _HOUR, "h", whole % _HOUR // _MINUTE, "min")
    return _joined(whole // _DAY, "d", whole % _DAY // _HOUR, "h")


def _joined(more: int, unit: str, rest: int, rest_unit: str) -> str:
    return f"{more} {unit} {rest} {rest_unit}" if rest else f"{more} {unit}"


def since(text: str, now: datetime) -> datetime:
    """Return the time that is typed: a day, a day with its time, or how long ago; raises CommandError."""
    word = text.strip().lower()
    ago = _AGO.fullmatch(word)
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        return moment(word.upper())
    except (ValueError, OverflowError):
        raise CommandError(
            f"{text!r} is no time: give a day (2026-11-04), a time in UTC (2026-11-04T12:30), "
            "or how long ago (90m, 24h, 7d, 2w).",
            WRONG_INPUT,
        ) from None

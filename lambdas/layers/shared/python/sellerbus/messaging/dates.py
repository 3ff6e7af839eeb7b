"""Points in time as the Messaging API writes them: `date-time` of RFC 3339, with an offset. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

DATE_TIME_FORM: Final = "2026-01-31T00:00:00Z"

_DATE_TIME: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


def date_time(text: str) -> datetime:
    """Return the point in time. Raises ValueError for any other form, and for days and times there are not.

    RFC 3339 allows a leap second, 23:59:60; datetime does not, and nor does this.
    """
    if not _DATE_TIME.fullmatch(text):
        raise ValueError(f"it must be a date and time with an offset, such as {DATE_TIME_FORM}")
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError(f"there is no such day or time; the form is {DATE_TIME_FORM}") from None

"""Turns of one operation that were reserved together, to be spent now or in a later invocation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass
class Booking:
    """What is left of a booking: the client that spends a turn takes it off here.

    operation: the operation's key. seller_id: "" for the application's own operations.
    first_due: seconds since 1970 at which the next turn may be used; the others follow `interval_seconds`
        apart. A turn doesn't run out, but one that is never spent is lost to everybody.
    """

    operation: str
    seller_id: str
    count: int
    first_due: float
    interval_seconds: float

    def wait_seconds(self, now: float) -> float:
        """Return the seconds until the next turn is due; 0 where it is, or where none is left."""
        return max(0.0, self.first_due - now) if self.count else 0.0

    def spend(self) -> None:
        """Take off the next turn."""
        self.count -= 1
        self.first_due += self.interval_seconds

    def give_back(self, until: float) -> None:
        """Put back a turn that Amazon refused; it and those after it are due no sooner than `until`."""
        self.count += 1
        self.first_due = max(self.first_due - self.interval_seconds, until)

    def to_document(self) -> dict[str, object]:
        return {
            "operation": self.operation,
            "sellerId": self.seller_id,
            "count": self.count,
            "firstDue": self.first_due,
            "intervalSeconds": self.interval_seconds,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Booking:
        """Read what to_document wrote. Raises ValueError naming the field."""
        count = document.get("count")
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise ValueError("a booking's count must be a whole number of at least 0")
        return cls(
            _text(document, "operation"),
            _text(document, "sellerId"),
            count,
            _seconds(document, "firstDue"),
            _seconds(document, "intervalSeconds"),
        )


def _text(document: Mapping[str, object], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise ValueError(f"a booking's {name} must be a text")  # noqa: TRY004 - content, not a type of ours
    return value


def _seconds(document: Mapping[str, object], name: str) -> float:
    value = document.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(f"a booking's {name} must be a number of seconds")
    return float(value)

"""What reading a feed yields, whatever its form: counts, and what is wrong with which message. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

ERROR: Final = "ERROR"
WARNING: Final = "WARNING"


@dataclass(frozen=True)
class Submission:
    """What a reader and a writer need of the feed; `codec` is Python's name of the declared charset."""

    feed_id: str
    seller_id: str
    feed_type: str
    options: Mapping[str, str]
    codec: str = "utf-8"


@dataclass(frozen=True)
class Issue:
    """One thing wrong. `message_id` is None where it is not about a message; `names` say what it is about."""

    text: str
    code: str
    message_id: int | None = None
    severity: str = ERROR
    attribute: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Tally:
    """`processed` messages, of which `invalid` have an error; `details` is of the form of the report."""

    processed: int = 0
    invalid: int = 0
    issues: list[Issue] = field(default_factory=list)
    details: dict[str, object] = field(default_factory=dict)

    def take(self, issues: list[Issue]) -> bool:
        """Counts one message with its issues; returns whether it is accepted."""
        self.processed += 1
        self.issues.extend(issues)
        accepted = all(issue.severity != ERROR for issue in issues)
        self.invalid += not accepted
        return accepted

    @property
    def accepted(self) -> int:
        return self.processed - self.invalid

    def count(self, severity: str) -> int:
        return sum(issue.severity == severity for issue in self.issues)


class UnreadableError(Exception):
    """A feed that cannot be processed at all; the report says why, about no message."""

    def __init__(self, text: str, code: str) -> None:
        super().__init__(text)
        self.text = text
        self.code = code

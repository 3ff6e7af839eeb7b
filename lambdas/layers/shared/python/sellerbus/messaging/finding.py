"""What is wrong with a message, or worth knowing before it is sent, in words for the seller. Pure.

A finding never repeats the message's text, an attachment's content or a file's name: findings go into events
and logs. It says which rule, where, and what the rule allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

ERROR: Final = "error"
WARNING: Final = "warning"


@dataclass(frozen=True)
class Finding:
    """One finding. `rule` is a stable code for machines, `text` a sentence for the seller.

    field: the request's field, such as `text` or `attachments[1].fileName`. An error keeps the message from
    being sent, a warning does not. limit: what the rule allows, if that is a number or a form.
    """

    rule: str
    field: str
    text: str
    severity: str = ERROR
    limit: str | None = None

    def document(self) -> Mapping[str, Any]:
        """The finding as JSON. Every name is there; limit is null where there is none."""
        return {
            "rule": self.rule,
            "field": self.field,
            "severity": self.severity,
            "text": self.text,
            "limit": self.limit,
        }


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether a message with these findings must not be sent."""
    return any(finding.severity == ERROR for finding in findings)


def sentences(findings: Iterable[Finding]) -> str:
    """The findings in one line, as an error's text or a row's reason tells them."""
    return "; ".join(f"{finding.field}: {finding.text}" for finding in findings)

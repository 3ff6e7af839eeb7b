"""What is wrong with a feed that was handed over, said to the seller: one finding per fault, all at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

ERROR: Final = "error"
WARNING: Final = "warning"
_LONGEST_QUOTE: Final = 80


@dataclass(frozen=True)
class Finding:
    """One fault. `rule` is a stable code for machines, `text` a sentence for the seller.

    An error keeps the feed from being submitted, a warning does not. where: a path in the document, such as
    `messages[3].patches[0].op`, or the name of a field of the request. limit: what the rule allows, if that
    is a number or a form.
    """

    rule: str
    text: str
    severity: str = ERROR
    where: str | None = None
    message_id: int | None = None
    sku: str | None = None
    line: int | None = None
    limit: str | None = None

    def document(self) -> Mapping[str, Any]:
        """The finding as JSON, without what it does not say."""
        row = {
            "rule": self.rule,
            "severity": self.severity,
            "text": self.text,
            "where": self.where,
            "messageId": self.message_id,
            "sku": self.sku,
            "line": self.line,
            "limit": self.limit,
        }
        return {name: value for name, value in row.items() if value is not None}


class Findings:
    """The findings of one feed: the first `most` are kept in the order found, all are counted.

    Errors go before warnings when there is no room for both.
    """

    def __init__(self, most: int = 1000) -> None:
        self._most = most
        self._kept: list[Finding] = []
        self._kept_warnings = 0
        self._counts: dict[str, int] = {ERROR: 0, WARNING: 0}

    def add(self, finding: Finding) -> None:
        self._counts[finding.severity] += 1
        if len(self._kept) < self._most:
            self._kept.append(finding)
        elif finding.severity == ERROR and self._kept_warnings:
            self._kept.remove(next(row for row in self._kept if row.severity == WARNING))
            self._kept_warnings -= 1
            self._kept.append(finding)
        else:
            return
        self._kept_warnings += finding.severity == WARNING

    @property
    def kept(self) -> tuple[Finding, ...]:
        return tuple(self._kept)

    @property
    def errors(self) -> int:
        """How many errors were found, kept or not."""
        return self._counts[ERROR]

    @property
    def warnings(self) -> int:
        """How many warnings were found, kept or not."""
        return self._counts[WARNING]

    @property
    def refused(self) -> bool:
        """Whether the feed must not be submitted."""
        return self.errors > 0

    def document(self) -> Mapping[str, Any]:
        """All of it as JSON: the counts, and the findings that were kept."""
        return {
            "errors": self.errors,
            "warnings": self.warnings,
            "findings": [row.document() for row in self._kept],
        }


def quote(value: object) -> str:
    """`value` as it may stand in a sentence: on one line and not longer than a line."""
    text = repr(value)
    return text if len(text) <= _LONGEST_QUOTE else f"{text[: _LONGEST_QUOTE - 1]}…"

"""What a feed's processing report says, whatever its kind: a stream of messages, and totals told and counted.

Sources: Amazon's schema "Selling Partner JSON Listings Feed Processing Report (v2)", ProcessingReport.xsd,
and the Feeds API use case guide, which warns that a FATAL feed's report may have a form of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, NamedTuple

ERROR: Final = "ERROR"
WARNING: Final = "WARNING"
INFO: Final = "INFO"

LONGEST_TEXT: Final = 8192
"""Characters of one text that are kept. Amazon's stay under a thousand."""
MOST_DETAILS: Final = 16

_SEVERITIES: Final = {
    "ERROR": ERROR,
    "WARNING": WARNING,
    "INFO": INFO,
    "error": ERROR,
    "fatal": ERROR,
    "failure": ERROR,
    "failed": ERROR,
    "warning": WARNING,
    "warn": WARNING,
    "info": INFO,
    "information": INFO,
    "informational": INFO,
    "success": INFO,
    "successful": INFO,
}
_BLOCK: Final = 8192
_MOST_BLOCKS: Final = 4096


class ReportMessage(NamedTuple):
    """What Amazon says of one message of the feed; of the whole feed where message_id and sku are None.

    message_id: the id within the feed, in a flat file the record's number. severity: ERROR, WARNING or INFO.
    details: what else the report says of it by name, such as an order's id or a document's reference.
    """

    message_id: int | None
    sku: str | None
    code: str | None
    severity: str
    message: str
    attribute: str | None = None
    details: Mapping[str, str] | None = None

    def document(self) -> dict[str, Any]:
        """The message as JSON; details only where there are any."""
        row: dict[str, Any] = {
            "messageId": self.message_id,
            "sku": self.sku,
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "attribute": self.attribute,
        }
        if self.details:
            row["details"] = dict(self.details)
        return row


class BrokenReportError(Exception):
    """A report that can't be read to its end. What was read before the fault stays good.

    messages_read: how many messages were given out before. The text has none of the report's content.
    """

    def __init__(self, kind: str, detail: str, messages_read: int) -> None:
        super().__init__(
            f"the processing report ({kind}) could be read only in part, {messages_read} messages: {detail}. "
            "The original is kept; ask for the document again, in case it was not received whole."
        )
        self.kind = kind
        self.detail = detail
        self.messages_read = messages_read


@dataclass(frozen=True)
class Counts:
    """Counts of a report; None where it is not said or not known.

    processed, successful, with_errors, with_warnings: messages of the feed; with_errors are those that were
    not carried out (Amazon also says invalid). errors, warnings: single faults; a message may have several.
    """

    processed: int | None = None
    successful: int | None = None
    with_errors: int | None = None
    with_warnings: int | None = None
    errors: int | None = None
    warnings: int | None = None


@dataclass(frozen=True)
class Totals:
    """The totals as the report tells them, and as its messages count up."""

    told: Counts
    counted: Counts

    @property
    def differing(self) -> tuple[str, ...]:
        """The names of the totals that are told and counted, and not the same."""
        return tuple(
            each.name
            for each in fields(Counts)
            if None not in (getattr(self.told, each.name), getattr(self.counted, each.name))
            and getattr(self.told, each.name) != getattr(self.counted, each.name)
        )

    def document(self) -> dict[str, Any]:
        """Each total as told, or as counted where it isn't told; those that differ as {told, counted}."""
        row: dict[str, Any] = {}
        for each in fields(Counts):
            told, counted = getattr(self.told, each.name), getattr(self.counted, each.name)
            row[_CAMEL[each.name]] = told if told is not None else counted
        for name in self.differing:
            row.setdefault("differing", {})[_CAMEL[name]] = {
                "told": getattr(self.told, name),
                "counted": getattr(self.counted, name),
            }
        return row


_CAMEL: Final = {
    "processed": "processed",
    "successful": "successful",
    "with_errors": "withErrors",
    "with_warnings": "withWarnings",
    "errors": "errors",
    "warnings": "warnings",
}


class Counter:
    """Counts the messages of a report while they pass by."""

    def __init__(self) -> None:
        self.messages = 0
        self._by_severity = {ERROR: 0, WARNING: 0, INFO: 0}
        self._ids = {ERROR: MessageIds(), WARNING: MessageIds()}

    def add(self, message: ReportMessage) -> None:
        self.messages += 1
        self._by_severity[message.severity] += 1
        if message.message_id and message.severity in self._ids:
            self._ids[message.severity].add(message.message_id)

    @property
    def counts(self) -> Counts:
        return Counts(
            with_errors=self._ids[ERROR].count,
            with_warnings=self._ids[WARNING].count,
            errors=self._by_severity[ERROR],
            warnings=self._by_severity[WARNING],
        )


class MessageIds:
    """How many different message ids there were, exactly, in at most 4 MiB.

    Ids of a feed run up from 1, so a bit each is little. Where they lie so far apart that the bits
    don't fit, the count is None.
    """

    def __init__(self) -> None:
        self._blocks: dict[int, bytearray] = {}
        self._count: int | None = 0

    @property
    def count(self) -> int | None:
        return self._count

    def add(self, message_id: int) -> None:
        if self._count is None:
            return
        number, offset = divmod(message_id, _BLOCK)
        block = self._blocks.get(number)
        if block is None:
            if len(self._blocks) == _MOST_BLOCKS:
                self._count = None
                self._blocks.clear()
                return
            block = self._blocks[number] = bytearray(_BLOCK // 8)
        bit = 1 << (offset & 7)
        if not block[offset >> 3] & bit:
            block[offset >> 3] |= bit
            self._count += 1


def severity(word: str | None, otherwise: str = ERROR) -> str:
    """The severity for Amazon's word; an unknown word is an error, so that nobody overlooks it."""
    if not word:
        return otherwise
    return _SEVERITIES.get(word) or _SEVERITIES.get(word.strip().casefold(), ERROR)


def whole_number(text: object) -> int | None:
    """A message id or a count: a whole number from 0, written in digits; None for anything else."""
    if isinstance(text, int) and not isinstance(text, bool):
        return text if text >= 0 else None
    if isinstance(text, str) and text.isascii() and text.strip().isdigit() and len(text) <= 18:
        return int(text)
    return None


def clip(text: str) -> str:
    """`text`, cut where it is longer than any that Amazon writes."""
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"

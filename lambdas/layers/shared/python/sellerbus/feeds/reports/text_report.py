"""Flat-file processing reports: a summary, a row of column names, a row for each message; and plain text.

    Feed Processing Summary:
            Number of records processed             4
            Number of records successful            2

    original-record-number  sku     error-code      error-type      error-message
    1       SKU-1   8560    Error   SKU SKU-1, Missing Attributes product_type. ...

Order feeds have order-id and order-item-id in place of sku, other feeds other columns: columns are found by
their names. Fields are not quoted. Where a report has neither a summary nor such columns, each of its lines
is given out as a message of its own.

Source: reports that developers quote in the threads of amzn/selling-partner-api-models (2437, 2965, 791).
"""

from __future__ import annotations

import re
from typing import Final

from sellerbus.feeds.reports.model import (
    INFO,
    LONGEST_TEXT,
    MOST_DETAILS,
    Counts,
    ReportMessage,
    clip,
    severity,
    whole_number,
)

LONGEST_LINE: Final = 1024 * 1024
_MOST_NOTES: Final = 100
_MOST_PLAIN_LINES: Final = 1000

_COLUMNS: Final = {
    "original-record-number": "message_id",
    "record-number": "message_id",
    "message-id": "message_id",
    "sku": "sku",
    "item-sku": "sku",
    "seller-sku": "sku",
    "error-code": "code",
    "result-code": "code",
    "error-type": "severity",
    "severity": "severity",
    "error-message": "message",
    "error-description": "message",
    "message": "message",
    "attribute-name": "attribute",
    "field-name": "attribute",
}
_SUMMARY_LINE: Final = re.compile(r"^\s*(?P<label>\S.*?)[\s:]+(?P<number>\d{1,15})\s*$")
# In this order: "processed" stands in "not processed" as well.
_SUMMARY: Final = (
    (re.compile(r"warning", re.I), "with_warnings"),
    (re.compile(r"error|invalid|unsuccessful|not processed|failed", re.I), "with_errors"),
    (re.compile(r"successful|activated|accepted", re.I), "successful"),
    (re.compile(r"processed", re.I), "processed"),
)
_HEADING: Final = re.compile(r"^\s*feed processing summary\s*:?\s*$", re.I)


class BrokenTextError(ValueError):
    """The text has a line that no report has. The text has none of its content."""


def looks_like_flat_file(beginning: str) -> bool:
    """Whether a text that is neither JSON nor XML begins as a flat-file report does."""
    return any(
        _HEADING.match(line) or _columns(line) is not None or _summary(line) is not None
        for line in beginning.split("\n")
    )


class FlatFileReportReader:
    """Takes the report's text piece by piece; `ready` has the messages that are complete."""

    def __init__(self) -> None:
        self.ready: list[ReportMessage] = []
        self.facts: dict[str, str] = {}
        self.notes: list[str] = []
        self.kind = "flat-file"
        self._lines = _Lines()
        self._columns: tuple[str, ...] | None = None
        self._held: ReportMessage | None = None
        self._told: dict[str, int] = {}

    @property
    def told(self) -> Counts:
        return Counts(**self._told)

    def take(self, text: str) -> None:
        """Read on. Raises BrokenTextError."""
        for line in self._lines.take(text):
            self._line(line)

    def finish(self) -> None:
        """Say that all was taken."""
        self._line(self._lines.rest())
        self._release()

    def _line(self, line: str) -> None:
        if not line.strip():
            return
        # A report may have several sections; a row begins with its number, a row of names doesn't.
        columns = None if self._columns and line[0].isdigit() else _columns(line)
        if columns is not None:
            self._columns = columns
        elif self._columns is not None:
            self._row(line, self._columns)
        else:
            self._preamble(line)

    def _preamble(self, line: str) -> None:
        told = _summary(line)
        if told is not None:
            name, number = told
            self._told[name] = number
        elif not _HEADING.match(line) and len(self.notes) < _MOST_NOTES:
            # A summary in another language: its words stay readable, its numbers are not guessed at.
            self.notes.append(clip(line.strip()))

    def _row(self, line: str, columns: tuple[str, ...]) -> None:
        if "\t" not in line and self._held is not None:
            # A message that has line breaks goes on in the lines after it.
            if len(self._held.message) < LONGEST_TEXT:
                self._held = self._held._replace(message=clip(f"{self._held.message}\n{line.strip()}"))
            return
        self._release()
        known: dict[str, str] = {}
        details: dict[str, str] = {}
        # The last column is the message: a tab within it belongs to it.
        for column, text in zip(columns, line.split("\t", len(columns) - 1), strict=False):
            value = text.strip()
            if not value:
                continue
            field = _COLUMNS.get(column)
            if field is not None and field not in known:
                known[field] = clip(value)
            elif len(details) < MOST_DETAILS:
                details[column] = clip(value)
        self._held = ReportMessage(
            whole_number(known.get("message_id")) or None,
            known.get("sku"),
            known.get("code"),
            severity(known.get("severity")),
            known.get("message", ""),
            known.get("attribute"),
            details or None,
        )

    def _release(self) -> None:
        if self._held is not None:
            self.ready.append(self._held)
            self._held = None


class PlainTextReportReader:
    """Gives out each line as a message: of a report in no known form, its words are what there is."""

    def __init__(self) -> None:
        self.ready: list[ReportMessage] = []
        self.facts: dict[str, str] = {}
        self.notes: list[str] = []
        self.kind = "text"
        self.told = Counts()
        self._lines = _Lines()
        self._given = 0

    def take(self, text: str) -> None:
        """Read on. Raises BrokenTextError."""
        for line in self._lines.take(text):
            self._line(line)

    def finish(self) -> None:
        """Say that all was taken."""
        self._line(self._lines.rest())
        if self._given > _MOST_PLAIN_LINES:
            self.notes.append(f"{self._given - _MOST_PLAIN_LINES} further lines are in the original only")

    def _line(self, line: str) -> None:
        if line.strip():
            self._given += 1
            if self._given <= _MOST_PLAIN_LINES:
                self.ready.append(ReportMessage(None, None, None, INFO, clip(line.strip())))


class _Lines:
    """Cuts pieces of text into lines. Only a line feed ends one: texts hold other separators."""

    def __init__(self) -> None:
        self._open = ""

    def take(self, text: str) -> list[str]:
        *lines, self._open = (self._open + text).split("\n")
        if len(self._open) > LONGEST_LINE:
            raise BrokenTextError(f"a line is longer than {LONGEST_LINE} characters")
        return [line.removesuffix("\r") for line in lines]

    def rest(self) -> str:
        line, self._open = self._open, ""
        return line.removesuffix("\r")


def _columns(line: str) -> tuple[str, ...] | None:
    """The names of the columns where the line is the row that has them."""
    if "\t" not in line:
        return None
    names = tuple(re.sub(r"[\s_]+", "-", name.strip().lower()) for name in line.split("\t"))
    known = {_COLUMNS[name] for name in names if name in _COLUMNS}
    return names if "message" in known and known & {"code", "severity", "message_id"} else None


def _summary(line: str) -> tuple[str, int] | None:
    """The total that a line of the summary tells, in English."""
    found = _SUMMARY_LINE.match(line)
    if found is None or "record" not in found["label"].lower():
        return None
    name = next((name for pattern, name in _SUMMARY if pattern.search(found["label"])), None)
    return (name, int(found["number"])) if name else None

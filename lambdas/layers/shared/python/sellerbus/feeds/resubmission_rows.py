"""A flat file with the records only that failed, beneath its header rows.

Records are counted from 1 after the header row, of which a template (TemplateType=...) has three; rows that
are empty are not counted. Source: the processing reports' original-record-number (Seller Central, "Review
File Status and History": row 0 is the file, row 1 the first with data).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sellerbus.feeds.resubmission_model import LARGEST_MESSAGE, too_large

_TEMPLATE: Final = "TemplateType="
_TEMPLATE_HEADERS: Final = 3


class FailedRows:
    """Takes the document's text, and gives out what of it is kept. kept: how many records."""

    def __init__(self, wanted: frozenset[int]) -> None:
        self.kept = 0
        self._wanted = wanted
        self._open = ""
        self._headers: int | None = None
        self._lines = 0
        self._records = 0

    def take(self, text: str) -> Iterator[str]:
        *lines, self._open = (self._open + text).split("\n")
        if len(self._open) > LARGEST_MESSAGE:
            raise too_large()
        for line in lines:
            yield from self._line(f"{line}\n")

    def finish(self) -> Iterator[str]:
        yield from self._line(self._open)

    def _line(self, line: str) -> Iterator[str]:
        if self._headers is None:
            start = line.removeprefix("\ufeff").lstrip('"')
            self._headers = _TEMPLATE_HEADERS if start.startswith(_TEMPLATE) else 1
        if self._lines < self._headers:
            self._lines += 1
            yield line
        elif line.strip():
            self._records += 1
            if self._records in self._wanted:
                self.kept += 1
                yield line

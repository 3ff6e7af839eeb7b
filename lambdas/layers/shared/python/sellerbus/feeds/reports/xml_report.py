"""XML processing reports: AmazonEnvelope with a ProcessingReport, EasyShipProcessingReport, and other roots.

A report is known by its elements and not by its root: an element of _RECORDS is a message, and the counts
of the summary stand outside of messages. So a root that nobody has seen yet gives what it has.

Sources: ProcessingReport.xsd; the recipe for Easy Ship in Amazon's selling-partner-api-samples.
"""

from __future__ import annotations

from typing import Final

from sellerbus.feeds.reports.model import (
    ERROR,
    INFO,
    MOST_DETAILS,
    WARNING,
    Counts,
    ReportMessage,
    clip,
    severity,
    whole_number,
)
from sellerbus.feeds.xml_parser import XmlParser

# The elements that hold one message each, and how severe it is where they don't say it themselves.
_RECORDS: Final = {
    "Result": ERROR,
    "Error": ERROR,
    "ErrorMessage": ERROR,
    "FailureMessage": ERROR,
    "Warning": WARNING,
    "WarningMessage": WARNING,
    "SuccessMessage": INFO,
}
# Case does not matter; the commonest spellings stand first as they are written.
_FIELDS: Final = {
    "MessageID": "message_id",
    "ResultCode": "severity",
    "ResultMessageCode": "code",
    "ResultDescription": "message",
    "SKU": "sku",
    "messageid": "message_id",
    "resultcode": "severity",
    "severity": "severity",
    "errortype": "severity",
    "resultmessagecode": "code",
    "errorcode": "code",
    "code": "code",
    "resultdescription": "message",
    "errordescription": "message",
    "errormessage": "message",
    "description": "message",
    "message": "message",
    "sku": "sku",
    "attributename": "attribute",
}
_TOLD: Final = {
    "MessagesProcessed": "processed",
    "MessagesSuccessful": "successful",
    "MessagesWithError": "with_errors",
    "MessagesWithWarning": "with_warnings",
}
_FACTS: Final = frozenset({"DocumentTransactionID", "FeedSubmissionID", "StatusCode", "MerchantIdentifier"})
_MOST_PIECES: Final = 8


class XmlReportReader:
    """Takes the report's text piece by piece; `ready` has the messages that are complete."""

    def __init__(self) -> None:
        self.ready: list[ReportMessage] = []
        self.facts: dict[str, str] = {}
        self.notes: list[str] = []
        self.kind = "xml"
        self._parser = XmlParser(self._opened, self._closed, self._text)
        self._pieces: list[str] = []
        self._record: dict[str, str] | None = None
        self._record_name = ""
        self._told: dict[str, int] = {}

    @property
    def told(self) -> Counts:
        return Counts(**self._told)

    def take(self, text: str) -> None:
        """Read on. Raises BrokenXmlError."""
        self._parser.take(text)

    def finish(self) -> None:
        """Say that all was taken. Raises BrokenXmlError where the report isn't complete."""
        self._parser.close()

    def _opened(self, name: str) -> None:
        self._pieces.clear()
        if self._record is not None:
            return
        name = _local(name)
        if name in _RECORDS:
            self._record, self._record_name = {}, name
        elif name == "ProcessingReport":
            self.kind = "xml-processing-report"
        elif "root" not in self.facts:
            self.facts["root"] = clip(name)

    def _text(self, piece: str) -> None:
        if len(self._pieces) < _MOST_PIECES:
            self._pieces.append(piece)

    def _closed(self, name: str) -> None:
        pieces = self._pieces
        text = ""
        if pieces:
            text = (pieces[0] if len(pieces) == 1 else "".join(pieces)).strip()
            pieces.clear()
        name = _local(name)
        record = self._record
        if record is None:
            self._outside(name, text)
        elif name == self._record_name:
            if text:
                record.setdefault("Description", clip(text))
            self._complete(record)
            self._record = None
        elif text and (len(record) < MOST_DETAILS or name.lower() in _FIELDS):
            record[name] = clip(text)

    def _outside(self, name: str, text: str) -> None:
        if name in _TOLD:
            self._tell(_TOLD[name], text)
        elif name in _FACTS and text:
            self.facts[name] = clip(text)

    def _tell(self, total: str, text: str) -> None:
        number = whole_number(text)
        if number is None:
            self.notes.append(f"the report's number of messages ({total}) is no number")
        else:
            # An envelope may hold several reports.
            self._told[total] = self._told.get(total, 0) + number

    def _complete(self, record: dict[str, str]) -> None:
        known: dict[str, str] = {}
        details: dict[str, str] = {}
        for name, text in record.items():
            field = _FIELDS.get(name) or _FIELDS.get(name.lower())
            if field is None or field in known:
                details[name] = text
            else:
                known[field] = text
        self.ready.append(
            ReportMessage(
                whole_number(known.get("message_id")) or None,
                known.get("sku"),
                known.get("code"),
                severity(known.get("severity"), _RECORDS[self._record_name]),
                known.get("message", ""),
                known.get("attribute"),
                details or None,
            )
        )


def _local(name: str) -> str:
    """An element's name without its namespace prefix."""
    return name.rpartition(":")[2] if ":" in name else name

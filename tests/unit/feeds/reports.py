"""Processing reports as Amazon writes them, and a way to read one at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sellerbus.feeds.reports.model import BrokenReportError, ReportMessage
from sellerbus.feeds.reports.report import Report

FLAT_FILE = (
    "Feed Processing Summary:\n"
    "\tNumber of records processed\t\t4\n"
    "\tNumber of records successful\t\t2\n"
    "\n"
    "original-record-number\tsku\terror-code\terror-type\terror-message\n"
    "1\tSKU-000001\t8560\tError\tSKU SKU-000001, Missing Attributes product_type.\n"
    "2\tSKU-000002\t6039\tError\tMerchant is not authorized to sell products under this group.\n"
    "2\tSKU-000002\t8026\tWarning\tYou are not authorized to list products in this category.\n"
)
XML = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<AmazonEnvelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xsi:noNamespaceSchemaLocation="amzn-envelope.xsd">\n'
    "<Header><DocumentVersion>1.02</DocumentVersion><MerchantIdentifier>A1</MerchantIdentifier></Header>\n"
    "<MessageType>ProcessingReport</MessageType>\n"
    "<Message><MessageID>1</MessageID><ProcessingReport>\n"
    "<DocumentTransactionID>507268018841</DocumentTransactionID><StatusCode>Complete</StatusCode>\n"
    "<ProcessingSummary><MessagesProcessed>14</MessagesProcessed><MessagesSuccessful>12</MessagesSuccessful>"
    "<MessagesWithError>2</MessagesWithError><MessagesWithWarning>1</MessagesWithWarning>"
    "</ProcessingSummary>\n"
    "<Result><MessageID>3</MessageID><ResultCode>Error</ResultCode>"
    "<ResultMessageCode>18028</ResultMessageCode><ResultDescription>The data is &lt;wrong&gt;."
    "</ResultDescription><AdditionalInfo><AmazonOrderID>203-2465793-0909105</AmazonOrderID></AdditionalInfo>"
    "</Result>\n"
    "<Result><MessageID>5</MessageID><ResultCode>Error</ResultCode>"
    "<ResultMessageCode>8560</ResultMessageCode><ResultDescription>No such item.</ResultDescription>"
    "<AdditionalInfo><SKU>SKU-5</SKU></AdditionalInfo></Result>\n"
    "<Result><MessageID>7</MessageID><ResultCode>Warning</ResultCode>"
    "<ResultMessageCode>8026</ResultMessageCode><ResultDescription>Mind this.</ResultDescription></Result>\n"
    "</ProcessingReport></Message></AmazonEnvelope>\n"
)
EASY_SHIP = (
    '<?xml version="1.0" encoding="UTF-8"?><EasyShipProcessingReport>'
    "<FeedSubmissionID>378823020417</FeedSubmissionID><MessagesProcessed>1</MessagesProcessed>"
    "<MessagesSuccessful>1</MessagesSuccessful><MessagesWithError>0</MessagesWithError><SuccessMessage>"
    "<MessageID>1</MessageID><AmazonOrderID>701-5497852-1014649</AmazonOrderID><DocumentReportReferenceId>"
    "amzn1.easyship.document.1</DocumentReportReferenceId></SuccessMessage></EasyShipProcessingReport>"
)


def listings(issues: list[dict[str, Any]], **summary: int) -> bytes:
    """A JSON listings report; totals that aren't given are 0."""
    names = ("errors", "warnings", "messagesProcessed", "messagesAccepted", "messagesInvalid")
    return json.dumps(
        {
            "header": {"sellerId": "A1", "version": "2.0", "feedId": "50021018827"},
            "issues": issues,
            "summary": {name: summary.get(name, 0) for name in names},
        }
    ).encode()


def in_pieces(content: bytes, length: int) -> Iterator[bytes]:
    return (content[start : start + length] for start in range(0, len(content), length))


def read(
    content: bytes | str, charset: str | None = None, length: int = 7
) -> tuple[Report, list[ReportMessage]]:
    """The report and its messages, read from pieces of `length` bytes."""
    data = content.encode() if isinstance(content, str) else content
    report = Report(in_pieces(data, length), charset)
    return report, list(report.messages())


def read_broken(
    content: bytes | str, charset: str | None = None, length: int = 7
) -> tuple[Report, list[ReportMessage], BrokenReportError]:
    """The same for a report that must break; raises AssertionError where it doesn't."""
    data = content.encode() if isinstance(content, str) else content
    report = Report(in_pieces(data, length), charset)
    messages: list[ReportMessage] = []
    try:
        messages.extend(_into(messages, report))
    except BrokenReportError as error:
        return report, messages, error
    raise AssertionError("the report was read to its end")


def _into(messages: list[ReportMessage], report: Report) -> list[ReportMessage]:
    for message in report.messages():
        messages.append(message)  # noqa: PERF402  what was read before an error is to be kept
    return []

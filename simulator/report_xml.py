"""XML feeds: reading an AmazonEnvelope message by message, and the processing reports. Pure.

Source: the XSDs amzn-envelope and ProcessingReport, and reports quoted in public issue threads; the report of
Easy Ship as in amzn/selling-partner-api-samples. Which messages are wrong is the simulator's choice: without
an id, without content, with a malformed order id, a negative number, or nothing that says what they are
about. Amazon's report of an Easy Ship feed that fails is not public: FailureMessage is assumed.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, iterparse

from simulator.document_content import as_file
from simulator.reporting import ERROR, Issue, Submission, Tally, UnreadableError

_ORDER_ID = re.compile(r"\d{3}-\d{7}-\d{7}")
_NUMBERS = ("Quantity", "StandardPrice", "Price", "Amount", "ItemPrice")
_SUBJECTS = (
    "SKU",
    "AmazonOrderID",
    "MerchantOrderID",
    "MerchantFulfillmentOrderID",
    "ShipmentId",
    "InvoiceNumber",
)
_EASY_SHIP_DOCUMENTS = ("ShippingLabel", "Invoice", "Warranty")
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_PARSING, _INCOMPLETE, _ORDER, _NEGATIVE, _ID = "5000", "90057", "18028", "90114", "5002"


def read(submission: Submission, content: Iterable[bytes]) -> Tally:
    """Raises UnreadableError for what is no envelope, and ContentError."""
    tally = Tally()
    ids: set[int] = set()
    root: Element | None = None
    parser = None
    if submission.codec != "utf-8":
        # The parser knows few charsets; and what the document was declared to be goes first.
        parser, content = DefusedXMLParser(encoding="utf-8"), _as_utf8(content, submission.codec)
    try:
        for event, element in iterparse(as_file(content), events=("start", "end"), parser=parser):
            if root is None:
                root = element
                if element.tag != "AmazonEnvelope":
                    raise UnreadableError(f"The root {element.tag} is not AmazonEnvelope.", _PARSING)
            elif event == "end" and element.tag == "Message":
                tally.take(list(_issues(element, ids, submission.feed_type)))
                root.clear()
    except (ParseError, DefusedXmlException, UnicodeError) as error:
        raise UnreadableError(f"XML Parsing Fatal Error: {error}", _PARSING) from error
    if not tally.processed:
        raise UnreadableError("The feed has no Message.", _PARSING)
    return tally


def _as_utf8(content: Iterable[bytes], codec: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(codec)()
    for chunk in content:
        yield decoder.decode(chunk).encode()
    yield decoder.decode(b"", final=True).encode()


def _issues(message: Element, ids: set[int], feed_type: str) -> Iterator[Issue]:
    names = {
        name: found.text.strip()
        for name in _SUBJECTS
        if (found := message.find(f".//{name}")) is not None and found.text and found.text.strip()
    }
    text = (message.findtext("MessageID") or "").strip()
    message_id = int(text) if re.fullmatch(r"[0-9]{1,18}", text) and int(text) else None

    def issue(said: str, code: str) -> Issue:
        return Issue(said, code, message_id or 0, names=names)

    if message_id is None:
        yield issue("MessageID is missing or not a positive number.", _ID)
    elif message_id in ids:
        yield issue(f"MessageID {message_id} is not unique within the feed.", _ID)
    else:
        ids.add(message_id)
    if not any(len(child) or child.tag not in ("MessageID", "OperationType") for child in message):
        yield issue("The message has no content.", _INCOMPLETE)
        return
    if not names:
        yield issue(
            "The data you submitted is incomplete: the message names no SKU and no order.", _INCOMPLETE
        )
    order_id = names.get("AmazonOrderID")
    if order_id is not None and not _ORDER_ID.fullmatch(order_id):
        yield issue(f"The data you submitted is incomplete or invalid: AmazonOrderID {order_id}.", _ORDER)
    for element in message.iter():
        if element.tag in _NUMBERS and (element.text or "").strip().startswith("-"):
            yield issue(f"{element.tag} must not be negative.", _NEGATIVE)
    if feed_type == "POST_EASYSHIP_DOCUMENTS":
        kinds = [(found.text or "").strip() for found in message.iter("DocumentType")]
        if not kinds or not set(kinds) <= set(_EASY_SHIP_DOCUMENTS):
            yield issue(f"DocumentType must be of {', '.join(_EASY_SHIP_DOCUMENTS)}.", _INCOMPLETE)


def write(submission: Submission, tally: Tally) -> str:
    results = "".join(_result(issue) for issue in tally.issues)
    return (
        f'{_HEAD}<AmazonEnvelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:noNamespaceSchemaLocation="amzn-envelope.xsd">\n'
        "<Header><DocumentVersion>1.02</DocumentVersion>"
        f"{_element('MerchantIdentifier', submission.seller_id)}</Header>\n"
        "<MessageType>ProcessingReport</MessageType>\n"
        "<Message><MessageID>1</MessageID><ProcessingReport>\n"
        f"{_element('DocumentTransactionID', submission.feed_id)}<StatusCode>Complete</StatusCode>\n"
        "<ProcessingSummary>"
        f"{_element('MessagesProcessed', tally.processed)}"
        f"{_element('MessagesSuccessful', tally.accepted)}"
        f"{_element('MessagesWithError', tally.invalid)}"
        f"{_element('MessagesWithWarning', 0)}"
        f"</ProcessingSummary>\n{results}</ProcessingReport></Message>\n</AmazonEnvelope>\n"
    )


def write_easy_ship(submission: Submission, tally: Tally) -> str:
    failures = "".join(
        "<FailureMessage>"
        f"{_element('MessageID', issue.message_id or 0)}"
        f"{_element('AmazonOrderID', issue.names.get('AmazonOrderID', ''))}"
        f"{_element('ErrorCode', issue.code)}{_element('ErrorMessage', issue.text)}"
        "</FailureMessage>\n"
        for issue in tally.issues
    )
    reference = (
        _element("DocumentReportReferenceID", f"1{submission.feed_id}") + "\n" if tally.accepted else ""
    )
    return (
        f"{_HEAD}<EasyShipProcessingReport>\n"
        f"{_element('FeedSubmissionID', submission.feed_id)}\n"
        f"{_element('MessagesProcessed', tally.processed)}\n"
        f"{_element('MessagesSuccessful', tally.accepted)}\n"
        f"{_element('MessagesWithError', tally.invalid)}\n"
        f"{failures}{reference}</EasyShipProcessingReport>\n"
    )


def _result(issue: Issue) -> str:
    names = "".join(_element(name, value) for name, value in issue.names.items())
    return (
        "<Result>"
        f"{_element('MessageID', issue.message_id or 0)}"
        f"{_element('ResultCode', 'Error' if issue.severity == ERROR else 'Warning')}"
        f"{_element('ResultMessageCode', issue.code)}{_element('ResultDescription', issue.text)}"
        f"{f'<AdditionalInfo>{names}</AdditionalInfo>' if names else ''}</Result>\n"
    )


def _element(name: str, value: object) -> str:
    return f"<{name}>{escape(str(value))}</{name}>"

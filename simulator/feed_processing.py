"""Reading a feed as Amazon does, and writing the processing report of its kind. Pure.

Charsets of flat-file reports are those that were seen by marketplace (saleweaver/python-amazon-sp-api#764);
XML and JSON reports are UTF-8. Assumed: JSON reports are compressed and the others not; what cannot be
decrypted or decompressed ends FATAL without a report.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, replace
from typing import Final

from simulator import report_flat_file, report_json, report_xml
from simulator.document_content import ContentError
from simulator.fates import Status
from simulator.feed_book import Document, Feed
from simulator.feed_types import FEED_TYPES, FeedType, Form
from simulator.operations import ENCRYPTED_FEEDS_VERSION
from simulator.reporting import Issue, Submission, Tally, UnreadableError

_WINDOWS_1252 = frozenset(
    {
        *("ATVPDKIKX0DER", "A1F83G8C2ARO7P", "A1PA6795UKMFR9", "A13V1IB3VIYZZH"),
        *("A2EUQ1WTGCTBG2", "APJ6JRA9NG5V4", "A1RKKUPIHCS9HS", "A1805IZSGTT6HS"),
    }
)
_JAPAN: Final = "A1VC38T7YXB528"
# Python knows Amazon's windows-31j as cp932.
_CODECS: Final = {"windows-31j": "cp932"}
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
_ENDED = (
    "The feed type {name} is no longer supported since July 31, 2025. Use JSON_LISTINGS_FEED or the Listings "
    "Items API."
)


@dataclass(frozen=True)
class Report:
    """A report before compression and encryption."""

    body: bytes
    content_type: str
    gzip: bool = False


@dataclass(frozen=True)
class Processed:
    """How a feed ends where nobody wills otherwise."""

    status: Status
    report: Report | None


def process(feed: Feed, document: Document) -> Processed:
    kind = FEED_TYPES[feed.feed_type]
    submission = Submission(
        feed.feed_id, feed.seller_id, feed.feed_type, feed.options, _codec(document.content_type)
    )
    try:
        _check_alive(kind, feed.version)
        status, tally = Status.DONE, _read(kind, submission, document)
    except UnreadableError as error:
        status, tally = Status.FATAL, Tally(issues=[Issue(error.text, code=error.code)])
    except ContentError:
        return Processed(Status.FATAL, _willed(feed, None))
    charset = charset_of(feed.marketplace_ids)
    return Processed(status, _willed(feed, _write(kind, submission, tally, charset)))


def _check_alive(kind: FeedType, version: str) -> None:
    if kind.ended and version != ENCRYPTED_FEEDS_VERSION:
        raise UnreadableError(_ENDED.format(name=kind.name), "5005")


def charset_of(marketplace_ids: tuple[str, ...]) -> str:
    """The charset of a flat-file report, by the first of the feed's marketplaces."""
    first = marketplace_ids[0]
    if first in _WINDOWS_1252:
        return "windows-1252"
    return "windows-31j" if first == _JAPAN else "UTF-8"


def _read(kind: FeedType, submission: Submission, document: Document) -> Tally:
    content = document.plain()
    if kind.form is Form.JSON_LISTINGS:
        return report_json.read(submission, content)
    if kind.form is Form.FLAT_FILE:
        return report_flat_file.read(submission, content)
    if kind.form is Form.INVOICE:
        return report_flat_file.read_invoice(submission, content)
    return report_xml.read(submission, content)


def _write(kind: FeedType, submission: Submission, tally: Tally, charset: str) -> Report:
    if kind.form is Form.JSON_LISTINGS:
        text = report_json.write(submission, tally)
        return Report(text.encode(), "application/json; charset=UTF-8", gzip=True)
    if kind.form in (Form.FLAT_FILE, Form.INVOICE):
        text = report_flat_file.write(submission, tally)
        body = text.encode(_CODECS.get(charset, charset), errors="replace")
        return Report(body, f"text/plain; charset={charset}")
    write = report_xml.write_easy_ship if kind.form is Form.EASY_SHIP else report_xml.write
    return Report(write(submission, tally).encode(), "text/xml; charset=UTF-8")


def _willed(feed: Feed, report: Report | None) -> Report | None:
    """The report, or what the feed's fate has in its place."""
    fate = feed.fate
    if fate.report is not None:
        content_type = fate.report_content_type or "text/plain; charset=UTF-8"
        report = Report(fate.report.encode(_codec(content_type), errors="replace"), content_type)
    if report is not None and fate.gzip is not None:
        report = replace(report, gzip=fate.gzip)
    return report


def _codec(content_type: str) -> str:
    """Python's name of the charset in a content type; UTF-8 where there is none that Python knows."""
    found = _CHARSET.search(content_type)
    named = found[1].lower() if found else "utf-8"
    try:
        return codecs.lookup(_CODECS.get(named, named)).name
    except LookupError:
        return "utf-8"

"""Keeps a processing report: the original and its messages as JSON Lines, in one pass and bounded memory.

Down: HTTP, AES and gzip where there are any; then each chunk goes to S3 as it is, and through the report's
reader to S3 a second time. Either object is there whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Protocol

from sellerbus.documents import objects
from sellerbus.documents.charset import codec_named, declared_charset
from sellerbus.documents.cipher import EncryptionDetails
from sellerbus.documents.errors import (
    DamagedDocumentError,
    DocumentError,
    DocumentTooLargeError,
    RetryableTransferError,
    UrlExpiredError,
    UrlRefusedError,
)
from sellerbus.documents.objects import ObjectLocation, ObjectWriter, S3Client
from sellerbus.documents.transfer import Content
from sellerbus.feeds.reports.model import BrokenReportError
from sellerbus.feeds.reports.report import Report, json_lines

FINISHING_SECONDS: Final = 60.0
"""What is left of the function's time when a report that is too long is ended, to store what was read."""

_JSON_LINES: Final = "application/x-ndjson; charset=utf-8"


class Again(Enum):
    """What another try may do about a report that could not be kept."""

    AT_ONCE = "with a new URL"
    LATER = "later: the network or a storage is at fault"
    FEW_TIMES = "a few times: it was cut short, changed or refused"
    NEVER = "not at all"


class ReportNotKeptError(Exception):
    """Nothing was kept. Its text says why, without the URL's query and the report's content."""

    def __init__(self, reason: str, again: Again) -> None:
        super().__init__(reason)
        self.again = again


class OpensDocuments(Protocol):
    """documents.transfer.DocumentTransfer."""

    def opened(
        self, url: str, *, encryption: EncryptionDetails | None = None
    ) -> AbstractContextManager[Content]: ...


@dataclass(frozen=True)
class Kept:
    """What is in S3 now. content_type: as the storage told it, "" where it didn't.

    totals: as Totals.document gives them. unread: why not all of the report was read; None where all was.
    notes: that and what else is not certain, in words.
    """

    report: ObjectLocation
    results: ObjectLocation
    content_type: str
    content_bytes: int
    transferred_bytes: int
    messages: int
    totals: dict[str, Any]
    unread: str | None
    notes: tuple[str, ...]


class _Copied:
    """The content, chunk by chunk, after `write` has it.

    Ends early, and says so in `fault`, where the content ends early and `tolerant`, or where the time is up.
    """

    def __init__(
        self,
        content: Content,
        write: Callable[[bytes], None],
        remaining_seconds: Callable[[], float],
        *,
        tolerant: bool,
    ) -> None:
        self._content = content
        self._write = write
        self._remaining_seconds = remaining_seconds
        self._began = remaining_seconds()
        self._tolerant = tolerant
        self.fault: str | None = None

    def __iter__(self) -> Iterator[bytes]:
        chunks = iter(self._content)
        while True:
            try:
                chunk = next(chunks, None)
            except (DamagedDocumentError, RetryableTransferError) as error:
                if not self._tolerant:
                    raise ReportNotKeptError(str(error), Again.FEW_TIMES) from error
                self.fault = f"the report did not come whole, what follows is missing or not certain: {error}"
                return
            except DocumentTooLargeError as error:
                raise ReportNotKeptError(str(error), Again.NEVER) from error
            if chunk is None:
                return
            self._write(chunk)
            yield chunk
            if self._remaining_seconds() < FINISHING_SECONDS:
                self.fault = self._out_of_time()
                return

    def _out_of_time(self) -> str:
        took = self._began - self._remaining_seconds()
        received, announced = self._content.transferred_bytes, self._content.announced_bytes
        if announced is None or not received:
            of, estimate = "", "longer than a function may run"
        else:
            of, estimate = f" of {announced}", f"about {took / 60 * announced / received:.0f} minutes"
        return (
            f"the report is too long for a function, which may run 15 minutes: after {took:.0f} s "
            f"{received}{of} bytes were received, and the whole takes {estimate}; what follows is missing: "
            "fetch the report by its resultFeedDocumentId (getFeedDocument) where it is needed, and submit "
            "smaller feeds"
        )


class ReportKeeper:
    """Puts reports into one bucket. remaining_seconds: of the function's time."""

    def __init__(
        self,
        *,
        transfer: OpensDocuments,
        s3: S3Client,
        bucket: str,
        remaining_seconds: Callable[[], float],
        part_bytes: int = objects.PART_BYTES,
    ) -> None:
        self._transfer = transfer
        self._s3 = s3
        self._bucket = bucket
        self._remaining_seconds = remaining_seconds
        self._part_bytes = part_bytes

    def keep(self, task_id: str, url: str, encryption: EncryptionDetails | None, *, tolerant: bool) -> Kept:
        """Keep the report at a presigned URL as the task's; a repeat replaces it.

        tolerant: also one that is cut short, changed on its way or malformed, as far as it can be read.
        Raises ReportNotKeptError, and RetryableTransferError and StorageRefusedError of the bucket.
        """
        report_at = ObjectLocation(self._bucket, f"tasks/{task_id}/report")
        results_at = ObjectLocation(self._bucket, f"tasks/{task_id}/results.jsonl")
        with ExitStack() as stack:
            try:
                content = stack.enter_context(self._transfer.opened(url, encryption=encryption))
            except DocumentError as error:
                raise ReportNotKeptError(str(error), _again(error)) from error
            original = stack.enter_context(self._writer(report_at, content.content_type))
            lines = stack.enter_context(self._writer(results_at, _JSON_LINES))
            copied = _Copied(content, original.write, self._remaining_seconds, tolerant=tolerant)
            stream = iter(copied)
            charset, charset_notes = _charset(content.content_type)
            report = Report(stream, charset)
            broken = _written(report, lines)
            if broken and not copied.fault and not tolerant:
                raise ReportNotKeptError(broken, Again.FEW_TIMES)
            # A reader that gave up early leaves the rest of the original to be kept.
            for _ in stream:
                pass
        empty = () if content.content_bytes else ("the report is empty",)
        # A report that was ended early is broken by that.
        fault = copied.fault or broken
        return Kept(
            report_at,
            results_at,
            content.content_type,
            content.content_bytes,
            content.transferred_bytes,
            report.messages_read,
            report.totals.document(),
            fault,
            (*((fault,) if fault else ()), *empty, *charset_notes, *report.notes),
        )

    def _writer(self, location: ObjectLocation, content_type: str) -> ObjectWriter:
        more = {"ContentType": content_type} if content_type else {}
        return ObjectWriter(self._s3, location, more=more, part_bytes=self._part_bytes)


def _written(report: Report, lines: ObjectWriter) -> str | None:
    """Write the messages; return what broke the report, None where nothing did."""
    try:
        for piece in json_lines(report.messages()):
            lines.write(piece)
    except BrokenReportError as error:
        return (
            f"the report ({error.kind}) could be read only in part, {error.messages_read} messages: "
            f"{error.detail}"
        )
    return None


def _charset(content_type: str) -> tuple[str | None, tuple[str, ...]]:
    """The charset to read with, None where the content shall tell; and a note where the told one is odd."""
    declared = declared_charset(content_type)
    if declared is None or codec_named(declared) is not None:
        return declared, ()
    return None, (
        f"the report's Content-Type names the charset {declared[:40]!r}, which is not known: "
        "it was read by its content",
    )


def _again(error: DocumentError) -> Again:
    match error:
        case UrlExpiredError():
            return Again.AT_ONCE
        case RetryableTransferError():
            return Again.LATER
        case UrlRefusedError() | DocumentTooLargeError():
            return Again.NEVER
        case _:
            return Again.FEW_TIMES

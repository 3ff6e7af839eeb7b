"""Any processing report as one shape: a stream of messages, totals and what is known of the feed.

The kind is told by the content and never by a name or a type: a FATAL feed may have a report of another form
than a completed one (Feeds API use case guide, step 4). A million messages take no more memory than ten.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Protocol

from sellerbus.documents.charset import codec_named
from sellerbus.feeds.json_events import BrokenJsonError
from sellerbus.feeds.reports.json_report import JsonReportReader
from sellerbus.feeds.reports.model import BrokenReportError, Counter, Counts, ReportMessage, Totals
from sellerbus.feeds.reports.text_report import (
    BrokenTextError,
    FlatFileReportReader,
    PlainTextReportReader,
    looks_like_flat_file,
)
from sellerbus.feeds.reports.xml_report import XmlReportReader
from sellerbus.feeds.xml_parser import BrokenXmlError

EMPTY: Final = "empty"

_PIECE_BYTES: Final = 65_536
_LINE_BATCH: Final = 65_536
_BEGINNING_BYTES: Final = 512
_XML_ENCODING: Final = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_REPLACED: Final = "\ufffd"


class _Reader(Protocol):
    """Reads one kind: takes text piece by piece, and puts complete messages into `ready`."""

    ready: list[ReportMessage]
    facts: dict[str, str]
    notes: list[str]
    kind: str

    @property
    def told(self) -> Counts: ...

    def take(self, text: str) -> None: ...

    def finish(self) -> None: ...


class Report:
    """A processing report while it is read: iterate over `messages` once; the rest holds for what was read.

    chunks: the document's bytes, unpacked and decrypted, in pieces of any size. charset: from the document's
    Content-Type, as Python or IANA name it; None where it was not told: then a byte order mark, an XML
    declaration or UTF-8 decides. Bytes that are not in the charset become U+FFFD and a note: a letter lost is
    better than a report lost.
    """

    def __init__(self, chunks: Iterable[bytes], charset: str | None = None) -> None:
        self._pieces = _pieces(chunks)
        self._charset = charset
        self._reader: _Reader | None = None
        self._counter = Counter()
        self._replaced = False

    @property
    def kind(self) -> str:
        """json-listings, json, xml-processing-report, xml, flat-file, text or empty."""
        return self._reader.kind if self._reader else EMPTY

    @property
    def totals(self) -> Totals:
        return Totals(self._reader.told if self._reader else Counts(), self._counter.counts)

    @property
    def facts(self) -> Mapping[str, str]:
        """What the report says of the feed as a whole: feedId, StatusCode, the XML root and the like."""
        return dict(self._reader.facts) if self._reader else {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be taken into messages and totals, in words."""
        notes = list(self._reader.notes) if self._reader else []
        if self._replaced:
            notes.append("some characters are not of the report's charset and are shown as \ufffd")
        return tuple(notes)

    @property
    def messages_read(self) -> int:
        return self._counter.messages

    def messages(self) -> Iterator[ReportMessage]:
        """Yield the messages in the order of the report, each once.

        Raises BrokenReportError after the last message before a fault. A charset that Python does not know is
        such a fault.
        """
        try:
            for text in self._text():
                if self._reader is None:
                    self._reader = _reader_for(text)
                self._reader.take(text)
                yield from self._given_out(self._reader)
            if self._reader is not None:
                self._reader.finish()
                yield from self._given_out(self._reader)
        except (BrokenJsonError, BrokenXmlError, BrokenTextError, LookupError) as error:
            if self._reader is not None:
                yield from self._given_out(self._reader)
            raise BrokenReportError(self.kind, str(error), self._counter.messages) from error

    def _given_out(self, reader: _Reader) -> Iterator[ReportMessage]:
        ready, reader.ready = reader.ready, []
        for message in ready:
            self._counter.add(message)
            yield message

    def _text(self) -> Iterator[str]:
        """The report's text, beginning with its first character that is no space."""
        first = b""
        while len(first) < _BEGINNING_BYTES and (piece := next(self._pieces, b"")):
            first += piece
        decoder = _decoder(self._charset or _told_by_content(first))
        waiting = ""
        begun = False
        for piece in _chained(first, self._pieces):
            text = decoder.decode(piece)
            self._replaced = self._replaced or _REPLACED in text
            if begun:
                yield text
                continue
            # The kind is told by the beginning: enough of it for the summary of a flat file.
            waiting = (waiting + text).lstrip("\ufeff \t\r\n") if not waiting else waiting + text
            if len(waiting) >= _PIECE_BYTES // 4:
                begun = True
                yield waiting
        rest = decoder.decode(b"", final=True)
        self._replaced = self._replaced or _REPLACED in rest
        tail = rest if begun else (waiting + rest).lstrip("\ufeff \t\r\n")
        if tail:
            yield tail


def json_lines(messages: Iterable[ReportMessage]) -> Iterator[bytes]:
    """The messages as JSON Lines in UTF-8, in pieces of about 64 KiB for whoever uploads them.

    What was read is given out before an error of `messages` goes on to the caller.
    """
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    lines: list[str] = []
    length = 0
    try:
        for message in messages:
            line = encode(message.document())
            lines.append(line)
            length += len(line) + 1
            if length >= _LINE_BATCH:
                batch, lines, length = lines, [], 0
                yield _joined(batch)
    except Exception:
        if lines:
            yield _joined(lines)
        raise
    if lines:
        yield _joined(lines)


def _joined(lines: list[str]) -> bytes:
    # A JSON string may hold half of a surrogate pair, which UTF-8 has no bytes for.
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def _reader_for(beginning: str) -> _Reader:
    if beginning[0] in "{[":
        return JsonReportReader()
    if beginning[0] == "<":
        return XmlReportReader()
    return FlatFileReportReader() if looks_like_flat_file(beginning) else PlainTextReportReader()


def _decoder(charset: str) -> codecs.IncrementalDecoder:
    """Raises LookupError, also for Python's codecs that are no charsets, such as zlib."""
    name = codec_named(charset) or charset
    try:
        "x".encode(name)
    except UnicodeError as error:
        raise LookupError(f"{charset} cannot be read as a charset") from error
    return codecs.getincrementaldecoder(name)("replace")


def _told_by_content(beginning: bytes) -> str:
    marks = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
    for mark, charset in marks:
        if beginning.startswith(mark):
            return charset
    declared = _XML_ENCODING.match(beginning)
    return declared[1].decode("ascii") if declared else "utf-8"


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes in pieces of at most 64 KiB, so that no step holds more than that."""
    for chunk in chunks:
        # An empty piece would be taken for the end.
        for start in range(0, len(chunk), _PIECE_BYTES):
            yield chunk[start : start + _PIECE_BYTES]


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest

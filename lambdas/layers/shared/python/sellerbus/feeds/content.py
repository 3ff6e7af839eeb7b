"""A feed's document held against its type, its content type and its charset while its bytes pass by.

Sources: RFC 8259 (JSON is UTF-8 without a mark), XML 1.0, 4.3.3 (a document that names an encoding is in it),
ISO 32000 (where a PDF begins and ends), "Feeds API Best Practices" (10 MiB).
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from sellerbus.documents.charset import codec, declared_charset, media_type
from sellerbus.documents.errors import CharsetError, MissingCharsetError
from sellerbus.feeds.catalogue import JSON_LISTINGS_FEED, FeedType, Format
from sellerbus.feeds.findings import ERROR, WARNING, Finding, Findings, quote
from sellerbus.feeds.json_events import PIECE_BYTES
from sellerbus.feeds.listings_feed import ListingsFeedCheck
from sellerbus.feeds.structure import FlatFileCheck, JsonCheck, PdfCheck, Structure, XmlCheck

ADVISED_BYTES: Final = 10 * 1024 * 1024

_BEGINNING: Final = 1024
_MARKS: Final = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_XML_ENCODING: Final = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")


class ContentCheck:
    """Takes the document's bytes in pieces of any size, and adds to the findings what is wrong.

    Nothing of the document is held but the piece at hand. Past the size limit, and after the first byte that
    is not in the charset, the content is only counted.
    """

    def __init__(
        self, kind: FeedType, content_type: str, seller_id: str, largest_bytes: int, findings: Findings
    ) -> None:
        self._kind = kind
        self._content_type = content_type
        self._seller_id = seller_id
        self._largest_bytes = largest_bytes
        self._findings = findings
        self._taken_bytes = 0
        self._beginning = b""
        self._begun = False
        self._text: _Text | None = None
        self._structure: Structure | None = None

    @property
    def taken_bytes(self) -> int:
        return self._taken_bytes

    def take(self, chunk: bytes) -> None:
        """Read on."""
        self._taken_bytes += len(chunk)
        if self._taken_bytes > self._largest_bytes:
            self._structure = None
            self._begun = True
            return
        if not self._begun:
            self._beginning += chunk
            if len(self._beginning) < _BEGINNING:
                return
            chunk, self._begun = self._beginning, True
            self._begin()
        self._read(chunk)

    def finish(self) -> None:
        """Say that all was taken."""
        if self._taken_bytes > self._largest_bytes:
            text = f"the feed has {self._taken_bytes} bytes, {self._largest_bytes} are allowed: split it"
            self._add("size", text, limit=str(self._largest_bytes))
            return
        if not self._begun:
            self._begin()
            self._read(self._beginning)
        if self._structure is not None:
            if self._text is not None and not self._text.finish():
                self._add("charset", f"the feed ends within a character of {self._text.charset}")
            self._structure.finish()
        if self._taken_bytes > ADVISED_BYTES:
            text = f"the feed has {self._taken_bytes} bytes: Amazon advises less than {ADVISED_BYTES}"
            self._add("size-advised", text, WARNING, limit=str(ADVISED_BYTES))

    def _begin(self) -> None:
        """Look at the first bytes, and choose what the rest is read with."""
        found = self._beginning.lstrip(b" \t\r\n")
        kind = self._kind.format
        if not found:
            self._add("empty", "the feed is empty")
        elif found.startswith(b"\x1f\x8b"):
            self._add("compressed", "the feed is compressed with gzip: hand it over unpacked")
        elif kind is Format.PDF:
            self._structure = PdfCheck(self._findings)
        else:
            self._begin_text(kind)

    def _begin_text(self, kind: Format) -> None:
        try:
            charset = codec(self._content_type, self._beginning)
        except MissingCharsetError:
            charset = "utf-8"
            text = f"{quote(self._content_type)} names no charset; the feed is read as UTF-8"
            self._add("charset", text, WARNING, "contentType")
        except CharsetError as error:
            self._add("charset", str(error), where="contentType")
            return
        self._marks_and_names(kind, charset)
        self._text = _Text(charset)
        structures = {Format.JSON: self._json, Format.XML: self._xml, Format.FLAT_FILE: self._flat_file}
        self._structure = structures[kind]()

    def _marks_and_names(self, kind: Format, charset: str) -> None:
        if kind is Format.JSON:
            if charset != "utf-8":
                told = declared_charset(self._content_type) or charset
                text = f"JSON must be in UTF-8, and the feed is told to be in {told}"
                self._add("charset", text, where="contentType", limit="UTF-8")
            if self._beginning.startswith(_MARKS):
                self._add("byte-order-mark", "JSON must not begin with a byte order mark: save it without")
        elif kind is Format.FLAT_FILE and self._beginning.startswith(_MARKS):
            text = "the flat file begins with a byte order mark, which may be taken into its first column"
            self._add("byte-order-mark", text, WARNING)
        named = _XML_ENCODING.match(self._beginning.removeprefix(codecs.BOM_UTF8))
        if kind is Format.XML and named is not None:
            encoding = named[1].decode("ascii")
            if _codec_or_none(encoding) != charset:
                text = (
                    f"the document says that its encoding is {encoding}, the content type says "
                    f"{declared_charset(self._content_type) or charset}: both must say what it is"
                )
                self._add("charset", text, where="contentType", limit=encoding)

    def _json(self) -> Structure:
        if self._kind.name == JSON_LISTINGS_FEED:
            return ListingsFeedCheck(self._seller_id, self._findings)
        return JsonCheck(self._findings)

    def _xml(self) -> Structure:
        return XmlCheck(self._findings)

    def _flat_file(self) -> Structure:
        return FlatFileCheck(self._findings)

    def _read(self, chunk: bytes) -> None:
        for start in range(0, len(chunk), PIECE_BYTES):
            if self._structure is None:
                return
            piece = chunk[start : start + PIECE_BYTES]
            if self._text is None:
                self._structure.take(piece)
                continue
            text, fault = self._text.take(piece)
            self._structure.take(text.encode("utf-8", "surrogatepass"))
            if fault is not None:
                self._findings.add(fault)
                self._structure = None

    def _add(
        self,
        rule: str,
        text: str,
        severity: str = ERROR,
        where: str | None = None,
        limit: str | None = None,
    ) -> None:
        self._findings.add(Finding(rule, text, severity, where, limit=limit))


class _Text:
    """Decodes strictly, and knows the line and the byte at which it can't."""

    def __init__(self, charset: str) -> None:
        self.charset = charset
        self._decoder = codecs.getincrementaldecoder(charset)()
        self._before = 0
        self._line = 1
        self._began = False

    def take(self, piece: bytes) -> tuple[str, Finding | None]:
        """The text of the piece up to the first wrong byte, and a finding where there is one."""
        waiting = len(self._decoder.getstate()[0])
        try:
            text = self._decoder.decode(piece)
            fault = None
        except UnicodeDecodeError as error:
            text = error.object[: error.start].decode(self.charset, "replace")
            place = self._before - waiting + error.start
            wrong = error.object[error.start : error.end].hex(" ")
            fault = Finding(
                "charset",
                f"byte {place + 1} ({wrong}) is no character of {self.charset}: save the feed in the charset "
                "that its content type names, or name the one it is in",
                line=self._line + text.count("\n"),
            )
        self._before += len(piece)
        self._line += text.count("\n")
        if text and not self._began:
            self._began = True
            text = text.removeprefix("\ufeff")
        return text, fault

    def finish(self) -> bool:
        """Whether the last character was complete."""
        try:
            self._decoder.decode(b"", True)
        except UnicodeDecodeError:
            return False
        return True


def _codec_or_none(charset: str) -> str | None:
    try:
        return codec(f"text/xml; charset={charset}")
    except CharsetError:
        return None


def content_type_finding(kind: FeedType, content_type: str) -> Finding | None:
    """What is wrong with a content type for feeds of this type; None where it fits."""
    form = kind.format
    found = media_type(content_type)
    if found in form.media_types:
        return None
    text = f"the content type is {quote(content_type)}; {kind.name} is sent as {quote(form.value)}"
    return Finding("content-type", text, where="contentType", limit=" or ".join(form.media_types))

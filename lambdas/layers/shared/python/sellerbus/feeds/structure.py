"""What every document of a format must be, whatever its feed type: well-formed, whole, of that format."""

from __future__ import annotations

from typing import Final, Protocol

from sellerbus.feeds.findings import WARNING, Finding, Findings
from sellerbus.feeds.json_events import BrokenJsonError, JsonEvents, check_depth
from sellerbus.feeds.xml_parser import BrokenXmlError, XmlParser

_PDF_MARGIN: Final = 1024
_LONGEST_HEADING: Final = 65_536


class Structure(Protocol):
    """Takes a document's bytes (of a text: in UTF-8, without a mark) and adds to the findings."""

    def take(self, piece: bytes) -> None: ...

    def finish(self) -> None: ...


class JsonCheck:
    """Any JSON."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._events = JsonEvents()
        self._depth = 0
        self._broken = False

    def take(self, piece: bytes) -> None:
        if self._broken:
            return
        try:
            for name, _ in self._events.take(piece):
                if name in {"start_map", "start_array"}:
                    self._depth += 1
                    check_depth(self._depth)
                elif name in {"end_map", "end_array"}:
                    self._depth -= 1
        except BrokenJsonError as error:
            self._break(error)

    def finish(self) -> None:
        if not self._broken:
            try:
                self._events.close()
            except BrokenJsonError as error:
                self._break(error)

    def _break(self, error: BrokenJsonError) -> None:
        self._broken = True
        self._findings.add(Finding("not-json", f"the feed can't be read as JSON: {error}"))


class XmlCheck:
    """Any XML, with the refusals of the parser."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._parser = XmlParser()
        self._broken = False

    def take(self, piece: bytes) -> None:
        if not self._broken:
            try:
                self._parser.take(piece.decode("utf-8", "surrogatepass"))
            except BrokenXmlError as error:
                self._break(error)

    def finish(self) -> None:
        if not self._broken:
            try:
                self._parser.close()
            except BrokenXmlError as error:
                self._break(error)

    def _break(self, error: BrokenXmlError) -> None:
        self._broken = True
        text = f"the feed can't be read as XML: {error.detail}"
        self._findings.add(Finding("not-xml", text, line=error.line))


class FlatFileCheck:
    """Rows of fields with tabs between them, the first row with content being one as well."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._heading: bytes | None = b""
        self._line = 1
        self._has_nul = False

    def take(self, piece: bytes) -> None:
        if not self._has_nul and b"\x00" in piece:
            self._has_nul = True
            line = self._line + piece[: piece.index(b"\x00")].count(b"\n")
            text = "the feed has bytes that no text has: it is no flat file, or in another charset"
            self._findings.add(Finding("not-a-flat-file", text, line=line))
        self._line += piece.count(b"\n")
        if self._heading is not None:
            self._heading = (self._heading + piece).lstrip(b"\r\n")
            if b"\n" in self._heading or len(self._heading) > _LONGEST_HEADING:
                self._look_at_heading()

    def finish(self) -> None:
        if self._heading is not None:
            self._look_at_heading()

    def _look_at_heading(self) -> None:
        heading = (self._heading or b"").partition(b"\n")[0]
        self._heading = None
        if heading.lstrip().startswith((b"<", b"{")):
            text = "the feed is XML or JSON: this feed type takes a flat file, with tabs between the fields"
            self._findings.add(Finding("not-a-flat-file", text))
        elif b"\t" not in heading:
            text = "the first row has no tab: fields must be separated by tabs, not by commas or spaces"
            self._findings.add(Finding("not-a-flat-file", text, WARNING, line=1))


class PdfCheck:
    """A PDF with its beginning and its end."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._first = b""
        self._last = b""

    def take(self, piece: bytes) -> None:
        if len(self._first) < _PDF_MARGIN:
            self._first += piece[:_PDF_MARGIN]
        self._last = (self._last + piece)[-_PDF_MARGIN:]

    def finish(self) -> None:
        if b"%PDF-" not in self._first[:_PDF_MARGIN]:
            self._findings.add(Finding("not-a-pdf", "the feed must be one PDF document, and is none"))
        elif b"%%EOF" not in self._last:
            text = "the PDF has no end: it seems to be cut short"
            self._findings.add(Finding("not-a-pdf", text, WARNING))

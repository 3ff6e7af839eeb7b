"""XML read piece by piece by Expat, with everything refused that a document uses to attack its reader.

A document type declaration is refused whole: with it go entities (billion laughs, quadratic blow-up),
external entities and parameter entities. Amazon's reports and feeds have none. Depth, and the length of a
single tag, are bounded; long texts are cut where they are collected.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from xml.parsers import expat

DEEPEST_NESTING: Final = 64
LONGEST_TAG_BYTES: Final = 1024 * 1024
_TEXT_BUFFER: Final = 65_536


class BrokenXmlError(ValueError):
    """The document is no XML, ends too early, or is refused. The text has none of its content."""

    def __init__(self, detail: str, line: int) -> None:
        super().__init__(f"{detail} (line {line})")
        self.detail = detail
        self.line = line


class XmlParser:
    """Calls `opened(name)`, `text(data)` and `closed(name)` for the elements of a document.

    Names come as they are written, with a prefix if there is one. Text comes in pieces of at most 64 KiB.
    """

    def __init__(
        self,
        opened: Callable[[str], object] = lambda _: None,
        closed: Callable[[str], object] = lambda _: None,
        text: Callable[[str], object] | None = None,
    ) -> None:
        self._taken_bytes = 0
        # The text handed over is decoded; what the document says of its own encoding no longer holds.
        self._parser = parser = expat.ParserCreate("utf-8")
        depth = 0

        # Closures, because they are called millions of times.
        def start(name: str, _attributes: object) -> None:
            nonlocal depth
            depth += 1
            if depth > DEEPEST_NESTING:
                raise self._refused(f"it nests more than {DEEPEST_NESTING} levels")
            opened(name)

        def end(name: str) -> None:
            nonlocal depth
            depth -= 1
            closed(name)

        parser.buffer_text = True
        parser.buffer_size = _TEXT_BUFFER
        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.EntityDeclHandler = self._refuse_entity
        parser.ExternalEntityRefHandler = self._refuse_entity
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        if text is not None:
            parser.CharacterDataHandler = text

    @property
    def byte_index(self) -> int:
        """Within a call of `opened` or `closed`: where its tag begins, in bytes of the text as UTF-8."""
        return self._parser.CurrentByteIndex

    def take(self, piece: str) -> None:
        """Read on, calling back for what is complete. Raises BrokenXmlError."""
        data = piece.encode("utf-8", "surrogatepass")
        try:
            self._parser.Parse(data, False)
        except expat.ExpatError as error:
            raise _broken(error) from None
        self._taken_bytes += len(data)
        if self._taken_bytes - max(self._parser.CurrentByteIndex, 0) > LONGEST_TAG_BYTES:
            raise self._refused(f"a single tag or comment is longer than {LONGEST_TAG_BYTES} bytes")

    def close(self) -> None:
        """Say that all pieces were taken. Raises BrokenXmlError where the document isn't complete."""
        try:
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise _broken(error) from None

    def _refuse_doctype(self, *_declaration: object) -> None:
        raise self._refused("it has a document type declaration, which is refused for safety")

    def _refuse_entity(self, *_declaration: object) -> int:
        raise self._refused("it declares or uses an entity, which is refused for safety")

    def _refused(self, detail: str) -> BrokenXmlError:
        return BrokenXmlError(detail, self._parser.CurrentLineNumber)


def _broken(error: expat.ExpatError) -> BrokenXmlError:
    return BrokenXmlError(f"it is not well-formed: {expat.ErrorString(error.code)}", error.lineno)

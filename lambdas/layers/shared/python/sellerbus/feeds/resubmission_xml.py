"""An XML feed with the <Message> elements only that failed, in its envelope."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sellerbus.feeds.reports.model import whole_number
from sellerbus.feeds.resubmission_model import LARGEST_MESSAGE, ResubmissionError, too_large
from sellerbus.feeds.xml_parser import BrokenXmlError, XmlParser

_TAG: Final = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")
_MESSAGE_DEPTH: Final = 2
_ID_DEPTH: Final = 3
_LONGEST_ID: Final = 40


class FailedXmlMessages:
    """Takes the document's text, and gives out what of it is kept. kept: how many messages."""

    def __init__(self, wanted: frozenset[int]) -> None:
        self.kept = 0
        self._wanted = wanted
        self._parser = XmlParser(self._opened, self._closed, self._text)
        self._depth = 0
        # The text as UTF-8 that was not given out yet; its first byte is byte `_start` of the document.
        self._held = b""
        self._start = 0
        # Up to where nothing can be part of a message that is not known yet.
        self._safe = 0
        self._message: int | None = None
        self._id: str | None = None
        self._reading_id = False
        self._complete: list[tuple[int, int, bool]] = []

    def take(self, text: str) -> Iterator[str]:
        self._held += text.encode("utf-8", "surrogatepass")
        try:
            self._parser.take(text)
        except BrokenXmlError as error:
            raise _broken(error) from None
        yield from self._release()
        if len(self._held) > LARGEST_MESSAGE:
            raise too_large()

    def finish(self) -> Iterator[str]:
        try:
            self._parser.close()
        except BrokenXmlError as error:
            raise _broken(error) from None
        yield from self._release()
        yield self._cut(self._start + len(self._held)).decode()

    def _release(self) -> Iterator[str]:
        for begins, ends, is_kept in self._complete:
            before = self._cut(begins)
            tag = _TAG.match(self._held)
            if tag is not None and not tag[0].endswith(b"/>"):
                tag = _TAG.match(self._held, ends - begins)
            if tag is None:
                raise ResubmissionError("the end of a message was not found")
            message = self._cut(begins + tag.end())
            # What stands between two messages goes with the second; a line of its own it would leave empty.
            if is_kept or before.strip():
                yield before.decode()
            if is_kept:
                yield message.decode()
        self._complete.clear()
        if self._message is None and self._safe > self._start:
            yield self._cut(self._safe).decode()

    def _cut(self, end: int) -> bytes:
        size = end - self._start
        found, self._held = self._held[:size], self._held[size:]
        self._start = end
        return found

    def _opened(self, name: str) -> None:
        self._depth += 1
        local = name.rpartition(":")[2]
        if self._depth == _MESSAGE_DEPTH and local == "Message":
            self._message = self._parser.byte_index
            self._id = None
        elif self._depth == _ID_DEPTH and self._message is not None and local == "MessageID":
            self._reading_id = True
            self._id = ""
        elif self._message is None and self._depth < _MESSAGE_DEPTH:
            self._safe = self._parser.byte_index

    def _text(self, data: str) -> None:
        if self._reading_id and self._id is not None and len(self._id) < _LONGEST_ID:
            self._id += data

    def _closed(self, _name: str) -> None:
        self._reading_id = False
        if self._depth == _MESSAGE_DEPTH and self._message is not None:
            is_kept = whole_number(self._id) in self._wanted
            self.kept += is_kept
            self._complete.append((self._message, self._parser.byte_index, is_kept))
            self._message = None
        self._depth -= 1


def _broken(error: BrokenXmlError) -> ResubmissionError:
    return ResubmissionError(f"the document can't be read as XML: {error}")

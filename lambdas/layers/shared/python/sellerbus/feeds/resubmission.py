"""A feed once more with the messages only that failed, to be corrected and submitted again.

That is step 7 of Amazon's use case guide. The document is read and written as it streams by; of it a message
is held at a time.

What is kept is kept as it was written, in the charset that it was written in: of a listings feed everything
but the other messages, of an XML feed its envelope, of a flat file its header rows.

    failed = resubmission.failed_ids(lines of results.jsonl)
    for chunk in resubmission.failed_only(chunks, Format.JSON, content_type, failed): ...
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import Final, Protocol

from sellerbus.documents.charset import codec
from sellerbus.documents.errors import CharsetError, MissingCharsetError
from sellerbus.feeds.catalogue import Format
from sellerbus.feeds.resubmission_json import FailedListings
from sellerbus.feeds.resubmission_model import ResubmissionError, Text
from sellerbus.feeds.resubmission_rows import FailedRows
from sellerbus.feeds.resubmission_xml import FailedXmlMessages

__all__ = ["ResubmissionError", "failed_ids", "failed_only"]

_BEGINNING: Final = 3


class _Filter(Protocol):
    """Takes the document's text, and gives out what of it is kept."""

    @property
    def kept(self) -> int: ...

    def take(self, text: str) -> Iterator[str]: ...

    def finish(self) -> Iterator[str]: ...


def failed_ids(lines: Iterable[str | bytes]) -> frozenset[int]:
    """Return the ids of the messages that have an error, from the lines of a task's results.jsonl.

    Errors of the whole feed have no id: where there are only such, the whole document is to be corrected.
    Raises ResubmissionError for a line that is none of a results file.
    """
    found: set[int] = set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if row["severity"] == "ERROR" and row.get("messageId"):
                found.add(int(row["messageId"]))
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ResubmissionError(f"line {number} of the results is no message's result") from None
    return frozenset(found)


def failed_only(
    chunks: Iterable[bytes], format: Format, content_type: str, failed_ids: Collection[int]
) -> Iterator[bytes]:
    """Yield the document without the messages that did not fail, in its own charset.

    failed_ids: messageIds, MessageIDs, or the numbers of a flat file's records, from 1 after its header rows.

    Raises ResubmissionError, at the end too: where the document can't be read, is of a format that has no
    messages, or has none of those that failed. What was yielded before is then worth nothing.
    """
    wanted = frozenset(failed_ids)
    pieces = iter(chunks)
    beginning = b""
    for piece in pieces:
        beginning += piece
        if len(beginning) >= _BEGINNING:
            break
    text = Text(_charset(content_type, beginning))
    chosen = _filter(format, wanted)
    for piece in chain((beginning,), pieces):
        yield from _encoded(text, chosen.take(text.read(piece)))
    yield from _encoded(text, chosen.take(text.read(b"", last=True)))
    yield from _encoded(text, chosen.finish())
    if not chosen.kept:
        raise ResubmissionError(
            f"the document has none of the {len(wanted)} messages that failed: it is not the one that the "
            "results are of, or the fault is the whole feed's"
        )


def _encoded(text: Text, parts: Iterable[str]) -> Iterator[bytes]:
    for part in parts:
        if part:
            yield text.write(part)


def _filter(format: Format, wanted: frozenset[int]) -> _Filter:
    match format:
        case Format.JSON:
            return FailedListings(wanted)
        case Format.XML:
            return FailedXmlMessages(wanted)
        case Format.FLAT_FILE:
            return FailedRows(wanted)
        case Format.PDF:
            raise ResubmissionError("a PDF is one document, without messages: correct it and submit it whole")


def _charset(content_type: str, beginning: bytes) -> str:
    try:
        return codec(content_type, beginning)
    except MissingCharsetError:
        # As the check reads a document whose content type names none.
        return "utf-8"
    except CharsetError as error:
        raise ResubmissionError(str(error)) from None

"""JSON read piece by piece: the events of a document of any size, in memory that does not grow with it.

The parser is ijson's, over YAJL in C. Its events come without the path that ijson.parse adds: on a document
that nests deeply, making the paths takes time that grows with the square of the depth.
"""

from __future__ import annotations

from typing import Any, Final

import ijson
from ijson.backends import yajl2_c

PIECE_BYTES: Final = 65_536
DEEPEST_NESTING: Final = 256
LONGEST_TOKEN_BYTES: Final = 4 * 1024 * 1024
"""A text or number longer than this is taken for an attack or an accident, not for data."""


class BrokenJsonError(ValueError):
    """The document is no JSON, ends too early, or goes past a bound. The text has none of its content."""


class JsonEvents:
    """Turns bytes (UTF-8 without a mark) into ijson's events: pairs of a name and a value.

    Whoever follows the events counts the depth, and calls check_depth where it grows.
    Whole numbers come as int, others as float. A number beyond 64 bits breaks the document.
    """

    def __init__(self) -> None:
        self._events = ijson.sendable_list()
        # Without use_float ijson makes an int of any row of digits: past some thousand Python raises within
        # the C code, which then crashes the process.
        self._parser = yajl2_c.basic_parse_coro(self._events, use_float=True)
        self._silent_bytes = 0
        self._taken_bytes = 0
        self._fault: BrokenJsonError | None = None

    def take(self, piece: bytes) -> list[tuple[str, Any]]:
        """Return the events that end in `piece`, at most PIECE_BYTES long. Raises BrokenJsonError.

        What a broken piece held before the fault is returned; the next call, or close, raises.
        """
        if self._fault is not None:
            raise self._fault
        if not piece:
            # To ijson an empty piece is the end.
            return []
        self._send(piece)
        events = list(self._events)
        self._events.clear()
        self._taken_bytes += len(piece)
        self._silent_bytes = 0 if events else self._silent_bytes + len(piece)
        if self._silent_bytes > LONGEST_TOKEN_BYTES:
            self._fault = BrokenJsonError(
                f"a single text or number is longer than {LONGEST_TOKEN_BYTES} bytes"
            )
        if self._fault is not None and not events:
            raise self._fault
        return events

    def close(self) -> None:
        """Say that all bytes were taken. Raises BrokenJsonError where the document isn't complete."""
        if self._fault is not None:
            raise self._fault
        try:
            self._parser.close()
        except ijson.JSONError as error:
            raise BrokenJsonError(f"it is not complete: {_reason(error)}") from None

    def _send(self, piece: bytes) -> None:
        try:
            self._parser.send(piece)
        except ijson.JSONError as error:
            self._fault = BrokenJsonError(f"it is not JSON: {_reason(error)}, after byte {self._taken_bytes}")


def check_depth(depth: int) -> None:
    """Raises BrokenJsonError where a document nests deeper than any that Amazon has."""
    if depth > DEEPEST_NESTING:
        raise BrokenJsonError(f"it nests more than {DEEPEST_NESTING} levels")


def _reason(error: Exception) -> str:
    """YAJL's own words; the lines after the first quote the document."""
    text = error.args[0] if error.args else ""
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return text.strip().splitlines()[0].strip().rstrip(".") if text.strip() else "it breaks off"

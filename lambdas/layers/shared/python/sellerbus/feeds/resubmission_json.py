"""A listings feed (JSON) with the messages only that failed; all else stands as it was written.

The text is cut at its own commas and brackets, not parsed and written anew: a number keeps its digits, and a
field that nobody here knows stays. Source: RFC 8259; Amazon's schema "Selling Partner Listings Feed (v2)".
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from typing import Any, Final

from sellerbus.feeds.resubmission_model import LARGEST_MESSAGE, ResubmissionError, too_large

# A whole text, or a sign of structure; a quote that stands alone begins a text that is not there whole yet.
_TOKEN: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\],:"]', re.DOTALL)
_ROOT: Final = 1
_LIST: Final = 2


class FailedListings:
    """Takes the document's text, and gives out what of it is kept. kept: how many messages."""

    def __init__(self, wanted: frozenset[int]) -> None:
        self.kept = 0
        self._wanted = wanted
        # What was not given out yet: a message, or a text that goes on in the next piece.
        self._held = ""
        self._looked_at = 0
        self._depth = 0
        self._text = ""
        self._key = ""
        self._in_messages = False
        self._is_first = True

    def take(self, text: str) -> Iterator[str]:
        self._held += text
        done = 0
        while (found := _TOKEN.search(self._held, self._looked_at)) is not None and found[0] != '"':
            self._looked_at = found.end()
            done = yield from self._sign(found[0], done, found.start(), found.end())
        self._looked_at = len(self._held) if found is None else found.start()
        if not self._in_messages:
            yield self._held[done : self._looked_at]
            done = self._looked_at
        self._held = self._held[done:]
        self._looked_at -= done
        if len(self._held) > LARGEST_MESSAGE:
            raise too_large()

    def finish(self) -> Iterator[str]:
        if self._depth or self._held:
            raise ResubmissionError("the document ends before its JSON does")
        yield from ()

    def _sign(self, sign: str, done: int, start: int, end: int) -> Generator[str, None, int]:
        """Take one sign, or a whole text; return up to where the held text is done with."""
        at_message = self._in_messages and self._depth == _LIST
        if sign in "{[":
            self._depth += 1
            if sign == "[" and self._depth == _LIST and self._key == "messages":
                self._in_messages = self._is_first = True
                yield self._held[done:end]
                return end
        elif sign in "}]":
            self._depth -= 1
            if self._depth < 0:
                raise ResubmissionError("the document closes more than it opens: it is no JSON")
            if at_message:
                last = self._held[done:start]
                yield from self._message(last)
                yield last[len(last.rstrip()) :]
                self._in_messages = False
                return start
        elif sign == ",":
            if at_message:
                yield from self._message(self._held[done:start])
                return end
        elif sign == ":":
            if self._depth == _ROOT:
                self._key = _loaded(self._text)
        else:
            self._text = sign
        return done

    def _message(self, written: str) -> Iterator[str]:
        """Give the message out if it failed; written: with the space before it."""
        body = written.strip()
        if body and _message_id(_loaded(body)) in self._wanted:
            yield f"{'' if self._is_first else ','}{written.rstrip()}"
            self._is_first = False
            self.kept += 1


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ResubmissionError("the document can't be read as JSON") from None


def _message_id(message: Any) -> int | None:
    value = message.get("messageId") if isinstance(message, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # 7.0 is a whole number to JSON Schema, and to Amazon's.
    return int(value) if value == value // 1 else None

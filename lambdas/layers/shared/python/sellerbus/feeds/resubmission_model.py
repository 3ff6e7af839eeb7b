"""What the filters of a resubmission share."""

from __future__ import annotations

import codecs
from typing import Final

LARGEST_MESSAGE: Final = 16 * 1024 * 1024
"""Characters of one message that are held: more is taken for a document that never closes one."""


class ResubmissionError(Exception):
    """The document can't be cut down to what failed. The text has none of its content."""


class Text:
    """A document's characters, read strictly and written in the charset that they were read in."""

    def __init__(self, charset: str) -> None:
        self._charset = charset
        self._decoder = codecs.getincrementaldecoder(charset)()

    def read(self, piece: bytes, *, last: bool = False) -> str:
        """Return the text of a piece. Raises ResubmissionError at the first wrong byte."""
        try:
            return self._decoder.decode(piece, last)
        except UnicodeDecodeError:
            raise ResubmissionError(f"the document is not in {self._charset}, as it is told to be") from None

    def write(self, text: str) -> bytes:
        """Return text that was read, as bytes again."""
        return text.encode(self._charset)


def too_large() -> ResubmissionError:
    return ResubmissionError(f"a message of the document has more than {LARGEST_MESSAGE} characters")

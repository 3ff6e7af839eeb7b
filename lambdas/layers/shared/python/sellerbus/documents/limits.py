"""How large a document may be, as transferred and as unpacked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sellerbus.documents.errors import DocumentTooLargeError

MEBIBYTE: Final = 1 << 20


@dataclass(frozen=True)
class Limits:
    """All in bytes, but `ratio`.

    ratio: how many times as large as transferred a document may become by being unpacked. Deflate can reach
        1032; a report that repeats one message a million times stays below 200. It is not looked at before
        `always_allowed_bytes`, as a small document harms nobody whatever its ratio.
    """

    transferred_bytes: int = 1024 * MEBIBYTE
    content_bytes: int = 4096 * MEBIBYTE
    ratio: int = 250
    always_allowed_bytes: int = 16 * MEBIBYTE

    def check_transferred(self, size: int) -> None:
        """Raise DocumentTooLargeError where `size` bytes are too many to transfer."""
        if size > self.transferred_bytes:
            raise DocumentTooLargeError(
                f"the document is more than the {self.transferred_bytes} bytes that may be transferred; "
                "split it, or raise the limit"
            )

    def check_content(self, size: int) -> None:
        """Raise DocumentTooLargeError where the content is too large."""
        if size > self.content_bytes:
            raise DocumentTooLargeError(
                f"the document's content is more than the {self.content_bytes} bytes that it may have; "
                "split it, or raise the limit"
            )

    def check_unpacked(self, size: int, packed: int) -> None:
        """Raise DocumentTooLargeError where `packed` bytes became too many."""
        self.check_content(size)
        if size > self.always_allowed_bytes and size > packed * self.ratio:
            raise DocumentTooLargeError(
                f"{packed} bytes of gzip became {size}, more than {self.ratio} times as many: it is refused "
                "as a decompression bomb"
            )

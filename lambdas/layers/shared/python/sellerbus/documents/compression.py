"""Unpacks gzip where a document is gzip, which only its first bytes tell.

Neither compressionAlgorithm nor Content-Encoding is asked: both have been wrong in Amazon's answers, and an
HTTP client may have acted on the latter already. So the bytes as they came, decrypted, are looked at once.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from sellerbus.documents.errors import DamagedDocumentError
from sellerbus.documents.limits import Limits

# RFC 1952, 2.3.1: ID1, ID2, and CM, of which there is only deflate. No text in a charset of ours begins so.
MAGIC: Final = b"\x1f\x8b\x08"

_WITH_GZIP_HEADER: Final = 16 + zlib.MAX_WBITS
# What zlib gives out at once: large enough to be fast, small enough to stop a bomb early.
_OUTPUT_BYTES: Final = 256 << 10


class Unpacked:
    """The content of a document, to be iterated over once.

    Raises DamagedDocumentError where the gzip is cut short, changed, or followed by something else, and
    DocumentTooLargeError.
    """

    def __init__(self, chunks: Iterable[bytes], limits: Limits) -> None:
        self._chunks = iter(chunks)
        self._limits = limits
        self._packed = 0
        self.is_gzip = False
        self.content_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        head = b""
        for chunk in self._chunks:
            head += chunk
            if len(head) >= len(MAGIC):
                break
        self.is_gzip = head.startswith(MAGIC)
        for content in self._members(head) if self.is_gzip else self._plain(head):
            if content:
                yield content

    def _plain(self, head: bytes) -> Iterator[bytes]:
        for chunk in _after(head, self._chunks):
            self.content_bytes += len(chunk)
            self._limits.check_content(self.content_bytes)
            yield chunk

    def _members(self, head: bytes) -> Iterator[bytes]:
        """RFC 1952, 2.2: members simply appear one after another."""
        member = _member()
        between = False
        for chunk in _after(head, self._chunks):
            packed = chunk
            self._packed += len(chunk)
            while packed:
                if between:
                    # Tapes and block devices pad with zeros, and gzip passes over them.
                    packed = packed.lstrip(b"\0")
                    if not packed:
                        break
                    member, between = _member(), False
                content = self._inflated(member, packed)
                between = member.eof
                packed = member.unused_data if between else member.unconsumed_tail
                yield content
        if not between:
            raise DamagedDocumentError(
                f"the gzip document is cut short after {self._packed} bytes; ask for it again"
            )

    def _inflated(self, member: zlib._Decompress, packed: bytes) -> bytes:
        try:
            content = member.decompress(packed, _OUTPUT_BYTES)
        except zlib.error as error:
            raise DamagedDocumentError(
                f"the gzip document is damaged about {self.content_bytes} bytes into its content ({error}); "
                "ask for it again"
            ) from None
        self.content_bytes += len(content)
        self._limits.check_unpacked(self.content_bytes, self._packed)
        return content


def _member() -> zlib._Decompress:
    return zlib.decompressobj(_WITH_GZIP_HEADER)


def _after(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from chunks

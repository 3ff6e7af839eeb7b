"""What is inside a feed document: encryption and compression, both ways, chunk by chunk. Pure.

Feeds 2020-09-04 encrypts on the client: AES-256-CBC with PKCS7 padding, over the document as it is otherwise,
compressed or not. Feeds 2021-06-30 has no encryption. That a document is compressed shows in its first bytes.
"""

from __future__ import annotations

import base64
import io
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

GZIP_MAGIC = b"\x1f\x8b"
_GZIP = 31
_MOST_AT_ONCE = 1024 * 1024


class ContentError(Exception):
    """A document that is not what it should be: not decryptable, or compressed and damaged."""


@dataclass(frozen=True)
class Encryption:
    key: bytes
    initialization_vector: bytes

    def as_json(self) -> dict[str, object]:
        """`encryptionDetails` of Feeds 2020-09-04."""
        return {
            "standard": "AES",
            "initializationVector": base64.b64encode(self.initialization_vector).decode(),
            "key": base64.b64encode(self.key).decode(),
        }

    @property
    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self.key), modes.CBC(self.initialization_vector))

    def encrypt(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        padder, encryptor = PKCS7(128).padder(), self._cipher.encryptor()
        for chunk in chunks:
            yield encryptor.update(padder.update(chunk))
        yield encryptor.update(padder.finalize()) + encryptor.finalize()

    def decrypt(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Raises ContentError at the end of what was encrypted otherwise."""
        unpadder, decryptor = PKCS7(128).unpadder(), self._cipher.decryptor()
        try:
            for chunk in chunks:
                yield unpadder.update(decryptor.update(chunk))
            yield unpadder.update(decryptor.finalize()) + unpadder.finalize()
        except ValueError as error:
            raise ContentError(f"the document cannot be decrypted with its key: {error}") from error


def plain(chunks: Iterable[bytes], encryption: Encryption | None) -> Iterator[bytes]:
    """The content of a document without its encryption and compression; raises ContentError."""
    return _unzipped(encryption.decrypt(chunks) if encryption else iter(chunks))


def compress(content: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=_GZIP)
    return compressor.compress(content) + compressor.flush()


def _unzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= len(GZIP_MAGIC):
            break
    if head.startswith(GZIP_MAGIC):
        yield from _members(head, chunks)
    else:
        yield head
        yield from chunks


def _members(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """A gzip file may be several, one behind the other."""
    member, rest = zlib.decompressobj(_GZIP), head
    try:
        while True:
            while rest:
                if member.eof:
                    member = zlib.decompressobj(_GZIP)
                yield member.decompress(rest, _MOST_AT_ONCE)
                rest = member.unused_data if member.eof else member.unconsumed_tail
            following = next(chunks, None)
            if following is None:
                break
            rest = following
    except zlib.error as error:
        raise ContentError(f"the document begins like gzip and cannot be decompressed: {error}") from error
    if not member.eof:
        raise ContentError("the document is gzip and ends in the middle")


class ChunkReader(io.RawIOBase):
    """A file of chunks, for parsers that read files."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer)
        while not self._rest:
            following = next(self._chunks, None)
            if following is None:
                return 0
            self._rest = following
        size = min(len(view), len(self._rest))
        view[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def as_file(chunks: Iterable[bytes]) -> io.BufferedReader:
    return io.BufferedReader(ChunkReader(chunks), _MOST_AT_ONCE)

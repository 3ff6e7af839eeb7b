"""Documents between S3 and presigned URLs, in memory that does not grow with them and never on disk.

Down: HTTP, AES where encryptionDetails are given, gzip where the bytes are gzip, S3.
Up: S3, gzip where the object is gzip, AES, HTTP. Amazon takes no gzip in feeds, so a packed object is
unpacked on its way, and its length, which the request has to tell first, is measured before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Final

from sellerbus.documents import objects
from sellerbus.documents.cipher import EncryptionDetails, decrypted, encrypted, encrypted_length
from sellerbus.documents.compression import Unpacked
from sellerbus.documents.limits import Limits
from sellerbus.documents.objects import ObjectLocation, ObjectWriter, S3Client
from sellerbus.documents.prefetch import prefetched
from sellerbus.documents.storage import PresignedStorage, Received

Progress = Callable[[int], None]
"""Told how many bytes have passed so far, after each chunk; what it raises ends the transfer."""

DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Measured:
    """An object as it was read once; uploads send this very content or nothing.

    content_bytes and sha256 (hexadecimal) are of the content, unpacked where is_gzip.
    """

    location: ObjectLocation
    etag: str
    is_gzip: bool
    content_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A document that is in S3 now, decrypted and unpacked. content_type: as the storage told it."""

    location: ObjectLocation
    etag: str
    content_type: str
    was_gzip: bool
    transferred_bytes: int
    content_bytes: int


class Content:
    """An open document: iterating gives its content, once, decrypted and unpacked."""

    def __init__(self, received: Received, unpacked: Unpacked) -> None:
        self.content_type = received.content_type
        self._received = received
        self._unpacked = unpacked

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._unpacked)

    @property
    def is_gzip(self) -> bool:
        """Known once the first chunk was taken."""
        return self._unpacked.is_gzip

    @property
    def content_bytes(self) -> int:
        """The bytes given so far."""
        return self._unpacked.content_bytes

    @property
    def transferred_bytes(self) -> int:
        """The bytes received so far, which is ahead of what was given."""
        return self._received.transferred_bytes

    @property
    def announced_bytes(self) -> int | None:
        """The bytes that shall be received; None where the storage doesn't tell."""
        return self._received.announced_bytes


def _ignore(_: int) -> None:
    return


class DocumentTransfer:
    """Moves documents. part_bytes: of a multipart upload; three of them are held at most."""

    def __init__(
        self,
        *,
        s3: S3Client,
        storage: PresignedStorage,
        limits: Limits = DEFAULT_LIMITS,
        part_bytes: int = objects.PART_BYTES,
    ) -> None:
        self._s3 = s3
        self._storage = storage
        self._limits = limits
        self._part_bytes = part_bytes

    def measure(
        self, location: ObjectLocation, *, observe: Callable[[bytes], None] | None = None
    ) -> Measured:
        """Read an object through. observe: given each chunk of its content, to check it in the same pass.

        Raises DamagedDocumentError, DocumentTooLargeError, RetryableTransferError, SourceChangedError where
        there is no such object, StorageRefusedError, and what `observe` raises.
        """
        digest = hashlib.sha256()
        with (
            objects.reading(self._s3, location) as content,
            prefetched(content.chunks) as stored,
        ):
            unpacked = Unpacked(stored, self._limits)
            for chunk in unpacked:
                digest.update(chunk)
                if observe is not None:
                    observe(chunk)
        return Measured(location, content.etag, unpacked.is_gzip, unpacked.content_bytes, digest.hexdigest())

    def upload(
        self,
        source: Measured,
        url: str,
        *,
        content_type: str,
        encryption: EncryptionDetails | None = None,
        progress: Progress = _ignore,
    ) -> int:
        """Send an object's content to a presigned URL; return the bytes sent.

        content_type: character for character what createFeedDocument was given. A repeat does no harm.
        Raises UrlRefusedError, UrlExpiredError, RetryableTransferError, StorageRefusedError,
        SourceChangedError where the object is no longer what was measured, and what `progress` raises.
        """
        length = source.content_bytes if encryption is None else encrypted_length(source.content_bytes)
        self._limits.check_transferred(length)
        with (
            objects.reading(self._s3, source.location, etag=source.etag) as stored,
            prefetched(_content(stored.chunks, self._limits)) as content,
            ExitStack() as stack,
        ):
            if encryption is not None:
                content = stack.enter_context(prefetched(encrypted(content, encryption)))
            self._storage.write(url, _told(content, progress), length=length, content_type=content_type)
        return length

    def download(
        self,
        url: str,
        destination: ObjectLocation,
        *,
        encryption: EncryptionDetails | None = None,
        progress: Progress = _ignore,
    ) -> Downloaded:
        """Store the document at a presigned URL in S3, decrypted and unpacked, with its Content-Type.

        It is there whole or not at all; a repeat does no harm. Raises what `opened` and iterating over it
        raise, and what `progress` raises.
        """
        with self.opened(url, encryption=encryption) as content:
            more = {"ContentType": content.content_type} if content.content_type else {}
            writer = ObjectWriter(self._s3, destination, more=more, part_bytes=self._part_bytes)
            with writer:
                for chunk in _told(content, progress):
                    writer.write(chunk)
        return Downloaded(
            destination,
            writer.etag,
            content.content_type,
            content.is_gzip,
            content.transferred_bytes,
            content.content_bytes,
        )

    @contextmanager
    def opened(self, url: str, *, encryption: EncryptionDetails | None = None) -> Iterator[Content]:
        """Give the document at a presigned URL while the block runs, to read it without keeping it.

        Raises UrlRefusedError, UrlExpiredError, RetryableTransferError, StorageRefusedError and
        DocumentTooLargeError; iterating raises DamagedDocumentError too. What was read is worth nothing
        before the iteration has come to its end.
        """
        with self._storage.reading(url, self._limits) as received:
            chunks = received.chunks()
            plain = chunks if encryption is None else decrypted(chunks, encryption)
            with prefetched(plain, interrupt=received.interrupt) as ahead:
                yield Content(received, Unpacked(ahead, self._limits))


def _content(chunks: Generator[bytes], limits: Limits) -> Generator[bytes]:
    """Unpack in the thread that also reads."""
    with closing(chunks):
        yield from Unpacked(chunks, limits)


def _told(chunks: Iterable[bytes], progress: Progress) -> Iterator[bytes]:
    passed = 0
    for chunk in chunks:
        yield chunk
        passed += len(chunk)
        progress(passed)

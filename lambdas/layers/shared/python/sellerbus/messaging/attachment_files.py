"""Reads a message's attachments out of S3, into memory: together they may be no more than Amazon takes.

What would be more is not read beyond its first bytes; what stands for it then is its size and version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Final

from sellerbus.documents.errors import DocumentError, SourceChangedError, StorageRefusedError
from sellerbus.documents.objects import ObjectContent, ObjectLocation, S3Reader, reading

MOST_BYTES: Final = 10_000_000
"""Amazon: "the total size of attachments must be less than 10 MB", so this is the first size too large."""
HEAD_BYTES: Final = 65_536
MOST_FILES: Final = 20
"""More than this are not looked at: every message type takes 5 at most."""
_AT_ONCE: Final = 5

# A delete marker, and a version id that can be none: GetObject refuses both, and no repetition helps.
_NOT_THERE_CODES: Final = frozenset({"MethodNotAllowed", "InvalidArgument"})


class MissingAttachmentsError(Exception):
    """Objects are not there. indexes: which of those asked for, from 0."""

    def __init__(self, indexes: Sequence[int]) -> None:
        self.indexes = tuple(indexes)
        super().__init__(f"{len(self.indexes)} of the attachments are not in the bucket")


@dataclass(frozen=True)
class AttachmentSource:
    """Where an attachment is, and under which name the buyer gets it. Its key may have that name, too."""

    location: ObjectLocation = field(repr=False)
    file_name: str = field(repr=False)


@dataclass(frozen=True)
class AttachmentFile:
    """source: with the version that was read. content: None where all together are too large.

    head: the first 64 KiB.
    """

    source: AttachmentSource
    size_bytes: int
    head: bytes = field(repr=False)
    content: bytes | None = field(repr=False)

    @property
    def file_name(self) -> str:
        return self.source.file_name

    @property
    def fingerprint(self) -> str:
        """The same for the same bytes: their SHA-256 in hexadecimal, or what stands for them."""
        if self.content is None:
            return f"{self.size_bytes} bytes, version {self.source.location.version_id}"
        return hashlib.sha256(self.content).hexdigest()


class AttachmentFiles:
    """Reads attachments, several at once. Cheap to make."""

    def __init__(self, s3: S3Reader) -> None:
        self._s3 = s3

    def read(self, sources: Sequence[AttachmentSource]) -> tuple[AttachmentFile, ...]:
        """Return the files in the order given, each pinned to the version that was read.

        Holds less than MOST_BYTES of content, or only the heads. Raises MissingAttachmentsError,
        RetryableTransferError and StorageRefusedError, and ValueError for more than MOST_FILES.
        """
        if len(sources) > MOST_FILES:
            raise ValueError(f"{len(sources)} attachments are more than the {MOST_FILES} that are read")
        if not sources:
            return ()
        with (
            ExitStack() as open_objects,
            ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="attachment") as pool,
        ):
            opened = list(pool.map(self._open, sources))
            for each in opened:
                if isinstance(each, _Open):
                    open_objects.push(each.exits)
            missing = [index for index, each in enumerate(opened) if each is None]
            failures = [each for each in opened if isinstance(each, DocumentError)]
            if failures:
                raise failures[0]
            if missing:
                raise MissingAttachmentsError(missing)
            found = [each for each in opened if isinstance(each, _Open)]
            whole = sum(each.content.length for each in found) < MOST_BYTES
            return tuple(pool.map(lambda each: _read(each, whole=whole), found))

    def _open(self, source: AttachmentSource) -> _Open | DocumentError | None:
        """None where the object is not there."""
        exits = ExitStack()
        try:
            return _Open(source, exits.enter_context(reading(self._s3, source.location)), exits)
        except SourceChangedError:
            return None
        except StorageRefusedError as error:
            return None if error.code in _NOT_THERE_CODES else error
        except DocumentError as error:
            return error


@dataclass(frozen=True)
class _Open:
    source: AttachmentSource
    content: ObjectContent
    exits: ExitStack


def _read(opened: _Open, *, whole: bool) -> AttachmentFile:
    read = bytearray()
    for chunk in opened.content.chunks:
        read += chunk
        if not whole and len(read) >= HEAD_BYTES:
            break
    location = replace(opened.source.location, version_id=opened.content.version_id)
    return AttachmentFile(
        replace(opened.source, location=location),
        opened.content.length,
        bytes(read[:HEAD_BYTES]),
        bytes(read) if whole else None,
    )

"""The inbox bucket: what an object tells of itself, its side file, its content's hash, and writing into it.

Source: S3 API, HeadObject, GetObject and PutObject (IfNoneMatch writes only where nothing stands).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from sellerbus.aws.errors import StoreUnavailableError, aws_call
from sellerbus.documents import objects
from sellerbus.documents.compression import Unpacked
from sellerbus.documents.errors import (
    DamagedDocumentError,
    DocumentTooLargeError,
    RetryableTransferError,
    SourceChangedError,
    StorageRefusedError,
)
from sellerbus.documents.limits import Limits
from sellerbus.documents.objects import ObjectLocation
from sellerbus.feeds.intake.request import LARGEST_SIDE_FILE_BYTES
from sellerbus.feeds.task import Source

_NOTHING_THERE: Final = frozenset(
    {"404", "405", "NoSuchKey", "NoSuchVersion", "NotFound", "MethodNotAllowed"}
)
# A version's id that is none, an object that only who wrote it can read (SSE-C), a key that can't be one.
_CAN_NOT_BE_READ: Final = frozenset({"InvalidArgument", "InvalidRequest", "KeyTooLongError"})
_STANDS_THERE: Final = frozenset({"412", "409", "PreconditionFailed", "ConditionalRequestConflict"})


class S3Client(objects.S3Client, Protocol):
    """The part of boto3's S3 client used here."""

    def head_object(self, **request: Any) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What HeadObject tells. version_id: "" in a bucket without versions. modified_ms: ms since 1970."""

    version_id: str
    etag: str
    content_type: str
    metadata: Mapping[str, str]
    modified_ms: int


@dataclass(frozen=True, slots=True)
class SideFile:
    """A side file as it is now. content: cut after one byte too many."""

    version_id: str
    modified_ms: int
    content: bytes


class InboxBucket:
    """Raises StoreUnavailableError where S3 does not do it now."""

    def __init__(self, client: S3Client, name: str) -> None:
        self._client = client
        self.name = name

    def head(self, key: str, version_id: str = "") -> StoredObject | None:
        """Return what the object's version tells of itself; None where there is none that can be read, or a
        delete marker.
        """
        version = {"VersionId": version_id} if version_id else {}
        try:
            with _s3_call("HeadObject") as answered:
                answered.append(self._client.head_object(Bucket=self.name, Key=key, **version))
        except StoreUnavailableError as error:
            if error.code == "400" and self._can_not_be_read(key, version):
                return None
            raise
        if not answered:
            return None
        answer = answered[0]
        return StoredObject(
            version_id=str(answer.get("VersionId") or version_id),
            etag=str(answer.get("ETag", "")).strip('"'),
            content_type=str(answer.get("ContentType") or ""),
            metadata=answer.get("Metadata") or {},
            modified_ms=_milliseconds(answer),
        )

    def _can_not_be_read(self, key: str, version: Mapping[str, str]) -> bool:
        """Whether no repetition will help. HeadObject's answer has no words that tell; GetObject's has."""
        try:
            with _s3_call("GetObject") as answered:
                answer = self._client.get_object(Bucket=self.name, Key=key, **version)
                answer["Body"].close()
                answered.append(answer)
        except StoreUnavailableError as error:
            return error.code in _CAN_NOT_BE_READ
        return not answered

    def side_file(self, key: str) -> SideFile | None:
        """Return the side file at `key` as it is now; None where there is none."""
        with _s3_call("GetObject") as answered:
            answer = self._client.get_object(Bucket=self.name, Key=key)
            with closing(answer["Body"]) as body:
                content = body.read(LARGEST_SIDE_FILE_BYTES + 1)
            answered.append({**answer, "content": content})
        if not answered:
            return None
        found = answered[0]
        return SideFile(str(found.get("VersionId") or ""), _milliseconds(found), found["content"])

    def sha256(self, source: Source, limits: Limits) -> str | None:
        """Return the hash of an object's content, unpacked where it is gzip; None where it can't be read."""
        digest = hashlib.sha256()
        location = ObjectLocation(source.bucket, source.key, source.version_id)
        try:
            with objects.reading(self._client, location) as content:
                for chunk in Unpacked(content.chunks, limits):
                    digest.update(chunk)
        except RetryableTransferError as error:
            raise StoreUnavailableError("GetObject", type(error).__name__) from error
        except (DamagedDocumentError, DocumentTooLargeError, SourceChangedError, StorageRefusedError):
            return None
        return digest.hexdigest()

    def write_new(self, key: str, content: bytes, content_type: str, metadata: Mapping[str, str]) -> bool:
        """Write an object where none stands; False where one does."""
        with aws_call("PutObject"):
            try:
                self._client.put_object(
                    Bucket=self.name,
                    Key=key,
                    Body=content,
                    ContentType=content_type,
                    Metadata=dict(metadata),
                    IfNoneMatch="*",
                )
            except ClientError as error:
                if error.response["Error"]["Code"] in _STANDS_THERE:
                    return False
                raise
        return True


@contextmanager
def _s3_call(operation: str) -> Iterator[list[Mapping[str, Any]]]:
    """Give a list for the answer, which stays empty where there is no such object."""
    answered: list[Mapping[str, Any]] = []
    try:
        yield answered
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        if code not in _NOTHING_THERE:
            raise StoreUnavailableError(operation, code) from error
    except (BotoCoreError, OSError) as error:
        raise StoreUnavailableError(operation, type(error).__name__) from error


def _milliseconds(answer: Mapping[str, Any]) -> int:
    modified: datetime = answer["LastModified"]
    return round(modified.timestamp() * 1000)

"""The S3 side of a transfer: an object read as it was measured, and one written in parts out of memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Protocol, Self

from botocore.exceptions import BotoCoreError, ClientError

from sellerbus.documents.errors import (
    DocumentError,
    RetryableTransferError,
    SourceChangedError,
    StorageRefusedError,
)

CHUNK_BYTES: Final = 256 << 10
PART_BYTES: Final = 8 << 20
"""10,000 parts, as many as S3 allows, are 78 GiB then; 5 MiB is the least."""
PARTS_AT_ONCE: Final = 2

_RETRYABLE_CODES: Final = frozenset({"SlowDown", "RequestTimeout", "InternalError", "OperationAborted"})
_GONE_CODES: Final = frozenset({"PreconditionFailed", "NoSuchKey", "NoSuchVersion", "NoSuchUpload"})


class S3Reader(Protocol):
    """What reading needs of boto3's S3 client."""

    def get_object(self, **request: Any) -> Mapping[str, Any]: ...


class S3Client(S3Reader, Protocol):
    """The part of boto3's S3 client used here; each method is the S3 API operation of its name."""

    def put_object(self, **request: Any) -> Mapping[str, Any]: ...

    def create_multipart_upload(self, **request: Any) -> Mapping[str, Any]: ...

    def upload_part(self, **request: Any) -> Mapping[str, Any]: ...

    def complete_multipart_upload(self, **request: Any) -> Mapping[str, Any]: ...

    def abort_multipart_upload(self, **request: Any) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class ObjectLocation:
    """Where an object is, or shall be. version_id: in a versioned bucket, to read that version only."""

    bucket: str
    key: str
    version_id: str = ""

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@contextmanager
def _s3_call(doing: str, location: ObjectLocation) -> Iterator[None]:
    """Turn what botocore raises inside into a DocumentError."""
    try:
        yield
    except ClientError as error:
        raise _refusal(f"{doing} of {location}", error) from None
    except (BotoCoreError, OSError) as error:
        raise RetryableTransferError(
            f"{doing} of {location} got no whole answer from S3 ({type(error).__name__}); try again"
        ) from None


def _refusal(what: str, error: ClientError) -> DocumentError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if status >= 500 or status == 429 or code in _RETRYABLE_CODES:
        return RetryableTransferError(f"{what} failed ({status} {code}); try again later")
    if code in _GONE_CODES or status == 412:
        return SourceChangedError(
            f"{what}: the object is not there, or no longer as it was ({status} {code})"
        )
    return StorageRefusedError(f"{what} was refused ({status} {code})", status=status, code=code)


@dataclass(frozen=True, slots=True)
class ObjectContent:
    """An open object; chunks are as stored, and may be read once.

    version_id: "" in a bucket without versions.
    """

    etag: str
    length: int
    version_id: str
    chunks: Generator[bytes]


@contextmanager
def reading(client: S3Reader, location: ObjectLocation, *, etag: str = "") -> Iterator[ObjectContent]:
    """Give the object's content while the block runs; with `etag` only that very content.

    Raises RetryableTransferError, SourceChangedError, StorageRefusedError; so do the chunks.
    """
    only = {"IfMatch": etag} if etag else {}
    if location.version_id:
        only["VersionId"] = location.version_id
    with _s3_call("the reading", location):
        answer = client.get_object(Bucket=location.bucket, Key=location.key, **only)
    with closing(answer["Body"]) as body:
        length = int(answer["ContentLength"])
        version_id = str(answer.get("VersionId") or location.version_id)
        yield ObjectContent(str(answer["ETag"]), length, version_id, _chunks(body, length, location))


def _chunks(body: Any, length: int, location: ObjectLocation) -> Generator[bytes]:
    read = 0
    while True:
        with _s3_call("the reading", location):
            chunk: bytes = body.read(CHUNK_BYTES)
        if not chunk:
            break
        read += len(chunk)
        yield chunk
    if read != length:
        raise RetryableTransferError(
            f"the reading of {location} ended after {read} of {length} bytes; try again"
        )


class ObjectWriter:
    """Writes one object out of memory: at once where it fits into one part, else as a multipart upload.

    To be used as a context manager: left without an exception the object is there, whole; else there is
    nothing, and no parts that cost money. Only where the process is killed, or S3 answers nothing any more,
    parts stay: the bucket needs a lifecycle rule AbortIncompleteMultipartUpload.

    At most `parts_at_once` + 1 parts of `part_bytes` are held at any time. more: further parameters of
    PutObject and CreateMultipartUpload, such as ContentType and Metadata.
    """

    def __init__(
        self,
        client: S3Client,
        location: ObjectLocation,
        *,
        more: Mapping[str, Any] | None = None,
        part_bytes: int = PART_BYTES,
        parts_at_once: int = PARTS_AT_ONCE,
    ) -> None:
        self._client = client
        self._location = location
        self._where = {"Bucket": location.bucket, "Key": location.key}
        self._more = dict(more or {})
        self._part_bytes = part_bytes
        self._parts_at_once = parts_at_once
        self._part = bytearray(part_bytes)
        self._filled = 0
        self._upload_id = ""
        self._threads: ThreadPoolExecutor | None = None
        self._sending: deque[Future[str]] = deque()
        self._etags: list[str] = []
        self.etag = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._finish()
        except BaseException as failure:
            self._abandon(failure)
            raise
        else:
            if error is not None:
                self._abandon(error)
        finally:
            if self._threads is not None:
                self._threads.shutdown()

    def write(self, chunk: bytes) -> None:
        """Add to the object. Raises RetryableTransferError and StorageRefusedError, for earlier parts too."""
        rest = memoryview(chunk)
        while rest:
            if self._filled == self._part_bytes:
                self._send(self._part)
                self._part = bytearray(self._part_bytes)
                self._filled = 0
            taken = min(len(rest), self._part_bytes - self._filled)
            self._part[self._filled : self._filled + taken] = rest[:taken]
            self._filled += taken
            rest = rest[taken:]

    def _send(self, part: bytearray) -> None:
        if self._threads is None:
            with _s3_call("the writing", self._location):
                answer = self._client.create_multipart_upload(**self._where, **self._more)
            self._upload_id = str(answer["UploadId"])
            self._threads = ThreadPoolExecutor(self._parts_at_once, thread_name_prefix="part")
        # As many parts are sent at once as may be held beside the one that is being filled.
        while len(self._sending) >= self._parts_at_once:
            self._etags.append(self._sending.popleft().result())
        number = len(self._etags) + len(self._sending) + 1
        self._sending.append(self._threads.submit(self._send_part, number, part))

    def _send_part(self, number: int, part: bytearray) -> str:
        with _s3_call(f"the writing of part {number}", self._location):
            answer = self._client.upload_part(
                **self._where, UploadId=self._upload_id, PartNumber=number, Body=part
            )
        return str(answer["ETag"])

    def _finish(self) -> None:
        del self._part[self._filled :]
        if not self._upload_id:
            with _s3_call("the writing", self._location):
                answer = self._client.put_object(**self._where, Body=self._part, **self._more)
        else:
            self._send(self._part)
            self._etags += [each.result() for each in self._sending]
            parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(self._etags, 1)]
            with _s3_call("the writing", self._location):
                answer = self._client.complete_multipart_upload(
                    **self._where, UploadId=self._upload_id, MultipartUpload={"Parts": parts}
                )
        self.etag = str(answer["ETag"])

    def _abandon(self, reason: BaseException) -> None:
        """Leave nothing behind. Adds a note to `reason` where that is refused."""
        if not self._upload_id:
            return
        if self._threads is not None:
            # A part that arrives after the abortion would stay.
            self._threads.shutdown()
        try:
            with _s3_call("the abortion", self._location):
                self._client.abort_multipart_upload(**self._where, UploadId=self._upload_id)
        except SourceChangedError:
            # It completed although the answer was lost, or is gone already.
            return
        except DocumentError as error:
            reason.add_note(f"Its parts may remain until the bucket's lifecycle rule removes them: {error}")

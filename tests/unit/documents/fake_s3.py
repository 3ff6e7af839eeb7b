"""S3 in memory: objects, multipart uploads, IfMatch, and faults on request."""

from __future__ import annotations

import hashlib
import io
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes import client_error

LEAST_PART_BYTES = 5 << 20


class FakeS3:
    """Takes exactly the parameters that are used, so it is given as S3Client by way of `client`.

    fault: called with each operation's name and count before it works; what it raises is answered."""

    def __init__(self, *, least_part_bytes: int = LEAST_PART_BYTES) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.versions: dict[tuple[str, str, str], bytes] = {}
        self.told: dict[tuple[str, str], Mapping[str, Any]] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.calls: Counter[str] = Counter()
        self.fault: Callable[[str, int], None] = lambda operation, count: None
        self.body: Callable[[bytes], io.RawIOBase | io.BytesIO] = io.BytesIO
        self.most_at_once = 0
        self.at_once = 0
        self._least_part_bytes = least_part_bytes
        self._lock = threading.Lock()

    @property
    def client(self) -> Any:
        return self

    def _begin(self, operation: str) -> None:
        with self._lock:
            self.calls[operation] += 1
            count = self.calls[operation]
        self.fault(operation, count)

    def get_object(
        self, *, Bucket: str, Key: str, IfMatch: str = "", VersionId: str = ""
    ) -> Mapping[str, Any]:
        self._begin("get_object")
        if VersionId:
            content = self.versions.get((Bucket, Key, VersionId))
        else:
            content = self.objects.get((Bucket, Key))
        if content is None:
            raise failure("NoSuchVersion" if VersionId else "NoSuchKey", 404)
        if IfMatch and IfMatch != etag(content):
            raise failure("PreconditionFailed", 412)
        return {"Body": self.body(content), "ContentLength": len(content), "ETag": etag(content)}

    def put_object(self, *, Bucket: str, Key: str, Body: bytearray, **more: Any) -> Mapping[str, Any]:
        self._begin("put_object")
        return self._store(Bucket, Key, bytes(Body), more)

    def _store(self, bucket: str, key: str, content: bytes, more: Mapping[str, Any]) -> Mapping[str, Any]:
        self.objects[(bucket, key)] = content
        self.told[(bucket, key)] = more
        return {"ETag": etag(content)}

    def create_multipart_upload(self, *, Bucket: str, Key: str, **more: Any) -> Mapping[str, Any]:
        self._begin("create_multipart_upload")
        upload_id = f"upload-{len(self.uploads)}"
        self.uploads[upload_id] = {}
        self.told[(Bucket, Key)] = more
        return {"UploadId": upload_id}

    def upload_part(
        self, *, Bucket: str, Key: str, UploadId: str, PartNumber: int, Body: bytearray
    ) -> Mapping[str, Any]:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self._begin("upload_part")
            self._parts(UploadId)[PartNumber] = bytes(Body)
        finally:
            with self._lock:
                self.at_once -= 1
        return {"ETag": etag(bytes(Body))}

    def complete_multipart_upload(
        self, *, Bucket: str, Key: str, UploadId: str, MultipartUpload: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        self._begin("complete_multipart_upload")
        parts = self._parts(UploadId)
        named = [(part["PartNumber"], part["ETag"]) for part in MultipartUpload["Parts"]]
        if named != [(number, etag(parts[number])) for number in sorted(parts)]:
            raise failure("InvalidPart", 400)
        contents = [parts[number] for number in sorted(parts)]
        if any(len(content) < self._least_part_bytes for content in contents[:-1]):
            raise failure("EntityTooSmall", 400)
        del self.uploads[UploadId]
        return self._store(Bucket, Key, b"".join(contents), self.told[(Bucket, Key)])

    def abort_multipart_upload(self, *, Bucket: str, Key: str, UploadId: str) -> Mapping[str, Any]:
        self._begin("abort_multipart_upload")
        self._parts(UploadId)
        del self.uploads[UploadId]
        return {}

    def _parts(self, upload_id: str) -> dict[int, bytes]:
        if upload_id not in self.uploads:
            raise failure("NoSuchUpload", 404)
        return self.uploads[upload_id]


def etag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def failure(code: str, status: int) -> Exception:
    error: Exception = client_error("S3", code, ResponseMetadata={"HTTPStatusCode": status})
    return error


def failing(operation: str, error: Exception, *, at: int = 1) -> Callable[[str, int], None]:
    """A fault: the call number `at` of `operation`, and all after it, are answered with `error`."""

    def fault(called: str, count: int) -> None:
        if called == operation and count >= at:
            raise error

    return fault

"""Attachments read out of S3: pinned versions, no more bytes than Amazon takes, and what is not there."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable

import pytest

from sellerbus.documents.errors import RetryableTransferError, StorageRefusedError
from sellerbus.documents.objects import ObjectLocation
from sellerbus.messaging.attachment_files import (
    HEAD_BYTES,
    MOST_BYTES,
    MOST_FILES,
    AttachmentFiles,
    AttachmentSource,
    MissingAttachmentsError,
)
from tests.unit.documents.fake_s3 import FakeS3, failing, failure


class Versioned(FakeS3):
    """Tells the version of what it gives, and counts the bytes that are read of it."""

    def __init__(self) -> None:
        super().__init__()
        self.read_bytes = 0
        self.closed = 0
        self.body = self._counted

    def _counted(self, content: bytes) -> io.BytesIO:
        outer = self

        class Body(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                chunk = super().read(size)
                outer.read_bytes += len(chunk)
                return chunk

            def close(self) -> None:
                outer.closed += 0 if self.closed else 1
                super().close()

        return Body(content)

    def get_object(
        self, *, Bucket: str, Key: str, VersionId: str = "", IfMatch: str = ""
    ) -> dict[str, object]:
        answer = super().get_object(Bucket=Bucket, Key=Key, VersionId=VersionId)
        return {**answer, "VersionId": VersionId or f"latest-of-{Key}"}


def scene(*contents: bytes) -> tuple[Versioned, list[AttachmentSource]]:
    s3 = Versioned()
    sources = []
    for number, content in enumerate(contents):
        s3.objects["bucket", f"k{number}"] = content
        sources.append(AttachmentSource(ObjectLocation("bucket", f"k{number}"), f"file{number}.txt"))
    return s3, sources


def test_files_are_read_in_their_order_and_pinned_to_what_was_read() -> None:
    s3, sources = scene(b"first", b"", b"x" * 100_000)
    files = AttachmentFiles(s3.client).read(sources)
    assert [(file.file_name, file.size_bytes, file.content) for file in files] == [
        ("file0.txt", 5, b"first"),
        ("file1.txt", 0, b""),
        ("file2.txt", 100_000, b"x" * 100_000),
    ]
    assert [file.source.location.version_id for file in files] == [
        "latest-of-k0", "latest-of-k1", "latest-of-k2",
    ]  # fmt: skip
    assert files[2].head == b"x" * HEAD_BYTES
    assert s3.calls == {"get_object": 3}
    assert s3.closed == 3
    assert "first" not in repr(files)
    assert "file0" not in repr(files)
    assert "k0" not in repr(files)


def test_a_version_that_is_named_is_the_one_that_is_read() -> None:
    s3, _ = scene(b"new")
    s3.versions["bucket", "k0", "v1"] = b"old"
    (file,) = AttachmentFiles(s3.client).read(
        [AttachmentSource(ObjectLocation("bucket", "k0", "v1"), "a.txt")]
    )
    assert (file.content, file.source.location.version_id) == (b"old", "v1")


def test_the_fingerprint_is_the_same_for_the_same_bytes() -> None:
    s3, sources = scene(b"same", b"same", b"other")
    prints = [file.fingerprint for file in AttachmentFiles(s3.client).read(sources)]
    assert prints[0] == prints[1] == hashlib.sha256(b"same").hexdigest()
    assert prints[2] != prints[0]


def test_just_less_than_amazon_takes_is_held_and_not_a_byte_more() -> None:
    s3, sources = scene(b"x" * (MOST_BYTES - 1))
    (file,) = AttachmentFiles(s3.client).read(sources)
    assert file.content is not None
    s3, sources = scene(b"x" * (MOST_BYTES - 10), b"y" * 10)
    files = AttachmentFiles(s3.client).read(sources)
    assert [file.content for file in files] == [None, None]
    assert [len(file.head) for file in files] == [HEAD_BYTES, 10]
    assert s3.read_bytes < 1_000_000
    assert s3.closed == 2
    assert files[0].fingerprint == f"{MOST_BYTES - 10} bytes, version latest-of-k0"


def test_every_attachment_that_is_not_there_is_told() -> None:
    s3, sources = scene(b"a", b"b", b"c")
    del s3.objects["bucket", "k0"], s3.objects["bucket", "k2"]
    with pytest.raises(MissingAttachmentsError) as raised:
        AttachmentFiles(s3.client).read(sources)
    assert raised.value.indexes == (0, 2)
    assert "file0" not in str(raised.value)
    assert s3.closed == 1


@pytest.mark.parametrize("code", ["MethodNotAllowed", "InvalidArgument", "NoSuchVersion"])
def test_a_delete_marker_and_a_version_that_can_be_none_are_not_there(code: str) -> None:
    s3, sources = scene(b"a")
    s3.fault = failing("get_object", failure(code, 400))
    with pytest.raises(MissingAttachmentsError):
        AttachmentFiles(s3.client).read(sources)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (lambda: failure("SlowDown", 503), RetryableTransferError),
        (lambda: failure("AccessDenied", 403), StorageRefusedError),
    ],
)
def test_what_s3_does_not_tell_is_not_taken_for_missing(
    error: Callable[[], Exception], kind: type[Exception]
) -> None:
    s3, sources = scene(b"a", b"b")
    s3.fault = failing("get_object", error(), at=2)
    with pytest.raises(kind):
        AttachmentFiles(s3.client).read(sources)
    assert s3.closed == 1


def test_a_reading_that_breaks_is_told() -> None:
    s3, sources = scene(b"abc")

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ConnectionResetError

    s3.body = Broken
    with pytest.raises(RetryableTransferError):
        AttachmentFiles(s3.client).read(sources)


def test_no_attachments_are_no_calls_and_too_many_are_a_defect() -> None:
    s3, sources = scene(b"a")
    assert AttachmentFiles(s3.client).read([]) == ()
    with pytest.raises(ValueError, match="more than the 20"):
        AttachmentFiles(s3.client).read(sources * (MOST_FILES + 1))
    assert not s3.calls
